"""What is read off log-probabilities, and which rows are scored by whom, written out."""

import dataclasses
import math

import numpy as np
import pytest

from harness import Incompatible, LabelledSamples, LabelledText, LabelLogProbabilities, Split
from harness_wireless_pvi import estimators
from harness_wireless_pvi.predictors import held_out

from .conftest import RNG, estimate

FLOOR = -50 * math.log(2)


def table(n=12, seed=0, **more):
    """Three classes; the law of each row and the null are drawn."""
    rng = RNG(seed)
    y = rng.integers(3, size=n)
    y[:3] = range(3)
    full, null = np.log(rng.dirichlet(np.ones(3), size=(2, n)))
    given = {"held_out": np.ones(n, bool), "row": np.arange(n)} | more
    return LabelLogProbabilities(full, null, y, ("a", "b", "c"), **given)


def own(data):
    rows = np.arange(data.n)
    return data.log_full[rows, data.y], data.log_null[rows, data.y]


def test_entropies_and_what_is_told_with_them():
    seen = np.arange(12) > 1
    data = table(held_out=seen)
    full = data.log_full.copy()
    full[4:6] = math.log(0.5)
    full[4, data.y[4]] = FLOOR
    full[5, data.y[5]] = np.nextafter(FLOOR, 0)
    data = dataclasses.replace(data, log_full=full)
    full, null = own(data)
    shares = np.bincount(data.y) / 12
    entropy = -(shares * np.log(shares)).sum()
    right = data.log_full.argmax(1) == data.y
    told = {
        "n": 12,
        "h_null": pytest.approx(-null.mean()),
        "h_full": pytest.approx(-full.mean()),
        "null_excess": pytest.approx(-null.mean() - entropy),
        "accuracy": right.mean(),
        "floored": 1,
        "seen": 2,
    }
    assert estimators.notes(data) == told
    for name, local in (
        ("v-entropy", -null),
        ("conditional-v-entropy", -full),
        ("accuracy", right.astype(float)),
    ):
        found = estimate(name, data)
        assert dict(found.diagnostics) == told
        np.testing.assert_allclose(found.local, local)
        assert found.value == pytest.approx(local.mean())
    found = estimate("pvi", data)
    assert dict(found.diagnostics) == told | {"negative": int((full < null).sum())}
    np.testing.assert_allclose(found.local, full - null)


def test_rows_of_no_value_are_not_negative():
    data = table()
    same = dataclasses.replace(data, log_null=data.log_full)
    assert estimate("pvi", same).diagnostics["negative"] == 0


def test_a_class_that_no_row_has_is_no_part_of_the_entropy():
    data = table()
    less = dataclasses.replace(data, y=np.minimum(data.y, 1))
    shares = np.bincount(less.y) / 12
    entropy = -(shares * np.log(shares)).sum()
    wanted = -own(less)[1].mean() - entropy
    assert estimators.notes(less)["null_excess"] == pytest.approx(wanted)


def test_scores_of_fitted_rows_are_warned_of(caplog):
    estimators.notes(table())
    assert not caplog.records
    estimators.notes(table(held_out=np.arange(12) > 0))
    assert "1 of 12 rows were fitted" in caplog.text


def test_the_interval_holds_the_quantiles_of_the_bootstrap(monkeypatch):
    data = table()
    full, null = own(data)
    found = estimate("v-information", data, resamples=64, level=0.8)
    means = (full - null)[RNG(0).integers(12, size=(64, 12))].mean(1)
    low, high = np.quantile(means, [0.1, 0.9])
    assert found.value == pytest.approx((full - null).mean())
    assert found.stderr == pytest.approx((full - null).std(ddof=1) / math.sqrt(12))
    told = {"low": pytest.approx(low), "high": pytest.approx(high), "level": 0.8}
    assert dict(found.diagnostics) == estimators.notes(data) | told
    # in chunks of two, of one, and of one more than there is room for
    for chunk in (24, 25, 3):
        monkeypatch.setattr(estimators, "CHUNK", chunk)
        drawn = estimators.bootstrap(full - null, 5, RNG(0))
        rows = max(1, chunk // 12)
        rng = RNG(0)
        parts = [
            (full - null)[rng.integers(12, size=(min(rows, 5 - i), 12))].mean(1)
            for i in range(0, 5, rows)
        ]
        assert drawn.tolist() == np.concatenate(parts).tolist()
        assert len(drawn) == 5


def test_errors_of_few_values():
    assert estimators.standard_error(np.array([2.0])) is None
    assert estimators.standard_error(np.array([2.0, 4.0])) == pytest.approx(1.0)


def test_slices_of_enough_units():
    data = table(groups=tuple("ppqqqrrrrrrr"))
    full, null = own(data)
    means = {
        g: (full - null)[[i for i, x in enumerate(data.groups) if x == g]].mean() for g in "pqr"
    }
    found = estimate("slice-v-information", data, by="group", least=3)
    left = {f"group {g}": pytest.approx(means[g]) for g in "qr"}
    worst = min("qr", key=means.get)
    assert dict(found.diagnostics) == left | {"least": worst, "n": 12}
    assert found.value == pytest.approx(means[worst])
    found = estimate("slice-v-information", data, by="group", least=2)
    assert {k for k in found.diagnostics if " " in k} == {"group p", "group q", "group r"}
    names = {
        f"class {'abc'[c]}": pytest.approx((full - null)[data.y == c].mean()) for c in range(3)
    }
    data = dataclasses.replace(data, groups=None)
    with pytest.raises(Incompatible, match="no groups; wanted by=class"):
        estimate("slice-v-information", data, by="group", least=1)
    found = estimate("slice-v-information", data, least=1)
    assert {k: v for k, v in found.diagnostics.items() if " " in k} == names


def test_the_calibration_error_by_bins_of_equal_width():
    sure = np.array([0.5, 0.55, 0.7, 0.74, 0.75, 1.0 - 1e-9, 0.9])
    right = np.array([1, 0, 1, 1, 0, 1, 1], bool)
    full = np.log(np.column_stack([1 - sure, sure]))
    data = LabelLogProbabilities(
        full, full, right.astype(int), ("a", "b"), np.ones(7, bool), np.arange(7)
    )
    data = dataclasses.replace(
        data, log_full=np.where(np.arange(7)[:, None] == 0, full[[0]] + [[0, 1e-12]], full)
    )
    bins = np.minimum((sure * 4).astype(int), 3)
    wanted = sum(abs(right[bins == b].sum() - sure[bins == b].sum()) for b in range(4)) / 7
    assert estimators.calibration_error(data, 4) == pytest.approx(wanted, abs=1e-9)
    assert estimate("calibration", data, bins=4).value == pytest.approx(wanted, abs=1e-9)
    # what is certain is in the last bin, with its neighbours
    certain = dataclasses.replace(
        data, log_full=np.where(np.eye(2)[np.zeros(7, int)][:, ::-1] == 1, 0.0, FLOOR)
    )
    assert estimators.calibration_error(certain, 4) == pytest.approx(2 / 7)


def test_mislabelled_rows_by_hand():
    data = table(wrong=np.isin(np.arange(12), [0, 3, 8]))
    full, null = own(data)
    local = full - null
    pairs = local[~data.wrong] - local[data.wrong][:, None]
    found = estimate("mislabelled", data)
    assert found.value == pytest.approx((pairs > 0).mean())
    assert 0.1 < found.value < 0.9
    lowest = np.argsort(local)[:3]
    told = {"wrong": 3, "precision": pytest.approx(data.wrong[lowest].mean())}
    assert dict(found.diagnostics) == estimators.notes(data) | told
    assert estimators.auroc(np.array([1.0, 1.0, 2.0]), np.array([True, False, True])) == 0.75


class Recorded:
    """A fit that notes its rows; its answers tell the row, and hold the third class impossible."""

    def __init__(self):
        self.trained, self.judged = [], []

    def __call__(self, train, rng):
        self.trained.append(train.tolist())

        def predict(rows):
            self.judged.append(rows.tolist())
            return law(rows, 2.0), law(rows, 4.0)

        return predict


def law(rows, more):
    p = 1 / (np.asarray(rows, float) + more)
    return np.column_stack([np.log(p), np.log1p(-p), np.full(len(p), -1e9)])


def texts(y, **more):
    n = len(y)
    return LabelledText(tuple(f"text {i}" for i in range(n)), np.array(y), ("a", "b", "c"), **more)


def test_the_split_says_who_is_fitted_and_who_scored():
    data = texts(
        [0, 1, 0, 1, 1],
        split=Split([0, 1, 4], [3, 2]),
        groups=tuple("vwxyz"),
        wrong=np.array([0, 0, 0, 1, 0], bool),
    )
    fit = Recorded()
    found = held_out.scores(data, fit, folds=0, scored="test", rng=RNG(0))
    judged = data.split.test.tolist()
    assert (fit.trained, fit.judged) == ([data.split.train.tolist()], [judged])
    assert found.row.tolist() == judged
    assert found.held_out.all()
    assert found.y.tolist() == [data.y[i] for i in judged]
    assert found.groups == tuple(data.groups[i] for i in judged)
    assert found.wrong.tolist() == [bool(data.wrong[i]) for i in judged]
    np.testing.assert_allclose(found.log_full, np.maximum(law(judged, 2.0), FLOOR))
    np.testing.assert_allclose(found.log_null, np.maximum(law(judged, 4.0), FLOOR))
    again = held_out.scores(data, fit, folds=0, scored="train", rng=RNG(0))
    assert not again.held_out.any()
    assert again.row.tolist() == data.split.train.tolist() == fit.judged[1]


def test_every_row_is_scored_by_the_fit_of_the_other_folds():
    data = texts([0, 1] * 6)
    fit = Recorded()
    found = held_out.scores(data, fit, folds=3, scored="test", rng=RNG(0))
    assert found.row.tolist() == list(range(12))
    assert found.held_out.all()
    assert sorted(row for rows in fit.judged for row in rows) == list(range(12))
    for train, judged in zip(fit.trained, fit.judged, strict=True):
        assert sorted(train + judged) == list(range(12))
        assert len(judged) == 4
        assert sorted(data.y[judged]) == [0, 0, 1, 1]
    np.testing.assert_allclose(found.log_full, np.maximum(law(range(12), 2.0), FLOOR))
    all_rows = held_out.scores(data, fit, folds=12, scored="test", rng=RNG(0))
    assert all_rows.row.tolist() == list(range(12))


def test_folds_by_hand():
    """Heads in the order of a permutation, then of their class: dealt one by one."""
    y = np.array([0, 1, 1, 0, 1, 0, 1])
    order = RNG(5).permutation(7)
    order = order[np.argsort(y[order], kind="stable")]
    wanted = np.empty(7, int)
    wanted[order] = np.arange(7) % 3
    samples = LabelledSamples(np.zeros((7, 1)), y)
    assert held_out.fold_of(samples, 3, RNG(5)).tolist() == wanted.tolist()


def test_priors_and_tables_of_the_classes_seen():
    np.testing.assert_allclose(
        held_out.prior(np.array([0, 0, 2]), 4), [math.log(2 / 3), FLOOR, math.log(1 / 3), FLOOR]
    )
    found = held_out.spread(np.array([[-1.0, -2.0]]), np.array([0, 2]), 3)
    assert found.tolist() == [[-1.0, FLOOR, -2.0]]


def test_training_parts_that_cannot_serve():
    def message(data, **more):
        with pytest.raises(Incompatible) as failure:
            held_out.scores(
                data, Recorded(), **{"folds": 0, "scored": "test", "rng": RNG(0)} | more
            )
        return str(failure.value)

    assert "the one class 'b'" in message(texts([1, 1, 1, 0]), folds=2)
    # the only rows of the third and of the fifth class are in one fold
    rare = LabelledText(tuple("pqrstuvwxyz"), np.repeat(range(5), [4, 4, 1, 1, 1]), tuple("abcde"))
    assert "class 'c' is to be scored" in message(rare, folds=2)
    assert "6 folds of 5 rows" in message(texts([0, 1, 0, 1, 0]), folds=6)
    assert "folds do not give" in message(texts([0, 1, 0, 1, 0]), folds=2, scored="train")
    assert "no train/test split" in message(texts([0, 1, 0, 1, 0]))
