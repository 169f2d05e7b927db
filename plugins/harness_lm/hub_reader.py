"""A model of transformers as a reader: its attention watched, and turned by a dial."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from transformers.masking_utils import ALL_MASK_ATTENTION_FUNCTIONS, AttentionMaskInterface
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS, AttentionInterface

from harness import Incompatible
from harness_lm import reading, settings
from harness_lm.network import Bias, Watch
from harness_lm.pointers import dial_bias

WATCHED = "infoharness_rows"
"""The name of our attention function, which passes on to the usual one and reduces rows besides."""
UNKNOWN = ("position_bias", "softcap", "s_aux")
"""Arguments that change the logits of attention in ways that our function does not compute."""


@dataclass(frozen=True)
class Visit:
    """What our attention function does besides: add the masks of a dial, and tell a watch."""

    watch: Watch | None
    bias: Bias | None


_visit: list[Visit] = []


def _attend(
    module: Any, query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None, **more: Any
) -> tuple[Tensor, Tensor | None]:
    """Attention as usual, but for what the `Visit` asks for."""
    if _visit:
        odd = [name for name in UNKNOWN if more.get(name) is not None]
        if odd:
            raise Incompatible(
                f"attention with {odd[0]}, whose rows cannot be computed; wanted hf-causal-lm-maps"
            )
        added = mask
        if mask is not None and mask.dtype == torch.bool:
            added = torch.zeros(mask.shape, dtype=torch.float32, device=mask.device).masked_fill(
                ~mask, -math.inf
            )
        if (bias := _visit[-1].bias) is not None:
            own = bias(module.layer_idx)
            if own.shape[2:] != (query.shape[2], key.shape[2]):
                raise Incompatible(
                    f"a dial over {own.shape[2]} tokens, but {query.shape[2]} queries see "
                    f"{key.shape[2]} keys; wanted a model that reads windows without a cache"
                )
            added = own if added is None else own + added
            mask = added.to(query.dtype)
        if (watch := _visit[-1].watch) is not None:
            scale = more.get("scaling")
            q = query * (scale if scale is not None else 1.0 / math.sqrt(query.shape[-1]))
            groups = query.shape[1] // key.shape[1]
            watch(module.layer_idx, q, key.repeat_interleave(groups, 1), added)
    found: tuple[Tensor, Tensor | None] = ALL_ATTENTION_FUNCTIONS["sdpa"](
        module, query, key, value, mask, **more
    )
    return found


AttentionInterface.register(WATCHED, _attend)
AttentionMaskInterface.register(WATCHED, ALL_MASK_ATTENTION_FUNCTIONS["sdpa"])


class HubReader:
    """A model of transformers, with a dial, as a `harness_lm.reading.Reader`."""

    def __init__(
        self, model: Any, start: int, window: int, device: str, dial: settings.Dial
    ) -> None:
        config = model.config
        self.model, self.device, self.start, self.window = model, device, start, window
        self.layers, self.heads = int(config.num_hidden_layers), int(config.num_attention_heads)
        self._dial = dial

    def logits(self, ids: Tensor) -> Tensor:
        """See `harness_lm.reading.Reader`."""
        logits: Tensor = self._read(ids).logits
        return logits

    def watched(self, ids: Tensor, watch: Watch) -> Tensor:
        """See `harness_lm.reading.Reader`.

        Raises `Incompatible` where the model does not let its attention be seen.
        """
        found: Tensor = self._read(ids, watch).logits
        return found

    def hidden(self, ids: Tensor) -> list[Tensor]:
        """See `harness_lm.reading.Reader`."""
        return list(self._read(ids, output_hidden_states=True).hidden_states)

    def _read(self, ids: Tensor, watch: Watch | None = None, **more: Any) -> Any:
        """The model's output; by our attention function where there is a watch, or a dial is on.

        Raises `Incompatible` where not every layer of the model goes through it.
        """
        bias = dial_bias(self._dial, ids, self.layers)
        if watch is None and bias is None:
            return self.model(input_ids=ids, use_cache=False, **more)
        seen: set[int] = set()

        def note(layer: int, q: Tensor, k: Tensor, mask: Tensor | None) -> None:
            seen.add(layer)
            if watch is not None:
                watch(layer, q, k, mask)

        before = self.model.config._attn_implementation
        _visit.append(Visit(note, bias))
        try:
            self.model.set_attn_implementation(WATCHED)
            found = self.model(input_ids=ids, use_cache=False, **more)
        finally:
            _visit.pop()
            self.model.set_attn_implementation(before)
        if len(seen) < self.layers:
            kind = self.model.config.model_type
            raise Incompatible(
                f"{kind}: attention of {len(seen)} of {self.layers} layers is visible; "
                "wanted hf-causal-lm-maps"
            )
        return found

    def head(self, ids: Tensor) -> Tensor:
        """See `harness_lm.reading.Reader`.

        Raises `Incompatible` where the logits are not those of the output layer alone.
        """
        read: list[Tensor] = []
        hook = self.model.get_output_embeddings().register_forward_pre_hook(
            lambda _, given: read.append(given[0])
        )
        try:
            logits = self.logits(ids)
        finally:
            hook.remove()
        w, bias = self.output()
        again = read[0][:, -1] @ w.T + (0.0 if bias is None else bias)
        if not torch.allclose(again.float(), logits[:, -1].float(), atol=1e-2, rtol=1e-2):
            kind = self.model.config.model_type
            raise Incompatible(
                f"{kind}: logits are changed after the output layer; wanted a model "
                "without a cap or a scale on its logits"
            )
        return read[0]

    def output(self) -> tuple[Tensor, Tensor | None]:
        """See `harness_lm.reading.Reader`."""
        layer = self.model.get_output_embeddings()
        return layer.weight, getattr(layer, "bias", None)

    def maps(self, ids: Tensor) -> Tensor:
        """See `harness_lm.reading.Reader`. Only the eager implementation hands out maps."""
        if self._dial.dial:
            return reading.watched_maps(self, ids)
        before = self.model.config._attn_implementation
        try:
            self.model.set_attn_implementation("eager")
            found = self.model(input_ids=ids, use_cache=False, output_attentions=True).attentions
        finally:
            self.model.set_attn_implementation(before)
        if found is None or any(a is None for a in found):
            raise Incompatible(
                f"{self.model.config.model_type}: returns no attention maps, even with the eager "
                "implementation"
            )
        return torch.stack(list(found), 1)

    def describe(self) -> str:
        """See `harness_lm.reading.Reader`. What is not known is left out."""
        config = self.model.config
        about = {
            "model": config.model_type,
            "layers": self.layers,
            "heads": self.heads,
            "width": config.hidden_size,
        }
        return json.dumps(about | {"weights": int(self.model.num_parameters())}, sort_keys=True)
