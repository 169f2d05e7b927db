"""`hf-reward`: a sequence classifier of `transformers` trained on preferences."""

from __future__ import annotations

import copy
import logging
import math
import warnings
from typing import Any

import numpy as np
import torch
from torch import nn

from harness import (
    Incompatible,
    Ints,
    Kind,
    Preferences,
    UsageError,
    needs,
    progress,
    single_threaded,
)
from harness_rlhf_topology import hub, settings
from harness_rlhf_topology.kinds import RewardPredictions

LOG = logging.getLogger("harness.rlhf_topology")
CLIP = 1.0
"""The largest norm of the gradient of a step."""


class HFReward(settings.RewardModel):
    """The loss of Bradley and Terry, -ln sigmoid(r_preferred - r_other), on the training part.

    Comparisons that the test part asks for, too, in either order, are not learnt from. Rewards are
    in units of the logistic scale: labels have beta = 1.
    """

    def transform(
        self, data: Preferences, *, to: type[Kind], rng: np.random.Generator
    ) -> RewardPredictions:
        """Differences of the test pairs, and the rewards of all compared responses.

        Raises `Incompatible` without a model, texts or a split, and where all comparisons are those
        of the test; `UsageError` where the model cannot be loaded or its loss is no longer finite.
        """
        name = hub.need(self.model, "hf-reward")
        if data.texts is None:
            raise Incompatible("the responses have no texts; wanted a task with texts")
        train, test = data.part("train"), data.part("test")
        words = hub.tokenizer(name, self.revision)
        nodes = np.unique(data.pairs)
        texts = response_texts(data.parent, data.texts, nodes)
        cut = {"truncation": True, "max_length": self.max_length}
        ids = [words(text, **cut)["input_ids"] or [words.pad_token_id] for text in texts]
        with single_threaded(self.device, rng):
            network = hub.scorer(name, self.revision, trained=self.steps > 0)
            network.config.pad_token_id = words.pad_token_id
            better = np.where(train.y[:, None] > 0, train.pairs, train.pairs[:, ::-1])
            pairs = np.searchsorted(nodes, better[unseen(train.pairs, test.pairs)])
            network = self._trained(network, ids, pairs, words.pad_token_id, rng)
            reward = hub.scored(network, ids, words.pad_token_id, self.device, 2 * self.batch)
        a, b = np.searchsorted(nodes, test.pairs).T
        mean = reward[a] - reward[b]
        true = None if data.reward is None else data.reward[test.pairs]
        return RewardPredictions(
            (test.y > 0).astype(np.int64),
            mean,
            -np.logaddexp(0.0, -mean),
            None if true is None else true[:, 0] - true[:, 1],
            response_mean=reward,
            response_true=None if data.reward is None else data.reward[nodes],
            response_group=roots(data.parent)[nodes],
        )

    def _trained(
        self, base: Any, ids: list[list[int]], pairs: Ints, pad: int, rng: np.random.Generator
    ) -> Any:
        """The network after training on pairs (n, 2), the preferred one first."""
        network = copy.deepcopy(base).to(self.device)
        if self.steps == 0:
            return network.eval()
        if self.lora_rank:
            network = low_rank(network, self.lora_rank)
        learnt = [p for p in network.parameters() if p.requires_grad]
        optimiser = torch.optim.AdamW(learnt, lr=self.learning_rate)
        warm, queue = max(1, self.steps // 20), np.empty(0, np.int64)
        network.train()
        for step in range(self.steps):
            fall = (self.steps - step) / max(1, self.steps - warm)
            for group in optimiser.param_groups:
                group["lr"] = self.learning_rate * min((step + 1) / warm, fall)
            while len(queue) < min(self.batch, len(pairs)):
                queue = np.concatenate([queue, rng.permutation(len(pairs))])
            rows, queue = queue[: self.batch], queue[self.batch :]
            both = [ids[i] for i in pairs[rows].T.ravel()]
            with hub.precision(self.device):
                found = hub.scores(network, both, pad, self.device)
            better, worse = found.reshape(2, -1)
            loss = -nn.functional.logsigmoid(better - worse).mean()
            if not math.isfinite(float(loss.detach())):
                raise UsageError(
                    f"the training loss became {float(loss.detach())}; "
                    f"wanted a learning_rate below {self.learning_rate}"
                )
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            nn.utils.clip_grad_norm_(learnt, CLIP)
            optimiser.step()
            progress(step + 1, self.steps, "steps")
        return network.eval()


def unseen(pairs: Ints, asked: Ints) -> Ints:
    """Positions of the pairs (n, 2) that are not among those ``asked`` (t, 2), in either order.

    Small trees have few pairs, so that many are both annotated and asked for. Raises `Incompatible`
    where none is left.
    """
    size = 1 + max(pairs.max(), asked.max())
    one, two = (rows.min(1) * size + rows.max(1) for rows in (pairs, asked))
    left = np.flatnonzero(~np.isin(one, two))
    if not left.size:
        raise Incompatible(
            "all comparisons are those of the test; wanted more responses, or fewer test pairs"
        )
    if left.size < len(pairs):
        LOG.warning(
            "%d of %d comparisons are asked for in the test and are not learnt from",
            len(pairs) - left.size,
            len(pairs),
        )
    return left


def low_rank(network: Any, rank: int) -> Any:
    """The network with low-rank updates of its linear maps; the head stays trainable.

    Raises `MissingDependency` without ``peft``.
    """
    peft = needs("peft", "infoharness[rlhf_topology]")
    config = peft.LoraConfig(
        task_type="SEQ_CLS", r=rank, lora_alpha=2 * rank, target_modules="all-linear"
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # notes on how layers store their weights
        return peft.get_peft_model(network, config)


def response_texts(parent: Ints, added: tuple[str, ...], nodes: Ints) -> list[str]:
    """The whole text of each node: what all nodes from its root add."""
    whole: list[str] = []
    for up, text in zip(parent.tolist(), added, strict=True):
        whole.append(whole[up] + text if up >= 0 else text)
    return [whole[node] for node in nodes]


def roots(parent: Ints) -> Ints:
    """The root of the tree of each node (v,)."""
    found = np.arange(len(parent))
    for node, up in enumerate(parent.tolist()):
        if up >= 0:
            found[node] = found[up]
    return found
