"""Makers of small valid data, one for each shared kind. A new shared kind needs one here."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.kinds import (
    Activations,
    AttentionMaps,
    AttentionProfile,
    ChannelLogLikelihoods,
    ConditionedSamples,
    Contexts,
    Environments,
    GeneratedText,
    Graph,
    HiddenStates,
    Kind,
    LabelledSamples,
    LabelledText,
    LabelLogProbabilities,
    Links,
    PairedSamples,
    ReferencedText,
    Samples,
    SparseCodes,
    Split,
    Structures,
    TokenLogProbabilities,
    TokenSequences,
)

GRID = 2.0**-20
"""Coordinates are multiples of it, so that shifts by whole numbers are exact in floating point."""


def discrete_pairs(
    rng: np.random.Generator, n: int, codes: int = 4, flip: float = 0.2
) -> PairedSamples:
    """Pairs of integer codes: y is x, or with probability ``flip`` one of the other codes."""
    x = rng.integers(codes, size=n)
    y = np.where(rng.random(n) < flip, (x + rng.integers(1, codes, size=n)) % codes, x)
    return PairedSamples(as_column(x), as_column(y), "discrete", "discrete")


def mixed_pairs(rng: np.random.Generator, n: int, codes: int = 3) -> PairedSamples:
    """A continuous x about one of some means, and the integer code of the mean."""
    y = rng.integers(codes, size=n)
    return PairedSamples(
        on_grid(as_column(y) + rng.normal(size=(n, 1))), as_column(y), y_kind="discrete"
    )


def as_column(codes: Any) -> NDArray[np.float64]:
    """Integer codes as a table of one column."""
    return np.asarray(codes, np.float64).reshape(-1, 1)


def on_grid(x: Any) -> Any:
    """Round to multiples of `GRID`."""
    return np.rint(np.asarray(x) / GRID) * GRID


def _samples(rng: np.random.Generator, n: int) -> Samples:
    return Samples(on_grid(rng.normal(size=(n, 2))))


def _pairs(rng: np.random.Generator, n: int) -> PairedSamples:
    x = rng.normal(size=(n, 2))
    return PairedSamples(on_grid(x), on_grid(0.8 * x + 0.6 * rng.normal(size=(n, 2))))


def _conditioned(rng: np.random.Generator, n: int) -> ConditionedSamples:
    z, x, y = rng.normal(size=(3, n, 1))
    return ConditionedSamples(on_grid(z + x), on_grid(z + 0.8 * x + 0.6 * y), on_grid(z))


def _labelled(rng: np.random.Generator, n: int) -> LabelledSamples:
    y = rng.permutation(np.arange(n) % min(3, n))
    return LabelledSamples(on_grid(rng.normal(size=(n, 2)) + 2.0 * y[:, None]), y)


def _texts(rng: np.random.Generator, n: int) -> LabelledText:
    """A word for the class among words that say nothing; no text twice."""
    y = rng.permutation(np.arange(n) % min(3, n))
    fill = np.array(["near", "far", "old", "new", "red", "blue", "one", "two"])[
        rng.integers(8, size=(n, 3))
    ]
    words = ("tree", "stone", "river")
    texts = tuple(f"{' '.join(fill[i])} {words[y[i]]} {i}" for i in range(n))
    return LabelledText(
        texts, y, words[: min(3, n)], None, groups=_groups(n), wrong=np.arange(n) % 7 == 3
    )


def _label_probabilities(rng: np.random.Generator, n: int) -> LabelLogProbabilities:
    y = rng.permutation(np.arange(n) % min(3, n))
    scores = rng.normal(size=(n, 3)) + 2.0 * np.eye(3)[y]
    full = scores - np.log(np.exp(scores).sum(1, keepdims=True))
    null = np.full((n, 3), -np.log(3.0))
    rows, held = np.arange(n), np.ones(n, bool)
    return LabelLogProbabilities(
        full, null, y, ("a", "b", "c"), held, rows, groups=_groups(n), wrong=np.arange(n) % 7 == 3
    )


def _referenced(rng: np.random.Generator, n: int) -> ReferencedText:
    numbers = rng.integers(10, 99, size=(n, 2))
    texts = tuple(
        f"Case {i} adds {a} and {b}. Their sum is wanted." for i, (a, b) in enumerate(numbers)
    )
    return ReferencedText(texts, tuple(f"It is {a + b}." for a, b in numbers), _groups(n))


def _generated(rng: np.random.Generator, n: int) -> GeneratedText:
    wanted = rng.integers(10, 99, size=n)
    written = wanted + rng.integers(0, 2, size=n)
    return GeneratedText(
        tuple(f"It is {a}." for a in written), tuple(f"It is {a}." for a in wanted), _groups(n)
    )


def _environments(rng: np.random.Generator, n: int) -> Environments:
    """Bags of 2 to 6 vectors around a few centres, and a few far from all."""
    counts = rng.integers(2, 7, size=n)
    total = int(counts.sum())
    x = 0.02 * rng.normal(size=(total, 3)) + 0.1 * rng.integers(0, 3, size=(total, 1))
    x[rng.random(total) < 0.05] += 1.0
    cuts = np.concatenate([[0], np.cumsum(counts)])
    return Environments(on_grid(x), cuts, groups=_groups(n), sizes=_sizes(n))


def _structures(rng: np.random.Generator, n: int) -> Structures:
    """Periodic face-centred cells of copper, strained and rattled, with smooth energies and forces."""
    corner = np.array([[0.0, 0.0, 0.0], [0.0, 0.5, 0.5], [0.5, 0.0, 0.5], [0.5, 0.5, 0.0]])
    edges = 3.6 * (1.0 + 0.05 * rng.normal(size=(n, 1, 1)))
    rattle = 0.08 * rng.normal(size=(n, 4, 3))
    return Structures(
        numbers=np.full(4 * n, 29),
        positions=on_grid((edges * corner + rattle).reshape(-1, 3)),
        offsets=4 * np.arange(n + 1),
        cells=on_grid(edges * np.eye(3)),
        pbc=np.ones((n, 3), bool),
        energies=(rattle**2).sum((1, 2)) - 14.0,
        forces=(-2.0 * rattle).reshape(-1, 3),
        groups=_groups(n),
        sizes=_sizes(n),
    )


def _cuts(rng: np.random.Generator, n: int) -> NDArray[np.int64]:
    """Offsets of n sequences of 6 to 11 tokens."""
    return np.concatenate([[0], np.cumsum(rng.integers(6, 12, size=n))])


def _tokens(rng: np.random.Generator, n: int) -> TokenSequences:
    """Counts that go up by one or two, modulo 4."""
    cuts = _cuts(rng, n)
    return TokenSequences(np.cumsum(rng.integers(1, 3, size=cuts[-1])) % 4, cuts, 4)


def _token_log_p(rng: np.random.Generator, n: int) -> TokenLogProbabilities:
    cuts = _cuts(rng, n)
    total = int(cuts[-1])
    context = np.arange(total) - np.repeat(cuts[:-1], np.diff(cuts))
    return TokenLogProbabilities(
        np.log(on_grid(rng.uniform(0.1, 1.0, total))), np.ones(total, int), context, cuts
    )


def _hidden(rng: np.random.Generator, n: int) -> HiddenStates:
    cuts = _cuts(rng, n)
    return HiddenStates(
        on_grid(rng.normal(size=(cuts[-1], 3))), rng.integers(4, size=cuts[-1]), cuts, 1, 2
    )


def _attention(rng: np.random.Generator, n: int, t: int = 6) -> NDArray[np.float64]:
    """Causal maps of two layers of two heads ``(n, 2, 2, t, t)``."""
    weights = np.exp(rng.normal(size=(n, 2, 2, t, t))) * np.tri(t)
    return np.asarray(weights / weights.sum(-1, keepdims=True))


def _maps(rng: np.random.Generator, n: int) -> AttentionMaps:
    return AttentionMaps(_attention(rng, n), broken=None)


def _profile(rng: np.random.Generator, n: int) -> AttentionProfile:
    a = _attention(rng, n)
    entropy = -(a * np.log(np.where(a > 0, a, 1.0))).sum(-1)
    network = '{"layers": 2, "heads": 2, "width": 8, "norm": "layer", "activation": "gelu", "feed_forward": "standard"}'
    return AttentionProfile(
        entropy,
        broken=None,
        log_p=-on_grid(rng.uniform(0.1, 2.0, (n, a.shape[-1]))),
        network=network,
    )


def _contexts(rng: np.random.Generator, n: int) -> Contexts:
    """Sentences that say the answer."""
    colours = ("red", "green", "blue")
    answers = tuple(colours[i] for i in rng.integers(3, size=n))
    texts = tuple(f"The box is {answer} and weighs {i} kg." for i, answer in enumerate(answers))
    return Contexts(texts, answers, query="What colour is the box?", options=colours)


def _channel(rng: np.random.Generator, n: int) -> ChannelLogLikelihoods:
    """Two compressions a context, each about 20 nats likelier under its own."""
    log_p = -on_grid(rng.uniform(20.0, 30.0, (n, 2, n)) - 20.0 * np.eye(n)[:, None])
    correct = rng.integers(0, 2, (n, 2)).astype(np.float64)
    return ChannelLogLikelihoods(log_p, rng.integers(3, 9, (n, 2)), correct=correct)


def _activations(rng: np.random.Generator, n: int) -> Activations:
    """Sparse codes of six features through four units, with labels."""
    codes = rng.random((n, 6)) * (rng.random((n, 6)) < 0.4)
    return Activations(
        on_grid(codes @ rng.normal(size=(6, 4))), np.arange(n) % 2, layer="hidden", accuracy=0.9
    )


def _sparse_codes(rng: np.random.Generator, n: int) -> SparseCodes:
    """Autoencoders of eight features each, one of them dead."""
    counts = rng.integers(1, 10, size=(n, 10, 8))
    counts[:, :, -1] = 0
    mass, flat = on_grid(rng.random(counts.shape) * counts), np.full(n, 0.1)
    return SparseCodes(mass, counts, flat, np.ones(n), flat, units=4, samples=100, layer="hidden")


def _communities(rng: np.random.Generator, n: int) -> tuple[Any, Any, Any]:
    """Edges within two communities (a few between them), features that say which, and the community of each node."""
    labels = np.arange(n) % 2
    chance = np.where(labels[:, None] == labels, 0.4, 0.05)
    edges = np.argwhere(np.triu(rng.random((n, n)) < chance, 1))
    return edges, on_grid(rng.normal(size=(n, 3)) + 2.0 * labels[:, None]), labels


def _graph(rng: np.random.Generator, n: int) -> Graph:
    edges, features, labels = _communities(rng, n)
    return Graph(n, edges, features, labels, weights=None)


def _links(rng: np.random.Generator, n: int) -> Links:
    """Pairs of a graph of 24 nodes, half of them linked."""
    nodes, half = 24, n // 2
    edges, features, _ = _communities(rng, nodes)
    rest = np.argwhere(np.triu(np.ones((nodes, nodes), bool), 1))
    apart = rest[~(rest[:, None] == edges[None]).all(2).any(1)]
    linked, unlinked = rng.permutation(edges)[:half], rng.permutation(apart)[: n - half]
    y = np.repeat([1, 0], [len(linked), len(unlinked)])
    return Links(nodes, edges, np.concatenate([linked, unlinked]), y, features, k=2)


def held_out(data: Links, rng: np.random.Generator) -> Links:
    """Linked and unlinked pairs in every part; held-out links are edges no more."""
    role = np.empty(data.n, np.int64)
    for y in (0, 1):
        pairs = rng.permutation(np.flatnonzero(data.y == y))
        role[pairs] = np.array([0, 0, 0, 1, 2])[np.arange(len(pairs)) % 5]
    held = data.pairs[(role > 0) & (data.y == 1)]
    known = data.edges[~(data.edges[:, None] == held[None]).all(2).any(1)]
    split = Split(*(np.flatnonzero(role == part) for part in (0, 2, 1)))
    return dataclasses.replace(data, edges=known, split=split)


def _groups(n: int) -> tuple[str, ...]:
    return tuple("ab"[i % 2] for i in range(n))


def _sizes(n: int) -> tuple[int, ...]:
    return tuple(sorted({max(1, n // 8), max(1, n // 4), max(1, n // 2)}))


MAKERS: dict[type[Kind], Any] = {
    Samples: _samples,
    PairedSamples: _pairs,
    ConditionedSamples: _conditioned,
    LabelledSamples: _labelled,
    LabelledText: _texts,
    LabelLogProbabilities: _label_probabilities,
    ReferencedText: _referenced,
    GeneratedText: _generated,
    Environments: _environments,
    Structures: _structures,
    TokenSequences: _tokens,
    TokenLogProbabilities: _token_log_p,
    HiddenStates: _hidden,
    AttentionMaps: _maps,
    AttentionProfile: _profile,
    ChannelLogLikelihoods: _channel,
    Contexts: _contexts,
    Activations: _activations,
    SparseCodes: _sparse_codes,
    Graph: _graph,
    Links: _links,
}
