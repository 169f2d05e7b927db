"""Held-out values and their standard errors, against brute force and the spread over draws."""

import math

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from harness import Incompatible  # noqa: E402
from harness_neural import evaluation, likelihood, networks, objectives  # noqa: E402

CPU = torch.device("cpu")


class TrueRatio:
    """The critic T = ln p(x,y) / p(x)p(y) of a Gaussian pair of correlation r: the best that any
    can do.
    """

    def __init__(self, r):
        self.r = r

    def matrix(self, x, y):
        x, y, r = x.double(), y.double().T, self.r
        return -0.5 * math.log(1 - r**2) - (r**2 * (x**2 + y**2) - 2 * r * x * y) / (2 * (1 - r**2))


def gaussian(rng, n, r):
    x, e = rng.normal(size=(2, n, 1))
    return torch.tensor(x), torch.tensor(r * x + math.sqrt(1 - r**2) * e)


@pytest.mark.parametrize("tau", [None, 0.2])
def test_scores_of_a_separable_critic_are_all_pairs(tau, monkeypatch, close32):
    monkeypatch.setattr(evaluation, "BLOCK", 40)  # several blocks, the last one smaller
    critic = networks.Separable(2, 2, (8,), 4, torch.Generator().manual_seed(0), CPU)
    x, y = (
        torch.randn((17, 2), generator=torch.Generator().manual_seed(1)),
        torch.randn((17, 2), generator=torch.Generator().manual_seed(2)),
    )
    matrix = critic.matrix(x, y).detach().double().numpy()
    found = evaluation.held(critic, (x, y), tau)
    apart = np.exp(matrix if tau is None else np.clip(matrix, -tau, tau))
    np.fill_diagonal(apart, 0.0)
    close32(found.joint, np.diag(matrix), terms=24, size=np.abs(matrix).max())
    close32(found.rows, np.log(apart.sum(1) / 16), terms=24, size=np.abs(matrix).max())
    close32(found.columns, np.log(apart.sum(0) / 16), terms=24, size=np.abs(matrix).max())


def test_shifts_of_a_concat_critic_reach_all_pairs_of_a_small_set(close32):
    """With no more samples than shifts, every mismatched pair is scored, in its row and column."""
    critic = networks.Concat(2, 1, (8,), torch.Generator().manual_seed(0), CPU)
    x, y = (
        torch.randn((20, 2), generator=torch.Generator().manual_seed(1)),
        torch.randn((20, 1), generator=torch.Generator().manual_seed(2)),
    )
    matrix = critic.matrix(x, y).detach().double().numpy()
    apart = np.exp(matrix)
    np.fill_diagonal(apart, 0.0)
    found = evaluation.held(critic, (x, y))
    close32(found.rows, np.log(apart.sum(1) / 19), terms=24, size=np.abs(matrix).max())
    close32(found.columns, np.log(apart.sum(0) / 19), terms=24, size=np.abs(matrix).max())


def _of_dv(x, y, r):
    return evaluation.held(TrueRatio(r), (x, y)).dv()


def _of_nwj(x, y, r):
    found = evaluation.held(TrueRatio(r), (x, y))
    return evaluation.Held(found.joint + 1, found.rows + 1, found.columns + 1).nwj()


def _of_smile(x, y, r):
    return evaluation.held(TrueRatio(r), (x, y), 1.0).dv()


def _of_infonce(x, y, r):
    return evaluation.infonce(TrueRatio(r), (x, y), 32)


def _conditional(x, r):
    return r * x, torch.full_like(x, 0.5 * math.log(1 - r**2))


def _of_club(x, y, r):
    return likelihood.CLUB.compare(*_conditional(x, r), y)


def _of_l1out(x, y, r):
    return likelihood.L1Out.compare(*_conditional(x, r), y)


R, N, DRAWS = 0.6, 128, 300
TRUTH = -0.5 * math.log(1 - R**2)


@pytest.fixture(scope="module")
def draws():
    rng = np.random.default_rng(7)
    pairs = [gaussian(rng, N, R) for _ in range(DRAWS)]
    return {
        f.__name__[4:]: [f(x, y, R) for x, y in pairs]
        for f in (_of_dv, _of_nwj, _of_smile, _of_infonce, _of_club, _of_l1out)
    }


@pytest.mark.parametrize("name", ["dv", "nwj", "smile", "infonce", "club", "l1out"])
def test_standard_error_is_the_spread_over_draws(draws, name):
    """Root mean square of the reported errors against the spread: each is known to
    1/sqrt(2 * 300) = 4 % and the projection is of first order in 1/n; four of the former, and a
    tenth for the latter and for heavy tails.
    """
    spread = np.std([v.value for v in draws[name]], ddof=1)
    reported = math.sqrt(np.mean([v.given_training**2 for v in draws[name]]))
    assert reported == pytest.approx(spread, rel=0.26)


@pytest.mark.parametrize("name", ["dv", "nwj"])
def test_at_the_best_critic_the_bounds_are_tight(draws, name):
    values = np.array([v.value for v in draws[name]])
    # ln of a mean is low by half its relative variance, so DV reads high by that: 1/n at most here
    assert values.mean() == pytest.approx(TRUTH, abs=4 * values.std() / math.sqrt(DRAWS) + 1 / N)


def test_infonce_at_the_best_critic_is_below_the_truth_and_its_ceiling(draws):
    values = np.array([v.value for v in draws["infonce"]])
    assert values.max() <= math.log(32) + 1e-9
    assert TRUTH - 1 / 16 < values.mean() <= TRUTH + 4 * values.std() / math.sqrt(DRAWS)


def test_club_with_the_true_conditional_has_its_closed_form(draws):
    """r^2 / (1 - r^2) less the diagonal's share 1/n: above the truth."""
    values = np.array([v.value for v in draws["club"]])
    wanted = R**2 / (1 - R**2) * (1 - 1 / N)
    assert wanted > TRUTH
    assert values.mean() == pytest.approx(wanted, abs=4 * values.std() / math.sqrt(DRAWS))


def test_leave_one_out_with_the_true_conditional_is_above_the_truth():
    """With eight samples the excess is plain."""
    rng = np.random.default_rng(3)
    values = np.array([_of_l1out(*gaussian(rng, 8, R), R).value for _ in range(2000)])
    assert values.mean() - TRUTH > 4 * values.std() / math.sqrt(2000)


def test_smile_with_wide_clipping_is_dv():
    x, y = gaussian(np.random.default_rng(0), 60, R)
    wide, plain = (
        evaluation.held(TrueRatio(R), (x, y), 1e6).dv(),
        evaluation.held(TrueRatio(R), (x, y)).dv(),
    )
    assert (wide.value, wide.given_training) == (plain.value, plain.given_training)


def test_densities_between_all_pairs_are_the_gaussians():
    rng = np.random.default_rng(0)
    mean, spread, y = (torch.tensor(rng.normal(size=(6, 3))) for _ in range(3))
    found = likelihood.log_densities(mean, spread, y[:4])
    normal = torch.distributions.Normal(mean, spread.exp())
    wanted = torch.stack([normal.log_prob(row).sum(1) for row in y[:4]]) + 1.5 * math.log(
        2 * math.pi
    )
    torch.testing.assert_close(found, wanted)


def test_scores_without_a_finite_value_are_refused():
    huge = objectives.off_diagonal(torch.full((5, 5), 2000.0).double()).logsumexp(1)
    with pytest.raises(Incompatible, match="wants data without such outliers"):
        evaluation.Held(torch.zeros(5).double(), huge, huge).nwj()
