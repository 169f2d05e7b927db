"""Prompts that pick one of four chains: how information about the prompt flows into the tokens."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from functools import partial

import numpy as np

from harness import Case, Floats, Ints, TokenLaws, stream
from harness_sequences.settings import Flow

PROMPTS, STATES = 4, 3


def chains() -> tuple[Floats, Floats]:
    """First laws ``(prompts, states)`` and transitions ``(prompts, states, states)``, always the
    same.
    """
    rng = stream(0, "flow", "chains")
    return rng.dirichlet(np.ones(STATES), PROMPTS), rng.dirichlet(
        np.ones(STATES), (PROMPTS, STATES)
    )


def sharpened(p: Floats, temperature: float) -> Floats:
    """Laws (last axis) as a sampler of this temperature has them: p^(1/T), normalized."""
    log_p = np.log(p) / temperature
    weight: Floats = np.exp(log_p - log_p.max(-1, keepdims=True))
    return np.asarray(weight / weight.sum(-1, keepdims=True))


def stepwise(ids: Ints, first: Floats, step: Floats) -> Floats:
    """ln p(every symbol | symbols before it, prompt) ``(n, length, prompts, states)``."""
    rows = np.empty((*ids.shape, PROMPTS, STATES))
    rows[:, 0] = np.log(first)
    rows[:, 1:] = np.log(step).transpose(1, 0, 2)[ids[:, :-1]]
    return rows


def chosen(rows: Floats, ids: Ints) -> Floats:
    """ln p of the tokens that were drawn ``(n, length, prompts)``."""
    return np.asarray(np.take_along_axis(rows, ids[:, :, None, None], 3)[..., 0])


def information(length: int, first: Floats, step: Floats) -> tuple[float, float]:
    """I(prompt; sequence) and the entropy of the sequence, in nats, summed over all sequences."""
    every = np.array(list(itertools.product(range(STATES), repeat=length)))
    log_p = chosen(stepwise(every, first, step), every).sum(1)
    p = np.exp(log_p)
    blind = p.mean(1)
    conditional = -(p * log_p).sum(0).mean()
    entropy = -float((blind * np.log(blind)).sum())
    return entropy - float(conditional), entropy


class PromptFlow(Flow):
    """A case per temperature: the laws are those of the chains, and the tokens are drawn from
    them at that temperature.

    At temperature 1 the information density is a sub-martingale; at others the laws are not those
    of the tokens. Truths are those of the tokens as they are drawn: directed information in nats
    per token, mutual information in nats per sequence.
    """

    def cases(self, *, seed: int) -> Iterable[Case]:
        """Cases by temperature."""
        for temperature in self.temperatures:
            laws = [sharpened(p, temperature) for p in chains()]
            total, entropy = information(self.length, laws[0], laws[1])
            truth = {"directed_information": total / self.length, "mutual_information": total}
            if temperature == 1:
                truth["evidence_bound"] = -entropy
            yield Case(
                id=f"temperature-{temperature:g}",
                data=partial(self._draw, temperature, seed),
                truth=truth,
                facts={"temperature": temperature, "length": self.length, "n": self.n},
                stamp="",
            )

    def _draw(self, temperature: float, seed: int) -> TokenLaws:
        first, step = chains()
        rng = stream(seed, "flow", repr(temperature))
        prompt = rng.integers(PROMPTS, size=self.n)
        ids = np.empty((self.n, self.length), np.int64)
        law = sharpened(first, temperature)[prompt]
        for t in range(self.length):
            passed = rng.random((self.n, 1)) > law.cumsum(1)
            ids[:, t] = np.minimum(passed.sum(1), STATES - 1)
            law = sharpened(step, temperature)[prompt, ids[:, t]]
        rows = stepwise(ids, first, step)
        under = chosen(rows, ids)
        before = np.cumsum(under, axis=1) - under
        weight = before - np.logaddexp.reduce(before, axis=2, keepdims=True)
        blind = np.logaddexp.reduce(weight[..., None] + rows, axis=2)
        full = rows[np.arange(self.n), :, prompt]
        cuts = self.length * np.arange(self.n + 1)
        return TokenLaws(
            full.reshape(-1, STATES),
            blind.reshape(-1, STATES),
            ids.ravel(),
            cuts,
            prompt,
            under.sum(1),
        )
