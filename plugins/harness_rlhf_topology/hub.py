"""Models of `transformers` from a folder, the cache or the hub. Remote code is never run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from typing import Any

import numpy as np
import torch
from torch import Tensor

from harness import Floats, Incompatible, UsageError, from_hub


def need(name: str, component: str) -> str:
    """The name. Raises `Incompatible` where the user gave none."""
    if not name:
        raise Incompatible(
            f"no model is named; wanted --set {component}.model=FOLDER, "
            "or the id of a model on the Hugging Face hub"
        )
    return name


def tokenizer(name: str, revision: str) -> Any:
    """The tokenizer, with a padding token, cutting off beginnings. Raises `UsageError`."""
    found = _opened(name, lambda: from_hub("AutoTokenizer", name, revision=revision))
    if found.pad_token_id is None:
        if found.eos_token_id is None:
            raise UsageError(f"{name}: its tokenizer has neither a padding nor an end token")
        found.pad_token = found.eos_token
    found.truncation_side = "left"  # the ends of two responses are where they differ
    return found


def causal(name: str, revision: str) -> Any:
    """A causal language model in float32. Raises `UsageError`; also where weights are absent."""
    more = {"revision": revision, "dtype": torch.float32, "output_loading_info": True}
    found, info = _opened(name, lambda: from_hub("AutoModelForCausalLM", name, **more))
    if absent := sorted(map(str, info["missing_keys"])):
        raise UsageError(
            f"{name}: {absent[0]} is absent and would be random; wanted a causal language model"
        )
    return found


def scorer(name: str, revision: str, trained: bool) -> Any:
    """A sequence classifier with one output, in float32.

    Raises `UsageError`; also where weights below the head are absent, which would be random, and
    where the files have no such head (or pooler) and none will be ``trained``.
    """
    found, info = _opened(
        name,
        lambda: from_hub(
            "AutoModelForSequenceClassification",
            name,
            revision=revision,
            dtype=torch.float32,
            num_labels=1,
            ignore_mismatched_sizes=True,
            output_loading_info=True,
        ),
    )
    # A key of another shape comes with both shapes.
    odd = (key if isinstance(key, str) else key[0] for key in info["mismatched_keys"])
    absent = sorted({*info["missing_keys"], *odd})
    below = [key for key in absent if _below_head(key, found.base_model_prefix)]
    if below:
        raise UsageError(
            f"{name}: {below[0]} is absent or has another shape and would be random "
            f"({len(below)} such weights below the head); wanted a whole checkpoint"
        )
    if absent and not trained:
        raise UsageError(
            f"{name}: no head with one output ({absent[0]} is absent); "
            "wanted a reward model, or steps above 0, which train one"
        )
    return found


def _below_head(key: str, prefix: str) -> bool:
    """Whether a weight is the network's own; a pooler is trained with the head."""
    return key.startswith(f"{prefix}.") and "pooler" not in key


def _opened(name: str, load: Callable[[], Any]) -> Any:
    try:
        return load()
    except (OSError, ValueError, ImportError, KeyError) as error:
        text = " ".join(str(error).split())[:200]
        raise UsageError(
            f"{name}: cannot be loaded ({type(error).__name__}: {text}); wanted a folder or hub id "
            "with safetensors that needs no code of its own; for gated ones log in with "
            "`hf auth login`"
        ) from error


def precision(device: str) -> Any:
    """Half precision (bfloat16) for the matrix products of a GPU; full precision on a CPU."""
    return torch.autocast("cuda", torch.bfloat16) if device == "cuda" else nullcontext()


def scores(network: Any, ids: Sequence[Sequence[int]], pad: int, device: str) -> Tensor:
    """The output (b,) of a classifier with one output, for token sequences of any lengths."""
    width = max(map(len, ids))
    table = torch.full((len(ids), width), pad, dtype=torch.long)
    real = torch.zeros((len(ids), width), dtype=torch.long)
    for row, sequence in enumerate(ids):
        table[row, : len(sequence)] = torch.tensor(sequence)
        real[row, : len(sequence)] = 1
    found: Tensor = network(input_ids=table.to(device), attention_mask=real.to(device)).logits[:, 0]
    return found.float()


def scored(network: Any, ids: Sequence[Sequence[int]], pad: int, device: str, batch: int) -> Floats:
    """The same for any number of sequences (m,), without gradients, longest first."""
    out = np.empty(len(ids))
    with torch.inference_mode(), precision(device):
        for rows in _by_length(ids, batch):
            out[rows] = scores(network, [ids[r] for r in rows], pad, device).cpu().double().numpy()
    return out


def _by_length(ids: Sequence[Sequence[int]], batch: int) -> Iterator[list[int]]:
    order = sorted(range(len(ids)), key=lambda r: -len(ids[r]))
    for start in range(0, len(order), batch):
        yield order[start : start + batch]
