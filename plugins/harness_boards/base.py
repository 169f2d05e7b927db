"""What a change brings, against a commit: whose records, and whether it touches anything else."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from harness import Record, UsageError
from harness_boards import definition, submission
from harness_boards.definition import Board
from harness_boards.requirements import normalized
from harness_boards.submission import Submission

OWN = "infoharness"
"""The distribution whose plugins are installed with the harness itself."""
MADE = ("table.md", "table.csv", "table.tex", "board.json", "index.html")


@dataclass(frozen=True)
class Base:
    """The files of a repository that differ from a commit, by name from its top."""

    top: Path
    commit: str
    changed: dict[str, str]
    """Name of a file: ``A`` added, ``M`` changed, ``D`` deleted, ``T`` turned into a link."""

    def records(self, root: Path) -> dict[str, str]:
        """Those among them that are records of boards in ``root``."""
        return {
            name: how
            for name, how in self.changed.items()
            if len(parts := _below(self.top / name, root)) == 3
            and parts[1] == "records"
            and parts[2].endswith(".jsonl")
        }

    def brought(self, file: Path, now: Submission) -> tuple[Record, ...] | None:
        """The records of a file that the commit has not; None where the file is the same."""
        name = file.resolve().relative_to(self.top).as_posix()
        if name not in self.changed:
            return None
        before = self.before(name)
        known = {r.to_json() for r in before.records} if before else set()
        return tuple(r for r in now.records if r.to_json() not in known)

    def before(self, name: str) -> Submission | None:
        """A records file as the commit has it; None where it has none that can be read."""
        if self.changed.get(name) == "A":
            return None
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder) / Path(name).name
            copy.write_bytes(_git(self.top, "show", f"{self.commit}:{name}"))
            try:
                return submission.read(copy)
            except UsageError:
                return None


def _below(file: Path, root: Path) -> tuple[str, ...]:
    return file.relative_to(root).parts if file.is_relative_to(root) else ()


def against(root: Path, commit: str) -> Base:
    """The change from where a commit and this tree part, to the files as they lie here.

    Raises `UsageError` outside a git repository and for an unknown commit.
    """
    top = Path(_git(root, "rev-parse", "--show-toplevel").decode().strip()).resolve()
    parted = _git(root, "merge-base", commit_of(root, commit), "HEAD").decode().strip()
    listed = _git(top, "diff", "--name-status", "--no-renames", "-z", parted, "--").decode()
    words = listed.split("\0")[:-1]
    changed = dict(zip(words[1::2], words[::2], strict=True))
    new = _git(top, "ls-files", "--others", "--exclude-standard", "-z").decode()
    return Base(top, parted, changed | dict.fromkeys(new.split("\0")[:-1], "A"))


def commit_of(root: Path, name: str) -> str:
    """The full hash of a commit. Raises `UsageError`."""
    found = _git(root, "rev-parse", "--verify", "--end-of-options", f"{name}^{{commit}}")
    return found.decode().strip()


def _git(folder: Path, *words: str) -> bytes:
    try:
        found = subprocess.run(
            ["git", "-C", str(folder), *words],
            capture_output=True,
            check=True,
        )
    except FileNotFoundError as error:
        raise UsageError("git is not installed; --base and --seed-from compare commits") from error
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode(errors="replace").strip().partition("\n")[0]
        raise UsageError(f"git {words[0]} {words[-1]}: {said}") from error
    return found.stdout


def foreign(base: Base, root: Path) -> Iterator[str]:
    """Files that a submission may not touch: all but one plugin's records and what is made of
    them. A change without records is no submission, and may touch what it likes."""
    root = root.resolve()
    records = base.records(root)
    if not records:
        return
    added = sorted({Path(n).stem for n, how in records.items() if how == "A"})
    plugins = added or sorted({Path(n).stem for n in records})
    own = plugins[0]
    if len(plugins) > 1:
        yield f"records of {', '.join(plugins)}: a submission brings those of one plugin"
    wanted = f"a submission changes records/{own}.jsonl alone, and what `harness board build` makes"
    boards = {Path(n).parent.parent for n in records}
    changed = {folder.name for folder in boards}
    readers = [b.folder.resolve() for b in definition.every(root) if changed & set(b.reads)]
    boards |= {folder.relative_to(base.top) for folder in readers}
    for name, how in sorted(base.changed.items()):
        file, word = Path(name), {"A": "added", "D": "deleted"}.get(how, "changed")
        if name in records:
            if how == "D":
                yield f"{name} is deleted: records are withdrawn by the maintainers; restore it"
            elif file.stem not in plugins:
                yield f"{name} is {word}: records of another plugin; {wanted}"
            continue
        made = file.name in MADE or (file.name.startswith("map-") and file.suffix == ".svg")
        if made and file.parent in boards and how in "AM":
            continue
        if base.top / name == root / "README.md" and how in "AM":
            continue
        yield f"{name} is {word}: {wanted}; propose other changes on their own"


def origins(base: Base, boards: Iterable[Board]) -> list[str]:
    """What is wrong with where the plugins of changed files are to be had."""
    root_files = {
        file.resolve().relative_to(base.top).as_posix(): one
        for board in boards
        for one in board.submissions()
        for file in [board.records_folder / f"{one.plugin}.jsonl"]
    }
    return [
        p
        for name, one in root_files.items()
        if name in base.changed
        for p in _origin(base, name, one)
    ]


def _origin(base: Base, name: str, now: Submission) -> Iterator[str]:
    before, own = base.before(name), normalized(now.distribution)
    if before and normalized(before.distribution) != own:
        yield (
            f"{name}: the plugin {now.plugin} is of the distribution {before.distribution}, not "
            f"{now.distribution}: records of another plugin"
        )
    if own == OWN:
        return
    line = next((x for x in now.requirements if normalized(x.partition("==")[0]) == own), None)
    if line is None:
        name_of = now.distribution or "name"
        yield (
            f"{name}: no pinned version and hash of its distribution {now.distribution!r}; wanted "
            "`harness board submit ... --requirements FILE` with a line such as "
            f"{name_of}==1.0 --hash=sha256:... (`pip hash` prints the hash)"
        )
        return
    version = line.partition("==")[2].split(" ")[0]
    for r in now.records:
        if r.versions.get(now.distribution) != version:
            found = r.versions.get(now.distribution)
            yield f"{name}: {r.path}: made with {now.distribution} {found}; pinned is {version}"
            return
