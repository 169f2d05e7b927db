"""Rates of two users who share a channel by power (NOMA), or divide it (OMA)."""

from __future__ import annotations

import math
from dataclasses import dataclass


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


def uplink_sum_rate(
    powers: tuple[float, ...], gains: tuple[float, ...], noise: float = 1.0
) -> float:
    """Sum of the rates of users who send at once and are decoded in turn, in bit/s/Hz."""
    return math.log2(1 + sum(p * g for p, g in zip(powers, gains, strict=True)) / noise)
