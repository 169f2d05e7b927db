"""``harness select``: the structures of a file that stand for all of them, as a file."""

from __future__ import annotations

import argparse
import dataclasses
import re
import sys
from functools import partial
from pathlib import Path
from typing import Any

import harness
from harness import Environments, Selection, Structures, UsageError, stream
from harness.commands import figures, options, whole
from harness.tables import Cell, Column, Table, counted, to_terminal

METHODS = ("msc", "fps", "mean-fps", "k-means", "k-means-entropy", "max-entropy", "random")
RATES, DRAWN = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5), ("diversity_kept", "tail_recall")
BEST = "best"
SHOWN = ("diversity_kept", "overlap_kept", "outliers_kept", "tail_recall", "atoms_kept")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this verb."""
    parser.add_argument("file", metavar="FILE", help="structures: extended XYZ, or what ASE reads")
    parser.add_argument(
        "--keep",
        default="10%",
        metavar="SIZE",
        help="share (10%%, 0.1) or number (200) to keep; "
        "best: where entropy times diversity is greatest",
    )
    parser.add_argument(
        "--out", metavar="FILE", help="where the chosen structures go (extended XYZ)"
    )
    parser.add_argument("--method", choices=METHODS, default="msc", help="how (default: msc)")
    parser.add_argument(
        "--reference",
        default="",
        metavar="FILE",
        help="structures that are held already: choose what is new beside them (msc alone)",
    )
    parser.add_argument(
        "--plot", metavar="FILE", help="diversity and tail recall against the rate, as a figure"
    )
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="seed (default: 0)")
    parser.add_argument(
        "--compare", action="store_true", help="the other methods at the same size, in a table"
    )


def run(args: argparse.Namespace) -> int:
    """Choose, write, and say what is kept."""
    path = Path(args.file)
    if not path.is_file():
        raise UsageError(f"{path}: no such file; wanted a file of structures")
    out = options.target(args.out) if args.out else None
    picture = figures.target(args.plot) if args.plot else None
    if args.reference and (args.compare or args.method != "msc"):
        raise UsageError("--reference: only msc chooses beside what is held; wanted no --compare")
    asked = {"dataset": str(path), "reference": args.reference}
    data = next(iter(harness.task("atoms/colabfit", **asked).cases(seed=args.seed))).load()
    n = _new(data)
    if args.keep == BEST and (args.reference or args.method != "msc"):
        raise UsageError("--keep best: of what msc selects from one file; wanted a share or number")
    size = 0 if args.keep == BEST else _size(args.keep, n)
    environments = harness.model("msc/quests").transform(
        data, to=harness.Environments, rng=stream(args.seed)
    )
    if args.keep == BEST:
        best = harness.estimator("msc/best-size").estimate(environments, rng=stream(args.seed))
        size = int(best.diagnostics["structures"])
    task = harness.task("atoms/colabfit", **asked, rates=(size / n,))
    case = next(c for c in task.cases(seed=args.seed) if Selection in c.accepts)
    case = dataclasses.replace(case, data=lambda: data)  # read once
    rows, chosen = [], {}
    for method in METHODS if args.compare else (args.method,):
        found = harness.select(environments, size, method=_name(method, data), seed=args.seed)
        chosen[method] = found.tolist()
        scores = task.score(case, Selection(found))
        cells = [Cell(scores[name]) if name in scores else Cell(text="–") for name in SHOWN]
        rows.append((method, tuple(cells)))
    heads = tuple(Column(name.replace("_", " ")) for name in SHOWN)
    title = f"{size} of {counted(n, 'structure')} of {path.name}"
    if args.reference:
        title += f", beside {data.n - n} of {Path(args.reference).name}"
    to_terminal([Table(title, "method", heads, tuple(rows))], sys.stdout)
    if out:
        _, content = task.excerpt(case, Selection(chosen[args.method]))
        with whole(out) as file:
            file.write(content)
        options.say(f"{counted(size, 'structure')} chosen by {args.method} in {args.out}")
    if picture:
        options.say("rates for the figure")
        methods = METHODS if args.compare else (args.method,)
        curves = {name: _curve(name, asked, data, environments, args.seed) for name in methods}
        draw = partial(_draw, curves=curves, size=size / n)
        figures.write(picture, draw, title, options.command())
        options.say(f"scores against the rate in {picture}")
    return 0


def _new(data: Structures) -> int:
    """How many structures there are to choose from: those that are not held already."""
    return data.n if data.split is None else len(data.split.test)


def _name(method: str, data: Structures) -> str:
    return f"msc/{method}" + ("" if data.split is None else "[conditional=true]")


def _curve(
    method: str, asked: dict[str, str], data: Structures, environments: Environments, seed: int
) -> dict[str, list[tuple[float, float]]]:
    """Rates with their scores, by name, of one method."""
    task = harness.task("atoms/colabfit", **asked, rates=RATES, ood=False)
    cases = {float(c.facts["rate"]): c for c in task.cases(seed=seed) if Selection in c.accepts}
    # One call for all rates: most methods go on from the smaller selection.
    sizes = tuple(sorted({max(1, round(rate * _new(data))) for rate in cases}))
    chosen = harness.estimator(_name(method, data)).estimate(
        dataclasses.replace(environments, sizes=sizes), rng=stream(seed, "select", f"msc/{method}")
    )
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in DRAWN}
    for rate, case in cases.items():
        scores = task.score(dataclasses.replace(case, data=lambda: data), chosen)
        for name in found:
            if name in scores:
                found[name].append((rate, scores[name]))
    return found


def _draw(
    figure: Any, curves: dict[str, dict[str, list[tuple[float, float]]]], size: float
) -> None:
    figure.set_size_inches(9.4 if len(curves) > 1 else 8.0, 3.4)
    for axes, name in zip(figure.subplots(1, len(DRAWN), sharex=True), DRAWN, strict=True):
        for marker, (method, scores) in zip("osD^vP*", curves.items(), strict=False):
            if scores[name]:
                rates, values = zip(*scores[name], strict=True)
                shares = [100 * rate for rate in rates]
                axes.plot(shares, values, f"{marker}-", ms=4, lw=1.3, label=method)
        axes.axvline(100 * size, color="0.6", ls="--", lw=1)
        axes.set_xscale("log")
        axes.set_xticks([100 * rate for rate in RATES], [f"{100 * rate:g}" for rate in RATES])
        axes.set_xlabel("structures kept [%]")
        axes.set_title(name.replace("_", " "), fontsize="medium")
        axes.grid(color="0.92")
    if len(curves) > 1:
        figure.legend(*axes.get_legend_handles_labels(), loc="outside right upper", frameon=False)


def _size(text: str, n: int) -> int:
    """``10%``, ``0.1`` or ``200`` as a number of structures."""
    share = re.fullmatch(r"([\d.]+)%", text)
    try:
        value = float(share[1]) / 100 * n if share else float(text) * (n if "." in text else 1)
    except ValueError:
        value = 0.0
    size = round(value)
    if value > 0:
        size = max(1, size)  # as `harness.select` has it
    if not 1 <= size <= n:
        raise UsageError(f"--keep {text!r}; wanted a share such as 10%, or a number from 1 to {n}")
    return size
