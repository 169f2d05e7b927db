"""Texts of known usable information: channels, numbers of two normal classes, XOR, noisy topics.

The truth ``v_information`` is that of logistic regression on the numbers (or words) in a text,
``mutual_information`` that of an unlimited observer. They differ only for XOR, of which a linear
family can use nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import partial

import numpy as np

from harness import Case, Ints, LabelledText, UsageError, stream
from harness_text import parts
from harness_text.settings import Known

TOPICS = (
    ("fading", "doppler", "multipath", "coherence", "shadowing", "rayleigh"),
    ("beam", "antenna", "array", "precoder", "steering", "lobe"),
    ("codeword", "parity", "decoder", "syndrome", "turbo", "interleaver"),
    ("scheduler", "queue", "buffer", "latency", "backlog", "traffic"),
)
FILL = [
    "the", "a", "of", "in", "on", "with", "for", "this", "that", "here", "there",
    "one", "some", "each", "more", "less", "first", "last", "next", "near",
]  # fmt: skip


def surprise(p: float) -> float:
    """Entropy of a coin with the probability p, in nats."""
    return 0.0 if p in (0.0, 1.0) else -p * math.log(p) - (1 - p) * math.log(1 - p)


def channel_information(flip: float) -> float:
    """Information of a fair bit through a binary symmetric channel: ln 2 - h(flip), in nats."""
    return math.log(2) - surprise(flip)


def classes_information(mu: float) -> float:
    """Information of a number about which of two even normal classes it is from, in nats.

    The classes have the means +-mu and the variance 1: ln 2 - E ln(1 + exp(-2 mu (mu + Z))). The
    posterior is exactly logistic in the number, so that the logistic family can use all of it.
    """
    nodes, weights = np.polynomial.hermite_e.hermegauss(200)
    inner = np.logaddexp(0.0, -2.0 * mu * (mu + nodes))
    return math.log(2) - float((weights * inner).sum() / weights.sum())


def noise_information(k: int, flip: float) -> float:
    """Information about k even classes when a share of labels is wrong, in nats.

    Wrong labels are evenly spread over the other classes: ln k - h(flip) - flip ln(k - 1).
    """
    return math.log(k) - surprise(flip) - flip * math.log(k - 1)


class KnownVInformation(Known):
    """Cases: channels, normal classes, XOR with and without the product of its bits, topics.

    The channels include a noiseless bit (error 0) and independent labels (error 1/2).
    """

    def cases(self, *, seed: int) -> Iterable[Case]:
        """Each with both truths in nats.

        Raises `UsageError` for shares of wrong labels above a half, which would reverse the labels.
        """
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
            texts = [_about(int(c), rng) for c in clean]
            classes = tuple(words[0] for words in TOPICS)
        else:
            left, right = rng.integers(2, size=(2, self.n))
            y = left ^ right
            # Each side has digits of its own: else counts of words would tell whether both agree.
            texts = [f"left {a}, right {2 + b}" for a, b in zip(left, right, strict=True)]
            if law == "xor-product":
                signs = (2 * left - 1) * (2 * right - 1)
                texts = [f"{t}, their product {s}" for t, s in zip(texts, signs, strict=True)]
        labels: Ints = np.asarray(y, np.int64)
        split = parts.stratified(labels, self.test_share, rng)
        return LabelledText(tuple(texts), labels, classes, wrong=wrong, repeats=True, split=split)


def _about(topic: int, rng: np.random.Generator) -> str:
    """Eight words, of which three belong to the topic."""
    words = [*rng.choice(FILL, 5), *rng.choice(TOPICS[topic], 3)]
    return " ".join(str(words[i]) for i in rng.permutation(8))
