"""`hf-tree`: the paper's Algorithm 1, a tree of responses to each prompt, on a language model."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch

from harness import (
    Floats,
    Incompatible,
    Ints,
    Kind,
    PreferenceSource,
    ReferencedText,
    progress,
    single_threaded,
)
from harness_rlhf_topology import hub, settings
from harness_rlhf_topology.forest import Forest
from harness_rlhf_topology.hf_reward import response_texts
from harness_rlhf_topology.topologies import random_pairs

LOG = logging.getLogger("harness.rlhf_topology")
Sampler = Callable[[list[int], int, int, float], list[tuple[list[int], bool]]]
"""From token ids, a number of samples, a largest number of tokens and a temperature: the new ids of
each sample, and whether it ended by itself."""
Decoder = Callable[[list[int]], str]


@dataclass
class Grown:
    """A tree of one prompt, which is node 0: parents, what each node adds, and the leaves."""

    parent: list[int]
    texts: list[str]
    leaves: list[int]

    def add(self, parent: int, text: str) -> int:
        """A new node."""
        self.parent.append(parent)
        self.texts.append(text)
        return len(self.parent) - 1


def grow(ids: list[int], sample: Sampler, decode: Decoder, asked: settings.Generator) -> Grown:
    """Algorithm 1 for one prompt, given as token ids.

    From each open node ``branching`` segments are sampled, hotter near the root. A segment that
    repeats a sibling or adds nothing is dropped, and one that ends the text makes a leaf. At
    ``depth``, or where the tree has no room for more nodes, a branch is completed as it is.
    """
    tree = Grown([-1], [decode(ids)], [])
    open_ = deque([(0, ids, 0)])  # breadth first: all of a depth before the next
    while open_:
        node, before, depth = open_.popleft()
        full = len(tree.parent) + asked.branching > asked.nodes
        if depth and (depth == asked.depth or full):
            tree.texts[node] += _completion(before, sample, decode, asked)
            tree.leaves.append(node)
            continue
        share = depth / max(1, asked.depth - 1)
        heat = asked.hot + (asked.cold - asked.hot) * share
        whole, siblings = decode(before), set[str]()
        for found, over in sample(before, asked.branching, asked.segment_tokens, heat):
            new, cut = segment(before, found, decode, asked.separator)
            text = decode(before + new)[len(whole) :]
            if not text.strip() or text in siblings:
                continue
            siblings.add(text)
            child = tree.add(node, text)
            if over and not cut:
                tree.leaves.append(child)
            else:
                open_.append((child, before + new, depth + 1))
        if not siblings and node:
            tree.leaves.append(node)
    return tree


def segment(
    before: list[int], new: list[int], decode: Decoder, separator: str
) -> tuple[list[int], bool]:
    """The new tokens up to the first separator, and whether some were cut off."""
    if separator:
        start = len(decode(before))
        for count in range(1, len(new)):
            if separator in decode(before + new[:count])[start:]:
                return new[:count], True
    return new, False


def _completion(
    before: list[int], sample: Sampler, decode: Decoder, asked: settings.Generator
) -> str:
    if not asked.leaf_tokens:
        return ""
    new = sample(before, 1, asked.leaf_tokens, asked.cold)[0][0]
    return decode(before + new)[len(decode(before)) :]


class HFTree(settings.Generator):
    """A tree of prefixes for each prompt, and the rewards that a judge gives the leaves."""

    def transform(
        self, data: ReferencedText, *, to: type[Kind], rng: np.random.Generator
    ) -> PreferenceSource:
        """Trees of the first prompts that have two different responses.

        Raises `Incompatible` without a model, and where no prompt has two responses; `UsageError`
        where a model cannot be loaded.
        """
        name = hub.need(self.model, "hf-tree")
        words = hub.tokenizer(name, self.revision)
        decode = partial(words.decode, skip_special_tokens=True)
        prompts = data.texts[: self.prompts]
        parents: list[Ints] = []
        texts: list[str] = []
        leaves: list[int] = []
        with single_threaded(self.device, rng):
            network = hub.causal(name, self.revision).to(self.device).eval()
            sample = partial(sampled, network, words, self.device)
            longest = max(1, self.max_length - self.depth * self.segment_tokens - self.leaf_tokens)
            for number, prompt in enumerate(prompts):
                ids = words(prompt, truncation=True, max_length=longest)["input_ids"]
                tree = grow(ids, sample, decode, self)
                progress(number + 1, len(prompts), "prompts")
                if len(tree.leaves) < 2:
                    LOG.warning("prompt %d has fewer than two responses and is left out", number)
                    continue
                start = len(texts)
                parent = np.array(tree.parent)
                parents.append(np.where(parent < 0, -1, parent + start))
                texts += [prompt, *tree.texts[1:]]
                leaves += [start + leaf for leaf in tree.leaves]
        if not leaves:
            raise Incompatible("no prompt has two different responses; wanted a higher temperature")
        parent, ends = np.concatenate(parents), np.array(leaves)
        variance = PreferenceSource.by_depth(parent, ends, self.alpha)
        forest = Forest(parent, variance)
        return PreferenceSource(
            parent,
            variance,
            ends,
            random_pairs(ends, forest, self.tests, rng),
            self.noise,
            self.budget,
            self._judged(forest, tuple(texts), ends, rng) if self.judge else None,
            tuple(texts),
        )

    def _judged(
        self, forest: Forest, texts: tuple[str, ...], leaves: Ints, rng: np.random.Generator
    ) -> Floats:
        """Scores of the leaves by the judge, with mean 0 and variance 1; nothing for prefixes."""
        words = hub.tokenizer(self.judge, self.revision)
        cut = {"truncation": True, "max_length": self.max_length}
        whole = response_texts(forest.parent, texts, leaves)
        ids = [words(text, **cut)["input_ids"] or [words.pad_token_id] for text in whole]
        with single_threaded(self.device, rng):
            network = hub.scorer(self.judge, self.revision, trained=False).to(self.device).eval()
            network.config.pad_token_id = words.pad_token_id
            score = hub.scored(network, ids, words.pad_token_id, self.device, self.batch)
        if not score.std() > 0:
            raise Incompatible(f"{self.judge} gives all responses the same score")
        reward = np.zeros(len(texts))
        reward[leaves] = (score - score.mean()) / score.std()
        return reward


def sampled(
    network: Any, words: Any, device: str, ids: list[int], count: int, tokens: int, heat: float
) -> list[tuple[list[int], bool]]:
    """Continuations by a causal model; the token that ends a text is left out."""
    given = torch.tensor([ids], device=device)
    with torch.inference_mode(), hub.precision(device):
        found = network.generate(
            given,
            attention_mask=torch.ones_like(given),
            max_new_tokens=tokens,
            num_return_sequences=count,
            do_sample=True,
            temperature=heat,
            top_k=0,
            top_p=1.0,
            pad_token_id=words.pad_token_id,
            eos_token_id=words.eos_token_id,
        )
    out = []
    for row in found[:, len(ids) :].tolist():
        over = words.eos_token_id in row
        out.append((row[: row.index(words.eos_token_id)] if over else row, over))
    return out
