import math

import numpy as np
import pytest

import harness
from harness import Incompatible, PairedSamples, PairedSequences
from harness_token_semantics.counts import (
    DirectedPlugIn,
    InstantaneousPlugIn,
    ReversePlugIn,
    TransferPlugIn,
)

BIT = math.log(2)
PLAIN = {"miller_madow": False}
RNG = np.random.default_rng


def bits(estimator, data):
    return estimator.estimate(data, rng=RNG(0)).value / BIT


def test_feedback_channel(feedback):
    """0.357751 and 0.104818 bit: the errors of 100,000 steps are 0.003 and 0.002 bit."""
    forward, back = (
        kind().estimate(feedback, rng=None) for kind in (DirectedPlugIn, ReversePlugIn)
    )
    assert forward.value / BIT == pytest.approx(0.357751, abs=0.01)
    assert back.value / BIT == pytest.approx(0.104818, abs=0.01)
    for found, truth in ((forward, 0.357751), (back, 0.104818)):
        assert abs(found.value / BIT - truth) < 4 * found.stderr / BIT
    assert bits(TransferPlugIn(), feedback) == pytest.approx(0.0, abs=0.002)


def test_pyinform_golden(codes):
    x, y = [0, 1, 1, 1, 1, 0, 0, 0, 0], [0, 0, 1, 1, 1, 1, 0, 0, 0]
    golden = TransferPlugIn(target_lags=2, surrogates=0, **PLAIN)
    assert bits(golden, codes(x, y)) == pytest.approx(0.6792696431662097, abs=1e-12)
    assert bits(golden, codes(y, x)) == pytest.approx(0.0, abs=1e-12)


def drawn(n, steps, rng):
    """Sequences of 2 and 3 letters from a random joint law of whole sequences."""
    p = rng.dirichlet(np.full(6**steps, 0.3))
    pair = np.stack(np.unravel_index(rng.choice(6**steps, size=n, p=p), (6,) * steps), axis=1)
    return pair % 2, pair // 2


@pytest.mark.parametrize("steps", [2, 3, 4, 5])
def test_conservation_law(steps, codes):
    """I(X^n; Y^n) = I(X^n -> Y^n) + I(0 Y^(n-1) -> X^n), J. Massey, P. Massey, ISIT 2005."""
    x, y = drawn(700, steps, RNG(steps))
    whole = PairedSamples(x.astype(float), y.astype(float), "discrete", "discrete")
    first = PairedSamples(x[:, :1].astype(float), y[:, :1].astype(float), "discrete", "discrete")
    plug_in = harness.estimator("classics/plug-in")
    total = plug_in.estimate(first).value
    for t in range(2, steps + 1):
        data = codes(x[:, :t].ravel(), y[:, :t].ravel(), cuts=t * np.arange(701))
        for kind in (DirectedPlugIn, ReversePlugIn):
            total += kind(memory=t - 1, **PLAIN).estimate(data, rng=None).value
    assert total == pytest.approx(plug_in.estimate(whole).value, abs=1e-10)


def test_the_parts_make_the_whole(codes):
    """Chain rule: directed information is transfer entropy and the instantaneous part."""
    x, y = drawn(300, 4, RNG(5))
    data = codes(x.ravel(), y.ravel(), cuts=4 * np.arange(301))
    for lags in (1, 2):
        whole = DirectedPlugIn(memory=lags, **PLAIN).estimate(data, rng=None).value
        transfer = TransferPlugIn(source_lags=lags, target_lags=lags, surrogates=0, **PLAIN)
        instant = InstantaneousPlugIn(memory=lags, **PLAIN)
        parts = transfer.estimate(data, rng=RNG(0)).value + instant.estimate(data, rng=None).value
        assert whole == pytest.approx(parts, abs=1e-12)


def test_the_path_over_lagged_samples_is_the_estimator(feedback):
    lagged = harness.model("sequences/lagged", source_lags=2).transform(
        feedback, to=None, rng=RNG(0)
    )
    by_path = harness.estimator("classics/plug-in-cmi").estimate(lagged).value
    own = TransferPlugIn(source_lags=2, surrogates=0, **PLAIN).estimate(feedback, rng=RNG(0)).value
    assert own == pytest.approx(by_path, abs=1e-12)


def test_names_of_letters_mean_nothing_and_time_does(codes):
    rng = RNG(1)
    x = rng.integers(3, size=4000)
    y = np.roll(x, 1)
    copy = codes(x, y)
    renamed = codes(np.array([70, -5, 3])[x], np.array([9, 1, 4])[y])
    assert bits(DirectedPlugIn(), renamed) == bits(DirectedPlugIn(), copy)
    backwards = codes(x[::-1], y[::-1])
    assert bits(DirectedPlugIn(), copy) == pytest.approx(math.log2(3), abs=0.01)
    assert bits(DirectedPlugIn(), backwards) == pytest.approx(0.0, abs=0.01)


def test_columns_are_one_letter(codes):
    """Two columns of x are the letter that they make together."""
    rng = RNG(2)
    x, y = rng.integers(2, size=(500, 2)), rng.integers(2, size=500)
    together = DirectedPlugIn().estimate(codes(x, y), rng=None).value
    assert DirectedPlugIn().estimate(codes(x @ [2, 1], y), rng=None).value == together


def test_the_copy_of_itself_is_its_entropy_rate(codes):
    x = RNG(3).integers(2, size=50_000)
    assert bits(DirectedPlugIn(), codes(x, x)) == pytest.approx(1.0, abs=0.001)


def test_bias_falls_with_the_number_of_steps(codes):
    """Of independent letters the plug-in value is all bias, cells / 2n; the correction removes it."""
    plain, corrected = {}, {}
    for n in (500, 1000):
        data = [codes(*np.random.default_rng(s).integers(4, size=(2, n))) for s in range(30)]
        plain[n], corrected[n] = (
            np.mean([DirectedPlugIn(miller_madow=mm).estimate(d, rng=None).value for d in data])
            for mm in (False, True)
        )
    assert plain[500] / plain[1000] == pytest.approx(2.0, rel=0.2)
    assert abs(corrected[1000]) < plain[1000] / 3


def test_a_common_driver_looks_like_a_cause(codes):
    """Transfer entropy of 1 - h(0.18) = 0.319923 bit though nothing causes; none given the driver."""
    rng = RNG(4)
    n = 50_000
    z = rng.integers(2, size=n + 2)
    x, y = z[1:-1] ^ (rng.random(n) < 0.1), z[:-2] ^ (rng.random(n) < 0.1)
    found = TransferPlugIn(surrogates=20).estimate(codes(x, y), rng=rng)
    assert found.value / BIT == pytest.approx(0.319923, abs=0.012)
    assert found.diagnostics["p_shift"] < 0.05
    assert found.diagnostics["p_chi2"] < 1e-6
    assert bits(TransferPlugIn(surrogates=0), codes(y, x)) == pytest.approx(0.0, abs=5e-4)
    given = TransferPlugIn(surrogates=20).estimate(codes(x, y, z[2:]), rng=rng)
    assert given.value / BIT == pytest.approx(0.0, abs=5e-4)
    assert given.diagnostics["p_chi2"] > 1e-3


def test_p_values_of_nothing_are_even(codes):
    """Over 60 draws of independent letters their mean is 1/2, with a standard deviation of 0.037."""
    data = [codes(*np.random.default_rng(s).integers(2, size=(2, 400))) for s in range(60)]
    found = [
        TransferPlugIn(surrogates=19).estimate(d, rng=RNG(i)).diagnostics
        for i, d in enumerate(data)
    ]
    for name in ("p_chi2", "p_shift"):
        assert np.mean([f[name] for f in found]) == pytest.approx(0.5, abs=0.16)


def test_many_letters_are_ranked_before_they_are_counted(codes):
    """2,000 letters and two steps of memory are more cells than there is room for."""
    rng = RNG(6)
    x, y = rng.permutation(2000), rng.integers(2, size=2000)
    found = DirectedPlugIn(memory=2, **PLAIN).estimate(codes(x, y), rng=None)
    # Every x occurs once, so it tells all: what is left is the entropy of y given its past.
    own = harness.estimator("classics/plug-in-entropy")
    past = np.stack([y[2:], y[1:-1], y[:-2]], axis=1).astype(float)
    rate = (
        own.estimate(harness.Samples(past)).value - own.estimate(harness.Samples(past[:, 1:])).value
    )
    assert found.value == pytest.approx(rate, abs=1e-12)


def test_what_does_not_fit(codes, caplog):
    numbers = PairedSequences(np.zeros((5, 1)), np.zeros((5, 1)), [0, 5])
    for kind in (DirectedPlugIn, TransferPlugIn):
        with pytest.raises(
            Incompatible, match=r"x is continuous; wants integer codes.*te-gaussian"
        ):
            kind().estimate(numbers, rng=RNG(0))
    with pytest.raises(Incompatible, match=r"0 steps have a past of 3.*more than 4 steps"):
        DirectedPlugIn(memory=3).estimate(codes([0, 1, 1], [0, 1, 0]), rng=None)
    found = DirectedPlugIn().estimate(codes(np.zeros(9), np.arange(9) % 2), rng=None)
    assert (found.value, found.diagnostics["one_symbol"]) == (0.0, True)
    assert "x is one symbol throughout" in caplog.text
    with pytest.raises(harness.UsageError, match="memory: 0; wanted at least 1"):
        harness.estimator("token_semantics/di-plug-in", memory=0)


def test_continuous_neighbours_refuse_integer_sequences(feedback):
    """Neighbours are for densities."""
    lagged = harness.model("sequences/lagged").transform(feedback, to=None, rng=RNG(0))
    with pytest.raises(Incompatible, match="x is discrete and has no density"):
        harness.estimator("classics/frenzel-pompe").estimate(lagged, rng=RNG(0))
