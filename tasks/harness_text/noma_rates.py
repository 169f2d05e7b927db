"""Rates of users who share a channel by power (NOMA), or divide it (OMA).

`Downlink` is that of two users, `Downlinks` and `Uplink` those of any number.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

_EQUAL = 1 - 1e-12
"""Rates that differ by rounding alone are equal."""


@dataclass(frozen=True)
class Downlink:
    """A base station and two users; gains and noise are powers, rates in bit/s/Hz.

    Attributes
    ----------
    power : power of the base station.
    share : share of the power that the far user gets, above a half.
    far, near : channel gains of the users, far below near.
    noise : power of the noise.
    """

    power: float
    share: float
    far: float
    near: float
    noise: float = 1.0

    def far_rate(self) -> float:
        """Rate of the far user, to whom the signal of the near user is interference."""
        return self._shared(self.far)

    def cancel_rate(self) -> float:
        """The highest rate of the far user's signal that the near user can decode and cancel."""
        return self._shared(self.near)

    def near_rate(self) -> float:
        """Rate of the near user once the signal of the far user is cancelled."""
        return math.log2(1 + (1 - self.share) * self.power * self.near / self.noise)

    def sum_rate(self) -> float:
        """Sum of the rates of both users."""
        return self.far_rate() + self.near_rate()

    def divided_rate(self, gain: float) -> float:
        """Rate of a user alone on half of the channel with all the power."""
        return 0.5 * math.log2(1 + self.power * gain / self.noise)

    def gain(self) -> float:
        """Gain of the sum of the rates over dividing the channel; it may be negative."""
        return self.sum_rate() - self.divided_rate(self.far) - self.divided_rate(self.near)

    def _shared(self, gain: float) -> float:
        signal = self.share * self.power * gain
        return math.log2(1 + signal / ((1 - self.share) * self.power * gain + self.noise))


class System(ABC):
    """Users who share a channel, and a receiver that decodes and cancels one signal after another.

    Users are numbered from 0. An ``order`` names every user once, in the order in which signals are
    decoded; a signal suffers from those that come later in it, never from those before. Without
    one, it is `order`, in which every receiver can do so. Rates are in bit/s/Hz.
    """

    gains: tuple[float, ...]
    noise: float

    @property
    @abstractmethod
    def order(self) -> tuple[int, ...]:
        """The usual order of decoding."""

    @abstractmethod
    def received(self, signal: int, user: int) -> float:
        """Power of the signal of a user where the signal of ``user`` is decoded."""

    @abstractmethod
    def alone(self, user: int) -> float:
        """Power that a user receives, or is received from, with the whole channel to itself."""

    def rate(self, user: int, order: Sequence[int] | None = None) -> float:
        """Rate of a user's signal where that user is decoded."""
        return self._rate(user, user, self._later(user, order))

    def rates(self, order: Sequence[int] | None = None) -> tuple[float, ...]:
        """Rates (K,) of the users."""
        return tuple(self.rate(user, order) for user in range(len(self.gains)))

    def sum_rate(self, order: Sequence[int] | None = None) -> float:
        """Sum of the rates of all users."""
        return sum(self.rates(order))

    def quiet_rate(self, user: int) -> float:
        """Rate of a user whom no other signal disturbs."""
        return self._rate(user, user, ())

    def crowded_rate(self, user: int) -> float:
        """Rate of a user whom all other signals disturb: nothing is cancelled."""
        return self._rate(user, user, [k for k in range(len(self.gains)) if k != user])

    def divided_rate(self, user: int) -> float:
        """Rate of a user alone on an equal part of the channel (OMA)."""
        return math.log2(1 + self.alone(user) / self.noise) / len(self.gains)

    def _rate(self, signal: int, user: int, others: Sequence[int]) -> float:
        disturbed = sum(self.received(other, user) for other in others) + self.noise
        return math.log2(1 + self.received(signal, user) / disturbed)

    def _later(self, user: int, order: Sequence[int] | None) -> Sequence[int]:
        """The users after this one. Raises `ValueError` where an order does not name each once."""
        order = self.order if order is None else order
        if sorted(order) != list(range(len(self.gains))):
            raise ValueError(
                f"the order {tuple(order)}; wanted one that names each of the users "
                f"0 to {len(self.gains) - 1} once"
            )
        return order[order.index(user) + 1 :]

    def _check(self, name: str, values: tuple[float, ...]) -> None:
        """Raise `ValueError` unless there is a positive value for every user, and noise."""
        if not self.gains or len(values) != len(self.gains):
            raise ValueError(f"{len(self.gains)} gains and {len(values)} {name}; wanted as many")
        if min(*values, *self.gains, self.noise) <= 0:
            raise ValueError(f"gains, {name} or noise of 0 or less; wanted values above 0")


@dataclass(frozen=True)
class Downlinks(System):
    """A base station and K users; gains and noise are powers.

    The users at the end of the order decode and cancel the signals of those before them.

    Attributes
    ----------
    power : power of the base station.
    shares (K,) : shares of the power that the users get, at most 1 in all.
    gains (K,) : channel gains of the users.
    noise : power of the noise of every user.
    """

    power: float
    shares: tuple[float, ...]
    gains: tuple[float, ...]
    noise: float = 1.0

    def __post_init__(self) -> None:
        """Raise `ValueError` for shares above 1 in all, and as `_check`."""
        self._check("shares", self.shares)
        if sum(self.shares) > 1 + 1e-9 or self.power <= 0:
            raise ValueError(
                f"shares {self.shares} of the power {self.power:g}; wanted at most 1 in all, of a "
                "power above 0"
            )

    @property
    def order(self) -> tuple[int, ...]:
        """Lower gains first."""
        return tuple(sorted(range(len(self.gains)), key=self.gains.__getitem__))

    def received(self, signal: int, user: int) -> float:
        """Power of a signal at a user: all come through the channel of that user."""
        return self.shares[signal] * self.power * self.gains[user]

    def alone(self, user: int) -> float:
        """Power that a user receives when the base station serves no other."""
        return self.power * self.gains[user]

    def cancel_rate(self, signal: int, user: int, order: Sequence[int] | None = None) -> float:
        """The highest rate of the signal of one user that ``user`` can decode."""
        return self._rate(signal, user, self._later(signal, order))

    def feasible(self, order: Sequence[int] | None = None) -> bool:
        """Whether every user can decode the signals of all before it at the rates they have.

        So it is, whatever the shares, exactly where gains rise along the order.
        """
        order = self.order if order is None else order
        return all(
            self.cancel_rate(signal, later, order) >= _EQUAL * self.rate(signal, order)
            for signal in order
            for later in self._later(signal, order)
        )


@dataclass(frozen=True)
class Uplink(System):
    """K users who send at once to a base station, which decodes them in turn.

    Every order can be decoded, and all have one sum of rates,
    log2(1 + sum of power times gain / noise); they share it out differently.

    Attributes
    ----------
    powers (K,) : powers of the users.
    gains (K,) : channel gains of the users.
    noise : power of the noise of the base station.
    """

    powers: tuple[float, ...]
    gains: tuple[float, ...]
    noise: float = 1.0

    def __post_init__(self) -> None:
        """Raise as `_check`."""
        self._check("powers", self.powers)

    @property
    def order(self) -> tuple[int, ...]:
        """Stronger received signals first."""
        return tuple(sorted(range(len(self.gains)), key=lambda k: -self.alone(k)))

    def received(self, signal: int, user: int) -> float:
        """Power of a signal at the base station, whoever is decoded there."""
        return self.alone(signal)

    def alone(self, user: int) -> float:
        """Power that is received from a user."""
        return self.powers[user] * self.gains[user]

    def feasible(self, wanted: Sequence[float], order: Sequence[int] | None = None) -> bool:
        """Whether every user has the rate (K,) that it wants in this order of decoding."""
        return all(
            rate >= _EQUAL * least for rate, least in zip(self.rates(order), wanted, strict=True)
        )
