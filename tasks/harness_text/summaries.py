"""Statements of optimisation problems in wireless systems, with the summary that is wanted."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

import numpy as np

from harness import Case, ReferencedText, stream
from harness_text.noma import halves
from harness_text.settings import Summaries

GOALS = (
    "sum rate",
    "energy efficiency",
    "least rate of any user",
    "secrecy rate",
    "number of served users",
)
SYSTEMS = ("downlink NOMA", "uplink NOMA", "OFDMA", "massive MIMO", "relay-aided")
LIMITS = (
    (
        "a total power budget of {} W",
        "The transmitter may not radiate more than {} W over all users.",
    ),
    (
        "a rate of at least {} bit/s/Hz for every user",
        "Each user must be served with {} bit/s/Hz or more.",
    ),
    (
        "at most {} active antennas",
        "Hardware allows no more than {} antennas to be active at once.",
    ),
    ("a delay below {} ms", "Packets that wait for {} ms are of no use and count as lost."),
    (
        "decoding in the order of channel gains",
        "Stronger users decode and cancel the signals of weaker users first.",
    ),
)
ASIDES = (
    "Channel gains are estimated once per frame.",
    "The cell is round and its users do not move.",
    "Such systems have been studied for many years.",
    "Noise is white and has the same power everywhere.",
    "The carrier lies below six gigahertz.",
    "Results are averaged over many random placements.",
)


class WirelessSummaries(Summaries):
    """What is maximised, in which system, under which limits, spread over a text with asides."""

    def cases(self, *, seed: int) -> Iterable[Case]:
        """One case."""
        yield Case("problems", partial(self._draw, seed), facts={"n": self.n}, stamp="")

    def _draw(self, seed: int) -> ReferencedText:
        rng = stream(seed, "wireless-summaries")
        made = [_problem(rng) for _ in range(self.n)]
        texts, references, groups = zip(*made, strict=True)
        return ReferencedText(texts, references, groups, split=halves(self.n, self.test_share, rng))


def _problem(rng: np.random.Generator) -> tuple[str, str, str]:
    """A text, its summary and its goal."""
    goal, system = str(rng.choice(GOALS)), str(rng.choice(SYSTEMS))
    users = int(rng.integers(2, 17))
    chosen = np.sort(rng.choice(len(LIMITS), size=int(rng.integers(2, 4)), replace=False))
    values = [int(rng.integers(1, 60)) for _ in chosen]
    sentences = [
        f"A {system} system serves {users} users.",
        f"The designer wants the {goal} to be as large as possible.",
    ]
    sentences += [LIMITS[i][1].format(v) for i, v in zip(chosen, values, strict=True)]
    sentences += [str(aside) for aside in rng.choice(ASIDES, 3, replace=False)]
    text = " ".join(sentences[i] for i in rng.permutation(len(sentences)))
    limits = " and ".join(LIMITS[i][0].format(v) for i, v in zip(chosen, values, strict=True))
    summary = f"Maximise the {goal} of {users} users in a {system} system subject to {limits}."
    return text, summary, goal
