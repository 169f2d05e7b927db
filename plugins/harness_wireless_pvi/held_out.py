"""Held-out log-probabilities: who is fitted on what, and who is scored.

V-information is a property of data that the predictor has not seen (Ethayarajh et al. 2022, algorithm 1); scores of
training rows flatter the predictor. A split gives the scores of its test part. Cross-fitting gives every row a score,
by a predictor fitted on the other folds.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator

import numpy as np

from harness import Floats, Incompatible, Ints, LabelledSamples, LabelledText, LabelLogProbabilities

FLOOR = -50.0 * float(np.log(2.0))
"""The least log-probability (nats) that is told apart from that of an impossible class: 2^-50."""

LOG = logging.getLogger("harness.wireless_pvi")

Predict = Callable[[Ints], tuple[Floats, Floats]]
"""Rows (m,) to the log-probabilities (m, k) with the input and without it."""
Fit = Callable[[Ints, np.random.Generator], Predict]
"""Training rows to a predictor."""


def scores(
    data: LabelledText | LabelledSamples,
    fit: Fit,
    *,
    folds: int,
    scored: str,
    rng: np.random.Generator,
) -> LabelLogProbabilities:
    """Fit and score: the test part (``folds=0``), or every row by cross-fitting.

    Parameters
    ----------
    folds : 0, or how many parts the rows are cut into; the split is then not used.
    scored : ``test``, or ``train`` for the optimistic scores of the rows that were fitted (with folds=0).

    Raises
    ------
    Incompatible : no split and no folds, or a class that a predictor would have to know and never sees.
    """
    y, classes = data.codes, tuple(str(name) for name in data.classes)
    rows: list[Ints] = []
    full: list[Floats] = []
    null: list[Floats] = []
    for train, judged in _rounds(data, folds, scored, rng):
        _check_training(y, train, judged, classes)
        predict = fit(train, rng)
        for table, given in zip((full, null), predict(judged), strict=True):
            table.append(np.maximum(given, FLOOR))
        rows.append(judged)
    row = np.concatenate(rows)
    order = np.argsort(row) if folds else np.arange(len(row))
    row = row[order]
    return LabelLogProbabilities(
        np.concatenate(full)[order],
        np.concatenate(null)[order],
        y[row],
        classes,
        np.full(len(row), folds > 0 or scored == "test"),
        row,
        groups=_taken(getattr(data, "groups", None), row),
        wrong=data.wrong[row]
        if isinstance(data, LabelledText) and data.wrong is not None
        else None,
    )


def prior(y: Ints, k: int) -> Floats:
    """Log-frequencies (k,) of the classes among ``y``: the best null of every family with free class biases."""
    counts = np.bincount(y, minlength=k)
    with np.errstate(divide="ignore"):
        return np.maximum(np.log(counts / counts.sum()), FLOOR)


def spread(table: Floats, seen: Ints, k: int) -> Floats:
    """Columns of the classes seen in training (m, len(seen)) among those of all k; the others get the floor."""
    out = np.full((len(table), k), FLOOR)
    out[:, seen] = table
    return out


def _taken(values: tuple[str, ...] | None, row: Ints) -> tuple[str, ...] | None:
    return None if values is None else tuple(values[i] for i in row)


def _rounds(
    data: LabelledText | LabelledSamples, folds: int, scored: str, rng: np.random.Generator
) -> Iterator[tuple[Ints, Ints]]:
    """Pairs of training rows and rows to score."""
    if not folds:
        if data.split is None:
            raise Incompatible(
                f"this {type(data).__name__} has no train/test split; wants folds=5, which scores every row held out"
            )
        train = data.split.train
        yield train, train if scored == "train" else data.split.test
        return
    if scored == "train":
        raise Incompatible(
            "scored=train asks for the rows that were fitted; with folds no row is; wants folds=0"
        )
    if folds > data.n:
        raise Incompatible(f"{folds} folds of {data.n} rows; wants folds={data.n} or fewer")
    part = fold_of(data, folds, rng)
    for fold in range(folds):
        judged = np.flatnonzero(part == fold)
        if judged.size:
            yield np.flatnonzero(part != fold), judged


def fold_of(data: LabelledText | LabelledSamples, folds: int, rng: np.random.Generator) -> Ints:
    """The fold (n,) of every row, even over classes; equal texts, which would leak, stay together."""
    unit = np.arange(data.n)
    if isinstance(data, LabelledText) and not data.repeats:
        first: dict[tuple[str, str], int] = {}
        unit = np.array([first.setdefault(text, i) for i, text in enumerate(data.prints())])
    heads = np.unique(unit)
    heads = heads[rng.permutation(len(heads))]
    heads = heads[np.argsort(data.y[heads], kind="stable")]
    fold = np.zeros(data.n, np.int64)
    fold[heads] = np.arange(len(heads)) % folds
    return fold[unit]


def _check_training(y: Ints, train: Ints, judged: Ints, classes: tuple[str, ...]) -> None:
    seen = np.unique(y[train])
    if len(seen) < 2:
        raise Incompatible(
            f"the training part has the one class {classes[seen[0]]!r}: H_V(Y) = 0, there is nothing to know"
        )
    unseen = np.setdiff1d(y[judged], seen)
    if unseen.size:
        raise Incompatible(
            f"class {classes[unseen[0]]!r} is to be scored and absent from the training rows; wants two rows of "
            "every class at least, and folds that keep one"
        )
