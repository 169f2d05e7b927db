"""Binary channels whose directed information, its reverse and transfer entropy are known."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from functools import partial

import numpy as np

from harness import Bools, Case, Ints, PairedSequences, UsageError, stream, unknown_name
from harness_sequences.settings import Channels

REVERSAL, NOISE = 0.2, 0.1
"""Of `feedback`: errors on the way back and on the way forth."""
FLIP, BLUR = 0.3, 0.2
"""Of `hidden`: how often the state changes, and how often it is misread."""
ERROR = 0.11
"""Of `memoryless` and `copy`."""
DEPTH = 16
"""Length of the blocks from which the entropy rate of `hidden` is found, to 1e-12 nats."""

Draw = Callable[[int, np.random.Generator], tuple[Ints, Ints, Ints | None]]


def entropy(p: float) -> float:
    """Of a bit that is 1 with probability p, in nats."""
    return -sum(q * math.log(q) for q in (p, 1 - p) if q > 0)


def either(a: float, b: float) -> float:
    """The probability that exactly one of two independent errors occurs."""
    return a * (1 - b) + b * (1 - a)


def hidden_rate(flip: float, blur: float, depth: int = DEPTH) -> float:
    """Entropy rate (nats) of a symmetric binary chain that is misread, between Birch's bounds
    H(X_t | X^(t-1), first state) and H(X_t | X^(t-1)), whose middle it is.
    """
    step = np.array([[1 - flip, flip], [flip, 1 - flip]])
    read = np.array([[1 - blur, blur], [blur, 1 - blur]])
    total = []
    block = np.eye(2)[None] / 2  # (blocks, first state, state now)
    for length in range(depth):
        moved = block @ step if length else block
        block = np.concatenate([moved * read[:, x] for x in (0, 1)])
        given, alone = block.sum(2), block.sum((1, 2))
        parts = (-(given * np.log(2 * given)).sum(), -(alone * np.log(alone)).sum())
        total.append(np.array(parts))
    return float((total[-1] - total[-2]).mean())


class KnownChannels(Channels):
    """A case per channel; truths in nats per step.

    ``mutual_information`` is that of x and y at the same step, what a method that knows no time
    can find; ``conditional_mutual_information`` is the transfer entropy, which `lagged` leads to.
    """

    def cases(self, *, seed: int) -> Iterable[Case]:
        """Cases by name. Raises `UsageError` for unknown names."""
        known = channels()
        for name in self.only or known:
            if name not in known:
                raise UsageError(unknown_name("known-channels.only", name, known))
            draw, truth = known[name]
            yield Case(
                id=name,
                data=partial(self._draw, name, draw, seed),
                truth=truth,
                facts={"channel": name, "n": self.n},
                stamp="",
            )

    def _draw(self, name: str, draw: Draw, seed: int) -> PairedSequences:
        columns = draw(self.n, stream(seed, "known-channels", name))
        x, y, z = (None if c is None else c.astype(np.float64)[:, None] for c in columns)
        cuts = np.array([0, self.n])
        kinds = ("discrete", "discrete")
        assert x is not None
        assert y is not None
        return PairedSequences(x, y, cuts, *kinds, z, "continuous" if z is None else "discrete")


def channels() -> dict[str, tuple[Draw, dict[str, float]]]:
    """By name, how x, y (and a driver) are drawn, and the truths."""
    loop, blurred = either(REVERSAL, NOISE), either(FLIP, BLUR)
    clean, copied = math.log(2) - entropy(ERROR), math.log(2) - entropy(either(NOISE, NOISE))
    return {
        # x answers the last y, and y is x with errors: all is said within a step.
        "feedback": (
            _feedback,
            _truths(
                instant=entropy(loop) - entropy(NOISE),
                reverse=entropy(loop) - entropy(REVERSAL),
                same=math.log(2) - entropy(NOISE),
            ),
        ),
        # y is a chain, and x a reading of it.
        "hidden": (
            _hidden,
            _truths(
                instant=entropy(blurred) - entropy(BLUR),
                reverse=hidden_rate(FLIP, BLUR) - entropy(blurred),
                same=math.log(2) - entropy(BLUR),
            ),
        ),
        "memoryless": (partial(_copy, 0), _truths(instant=clean, same=clean)),
        "copy": (partial(_copy, 1), _truths(transfer=clean)),
        # z moves x a step later and y two steps later: x foretells y and does not cause it.
        "driver": (partial(_driven, False), _truths(transfer=copied)),
        "driver-seen": (
            partial(_driven, True),
            _truths(transfer=copied) | dict.fromkeys((*_TRANSFER,), 0.0),
        ),
    }


_TRANSFER = ("transfer_entropy", "conditional_mutual_information")


def _truths(
    instant: float = 0.0, transfer: float = 0.0, reverse: float = 0.0, same: float = 0.0
) -> dict[str, float]:
    forward = instant + transfer
    return {
        "directed_information": forward,
        "reverse_information": reverse,
        "instantaneous_information": instant,
        "mutual_information_rate": forward + reverse,
        "mutual_information": same,
    } | dict.fromkeys(_TRANSFER, transfer)


def _errors(n: int, p: float, rng: np.random.Generator) -> Bools:
    return np.asarray(rng.random(n) < p)


def _running(bits: Ints | Bools) -> Ints:
    """Whether the number of ones so far is odd."""
    return np.bitwise_xor.accumulate(bits.astype(np.int64))


def _feedback(n: int, rng: np.random.Generator) -> tuple[Ints, Ints, None]:
    back, forth = _errors(n, REVERSAL, rng), _errors(n, NOISE, rng)
    y = _running(back ^ forth) ^ rng.integers(2)
    return y ^ forth, y, None


def _hidden(n: int, rng: np.random.Generator) -> tuple[Ints, Ints, None]:
    y = _running(_errors(n, FLIP, rng)) ^ rng.integers(2)
    return y ^ _errors(n, BLUR, rng), y, None


def _copy(delay: int, n: int, rng: np.random.Generator) -> tuple[Ints, Ints, None]:
    x = rng.integers(2, size=n + delay)
    return x[delay:], x[:n] ^ _errors(n, ERROR, rng), None


def _driven(seen: bool, n: int, rng: np.random.Generator) -> tuple[Ints, Ints, Ints | None]:
    z = rng.integers(2, size=n + 2)
    x, y = z[1:-1] ^ _errors(n, NOISE, rng), z[:-2] ^ _errors(n, NOISE, rng)
    return x, y, z[2:] if seen else None
