"""The authors' experiments, read from a clone of their repository (GPL-3: read, never shipped)."""

from __future__ import annotations

import fnmatch
import hashlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np

from harness import Case, Floats, Ints, StimulusPath, UsageError, near_triplets, needs, unknown_name
from harness.tabular import read_table
from harness_perception import settings
from harness_perception.humans import STEPS, human_scales
from harness_perception.scoring import Scored
from harness_perception.textures import FAMILIES, OCTAVES, SPREAD

CHOICES, PICTURES = Path("preds_analysis", "data"), Path("online-exp", "mlds-textures-new", "img")
ANSWERS = {"True": 1, "False": 0}


class Vacher(settings.Clone, Scored):
    """One case for each of 15 experiments: choices of five people, and the pictures at both ends.

    The column ``texture_id`` of the files is a stuck label; the folder says which experiment it is.
    """

    def cases(self, *, seed: int) -> Iterable[Case]:
        """The cases; ``seed`` is not needed.

        Raises `UsageError` without a clone, and for a pattern in ``only`` that matches nothing.
        """
        data = Path(self.folder) / CHOICES
        if not self.folder or not data.is_dir():
            raise UsageError(
                f"vacher.folder: {self.folder or 'none'} has no {CHOICES}; wanted a clone of "
                "https://github.com/JonathanVacher/perceptual_metric"
            )
        names = [name for name in human_scales() if (data / name).is_dir()]
        for glob in self.only:
            if not fnmatch.filter(names, glob):
                raise unknown_name("experiment in vacher.only", glob, names)
        for name in names:
            if self.only and not any(fnmatch.fnmatchcase(name, glob) for glob in self.only):
                continue
            files = sorted((data / name).glob("data_*_mlds_*.csv"))
            if not files:
                raise UsageError(f"{data / name}: no data_*_mlds_*.csv")
            pictures = self._pictures(name)
            stamp = hashlib.sha256()
            for file in (*files, *pictures):
                stamp.update(file.read_bytes())
            load = self._load(name, files, pictures)
            facts: dict[str, str | int | float] = {
                "experiment": name.partition("_")[0],
                "people": len(files),
            }
            truth = {"area_matching": 1.0}
            yield Case(name, load, truth=truth, facts=facts, stamp=stamp.hexdigest())

    def _pictures(self, name: str) -> tuple[Path, ...]:
        """The files of the pictures at both ends; none where the clone has none."""
        folder = Path(self.folder) / PICTURES
        stem = name if name.startswith("pair") else name.replace("exp", "stimuli")
        inside = folder / name / "syn" if name.startswith("pair") else folder / stem
        found = tuple(inside / f"{stem}_{step:02d}.png" for step in (0, STEPS - 1))
        return found if all(file.is_file() for file in found) else ()

    def _load(
        self, name: str, files: list[Path], pictures: tuple[Path, ...]
    ) -> Callable[[], StimulusPath]:
        def load() -> StimulusPath:
            chosen, trials = counts(files)
            known: dict[str, Any] = {}
            s = np.linspace(0.0, 1.0, STEPS)
            for family in FAMILIES:
                if family.experiment == name:
                    s = np.linspace(family.low, family.high, STEPS)
                    known = {"family": family.name, "octaves": OCTAVES, "radians": SPREAD}
            return StimulusPath(
                s,
                ends=read_pictures(pictures) if pictures else None,
                triplets=near_triplets(STEPS),
                chosen=chosen,
                trials=trials,
                **known,
            )

        return load


def counts(files: Iterable[Path]) -> tuple[Ints, Ints]:
    """How often the second pair was chosen, and asked for, by triplet ``(81,)``.

    Raises `UsageError` for a file with other columns or answers, with its line.
    """
    size = len(near_triplets(STEPS))
    chosen, trials = np.zeros((2, size), np.int64)
    for file in files:
        table = read_table(file)
        for line, row in zip(table.lines, table.dictionaries(), strict=True):
            try:
                triplet, answer = int(row["triplet_idx"]), ANSWERS[row["mlds_resp"]]
            except (KeyError, ValueError) as error:
                raise UsageError(
                    f"{file}, line {line}: {error!r}; "
                    "wanted triplet_idx and mlds_resp, True or False"
                ) from None
            if not 0 <= triplet < size:
                raise UsageError(
                    f"{file}, line {line}: triplet_idx {triplet}; wanted 0 to {size - 1}"
                )
            chosen[triplet] += answer
            trials[triplet] += 1
    if (trials == 0).any():
        raise UsageError(f"no trial of triplet {int(np.argmin(trials))}; wanted some of each")
    return chosen, trials


def read_pictures(files: tuple[Path, ...]) -> Floats:
    """Grey pictures ``(2, height, width)``, from 0 to 255. Raises `UsageError` for two sizes."""
    image = needs("PIL.Image", "infoharness[perceptual_scales]")
    found = [np.asarray(image.open(file).convert("L"), float) for file in files]
    if found[0].shape != found[1].shape:
        sizes = " and ".join("x".join(map(str, p.shape)) for p in found)
        raise UsageError(f"{files[0].parent}: pictures of {sizes} pixels; wanted one size")
    return np.array(found)
