"""That nothing is learned from the labels of the test part."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from harness.errors import DataError, Incompatible
from harness.kinds import Kind
from harness.outputs import Prediction
from harness.seeds import stream
from harness.testing.contents import contents
from harness.testing.report import Failed, NotChecked
from harness.testing.samples import variants
from harness.testing.subject import Subject

NAMES = ("y", "labels")
"""Fields of whole numbers that hold the labels of a kind that does not say which do."""


def apply(subject: Subject) -> bool:
    """Whether a subject reads labels and gives what will be judged by them."""
    gives = subject.component.role == "model" or subject.spec.gives is Prediction
    return gives and isinstance(subject.kind, type) and bool(_fields(subject.kind))


def _fields(kind: type[Kind]) -> list[str]:
    axes = {f.name: f.metadata for f in dataclasses.fields(kind)}
    named = [*getattr(kind, "judged", ())] or [
        name
        for name in NAMES
        if name in axes
        and axes[name].get("dtype") is not None
        and np.dtype(axes[name]["dtype"]).kind == "i"
    ]
    return [name for name in named if tuple(axes[name].get("shape", ())) == ("n",)]


def test_labels(subject: Subject) -> None:
    """With other labels in the test part, the output is the same but for the labels it carries."""
    subject.settled()
    for data in variants(subject.kind, stream(1, "conformance", subject.kind.__name__)):
        names = [n for n in _fields(subject.kind) if getattr(data, n) is not None]
        if data.split is None or not names:
            continue
        try:
            changed = _shuffled(data, names)
            wanted, found = subject.run(data), subject.run(changed)
        except (DataError, Incompatible):
            continue
        if moved := _moved(wanted, found, data, changed, names):
            raise Failed(
                f"{subject.name} with the {' and '.join(names)} of the test part shuffled",
                moved,
                "an output that the labels of the test part do not enter: fit on "
                "data.part('train') alone",
            )
        return
    raise NotChecked(f"no sample {subject.kind.__name__} with a split and labels suits it")


def _shuffled(data: Kind, names: list[str]) -> Kind:
    """The data with the labels of the test part turned by one class: most are another one then."""
    assert data.split is not None
    test, changes = data.split.test, {}
    for name in names:
        labels: Any = getattr(data, name).copy()
        classes = np.unique(labels[data.split.train])
        place = np.searchsorted(classes, labels[test])
        labels[test] = classes[(place + 1) % len(classes)]
        changes[name] = labels
    return dataclasses.replace(data, **changes)


def _moved(wanted: Any, found: Any, data: Kind, changed: Kind, names: list[str]) -> str:
    """The first field of the output that moved and is no copy of the labels, in words."""
    before, after = contents(wanted), contents(found)
    for field in sorted(before.keys() | after.keys()):
        if field not in before or field not in after:
            return f"{field} is there only once"
        was, now = before[field], after[field]
        if was.shape == now.shape and np.array_equal(was, now):
            continue
        if any(_carries(was, data, n) and _carries(now, changed, n) for n in names):
            continue
        return f"{field} changed"
    return ""


def _carries(field: Any, data: Kind, name: str) -> bool:
    """Whether a field of an output is the labels of the data, or those of a part, as they came."""
    assert data.split is not None
    labels = getattr(data, name)
    parts = [labels, *(labels[part] for _, part in data.split.parts())]
    return any(np.array_equal(np.ravel(field), part) for part in parts)
