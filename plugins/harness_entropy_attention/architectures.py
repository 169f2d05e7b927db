"""The architectures of the paper's table 1, trained alike."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial

import harness
from harness import AttentionProfile, Case, UsageError, stream
from harness_entropy_attention.cost import cost
from harness_entropy_attention.settings import Architectures

SOFTMAX_ONLY = {"norm": "none", "activation": "identity"}
PARTS: Mapping[str, Mapping[str, str]] = {
    "ln-gelu": {},
    "ln-relu": {"activation": "relu"},
    "ln": {"activation": "identity"},
    "gelu": {"norm": "none"},
    "relu": {"norm": "none", "activation": "relu"},
    "softmax-only": SOFTMAX_ONLY,
    "weight-norm": SOFTMAX_ONLY | {"weight_norm": "weight"},
    "spectral-norm": SOFTMAX_ONLY | {"weight_norm": "spectral"},
    **{
        f"{norm}-norm-{maps}": SOFTMAX_ONLY | {"weight_norm": norm, "normalised": maps}
        for norm in ("weight", "spectral")
        for maps in ("qk", "qk-ffn", "qkv-ffn", "qkvo-ffn")
    },
    "scaled": SOFTMAX_ONLY | {"feed_forward": "scaled"},
    "scaled-fused": SOFTMAX_ONLY | {"feed_forward": "fused"},
    "temperature": SOFTMAX_ONLY | {"feed_forward": "fused", "temperature": "learned"},
    "regularised": SOFTMAX_ONLY | {"feed_forward": "fused", "temperature": "learned"},
}
"""What each changes in the usual block.

Networks without norm have none at all, the last included.
"""


class AttentionArchitectures(Architectures):
    """A case per architecture: its attention on test text, and its log-probabilities of that text.

    All see the same text in the same order of the same seed. ``equal=steps`` gives all as many
    tokens, as the paper does; ``equal=flops`` gives those with cheaper steps more of them. Several
    margins of the entropy penalty make several cases of ``regularised``, such as
    ``regularised-0.1``.
    """

    def cases(self, *, seed: int) -> Iterable[Case]:
        """One per architecture.

        Raises `UsageError` where one is named twice, or the text cannot be had.
        """
        for what, named in (
            ("architectures", self.architectures),
            ("entropy_margin", self.entropy_margin),
        ):
            if not named or len(set(named)) < len(named):
                raise UsageError(
                    f"attention-architectures.{what}: {named}; wanted one at least, and each once"
                )
        (text,) = harness.task("language/pydoc-text", dataset=self.dataset).cases(seed=seed)
        size = self.size
        for name in self.architectures:
            steps = self.steps if self.equal == "steps" else self.equal_steps(name)
            facts = {"steps": steps, "layers": size["layers"], "window": size["window"]}
            for margin in self.entropy_margin if name == "regularised" else (0.0,):
                several = name == "regularised" and len(self.entropy_margin) > 1
                yield Case(
                    id=f"{name}-{margin:g}" if several else name,
                    data=partial(self._profile, name, margin, steps, text, seed),
                    facts=facts | ({"margin": margin} if name == "regularised" else {}),
                    stamp=text.stamp,
                )

    def equal_steps(self, name: str) -> int:
        """Steps that cost as many floating-point operations as ``steps`` of the usual block."""

        def flops(parts: Mapping[str, str]) -> int:
            usual = {"norm": "layer", "activation": "gelu", "feed_forward": "standard"}
            found = cost(self.size | usual | dict(parts), self.size["window"])
            return found.feed_forward_flops + found.attention_flops

        return max(1, round(self.steps * flops({}) / flops(PARTS[name])))

    def _profile(
        self, name: str, margin: float, steps: int, text: Case, seed: int
    ) -> AttentionProfile:
        own: dict[str, float] = {}
        if name == "regularised":
            own = {"entropy_penalty": self.entropy_penalty, "entropy_margin": margin}
        model = harness.model(
            "lm/tiny-lm-attention",
            **self.size,
            temperature_start=self.temperature_start,
            steps=steps,
            limit=self.windows,
            training_seed=seed,
            device=self.device,
            **PARTS[name],
            **own,
        )
        found = model.transform(
            text.load(), to=AttentionProfile, rng=stream(seed, "attention-architectures", name)
        )
        assert isinstance(found, AttentionProfile)
        return found
