"""GrabCut, Berkeley, DAVIS and SBD, read from a folder: one case for each object.

The archives are made by others, and are not shipped or fetched. Pictures and masks belong together
by the part of their names before the first dot.
"""

from __future__ import annotations

import fnmatch
import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from harness import Case, ClickImages, ClickMasks, UsageError, needs, unknown_name
from harness_images import settings
from harness_images.clicking import Clicked
from harness_images.objects import INSTALL, assembled

Marks = NDArray[np.int8]
IGNORED = 128


class _Folder(settings.Folder, Clicked):
    """A folder of pictures and one of masks."""

    name: ClassVar[str]
    layout: ClassVar[tuple[str, str]]
    """Globs of pictures and of masks."""

    def cases(self, *, seed: int) -> Iterator[Case]:
        """The cases; ``seed`` is not needed.

        Raises `UsageError` without the folder, for a picture without its mask, for a mask of
        another size or with other values, and for a pattern in ``only`` that matches nothing.
        """
        pairs = self._pairs()
        names = [stem for stem, _, _ in pairs]
        for glob in self.only:
            if not fnmatch.filter(names, glob):
                raise unknown_name(f"picture in {self.name}.only", glob, names)
        for stem, picture, mask in pairs:
            if self.only and not any(fnmatch.fnmatchcase(stem, glob) for glob in self.only):
                continue
            stamp = hashlib.sha256(picture.read_bytes() + mask.read_bytes()).hexdigest()
            for key in self._objects(mask):
                load = self._load(picture, mask, key)
                yield Case(
                    f"{stem}-{key}" if key else stem,
                    lambda load=load: load()[0],  # type: ignore[misc]
                    hidden=lambda load=load: load()[1],  # type: ignore[misc]
                    facts={"picture": stem},
                    stamp=stamp,
                )

    def _pairs(self) -> list[tuple[str, Path, Path]]:
        root = Path(self.folder)
        pictures, masks = (
            {file.name.partition(".")[0]: file for file in sorted(root.glob(glob))}
            for glob in self.layout
        )
        if not self.folder or not pictures or not masks:
            raise UsageError(
                f"{self.name}.folder: {self.folder or 'none'}; wanted a folder with pictures in "
                f"{self.layout[0]} and masks in {self.layout[1]}"
            )
        stems = self._stems(root, list(pictures))
        for stem in stems:
            if stem not in pictures or stem not in masks:
                lacking = self.layout[stem in pictures]
                raise UsageError(f"{self.name}.folder: {lacking} has no {stem}")
        return [(stem, pictures[stem], masks[stem]) for stem in stems]

    def _stems(self, root: Path, found: list[str]) -> list[str]:
        """The names of the pictures, in order."""
        return found

    def _objects(self, mask: Path) -> list[int]:
        """What tells the objects of a picture apart; 0 where there is one."""
        return [0]

    def _load(
        self, picture: Path, mask: Path, key: int
    ) -> Callable[[], tuple[ClickImages, ClickMasks]]:
        def load() -> tuple[ClickImages, ClickMasks]:
            image = needs("PIL.Image", INSTALL)
            with image.open(picture) as file:
                colours = np.asarray(file.convert("RGB"), np.float32) / np.float32(255.0)
            marks = self._marks(mask, key)
            if marks.shape != colours.shape[:2]:
                sizes = " and ".join("x".join(map(str, a.shape[:2])) for a in (colours, marks))
                raise UsageError(f"{mask}: picture and mask of {sizes} pixels; wanted one size")
            if not (marks == 1).any():
                raise UsageError(f"{mask}: no object; wanted a mask with at least one pixel of it")
            return assembled([(colours, marks)])

        return load

    def _marks(self, mask: Path, key: int) -> Marks:
        """1 object (255, or 1), 0 ground, -1 ignored (128). Raises `UsageError` for the rest."""
        raw = _read(mask)
        values = raw if raw.ndim == 2 else raw[..., 0]
        odd = np.setdiff1d(values, [0, 1, IGNORED, 255])
        if odd.size:
            raise UsageError(f"{mask}: the value {odd[0]}; wanted 0, 1, {IGNORED} or 255")
        marks: Marks = np.where(values == IGNORED, -1, values > 0).astype(np.int8)
        return marks


def _read(mask: Path) -> NDArray[Any]:
    with needs("PIL.Image", INSTALL).open(mask) as file:
        return np.asarray(file.convert("L") if file.mode == "1" else file)


class GrabCut(_Folder):
    """50 pictures; a band around the objects is ignored."""

    name, layout = "grabcut", ("data_GT/*", "boundary_GT/*")


class Berkeley(_Folder):
    """100 objects on 96 pictures."""

    name, layout = "berkeley", ("images/*", "masks/*")


class Davis(_Folder):
    """345 frames of 50 videos; any value above 0 in any channel is the object."""

    name, layout = "davis", ("img/*", "gt/*")

    def _marks(self, mask: Path, key: int) -> Marks:
        raw = _read(mask)
        marks: Marks = (raw if raw.ndim == 2 else raw[..., :3].any(-1)).astype(bool).astype(np.int8)
        return marks


class Sbd(_Folder):
    """The validation part of SBD: every instance is an object."""

    name, layout = "sbd", ("img/*.jpg", "inst/*.mat")

    def _stems(self, root: Path, found: list[str]) -> list[str]:
        listed = root / "val.txt"
        if not listed.is_file():
            raise UsageError(f"sbd.folder: {root} has no val.txt, the list of pictures")
        return listed.read_text(encoding="utf-8").split()

    def _objects(self, mask: Path) -> list[int]:
        return [int(key) for key in np.unique(self._instances(mask)) if key > 0]

    def _marks(self, mask: Path, key: int) -> Marks:
        marks: Marks = (self._instances(mask) == key).astype(np.int8)
        return marks

    def _instances(self, mask: Path) -> Any:
        try:
            return needs("scipy.io", INSTALL).loadmat(mask)["GTinst"][0][0][0]
        except (KeyError, IndexError, ValueError) as error:
            wanted = "GTinst, with the map of instances first"
            raise UsageError(f"{mask}: {error!r}; wanted {wanted}") from None
