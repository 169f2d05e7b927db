"""Contexts that mix a few topics, and models that sharpen or flatten their laws."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

import numpy as np

from harness import Case, Floats, Kernels, UsageError, stream
from harness_kernels.settings import Topics

ORDER = 0.5
"""Of the Rényi divergence whose truth is given."""
LEAST = float(np.finfo(float).tiny) ** 0.5
"""Probabilities from here on have squares; truths need those."""


class TopicKernels(Topics):
    """A case per temperature T: the data's laws p are mixtures of topics, a model's are p^(1/T),
    normalized; at T = 1 both are one.

    Topics and mixtures are drawn from the seed. Truths follow from the definitions: divergences of
    copied tokens (on the diagonal) from independent ones (p x p), over all pairs of tokens.
    """

    def cases(self, *, seed: int) -> Iterable[Case]:
        """Cases by temperature. Raises `UsageError` where it leaves a token next to nothing."""
        rng = stream(seed, "topic-kernels", "laws")
        topics = rng.dirichlet(np.full(self.tokens, 0.5), self.topics)
        data = rng.dirichlet(np.ones(self.topics), self.contexts) @ topics
        for temperature in self.temperatures:
            scaled = data ** (1 / temperature)
            if scaled.min() < LEAST:
                raise UsageError(
                    f"topic-kernels.temperatures: at {temperature:g} the least probability is "
                    f"{scaled.min():.3g}, whose square is zero; wanted a higher temperature"
                )
            k = scaled / scaled.sum(1, keepdims=True)
            yield Case(
                id=f"temperature-{temperature:g}",
                data=partial(Kernels, k, np.ones(self.contexts), data),
                truth=truths(k, data),
                facts={"temperature": temperature, "contexts": self.contexts},
                stamp="",
            )


def truths(k: Floats, data: Floats) -> dict[str, float]:
    """Mean entropies of the rows by their definition, and how a model's differ from the data's."""
    means = np.mean([pairwise(row) for row in k], axis=0)
    names = ("entropy", "tv", "hellinger", "renyi", "chi2", "js")
    found = {"entropy" if i == 0 else f"entropy_{n}": float(means[i]) for i, n in enumerate(names)}
    of_data = float(np.mean([pairwise(row)[0] for row in data]))
    cross = -(data * np.log(k)).sum(1).mean()
    return found | {
        "entropy_gap": abs(found["entropy"] - of_data),
        "calibration_gap": float(cross) - found["entropy"],
    }


def pairwise(p: Floats) -> tuple[float, ...]:
    """Divergences of diag(p) from p x p, all v^2 pairs written out; p has no zeros."""
    copied, free = np.diag(p).ravel(), np.outer(p, p).ravel()
    on = copied > 0
    middle = (copied + free) / 2
    return (
        float((copied[on] * np.log(copied[on] / free[on])).sum()),
        float(np.abs(copied - free).sum() / 2),
        float(((np.sqrt(copied) - np.sqrt(free)) ** 2).sum()),
        float(np.log((copied**ORDER * free ** (1 - ORDER)).sum()) / (ORDER - 1)),
        float(((copied - free) ** 2 / free).sum()),
        float(
            (
                (copied[on] * np.log(copied[on] / middle[on])).sum()
                + (free * np.log(free / middle)).sum()
            )
            / 2
        ),
    )
