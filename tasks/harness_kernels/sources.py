"""Hidden Markov sources that can be enumerated, and what a state of theirs knows of the future."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

import numpy as np

from harness import Case, Floats, Ints, StateFutures, UsageError, stream
from harness_kernels.settings import Futures, Sources

MOST = 50_000_000
"""Cells of a joint law; more would need over 400 MB."""
PERIOD, LETTERS = 3, 3
"""Of `copy`."""


@dataclass(frozen=True, eq=False)
class Source:
    """A stationary hidden Markov source.

    Attributes
    ----------
    law (s,) : the stationary law of hidden states.
    step (s, s) : transitions; ``emit (s, v)``: the law of the token of each state.
    """

    law: Floats
    step: Floats
    emit: Floats


@dataclass(frozen=True, eq=False)
class States:
    """What is taken as the state: codes ``(h, columns)``, and their joint law with the hidden
    state that emits the next token ``(h, s)``.
    """

    codes: Ints
    belief: Floats


def latent(source: Source) -> States:
    """The hidden state that emits the next token."""
    return States(np.arange(len(source.law))[:, None], np.diag(source.law))


def before(source: Source) -> States:
    """The hidden state a step earlier."""
    return States(np.arange(len(source.law))[:, None], source.law[:, None] * source.step)


def last(source: Source, memory: int) -> States:
    """The last ``memory`` tokens, those that can come. Raises `UsageError` for too many."""
    v = source.emit.shape[1]
    refuse_many(v**memory * len(source.law))
    belief = source.law[None]
    for _ in range(memory):
        belief = ((belief[:, None] * source.emit.T) @ source.step).reshape(-1, len(source.law))
    codes = np.array(list(itertools.product(range(v), repeat=memory)))
    possible = belief.sum(1) > 0
    return States(codes[possible], belief[possible])


def joint_law(source: Source, states: States, ahead: int) -> Floats:
    """P(state, next token, tokens after it) ``(h, v, v^ahead)``, by the forward recursion.

    Raises `UsageError` where that is more than `MOST` numbers.
    """
    v = source.emit.shape[1]
    refuse_many(len(states.belief) * v ** (ahead + 1))
    weighted = source.emit.T[:, :, None] * source.step  # P(token, state now -> state then)
    block = states.belief
    for _ in range(ahead):
        block = np.tensordot(block, weighted, (block.ndim - 1, 1))
    out = block @ source.emit
    return out.reshape(len(states.belief), v, -1)


def refuse_many(cells: int) -> None:
    """Raise `UsageError` for a joint law of more than `MOST` numbers."""
    if cells > MOST:
        raise UsageError(
            f"a joint law of {cells:,} numbers; wanted at most {MOST:,}: fewer tokens ahead or a "
            "shorter memory (or draw sequences, and use surplus-probe)"
        )


def entropy(p: Floats) -> float:
    """Of a law, in nats."""
    kept = p[p > 0]
    return -float((kept * np.log(kept)).sum())


def truths(joint: Floats) -> dict[str, float]:
    """Surplus, under both of its names, and the information about the next token, in nats."""
    states, nexts = joint.sum((1, 2)), joint.sum((0, 2))
    h_next = entropy(nexts)
    both = entropy(joint.sum(2))
    known = entropy(states) + h_next - both
    surplus = both + entropy(joint.sum(0)) - entropy(joint) - h_next
    return {
        "information_surplus": surplus,
        "conditional_mutual_information": surplus,
        "mutual_information": known,
    }


def hmm3() -> Source:
    """Two hidden states, three tokens."""
    step = np.array([[0.9, 0.1], [0.2, 0.8]])
    return Source(np.array([2, 1]) / 3, step, np.array([[0.7, 0.2, 0.1], [0.1, 0.3, 0.6]]))


def markov1() -> Source:
    """A chain of two tokens: the last token is all there is to know."""
    return Source(np.array([0.6, 0.4]), np.array([[0.8, 0.2], [0.3, 0.7]]), np.eye(2))


def copy() -> Source:
    """`PERIOD` uniform tokens, again and again; the hidden state is the next round."""
    rounds = np.array(list(itertools.product(range(LETTERS), repeat=PERIOD)))
    places = LETTERS ** np.arange(PERIOD)[::-1]
    count = len(rounds)
    step = np.zeros((count, count))
    step[np.arange(count), np.roll(rounds, -1, axis=1) @ places] = 1.0
    return Source(np.full(count, 1 / count), step, np.eye(LETTERS)[rounds[:, 0]])


def iid() -> Source:
    """Independent tokens."""
    return Source(np.ones(1), np.ones((1, 1)), np.array([[0.5, 0.25, 0.25]]))


SOURCES: dict[str, Callable[[], Source]] = {
    "hmm3": hmm3,
    "markov1": markov1,
    "copy": copy,
    "iid": iid,
}


def futures(
    settings: Futures, task: str, name: str, source: Source, kinds: dict[str, States], seed: int
) -> Iterable[Case]:
    """A case for each kind of state and number of tokens ahead, by name."""
    for (kind, states), ahead in itertools.product(kinds.items(), settings.ahead):
        joint = joint_law(source, states, ahead)
        case = f"{name}-{kind}-{ahead + 1}"
        yield Case(
            id=case,
            data=partial(draw, settings, joint, states, ahead, (seed, task, case)),
            truth=truths(joint),
            facts={"source": name, "state": kind, "tokens": ahead + 1, "n": settings.n},
            stamp="",
        )


def draw(
    settings: Futures, joint: Floats, states: States, ahead: int, names: tuple[int, str, str]
) -> StateFutures:
    """Independent draws of a joint law, by the stream of these names."""
    rng = stream(*names)
    ends = joint.cumsum()
    cells = np.searchsorted(ends, rng.random(settings.n) * ends[-1], side="right")
    state, first, future = np.unravel_index(cells, joint.shape)
    v = joint.shape[1]
    return StateFutures(
        states.codes[state].astype(np.float64),
        first,
        np.stack(np.unravel_index(future, (v,) * ahead), 1),
        v,
        "discrete",
        joint if settings.joint else None,
    )


class EnumerableSources(Sources):
    """Cases by source, what is taken as the state, and the number of tokens K.

    The state of `hmm3` is the hidden state that emits the next token (``latent``), the one before
    (``before``), or the last tokens; that of the others the last tokens.
    """

    def cases(self, *, seed: int) -> Iterable[Case]:
        """Cases by name. Raises `UsageError` for joint laws of more than `MOST` numbers."""
        for name in self.sources:
            source = SOURCES[name]()
            kinds = {"latent": latent(source), "before": before(source)} if name == "hmm3" else {}
            kinds |= {f"last{m}": last(source, m) for m in self.memory}
            yield from futures(self, "enumerable-sources", name, source, kinds, seed)
