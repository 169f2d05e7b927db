"""Layers of a causal language model on running text: the embedded one, or a checkpoint."""

from __future__ import annotations

import fnmatch
import functools
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

import harness
from harness import (
    Activations,
    Case,
    Floats,
    HiddenStates,
    Ints,
    UsageError,
    from_hub,
    single_threaded,
    stream,
)
from harness_networks import settings

TINY = "tiny-lm"
"""The embedded model: trained once on CPython's documentation, and kept in the cache."""

HIDDEN = "hidden-{:02d}"
"""Names of the hidden states: 0 is the embedding, i comes out of block i."""


class LMLayers(settings.LMLayers):
    """One case per layer; the samples are tokens of random windows of the text, alike for all.

    Layers are ``hidden-00`` (the embedding), ``hidden-01`` ... (out of each block) and the model's
    own modules, such as ``*.mlp`` or ``*.attn``. The first ``skip`` tokens of a window, which have
    nothing before them, are left out. The embedded ``tiny-lm`` reads the test part of the task
    `pydoc-text`, in sequences and windows of its own.
    """

    def cases(self, *, seed: int) -> Iterable[Case]:
        """The layers in order.

        Raises `UsageError` where the checkpoint or the text cannot be read, a glob matches no
        layer, or the whole window is skipped.
        """
        if self.skip >= self.window:
            raise UsageError(
                f"lm-layers: skip={self.skip} of window={self.window}; wanted a smaller skip"
            )
        if self.model == TINY and (self.text or self.layers):
            raise UsageError(
                f"lm-layers: {TINY} gives all its hidden states on its own text; leave out text "
                "and layers"
            )
        for place, name in enumerate(self.names()):
            yield Case(
                id=name,
                data=partial(self._activations, name, seed),
                facts={"layer": name, "place": place},
            )

    def names(self) -> list[str]:
        """The layers that are asked for. Raises `UsageError` for a glob that matches none."""
        if self.model == TINY:
            return [HIDDEN.format(i) for i in range(harness.model("lm/tiny-lm-states").layers + 1)]
        config = _loaded("AutoConfig", self.model)
        every = [HIDDEN.format(i) for i in range(config.get_text_config().num_hidden_layers + 1)]
        if not self.layers:
            return every
        every += _modules(self.model)
        for glob in self.layers:
            if not fnmatch.filter(every, glob):
                raise UsageError(f"lm-layers.layers: {glob!r} matches none of {', '.join(every)}")
        chosen = {name for glob in self.layers for name in every if fnmatch.fnmatchcase(name, glob)}
        return [name for name in every if name in chosen]

    def _activations(self, name: str, seed: int) -> Activations:
        seen = _tiny_seen if self.model == TINY else _seen
        return Activations(seen(self, seed)[name], layer=name)

    def windows(self, seed: int) -> Ints:
        """Token ids ``(windows, window)``. Raises `UsageError` for a text shorter than a window."""
        tokenizer = _loaded("AutoTokenizer", self.model)
        ids = np.asarray(tokenizer(_text(self.text), verbose=False)["input_ids"], np.int64)
        count = -(-self.tokens // (self.window - self.skip))
        if len(ids) < self.window:
            raise UsageError(
                f"lm-layers.text: {len(ids)} tokens; wanted {self.window} at least, one window"
            )
        rng = stream(seed, "lm-layers", "windows")
        starts = rng.integers(len(ids) - self.window + 1, size=count)
        return np.asarray(ids[starts[:, None] + np.arange(self.window)])


def _text(path: str) -> str:
    if not path:
        from pydoc_data.topics import topics

        return "\n".join(topics[name] for name in sorted(topics))
    try:
        return Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            f"lm-layers.text: {path!r} cannot be read ({error}); wanted a UTF-8 file"
        ) from None


def _loaded(what: str, model: str) -> Any:
    """What an Auto class makes of the checkpoint. Raises `UsageError` where it cannot."""
    if not model:
        raise UsageError(
            "lm-layers.model: no checkpoint named; wanted --set lm-layers.model=FOLDER"
        )
    try:
        return from_hub(what, model)
    except Exception as error:  # whatever the hub, the network or the files raise
        first = " ".join(str(error).split())[:160]
        raise UsageError(
            f"lm-layers.model: {model!r} gives no {what} ({type(error).__name__}: {first}); wanted "
            "a folder that transformers' save_pretrained wrote, with model and tokenizer"
        ) from error


def _modules(model: str) -> list[str]:
    """Names of all modules, from an empty copy of the model."""
    from transformers import AutoModelForCausalLM

    with torch.device("meta"):
        empty = AutoModelForCausalLM.from_config(_loaded("AutoConfig", model))
    return [name for name, _ in empty.named_modules() if name]


@functools.lru_cache(maxsize=1)
def _tiny_seen(task: LMLayers, seed: int) -> dict[str, Floats]:
    """Activations ``(tokens, width)`` of all layers of the embedded model, at the same tokens."""
    (case,) = harness.task("language/pydoc-text").cases(seed=seed)
    found = {}
    for layer, name in enumerate(task.names()):
        model = harness.model("lm/tiny-lm-states", layer=layer, device=task.device)
        states = model.transform(case.load(), to=HiddenStates, rng=stream(seed, "lm-layers", TINY))
        within = np.arange(len(states.x)) - np.repeat(states.offsets[:-1], np.diff(states.offsets))
        places = np.flatnonzero(within >= task.skip)
        order = stream(seed, "lm-layers", "tokens").permutation(places)[: task.tokens]
        found[name] = np.ascontiguousarray(states.x[np.sort(order)])
    return found


@functools.lru_cache(maxsize=1)
def _seen(task: LMLayers, seed: int) -> dict[str, Floats]:
    """Activations ``(tokens, width)`` of all layers asked for."""
    names, windows = task.names(), torch.from_numpy(task.windows(seed))
    network = _loaded("AutoModelForCausalLM", task.model).float().eval()
    parts: dict[str, list[torch.Tensor]] = {name: [] for name in names}

    def keep(name: str, _: Any, __: Any, output: Any) -> None:
        value = output[0] if isinstance(output, tuple) else output
        shape = tuple(value.shape) if isinstance(value, torch.Tensor) else ()
        if len(shape) != 3 or shape[:2] != (len(batch), task.window):
            raise UsageError(
                f"lm-layers.layers: {name} gives no vector per token; wanted another module"
            )
        parts[name].append(value[:, task.skip :].cpu())

    for name, module in network.named_modules():
        if name in parts:
            module.register_forward_hook(partial(keep, name))
    with single_threaded(task.device) as device, torch.no_grad():
        network.to(device)
        for batch in windows.to(device).split(16):
            states = network(batch, output_hidden_states=True, use_cache=False).hidden_states
            for i, state in enumerate(states):
                if (name := HIDDEN.format(i)) in parts:
                    parts[name].append(state[:, task.skip :].cpu())
    flat = {name: torch.cat(found).flatten(0, 1)[: task.tokens] for name, found in parts.items()}
    return {name: values.double().numpy() for name, values in flat.items()}
