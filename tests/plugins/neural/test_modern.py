"""Estimators of densities, scores, flows and representations on data with known information."""

import dataclasses
import math

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from harness import Incompatible, PairedSamples, Split  # noqa: E402
from harness_neural import flow, knife, latent, minde, objectives  # noqa: E402
from harness_neural.estimators import FDIME  # noqa: E402

ALL = {
    "f-dime": FDIME,
    "knife": knife.KNIFE,
    "minde": minde.MINDE,
    "flow-matching": flow.FlowMatching,
    "latent-mi": latent.LatentMI,
}
SMALL = {"hidden": (64,), "steps": 1500, "batch": 128}
CPU = torch.device("cpu")
TRUTH = -0.5 * math.log(1 - 0.9**2)  # 0.830 nats


def gaussian(seed, n, r, d=1):
    rng = np.random.default_rng(seed)
    x, e = rng.normal(size=(2, n, d))
    return PairedSamples(x, r * x + math.sqrt(1 - r**2) * e)


def run(name, data, seed=0, **params):
    return ALL[name](**SMALL | params).estimate(data, rng=np.random.default_rng(seed))


FORMS = [
    ("f-dime", {"divergence": "gan"}),
    ("f-dime", {"divergence": "hellinger", "critic": "separable"}),
    ("f-dime", {"divergence": "kl"}),
    ("knife", {}),
    ("minde", {}),
    ("minde", {"form": "joint", "value": "norm"}),
    ("flow-matching", {}),
    ("flow-matching", {"form": "joint"}),
    ("latent-mi", {}),
]


@pytest.mark.parametrize(("name", "params"), FORMS)
def test_a_known_gaussian_is_met(name, params):
    """The mean of ln p(x, y) / p(x) p(y) over 2,000 held-out pairs has standard deviation 0.9 over
    the root of 2,000, 0.02; the rest of the tolerance is for a short training.
    """
    found = run(name, gaussian(0, 4000, 0.9), **params)
    assert found.value == pytest.approx(TRUTH, abs=0.06 + 3 * 0.02)
    assert found.stderr is None


@pytest.mark.parametrize(("name", "params"), FORMS)
def test_independent_variables_share_nothing(name, params):
    found = run(name, gaussian(0, 2000, 0.0, d=2), steps=300, **params)
    assert abs(found.value) < 0.1


@pytest.mark.parametrize("name", ALL)
def test_equal_seeds_give_equal_bits(name):
    data = gaussian(0, 600, 0.8, d=2)
    first, again, other = (run(name, data, seed, steps=60).value for seed in (0, 0, 1))
    assert first == again != other


@pytest.mark.parametrize("name", ALL)
def test_units_of_the_variables_mean_nothing(name):
    data = gaussian(0, 600, 0.8, d=2)
    moved = PairedSamples(data.x * 2.0**20, data.y * 2.0**-12)
    assert run(name, data, steps=60).value == run(name, moved, steps=60).value


@pytest.mark.parametrize("name", ALL)
def test_the_test_part_gives_the_value_and_nothing_else(name):
    """Other test samples leave the training as it was. Where they share nothing the value falls,
    but for the flow, whose divergence is nearly the same everywhere.
    """
    data, other = gaussian(0, 1600, 0.9), gaussian(1, 1600, 0.0)
    split = Split(np.arange(1000), np.arange(1000, 1600))
    mixed = PairedSamples(
        np.vstack([data.x[:1000], other.x[1000:]]),
        np.vstack([data.y[:1000], other.y[1000:]]),
        split=split,
    )
    a, b = (run(name, d, steps=400) for d in (dataclasses.replace(data, split=split), mixed))
    assert a.diagnostics["validation"] == b.diagnostics["validation"]
    assert a.value > b.value + 0.3 or (name == "flow-matching" and a.value != b.value)


def test_what_has_no_density_is_refused():
    data = gaussian(0, 400, 0.5)
    codes = PairedSamples(data.x, np.rint(data.y), y_kind="discrete")
    for name, params in (("knife", {}), ("latent-mi", {}), ("minde", {"form": "joint"})):
        with pytest.raises(Incompatible, match="is discrete"):
            run(name, codes, **params)
    turned = PairedSamples(codes.y, codes.x, "discrete", "continuous")
    for name in ("minde", "flow-matching"):
        with pytest.raises(Incompatible, match=r"PairedSamples\.x is discrete"):
            run(name, turned)


@pytest.mark.slow
def test_scores_of_x_may_be_conditioned_on_codes():
    """X = 2 C + N with a fair sign C: I = H(C) - H(C|X), integrated over x."""
    rng = np.random.default_rng(0)
    c = rng.choice([-1.0, 1.0], size=4000)
    x = 2.0 * c + rng.normal(size=4000)
    grid = np.linspace(-12, 12, 20001)
    one = np.exp(-0.5 * (grid - 2) ** 2) / math.sqrt(2 * math.pi)
    both = 0.5 * (one + one[::-1])
    terms = np.where(one > 0, one * np.log(np.maximum(one, 1e-300) / both), 0.0)
    truth = terms.sum() * (grid[1] - grid[0])
    pair = PairedSamples(x[:, None], c[:, None], y_kind="discrete")
    for name in ("minde", "flow-matching"):
        assert run(name, pair).value == pytest.approx(truth, abs=0.08)


def test_the_ratio_maximizes_the_objectives():
    """Over a joint and a product of two symbols, at the log of the ratio, and nowhere near it."""
    joint, apart = (
        torch.tensor([0] * 8 + [1] * 2),
        torch.tensor([0] * 3 + [1] * 7),
    )
    ratio = torch.tensor([math.log(8 / 3), math.log(2 / 7)])
    for objective in (objectives.kl, objectives.js, objectives.hellinger):
        best = objective(ratio[joint], ratio[apart])
        for step in (torch.tensor([0.1, 0.0]), torch.tensor([0.0, 0.1]), torch.tensor([0.1, 0.1])):
            for sign in (-1, 1):
                moved = ratio + sign * step
                assert objective(moved[joint], moved[apart]) < best


@pytest.mark.slow
def test_permutations_with_their_own_partners_hold_the_ratio_down():
    """A batch of 4 puts each sample beside itself in a quarter of the mismatched pairs: the ratio
    learned is p / (3/4 q + 1/4 p), below ln 4, and derangements know no such limit.
    """
    data = gaussian(0, 3000, 0.999)  # 3.1 nats
    deranged, permuted = (
        run("f-dime", data, batch=4, sampling=way, steps=3000)
        for way in ("derangement", "permutation")
    )
    assert permuted.value < math.log(4) + 0.1
    assert deranged.value > math.log(4) + 0.5


def test_a_mixture_of_kernels_is_a_density():
    draws = torch.Generator().manual_seed(0)
    mixture = knife.Mixture(torch.randn(50, 2, generator=draws), 3, draws)
    with torch.no_grad():
        for tensor in mixture.parameters():
            tensor.add_(0.3 * torch.randn(tensor.shape, generator=draws))
        axis = torch.linspace(-12, 12, 601)
        grid = torch.cartesian_prod(axis, axis)
        total = mixture.log_density(grid).double().exp().sum() * (axis[1] - axis[0]) ** 2
    assert float(total) == pytest.approx(1.0, abs=1e-3)


def test_the_divergence_is_that_of_the_velocity():
    """A linear velocity A z has the divergence trace A; what is plain in it integrates to zero."""

    class Linear(flow.Velocity):
        def __init__(self):
            self.net = lambda z: z[:, :2] @ torch.tensor([[2.0, 0.7], [-0.3, -3.0]])

    model = flow.FlowMatching(times=400)
    pair = tuple(torch.randn(200, 2, generator=torch.Generator().manual_seed(i)) for i in (0, 1))
    terms = model._terms(Linear(), pair, torch.Generator().manual_seed(2))
    assert float(terms.mean()) == pytest.approx(1.0, abs=0.02)


def test_exact_predictions_of_the_noise_give_the_information():
    """The scores of a normal pair in closed form, in place of the network's."""
    r = 0.8

    class Exact(minde.Noise):
        def __init__(self):
            self.widths = 1, 1

        def errors(self, pair, noise, level, shown):
            a, s = torch.sigmoid(level).sqrt(), torch.sigmoid(-level).sqrt()
            mean, width = (r * pair[1], 1 - r * r) if shown[1] == minde.GIVEN else (0.0, 1.0)
            seen = a * pair[0] + s * noise[:, :1]
            error = noise[:, :1] - s * (seen - a * mean) / (a * a * width + s * s)
            return torch.cat([error, torch.zeros_like(error)], 1)

    data = gaussian(0, 4000, r)
    pair = tuple(torch.tensor(side, dtype=torch.float32) for side in (data.x, data.y))
    for value in ("norm", "losses"):
        terms = minde.MINDE(value=value)._terms(Exact(), pair, torch.Generator().manual_seed(0))
        error = float(terms.std()) / math.sqrt(len(terms))
        truth = -0.5 * math.log(1 - r * r)
        assert float(terms.mean()) == pytest.approx(truth, abs=4 * error + 0.003)


def test_representations_have_at_most_the_dimensions_of_their_variables():
    found = run("latent-mi", gaussian(0, 600, 0.5, d=3), width=2, steps=60)
    assert found.diagnostics["dimensions_x"] == found.diagnostics["dimensions_y"] == 2


def test_shared_information_in_many_dimensions_survives_in_two():
    """Two coordinates of signal among forty of which the rest is small noise."""
    rng = np.random.default_rng(0)
    z = gaussian(0, 4000, 0.9, d=2)
    x, y = (
        np.hstack([side, np.zeros((4000, 38))]) @ np.linalg.qr(rng.normal(size=(40, 40)))[0]
        + 0.01 * rng.normal(size=(4000, 40))
        for side in (z.x, z.y)
    )
    found = run("latent-mi", PairedSamples(x, y), width=2)
    assert found.value == pytest.approx(2 * TRUTH, abs=0.2)
