"""Texts whose usable information is known: channels, numbers with a threshold, XOR, and noisy topics.

The truth ``v_information`` is that of logistic regression on the numbers (or words) in a text, ``mutual_information``
that of an unlimited observer. They agree but for XOR, of which the linear family can use nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial

import numpy as np

from harness import Case, Ints, LabelledText, UsageError, stream
from harness_text import parts

TOPICS = (
    ("fading", "doppler", "multipath", "coherence", "shadowing", "rayleigh"),
    ("beam", "antenna", "array", "precoder", "steering", "lobe"),
    ("codeword", "parity", "decoder", "syndrome", "turbo", "interleaver"),
    ("scheduler", "queue", "buffer", "latency", "backlog", "traffic"),
)
FILL = [
    "the",
    "a",
    "of",
    "in",
    "on",
    "with",
    "for",
    "this",
    "that",
    "here",
    "there",
    "one",
    "some",
    "each",
    "more",
    "less",
    "first",
    "last",
    "next",
    "near",
]


def surprise(p: float) -> float:
    """Entropy of a coin, nats."""
    return 0.0 if p in (0.0, 1.0) else -p * math.log(p) - (1 - p) * math.log(1 - p)


def channel_information(flip: float) -> float:
    """A fair bit through a binary symmetric channel: ln 2 - h(flip)."""
    return math.log(2) - surprise(flip)


def classes_information(mu: float) -> float:
    """Which of two even normal classes at +-mu (variance 1) a number is from: ln 2 - E ln(1 + exp(-2 mu (mu + Z))).

    The posterior is exactly logistic in the number, so that the logistic family can use all of it.
    """
    nodes, weights = np.polynomial.hermite_e.hermegauss(200)
    inner = np.logaddexp(0.0, -2.0 * mu * (mu + nodes))
    return math.log(2) - float((weights * inner).sum() / weights.sum())


def noise_information(k: int, flip: float) -> float:
    """k even classes of which a share became one of the others: ln k - h(flip) - flip ln(k - 1)."""
    return math.log(k) - surprise(flip) - flip * math.log(k - 1)


@dataclass(frozen=True)
class KnownVInformation:
    """Cases: a noiseless bit, independent labels, channels, normal classes, XOR without and with its product, topics.

    Attributes
    ----------
    n : texts of each case; ``test_share`` of them for testing.
    flips : of the channels; ``distances`` mu of the normal classes; ``noise`` of the topics.
    """

    n: int = 4000
    test_share: float = 0.5
    flips: tuple[float, ...] = (0.0, 0.05, 0.1, 0.25, 0.5)
    distances: tuple[float, ...] = (0.25, 0.5, 1.0, 2.0)
    noise: tuple[float, ...] = (0.0, 0.1, 0.3)

    def cases(self, *, seed: int) -> Iterable[Case]:
        """Each with both truths in nats. Raises `UsageError` for shares beyond a half: those reverse labels."""
        for flip in (*self.flips, *self.noise):
            if flip > 0.5:
                raise UsageError(
                    f"known-v-information: a share of {flip} wrong labels; wanted 0 to 0.5"
                )
        for flip in self.flips:
            yield self._case("channel", flip, channel_information(flip), seed=seed)
        for mu in self.distances:
            yield self._case("normal", mu, classes_information(mu), seed=seed)
        yield self._case("xor", 0.0, 0.0, math.log(2), seed=seed)
        yield self._case("xor-product", 0.0, math.log(2), seed=seed)
        for flip in self.noise:
            yield self._case("topics", flip, noise_information(len(TOPICS), flip), seed=seed)

    def _case(
        self, law: str, level: float, usable: float, shannon: float | None = None, *, seed: int
    ) -> Case:
        return Case(
            f"{law}-{level:g}",
            partial(self._draw, law, level, seed),
            truth={
                "v_information": usable,
                "mutual_information": usable if shannon is None else shannon,
            },
            facts={"law": law, "level": level, "n": self.n},
            stamp="",
        )

    def _draw(self, law: str, level: float, seed: int) -> LabelledText:
        rng = stream(seed, "known-v-information", law, f"{level:g}")
        classes: tuple[str, ...] = ("low", "high")
        wrong = None
        if law == "channel":
            sent = rng.integers(2, size=self.n)
            y, wrong = parts.flipped(sent, 2, level, rng)
            texts = [f"the lamp is {('off', 'on')[bit]}, the meter reads {bit}" for bit in sent]
        elif law == "normal":
            y = rng.integers(2, size=self.n)
            values = level * (2 * y - 1) + rng.normal(size=self.n)
            texts = [f"the meter reads {value:.6f}" for value in values]
        elif law == "topics":
            clean = rng.integers(len(TOPICS), size=self.n)
            y, wrong = parts.flipped(clean, len(TOPICS), level, rng)
            texts, classes = (
                [_about(int(c), rng) for c in clean],
                tuple(words[0] for words in TOPICS),
            )
        else:
            left, right = rng.integers(2, size=(2, self.n))
            y = left ^ right
            product = [
                f", their product {(2 * a - 1) * (2 * b - 1)}"
                for a, b in zip(left, right, strict=True)
            ]
            ends = product if law == "xor-product" else [""] * self.n
            # Digits of their own for each side: counts of words would else tell whether both are the same.
            texts = [
                f"left {a}, right {2 + b}{end}" for a, b, end in zip(left, right, ends, strict=True)
            ]
        labels: Ints = np.asarray(y, np.int64)
        split = parts.stratified(labels, self.test_share, rng)
        return LabelledText(tuple(texts), labels, classes, wrong=wrong, repeats=True, split=split)


def _about(topic: int, rng: np.random.Generator) -> str:
    """Eight words, of which three are the topic's own."""
    words = [*rng.choice(FILL, 5), *rng.choice(TOPICS[topic], 3)]
    return " ".join(str(words[i]) for i in rng.permutation(8))
