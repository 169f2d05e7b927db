"""The simulated user, and the scores of what was clicked."""

import dataclasses

import numpy as np
import pytest

import harness
from harness import (
    ClickImages,
    ClickMasks,
    ClickSessions,
    Curve,
    DataError,
    Incompatible,
    Prediction,
    stream,
)

NOTHING = np.zeros((11, 11), bool)
NONE = np.empty(0, np.int64)
CURVE = Curve([1.0], [1.0], "clicks", "share")


def masks(*drawn):
    shape = np.array([mask.shape for mask in drawn])
    ends = np.concatenate([[0], np.cumsum(shape.prod(1))])
    return ClickMasks(np.concatenate([m.ravel() for m in drawn]).astype(np.int8), shape, ends)


def square(size=11, low=3, high=8):
    mask = np.zeros((size, size), int)
    mask[low:high, low:high] = 1
    return mask


def brute(error, clicked):
    """The inmost pixel of an error by all distances, where the edge of the picture is outside."""
    best, where = 0.0, None
    padded = np.pad(error, 1)
    outside = np.argwhere(~padded)
    for row, column in np.argwhere(error):
        if not clicked[row, column]:
            d = np.sqrt(((outside - (row + 1, column + 1)) ** 2).sum(1)).min()
            if d > best:
                best, where = d, row * error.shape[1] + column
    return best, where


def test_the_first_click_is_the_middle_of_the_object():
    assert masks(square()).click(0, NOTHING, NOTHING) == (60, 1)


def test_even_depths_give_a_negative_click():
    guess = NOTHING.copy()
    guess[0:5, 6:11] = True  # as deep as the object is missed
    truth = np.zeros((11, 11), int)
    truth[6:11, 0:5] = 1
    place, sign = masks(truth).click(0, guess, NOTHING)
    assert (divmod(place, 11), sign) == ((2, 8), -1)
    guess[4, 6:11] = False
    assert masks(truth).click(0, guess, NOTHING) == (8 * 11 + 2, 1)


def test_clicked_and_ignored_pixels_are_never_clicked():
    truth, clicked = square(), NOTHING.copy()
    for _ in range(25):
        place, sign = masks(truth).click(0, NOTHING, clicked)
        assert sign == 1
        assert not clicked.flat[place]
        clicked.flat[place] = True
    assert masks(truth).click(0, NOTHING, clicked) == (0, 0)
    truth[:3] = -1
    everything = ~NOTHING
    place, sign = masks(truth).click(0, everything, NOTHING)
    assert sign == -1
    assert truth.flat[place] == 0


def test_clicks_are_those_of_brute_force():
    rng = np.random.default_rng(0)
    for _ in range(30):
        truth = rng.integers(-1, 2, (7, 9))
        guess, clicked = rng.random((7, 9)) < 0.5, rng.random((7, 9)) < 0.1
        missed = brute((truth == 1) & ~guess, clicked)
        wrong = brute((truth == 0) & guess, clicked)
        wanted = (missed[1], 1) if missed[0] > wrong[0] else (wrong[1], -1)
        assert masks(truth).click(0, guess, clicked) == wanted


def test_overlap_counts_what_is_not_ignored():
    truth = square()
    truth[:, 7] = -1  # a column of the square
    guess = truth == 1
    guess[:, 7] = True
    assert masks(truth).overlap(0, guess) == 1.0
    guess[0, 0] = True
    assert masks(truth).overlap(0, guess) == pytest.approx(20 / 21)


def played(head, **params):
    task = harness.task("images/shapes", images=1, train=1, size=32, gaps=(0.3,), **params)
    case, transcript = next(iter(task.cases(seed=0))), []
    truth = case.reveal()
    marks = np.ones_like(truth.mask)  # the first masks do not count
    while True:
        question = ClickMasks(marks, truth.shape, truth.offsets)
        answer = task.respond(case, tuple(transcript), question, rng=stream(0))
        transcript.append((question, answer))
        if answer is None:
            return task, dataclasses.replace(case, transcript=tuple(transcript)), truth
        marks = head(truth, marks, answer, len(transcript))


def test_who_knows_the_masks_needs_one_click():
    task, case, truth = played(lambda truth, *_: truth.mask)
    assert len(case.transcript) == 2
    (_, answer), _ = case.transcript
    assert (answer.sign == 1).all()
    assert (truth.mask[truth.offsets[:-1] + answer.place] == 1).all()
    scores = task.score(case, CURVE)
    assert scores == {
        "overlap_1": 1.0, "overlap_5": 1.0, "overlap_20": 1.0, "clicks_85": 1.0, "clicks_90": 1.0, "failures_90": 0.0,
        "wrong_clicks": 0.0,
    }  # fmt: skip


def test_who_never_learns_fails_and_contradicts_its_clicks():
    task, case, _ = played(lambda truth, marks, *_: 0 * marks, limit=4)
    scores = task.score(case, CURVE)
    assert scores["clicks_90"] == 4.0
    assert scores["failures_90"] == 1.0
    assert scores["wrong_clicks"] == 4.0


def test_the_target_at_the_last_click_is_no_failure():
    """On purpose unlike the authors' program, which counts it as one."""

    def late(truth, marks, answer, asked):
        return truth.mask if asked == 4 else 0 * marks

    task, case, _ = played(late, limit=4)
    scores = task.score(case, CURVE)
    assert (scores["clicks_90"], scores["failures_90"]) == (4.0, 0.0)


def test_code_lengths_are_those_of_the_log_odds():
    task = harness.task("images/shapes", images=1, train=1, size=32, gaps=(0.3,))
    case = next(iter(task.cases(seed=0)))
    truth, transcript = case.reveal(), []
    logit = np.where(truth.mask == 1, 2.0, -2.0)
    for marks in (0 * truth.mask, truth.mask):
        question = ClickMasks(marks, truth.shape, truth.offsets, logit)
        answer = task.respond(case, tuple(transcript), question, rng=stream(0))
        transcript.append((question, answer))
    scores = task.score(dataclasses.replace(case, transcript=tuple(transcript)), CURVE)
    assert scores["mask_code_length"] == pytest.approx(np.log1p(np.exp(-2.0)))
    share = (truth.mask == 1).mean()
    null = -share * np.log(share) - (1 - share) * np.log(1 - share)
    assert scores["usable_information"] == pytest.approx(null - np.log1p(np.exp(-2.0)))


def test_masks_of_other_pictures_are_refused():
    task = harness.task("images/shapes", images=1, train=1, size=32)
    case = next(iter(task.cases(seed=0)))
    truth = case.reveal()
    with pytest.raises(DataError, match="of the sizes of the pictures"):
        task.respond(case, (), masks(square()), rng=stream(0))
    with pytest.raises(DataError, match="0 or 1"):
        task.respond(
            case, (), ClickMasks(truth.mask - 1, truth.shape, truth.offsets), rng=stream(0)
        )
    with pytest.raises(Incompatible, match="nothing was clicked"):
        task.score(case, CURVE)
    with pytest.raises(Incompatible, match="one for each picture"):
        task.score(case, Prediction(np.zeros(3), np.arange(3)))


def test_noc_nof_noic_and_iou():
    def sessions(*overlaps, agrees=1):
        n, ends = len(overlaps), np.concatenate([[0], np.cumsum([len(o) for o in overlaps])])
        return ClickSessions(
            place=np.zeros(ends[-1], int), sign=np.ones(ends[-1], int), iou=np.concatenate(overlaps),
            agrees=np.full(ends[-1], agrees), shape=np.full((n, 2), 3), bounds=9 * np.arange(n + 1), offsets=ends,
        )  # fmt: skip

    def value(name, data, **params):
        return harness.estimator(f"gpcis/{name}", **params).estimate(data, rng=stream(0)).value

    one = sessions([0.5, 0.86, 0.91])
    assert value("noc", one, at=0.85) == 2
    assert value("noc", one, at=0.9) == 3
    assert value("noc", one, at=0.95) == 20
    assert (value("nof", one, at=0.9), value("nof", one, at=0.95)) == (0.0, 1.0)
    late = sessions([*[0.1] * 19, 0.9])
    assert (value("noc", late), value("nof", late)) == (20, 0.0)
    assert value("noc", late, limit=10) == 10
    assert value("nof", late, limit=10) == 1.0
    assert value("noic", sessions([0.5, 0.6], [0.9], agrees=0)) == 1.5
    two = sessions([0.5, 0.86, 0.91], [0.7])
    assert value("iou-at", two, clicks=1) == pytest.approx(0.6)
    assert value("iou-at", two, clicks=3) == pytest.approx((0.91 + 0.7) / 2)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"place": [9]}, "pixel 9; wanted 0 to 8"),
        ({"place": [-1]}, "pixel -1"),
        ({"sign": [2]}, "1 object, -1 ground"),
        ({"iou": [1.5]}, "from 0 to 1"),
        ({"iou": [np.nan]}, "NaN"),
        ({"shape": [[2, 3]]}, "2 x 3 for 9 pixels"),
        ({"pixels": np.full((9, 3), 2.0)}, "from 0 to 1"),
        ({"mask": np.full(9, 3)}, "3; wanted 1 object"),
        (
            dict.fromkeys(("place", "sign", "agrees"), NONE) | {"iou": [], "offsets": [0, 0]},
            "without items",
        ),
    ],
)
def test_sessions_that_cannot_be(change, message):
    good = dict(place=[4], sign=[1], iou=[0.5], agrees=[1], shape=[[3, 3]], bounds=[0, 9], offsets=[0, 1])  # fmt: skip
    ClickSessions(**good)
    with pytest.raises(DataError, match=message):
        ClickSessions(**good | change)


def test_pictures_that_cannot_be():
    good = dict(pixels=np.zeros((6, 3)), shape=[[2, 3]], offsets=[0, 6])
    ClickImages(**good)
    for change, message in (
        ({"pixels": np.full((6, 3), np.nan)}, "NaN"),
        ({"pixels": np.full((6, 3), 255.0)}, "from 0 to 1"),
        ({"shape": [[3, 3]]}, "3 x 3 for 6 pixels"),
        ({"mask": np.full(6, 100)}, "100"),
    ):
        with pytest.raises(DataError, match=message):
            ClickImages(**good | change)
    with pytest.raises(DataError, match="no object"):
        masks(0 * square()).require_objects()
