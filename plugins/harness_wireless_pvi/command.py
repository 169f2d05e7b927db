"""``harness hard``: the labelled texts whose label their text says least of."""

from __future__ import annotations

import argparse
import csv
import io
import math
from functools import partial
from typing import Any

import numpy as np

import harness
from harness import LabelledText, LabelLogProbabilities, UsageError, stream
from harness.commands import figures, options, whole
from harness.tables import counted

HEAD = ("row", "pvi", "label", "predicted", "text")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this verb."""
    parser.add_argument("file", metavar="FILE", help="CSV, TSV, JSON, JSON Lines or Parquet")
    parser.add_argument("--text", default="text", metavar="COLUMN", help="column of the texts")
    parser.add_argument("--label", default="label", metavar="COLUMN", help="column of the labels")
    parser.add_argument(
        "--model", default="tfidf-logistic", metavar="NAME", help="predictor (default: %(default)s)"
    )
    parser.add_argument(
        "--folds", type=int, default=5, metavar="N", help="folds that score every row held out"
    )
    parser.add_argument("--top", type=int, default=10, metavar="N", help="rows that are shown")
    parser.add_argument("--out", metavar="FILE", help="all rows as CSV, most misleading first")
    parser.add_argument("--plot", metavar="FILE", help="values of all rows by label as a figure")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="seed (default: 0)")
    parser.add_argument(
        "--unit", choices=("nats", "bits"), default="nats", help="unit of information when printed"
    )


def run(args: argparse.Namespace) -> int:
    """Score every row by a predictor that was not fitted on it; the most misleading first."""
    if args.folds < 2:
        raise UsageError(f"--folds {args.folds}; wanted 2 or more, so that every row is held out")
    file = options.target(args.out) if args.out else None
    picture = figures.target(args.plot) if args.plot else None
    task = harness.task("text/labelled-text", path=args.file, text=args.text, label=args.label)
    (case,) = task.cases(seed=args.seed)
    data = case.load()
    assert isinstance(data, LabelledText)
    judged = harness.model(args.model, folds=args.folds).transform(
        data, to=LabelLogProbabilities, rng=stream(args.seed)
    )
    found = harness.estimator("wireless_pvi/pvi").estimate(judged, rng=stream(args.seed))
    factor = 1.0 if args.unit == "nats" else 1 / math.log(2)
    local = found.local
    assert local is not None
    order = np.argsort(local, kind="stable")
    rows = [
        [
            int(judged.row[i]) + 1,
            f"{local[i] * factor:.4f}",
            judged.classes[judged.y[i]],
            judged.classes[int(judged.log_full[i].argmax())],
            data.texts[judged.row[i]],
        ]
        for i in order
    ]
    if file:
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows([HEAD, *rows])
        with whole(file) as out:
            out.write(text.getvalue().encode())
        options.say(f"{counted(len(rows), 'row')} in {file}, most misleading first")
    for row, pvi, label, said, text in rows[: args.top]:
        shown = " ".join(text.split())
        first = f"{row:>6}  {pvi:>8}  {label} (predicted {said}): "
        print(options.filled(shown[:300], first, " " * 18))
    value, below = found.value * factor, int((local < 0).sum())
    print(
        f"V-information {value:.4f} {args.unit}; for {below} of {len(rows)} rows the text misleads "
        "(PVI below 0)"
    )
    if picture:
        by_label = {name: local[judged.y == k] * factor for k, name in enumerate(judged.classes)}
        draw = partial(_draw, by_label=by_label, unit=args.unit)
        figures.write(picture, draw, args.file, options.command())
        options.say(f"rows by label in {picture}")
    return 0


def _draw(figure: Any, by_label: dict[str, Any], unit: str) -> None:
    """How the values spread, label by label."""
    figure.set_size_inches(6.4, 3.6)
    axes = figure.subplots()
    bins = np.histogram_bin_edges(np.concatenate(list(by_label.values())), 40)
    for name, values in by_label.items():
        axes.hist(values, bins, histtype="step", lw=1.5, label=f"{name} ({len(values)})")
    axes.axvline(0.0, color="0.3", ls="--")
    axes.set_xlabel(f"PVI [{unit}]; left of 0 the text misleads")
    axes.set_ylabel("rows")
    axes.legend(fontsize="small")
