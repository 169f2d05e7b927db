"""``harness graph``: what a graph tells of classes or links, before and beside training."""

from __future__ import annotations

import argparse
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

import harness
from harness import (
    Estimate,
    Graph,
    Incompatible,
    Kind,
    Links,
    MissingDependency,
    UsageError,
    needs,
    stream,
)
from harness.commands import figures, options
from harness.files import unpacked
from harness.tables import Cell, Column, Table, counted, number, to_terminal
from harness_netinfof.settings import COMPONENTS

NAMES = {
    "u": "structure",
    "r": "neighbourhoods",
    "f": "features",
    "p": "neighbours' features",
    "s": "smoothed features",
}
NOTES = ("accuracy: of the best guess from the bins, on the nodes or pairs that NUI counts",)
NETWORKS = ("gcn", "sage", "gat", "sgc", "linear", "none")
LISTS = (".csv", ".tsv", ".txt", ".edgelist", ".edges")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this verb."""
    parser.add_argument("file", metavar="FILE", help="edges (CSV, TSV ...), GraphML, GML or .npz")
    for name, what in (
        ("features", "table of the features of nodes beside a list of edges"),
        ("labels", "table of the classes of nodes beside it; without it links are predicted"),
    ):
        parser.add_argument(f"--{name}", default="", metavar="FILE", help=what)
    parser.add_argument(
        "--links", action="store_true", help="predict links, also where nodes have classes"
    )
    parser.add_argument(
        "--train",
        choices=NETWORKS,
        default="gcn",
        help="network that is trained for comparison (default: gcn)",
    )
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="seed (default: 0)")
    parser.add_argument("--plot", metavar="FILE", help="bars of the components as a figure")


def run(args: argparse.Namespace) -> int:
    """Probe, train for comparison, and say what both are worth."""
    picture = figures.target(args.plot) if args.plot else None
    if not Path(args.file).is_file():
        raise UsageError(f"{args.file}: no such file; wanted a graph")
    links = args.links or (not args.labels and unpacked(Path(args.file)).suffix.lower() in LISTS)
    task = harness.task(
        f"graphs/planetoid{'-links' if links else ''}",
        datasets=(args.file,),
        features=args.features,
        labels=args.labels,
    )
    (case,) = task.cases(seed=args.seed)
    data = case.load()
    estimator = harness.estimator("netinfof/nui")
    estimator.warm_up()
    needs("sklearn.cluster", "infoharness[netinfof]")  # an import is no cost of the method
    seconds, found = _timed(estimator, data, args.seed)
    title = f"{Path(args.file).name}: {_described(data)}"
    to_terminal([_table(found, title)], sys.stdout)
    print(options.filled(promise(found, links, seconds), "", ""))
    for name in ("netinfof-act", *([] if args.train == "none" else [args.train])):
        try:
            took, predicted = _timed(harness.estimator(f"netinfof/{name}"), data, args.seed)
        except (Incompatible, MissingDependency) as error:
            options.say(f"{name}: {error}")
            continue
        scores = task.score(case, predicted)
        print(options.filled(_reached(name, scores, data, took, seconds), "", ""))
    if picture:
        draw = partial(_draw, found=found, title=title)
        figures.write(picture, draw, title, options.command())
        options.say(f"components in {picture}")
    return 0


def _timed(estimator: Any, data: Kind, seed: int) -> tuple[float, Any]:
    started = time.perf_counter()
    found = estimator.estimate(data, rng=stream(seed, "graph"))
    return time.perf_counter() - started, found


def _described(data: Kind) -> str:
    assert isinstance(data, Graph | Links)
    features = 0 if data.features is None else data.features.shape[1]
    counts = ((data.nodes, "node"), (len(data.edges), "edge"), (features, "feature"))
    parts = ", ".join(counted(count, what) for count, what in counts)
    return f"{parts}, {data.n_classes} classes" if isinstance(data, Graph) else f"links, {parts}"


def _scores(found: Estimate) -> dict[str, tuple[float, float]]:
    """By component: its score, and the accuracy of the best guess from its bins."""
    told = found.diagnostics
    have = [name for name in COMPONENTS if f"score_{name}" in told]
    if not have:  # one component: its figures are the value's
        one = str(told["component"])
        return {one: (found.value, float(told["plug_in_accuracy"]))}
    return {c: (float(told[f"score_{c}"]), float(told[f"accuracy_{c}"])) for c in have}


def _table(found: Estimate, title: str) -> Table:
    scores = _scores(found)
    best = max(value for value, _ in scores.values())
    rows = tuple(
        (f"{name} {NAMES[name]}", (Cell(value, best=value == best), Cell(accuracy)))
        for name, (value, accuracy) in scores.items()
    )
    return Table(title, "component", (Column("NUI"), Column("accuracy")), rows, NOTES)


def promise(found: Estimate, links: bool, seconds: float) -> str:
    """What the score says, in two sentences."""
    told = found.diagnostics
    best, judged = str(told["component"]), told["judged"]
    unit = "pairs" if links else "nodes"
    said = (
        f"NUI {number(found.value)}, from component {best} ({NAMES[best]}), in {seconds:.1f} s: "
        f"the best guess from its bins is right for at least {found.value:.1%} of the {judged} "
        f"{unit} that were counted"
    )
    if "null" in told:
        said += f"; with shuffled labels it is {number(float(told['null']))}"
    if links:
        said += ". Of Hits@k the theorem promises nothing; it was measured instead"
    return f"{said}."


def _reached(name: str, scores: dict[str, float], data: Kind, took: float, seconds: float) -> str:
    if isinstance(data, Links):
        reached = f"Hits@{data.k} {scores['hits']:.1%} and AUC {number(scores['auc'])}"
    else:
        reached = f"{scores['accuracy']:.1%} of the test nodes"
    what = "The linear model netinfof-act" if name == "netinfof-act" else f"Training {name}"
    return f"{what} took {took:.1f} s, {took / seconds:.1f} times the probe, and reached {reached}."


def _draw(figure: Any, found: Estimate, title: str) -> None:
    scores = _scores(found)
    figure.set_size_inches(6.4, 3.2)
    axes = figure.subplots()
    names = [f"{NAMES[name]} ({name})" for name in scores]
    axes.barh(names, [value for value, _ in scores.values()], color="C0", label="NUI")
    axes.plot([a for _, a in scores.values()], names, "D", color="C1", label="accuracy of its bins")
    if "null" in found.diagnostics:
        chance = float(found.diagnostics["null"])
        axes.axvline(chance, color="0.3", ls="--", label="NUI with shuffled labels")
    axes.invert_yaxis()
    axes.set_xlim(0.0, 1.0)
    axes.set_title(title, fontsize="medium")
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.12), ncols=3, fontsize="small")
