"""Who is fitted on what, what predictors give, and what they refuse."""

import dataclasses
import logging

import numpy as np
import pytest

import harness
from harness import DataError, Incompatible, LabelledSamples, LabelledText, Split

from .conftest import RNG, estimate, lamps, scores

SMALL = {"steps": 60, "width": 16, "layers": 1}


@pytest.mark.parametrize("name", ["prior", "tfidf-logistic", "embedding-logistic"])
def test_the_test_part_is_scored_and_never_fitted(name):
    """Other test labels and texts change the scores of no other test text."""
    data = lamps()
    y = data.y.copy()
    y[130:] = 1 - y[130:]
    texts = (*data.texts[:130], *(f"{text} again" for text in data.texts[130:]))
    a, b = scores(name, data), scores(name, dataclasses.replace(data, y=y, texts=texts))
    np.testing.assert_array_equal(a.log_full[:10], b.log_full[:10])
    np.testing.assert_array_equal(a.log_null, b.log_null)
    np.testing.assert_array_equal(a.row, data.split.test)
    assert a.held_out.all()


def test_cross_fitting_scores_every_row_once_by_a_predictor_that_did_not_see_it():
    """A wrong label in training is remembered by a predictor that saw it, and not by the others."""
    data = dataclasses.replace(lamps(flip=0.2), split=None)
    found = scores("tfidf-logistic", data, folds=5, c=1000.0)
    np.testing.assert_array_equal(found.row, np.arange(data.n))
    np.testing.assert_array_equal(found.wrong, data.wrong)
    assert estimate("mislabelled", found).value > 0.95
    everything = dataclasses.replace(data, split=Split(np.arange(159), np.array([159])))
    memory = scores("tfidf-logistic", everything, scored="train", c=1000.0)
    assert not memory.held_out.any()
    assert estimate("mislabelled", memory).value < estimate("mislabelled", found).value


def test_equal_texts_stay_in_one_fold():
    from harness_wireless_pvi.predictors.held_out import fold_of

    data = dataclasses.replace(lamps(), split=None)
    twice = data.take(np.tile(np.arange(20), 3))
    fold = fold_of(twice, 4, RNG(0))
    np.testing.assert_array_equal(fold[:20], fold[20:40])
    assert set(fold) == {0, 1, 2, 3}
    free = fold_of(dataclasses.replace(twice, repeats=True), 4, RNG(0))
    assert (free[:20] != free[20:40]).any()


def test_folds_are_even_over_classes():
    from harness_wireless_pvi.predictors.held_out import fold_of

    y = np.repeat([0, 1, 2], [50, 30, 20])
    fold = fold_of(LabelledSamples(np.zeros((100, 1)), y), 5, RNG(0))
    for c, count in ((0, 10), (1, 6), (2, 4)):
        assert (np.bincount(fold[y == c]) == count).all()


def test_scores_of_training_rows_are_called_optimistic(caplog):
    found = scores("tfidf-logistic", lamps(flip=0.2), scored="train")
    with caplog.at_level(logging.WARNING, "harness"):
        assert estimate("v-information", found).diagnostics["seen"] == 120
    assert (
        "120 of 120 rows were fitted by the predictor: their usable information is optimistic"
        in caplog.text
    )


def test_refusals():
    bare = dataclasses.replace(lamps(), split=None)
    with pytest.raises(Incompatible, match="no train/test split; wanted one, or folds=5"):
        scores("tfidf-logistic", bare)
    with pytest.raises(Incompatible, match="scored=train asks for scores of fitted rows"):
        scores("tfidf-logistic", bare, folds=3, scored="train")
    with pytest.raises(Incompatible, match="200 folds of 160 rows; wanted folds=160 or fewer"):
        scores("tfidf-logistic", bare, folds=200)
    lonely = dataclasses.replace(
        bare, y=np.where(np.arange(160) == 7, 2, bare.y), classes=("low", "high", "odd")
    )
    with pytest.raises(
        Incompatible, match="class 'odd' is to be scored and absent from the training rows"
    ):
        scores("prior", lonely, folds=5)
    one = LabelledSamples(np.zeros((4, 1)), [0, 0, 0, 1])
    with pytest.raises(Incompatible, match="the one class '0', so H_V"):
        scores("logistic", one, folds=4)
    marks = dataclasses.replace(lamps(), texts=tuple("!" * (i + 1) for i in range(160)))
    with pytest.raises(Incompatible, match="no word n-grams in the training texts"):
        scores("tfidf-logistic", marks)
    with pytest.raises(Incompatible, match="training texts of 0 words"):
        scores("embedding-logistic", marks)


def test_what_the_kind_refuses():
    texts = tuple(f"text {i}" for i in range(6))
    good = {"texts": texts, "y": [0, 1] * 3, "classes": ("a", "b")}
    split = Split([0, 1, 2], [3, 4, 5])
    assert LabelledText(**good, split=split).n_classes == 2
    for change, message in (
        ({"texts": (*texts[:5], "  ")}, r"LabelledText.texts at row 5: an empty text"),
        ({"y": [0, 2] * 3}, r"LabelledText.y at row 1: label 2; wanted 0 to 1, as classes"),
        ({"y": [0, -1] * 3}, r"label -1"),
        ({"y": [1] * 6}, r"the one class 'b'; wanted at least two classes"),
        ({"classes": ("a", "a")}, r"wanted different names"),
        ({"y": [0, 0, 0, 1, 0, 0]}, r"class 'b' absent from the training part"),
        (
            {"texts": ("Text  4", *texts[1:])},
            r"split at row 4: a text of the training part again \(1 such: 'text 4'\)",
        ),
    ):
        with pytest.raises(DataError, match=message):
            LabelledText(**(good | change), split=split)
    assert LabelledText(
        **(good | {"texts": ("Text  4", *texts[1:])}), repeats=True, split=split
    ).leaks().tolist() == [4]
    told = LabelledText(**(good | {"texts": ("x",) * 6}), contexts=texts, split=split)
    assert told.leaks().size == 0


def test_probabilities_that_are_none_are_refused():
    from harness import LabelLogProbabilities

    half = np.log(np.full((2, 2), 0.5))
    for full, message in (
        (
            np.log([[0.5, 0.5], [0.5, 0.4]]),
            r"log_full at row 1: probabilities that sum to 0.9; wanted a sum of 1",
        ),
        (np.array([[0.0, -np.inf]] * 2), "NaN or infinity"),
        (np.log(np.full((2, 3), 1 / 3)), "axis k of length 2"),
    ):
        with pytest.raises(DataError, match=message):
            LabelLogProbabilities(full, half, [0, 1], ("a", "b"), [True] * 2, [0, 1])


def test_a_class_without_training_texts_keeps_the_floor():
    from harness_wireless_pvi.predictors.held_out import FLOOR

    data = dataclasses.replace(lamps(), classes=("low", "high", "never"))
    for name, params in (("tfidf-logistic", {}), ("transformer-classifier", SMALL), ("prior", {})):
        found = scores(name, data, **params)
        np.testing.assert_array_equal(found.log_full[:, 2], FLOOR)
        np.testing.assert_array_equal(found.log_null[:, 2], FLOOR)


def test_the_transformer_learns_in_either_alphabet():
    """Bytes and words; and a cipher of the letters is no hindrance once it is trained again."""
    data = lamps(400, test=100)
    hidden = harness.model("text/rewrite", what="encrypt").transform(
        data, to=LabelledText, rng=RNG(0)
    )
    for given, tokens in ((data, "words"), (hidden, "bytes")):
        params = {"steps": 150, "width": 32, "layers": 1, "tokens": tokens, "learning_rate": 5e-3}
        assert (
            estimate("v-information", scores("transformer-classifier", given, **params)).value > 0.5
        )


def test_long_texts_are_cut_and_it_is_said(caplog):
    with caplog.at_level(logging.WARNING, "harness"):
        scores("transformer-classifier", lamps(), **SMALL | {"steps": 1}, max_length=6)
    assert "of 120 texts are longer than max_length=6 tokens: their ends are cut off" in caplog.text


def test_logistic_is_blind_to_shift_and_scale_of_columns():
    rng = RNG(0)
    x, split = rng.normal(size=(200, 3)), Split(np.arange(100), np.arange(100, 200))
    y = (x[:, 0] + rng.normal(size=200) > 0).astype(int)
    a = scores("logistic", LabelledSamples(x, y, split=split), c=1.0)
    moved = np.column_stack([1000 * x[:, 0] + 7, x[:, 1] * 1e-3, x[:, 2] - 5])
    b = scores(
        "logistic",
        LabelledSamples(np.column_stack([moved, np.full(200, 3.3)]), y, split=split),
        c=1.0,
    )
    np.testing.assert_allclose(a.log_full, b.log_full, atol=1e-4)


def test_the_embedding_keeps_the_split_and_reads_training_words_only():
    data = lamps()
    model = harness.model("text-embedding", dimensions=8)
    found = model.transform(data, to=LabelledSamples, rng=RNG(0))
    assert found.x.shape == (160, 8)
    np.testing.assert_array_equal(found.split.test, data.split.test)
    texts = (*data.texts[:120], *(f"{t} zebra zebra" for t in data.texts[120:]))
    again = model.transform(dataclasses.replace(data, texts=texts), to=LabelledSamples, rng=RNG(0))
    np.testing.assert_allclose(found.x, again.x, atol=1e-12)


@pytest.mark.parametrize("names", [(3, 10, 99), (2**60, 7, 0)])
def test_labels_are_names_to_the_logistic_regression(names):
    y = np.arange(90) % 3
    x = RNG(0).normal(size=(90, 2)) + y[:, None]
    split = Split(np.arange(60), np.arange(60, 90))
    plain, found = (
        scores("logistic", LabelledSamples(x, labels, split=split), c=1.0)
        for labels in (y, np.array(names)[y])
    )
    assert found.classes == tuple(str(name) for name in sorted(names))
    own = [estimate("pvi", table).local for table in (plain, found)]
    # The solver stops when the gradient is below 1e-6, wherever the classes stand.
    np.testing.assert_allclose(own[0], own[1], atol=1e-4)
    assert own[0].mean() > 0.1


def test_class_names_that_no_text_has_change_nothing():
    data = lamps(80)
    more = dataclasses.replace(data, classes=(*data.classes, "neither"))
    assert more.n_classes == data.n_classes == 2
    for name in ("tfidf-logistic", "prior"):
        plain, found = (estimate("pvi", scores(name, d)).local for d in (data, more))
        np.testing.assert_allclose(found, plain, atol=1e-9)
