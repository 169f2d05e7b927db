import dataclasses
import logging

import numpy as np
import pytest

from harness import Structures, UsageError
from harness_atoms import readers


def write_xyz(path, frames):
    from ase.io import write

    write(path, frames, format="extxyz")
    return path


def parts(data, values):
    return np.split(values, data.offsets[1:-1])


def in_arrays(few, atoms, s, forces):
    atoms.new_array("forces", forces)
    atoms.info["energy"] = few.energies[s]


def in_arrays_as_force(few, atoms, s, forces):
    atoms.new_array("force", forces)
    atoms.info["Energy"] = few.energies[s]


def in_info(few, atoms, s, forces):
    atoms.info["forces"] = forces
    atoms.info["REF_energy"] = few.energies[s]


def in_calculator(few, atoms, s, forces):
    from ase.calculators.singlepoint import SinglePointCalculator

    atoms.calc = SinglePointCalculator(atoms, energy=few.energies[s], forces=forces)


@pytest.mark.parametrize("place", [in_arrays, in_arrays_as_force, in_info, in_calculator])
def test_xyz_finds_energies_and_forces_wherever_they_are(few, frames, tmp_path, place):
    made = frames(few)
    for s, (atoms, forces) in enumerate(zip(made, parts(few, few.forces), strict=True)):
        place(few, atoms, s, forces)
        atoms.info["config_type"] = few.groups[s]
    got = readers.read(write_xyz(tmp_path / "few.extxyz", made))
    assert got.groups == few.groups
    np.testing.assert_array_equal(got.numbers, few.numbers)
    np.testing.assert_array_equal(got.offsets, few.offsets)
    np.testing.assert_array_equal(got.pbc, few.pbc)
    # ASE writes eight decimals.
    np.testing.assert_allclose(got.forces, few.forces, atol=1e-8)
    np.testing.assert_allclose(got.energies, few.energies, atol=1e-8)
    np.testing.assert_allclose(got.positions, few.positions, atol=1e-8)
    np.testing.assert_allclose(got.cells, few.cells, atol=1e-8)


def test_xyz_without_energies_and_forces(few, frames, tmp_path):
    got = readers.read(write_xyz(tmp_path / "few.xyz", frames(few)))
    assert got.n == few.n
    assert got.energies is None
    assert got.forces is None
    assert got.groups is None


def test_parquet_is_exact(few, write_parquet, tmp_path):
    got = readers.read(write_parquet(tmp_path / "co_0.parquet", few))
    assert got == few


def test_parquet_parts_are_one_set(few, write_parquet, tmp_path):
    paths = [
        write_parquet(tmp_path / f"co_{i}.parquet", few.take(part))
        for i, part in enumerate(np.array_split(np.arange(few.n), 3))
    ]
    assert readers.read(*paths) == few


def test_parquet_nulls(few, records, write_parquet, tmp_path, caplog):
    rows = records(few)
    rows[2]["atomic_forces"] = None
    rows[5]["energy"] = None
    for row in rows:
        if not any(row["pbc"]):
            row["cell"] = row["pbc"] = None
    with caplog.at_level(logging.WARNING, "harness.atoms"):
        got = readers.read(write_parquet(tmp_path / "co_0.parquet", rows))
    kept = np.delete(np.arange(few.n), [2, 5])
    assert got == few.take(kept)
    assert "1 of 14 structures have no forces" in caplog.text
    assert "1 of 13 structures have no energy" in caplog.text


def test_rmd17_is_converted_to_ev(tmp_path):
    rng = np.random.default_rng(0)
    coords, forces = rng.normal(size=(2, 5, 3, 3))
    energies = rng.normal(size=5)
    path = tmp_path / "water.npz"
    np.savez(
        path,
        nuclear_charges=np.array([8, 1, 1], np.uint8),
        coords=coords,
        energies=energies,
        forces=forces,
    )
    got = readers.read(path)
    # Independently: 1 eV is 23.0605 kcal/mol.
    np.testing.assert_allclose(got.energies * 23.060548, energies, rtol=1e-7)
    np.testing.assert_allclose(got.forces.reshape(5, 3, 3) * 23.060548, forces, rtol=1e-7)
    np.testing.assert_array_equal(got.positions.reshape(5, 3, 3), coords)
    np.testing.assert_array_equal(got.numbers, [8, 1, 1] * 5)
    assert not got.pbc.any()


def test_saved_structures_are_read_back(few, tmp_path):
    few.save(tmp_path / "few.npz")
    assert readers.read(tmp_path / "few.npz") == few


def truncated(path):
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * 2 // 3])
    return path


def one_line(error):
    text = str(error.value)
    assert "\n" not in text
    assert "wanted" in text
    return text


@pytest.mark.parametrize("suffix", [".extxyz", ".parquet", ".npz"])
def test_truncated_files(few, frames, write_parquet, tmp_path, suffix):
    path = tmp_path / f"few{suffix}"
    if suffix == ".extxyz":
        write_xyz(path, frames(few))
    elif suffix == ".parquet":
        write_parquet(path, few)
    else:
        few.save(path)
    with pytest.raises(UsageError) as error:
        readers.read(truncated(path))
    assert str(path) in one_line(error)


@pytest.mark.parametrize("suffix", [".extxyz", ".xyz", ".parquet", ".npz"])
@pytest.mark.parametrize("content", [b"", b"not a file of structures\n\x00\x01"])
def test_files_of_something_else(tmp_path, suffix, content):
    path = tmp_path / f"odd{suffix}"
    path.write_bytes(content)
    with pytest.raises(UsageError) as error:
        readers.read(path)
    assert str(path) in one_line(error)


def test_unknown_suffix(tmp_path):
    path = tmp_path / "structures.docx"
    path.touch()
    with pytest.raises(
        UsageError, match=r"structures\.docx: unknown kind of file '\.docx'; wanted one of \.extxyz"
    ):
        readers.read(path)


def test_parquet_of_another_schema(write_parquet, tmp_path):
    path = write_parquet(
        tmp_path / "t.parquet", [{"positions": [[0.0, 0.0, 0.0]], "species": ["H"]}]
    )
    with pytest.raises(UsageError, match="no column 'atomic_numbers'; wanted ColabFit's schema"):
        readers.read(path)


def test_npz_of_something_else(tmp_path):
    np.savez(tmp_path / "a.npz", coords=np.zeros((2, 3, 3)))
    with pytest.raises(UsageError, match=r"a\.npz: no array 'nuclear_charges' .*; wanted rMD17's"):
        readers.read(tmp_path / "a.npz")
    np.savez(
        tmp_path / "b.npz",
        coords=np.zeros((2, 3, 3)),
        nuclear_charges=np.ones(3),
        forces=np.zeros((2, 2, 3)),
    )
    with pytest.raises(
        UsageError, match=r"b\.npz: forces of shape \(2, 2, 3\); wanted \(2, 3, 3\)"
    ):
        readers.read(tmp_path / "b.npz")


def test_npz_is_never_unpickled(tmp_path):
    np.savez(tmp_path / "a.npz", coords=np.array([{"a": 1}], object), nuclear_charges=np.ones(1))
    with pytest.raises(UsageError, match="Python objects, which would have to be unpickled"):
        readers.read(tmp_path / "a.npz")


def test_wrong_contents_name_the_file_and_the_row(few, records, write_parquet, tmp_path):
    rows = records(few)
    rows[3]["positions"][1] = [0.0, float("nan"), 0.0]
    first = int(few.offsets[3]) + 1
    with pytest.raises(
        UsageError, match=rf"co_0\.parquet: Structures\.positions at row {first}: NaN"
    ):
        readers.read(write_parquet(tmp_path / "co_0.parquet", rows))
    rows = records(few)
    rows[3]["atomic_forces"] = rows[3]["atomic_forces"][:-1]
    with pytest.raises(UsageError, match=r"structure 3: forces of shape .* wanted"):
        readers.read(write_parquet(tmp_path / "co_1.parquet", rows))


def test_xyz_labels_are_those_of_the_structures(few, frames, tmp_path):
    made = frames(few)
    labels = ["plain", "two words", "with_config_type", "plain"]
    for i, atoms in enumerate(made):
        atoms.info |= {"note": "config_type of", "config_type": labels[i % 4]}
    path = write_xyz(tmp_path / "few.xyz", made)
    assert readers.xyz_labels(path) == tuple(sorted(set(readers.read(path).groups)))


@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "structures", "atoms", "largest"),
    [
        ("mlearn_Si_train.extxyz", 214, 13233, 15.0),
        ("mlearn_Si_test.extxyz", 25, 1525, 15.0),
        ("mlearn_Li_train.extxyz", 241, 11576, 15.0),
        ("colabfit_mlearn_Mo_train/co/co_0.parquet", 194, 10087, 20.0),
        ("dataset_acac_train_300K.xyz", 500, 7500, 15.0),
        ("dataset_acac_train_600K.xyz", 500, 7500, 15.0),
        ("rmd17_ethanol_train_01.npz", 1000, 9000, 15.0),
        ("rmd17_benzene_train_01.npz", 1000, 12000, 15.0),
    ],
)
def test_real_files(real, name, structures, atoms, largest):
    data = readers.read(real / name)
    assert (data.n, len(data.numbers)) == (structures, atoms)
    # In eV/Å thermal forces are near one; in kcal/mol they would be 23 times that.
    size = np.linalg.norm(data.forces, axis=1)
    assert size.max() < largest
    assert 0.01 < np.sqrt(np.mean(size**2)) < 5
    # Forces on the atoms of an isolated or periodic system add up to nothing (DFT leaves a little).
    total = np.add.reduceat(data.forces, data.offsets[:-1], axis=0)
    assert np.median(np.linalg.norm(total, axis=1)) < 0.05
    # Energies per atom of one substance agree to a few eV.
    per_atom = data.energies / np.diff(data.offsets)
    assert np.ptp(per_atom) < 3
    assert per_atom.max() < 0


@pytest.mark.data
def test_real_config_types(real):
    assert readers.xyz_labels(real / "mlearn_Si_train.extxyz") == tuple(
        sorted(set(readers.read(real / "mlearn_Si_train.extxyz").groups))
    )


def test_structures_survive_every_format(few, frames, write_parquet, tmp_path):
    """One set through each reader is the same set."""
    plain = dataclasses.replace(few, energies=None, forces=None, groups=None)
    plain.save(tmp_path / "a.npz")
    paths = [
        tmp_path / "a.npz",
        write_parquet(tmp_path / "a.parquet", few),
        write_xyz(tmp_path / "a.xyz", frames(few)),
    ]
    read = [
        dataclasses.replace(readers.read(path), energies=None, forces=None, groups=None)
        for path in paths
    ]
    assert read[0] == read[1] == plain
    assert isinstance(read[2], Structures)
    np.testing.assert_allclose(read[2].positions, plain.positions, atol=1e-8)
