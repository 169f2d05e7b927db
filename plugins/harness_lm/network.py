"""A decoder-only transformer that fits on a page, with parts that can be switched.

The blocks are those of GPT-2, ``x + attention(norm(x))`` and then ``x + feed_forward(norm(x))``,
and the variants that N. Jha & B. Reagen (arXiv:2501.03489, section 3 and equations 1-8) take parts
away from: no normalisation, no activation, a scaled or fused feed-forward part, temperatures in the
softmax.
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils import parametrizations

from harness_lm.settings import Shape

INIT = 0.02
"""Standard deviation of the weights at the start, as in GPT-2."""
LEAST = 1e-3
"""Feed-forward scales stay this far from 0, temperatures above it."""
ACTIVATIONS: Mapping[str, Callable[[Tensor], Tensor]] = {
    "gelu": F.gelu,
    "relu": F.relu,
    "identity": lambda x: x,
}

Watch = Callable[[int, Tensor, Tensor, Tensor | None], None]
"""Called with a layer, its queries (scaled, over temperature), its keys, and what is added to their
products: None for the causal mask alone, else a mask ``(batch or 1, 1, t, t)`` that contains it.

Queries and keys are ``(batch, heads, t, width / heads)``.
"""
Bias = Callable[[int], Tensor]
"""The mask of a layer, as above."""


@dataclass(frozen=True, kw_only=True)
class Design(Shape):
    """A shape and the size of the vocabulary: all that is needed to build a network again.

    ``vocabulary`` counts the tokens, without the one that starts a sequence; ``window`` the
    tokens that it can see.
    """

    vocabulary: int

    @classmethod
    def of(cls, shape: Shape, vocabulary: int) -> Design:
        """The design of a shape (or of settings that have more than a shape)."""
        fields = {f.name: getattr(shape, f.name) for f in dataclasses.fields(Shape)}
        return cls(vocabulary=vocabulary, **fields)

    def text(self) -> str:
        """The design as JSON."""
        return json.dumps(dataclasses.asdict(self), sort_keys=True)


class Apart(nn.Module):
    """Queries, keys and values by one map each, so that each can be normalized on its own."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.maps = nn.ModuleList(nn.Linear(width, width) for _ in range(3))

    def forward(self, x: Tensor) -> Tensor:
        """``(batch, t, width)`` to ``(batch, t, 3 width)``, as one map of the three would."""
        return torch.cat([linear(x) for linear in self.maps], -1)


class Attention(nn.Module):
    """Causal attention; with temperatures, one for every head and position."""

    def __init__(self, design: Design) -> None:
        super().__init__()
        self.heads = design.heads
        apart = design.weight_norm != "none" and design.normalised != "ffn"
        self.project = Apart(design.width) if apart else nn.Linear(design.width, 3 * design.width)
        self.out = nn.Linear(design.width, design.width)
        self.temperature: nn.Parameter | None = None
        if design.temperature == "learned":
            start = torch.full((design.heads, design.window), design.temperature_start)
            self.temperature = nn.Parameter(start)

    def parts(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Queries (scaled), keys and values ``(batch, heads, t, width / heads)``."""
        batch, t, width = x.shape
        q, k, v = (
            self.project(x)
            .view(batch, t, 3, self.heads, width // self.heads)
            .permute(2, 0, 3, 1, 4)
        )
        q = q / math.sqrt(width // self.heads)
        if self.temperature is not None:
            q = q / self.temperature[:, :t, None].clamp(min=LEAST)
        return q, k, v

    def forward(self, x: Tensor, mask: Tensor | None = None) -> tuple[Tensor, Tensor, Tensor]:
        """What attention adds ``(batch, t, width)``, and the queries and keys it came from.

        ``mask`` is added to the logits in place of the causal one.
        """
        q, k, v = self.parts(x)
        mixed = F.scaled_dot_product_attention(
            q, k, v, attn_mask=mask, is_causal=mask is None, scale=1.0
        )
        return self.out(mixed.transpose(1, 2).flatten(2)), q, k


class FeedForward(nn.Module):
    """``act(x W_in) W_out``; or one fused map, which W_in W_out is without an activation."""

    def __init__(self, design: Design) -> None:
        super().__init__()
        wide = 4 * design.width
        self.activation = ACTIVATIONS[design.activation]
        if design.feed_forward == "fused":
            maps = [nn.Linear(design.width, design.width, bias=False)]
        else:
            maps = [
                nn.Linear(design.width, wide, bias=False),
                nn.Linear(wide, design.width, bias=False),
            ]
        self.maps = nn.ModuleList(maps)

    def forward(self, x: Tensor) -> Tensor:
        """``(batch, t, width)`` to the same."""
        for i, linear in enumerate(self.maps):
            x = linear(x) if i == 0 else linear(self.activation(x))
        return x


class Block(nn.Module):
    """One layer.

    A scaled or fused feed-forward part gives ``beta x + feed_forward(x) / alpha`` (equation 8); a
    block may have attention only.
    """

    def __init__(self, design: Design) -> None:
        super().__init__()

        def norm() -> nn.Module:
            return nn.LayerNorm(design.width) if design.norm == "layer" else nn.Identity()

        self.before_attention, self.attention = norm(), Attention(design)
        self.scales: nn.Parameter | None = None
        self.feed_forward: FeedForward | None = None
        if design.feed_forward != "none":
            self.before_feed_forward, self.feed_forward = norm(), FeedForward(design)
        if design.feed_forward in ("scaled", "fused"):
            self.scales = nn.Parameter(torch.ones(2))

    def forward(self, x: Tensor, mask: Tensor | None = None) -> tuple[Tensor, Tensor, Tensor]:
        """The next hidden states, and queries and keys of the attention; ``mask`` as there."""
        added, q, k = self.attention(self.before_attention(x), mask)
        x = x + added
        if self.feed_forward is None:
            return x, q, k
        more = self.feed_forward(self.before_feed_forward(x))
        if self.scales is None:
            return x + more, q, k
        alpha, beta = self.scales
        alpha = torch.where(alpha.abs() < LEAST, torch.full_like(alpha, LEAST), alpha)
        return beta * x + more / alpha, q, k


class Transformer(nn.Module):
    """The network. With ``norm=none`` there is no normalization at all, not even the last one."""

    def __init__(self, design: Design) -> None:
        super().__init__()
        self.design = design
        self.tokens = nn.Embedding(design.vocabulary + 1, design.width)
        self.places = nn.Embedding(design.window, design.width)
        self.blocks = nn.ModuleList(Block(design) for _ in range(design.layers))
        self.last_norm = nn.LayerNorm(design.width) if design.norm == "layer" else nn.Identity()
        self.head = nn.Linear(design.width, design.vocabulary, bias=False)
        # Targets of the entropies of heads, as shares of their maximum; only the entropy penalty
        # trains them.
        self.thresholds = nn.Parameter(
            torch.full((design.layers, design.heads), design.threshold_start)
        )
        self.dials: nn.Parameter | None = None
        for module in self.modules():
            if isinstance(module, nn.Linear | nn.Embedding):
                nn.init.normal_(module.weight, std=INIT)
            if isinstance(module, nn.Linear) and module.bias is not None:
                nn.init.zeros_(module.bias)
        if design.dial_conditioned:
            self.dials = nn.Parameter(INIT * torch.randn(design.layers, design.width))
        if design.weight_norm != "none":
            normalise: Mapping[str, Callable[[nn.Module], nn.Module]] = {
                "weight": parametrizations.weight_norm,
                "spectral": parametrizations.spectral_norm,
            }
            for linear in self.normalised():
                normalise[design.weight_norm](linear)

    def _blocks(self) -> list[Block]:
        return [block for block in self.blocks if isinstance(block, Block)]

    def normalised(self) -> list[nn.Module]:
        """The linear maps that ``weight_norm`` applies to, as ``normalised`` spells them.

        ``ffn`` is the feed-forward part; q, k, v, o are queries, keys, values and output.
        """
        attended, _, rest = self.design.normalised.partition("-")
        found: list[nn.Module] = []
        for block in self._blocks():
            if isinstance(apart := block.attention.project, Apart):
                maps = zip("qkv", apart.maps, strict=True)
                found += [linear for letter, linear in maps if letter in attended]
                found += [block.attention.out] if "o" in attended else []
            if "ffn" in (attended, rest) and block.feed_forward is not None:
                found += block.feed_forward.maps
        return found

    @property
    def start(self) -> int:
        """The token before the first."""
        return self.design.vocabulary

    def hidden(
        self,
        ids: Tensor,
        watch: Watch | None = None,
        bias: Bias | None = None,
        dial: float | Tensor = 0.0,
    ) -> list[Tensor]:
        """Hidden states ``(batch, t, width)`` after the embedding and after every block.

        ``watch`` sees the queries and keys of each layer while they exist, so that what is reduced
        from them layer by layer never needs the maps of all. ``bias`` gives masks of layers, and
        ``dial`` is told to a network that is conditioned on it.
        """
        x = self.tokens(ids) + self.places.weight[: ids.shape[1]]
        states = [x]
        for layer, block in enumerate(self._blocks()):
            if self.dials is not None:
                x = x + dial * self.dials[layer]
            mask = None if bias is None else bias(layer)
            x, q, k = block(x, mask)
            if watch is not None:
                watch(layer, q, k, mask)
            states.append(x)
        return states

    def read(self, state: Tensor) -> Tensor:
        """What the output layer reads, from the state after the last block."""
        found: Tensor = self.last_norm(state)
        return found

    def forward(
        self,
        ids: Tensor,
        watch: Watch | None = None,
        bias: Bias | None = None,
        dial: float | Tensor = 0.0,
    ) -> Tensor:
        """Logits ``(batch, t, vocabulary)`` of the token after each of ``ids (batch, t)``.

        The other arguments as in `hidden`.
        """
        logits: Tensor = self.head(self.read(self.hidden(ids, watch, bias, dial)[-1]))
        return logits

    def undecayed(self) -> set[int]:
        """Ids of the parameters without weight decay.

        These are norms, biases, scales, embeddings, temperatures and thresholds.
        """
        spared: list[Tensor] = [p for p in self.parameters() if p.ndim < 2 or p is self.thresholds]
        spared += [m.weight for m in self.modules() if isinstance(m, nn.Embedding)]
        spared += [] if self.dials is None else [self.dials]
        spared += [t for b in self._blocks() if (t := b.attention.temperature) is not None]
        return {id(p) for p in spared}
