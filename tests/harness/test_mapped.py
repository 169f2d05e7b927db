"""Arrays that lie in files: the same values, fingerprints and results as in memory."""

import json
import math
import os
import resource
import subprocess
import sys

import numpy as np
import pytest

import harness
from harness import Environments, Structures, UsageError, mapped, stream

RNG = stream(0)


@pytest.fixture
def nothing_in_memory(monkeypatch):
    monkeypatch.setenv(mapped.SETTING, "0")


def in_file(array):
    """Whether an array is a view of a mapped file."""
    while isinstance(array, np.ndarray):
        array = array.base
    return "mmap" in repr(getattr(array, "obj", array))


def test_a_column_is_what_was_added_wherever_it_lies(monkeypatch):
    pieces = [RNG.normal(size=(n, 3)) for n in (4, 1, 750_000, 2)]
    for limit, mapped_file in (("100", False), ("0", True), ("0.0001", True)):
        monkeypatch.setenv(mapped.SETTING, limit)
        column = mapped.Column(np.float64, 3)
        for piece in pieces:
            column.add(piece)
        column.add(pieces[0][0])
        found = column.array()
        assert in_file(found) is mapped_file
        assert np.array_equal(found, np.concatenate([*pieces, pieces[0][:1]]))
    rows = RNG.integers(len(found), size=len(found))
    assert np.array_equal(mapped.taken(found, rows), found[rows])
    mask = RNG.random(len(found)) < 0.3
    wanted = found[mask]
    assert np.array_equal(mapped.kept(found, mask), wanted)


def test_a_full_disk_and_a_nonsensical_size_are_said(monkeypatch, nothing_in_memory):
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2**20, limits[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            mapped.zeros(2**20)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    monkeypatch.setenv(mapped.SETTING, "much")
    with pytest.raises(UsageError, match="HARNESS_IN_MEMORY=much; wanted a size in MiB"):
        mapped.zeros(1)


def test_kinds_in_files_are_those_in_memory(tmp_path, monkeypatch):
    """Fingerprint, a part of it, and a file that is read back."""
    data = Structures.example(stream(1), 40)
    few = data.take([3, 1, 1, 7])
    data.save(tmp_path / "data.npz")
    monkeypatch.setenv(mapped.SETTING, "0")
    again = Structures.load(tmp_path / "data.npz")
    assert in_file(again.positions)
    assert again.fingerprint() == data.fingerprint()
    assert in_file(again.take([3, 1, 1, 7]).positions)
    assert again.take([3, 1, 1, 7]) == few
    with pytest.raises(ValueError, match="read-only"):
        again.positions[0] = 0.0


def test_msc_gives_the_same_bits_from_files(tmp_path, monkeypatch):
    """Read, described and measured: with all arrays in memory, and with all in files."""
    pytest.importorskip("ase")
    pytest.importorskip("numba")
    from harness_atoms.readers import read
    from harness_msc import descriptor

    frames(tmp_path / "set.extxyz", structures=60, atoms=40, seed=3)
    found = []
    for limit, at_once in (("1024", 10**9), ("0", 100)):
        monkeypatch.setenv(mapped.SETTING, limit)
        monkeypatch.setattr(descriptor, "AT_ONCE", at_once)
        data = read(tmp_path / "set.extxyz")
        model = harness.model("msc/quests", species=True, k=8)
        environments = model.transform(data, to=Environments, rng=RNG)
        entropy = harness.estimator("msc/entropy", h=0.3).estimate(environments, rng=RNG)
        chosen = harness.estimator("msc/msc", h=0.3).estimate(environments, rng=RNG)
        parts = environments.divided(stream(4))
        novelty = harness.estimator("msc/novelty", h=0.3).estimate(parts, rng=RNG)
        found.append((data, environments, entropy.local, chosen.order, novelty.local))
    in_memory, in_files = found
    assert in_file(in_files[0].positions)
    assert in_file(in_files[1].x)
    assert not in_file(in_memory[1].x)
    assert [part.fingerprint() for part in in_memory[:2]] == [
        part.fingerprint() for part in in_files[:2]
    ]
    assert all(np.array_equal(a, b) for a, b in zip(in_memory[2:], in_files[2:], strict=True))


def frames(path, structures, atoms, seed, elements=("Al", "Cu", "Ni")):
    """Extended XYZ of atoms on a stretched simple cubic lattice, rattled, with energies and forces."""
    rng = stream(seed)
    side = round(atoms ** (1 / 3) + 0.5)
    grid = np.stack(np.meshgrid(*3 * [np.arange(side)], indexing="ij"), -1).reshape(-1, 3)[:atoms]
    with path.open("w") as out:
        for _ in range(structures):
            edge = 2.6 + rng.random()
            places = edge * (grid + 0.1 * rng.normal(size=grid.shape))
            cell = " ".join(f"{v:g}" for v in (side * edge * np.eye(3)).ravel())
            out.write(
                f"{atoms}\n"
                f'Lattice="{cell}" Properties=species:S:1:pos:R:3:forces:R:3 pbc="T T T" energy=-1\n'
            )
            for element, at in zip(rng.choice(elements, size=atoms), places, strict=True):
                out.write("{} {:.6f} {:.6f} {:.6f} 0.1 0.2 0.3\n".format(element, *at))


LIMIT_MIB = 320
"""Of data that are written, for each process: they have 190 of them when all is loaded."""


@pytest.mark.slow
def test_a_set_four_times_larger_than_memory_is_read_described_and_measured(tmp_path):
    """`RLIMIT_DATA`: heap and private maps, which is what memory and swap must hold.

    A limit on addresses (`RLIMIT_AS`) would count maps of files, which the system can drop: no
    array larger than it could be mapped at all.
    """
    pytest.importorskip("ase")
    pytest.importorskip("numba")
    from ase.data import chemical_symbols

    # Many elements make descriptors wide: few of them are large, and their pairs are few.
    elements = tuple(chemical_symbols[3:23])
    atoms, width = 1000, 8 * 63 * (1 + len(elements))
    few, many = 2, -(-4 * LIMIT_MIB * 2**20 // (atoms * width))
    limits = {"HARNESS_IN_MEMORY": "8", "TMPDIR": str(tmp_path)}
    for name, structures, limited in (("few", few, False), ("many", many, True)):
        frames(tmp_path / f"{name}.extxyz", structures, atoms, 5, elements)
        command = [
            *(sys.executable, "-m", "harness", "run", "--format", "json", "--task", "colabfit"),
            *(
                "--set",
                f"colabfit.dataset={tmp_path}/{name}.extxyz",
                "--set",
                "quests.species=true",
            ),
            *("--model", "msc/quests", "--estimator", "msc/entropy", "--no-baselines"),
            *("--store", str(tmp_path / "store.sqlite")),
        ]
        done = subprocess.run(
            command,
            env=os.environ | limits,
            preexec_fn=bounded if limited else None,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
    (row,) = json.loads(done.stdout)
    assert row["diagnostics"]["n"] == many * atoms
    # Environments of one structure are unlike those of another.
    assert 0 < row["value"] <= math.log(many * atoms)


def bounded():
    """Bound the data of a process that starts."""
    resource.setrlimit(resource.RLIMIT_DATA, 2 * (LIMIT_MIB * 2**20,))
