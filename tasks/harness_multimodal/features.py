"""Features that others extracted, from NPZ files of the user's."""

from __future__ import annotations

import functools
import hashlib
import logging
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from harness import Case, DataError, Floats, Modalities, Split, UsageError, stream
from harness.files import read_arrays, read_bytes
from harness_multimodal import settings

LOG = logging.getLogger("harness.multimodal")
PARTS = ("train", "valid", "test")
CONVERT = (
    "np.savez('mosi.npz', **{f'{p}_{k}': d[p][k] for p in ('train', 'valid', 'test') "
    "for k in ('vision', 'audio', 'text', 'labels')})"
)
"""How the dictionary d in a pickle of MultiBench becomes a file that holds no code."""


def _read(path: str, task: str, wanted: str) -> dict[str, Any]:
    """The arrays of a file. Raises `UsageError` for none, a broken one, or objects."""
    if not path:
        raise UsageError(f"{task}.path: no file; wanted --set {task}.path=FILE, {wanted}")
    try:
        return read_arrays(Path(path))
    except UsageError as error:
        raise UsageError(f"{task}.path: {error}, {wanted}") from None


def _held(arrays: Mapping[str, Any], name: str, path: str) -> Any:
    if name not in arrays:
        raise UsageError(f"{path}: no array {name}; it has {', '.join(sorted(arrays))}")
    return arrays[name]


def _numbers(values: Any, where: str) -> Floats:
    """Raises `DataError` for what are no numbers."""
    if values.dtype.kind not in "biuf":
        raise DataError(where, f"an array of {values.dtype}", "numbers")
    return np.asarray(values, np.float64)


def _table(values: Any, where: str) -> Floats:
    """One row per unit; of a sequence ``(n, time, d)``, the mean of its rows that are not zero.

    Raises `DataError` for other shapes.
    """
    found = _numbers(values, where)
    if found.ndim == 3:
        rows = (found != 0).any(2).sum(1)
        return np.asarray(found.sum(1) / np.maximum(rows, 1)[:, None])
    if found.ndim != 2:
        raise DataError(where, f"shape {found.shape}", "axes (units, d) or (units, time, d)")
    return found


def _filled(values: Any, where: str) -> Floats:
    """Numbers, of which those that are not finite become 0 with a note, as in MultiBench."""
    found = _numbers(values, where)
    if broken := int((~np.isfinite(found)).sum()):
        LOG.warning("%s: %d of %d numbers are not finite; read as 0", where, broken, found.size)
    return np.nan_to_num(found, posinf=0.0, neginf=0.0)


def _stamp(path: str) -> str:
    return hashlib.sha256(read_bytes(Path(path))).hexdigest()


class MultiBench(settings.MultiBench):
    """Sentiment of spoken opinions (CMU-MOSI, CMU-MOSEI) in vision, audio and text.

    The class is whether the sentiment, from -3 to 3, is positive. The parts are those of the file.
    """

    def cases(self, *, seed: int) -> Iterable[Case]:
        """The one case. Raises `UsageError` for a file that is not there, or of another layout."""
        if len(set(self.modalities)) < len(self.modalities) or len(self.modalities) not in (2, 3):
            raise UsageError(
                f"multibench.modalities: {self.modalities}; wanted two or three different ones"
            )
        _read(self.path, "multibench", f"as by {CONVERT}")
        yield Case(
            id=Path(self.path).stem,
            data=self._load,
            facts={"modalities": "+".join(self.modalities)},
            stamp=_stamp(self.path),
        )

    def _load(self) -> Modalities:
        arrays = _read(self.path, "multibench", f"as by {CONVERT}")
        views: list[list[Floats]] = [[] for _ in self.modalities]
        moods, sizes = [], []
        for part in PARTS:
            mood = _numbers(_held(arrays, f"{part}_labels", self.path), f"{part}_labels")
            mood = mood.reshape(len(mood), -1)[:, 0]
            if len(broken := np.flatnonzero(~np.isfinite(mood))):
                found, row = f"{mood[broken[0]]}", int(broken[0])
                raise DataError(f"{part}_labels", found, "a sentiment from -3 to 3", row)
            kept = np.ones(len(mood), bool) if self.neutral else mood != 0
            for view, name in zip(views, self.modalities, strict=True):
                where = f"{part}_{name}"
                table = _table(_filled(_held(arrays, where, self.path), where), where)
                if len(table) != len(mood):
                    raise DataError(where, f"{len(table)} rows", f"one per label ({len(mood)})")
                view.append(table[kept])
            moods.append(mood[kept])
            sizes.append(int(kept.sum()))
        train, valid, test = np.split(np.arange(sum(sizes)), np.cumsum(sizes)[:-1])
        mood = np.concatenate(moods)
        x1, x2, *more = (np.concatenate(view) for view in views)
        return Modalities(
            x1,
            x2,
            (mood > 0).astype(np.int64),
            ("not positive", "positive"),
            x3=more[0] if more else None,
            target=mood if self.target else None,
            split=Split(train, test, valid),
        )


class _Clips(settings.Clips):
    """Video and sound of clips, with a class each.

    ``parts (n,)`` names the part of each clip (train, valid, test); else ``groups (n,)`` (actors)
    keeps all clips of a group in one part; else parts are drawn at random, with every class in
    training.
    """

    task: ClassVar[str]
    wanted: ClassVar[str] = "an NPZ file with video, audio, labels, and parts or groups"

    def cases(self, *, seed: int) -> Iterable[Case]:
        """The one case. Raises `UsageError` for a file that is not there, or of another layout."""
        _read(self.path, self.task, self.wanted)
        yield Case(
            id=Path(self.path).stem,
            data=functools.partial(self._load, seed),
            stamp=_stamp(self.path),
        )

    def _load(self, seed: int) -> Modalities:
        arrays = _read(self.path, self.task, self.wanted)
        names = ("audio", "video") if self.swap else ("video", "audio")
        x1, x2 = (_table(_held(arrays, name, self.path), name) for name in names)
        classes, y = np.unique(_held(arrays, "labels", self.path), return_inverse=True)
        data = Modalities(x1, x2, y.reshape(-1), tuple(str(name) for name in classes))
        rng = stream(seed, self.task, "parts")
        for name in {"parts", "groups"} & set(arrays):
            if np.shape(arrays[name]) != (data.n,):
                found = f"shape {np.shape(arrays[name])}"
                raise DataError(name, found, f"({data.n},), one for each clip")
        if "parts" in arrays:
            where = np.asarray(arrays["parts"]).astype(str)
            if other := sorted(set(where.tolist()) - set(PARTS)):
                raise UsageError(f"{self.path}: parts: {other[0]!r}; wanted {', '.join(PARTS)}")
            train, valid, test = (np.flatnonzero(where == part) for part in PARTS)
        elif "groups" in arrays:
            groups, group = np.unique(arrays["groups"], return_inverse=True)
            order = rng.permutation(len(groups))
            place = np.empty(len(groups))
            place[order] = (np.arange(len(groups)) + 0.5) / len(groups)
            share = place[group.reshape(-1)]
            train, valid, test = (
                np.flatnonzero((low < share) & (share <= high))
                for low, high in ((0.0, 0.6), (0.6, 0.8), (0.8, 1.0))
            )
        else:
            return data.divided(rng)
        return Modalities(data.x1, data.x2, data.y, data.classes, split=Split(train, test, valid))


class CremaD(_Clips):
    """Emotions of 91 actors; the authors' split has no actor in two parts: give their names."""

    task = "cremad"


class AVE(_Clips):
    """Events of 28 sorts in clips of ten seconds."""

    task = "ave"
