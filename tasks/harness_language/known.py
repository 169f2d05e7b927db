"""Languages whose entropy rate is known: no model can do better, and a good one comes near."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

import numpy as np

from harness import Case, Floats, Ints, Split, TokenSequences, UsageError, stream
from harness.quantities import CROSS_ENTROPY
from harness_language.settings import Languages

BURN_IN = 256
"""Number of symbols of a grammar that are discarded, so that sequences begin anywhere in it."""
BRANCH = 0.4
"""Probability that the grammar opens a bracket."""
STAY, FLIP, DEPTH = 0.9, 0.1, 12
"""Of `noisy`: probability that the state stays, and that its symbol is wrong; length of the blocks
that bound its rate."""


@dataclass(frozen=True)
class Language:
    """A stationary source.

    Attributes
    ----------
    symbols : number of symbols, which are 0 .. ``symbols`` - 1.
    rate : entropy rate in nats per symbol.
    draw : draws ``count`` sequences of a length ``(count, length)``.
    """

    symbols: int
    rate: float
    draw: Callable[[int, int, np.random.Generator], Ints]


class KnownEntropyLanguages(Languages):
    """One case for each language. Their distributions are fixed; what is drawn depends on the seed.

    The truth of ``cross_entropy`` is the entropy rate: since the sources are stationary, the
    expected cross-entropy of any model is at least that, at every place of a sequence.
    """

    def cases(self, *, seed: int) -> Iterable[Case]:
        """Cases by name.

        Raises `UsageError` where a language is named twice, or a part of the split would be empty.
        """
        if len(set(self.languages)) < len(self.languages):
            raise UsageError(
                f"known-entropy-languages.languages: {self.languages}; wanted each of them once"
            )
        count = round(self.train_share * self.sequences)
        if not 0 < count < self.sequences:
            raise UsageError(
                f"known-entropy-languages: {count} of {self.sequences} sequences are for training; "
                "wanted some in both parts"
            )
        for name in self.languages:
            language = LANGUAGES[name]()
            yield Case(
                id=name,
                data=partial(self._draw, name, count, seed),
                truth={CROSS_ENTROPY.name: language.rate},
                facts={"symbols": language.symbols, "length": self.length},
                stamp="",
            )

    def _draw(self, name: str, train: int, seed: int) -> TokenSequences:
        language = LANGUAGES[name]()
        ids = language.draw(
            self.sequences, self.length, stream(seed, "known-entropy-languages", name)
        )
        order = np.arange(self.sequences)
        cuts = self.length * np.arange(self.sequences + 1)
        return TokenSequences(
            ids.ravel(), cuts, language.symbols, split=Split(order[:train], order[train:])
        )


def entropy(p: Floats) -> float:
    """-sum p ln p over the last axis, in nats, of one distribution."""
    kept = p[p > 0]
    return float(-(kept * np.log(kept)).sum())


def stationary(step: Floats) -> Floats:
    """The stationary distribution of a chain with transition matrix ``step (k, k)``."""
    k = len(step)
    system = np.vstack([step.T - np.eye(k), np.ones(k)])
    return np.asarray(np.linalg.lstsq(system, np.append(np.zeros(k), 1.0), rcond=None)[0])


def coin() -> Language:
    """Independent draws, 0.3 and 0.7."""
    p = np.array([0.3, 0.7])
    return Language(2, entropy(p), lambda n, t, rng: rng.choice(2, size=(n, t), p=p))


def markov(k: int, order: int) -> Language:
    """A chain of an order over k symbols, its rows drawn once from a Dirichlet distribution.

    The rate is sum_s pi_s H(next | s) over blocks s of ``order`` symbols.
    """
    rows = stream(0, "known-entropy-languages", "law", str(k), str(order)).dirichlet(
        np.full(k, 0.5), size=k**order
    )
    step = np.zeros((k**order, k**order))
    for block in range(k**order):
        for symbol in range(k):
            step[block, (block * k + symbol) % k**order] += rows[block, symbol]
    law = stationary(step)
    ends = rows.cumsum(1)

    def draw(n: int, t: int, rng: np.random.Generator) -> Ints:
        block = rng.choice(k**order, size=n, p=np.clip(law, 0, None) / np.clip(law, 0, None).sum())
        out = np.empty((n, t), np.int64)
        for i in range(t):
            out[:, i] = np.minimum((rng.random(n)[:, None] > ends[block]).sum(1), k - 1)
            block = (block * k + out[:, i]) % k**order
        return out

    return Language(
        k, float(sum(weight * entropy(row) for weight, row in zip(law, rows, strict=True))), draw
    )


def cycle() -> Language:
    """Seven symbols in a fixed cycle, from a random start: the rate is 0."""

    def draw(n: int, t: int, rng: np.random.Generator) -> Ints:
        return (rng.integers(7, size=(n, 1)) + np.arange(t)) % 7

    return Language(7, 0.0, draw)


def hidden() -> Language:
    """The even process: ones come in pairs.

    From state A: 0 (stay) or 1 (to B), half each; from B: 1, back to A.

    No finite number of symbols tells the state for certain, yet each symbol and state give the next
    state, so the rate is pi_A ln 2 = (2/3) ln 2.
    """

    def draw(n: int, t: int, rng: np.random.Generator) -> Ints:
        between = rng.random(n) < 1 / 3
        out = np.empty((n, t), np.int64)
        for i in range(t):
            out[:, i] = between | (rng.random(n) < 0.5)
            between = ~between & (out[:, i] == 1)
        return out

    return Language(2, 2 / 3 * np.log(2), draw)


def noisy() -> Language:
    """A binary chain seen through a channel that flips symbols, with the bounds of Birch (1962).

    H(X_t | X_1 .. X_(t-1), S_1) <= rate <= H(X_t | X_1 .. X_(t-1)), exact over all blocks of t
    symbols; here they are within 1e-6 of each other and the rate is their middle.
    """
    lower, upper = birch_bounds(DEPTH)

    def draw(n: int, t: int, rng: np.random.Generator) -> Ints:
        moves = rng.random((n, t)) > STAY
        moves[:, 0] = rng.random(n) < 0.5
        return (moves.cumsum(1) + (rng.random((n, t)) < FLIP)) % 2

    return Language(2, (lower + upper) / 2, draw)


def birch_bounds(t: int) -> tuple[float, float]:
    """Lower and upper bound (nats) on the rate of `noisy` from blocks of t symbols."""
    step = np.array([[STAY, 1 - STAY], [1 - STAY, STAY]])
    emit = np.array([[1 - FLIP, FLIP], [FLIP, 1 - FLIP]])
    block = {}
    for length in (t - 1, t):
        # alpha[b, s0, s] = p(block b, state s now | first state s0)
        alpha = np.eye(2)[None] * emit.T[:, None, :]
        for _ in range(length - 1):
            alpha = np.concatenate([(alpha @ step) * emit[:, symbol] for symbol in (0, 1)])
        given = alpha.sum(2)
        block[length] = (
            float(np.mean([entropy(given[:, s]) for s in (0, 1)])),
            entropy(given.mean(1)),
        )
    return block[t][0] - block[t - 1][0], block[t][1] - block[t - 1][1]


def grammar() -> Language:
    """Sentences of E -> "(" E ")" E | "[" E "]" E | ".", one after the other, cut anywhere.

    With probabilities p/2, p/2, 1 - p. Reading from the left, each symbol tells which rule was
    used, and closing brackets follow from the others; so a derivation of N rules has N h nats with
    h = H(p/2, p/2, 1 - p), over N (1 + p) symbols in the mean, and the rate is h / (1 + p).
    """
    p = BRANCH
    rate = entropy(np.array([p / 2, p / 2, 1 - p])) / (1 + p)
    close, dot, expand = {0: 1, 2: 3}, 4, -1

    def sentences(t: int, rng: np.random.Generator) -> list[int]:
        out: list[int] = []
        stack: list[int] = []
        while len(out) < t:
            top = stack.pop() if stack else expand
            if top != expand:
                out.append(top)
            elif (u := rng.random()) < p:
                out.append(bracket := 0 if u < p / 2 else 2)
                stack += [expand, close[bracket], expand]
            else:
                out.append(dot)
        return out

    def draw(n: int, t: int, rng: np.random.Generator) -> Ints:
        return np.array([sentences(t + BURN_IN, rng)[BURN_IN:] for _ in range(n)])

    return Language(5, rate, draw)


LANGUAGES: dict[str, Callable[[], Language]] = {
    "coin": coin,
    "markov": functools.partial(markov, 4, 1),
    "markov-2": functools.partial(markov, 3, 2),
    "cycle": cycle,
    "hidden": hidden,
    "noisy": noisy,
    "grammar": grammar,
}
