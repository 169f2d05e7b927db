"""Laws to draw fresh data of a kind from, with what is known of them in nats.

Every kind has besides, under ``example`` and ``known 1`` ..., what its class draws.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
from scipy.special import gammaln, psi

from harness import (
    ChannelLogLikelihoods,
    ConditionedSamples,
    Floats,
    Kind,
    LabelledSamples,
    LabelLogProbabilities,
    PairedSamples,
    Samples,
)

RHO = 0.8
FREEDOM = 5
"""Degrees of freedom of Student's law: moments below the fifth exist."""
NORMAL = -0.5 * math.log(1 - RHO**2)
CONTEXTS = 40


@dataclass(frozen=True)
class Law:
    """``draw(rng, n)`` gives n independent units; ``truths`` by name of the quantity."""

    name: str
    draw: Callable[[np.random.Generator, int], Kind]
    truths: Mapping[str, float] = field(default_factory=dict)
    n: int = 1000


def _normal(rng: np.random.Generator, n: int, rho: float = RHO) -> tuple[Floats, Floats]:
    x, noise = rng.normal(size=(2, n, 1))
    return x, rho * x + math.sqrt(1 - rho**2) * noise


def _student(rng: np.random.Generator, n: int, freedom: int = FREEDOM) -> tuple[Floats, Floats]:
    scale = np.sqrt(freedom / rng.chisquare(freedom, size=(n, 1)))
    x, y = _normal(rng, n)
    return x * scale, y * scale


def _student_information(v: float) -> float:
    """What two variables of one Student law tell of each other beyond their correlation."""
    h = [
        gammaln(v / 2) - gammaln((v + d) / 2) + (v + d) / 2 * (psi((v + d) / 2) - psi(v / 2))
        for d in (1, 2)
    ]
    constants = [0.5 * d * math.log(v * math.pi) for d in (1, 2)]
    return float(2 * (h[0] + constants[0]) - (h[1] + constants[1])) + NORMAL


def _bent(rng: np.random.Generator, n: int) -> tuple[Floats, Floats]:
    x, noise = rng.normal(size=(2, n, 1))
    return x, x**2 + 0.5 * noise


JOINT = np.array([[0.3, 0.05, 0.02], [0.05, 0.2, 0.05], [0.01, 0.02, 0.3]])
ENTROPY = -float((JOINT * np.log(JOINT)).sum())
SIDES = [JOINT.sum(1), JOINT.sum(0)]
MARGINAL = [-float((p * np.log(p)).sum()) for p in SIDES]


def _codes(rng: np.random.Generator, n: int) -> tuple[Floats, Floats]:
    cell = rng.choice(JOINT.size, size=n, p=JOINT.ravel())
    return (cell // 3)[:, None].astype(float), (cell % 3)[:, None].astype(float)


def _pairs() -> Iterator[Law]:
    def pair(draw: Callable[..., tuple[Floats, Floats]]) -> Callable[..., PairedSamples]:
        return lambda rng, n: PairedSamples(*draw(rng, n))

    name = "mutual_information"
    yield Law("normal", pair(_normal), {name: NORMAL})
    yield Law("independent", lambda rng, n: PairedSamples(*_normal(rng, n, 0.0)), {name: 0.0})
    yield Law("student", pair(_student), {name: _student_information(FREEDOM)})
    yield Law(
        "lognormal", lambda rng, n: PairedSamples(*map(np.exp, _normal(rng, n))), {name: NORMAL}
    )
    yield Law("bent", pair(_bent))

    def discrete(rng: np.random.Generator, n: int) -> PairedSamples:
        return PairedSamples(*_codes(rng, n), "discrete", "discrete")

    def labelled(rng: np.random.Generator, n: int) -> PairedSamples:
        y = rng.choice(3, size=(n, 1), p=[0.5, 0.3, 0.2])
        return PairedSamples(y + rng.normal(size=(n, 1)), y.astype(float), y_kind="discrete")

    yield Law("discrete", discrete, {name: sum(MARGINAL) - ENTROPY})
    yield Law("labelled", labelled)


def _vectors() -> Iterator[Law]:
    entropy = 0.5 * math.log(2 * math.pi * math.e)
    yield Law(
        "normal", lambda rng, n: Samples(rng.normal(size=(n, 3))),
        {"entropy": 3 * entropy, "intrinsic_dimension": 3.0},
    )  # fmt: skip
    yield Law("student", lambda rng, n: Samples(np.hstack(_student(rng, n))))
    yield Law(
        "lognormal",
        lambda rng, n: Samples(np.exp(rng.normal(size=(n, 1)))),
        {"entropy": entropy, "intrinsic_dimension": 1.0},
    )

    def surface(rng: np.random.Generator, n: int) -> Samples:
        u, v = rng.random((2, n))
        turn = 1.5 * math.pi * (1 + 2 * u)
        return Samples(np.column_stack([turn * np.cos(turn), 20 * v, turn * np.sin(turn)]))

    yield Law("surface", surface, {"intrinsic_dimension": 2.0})
    yield Law(
        "discrete", lambda rng, n: Samples(_codes(rng, n)[0]), {"entropy": MARGINAL[0]}
    )  # fmt: skip


def _triples() -> Iterator[Law]:
    name = "conditional_mutual_information"

    def triple(draw: Callable[..., tuple[Floats, Floats]]) -> Callable[..., ConditionedSamples]:
        def drawn(rng: np.random.Generator, n: int) -> ConditionedSamples:
            z = rng.normal(size=(n, 1))
            x, y = draw(rng, n)
            return ConditionedSamples(x + z, y + z, z)

        return drawn

    yield Law("normal", triple(_normal), {name: NORMAL})
    yield Law("student", triple(_student), {name: _student_information(FREEDOM)})

    def discrete(rng: np.random.Generator, n: int) -> ConditionedSamples:
        x, y = _codes(rng, n)
        z = rng.choice(2, size=(n, 1)).astype(float)
        return ConditionedSamples((x + z) % 3, (y + z) % 3, z, "discrete", "discrete", "discrete")

    yield Law("discrete", discrete, {name: sum(MARGINAL) - ENTROPY})


def _classes() -> Iterator[Law]:
    def clouds(rng: np.random.Generator, n: int) -> LabelledSamples:
        y = rng.choice(3, size=n, p=[0.5, 0.3, 0.2])
        return LabelledSamples(rng.normal(size=(n, 2)) + y[:, None], y)

    yield Law("normal", clouds)


def _predicted(gains: tuple[float, ...]) -> Callable[[np.random.Generator, int], Kind]:
    """Log-probabilities of classes that are foretold with a gain of their own each."""

    def drawn(rng: np.random.Generator, n: int) -> LabelLogProbabilities:
        k = len(gains)
        y = rng.integers(k, size=n)
        scores = rng.normal(size=(n, k)) + np.array(gains)[y][:, None] * np.eye(k)[y]
        full = scores - np.log(np.exp(scores).sum(1, keepdims=True))
        names = tuple("abcdefgh"[:k])
        null, groups = (
            np.full((n, k), -math.log(k)),
            tuple(names[c] for c in rng.integers(k, size=n)),
        )
        wrong = rng.random(n) < 0.2
        return LabelLogProbabilities(
            full, null, y, names, np.ones(n, bool), np.arange(n), groups=groups, wrong=wrong
        )

    return drawn


def _predictions() -> Iterator[Law]:
    yield Law("equal slices", _predicted((1.0,) * 6))
    yield Law("unequal slices", _predicted((0.8, 0.9, 1.0, 1.5, 2.0, 3.0)))
    yield Law("one slice behind", _predicted((0.0, 2.0, 2.0)))


def _channels() -> Iterator[Law]:
    """Contexts from a population, with the law of their compressions."""

    def hidden(heavy: bool, noise: float) -> Callable[[np.random.Generator, int], Kind]:
        def drawn(rng: np.random.Generator, n: int) -> ChannelLogLikelihoods:
            x = rng.standard_t(3, size=n) if heavy else rng.normal(size=n)
            z = x[:, None] + noise * rng.normal(size=(n, 2))
            log_p = -0.5 * ((z[:, :, None] - x) / noise) ** 2  # beside a common constant
            return ChannelLogLikelihoods(log_p, np.full((n, 2), 5), correct=(abs(z) < 1) * 1.0)

        return drawn

    yield Law("normal", hidden(False, 0.5), n=CONTEXTS)
    yield Law("student", hidden(True, 0.5), n=CONTEXTS)
    yield Law("weak", hidden(False, 2.0), n=CONTEXTS)

    def discrete(rng: np.random.Generator, n: int) -> ChannelLogLikelihoods:
        p = rng.dirichlet(np.full(8, 0.4), size=n)
        z = np.array([rng.choice(8, size=2, p=row) for row in p])
        log_p = np.log(np.maximum(p.T[z], 1e-12))
        return ChannelLogLikelihoods(log_p, rng.integers(3, 9, (n, 2)))

    yield Law("discrete", discrete, n=CONTEXTS)


BY_KIND: dict[type[Kind], tuple[Law, ...]] = {
    PairedSamples: tuple(_pairs()),
    Samples: tuple(_vectors()),
    ConditionedSamples: tuple(_triples()),
    LabelledSamples: tuple(_classes()),
    LabelLogProbabilities: tuple(_predictions()),
    ChannelLogLikelihoods: tuple(_channels()),
}


def of(kind: type[Kind]) -> Iterator[Law]:
    """The laws of a kind, and what its class draws: ``example``, or ``known i`` with its truth."""
    yield from BY_KIND.get(kind, ())
    known = len(list(kind.known(np.random.default_rng(0), 16)))
    for i in range(known):

        def draw(rng: np.random.Generator, n: int, i: int = i) -> Kind:
            return [data for _, _, data in kind.known(rng, n)][i]

        quantity, truth, _ = list(kind.known(np.random.default_rng(0), 16))[i]
        yield Law(f"known {i + 1}", draw, {quantity: truth}, 300)
    if not known:
        yield Law("example", kind.example, n=150)
