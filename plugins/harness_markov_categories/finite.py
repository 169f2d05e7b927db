"""A state of its own for each context, and a softmax head: the simplest model of a kernel."""

from __future__ import annotations

import numpy as np
import torch

from harness import HeadStates, Kernels, Kind, progress, single_threaded
from harness_markov_categories.settings import FiniteHead as Settings


class FiniteHead(Settings):
    """States ``(contexts, width)`` and rows ``(v, width)`` that minimize the mean divergence of the
    kernel from softmax(W h), by Adam on all contexts at once.
    """

    def transform(self, data: Kernels, *, to: type[Kind], rng: np.random.Generator) -> HeadStates:
        """The trained states and head. The kernel ``k`` is learnt; ``true`` are the laws of the
        data where they differ from it, and the tokens are drawn from these.
        """
        part = data.evaluated()
        true = part.k if part.data is None else part.data
        n, v = part.k.shape
        start = rng.normal(size=(n + v, self.width)) / self.width**0.5
        with single_threaded():
            table = torch.tensor(start, requires_grad=True)
            k, mu = torch.tensor(part.k), torch.tensor(part.shares)
            adam = torch.optim.Adam([table], lr=self.learning_rate)
            fall = torch.optim.lr_scheduler.CosineAnnealingLR(adam, self.steps)
            for step in range(self.steps):
                adam.zero_grad()
                log_q = (table[:n] @ table[n:].T).log_softmax(1)
                (-mu @ (k * log_q).sum(1)).backward()
                adam.step()
                fall.step()
                progress(step + 1, self.steps, "steps")
            h, w = table.detach().split([n, v])
        ends = true.cumsum(1)
        ids = (rng.random((n, 1)) * ends[:, -1:] > ends).sum(1)
        alike = (part.weights == part.weights[0]).all()
        return HeadStates(
            h.numpy(), w.numpy(), ids, np.arange(n + 1), None, true, None if alike else part.weights
        )
