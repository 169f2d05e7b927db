"""``harness select``: the structures of a file that stand for all of them, as a file."""

from __future__ import annotations

import argparse
import dataclasses
import re
import sys
from pathlib import Path

import harness
from harness import Selection, UsageError, stream
from harness.commands import options, whole
from harness.tables import Cell, Column, Table, to_terminal

METHODS = ("msc", "fps", "mean-fps", "k-means", "k-means-entropy", "max-entropy", "random")
SHOWN = ("diversity_kept", "overlap_kept", "outliers_kept", "tail_recall", "atoms_kept")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this verb."""
    parser.add_argument("file", metavar="FILE", help="structures: extended XYZ, or what ASE reads")
    parser.add_argument(
        "--keep", default="10%", metavar="SIZE", help="share (10%%, 0.1) or number (200) to keep"
    )
    parser.add_argument(
        "--out", metavar="FILE", help="where the chosen structures go (extended XYZ)"
    )
    parser.add_argument("--method", choices=METHODS, default="msc", help="how (default: msc)")
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
    whole_set = next(iter(harness.task("atoms/colabfit", dataset=str(path)).cases(seed=args.seed)))
    data = whole_set.load()
    size = _size(args.keep, data.n)
    task = harness.task("atoms/colabfit", dataset=str(path), rates=(size / data.n,))
    case = next(c for c in task.cases(seed=args.seed) if Selection in c.accepts)
    case = dataclasses.replace(case, data=lambda: data)  # read once
    environments = harness.model("msc/quests").transform(
        data, to=harness.Environments, rng=stream(args.seed)
    )
    rows, chosen = [], {}
    for method in METHODS if args.compare else (args.method,):
        found = harness.select(environments, size, method=f"msc/{method}", seed=args.seed)
        chosen[method] = found.tolist()
        scores = task.score(case, Selection(found))
        cells = [Cell(scores[name]) if name in scores else Cell(text="–") for name in SHOWN]
        rows.append((method, tuple(cells)))
    heads = tuple(Column(name.replace("_", " ")) for name in SHOWN)
    title = f"{size} of {data.n} structures of {path.name}"
    to_terminal([Table(title, "method", heads, tuple(rows))], sys.stdout)
    if out:
        _, content = task.excerpt(case, Selection(chosen[args.method]))
        with whole(out) as file:
            file.write(content)
        options.say(f"{size} structures chosen by {args.method} in {args.out}")
    return 0


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
