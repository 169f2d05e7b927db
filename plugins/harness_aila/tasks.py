"""Sweeps of the dial: a case for each form of it and each value."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

import numpy as np

import harness
from harness import Case, PointedAttention, Split, TokenSequences, UsageError, stream
from harness_aila.settings import Blocks, Induction, Sweep, Text, Transformer


def _each(task: Sweep, name: str, forms: tuple[str, ...]) -> Iterable[tuple[str, float]]:
    """Forms and values. Raises `UsageError` where one is named twice, or none at all."""
    for what, named in (("forms", forms), ("dials", task.values)):
        if not named or len(set(named)) < len(named):
            raise UsageError(f"{name}.{what}: {named}; wanted one at least, and each once")
    for form in forms:
        for dial in task.values:
            yield form, dial


def _transformed(model: str, data: Any, settings: Mapping[str, Any], seed: int) -> PointedAttention:
    found = harness.model(model, **settings).transform(
        data, to=PointedAttention, rng=stream(seed, "aila", model)
    )
    assert isinstance(found, PointedAttention)
    return found


class DialBlocks(Blocks):
    """Labels of blocks (`blocks/block-labels`) read by one bilinear layer.

    With ``mass`` and ``group`` the layer is trained anew for each value; with ``bias`` one layer,
    trained without penalty, is read with dial * beta off the logits of other blocks.
    """

    def cases(self, *, seed: int) -> Iterable[Case]:
        """One for each form and value. Raises `UsageError` where one is named twice."""
        for form, dial in _each(self, "dial-blocks", self.forms):
            yield Case(
                f"{form}-{dial:g}",
                partial(self._read, form, dial, seed),
                facts={"form": form, "dial": dial},
                stamp="",
            )

    def _read(self, form: str, dial: float, seed: int) -> PointedAttention:
        trained = 0.0 if form == "bias" else dial
        (case,) = harness.task("blocks/block-labels", dials=(trained,)).cases(seed=seed)
        settings: dict[str, Any] = {"penalty": form} if form != "bias" else {"bias": dial}
        settings |= {
            "steps": self.steps,
            "training_seed": seed if self.training_seed < 0 else self.training_seed,
        }
        return _transformed("localist/block-attention", case.load(), settings, seed)


class _Dialled(Transformer, ABC):
    """What the sweeps of a transformer share."""

    name = ""

    def _cases(self, seed: int, stamp: str | None, load: Any) -> Iterable[Case]:
        for form, dial in _each(self, self.name, self.forms):
            yield Case(
                f"{form}-{dial:g}",
                partial(self._read, form, dial, seed, load),
                facts={"form": form, "dial": dial, "layers": self._layers},
                stamp=stamp,
            )

    @property
    def _layers(self) -> int:
        return 2 if self.preset == "paper" else self.layers

    def _read(self, form: str, dial: float, seed: int, load: Any) -> PointedAttention:
        settings: dict[str, Any] = {
            "layers": self._layers,
            "heads": self.heads,
            "width": self.width,
            "learning_rate": self.learning_rate,
            "limit": self.windows,
            "training_seed": seed if self.training_seed < 0 else self.training_seed,
            "device": self.device,
            **self._own(),
        }
        rule = settings["rule"]
        penalty = {"pointer_rule": rule, "pointer_power": self.schedule, **self._penalized()}
        if form == "mass" and dial:
            settings |= penalty | {"pointer_penalty": self.weight * dial}
        elif form == "told":
            settings |= penalty | {"pointer_penalty": self.weight}
            settings |= {"dial_conditioned": True, "dial": dial}
        elif form in ("bias", "distance"):
            settings |= {"dial": dial, "dial_power": self.schedule}
            settings |= {"dial_bias": "targets" if form == "bias" else "distance"}
        return _transformed("lm/tiny-lm-pointers", load(), settings, seed)

    @abstractmethod
    def _own(self) -> dict[str, Any]:
        """Settings of the network that belong to this sweep."""

    def _penalized(self) -> dict[str, Any]:
        """The layers with a penalty; all where empty."""
        return {}


class DialInduction(Induction, _Dialled):
    """Sequences that repeat: what came after the last occurrence of a token comes again.

    Each sequence has a period of its own and so many different tokens, repeated to its length.
    Targets exist from the second period on. The network has attention alone, so that its last
    layer has to look where the rule points.
    """

    name = "dial-induction"

    def cases(self, *, seed: int) -> Iterable[Case]:
        """One for each form and value.

        Raises `UsageError` for periods that do not fit, and where something is named twice.
        """
        low, high = min(self.periods, default=0), max(self.periods, default=0)
        if not self.periods or len(self.periods) > 2 or high > min(self.symbols, self.length - 1):
            raise UsageError(
                f"dial-induction.periods: {self.periods}; wanted one or two numbers up to "
                f"{min(self.symbols, self.length - 1)}, that of symbols, and below the length"
            )
        return self._cases(seed, "", partial(self._draw, seed, low, high))

    def _draw(self, seed: int, low: int, high: int) -> TokenSequences:
        rng = stream(seed, "dial-induction")
        count, test = self.sequences + self.windows, self.windows
        rows = []
        for period in rng.integers(low, high + 1, size=count):
            tokens = rng.permutation(self.symbols)[:period]
            rows.append(tokens[np.arange(self.length) % period])
        order = np.arange(count)
        cuts = np.arange(0, count * self.length + 1, self.length)
        split = Split(order[:-test], order[-test:])
        return TokenSequences(np.concatenate(rows), cuts, self.symbols, split=split)

    def _own(self) -> dict[str, Any]:
        return {
            "feed_forward": "none",
            "window": self.length,
            "steps": self.steps,
            "batch": self.batch,
            "rule": self.rule,
        }

    def _penalized(self) -> dict[str, Any]:
        return {"pointer_layers": (self.layer,)}


class DialText(Text, _Dialled):
    """Text as bytes: words, sentences or brackets are what the rule points to."""

    name = "dial-text"

    def cases(self, *, seed: int) -> Iterable[Case]:
        """One for each form and value. Raises `UsageError` where the text cannot be had."""
        source = harness.task("language/pydoc-text", dataset=self.dataset, config=self.config)
        (text,) = source.cases(seed=seed)
        return self._cases(seed, text.stamp, text.load)

    def _own(self) -> dict[str, Any]:
        return {
            "window": self.window,
            "steps": self.steps,
            "batch": self.batch,
            "rule": self.rule,
        }
