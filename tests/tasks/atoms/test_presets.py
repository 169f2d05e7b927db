import dataclasses

import numpy as np
import pytest

from harness import UsageError
from harness_atoms import presets
from harness_atoms.presets import GAP20, TM23


@pytest.fixture
def write(frames):
    """Write structures as in the presets' files: forces as ``force``, energies in the comment."""
    from ase.io import write as to_file

    def do(path, data, types=None, forces="force"):
        made = frames(data)
        for s, (atoms, part) in enumerate(
            zip(made, np.split(data.forces, data.offsets[1:-1]), strict=True)
        ):
            atoms.new_array(forces, part)
            atoms.info["energy"] = data.energies[s]
            if types:
                atoms.info["config_type"] = types[s]
        path.parent.mkdir(parents=True, exist_ok=True)
        to_file(path, made, format="extxyz")

    return do


TYPES = ["Graphene"] * 5 + ["Crystalline_Bulk"] * 6 + ["Graphene"] * 3


@pytest.fixture
def gap(few, write, tmp_path):
    write(tmp_path / "Carbon_GAP_20" / "Carbon_Data_Set_Total.xyz", few, TYPES)
    return tmp_path


def test_gap20_has_a_set_per_configuration_type(gap, few):
    cases = list(GAP20(path=str(gap), rates=(0.5,)).cases(seed=0))
    assert [c.id for c in cases] == [
        "Crystalline_Bulk",
        "Crystalline_Bulk@50%",
        "Graphene",
        "Graphene@50%",
    ]
    data = cases[2].load()
    assert data.groups == ("Graphene",) * 8
    assert data.sizes == (4,)
    wanted = few.take([0, 1, 2, 3, 4, 11, 12, 13])
    np.testing.assert_allclose(data.forces, wanted.forces, atol=1e-8)
    np.testing.assert_allclose(data.energies, wanted.energies, atol=1e-8)


def test_gap20_by_file_and_type(gap):
    path = gap / "Carbon_GAP_20" / "Carbon_Data_Set_Total.xyz"
    cases = list(
        GAP20(path=str(path), types=("Graphene",), max_structures=3, rates=()).cases(seed=0)
    )
    assert [c.id for c in cases] == ["Graphene"]
    assert cases[0].load().n == 3


def test_gap20_lists_its_cases_without_reading_structures(gap, monkeypatch):
    monkeypatch.setattr(presets, "_read", lambda *_args: pytest.fail("read"))
    assert len(list(GAP20(path=str(gap)).cases(seed=0))) == 10


def test_gap20_says_what_it_needs(gap, tmp_path):
    for path, found in (("", "not given"), (str(tmp_path / "no"), "no such file or folder")):
        with pytest.raises(UsageError, match=f"gap20.path: .*{found}.*") as error:
            list(GAP20(path=path).cases(seed=0))
        text = str(error.value)
        for part in ("1810/307452", "CC BY 4.0", "--set gap20.path="):
            assert part in text
        assert "\n" not in text
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="has none of Carbon_Data_Set_Total"):
        list(GAP20(path=str(tmp_path / "empty")).cases(seed=0))
    with pytest.raises(
        UsageError, match=r"gap20\.types: 'Graphite' is not in .*; wanted some of Crystalline_Bulk"
    ):
        list(GAP20(path=str(gap), types=("Graphite",)).cases(seed=0))


def test_gap20_type_whose_structures_all_lack_forces(few, write, tmp_path):
    path = tmp_path / "Carbon_Data_Set_Total.xyz"
    write(path, few, TYPES)
    write(tmp_path / "more.xyz", few.take([0]), ["Dimer"], forces="something")
    path.write_text(path.read_text() + (tmp_path / "more.xyz").read_text())
    cases = [c for c in GAP20(path=str(path), rates=()).cases(seed=0) if c.id == "Dimer"]
    with pytest.raises(UsageError, match="all structures of 'Dimer' were left out"):
        cases[0].load()


@pytest.fixture
def tm(few, write, tmp_path):
    folder = tmp_path / "benchmarking_master_collection"
    for i, name in enumerate(("2700cwm", "cold_nequip", "warm_nequip", "melt_nequip")):
        write(folder / f"Cu_{name}_train.xyz", few.take(range(i, i + 6)), forces="forces")
        write(folder / f"Cu_{name}_test.xyz", few.take([13]), forces="forces")
    write(folder / "Au_2700cwm_train.xyz", few.take(range(4)), forces="forces")
    return tmp_path


def test_tm23_has_wholes_and_steps_in_temperature(tm, few):
    cases = {c.id: c for c in TM23(path=str(tm), rates=(0.5,)).cases(seed=0)}
    assert list(cases) == [
        *("Cu", "Cu@50%", "Cu-cold-warm", "Cu-cold-warm@50%", "Cu-cold-melt", "Cu-cold-melt@50%"),
        *("Au", "Au@50%"),
    ]
    assert cases["Cu"].load().n == 6
    assert cases["Cu"].load().split is None
    melt = cases["Cu-cold-melt"].load()
    assert melt.n == 12
    assert melt.sizes == (3,)
    np.testing.assert_allclose(melt.part("train").energies, few.energies[1:7], atol=1e-8)
    np.testing.assert_allclose(melt.part("test").energies, few.energies[3:9], atol=1e-8)
    assert len({cases[name].stamp for name in ("Cu", "Cu-cold-warm", "Cu-cold-melt", "Au")}) == 4


def test_tm23_elements(tm):
    assert [c.id for c in TM23(path=str(tm), elements=("Au",), rates=()).cases(seed=0)] == ["Au"]
    with pytest.raises(UsageError, match="has no files of Ti"):
        list(TM23(path=str(tm), elements=("Ti",)).cases(seed=0))
    with pytest.raises(UsageError, match=r"tm23\.elements: 'Al'; wanted some of Ti, V"):
        list(TM23(path=str(tm), elements=("Al",)).cases(seed=0))


def test_tm23_limit_leaves_the_reference_whole(tm):
    cases = {c.id: c for c in TM23(path=str(tm), max_structures=2, rates=()).cases(seed=0)}
    data = cases["Cu-cold-warm"].load()
    assert (len(data.split.train), len(data.split.test)) == (6, 2)


def test_tm23_says_what_it_needs(tmp_path):
    for path, found in (
        ("", "not given"),
        (str(tmp_path / "no"), "not a folder"),
        (str(tmp_path), "has no"),
    ):
        with pytest.raises(UsageError, match=f"tm23.path: .*{found}") as error:
            list(TM23(path=path).cases(seed=0))
        text = str(error.value)
        for part in ("record/2024.48", "licence", "--set tm23.path="):
            assert part in text
        assert "\n" not in text


def test_elements_are_those_of_the_paper():
    assert len(presets.TM23_ELEMENTS) == len(set(presets.TM23_ELEMENTS)) == 27


def test_presets_score_like_colabfit(gap):
    from harness import Selection

    task = GAP20(path=str(gap), types=("Graphene",), rates=(0.5,))
    case = next(c for c in task.cases(seed=0) if c.facts.get("rate"))
    assert {"diversity_kept", "tail_recall", "rmse_out"} <= set(
        task.score(case, Selection([0, 2, 5, 7]))
    )
    assert (
        dataclasses.replace(task, ood=False)
        .score(case, Selection([0, 2, 5, 7]))
        .keys()
        .isdisjoint({"rmse_out"})
    )
