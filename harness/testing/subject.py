"""An estimator or model under test, with one of the kinds that it reads."""

from __future__ import annotations

import dataclasses
import functools
import itertools
import math
import time
from collections.abc import Mapping
from typing import Any

import numpy as np

from harness.components import Component
from harness.errors import DataError, Incompatible, MissingDependency
from harness.kinds import Kind
from harness.seeds import stream
from harness.testing.effects import Traces, quiet, restore, surroundings, watched
from harness.testing.report import Failed, NotChecked
from harness.testing.samples import variants

REPEATS = 8
KNOWN_N = 1000


class Subject:
    """An estimator or model with one of the kinds that it reads."""

    def __init__(self, component: Component, kind: type[Kind], params: Mapping[str, Any]) -> None:
        self.component, self.kind, self._params = component, kind, params
        self.spec, self._untidy = component.spec, False
        several = isinstance(component.spec.reads, tuple) and len(component.spec.reads) > 1
        self.name = f"{component.name}[{kind.__name__}]" if several else component.name
        self.package = component.spec.implementation.partition(":")[0].partition(".")[0]

    def run(self, data: Kind, seed: int = 0) -> Any:
        """The output for these data under a seed; warnings and prints are kept quiet, and the
        settings that the component is known to leave behind are put back."""
        before = surroundings() if self._untidy else {}
        try:
            with quiet():
                return self._call(data, seed)
        finally:
            restore(before)

    def _call(self, data: Kind, seed: int) -> Any:
        if getattr(self.spec, "asks", None):
            raise NotChecked("asks a task while it runs; its own tests have one that answers")
        rng = stream(seed, "conformance", self.component.name)
        implementation = self.component.build(self._params)
        if self.component.role == "estimator":
            return implementation.estimate(data, rng=rng)
        return implementation.transform(data, to=self.spec.gives, rng=rng)

    def timed(self, data: Kind, seed: int = 0) -> tuple[Any, float]:
        """The output, and the seconds of processor time that it took: what else the machine does
        has no say in what is checked."""
        start = time.process_time()
        return self.run(data, seed), time.process_time() - start

    def _watched(self, data: Kind) -> tuple[Any, Traces]:
        with quiet() as printed, watched(self.package, printed) as traces:
            output = self._call(data, 0)
        self._untidy = self._untidy or bool(traces.left)
        return output, traces

    @functools.cached_property
    def _suited(self) -> tuple[int, Kind, Any] | Exception:
        """Position and contents of the first sample data that the component takes, and its output;
        or what came instead."""
        reason = NotChecked("no sample data")
        samples = variants(self.kind, stream(0, "conformance", self.kind.__name__))
        try:
            for place, data in enumerate(samples):
                if "split" in self.spec.needs and data.split is None:
                    continue
                self._before = surroundings()
                try:
                    output, self._first = self._watched(copied(data))
                except Incompatible as error:
                    reason = NotChecked(f"suits no sample {self.kind.__name__}: {error}")
                    continue
                if not self._first.imported:
                    restore(self._before)
                return place, data, output
        except (MissingDependency, NotChecked) as error:
            return NotChecked(str(error))
        except Exception as error:
            return error
        return reason

    def first(self) -> tuple[Kind, Any]:
        """A fresh copy of sample data, and the output for them.

        Raises `Failed` where the component breaks on them.
        """
        found = self._suited
        if isinstance(found, NotChecked):
            raise found
        if isinstance(found, Exception):
            raise Failed(
                f"{self.name} on a sample {self.kind.__name__}",
                f"{type(found).__name__}: {found}",
                "an output, or harness.Incompatible with the reason",
            ) from found
        _, data, output = found
        return copied(data), output

    def settled(self) -> tuple[Kind, Any]:
        """The same, for checks that come after ``output``."""
        try:
            return self.first()
        except Failed:
            raise NotChecked("gives no output for sample data; see the check 'output'") from None

    @functools.cached_property
    def again(self) -> Any:
        """The output of a second call with equal data and seed, from the settings of the first."""
        data, _ = self.settled()
        now = surroundings()
        restore(self._before)
        try:
            output, self._second = self._watched(data)
        finally:
            restore(now)
        return output

    def left(self) -> list[str]:
        """What the component leaves behind in its process, in words.

        What a first call leaves that imports packages may be theirs: then the second one tells.
        """
        _ = self.again
        first = [] if self._first.imported else self._first.left
        return list(dict.fromkeys([*first, *self._second.left]))

    def sized(self, n: int) -> Kind:
        """Sample data of about n units, in the form that suits. Raises `DataError` for none."""
        self.settled()
        assert isinstance(self._suited, tuple)
        place, *_ = self._suited
        rng = stream(n, "conformance", self.kind.__name__)
        found = next(itertools.islice(variants(self.kind, rng, n), place, None), None)
        if found is None:
            raise DataError(self.kind.__name__, f"no sample of {n} units", "one")
        return found

    def known(self, place: int, n: int, seed: int) -> Any:
        """The output for draws of known information, at one place of the kind's list.

        Raises `Failed` for other than an output or `Incompatible`.
        """
        draws = self.kind.known(stream(seed, "conformance", "known"), n)
        _, truth, data = next(itertools.islice(draws, place, None))
        try:
            return self.run(data, seed)
        except Incompatible:
            raise
        except Exception as error:
            raise Failed(
                f"{self.name} on {n} draws of a {self.kind.__name__} with {truth:.4g} nats",
                f"{type(error).__name__}: {error}",
                "an output, or harness.Incompatible with the reason",
            ) from error

    @functools.cached_property
    def places(self) -> list[tuple[int, float]]:
        """Place and value in nats of the known draws of this estimator's quantity."""
        listed = self.kind.known(stream(0, "conformance", "known"), 2 * self.kind.min_n + 8)
        name = self.spec.quantity.name
        return [(i, truth) for i, (quantity, truth, _) in enumerate(listed) if quantity == name]

    @functools.cached_property
    def measured(self) -> tuple[int, float, list[Any]] | NotChecked:
        """Estimates of the first known dependent draws that suit; or why there are none."""
        reason: object = f"no known value for a {self.kind.__name__}"
        for place, truth in self.places:
            if truth == 0:
                continue
            try:
                found = [self.known(place, KNOWN_N, seed) for seed in range(REPEATS)]
            except Incompatible as error:
                reason = error
            else:
                return place, truth, found
        return NotChecked(str(reason))

    def judged(self) -> tuple[int, float, list[Any]]:
        """The same. Raises `NotChecked` where there are none."""
        self.settled()
        if isinstance(self.measured, NotChecked):
            raise self.measured
        return self.measured

    @functools.cached_property
    def elsewhere(self) -> list[tuple[float, float, int]]:
        """Truth, value and n: the other known draws and other sizes, one call each.

        The sizes are drawn at random; one of them lies above 2,000.
        """
        place, truth, _ = self.judged()
        sizes = stream(0, "conformance", "sizes", self.name)
        small, large = int(sizes.integers(200, 900)), int(sizes.integers(2100, 2600))
        plan = [(place, truth, large)]
        others = [(i, t) for i, t in self.places if i != place]
        plan += [(i, t, small if k % 2 else large) for k, (i, t) in enumerate(others)]
        plan.append((place, truth, small))
        found, start = [], time.process_time()
        for i, t, n in plan:
            if time.process_time() - start > LONGEST:
                break
            try:
                value = self.known(i, n, 0).value
            except Incompatible:
                continue
            if math.isfinite(value):
                found.append((t, value, n))
        return found


LONGEST = 1.5
"""Seconds for other known draws; those that are left then are not tried."""


def copied(data: Kind) -> Kind:
    """The same contents in arrays of their own, so that no check sees another's tampering."""
    changes: dict[str, Any] = {
        f.name: value.copy()
        for f in dataclasses.fields(data)
        if isinstance(value := getattr(data, f.name), np.ndarray)
    }
    return dataclasses.replace(data, **changes)
