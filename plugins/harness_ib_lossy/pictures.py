"""Labelled pictures: scikit-learn's digits, files in MNIST's format, or a Hugging Face data set
with a column of pictures and a column of labels.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from harness import DataError, Floats, Ints, UsageError, needs, stream
from harness.files import read_pictures

Pictures = tuple[Floats, Ints]


def load(dataset: str, image: str, label: str, limit: int, seed: int) -> Pictures:
    """Flat pictures ``(n, pixels)`` within 0 .. 1 and their classes ``(n,)`` from 0 up.

    ``dataset`` is ``digits``; a file of pictures in MNIST's format (IDX, also compressed),
    with that of the labels beside it under the usual name; a Parquet file; or a Hugging Face id, of
    which the split ``train`` is read, or else the first. Where ``limit`` is not 0, at most that
    many are drawn with the seed.

    Raises
    ------
    UsageError : the data cannot be read, or lack a column.
    DataError : pictures of several sizes, labels that are not classes.
    MissingDependency : ``datasets`` is not installed.
    """
    if dataset == "digits":
        x, y = _digits()
    elif "idx3-ubyte" in Path(dataset).name:
        x, y = _idx(Path(dataset))
    else:
        x, y = _hub(dataset, image, label)
    if limit and limit < len(x):
        kept = np.sort(stream(seed, "ib_lossy", "pictures", dataset).permutation(len(x))[:limit])
        x, y = x[kept], y[kept]
    if len(np.unique(y)) < 2:
        raise DataError(f"{dataset}, column {label}", "one class", "at least two")
    return x, np.unique(y, return_inverse=True)[1].astype(np.int64)


def _digits() -> Pictures:
    from sklearn.datasets import load_digits

    x, y = load_digits(return_X_y=True)
    return np.asarray(x, np.float64) / 16.0, np.asarray(y, np.int64)


def _idx(file: Path) -> Pictures:
    x, y = read_pictures(file)
    return x.reshape(len(x), -1) / 255.0, y.astype(np.int64)


def _hub(dataset: str, image: str, label: str) -> Pictures:
    datasets = needs("datasets", "infoharness[hub]")
    try:
        if Path(dataset).is_file():
            tables = datasets.load_dataset("parquet", data_files=dataset)
        else:
            tables = datasets.load_dataset(dataset)
        table = tables["train"] if "train" in tables else next(iter(tables.values()))
    except Exception as error:  # whatever the network, the hub or the files raise
        first = " ".join(str(error).split())[:160]
        raise UsageError(
            f"ib-plane.dataset: {dataset!r} cannot be loaded ({type(error).__name__}: {first}); "
            "wanted digits, a Parquet file, or a Hugging Face id that is reachable or in the cache "
            "that HF_HOME names"
        ) from error
    for column in (image, label):
        if column not in table.column_names:
            raise UsageError(
                f"{dataset}: no column {column!r}; wanted ib-plane.image and ib-plane.label to be "
                f"among {', '.join(table.column_names)}"
            )
    pictures = [_flat(picture, dataset, image, row) for row, picture in enumerate(table[image])]
    sizes = {len(p) for p in pictures}
    if len(sizes) > 1:
        found = f"pictures of {sorted(sizes)} values"
        raise DataError(f"{dataset}, column {image}", found, "pictures of one size")
    labels = np.asarray(table[label])
    if labels.ndim != 1 or labels.dtype.kind not in "iu":
        found = f"{labels.dtype} of {labels.ndim} axes"
        raise DataError(f"{dataset}, column {label}", found, "an integer per picture")
    return np.stack(pictures), labels.astype(np.int64)


def _flat(picture: Any, dataset: str, image: str, row: int) -> Floats:
    """A picture as numbers within 0 .. 1, colour by colour (as convolutions want them)."""
    values = np.asarray(picture)
    if values.dtype.kind not in "iuf" or values.ndim not in (2, 3):
        found = f"{values.dtype} of {values.ndim} axes"
        raise DataError(f"{dataset}, column {image}", found, "a picture", row)
    if values.ndim == 3:
        values = np.moveaxis(values, -1, 0)
    return values.astype(np.float64).ravel() / (255.0 if values.dtype.kind in "iu" else 1.0)
