"""What the norms of a linear-softmax head allow it to lose on new tokens, in nats.

Uniform over heads of Frobenius norm B (rows centred, as a common shift changes no law) on fixed
states h: cross-entropy is sqrt(2)-Lipschitz in the logits and at most ln(1 + (v - 1) exp(sqrt(2) B
max |h|)), so that by symmetrization, McDiarmid's inequality (P. Bartlett, S. Mendelson, JMLR 3, 463
(2002)) and the contraction of vectors (A. Maurer, ALT 2016), with probability 1 - delta

    test - training <= 4 B sqrt((v - 1) mean |h|^2 / n) + 3 M sqrt(ln(2 / delta) / 2n).
"""

from __future__ import annotations

import math

import numpy as np

from harness import Estimate, HeadStates, Incompatible
from harness_token_semantics.settings import Norms


def complexity(data: HeadStates, n: int) -> tuple[float, float]:
    """Bound on the Rademacher complexity of the loss on ``n`` tokens, and on the loss itself.

    A bias is a row more of the head, for a state that has a 1 more.
    """
    head, states = data.w, data.h
    if data.bias is not None:
        head = np.column_stack([head, data.bias])
        states = np.column_stack([states, np.ones(len(states))])
    norm = float(np.linalg.norm(head - head.mean(0)))
    length = (states**2).sum(1)
    free = len(head) - 1
    most = float(np.logaddexp(0.0, math.log(free) + math.sqrt(2 * length.max()) * norm))
    return 2 * norm * math.sqrt(free * length.mean() / n), most


class NormBound(Norms):
    """The bound at the norms of the head and the states that are given.

    It is a theorem for a norm that is set before the head is fitted, states that are not, and
    independent tokens; of a trained language model it is a proxy.
    """

    def estimate(self, data: HeadStates, *, rng: np.random.Generator | None = None) -> Estimate:
        """In nats per token, with both of its terms; ``vacuous`` where it exceeds ln v, what the
        uniform law loses. Raises `Incompatible` for weighted states and a single token.
        """
        part = data.evaluated()
        if part.weights is not None:
            raise Incompatible("the states are weighted; wants a state per token")
        if len(part.w) < 2:
            raise Incompatible("a vocabulary of one token; wants at least 2")
        n = self.tokens or len(part.h)
        size, most = complexity(part, n)
        chance = 3 * most * math.sqrt(math.log(2 / self.failure) / (2 * n))
        value = 2 * size + chance
        notes = {
            "complexity": size,
            "chance": chance,
            "tokens": n,
            "vacuous": value > math.log(len(part.w)),
        }
        return Estimate(value, diagnostics=notes)
