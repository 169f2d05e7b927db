"""Readers that lose nothing: every frame is read, or the file is refused with frame and line."""

import bz2
import gzip
import logging
import lzma

import numpy as np
import pytest

from harness import UsageError
from harness_atoms import readers
from harness_atoms.frames import xyz_frames
from harness_atoms.readers import Keys
from harness_atoms.sources import resolve


def frame(number, comment="", species="Cu", extra=""):
    return f"2\n{comment} step={number}\n{species} 0 0 {number}.5{extra}\nCu 0 0 0{extra}\n"


def lattice(properties="species:S:1:pos:R:3", **more):
    rest = " ".join(f"{key}={value}" for key, value in more.items())
    return f'Lattice="5 0 0 0 5 0 0 0 9" Properties={properties} {rest}'


def write(path, *frames):
    path.write_text("".join(frames))
    return path


def test_blank_lines_between_frames_lose_none(tmp_path):
    made = [frame(i, lattice()) for i in range(6)]
    path = write(tmp_path / "a.extxyz", made[0], "\n", made[1], " \n\n", *made[2:], "\n\n")
    data = readers.read(path)
    assert data.n == 6
    assert data.positions[::2, 2].tolist() == [i + 0.5 for i in range(6)]
    assert [line for line, _ in xyz_frames(path)] == [1, 6, 12, 16, 20, 24]


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ("text\n", r"structure 2 \(line 9\): 'text' for the number of atoms"),
        ("-2\nx\n", r"structure 2 \(line 9\): '-2' for the number"),
        (f"{10**20}\nx\nCu 0 0 0\n", r"structure 2 \(line 9\): '1000000"),
        ("999999999\nx\nCu 0 0 0\n", r"line 9\): 999999999 atoms announced, and the file ends"),
        ("2\n\nCu 0 0 0\nCu 0 0\n", r"structure 2 \(line 9\): cannot be read"),
        (frame(2, lattice(), "Cu1"), r"'Cu1' is not the symbol of an element; wanted .* Cu \("),
    ],
)
def test_what_stops_a_reader_is_an_error_with_frame_and_line(tmp_path, broken, said):
    path = write(tmp_path / "a.xyz", frame(0, lattice()), frame(1, lattice()), broken)
    with pytest.raises(UsageError, match=said):
        readers.read(path)


def test_per_atom_energies_do_not_hide_the_total(tmp_path):
    comment = lattice("species:S:1:pos:R:3:energies:R:1", REF_energy=-3.5)
    path = write(tmp_path / "a.xyz", *(frame(i, comment, extra=" 1.25") for i in range(3)))
    assert readers.read(path).energies.tolist() == [-3.5] * 3


@pytest.mark.parametrize("name", ["dft_force", "DFT_force", "REF_force", "ref_forces", "Forces"])
def test_forces_of_other_capitals_and_numbers_are_found(tmp_path, name):
    comment = lattice(f"species:S:1:pos:R:3:{name}:R:3", TotEnergy=-1.5)
    path = write(tmp_path / "a.xyz", frame(0, comment, extra=" 1 2 3"))
    data = readers.read(path)
    assert data.forces.tolist() == [[1, 2, 3]] * 2
    assert data.energies.tolist() == [-1.5]


def test_other_names_are_listed_and_can_be_stated(tmp_path, caplog):
    comment = lattice("species:S:1:pos:R:3:MACE_forces:R:3", MACE_energy=-2.5)
    path = write(tmp_path / "a.xyz", frame(0, comment, extra=" 1 2 3"))
    assert readers.read(path).forces is None
    assert "set forces_key=NAME: MACE_forces" in caplog.text
    assert "set energy_key=NAME: MACE_energy" in caplog.text
    data = readers.read(path, keys=Keys("MACE_energy", "MACE_forces"))
    assert data.forces.tolist() == [[1, 2, 3]] * 2
    assert data.energies.tolist() == [-2.5]
    with pytest.raises(UsageError, match="'other'; wanted forces_key=NAME, with one of: MACE_forc"):
        readers.read(path, keys=Keys(forces="other"))


def test_the_configuration_type_0_is_one(tmp_path):
    path = write(
        tmp_path / "a.xyz", *(frame(i, lattice(config_type=c)) for i, c in enumerate("0T07"))
    )
    assert readers.read(path).groups == ("0", "T", "0", "7")
    assert readers.xyz_labels(path) == ("0", "7", "T")
    (gap,) = [source for source in _gap20(path) if source.name == "0"]
    assert gap.load().n == 2


def _gap20(path):
    import harness

    return harness.task("gap20", path=str(path)).sources(0)


@pytest.mark.parametrize(("suffix", "module"), [(".gz", gzip), (".xz", lzma), (".bz2", bz2)])
def test_compressed_files(tmp_path, suffix, module):
    path = write(tmp_path / "a.extxyz", *(frame(i, lattice()) for i in range(4)))
    packed = tmp_path / f"a.extxyz{suffix}"
    packed.write_bytes(module.compress(path.read_bytes()))
    assert readers.read(packed) == readers.read(path)
    assert [source.name for source in resolve(str(packed))] == ["a"]
    packed.write_bytes(packed.read_bytes()[:-20])
    with pytest.raises(UsageError, match="wanted a whole file"):
        readers.read(packed)
    assert readers.reader_of(tmp_path / f"a.parquet{suffix}") is None


@pytest.mark.parametrize("name", ["a.traj", "a.db"])
def test_what_ase_writes_is_read(few, tmp_path, name):
    from ase import Atoms
    from ase.calculators.singlepoint import SinglePointCalculator
    from ase.io import write as ase_write

    images = []
    for s in range(few.n):
        part = slice(few.offsets[s], few.offsets[s + 1])
        atoms = Atoms(few.numbers[part], few.positions[part], cell=few.cells[s], pbc=few.pbc[s])
        atoms.calc = SinglePointCalculator(atoms, energy=few.energies[s], forces=few.forces[part])
        images.append(atoms)
    ase_write(tmp_path / name, images)
    data = readers.read(tmp_path / name)
    for field in ("numbers", "positions", "offsets", "cells", "pbc", "energies", "forces"):
        np.testing.assert_allclose(getattr(data, field), getattr(few, field), atol=1e-12)


VASPRUN = """<?xml version="1.0"?><modeling><kpoints>
<varray name="kpointlist"><v>0 0 0</v></varray><varray name="weights"><v>1</v></varray></kpoints>
<atominfo><array name="atoms"><set>
<rc><c>Cu</c><c>1</c></rc></set></array></atominfo><structure name="initialpos"><crystal>
<varray name="basis"><v>4 0 0</v><v>0 4 0</v><v>0 0 4</v></varray></crystal>
<varray name="positions"><v>0 0 0</v></varray></structure>{steps}</modeling>"""
STEP = """<calculation><scstep><energy><i name="e_fr_energy">-3.5</i><i name="e_wo_entrp">-3.5</i>
<i name="e_0_energy">-3.5</i></energy></scstep><structure><crystal><varray name="basis">
<v>4 0 0</v><v>0 4 0</v><v>0 0 4</v></varray></crystal><varray name="positions"><v>0 0 0.1</v>
</varray></structure><varray name="forces"><v>1 2 3</v></varray><energy>
<i name="e_fr_energy">-3.5</i><i name="e_wo_entrp">-3.5</i><i name="e_0_energy">-3.5</i></energy>
</calculation>"""


def test_vasprun(tmp_path):
    path = write(tmp_path / "run1-vasprun.xml", VASPRUN.format(steps=STEP * 3))
    data = readers.read(path)
    assert data.n == 3
    assert data.energies.tolist() == [-3.5] * 3
    assert data.forces.tolist() == [[1, 2, 3]] * 3
    path.write_text(path.read_text()[:-200])
    with pytest.raises(UsageError, match="ends before </modeling>; wanted the whole file"):
        readers.read(path)


DUMP = """ITEM: TIMESTEP
{step}
ITEM: NUMBER OF ATOMS
2
ITEM: BOX BOUNDS pp pp pp
0 5
0 5
0 5
ITEM: ATOMS id {column} x y z fx fy fz
1 {first} 0 0 {step}.5 1 2 3
2 {second} 1 1 1 0 0 0
"""


def test_dumps_of_lammps_need_elements(tmp_path):
    steps = [DUMP.format(step=i, column="element", first="Cu", second="Zr") for i in range(3)]
    data = readers.read(write(tmp_path / "a.lammpstrj", *steps))
    assert data.energies is None  # a dump has none, and 0 is not it
    assert data.numbers.tolist() == [29, 40] * 3
    assert data.forces[0].tolist() == [1, 2, 3]
    types = [DUMP.format(step=0, column="type", first="1", second="2")]
    with pytest.raises(UsageError, match="LAMMPS types and without elements; wanted a column elem"):
        readers.read(write(tmp_path / "b.dump", *types))


def test_folders_of_deepmd(tmp_path):
    folder = tmp_path / "water"
    (folder / "set.000").mkdir(parents=True)
    (folder / "set.001").mkdir()
    rng = np.random.default_rng(0)
    (folder / "type.raw").write_text("0\n1\n1\n")
    (folder / "type_map.raw").write_text("O\nH\n")
    for part in ("set.000", "set.001"):
        np.save(folder / part / "coord.npy", rng.normal(size=(4, 9)))
        np.save(folder / part / "box.npy", np.tile(9 * np.eye(3).ravel(), (4, 1)))
        np.save(folder / part / "energy.npy", rng.normal(size=4))
        np.save(folder / part / "force.npy", rng.normal(size=(4, 9)))
    (source,) = resolve(str(folder))
    data = source.load()
    assert data.n == 8
    assert data.numbers.tolist() == [8, 1, 1] * 8
    second = np.load(folder / "set.001" / "force.npy")
    np.testing.assert_array_equal(data.forces[12:].ravel(), second.ravel())
    np.save(folder / "set.001" / "energy.npy", np.zeros(3))
    with pytest.raises(UsageError, match=r"set.001: frames .*'energy': 3.*wanted as many in every"):
        readers.read(folder)
    (folder / "type_map.raw").unlink()
    with pytest.raises(UsageError, match=r"no type_map.raw; wanted the elements"):
        readers.read(folder)


def test_charges_that_are_no_elements_are_refused(tmp_path):
    np.savez(tmp_path / "a.npz", coords=np.zeros((2, 2, 3)), nuclear_charges=np.array([6.9, 1]))
    with pytest.raises(UsageError, match=r"nuclear_charges at row 0: 6.9; wanted whole numbers"):
        readers.read(tmp_path / "a.npz")


@pytest.mark.parametrize("count", ["9" * 30, "1_000_000_000", "٩" * 12])
def test_columns_without_end_are_refused_at_once(tmp_path, count):
    text = f'1\nProperties="species:S:1:pos:R:{count}" energy=1\nCu 0 0 0\n'
    (tmp_path / "a.xyz").write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=r"a.xyz: structure 0 \(line 1\).*Properties with .* col"):
        readers.read(tmp_path / "a.xyz")


def test_the_count_of_structures_is_said(tmp_path, caplog):
    path = write(tmp_path / "a.xyz", *(frame(i, lattice()) for i in range(5)))
    with caplog.at_level(logging.WARNING, "harness"):
        resolve(str(path))[0].load()
    assert "a.xyz: 5 structures with 10 atoms" in caplog.text


@pytest.mark.parametrize("ending", [".xyz", ".npz", ".parquet"])
def test_mutated_files_are_read_or_refused(few, frames, write_parquet, tmp_path, ending):
    from ase.io import write as ase_write

    path = tmp_path / f"a{ending}"
    if ending == ".xyz":
        ase_write(path, frames(few)[:3], format="extxyz")
    elif ending == ".npz":
        rng = np.random.default_rng(1)
        np.savez(path, nuclear_charges=np.array([8, 1, 1]), coords=rng.normal(size=(4, 3, 3)))
    else:
        write_parquet(path, few.take(np.arange(3)))
    whole, rng = path.read_bytes(), np.random.default_rng(0)
    for number in range(150):
        content = bytearray(whole)
        for place in rng.integers(len(content), size=rng.integers(1, 5)):
            content[place] = rng.integers(256)
        path.write_bytes(content[: rng.integers(len(content))] if number % 5 == 0 else content)
        try:
            readers.read(path)
        except UsageError as error:
            assert str(path) in str(error)  # noqa: PT017 - some changes are none
