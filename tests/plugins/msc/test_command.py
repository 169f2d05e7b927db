"""``harness select``: the chosen structures come back as they were."""

import re

import numpy as np
import pytest

pytest.importorskip("ase")

import ase
import ase.io
from ase.calculators.singlepoint import SinglePointCalculator

import harness
from harness.cli import main
from harness_msc.command import METHODS


@pytest.fixture
def structures(tmp_path):
    rng = np.random.default_rng(0)
    frames = []
    for i in range(20):
        atoms = ase.Atoms("Cu4", rng.normal(size=(4, 3)) * (0.1 + 0.02 * i) + 3 * np.eye(4, 3), cell=9 * np.eye(3), pbc=True)  # fmt: skip
        atoms.info["name"] = f"frame {i}"
        atoms.arrays["tag"] = rng.integers(9, size=4)
        atoms.calc = SinglePointCalculator(atoms, energy=float(i), forces=rng.normal(size=(4, 3)))
        frames.append(atoms)
    file = tmp_path / "all.extxyz"
    ase.io.write(file, frames)
    return file


@pytest.mark.parametrize(("keep", "count"), [("10%", 2), ("0.25", 5), ("7", 7)])
def test_every_chosen_frame_equals_its_original(structures, tmp_path, capsys, keep, count):
    out = tmp_path / "subset.extxyz"
    assert main(["select", str(structures), "--keep", keep, "--out", str(out)]) == 0
    assert f"{count} of 20 structures" in capsys.readouterr().out
    originals = {a.info["name"]: a for a in ase.io.read(structures, ":")}
    chosen = ase.io.read(out, ":")
    assert len(chosen) == count
    for atoms in chosen:
        original = originals[atoms.info["name"]]
        assert atoms == original
        assert atoms.get_potential_energy() == original.get_potential_energy()
        assert np.array_equal(atoms.get_forces(), original.get_forces())
        assert np.array_equal(atoms.arrays["tag"], original.arrays["tag"])


def test_other_methods_stand_in_the_table_in_80_columns(structures, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    assert main(["select", str(structures), "--keep", "5", "--compare"]) == 0
    said = capsys.readouterr().out
    assert max(map(len, said.splitlines())) <= 80
    rows = dict(re.findall(r"^(\S+) +((?:[\d.]+ *){5})$", said, re.M))
    assert set(rows) == set(METHODS)
    # That chooses by the entropy of what is chosen: no less diverse than chance.
    assert float(rows["msc"].split()[0]) >= float(rows["random"].split()[0])
    assert {row.split()[4] for row in rows.values()} == {"0.2500"}  # of the atoms


def test_the_size_of_greatest_entropy_times_diversity_is_kept(structures, tmp_path, capsys):
    """The same frames as when its number is asked for; no other method has such a size."""
    best, asked = tmp_path / "best.extxyz", tmp_path / "asked.extxyz"
    data = next(iter(harness.task("colabfit", dataset=str(structures)).cases(seed=0))).load()
    environments = harness.model("msc/quests").transform(
        data, to=harness.Environments, rng=harness.stream(0)
    )
    found = harness.estimator("msc/best-size").estimate(environments, rng=harness.stream(0))
    count = str(found.diagnostics["structures"])
    assert main(["select", str(structures), "--keep", "best", "--out", str(best)]) == 0
    assert f"{count} of 20 structures" in capsys.readouterr().out
    assert main(["select", str(structures), "--keep", count, "--out", str(asked)]) == 0
    assert best.read_bytes() == asked.read_bytes()
    assert main(["select", str(structures), "--keep", "best", "--method", "fps"]) == 2
    assert "--keep best: of what msc selects from one file" in capsys.readouterr().err


@pytest.mark.parametrize("keep", ["0%", "200", "half", "-1"])
def test_sizes_that_are_none(structures, capsys, keep):
    assert main(["select", str(structures), f"--keep={keep}"]) == 2
    assert "wanted a share such as 10%, or a number from 1 to 20" in capsys.readouterr().err


def test_a_file_that_is_not_there(capsys):
    assert main(["select", "nowhere.xyz"]) == 2
    assert "no such file" in capsys.readouterr().err


def test_scores_against_the_rate_are_drawn(structures, figure):
    assert (
        main(["select", str(structures), "--keep", "20%", "--compare", "--plot", str(figure)]) == 0
    )
    if figure.suffix == ".svg":
        assert "diversity kept" in figure.read_text()


def test_a_figure_has_a_suffix(structures, tmp_path, capsys):
    assert main(["select", str(structures), "--plot", str(tmp_path / "a.txt")]) == 2
    assert "wanted a file that ends in" in capsys.readouterr().err


def test_beside_what_is_held_the_new_ones_are_chosen(structures, tmp_path, capsys):
    """The reference holds copies of all frames but the last two: those are chosen, as they were."""
    frames = ase.io.read(structures, ":")
    base, out = tmp_path / "base.extxyz", tmp_path / "new.extxyz"
    ase.io.write(base, frames[:18])
    words = ["select", str(structures), "--keep", "2", "--reference", str(base)]
    assert main([*words, "--out", str(out)]) == 0
    assert "2 of 20 structures of all.extxyz, beside 18 of base.extxyz" in capsys.readouterr().out
    found = ase.io.read(out, ":")
    assert [atoms.info["name"] for atoms in found] == ["frame 18", "frame 19"]
    assert all(np.array_equal(a.arrays["tag"], b.arrays["tag"]) for a, b in zip(found, frames[18:], strict=True))  # fmt: skip
    assert main([*words, "--compare"]) == 2
    assert "only msc chooses beside what is held" in capsys.readouterr().err
