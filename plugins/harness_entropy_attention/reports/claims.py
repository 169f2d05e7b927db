"""What the paper claims, measured on records: ``harness report entropy_attention/claims RECORDS``.

Records of `attention-entropy` and `cross-entropy` on `attention-architectures` are read. Every
claim is a number per seed that is to lie above 0, with the seeds in which it does.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from harness import Document, Finding, Floats, Record, Records, UsageError
from harness_entropy_attention.heads import shares
from harness_entropy_attention.reports.heatmap import heads_of, named

TASK = "attention-architectures"
NEAR = 0.9
"""From this share of the causal maximum on a layer counts as uniform."""
LOW, HIGH = 0.25, 0.75
"""Shares of the causal maximum below which a head is collapsed, and from which on it is
overloaded."""
MARGINS = "regularised-"
"""How the cases of several margins begin; that of 0.2, the paper's, then stands for
``regularised``."""


@dataclass(frozen=True)
class Network:
    """One trained network: entropies of its heads ``(layers, heads)``, what they can be at most,
    and its loss."""

    heads: Floats
    maximum: float
    loss: float

    @property
    def layers(self) -> Floats:
        """Mean entropies of layers as shares of the causal maximum; heads without a sound row
        are left out."""
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
    """That a number of the networks named in ``wants`` is above (or with ``strict=False`` at
    least) 0, seed by seed."""

    question: str
    says: str
    wants: tuple[str, ...]
    measure: Callable[..., float]
    strict: bool = True


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

    Raises `UsageError` where there are none, or where one case and seed has several values, as
    records of different settings do.
    """
    rows = [row for row in rows if row.task.rpartition("/")[2] == TASK]
    found: dict[str, dict[tuple[int, str], Record]] = {}
    for name in ("attention-entropy", "cross-entropy"):
        found[name] = {}
        for row in named(rows, name):
            first = found[name].setdefault((row.seed, row.case), row)
            if first.value != row.value:
                raise UsageError(
                    f"{row.case}, seed {row.seed}: {name} is {first.value} and {row.value}; "
                    "wanted records of one setting"
                )
    result: dict[int, dict[str, Network]] = {}
    for seed, case in sorted(found["attention-entropy"].keys() & found["cross-entropy"].keys()):
        heads, maximum = heads_of(found["attention-entropy"][seed, case])
        loss = found["cross-entropy"][seed, case].value
        assert loss is not None  # the run ended well
        result.setdefault(seed, {})[case] = Network(heads, maximum, loss)
        if case == f"{MARGINS}0.2":
            result[seed].setdefault("regularised", result[seed][case])
    if not result:
        raise UsageError(
            f"no case of {TASK} with both attention-entropy and cross-entropy; wanted records of "
            "both"
        )
    return result


def judged(found: dict[int, dict[str, Network]]) -> list[Claim]:
    """All claims; those about margins are as many as there are pairs of neighbouring margins."""
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
    return claims


def findings(found: dict[int, dict[str, Network]]) -> list[Finding]:
    """Every claim, with the seeds that can speak to it."""
    return [
        Finding(c.says, tuple(_values(c, found)), paper=c.question, sign=1, strict=c.strict)
        for c in judged(found)
    ]


def _values(claim: Claim, found: dict[int, dict[str, Network]]) -> Iterator[float]:
    for nets in found.values():
        if all(name in nets for name in claim.wants):
            yield float(claim.measure(*(nets[name] for name in claim.wants)))


def _early(network: Network) -> float:
    layers = network.layers
    return float(layers[: max(1, len(layers) // 2)].mean())


def _margin(case: str) -> float | None:
    try:
        return float(case.removeprefix(MARGINS)) if case.startswith(MARGINS) else None
    except ValueError:
        return None


@dataclass(frozen=True)
class Claims:
    """The orderings of sections 3 to 5 and of the tables."""

    def make(self, records: Records) -> Document:
        """All claims, and the architectures that some of them lack.

        Raises `UsageError` as `networks` does.
        """
        found = networks(records)
        there = set.intersection(*map(set, found.values()))
        lacking = sorted({name for claim in judged(found) for name in claim.wants} - there)
        seeds = ", ".join(map(str, found))
        text = f"Every number is claimed to be above 0. Seeds {seeds}."
        if lacking:
            text += f" Claims are not judged for want of {', '.join(lacking)} in these records."
        return Document(text, tuple(findings(found)))
