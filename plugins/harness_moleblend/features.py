"""Features of molecules with what is known of them."""

from __future__ import annotations

import numpy as np

from harness import Floats, Incompatible, Kind, LabelledSamples, Molecules, PairedSamples
from harness_moleblend.inputs import parts_of


def labels_of(data: Molecules) -> Floats:
    """The labels. Raises `Incompatible` without any, or without a split."""
    if data.labels is None:
        raise Incompatible("molecules without labels")
    parts_of(data.split, "Molecules")
    return data.labels


def labelled(
    x: Floats, labels: Floats, data: Molecules, to: type[Kind]
) -> PairedSamples | LabelledSamples:
    """Features with labels, or with classes, where labels are whole numbers from 0 up.

    Raises `Incompatible` for other labels as classes.
    """
    if to is not LabelledSamples:
        return PairedSamples(x, labels[:, None], split=data.split)
    if (labels != np.rint(labels)).any() or labels.min() < 0:
        raise Incompatible(
            "labels that are no classes; wanted whole numbers (nci-tpsa.above=40, for example)"
        )
    y = labels.astype(np.int64)
    assert data.split is not None
    if len(np.unique(y)) < 2 or np.setdiff1d(y, y[data.split.train]).size:
        raise Incompatible("one class alone, or a class that is absent from training")
    return LabelledSamples(x, y, split=data.split)
