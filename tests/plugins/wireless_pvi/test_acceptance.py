"""What the papers say must come out: closed forms, tables, and traps. Values of the literature are in bits."""

import dataclasses
import math

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import harness
from harness import (
    Incompatible,
    LabelledSamples,
    LabelledText,
    LabelLogProbabilities,
    PairedSamples,
    Split,
)

from .conftest import RNG, estimate, lamps, scores

LN2 = math.log(2)


def labelled(x, y, test=0.5):
    cut = round(len(y) * (1 - test))
    return LabelledSamples(
        np.asarray(x, float).reshape(len(y), -1),
        y,
        split=Split(np.arange(cut), np.arange(cut, len(y))),
    )


def bits(data, **params):
    return estimate("pvi", scores("logistic", data, **params)).value / LN2


def test_a_noiseless_bit_and_independent_labels():
    x = RNG(0).integers(2, size=20_000)
    assert bits(labelled(x, x)) == pytest.approx(1.0, abs=1e-3)
    assert abs(bits(labelled(x, RNG(1).integers(2, size=20_000)))) < 0.01


@pytest.mark.parametrize(("flip", "wanted"), [(0.05, 0.7136), (0.1, 0.5310), (0.25, 0.1887)])
def test_a_symmetric_channel_and_its_two_pointwise_values(flip, wanted):
    rng = RNG(2)
    x = rng.integers(2, size=20_000)
    data = labelled(x, x ^ (rng.random(20_000) < flip))
    found = estimate("pvi", scores("logistic", data))
    # three standard errors of the mean of 10,000, and those of the labels that were fitted
    assert found.value / LN2 == pytest.approx(wanted, abs=3 * math.sqrt(2) * found.stderr / LN2)
    assert np.unique(found.local.round(3)).size <= 4
    right = x[10_000:] == data.y[10_000:]
    assert found.local[right].mean() / LN2 == pytest.approx(math.log2(2 * (1 - flip)), abs=0.03)
    assert found.local[~right].mean() / LN2 == pytest.approx(math.log2(2 * flip), abs=0.15)


@pytest.mark.parametrize(
    ("mu", "wanted"), [(0.25, 0.04373), (0.5, 0.16075), (1.0, 0.48594), (2.0, 0.91282)]
)
def test_two_normal_classes(mu, wanted):
    rng = RNG(3)
    y = rng.integers(2, size=40_000)
    found = bits(labelled(mu * (2 * y - 1) + rng.normal(size=40_000), y))
    assert found == pytest.approx(wanted, abs=0.01)


def test_xor_is_shannon_information_that_a_linear_family_cannot_use():
    x = RNG(4).integers(2, size=(8000, 2))
    y = x[:, 0] ^ x[:, 1]
    assert abs(bits(labelled(x, y))) < 0.005
    signs = 2 * x - 1
    assert bits(labelled(np.column_stack([x, signs.prod(1)]), y)) > 0.999
    # the same rows as a code of four letters hold one bit, which counting finds
    pairs = PairedSamples(
        (2 * x[:, :1] + x[:, 1:]).astype(float), y[:, None].astype(float), "discrete", "discrete"
    )
    shannon = harness.estimator("classics/plug-in").estimate(pairs, rng=RNG(0)).value
    assert shannon / LN2 == pytest.approx(1.0, abs=2e-3)


def test_regression_is_variance_explained():
    """y = 0.8 x + 0.6 e: Var(Y) R^2 = 0.64 nats for the noise variance 1/2."""
    x, e = RNG(5).normal(size=(2, 60_000, 1))
    found = estimate("gaussian-v-information", PairedSamples(x, 0.8 * x + 0.6 * e))
    assert found.value == pytest.approx(0.64, abs=4 * found.stderr)
    assert found.stderr < 0.01
    # the null's cross-entropy: Var(Y) + ln(pi) / 2
    assert found.diagnostics["h_null"] == pytest.approx(1 + 0.5 * math.log(math.pi), abs=0.03)
    with pytest.raises(Incompatible, match="y is discrete"):
        estimate("gaussian-v-information", PairedSamples(x, np.sign(e), y_kind="discrete"))


def table(name):
    """One of scikit-learn's tables, 30 % stratified for testing under its seed 0."""
    datasets = pytest.importorskip("sklearn.datasets")
    from sklearn.model_selection import train_test_split

    x, y = getattr(datasets, f"load_{name}")(return_X_y=True)
    train, test = train_test_split(np.arange(len(y)), test_size=0.3, stratify=y, random_state=0)
    return LabelledSamples(x, y, split=Split(train, test))


@pytest.mark.parametrize(
    ("name", "wanted", "accuracy"),
    [
        ("iris", 1.350, 0.978),
        ("wine", 1.512, 1.0),
        ("breast_cancer", 0.832, 0.959),
        ("digits", 3.174, 0.972),
    ],
)
def test_tables_of_scikit_learn(name, wanted, accuracy):
    found = estimate("pvi", scores("logistic", table(name), c=1.0))
    assert found.value / LN2 == pytest.approx(wanted, abs=0.03)
    assert found.diagnostics["accuracy"] == pytest.approx(accuracy, abs=0.003)


def test_usable_information_peaks_where_accuracy_does_not():
    """The over-fitting signal: held-out information falls with weaker penalties while that of training rows rises."""
    data = table("digits")
    wanted = {0.01: 2.722, 0.1: 3.086, 1.0: 3.174, 10.0: 3.160, 1e3: 3.001, 1e6: 2.986}
    found = {c: bits(data, c=c, iterations=20_000) for c in wanted}
    for c, value in wanted.items():
        if c <= 10:
            assert found[c] == pytest.approx(value, abs=0.03), c
    # without a penalty to speak of, the value falls on as long as the solver goes on
    assert found[1e6] < found[1e3] < found[10.0]
    assert max(found, key=found.get) == 1.0
    seen = [bits(data, c=c, scored="train", iterations=20_000) for c in wanted]
    assert seen == sorted(seen)
    assert seen[-1] == pytest.approx(math.log2(10), abs=5e-3)
    # the penalty that is chosen without the test part does nearly as well as the best
    assert bits(data) > max(found.values()) - 0.03


def test_shuffled_labels_are_never_clearly_informative():
    data = table("digits")
    for seed in range(3):
        shuffled = dataclasses.replace(data, y=RNG(seed).permutation(data.y))
        assert -0.2 < bits(shuffled, c=0.01) < 0.05
        assert abs(bits(shuffled)) < 0.05  # the penalty is chosen


def test_wrong_labels_have_a_low_pvi():
    """A tenth of the digits' labels made wrong: found by cross-fitted PVI."""
    data = table("digits")
    rng = RNG(0)
    wrong = rng.random(data.n) < 0.1
    y = np.where(wrong, (data.y + rng.integers(1, 10, data.n)) % 10, data.y)
    for c in (0.01, 0.1, 1.0):
        found = dataclasses.replace(
            scores("logistic", LabelledSamples(data.x, y), folds=5, c=c), wrong=wrong
        )
        judged = estimate("mislabelled", found)
        assert judged.value > 0.98
        assert judged.diagnostics["precision"] > 0.85


@pytest.mark.parametrize("model", ["tfidf-logistic", "transformer-classifier"])
def test_the_counted_null_is_that_of_a_trained_family(model):
    """The null-model trap: a constant predictor at convergence gives label frequencies; a worse one inflates PVI."""
    data = lamps(300, flip=0.3, test=100)
    counted, trained = (
        scores(
            model,
            data,
            null=null,
            **({"steps": 80, "width": 16, "layers": 1} if model.startswith("tr") else {}),
        )
        for null in ("prior", "trained")
    )
    frequencies = np.bincount(data.y[data.split.train]) / 200
    np.testing.assert_allclose(counted.log_null, np.tile(np.log(frequencies), (100, 1)), atol=1e-12)
    atol = 1e-4 if model == "tfidf-logistic" else 2 * math.sqrt(0.25 / 200)
    np.testing.assert_allclose(np.exp(trained.log_null), np.exp(counted.log_null), atol=atol)
    bad = dataclasses.replace(counted, log_null=np.log(np.tile([0.9, 0.1], (100, 1))))
    good, inflated = estimate("pvi", counted), estimate("pvi", bad)
    excess = inflated.diagnostics["null_excess"] - good.diagnostics["null_excess"]
    assert inflated.value - good.value == pytest.approx(excess, abs=1e-12)
    assert excess > 0.4


def test_values_are_nats_and_differences_of_entropies():
    """The log-base trap: a bit is ln 2, and the mean of PVI is H_V(Y) - H_V(Y|X)."""
    data = scores("tfidf-logistic", lamps(flip=0.1))
    pvi, null, full = (
        estimate(name, data) for name in ("pvi", "v-entropy", "conditional-v-entropy")
    )
    assert pvi.value == pytest.approx(null.value - full.value, abs=1e-12)
    assert pvi.value == pytest.approx(estimate("v-information", data).value, abs=1e-12)
    assert null.value == pytest.approx(LN2, abs=0.05)  # bits would give 1
    sure = LabelLogProbabilities(
        np.log([[1 - 2**-50, 2**-50]] * 4),
        np.log([[0.5, 0.5]] * 4),
        [0, 0, 0, 1],
        ("a", "b"),
        [True] * 4,
        range(4),
    )
    found = estimate("pvi", sure)
    np.testing.assert_allclose(found.local, [LN2, LN2, LN2, -49 * LN2], rtol=1e-12)
    assert (found.diagnostics["floored"], found.diagnostics["negative"]) == (1, 1)


def test_order_and_copies_of_units_change_nothing():
    data = scores("tfidf-logistic", lamps(flip=0.1))
    whole = estimate("pvi", data)
    order = RNG(0).permutation(data.n)
    np.testing.assert_array_equal(estimate("pvi", data.take(order)).local, whole.local[order])
    assert estimate("pvi", data.take(np.repeat(order, 2))).value == pytest.approx(
        whole.value, abs=1e-12
    )


def test_processing_can_make_information_usable_and_encryption_leaves_characters_alone():
    """No data-processing inequality: a product column adds a whole bit. A cipher letter by letter keeps n-grams."""
    case = next(c for c in harness.task("pydoc-topics", topics=(4,), noise=(0.0,)).cases(seed=0))
    plain = case.load()
    plain = dataclasses.replace(plain, texts=tuple(text.casefold() for text in plain.texts))
    hidden = harness.model("text/rewrite", what="encrypt").transform(
        plain, to=LabelledText, rng=RNG(0)
    )
    assert hidden.texts != plain.texts
    params = {"analyzer": "char", "ngrams": 2, "c": 10.0}
    same = [
        estimate("pvi", scores("tfidf-logistic", data, **params)).value for data in (plain, hidden)
    ]
    assert same[0] == pytest.approx(same[1], abs=1e-4)
    assert same[0] > 0.4


def test_attributes_are_priced_in_order():
    """Whole texts tell more than their shuffled words in the context of order, and both more than the length."""
    case = next(c for c in harness.task("pydoc-topics", topics=(4,), noise=(0.0,)).cases(seed=0))
    data, value = case.load(), {}
    for what in ("", "shuffle", "length"):
        changed = (
            harness.model("text/rewrite", what=what).transform(data, to=LabelledText, rng=RNG(0))
            if what
            else data
        )
        value[what] = estimate("pvi", scores("tfidf-logistic", changed)).value
    assert value[""] > value["shuffle"] > value["length"] + 0.3
    assert abs(value["length"]) < 0.15


def test_more_data_are_more_usable_information():
    case = next(c for c in harness.task("pydoc-topics", topics=(4,), noise=(0.0,)).cases(seed=0))
    data = case.load()
    values = []
    for share in (0.1, 0.3, 1.0):
        train = RNG(0).permutation(data.split.train)[: round(share * len(data.split.train))]
        less = dataclasses.replace(data, split=Split(train, data.split.test))
        values.append(estimate("pvi", scores("tfidf-logistic", less)).value)
    assert values == sorted(values)


def test_ratings_separate_right_from_wrong_answers():
    data = scores("logistic", table("digits"), c=1.0)
    found = estimate("pvi", data)
    right = data.log_full.argmax(1) == data.y
    assert found.local[right].mean() > 2.0 > 1.0 > found.local[~right].mean()


@given(hnp.arrays(float, (20, 4), elements=st.floats(-30, 30)), st.integers(0, 2**32 - 1))
def test_under_an_even_null_a_high_pvi_is_a_right_answer(margins, seed):
    """p >= 1/2 from ln K - ln 2 up, and nothing above ln K; of two classes a PVI below zero is a wrong answer."""
    y = RNG(seed).integers(4, size=20)
    for k in (4, 2):
        table = margins[:, :k] - np.logaddexp.reduce(margins[:, :k], 1)[:, None]
        even = np.full((20, k), -math.log(k))
        names = tuple("abcd"[:k])
        data = LabelLogProbabilities(table, even, y % k, names, np.ones(20, bool), np.arange(20))
        local = estimate("pvi", data).local
        right = estimate("accuracy", data).local.astype(bool)
        assert (local <= math.log(k) + 1e-9).all()
        assert right[local > math.log(k) - LN2 + 1e-9].all()
        if k == 2:
            assert not right[local < -1e-9].any()
