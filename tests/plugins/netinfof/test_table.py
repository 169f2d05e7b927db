import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness_netinfof import table

LN2 = math.log(2)


@pytest.mark.parametrize(
    ("counts", "bits", "score", "accuracy"),
    [
        ([[3, 1], [1, 3]], 0.811278, 0.569877, 0.75),
        ([[1, 1], [1, 1]], 1.0, 0.5, 0.5),
        ([[5, 0], [0, 7]], 0.0, 1.0, 1.0),
        ([[2, 2, 2], [4, 4, 4]], math.log2(3), 1 / 3, 1 / 3),
        ([[6, 2]], 0.811278, 0.569877, 0.75),  # one bin: what the classes' shares alone give
    ],
)
def test_closed_forms(counts, bits, score, accuracy):
    found = table.score(np.array(counts))
    assert found.entropy / LN2 == pytest.approx(bits, abs=1e-6)
    assert found.value == pytest.approx(score, abs=1e-6)
    assert found.value == pytest.approx(2 ** -(found.entropy / LN2))
    assert found.accuracy == pytest.approx(accuracy)


counts = st.integers(2, 9).flatmap(
    lambda bins: st.integers(2, 5).flatmap(
        lambda classes: st.lists(
            st.lists(st.integers(0, 50), min_size=classes, max_size=classes),
            min_size=bins,
            max_size=bins,
        ).filter(lambda rows: sum(map(sum, rows)) > 0)
    )
)


@settings(deadline=None)
@given(counts)
def test_the_bound_holds_for_every_table_and_merging_bins_never_helps(rows):
    """The theorem; and H(Y|B) grows when bins are merged."""
    full = np.array(rows)
    found = table.score(full)
    assert found.value <= found.accuracy + 1e-12
    merged = np.vstack([full[0] + full[1], full[2:]])
    assert table.score(merged).value <= found.value + 1e-12
    assert table.score(3 * full).value == pytest.approx(found.value, rel=1e-12)


def test_ten_thousand_random_tables_obey_the_bound():
    rng = np.random.default_rng(0)
    for _ in range(10_000):
        full = rng.integers(0, 20, size=(rng.integers(1, 12), rng.integers(2, 8)))
        if full.sum():
            found = table.score(full)
            assert found.value <= found.accuracy + 1e-12


@settings(deadline=None)
@given(st.lists(st.floats(-1e3, 1e3), min_size=20, max_size=60, unique=True))
def test_quantile_bins_are_blind_to_monotone_maps(values):
    values = np.round(values, 6)

    bent = values**3 + values
    mine, theirs = table.quantile_edges(values, 8), table.quantile_edges(bent, 8)
    assert (table.binned(values, mine) == table.binned(bent, theirs)).all()


def test_bins_hold_equal_shares_and_repeated_values_make_fewer():
    rng = np.random.default_rng(0)
    values = rng.normal(size=8000)
    assert np.bincount(table.binned(values, table.quantile_edges(values, 8))).tolist() == [1000] * 8
    repeated = np.repeat([0.0, 1.0], 500)
    assert len(table.quantile_edges(repeated, 8)) == 1
    assert (
        table.binned(repeated, table.quantile_edges(repeated, 8)).tolist() == [0] * 500 + [1] * 500
    )
    assert len(table.quantile_edges(np.zeros(9), 8)) == 0


def test_shuffled_labels_show_the_bias_that_miller_and_madow_predict():
    """H is too small by (cells - bins) / 2n nats: the mean over 200 shuffles of 200 pairs."""
    rng = np.random.default_rng(1)
    n, bins = 200, 8
    y = np.repeat([0, 1], n // 2)
    plain, corrected = [], []
    for _ in range(200):
        counted = table.counted(rng.integers(bins, size=n), rng.permutation(y), bins, 2)
        plain.append(table.score(counted).value)
        corrected.append(table.score(counted, "miller-madow").value)
    assert np.mean(plain) == pytest.approx(0.5 * math.exp((bins - 1) / (2 * n)), abs=0.005)
    assert np.mean(corrected) == pytest.approx(0.5, abs=0.005)
    null = table.null_score(counted, 200, "none", rng)
    assert null == pytest.approx(np.mean(plain), abs=0.003)


def test_the_standard_error_is_the_spread_over_samples():
    rng = np.random.default_rng(2)
    p = np.array([[0.35, 0.05], [0.2, 0.2], [0.02, 0.18]])
    n = 2000
    draws = [table.score(rng.multinomial(n, p.ravel()).reshape(p.shape)) for _ in range(400)]
    spread = np.std([d.value for d in draws], ddof=1)
    # The standard deviation of 400 draws is known to 1 / sqrt(800) = 3.5 %; four of those.
    assert np.mean([d.stderr for d in draws]) == pytest.approx(spread, rel=0.15)
