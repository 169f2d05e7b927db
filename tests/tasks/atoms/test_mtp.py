"""MLIP's ``.cfg``: types become elements that the user states; what is cut off is named."""

import numpy as np
import pytest

pytest.importorskip("ase")

from harness import UsageError
from harness_atoms.readers import Keys, read

ONE = """BEGIN_CFG
 Size
    2
 Supercell
    4.0 0.0 0.0
    0.0 5.0 0.0
    0.0 0.0 6.0
 AtomData:  id type cartes_x cartes_y cartes_z fx fy fz
             1    0 0.0 0.0 0.0 0.1 0.2 0.3
             2    1 1.0 2.0 3.0 -0.1 -0.2 -0.3
 Energy
        -7.5
 PlusStress:  xx yy zz yz xz xy
     1.0 1.0 1.0 0.0 0.0 0.0
 Feature   EFS_by       VASP
END_CFG
"""
TWO = """BEGIN_CFG
 Size
    1
 Supercell
    4.0 0.0 0.0
    0.0 4.0 0.0
    0.0 0.0 4.0
 AtomData:  id type direct_x direct_y direct_z fx fy fz
             1    1 0.5 0.25 0.0 0.0 0.0 0.0
 Energy
        -1.25
END_CFG
"""


@pytest.fixture
def file(tmp_path):
    file = tmp_path / "train.cfg"
    file.write_text(ONE + "\n" + TWO)
    return file


def test_configurations_are_read_with_all_they_say(file):
    data = read(file, keys=Keys(types=("Cu", "Zr")))
    assert data.numbers.tolist() == [29, 40, 40]
    assert data.energies.tolist() == [-7.5, -1.25]
    assert np.allclose(data.positions, [[0, 0, 0], [1, 2, 3], [2, 1, 0]])
    assert np.allclose(data.forces[1], [-0.1, -0.2, -0.3])
    assert data.pbc.all()
    assert np.allclose(data.cells[0], np.diag([4, 5, 6]))


@pytest.mark.parametrize(
    ("text", "types", "says"),
    [
        (ONE, (), "wanted types=Cu,Zr"),
        (ONE, ("Cu",), r"line 1\): type 1"),
        (ONE, ("Cu", "Qq"), "not the symbol"),
        (ONE.replace("END_CFG\n", ""), ("Cu", "Zr"), "ends before END_CFG of line 1"),
        (ONE + "stray\n", ("Cu", "Zr"), "wanted BEGIN_CFG"),
        (ONE.replace("    2\n", "    3\n", 1), ("Cu", "Zr"), "3 atoms announced"),
    ],
)
def test_what_is_missing_is_named(tmp_path, text, types, says):
    file = tmp_path / "bad.cfg"
    file.write_text(text)
    with pytest.raises(UsageError, match=says):
        read(file, keys=Keys(types=types))
