"""Laws of replies by models of transformers: with the text that came before, and without it.

Anything that `AutoModelForCausalLM` or `AutoModelForMaskedLM` loads without code of its own:
attention, or state spaces such as Mamba.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch

from harness import (
    Floats,
    Incompatible,
    Ints,
    Kind,
    ReferencedText,
    TokenLaws,
    UsageError,
    from_hub,
    progress,
    single_threaded,
)
from harness_token_semantics.settings import Checkpoint, MaskedCheckpoint

MOST_BYTES = 1 << 31

Rows = tuple[list[Floats], list[Floats]]
"""ln p of the tokens of each sequence ``(t, v)``, with the text and without it."""


def _loaded(kind: str, name: str, device: torch.device) -> tuple[Any, Any]:
    """Tokenizer and model.

    Raises `Incompatible` where no checkpoint is named, and where a causal model is wanted and
    earlier positions see later tokens; `UsageError` where it cannot be loaded, needs code of its
    own, or lacks weights.
    """
    if not name:
        raise Incompatible("no checkpoint; set model to the folder of one, or to an id of the hub")
    files = sorted(Path(name).iterdir()) if Path(name).is_dir() else []
    return _read(kind, name, device, tuple((f.name, f.stat().st_mtime_ns) for f in files))


@lru_cache(maxsize=1)
def _read(kind: str, name: str, device: torch.device, stamp: tuple[Any, ...]) -> tuple[Any, Any]:
    """The last checkpoint is kept, as long as its files (``stamp``) are what they were."""
    try:
        tokenizer = from_hub("AutoTokenizer", name)
        model, info = from_hub(kind, name, dtype=torch.float32, output_loading_info=True)
    except (OSError, ValueError, ImportError) as error:
        reason = str(error).strip().partition("\n")[0]
        raise UsageError(f"model {name!r}: {reason}") from error
    if absent := sorted(map(str, info["missing_keys"])):
        raise UsageError(
            f"model {name!r}: {absent[0]} is absent and would be random; "
            "wanted a checkpoint with a language-model head"
        )
    model = model.eval().to(device)
    if kind == "AutoModelForCausalLM":
        _refuse_acausal(model, device)
    return tokenizer, model


def _refuse_acausal(model: Any, device: torch.device) -> None:
    """Change the last of four tokens: a causal model gives the same logits before it."""
    ids = torch.tensor([[0, 1, 0, 0], [0, 1, 0, 1]], device=device)
    first, second = model(input_ids=ids, use_cache=False).logits[:, :3].float()
    if not torch.allclose(first, second, atol=1e-3, rtol=1e-3):
        kind = model.config.model_type
        raise Incompatible(
            f"{kind}: earlier positions see later tokens; wanted a causal model, or masked-laws"
        )


def _pairs(
    data: ReferencedText, tokenizer: Any, settings: Checkpoint
) -> list[tuple[list[int], list[int]]]:
    """Tokens of texts and replies. Raises `Incompatible` where all of them would take too much."""
    part = data.evaluated()
    pairs: list[tuple[list[int], list[int]]] = []
    for text, reply in list(zip(part.texts, part.references, strict=True))[: settings.pairs]:
        ids = [tokenizer.encode(s, add_special_tokens=False) for s in (text + "\n", reply)]
        if not ids[1]:
            raise Incompatible(f"the reply {reply!r} has no token")
        pairs.append((ids[0], ids[1][: settings.tokens]))
    return pairs


def _refuse_large(tokens: int, vocabulary: int) -> None:
    needed = 16 * tokens * vocabulary
    if needed > MOST_BYTES:
        raise Incompatible(
            f"{tokens} tokens of {vocabulary} words take {needed / 2**30:.1f} GiB; wants at most "
            f"{MOST_BYTES >> 30} GiB (fewer pairs, or fewer tokens)"
        )


def _log_p(logits: Any) -> Floats:
    return np.asarray(torch.log_softmax(logits.double(), -1).cpu().numpy())


class CausalLaws(Checkpoint):
    """Every token of a reply, given the ones before it; with the text in front, and without it."""

    def transform(
        self, data: ReferencedText, *, to: type[Kind], rng: np.random.Generator
    ) -> TokenLaws:
        """A sequence per pair; text and reply are parted by a line break.

        Raises `UsageError` for a checkpoint that cannot be loaded, and `Incompatible` for a
        tokenizer without a first token, and for laws that would take too much memory.
        """
        with single_threaded(self.device, rng) as device, torch.inference_mode():
            tokenizer, model = _loaded("AutoModelForCausalLM", self.model, device)
            start = tokenizer.bos_token_id
            start = tokenizer.eos_token_id if start is None else start
            if start is None:
                raise Incompatible("the tokenizer has no token that a sequence begins with")
            pairs = _pairs(data, tokenizer, self)
            _refuse_large(sum(len(reply) for _, reply in pairs), model.config.vocab_size)
            laws: Rows = [], []
            for i, (text, reply) in enumerate(pairs):
                progress(i, len(pairs), "pairs")
                for rows, before in zip(laws, (text, []), strict=True):
                    ids = torch.tensor([[start, *before, *reply]], device=device)
                    logits = model(input_ids=ids, use_cache=False).logits[0]
                    rows.append(_log_p(logits[len(before) : len(before) + len(reply)]))
        return _as_laws(laws, [np.array(reply) for _, reply in pairs])


class MaskedLaws(MaskedCheckpoint):
    """Every token of a reply, given those that a random order has uncovered before it.

    A masked model has no order of its own, so that directed information depends on the order; the
    mean over random ones is what is measured.
    """

    def transform(
        self, data: ReferencedText, *, to: type[Kind], rng: np.random.Generator
    ) -> TokenLaws:
        """A sequence per pair and order, its tokens as they are uncovered.

        Raises as `CausalLaws` does, and `Incompatible` for a tokenizer without a mask.
        """
        orders = np.random.default_rng(rng.integers(2**63))
        with single_threaded(self.device, rng) as device, torch.inference_mode():
            tokenizer, model = _loaded("AutoModelForMaskedLM", self.model, device)
            mask = tokenizer.mask_token_id
            if mask is None:
                raise Incompatible("the tokenizer has no mask")
            pairs = _pairs(data, tokenizer, self)
            total = self.orders * sum(len(reply) for _, reply in pairs)
            _refuse_large(total, model.config.vocab_size)
            laws: Rows = [], []
            tokens: list[Ints] = []
            for i, (text, reply) in enumerate(pairs):
                progress(i, len(pairs), "pairs")
                for _ in range(self.orders):
                    order = orders.permutation(len(reply))
                    tokens.append(np.array(reply)[order])
                    for rows, before in zip(laws, (text, []), strict=True):
                        ids = _covered(tokenizer, before, np.array(reply), order, mask)
                        at = ids.pop("at")
                        logits = model(torch.tensor(ids["ids"], device=device)).logits
                        rows.append(_log_p(logits[torch.arange(len(reply)), torch.tensor(at)]))
        return _as_laws(laws, tokens)


def _covered(
    tokenizer: Any, before: list[int], reply: Ints, order: Ints, mask: int
) -> dict[str, Any]:
    """A row per step: after the text, the reply with what is not yet uncovered behind masks; and
    where in the row the token of that step is.
    """
    t = len(reply)
    rank = np.empty(t, np.int64)
    rank[order] = np.arange(t)
    rows = np.where(rank[None] < np.arange(t)[:, None], reply, mask)
    head = [tokenizer.cls_token_id] if tokenizer.cls_token_id is not None else []
    tail = [tokenizer.sep_token_id] if tokenizer.sep_token_id is not None else []
    front = np.array([*head, *before, *(tail if before else [])], np.int64)
    ids = np.hstack([np.tile(front, (t, 1)), rows, np.tile(np.array(tail, np.int64), (t, 1))])
    return {"ids": ids, "at": len(front) + order}


def _as_laws(laws: Rows, tokens: list[Ints]) -> TokenLaws:
    cuts = np.concatenate([[0], np.cumsum([len(row) for row in tokens])])
    full, blind = (np.concatenate(rows) for rows in laws)
    return TokenLaws.of(full, blind, np.concatenate(tokens), cuts)
