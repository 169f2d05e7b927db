"""What the paper claims, measured on records: ``python -m harness_entropy_attention.claims RECORDS [...]``.

RECORDS are files of lines of ``harness run --task attention-architectures --format json``, or folders of them such as
a board's; `attention-entropy` and `cross-entropy` are read. Every claim is a number per seed that is to lie above or
below a limit, printed with the seeds in which it does.
"""

from __future__ import annotations

import argparse
import itertools
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tabulate import tabulate

from harness import HarnessError, Record, UsageError, read_records
from harness_entropy_attention.heads import Floats, shares
from harness_entropy_attention.heatmap import heads_of, named

TASK = "attention-architectures"
NEAR = 0.9
"""From this share of the causal maximum on a layer counts as uniform."""
LOW, HIGH = 0.25, 0.75
"""Shares of the causal maximum below which a head is collapsed, and from which on it is overloaded."""
MARGINS = "regularised-"
"""How the cases of several margins begin; that of 0.2, the paper's, then stands for ``regularised``."""


@dataclass(frozen=True)
class Network:
    """One trained network: entropies of its heads ``(layers, heads)``, what they can be at most, and its loss."""

    heads: Floats
    maximum: float
    loss: float

    @property
    def layers(self) -> Floats:
        """Mean entropies of layers as shares of the causal maximum; heads without a sound row are left out."""
        return np.asarray(np.nanmean(self.heads, axis=1) / self.maximum)

    @property
    def collapsed(self) -> float:
        """The share of collapsed heads."""
        return shares(self.heads, self.maximum, LOW, HIGH)[0]

    @property
    def overloaded(self) -> float:
        """The share of overloaded heads."""
        return shares(self.heads, self.maximum, LOW, HIGH)[2]


@dataclass(frozen=True)
class Claim:
    """That a number of the networks named in ``wants`` is above (or with ``strict=False`` at least) 0, seed by seed."""

    question: str
    says: str
    wants: tuple[str, ...]
    measure: Callable[..., float]
    strict: bool = True


@dataclass(frozen=True)
class Finding:
    """A claim with its value for every seed that has all networks it wants; none where no seed has."""

    claim: Claim
    values: dict[int, float]

    @property
    def held(self) -> int:
        """In how many seeds the claim holds."""
        return sum(v > 0 if self.claim.strict else v >= 0 for v in self.values.values())


def _loss(question: str, worse: str, better: str) -> Claim:
    return Claim(
        question,
        f"loss: {worse} less {better}, nats",
        (worse, better),
        lambda a, b: a.loss - b.loss,
    )


def _uniform(name: str) -> Iterator[Claim]:
    yield Claim(
        "Q1",
        f"{name}: first layer / causal maximum, less {NEAR}",
        (name,),
        lambda n: n.layers[0] - NEAR,
    )
    yield Claim(
        "Q1",
        f"{name}: first less last layer / causal maximum",
        (name,),
        lambda n: n.layers[0] - n.layers[-1],
    )


CLAIMS: tuple[Claim, ...] = (
    *itertools.chain.from_iterable(
        _uniform(name) for name in ("gelu", "relu", "softmax-only", "scaled-fused")
    ),
    Claim(
        "Q1",
        f"ln-gelu: {NEAR} less first layer / causal maximum",
        ("ln-gelu",),
        lambda n: NEAR - n.layers[0],
    ),
    Claim(
        "Q2",
        "overloaded: gelu less relu",
        ("gelu", "relu"),
        lambda a, b: a.overloaded - b.overloaded,
    ),
    Claim(
        "Q2",
        "overloaded: relu less ln-gelu",
        ("relu", "ln-gelu"),
        lambda a, b: a.overloaded - b.overloaded,
    ),
    _loss("Q3", "relu", "ln-gelu"),
    _loss("Q3", "gelu", "relu"),
    Claim(
        "Q3",
        "loss: ln-relu nearer to ln-gelu than to relu, nats",
        ("ln-relu", "ln-gelu", "relu"),
        lambda a, b, c: abs(c.loss - a.loss) - abs(a.loss - b.loss),
    ),
    _loss("table 2", "ln", "gelu"),
    Claim(
        "Q4",
        "collapsed: softmax-only less scaled-fused",
        ("softmax-only", "scaled-fused"),
        lambda a, b: a.collapsed - b.collapsed,
    ),
    Claim(
        "Q4",
        "collapsed: scaled-fused, negated (none)",
        ("scaled-fused",),
        lambda n: 0.0 - n.collapsed,
        strict=False,
    ),
    Claim(
        "Q5",
        "overloaded: temperature less regularised",
        ("temperature", "regularised"),
        lambda a, b: a.overloaded - b.overloaded,
    ),
    Claim(
        "Q5",
        "loss: temperature less regularised, nats",
        ("temperature", "regularised"),
        lambda a, b: a.loss - b.loss,
        strict=False,
    ),
    *(
        _loss("table 5", f"{norm}-norm-{maps}", f"{norm}-norm")
        for norm in ("weight", "spectral")
        for maps in ("qk", "qk-ffn", "qkv-ffn", "qkvo-ffn")
    ),
    *(_loss("table 6", f"{norm}-norm", "scaled") for norm in ("weight", "spectral")),
)
"""Orderings of sections 3 to 5, each written so that it holds where its number is above 0."""


def networks(rows: Iterable[Record]) -> dict[int, dict[str, Network]]:
    """By seed and case, from records that hold both measures.

    Raises `UsageError` where there are none, or where one case and seed has several values, as records of different
    settings do.
    """
    rows = [row for row in rows if row.task.rpartition("/")[2] == TASK]
    found: dict[str, dict[tuple[int, str], Record]] = {}
    for name in ("attention-entropy", "cross-entropy"):
        found[name] = {}
        for row in named(rows, name):
            first = found[name].setdefault((row.seed, row.case), row)
            if first.value != row.value:
                raise UsageError(
                    f"{row.case}, seed {row.seed}: {name} is {first.value} and {row.value}; wanted records "
                    "of one setting"
                )
    result: dict[int, dict[str, Network]] = {}
    for seed, case in sorted(found["attention-entropy"].keys() & found["cross-entropy"].keys()):
        heads, maximum = heads_of(found["attention-entropy"][seed, case])
        loss = found["cross-entropy"][seed, case].value
        result.setdefault(seed, {})[case] = Network(heads, maximum, loss)
        if case == f"{MARGINS}0.2":
            result[seed].setdefault("regularised", result[seed][case])
    if not result:
        raise UsageError(
            f"no case of {TASK} with both attention-entropy and cross-entropy; wanted records of both"
        )
    return result


def findings(found: dict[int, dict[str, Network]]) -> list[Finding]:
    """Every claim, with the seeds that can speak to it."""
    margins = sorted(
        {n for nets in found.values() for n in nets if _margin(n) is not None},
        key=lambda n: _margin(n) or 0,
    )
    claims = list(CLAIMS)
    early = "mean of the first half of the layers / causal maximum"
    if len(margins) > 1:
        claims += [
            Claim("Q6", f"{early}: {b} less {a}", (b, a), lambda b, a: _early(b) - _early(a))
            for a, b in itertools.pairwise(margins)
        ]
    else:
        wants = (f"{MARGINS}SMALL", f"{MARGINS}LARGE")
        claims.append(
            Claim(
                "Q6",
                f"{early}: larger less smaller margin",
                wants,
                lambda b, a: _early(b) - _early(a),
            )
        )
    return [Finding(claim, dict(_values(claim, found))) for claim in claims]


def _values(claim: Claim, found: dict[int, dict[str, Network]]) -> Iterator[tuple[int, float]]:
    for seed, nets in found.items():
        if all(name in nets for name in claim.wants):
            yield seed, float(claim.measure(*(nets[name] for name in claim.wants)))


def _early(network: Network) -> float:
    layers = network.layers
    return float(layers[: max(1, len(layers) // 2)].mean())


def _margin(case: str) -> float | None:
    try:
        return float(case.removeprefix(MARGINS)) if case.startswith(MARGINS) else None
    except ValueError:
        return None


def report(found: dict[int, dict[str, Network]]) -> str:
    """Claims that can be judged as a Markdown table, then those that cannot, with the architectures they lack."""
    everything = findings(found)
    lines = [
        (
            f.claim.question,
            f.claim.says,
            ", ".join(f"{value:+.3f}" for value in f.values.values()),
            f"{np.mean(list(f.values.values())):+.3f}",
            f"holds in {f.held} of {len(f.values)} seeds",
        )
        for f in everything
        if f.values
    ]
    seeds = ", ".join(map(str, found))
    parts = [f"Every number is claimed to be above 0. Seeds {seeds}."]
    if lines:
        parts.append(
            tabulate(
                lines, ("", "claim", f"seeds {seeds}", "mean", ""), "github", disable_numparse=True
            )
        )
    silent = [f.claim for f in everything if not f.values]
    if silent:
        there = set.intersection(*(set(nets) for nets in found.values()))
        lacking = sorted({name for claim in silent for name in claim.wants} - there)
        told = "\n".join(f"- {claim.question}: {claim.says}" for claim in silent)
        parts.append(f"Not judged, for want of {', '.join(lacking)} in these records:\n\n{told}")
    return "\n\n".join(parts)


def main(words: Iterable[str] | None = None) -> int:
    """Print the report, and return the exit status: 0, or 2 with one line on stderr."""
    parser = argparse.ArgumentParser(
        prog="python -m harness_entropy_attention.claims",
        description="The paper's claims on records.",
    )
    parser.add_argument(
        "records",
        type=Path,
        nargs="+",
        help="files of harness run --format json, or folders of them",
    )
    given = parser.parse_args(None if words is None else list(words))
    try:
        print(report(networks(read_records(*given.records))))
    except HarnessError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
