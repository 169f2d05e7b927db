"""Problems about any number of NOMA users, in the downlink and the uplink."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from harness_text.noma_rates import Downlinks, System, Uplink

SYSTEMS = ("downlink", "uplink")
ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth")
COUNTS = {2: "two", 3: "three", 4: "four", 5: "five", 6: "six"}
APART = 0.05
"""Least relative distance of a wrong answer from the right one and from other wrong ones."""
LEAST = 0.1
"""Least rate that is asked for, so that four digits tell it within a thousandth."""
_DOWN = "A base station with power {power:g} serves {count} users by power-domain NOMA. "
_CANCEL = "Each user first decodes and cancels the signals of all users with lower gains."
_UP = "By power-domain NOMA {count} users send to a base station. "
_STRONGEST = "The base station decodes the strongest received signal first and cancels it."

Solve = Callable[[System], float]
Rate = Callable[[System, int], float]


@dataclass(frozen=True)
class Problem:
    """A setting in words, what is asked of it, the answer and at least three wrong ones."""

    setting: str
    name: str
    asked: str
    right: float
    wrong: list[float]


def distinct(right: float, mistakes: list[float]) -> list[float]:
    """The mistakes that are `APART` from the answer and from those before them."""
    wrong: list[float] = []
    for value in mistakes:
        if all(abs(value - other) > APART * max(value, other) for other in (right, *wrong)):
            wrong.append(value)
    return wrong


def draw(kind: str, users: int, rng: np.random.Generator) -> Problem:
    """A problem of a system in `SYSTEMS`; users are described in no order of their gains."""
    while True:
        system = _downlink(users, rng) if kind == "downlink" else _uplink(users, rng)
        questions = _questions(users)
        asked = str(rng.choice(list(questions)))
        name, solve, mistakes = questions[asked]
        right = solve(system)
        wrong = distinct(right, [mistake(system) for mistake in mistakes])
        if right >= LEAST and len(wrong) >= 3:
            return Problem(_setting(system), name, asked, right, wrong)


def golden(text: str, found: list[float]) -> float | None:
    """The answer to a problem, from its words and numbers; None for other texts."""
    if text.startswith("A base station") and _CANCEL in text and len(found) >= 6:
        system: System = Downlinks(found[0], tuple(found[2:-1:2]), tuple(found[1:-1:2]), found[-1])
    elif text.startswith(_UP.split("{")[0]) and _STRONGEST in text and len(found) >= 5:
        system = Uplink(tuple(found[0:-1:2]), tuple(found[1:-1:2]), found[-1])
    else:
        return None
    for asked, (_, solve, _) in _questions(len(system.gains)).items():
        if f"What is the {asked}?" in text:
            return solve(system)
    return None


def _questions(users: int) -> dict[str, tuple[str, Solve, tuple[Solve, ...]]]:
    """What is asked: its name, its solver and the usual mistakes.

    These are: interference forgotten, nothing cancelled, the order of decoding reversed, the
    channel divided, and the natural logarithm.
    """

    def of(user: int, rate: Rate) -> Solve:
        return lambda system: rate(system, user)

    def in_all(rate: Rate) -> Solve:
        return lambda system: sum(rate(system, user) for user in range(users))

    made: dict[str, tuple[str, Solve, tuple[Solve, ...]]] = {
        f"rate of the {ordinal} user": (
            "rate",
            of(user, System.rate),
            (
                of(user, _reversed_rate),
                of(user, System.crowded_rate),
                of(user, System.quiet_rate),
                of(user, System.divided_rate),
                of(user, lambda s, k: math.log(2) * s.rate(k)),
            ),
        )
        for user, ordinal in enumerate(ORDINALS[:users])
    }
    made["sum of the rates of all users"] = (
        "sum",
        System.sum_rate,
        (
            in_all(System.crowded_rate),
            in_all(System.quiet_rate),
            in_all(System.divided_rate),
            lambda s: math.log(2) * s.sum_rate(),
        ),
    )
    made["lowest rate of all users"] = (
        "lowest",
        lambda s: min(s.rates()),
        (
            lambda s: min(s.rates(s.order[::-1])),
            lambda s: max(s.rates()),
            lambda s: s.sum_rate() / users,
            lambda s: min(s.divided_rate(k) for k in range(users)),
            lambda s: math.log(2) * min(s.rates()),
        ),
    )
    return made


def _downlink(users: int, rng: np.random.Generator) -> Downlinks:
    """Users with lower gains get larger shares, which makes all rates matter."""
    gain, gains = float(rng.uniform(0.05, 0.6)), []
    for _ in range(users):
        gains.append(round(gain, 2))
        gain *= float(rng.uniform(1.5, 4.0))
    while True:
        drawn = np.sort(rng.dirichlet(np.full(users, 2.0)))[::-1]
        shares = [round(float(share), 2) for share in drawn[:-1]]
        shares.append(round(1 - sum(shares), 2))
        if shares[-1] >= 0.01:
            break
    place = rng.permutation(users)
    return Downlinks(
        float(rng.choice([1, 2, 5, 10, 20, 50, 100])),
        tuple(shares[k] for k in place),
        tuple(gains[k] for k in place),
        float(rng.choice([0.5, 1.0, 2.0])),
    )


def _uplink(users: int, rng: np.random.Generator) -> Uplink:
    """Received powers are `APART`, so that the order of decoding is clear."""
    while True:
        powers = tuple(float(p) for p in rng.choice([1, 2, 5, 10, 20], users))
        gains = tuple(round(float(np.exp(rng.uniform(-3, 1.5))), 2) for _ in range(users))
        received = np.sort([p * g for p, g in zip(powers, gains, strict=True)])
        if (received[1:] > (1 + APART) * received[:-1]).all():
            return Uplink(powers, gains, float(rng.choice([0.5, 1.0, 2.0])))


def _setting(system: System) -> str:
    count = COUNTS[len(system.gains)]
    if isinstance(system, Downlinks):
        first, rule = _DOWN.format(power=system.power, count=count), _CANCEL
        has = [
            f"channel gain {gain:g} and the share {share:g} of the power"
            for gain, share in zip(system.gains, system.shares, strict=True)
        ]
    else:
        assert isinstance(system, Uplink)
        first, rule = _UP.format(count=count), _STRONGEST
        has = [
            f"power {power:g} and channel gain {gain:g}"
            for power, gain in zip(system.powers, system.gains, strict=True)
        ]
    each = (f"The {name} user has {what}." for name, what in zip(ORDINALS, has, strict=False))
    return f"{first}{' '.join(each)} The noise power is {system.noise:g}. {rule}"


def _reversed_rate(system: System, user: int) -> float:
    return system.rate(user, system.order[::-1])
