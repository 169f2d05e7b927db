"""Rows of attention in closed form."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from harness import Case, PointedAttention, UsageError
from harness_blocks.settings import TwoLevels


class TwoLevelLogits(TwoLevels):
    """Logits that are ``margin`` on m targets and 0 on r other keys, which all queries see.

    PF = m / (m + r exp(-margin)), H = ln(m exp(margin) + r) - margin PF: the rows in which both
    bounds from the margin are equalities. Nothing is drawn.
    """

    def cases(self, *, seed: int) -> Iterable[Case]:
        """One case per margin. Raises `UsageError` where no key is left beside the targets."""
        m, r = self.targets, self.keys - self.targets
        if r < 1:
            raise UsageError(
                f"two-level-logits.targets: {m} of {self.keys} keys; wanted fewer targets than keys"
            )
        for margin in self.margins:
            share = m / (m + r * math.exp(-margin))
            # ln(m e^margin + r), without the overflow of the exponential.
            whole = margin + math.log(m + r * math.exp(-margin))
            yield Case(
                f"margin{margin:g}",
                self._rows(margin),
                truth={
                    "pointer_fidelity": share,
                    "attention_entropy": whole - margin * share,
                    "fidelity_slack": 0.0,
                    "entropy_slack": 0.0,
                },
                facts={"margin": margin, "targets": m, "keys": self.keys},
                stamp="",
            )

    def _rows(self, margin: float) -> PointedAttention:
        """Two sequences; their targets are the first keys of the one and the last of the other."""
        targets = np.zeros((2, self.keys, self.keys), bool)
        targets[0, :, : self.targets] = True
        targets[1, :, -self.targets :] = True
        return PointedAttention.of_logits(
            margin * targets[:, None, None].astype(np.float64), targets, rule="the first or last"
        )
