"""``harness layers``: what the layers of a causal language model do with a text."""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Container
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

import harness
from harness import (
    AttentionProfile,
    Estimate,
    Floats,
    Incompatible,
    Kind,
    MissingDependency,
    TokenSequences,
    UsageError,
    stream,
)
from harness.commands import figures, listening, options
from harness.files import read_text
from harness.tables import Cell, Column, Table, number, to_terminal
from harness_entropy_attention.heads import rows
from harness_entropy_attention.reports.heatmap import draw

MEASURES = {
    "effective-rank": "rank",
    "participation-ratio": "directions",
    "two-nn": "dimension",
}
"""Measures of activations, and what heads their columns."""
SHADES = "▁▂▃▄▅▆▇█"
WIDEST = 24
"""Heads of a layer that a table shows one by one."""
NARROW = 128
"""Units of a layer up to which autoencoders are trained unasked, in seconds."""
QUICK = {"copies": 1, "epochs": 1, "steps": 500}
"""Training of the autoencoders: enough for a look."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this verb."""
    parser.add_argument("model", metavar="MODEL", help="folder of a checkpoint, or Hugging Face id")
    parser.add_argument("--text", required=True, metavar="FILE", help="text that is read (UTF-8)")
    for name, default, what in (
        ("window", 128, "tokens that are read together"),
        ("windows", 16, "windows whose attention is read"),
        ("tokens", 1000, "tokens whose activations are measured"),
        ("seed", 0, "seed of what is drawn"),
    ):
        parser.add_argument(
            f"--{name}", type=int, default=default, metavar="N", help=f"{what} (default: {default})"
        )
    parser.add_argument("--device", default="cpu", metavar="NAME", help="such as cuda")
    parser.add_argument(
        "--autoencoders",
        choices=("auto", "always", "never"),
        default="auto",
        help=f"train them for effective features (auto: in layers of at most {NARROW} units)",
    )
    parser.add_argument("--plot", metavar="FILE", help="heat map of heads, and lines, as a figure")


def run(args: argparse.Namespace) -> int:
    """Read attention, then activations; a row per layer."""
    picture = figures.target(args.plot) if args.plot else None
    text = np.frombuffer(read_text(Path(args.text)).encode(), np.uint8).astype(np.int64)
    if not text.size:
        raise UsageError(f"{args.text}: an empty file; wanted a text")
    data = TokenSequences(text, np.array([0, len(text)]), 256, "bytes")
    model: dict[str, Any] = {"model": args.model, "window": args.window, "device": args.device}
    options.say("reading attention")
    profile = harness.model("lm/hf-causal-lm-attention", limit=args.windows, **model).transform(
        data, to=AttentionProfile, rng=stream(args.seed)
    )
    found = rows(profile)
    heads, maximum = found.heads(), found.maximum()
    options.say("reading activations")
    notes: list[str] = []
    with listening(notes):
        measured = _measured(args, model)
    title = f"{args.model} on {Path(args.text).name}"
    to_terminal([_table(title, heads, maximum, measured)], sys.stdout)
    told = explained(maximum, measured)
    print("\n".join(options.filled(note, "", "") for note in [*told, *notes]) + "\n")
    loss = harness.estimator("lm/cross-entropy").estimate(profile, rng=stream(args.seed))
    print(options.filled(closing(loss, heads / maximum), "", ""))
    if picture:
        lines = {name: [e.value if e else math.nan for e in v] for name, v in measured.items()}
        draw = partial(_draw, heads=heads, maximum=maximum, lines=lines)
        figures.write(picture, draw, title, options.command())
        options.say(f"heads and layers in {picture}")
    return 0


def _measured(args: argparse.Namespace, model: dict[str, Any]) -> dict[str, list[Estimate | None]]:
    """By column, a figure for every layer, the embedding first; None where one does not suit."""
    task = harness.task("networks/lm-layers", text=args.text, tokens=args.tokens, **model)
    layers = [case.load() for case in task.cases(seed=args.seed)]
    found: dict[str, list[Estimate | None]] = {}
    for name, head in MEASURES.items():
        found[head] = [_estimated(f"superposition/{name}", layer, args.seed) for layer in layers]
    width = max(layer.x.shape[1] for layer in layers)
    if args.autoencoders == "auto" and width > NARROW:
        options.say(
            f"effective features are left out: {len(layers)} layers of {width} units, and above "
            f"{NARROW} an autoencoder for each takes minutes; --autoencoders always trains them"
        )
    elif args.autoencoders != "never":
        sae = harness.model("superposition/sae", device=args.device, **QUICK)
        found["features"] = []
        for layer in layers:
            try:
                codes = sae.transform(layer, to=Kind, rng=stream(args.seed))
            except (Incompatible, MissingDependency) as error:
                options.say(str(error))
                found["features"].append(None)
                continue
            one = _estimated("superposition/effective-features", codes, args.seed)
            found["features"].append(one)
    return found


def _estimated(name: str, data: Kind, seed: int) -> Estimate | None:
    try:
        found: Estimate = harness.estimator(name).estimate(data, rng=stream(seed, "layers"))
    except (Incompatible, harness.DataError, MissingDependency) as error:
        options.say(f"{name}: {error}")
        return None
    return found


def _table(
    title: str,
    heads: Floats,
    maximum: float,
    measured: dict[str, list[Estimate | None]],
) -> Table:
    body = []
    for layer in range(len(heads) + 1):
        cells = [Cell(text="–"), Cell(text="–")]
        if layer:
            own = heads[layer - 1]
            cells = [Cell(float(np.nanmean(own))), Cell(text=shaded(own / maximum))]
        for values in measured.values():
            one = values[layer]
            cells.append(Cell(one.value) if one else Cell(text="–"))
        body.append((str(layer) if layer else "embedding", tuple(cells)))
    columns = (Column("attention", "nats"), Column("heads"), *map(Column, measured))
    return Table(title, "layer", columns, tuple(body))


def explained(maximum: float, columns: Container[str]) -> list[str]:
    """What the columns of the table are."""
    features = "; features: by a sparse autoencoder" if "features" in columns else ""
    return [
        f"attention: mean entropy of rows, at most {number(maximum)} nats; heads: each from "
        f"{SHADES[0]} one-hot to {SHADES[-1]} uniform",
        "rank: effective rank; directions: participation ratio; dimension: intrinsic dimension "
        f"(two-nn){features}",
    ]


def shaded(shares: Floats) -> str:
    """A character per head, from one-hot to uniform; ``?`` for a head that is NaN."""
    marks = [
        SHADES[min(int(share * len(SHADES)), len(SHADES) - 1)] if np.isfinite(share) else "?"
        for share in shares
    ]
    return "".join(marks[:WIDEST]) + ("…" if len(marks) > WIDEST else "")


def closing(loss: Estimate, shares: Floats) -> str:
    """What the model needs for a token, and how its heads attend, in two sentences."""
    uniform, one_hot = int((shares > 0.9).sum()), int((shares < 0.1).sum())
    return (
        f"Cross-entropy {number(loss.value)} nats per token ({number(loss.value / math.log(2))} "
        f"bits, perplexity {number(math.exp(loss.value))}). Of {shares.size} heads {uniform} are "
        f"nearly uniform (above 0.9 of the maximum) and {one_hot} nearly one-hot (below 0.1)."
    )


def _draw(figure: Any, heads: Floats, maximum: float, lines: dict[str, list[float]]) -> None:
    """The heat map of the report `heatmap`, and what is measured against the layer below it."""
    from matplotlib.ticker import LogLocator, NullLocator

    above = max(0.4 * len(heads) + 1.2, 4.0)  # room for the label of the colour bar
    figure.set_size_inches(max(6.0, 0.5 * heads.shape[1] + 2), above + 3.0)
    upper, lower = figure.subfigures(2, 1, height_ratios=(above, 3.0))
    draw(upper, {"attention entropy": (heads, maximum)})
    layers = range(len(heads) + 1)
    upper.axes[0].set_yticks(range(len(heads)), layers[1:])  # as in the table: after the embedding
    axes = lower.subplots()
    for name, values in lines.items():
        axes.plot(layers, values, "o-", ms=3, label=name)
    axes.set_xlabel("layer (0: embedding)")
    axes.set_xticks(layers)
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter("{x:g}")  # 20, not 2 x 10^1
    axes.grid(color="0.92")
    axes.legend(fontsize="small")
