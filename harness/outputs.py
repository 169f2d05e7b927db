"""What an estimator returns. Information is in nats, and is never clipped."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from harness import display
from harness.errors import DataError, Incompatible

Diagnostics = Mapping[str, float | int | str | bool]
LONGEST_CURVE = 512
"""Points of a curve that a record still keeps."""


def _vector(value: Any, dtype: Any, where: str) -> NDArray[Any]:
    out = np.array(value, dtype=dtype)
    if out.ndim != 1:
        raise DataError(where, f"shape {out.shape}", "one axis")
    out.flags.writeable = False
    return out


def _number(value: Any, where: str) -> float:
    if isinstance(value, str | bytes | bool | np.bool_):
        raise DataError(where, f"{value!r:.40}", "a number")
    return float(value)


@dataclass(frozen=True, eq=False)
class Estimate:
    """A number with its uncertainty.

    Attributes
    ----------
    value : the estimate, in the unit of the estimator's quantity; may be infinite, never NaN.
    stderr : its standard error, where the method gives one.
    local : one value per item of the data (pointwise information ...), where the method has them.
    diagnostics : what a reader needs to trust it (bandwidth, epochs, warnings ...).
    """

    value: float
    stderr: float | None = None
    local: NDArray[np.float64] | None = None
    diagnostics: Diagnostics = field(default_factory=dict)

    @classmethod
    def from_local(cls, values: ArrayLike, diagnostics: Diagnostics | None = None) -> Estimate:
        """The mean of one value per item (n,), with its standard error from two items on.

        The error is that of independent items; a method with dependent ones states its own.
        """
        local = _vector(values, np.float64, "Estimate.local")
        if not local.size:
            raise DataError("Estimate.local", "no values", "at least one")
        stderr = float(local.std(ddof=1) / math.sqrt(len(local))) if len(local) > 1 else None
        return cls(float(local.mean()), stderr, local, diagnostics or {})

    def __post_init__(self) -> None:
        object.__setattr__(self, "value", _number(self.value, "Estimate.value"))
        if math.isnan(self.value):
            raise DataError(
                "Estimate.value", "NaN", "a number, or an error that says why there is none"
            )
        if self.stderr is not None:
            object.__setattr__(self, "stderr", _number(self.stderr, "Estimate.stderr"))
            if not self.stderr >= 0:
                raise DataError("Estimate.stderr", str(self.stderr), "a number from 0 up, or None")
        if self.local is not None:
            object.__setattr__(self, "local", _vector(self.local, np.float64, "Estimate.local"))

    def _repr_html_(self) -> str:
        rows = [("value", self.value), ("standard error", self.stderr), *self.diagnostics.items()]
        return display.table(("estimate", ""), rows) + display.image(self._repr_png_())

    def _repr_png_(self) -> bytes | None:
        if heads := display.heads(self.diagnostics):
            return display.picture(functools.partial(display.maps, panels={"": heads}))
        if self.local is None or not np.isfinite(self.local).all():
            return None
        return display.picture(functools.partial(display.histogram, values=self.local))


@dataclass(frozen=True, eq=False)
class Selection:
    """Units chosen from the data, in the order of choice: every prefix is the smaller selection.

    A method whose selections are not nested gives ``sets``, one per size, besides.

    Attributes
    ----------
    order (m,) : distinct positions, best first.
    scores (m,) : the gain of each choice, where the method has one.
    sets : for sizes that are no prefix of ``order``, the positions chosen at that size.
    """

    order: NDArray[np.int64]
    scores: NDArray[np.float64] | None = None
    sets: Mapping[int, NDArray[np.int64]] | None = None
    diagnostics: Diagnostics = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "order", self._positions(self.order, "order"))
        if self.scores is not None:
            object.__setattr__(self, "scores", _vector(self.scores, np.float64, "Selection.scores"))
        if self.sets is not None:
            sets = {
                int(m): self._positions(chosen, f"sets[{m}]")
                for m, chosen in sorted(self.sets.items())
            }
            for m, chosen in sets.items():
                if len(chosen) != m:
                    raise DataError(f"Selection.sets[{m}]", f"{len(chosen)} positions", f"{m}")
            object.__setattr__(self, "sets", sets)

    @staticmethod
    def _positions(value: Any, where: str) -> NDArray[np.int64]:
        out: NDArray[np.int64] = _vector(value, np.int64, f"Selection.{where}")
        if len(np.unique(out)) != len(out) or (out.size and out.min() < 0):
            raise DataError(
                f"Selection.{where}",
                "repeated or negative positions",
                "distinct positions from 0 up",
            )
        return out

    def subset(self, size: int) -> NDArray[np.int64]:
        """The ``size`` units chosen. Raises `Incompatible` where the method did not go that far."""
        if self.sets is not None:
            if size in self.sets:
                return self.sets[size]
            raise Incompatible(
                f"selected for the sizes {', '.join(map(str, self.sets))}, not for {size}"
            )
        if size > len(self.order):
            raise Incompatible(f"selected {len(self.order)} units, fewer than the {size} asked for")
        return self.order[:size]

    def _repr_html_(self) -> str:
        gains = self.order * math.nan if self.scores is None else self.scores
        rows = [(i, int(at), float(g)) for i, (at, g) in enumerate(zip(self.order, gains), 1)]  # noqa: B905
        return display.table(("rank", "position", "gain"), rows)

    def _repr_png_(self) -> bytes | None:
        if self.scores is None or not len(self.scores):
            return None
        ranks = np.arange(1, len(self.scores) + 1)
        draw = functools.partial(display.line, x=ranks, y=self.scores, names=("rank", "gain"))
        return display.picture(draw)


@dataclass(frozen=True, eq=False)
class Curve:
    """One quantity against another.

    Its record keeps a curve of at most `LONGEST_CURVE` points among the diagnostics.

    Attributes
    ----------
    x (m,) : increasing positions.
    y (m,) : the value at each; may be infinite, never NaN.
    name_x, name_y : what the two are, with the unit where there is one.
    stderr (m,) : the standard error of each ``y``, where the method gives them.

    Raises
    ------
    DataError : no points, lengths that differ, NaN, ``x`` that does not increase, a negative
        ``stderr``.
    """

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    name_x: str
    name_y: str
    stderr: NDArray[np.float64] | None = None
    diagnostics: Diagnostics = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("x", "y", "stderr"):
            if getattr(self, name) is not None:
                object.__setattr__(
                    self, name, _vector(getattr(self, name), np.float64, f"Curve.{name}")
                )
        if not len(self.x):
            raise DataError("Curve.x", "no points", "at least one")
        for name in ("x", "y", "stderr"):
            values = getattr(self, name)
            if values is None:
                continue
            if len(values) != len(self.x):
                raise DataError(f"Curve.{name}", f"{len(values)} points", f"{len(self.x)}, as in x")
            if np.isnan(values).any():
                raise DataError(
                    f"Curve.{name}",
                    "NaN",
                    "a number at every point",
                    int(np.argmax(np.isnan(values))),
                )
        if (np.diff(self.x) <= 0).any():
            raise DataError(
                "Curve.x", "positions that do not increase", "increasing positions, each once"
            )
        if self.stderr is not None and (self.stderr < 0).any():
            raise DataError("Curve.stderr", "a negative number", "numbers from 0 up, or None")

    def _repr_html_(self) -> str:
        if (png := self._repr_png_()) is not None:
            return display.image(png)
        points = zip(self.x.tolist(), self.y.tolist(), strict=True)
        return display.table((self.name_x, self.name_y), points)

    def _repr_png_(self) -> bytes | None:
        names = self.name_x, self.name_y
        draw = functools.partial(display.line, x=self.x, y=self.y, names=names, stderr=self.stderr)
        return display.picture(draw)

    def plain(self) -> dict[str, Any]:
        """The curve as lists and texts, for records."""
        values = {k: getattr(self, k) for k in ("x", "y", "stderr")}
        return {"name_x": self.name_x, "name_y": self.name_y} | {
            k: v.tolist() for k, v in values.items() if v is not None
        }

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Curve:
        """The curve of `plain`. Raises `DataError` for what is no curve, or one too long."""
        try:
            texts = {k: str(plain[k]) for k in ("name_x", "name_y")}
            values = {k: [float(v) for v in plain[k]] for k in plain if k not in texts}
            curve = cls(**values, **texts)  # type: ignore[arg-type]
        except (KeyError, TypeError, ValueError) as error:
            raise DataError(
                "Curve", f"{error!r}", "name_x, name_y, x, y and maybe stderr"
            ) from None
        if len(curve.x) > LONGEST_CURVE:
            raise DataError("Curve.x", f"{len(curve.x)} points", f"at most {LONGEST_CURVE}")
        return curve


@dataclass(frozen=True, eq=False)
class Prediction:
    """Predicted values (m,) or class probabilities (m, c) for the units at ``index`` (m,)."""

    values: NDArray[np.float64]
    index: NDArray[np.int64]
    diagnostics: Diagnostics = field(default_factory=dict)

    def __post_init__(self) -> None:
        values = np.array(self.values, dtype=np.float64)
        values.flags.writeable = False
        object.__setattr__(self, "values", values)
        object.__setattr__(self, "index", _vector(self.index, np.int64, "Prediction.index"))
        if values.ndim not in (1, 2) or len(values) != len(self.index):
            raise DataError(
                "Prediction.values",
                f"shape {values.shape}",
                f"one row per index ({len(self.index)})",
            )
        if not np.isfinite(values).all():
            raise DataError("Prediction.values", "NaN or infinity", "finite numbers")


Output = Estimate | Selection | Curve | Prediction
