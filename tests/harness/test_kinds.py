import dataclasses
import os
import subprocess
import sys
from typing import Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness import (
    Activations,
    ConditionedSamples,
    DataError,
    Environments,
    Graph,
    Incompatible,
    Kind,
    LabelledSamples,
    PairedSamples,
    Samples,
    Split,
    Structures,
    UsageError,
    added,
    array,
    offsets,
    strings,
)


def bags(counts, p=2, **more):
    cuts = np.concatenate([[0], np.cumsum(counts)])
    return Environments(np.arange(cuts[-1] * p, dtype=float).reshape(-1, p), cuts, **more)


def test_arrays_are_frozen_copies():
    given_array = np.zeros((3, 2))
    samples = Samples(given_array)
    given_array[0, 0] = 1
    assert samples.x[0, 0] == 0
    with pytest.raises(ValueError, match="read-only"):
        samples.x[0, 0] = 1
    with pytest.raises(dataclasses.FrozenInstanceError):
        samples.x = given_array


def test_read_only_arrays_are_not_copied():
    samples = Samples(np.zeros((3, 2)))
    assert Samples(samples.x).x is samples.x


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Samples([[1.0], [np.nan]]), r"Samples\.x at row 1: NaN or infinity; wanted finite numbers"),
        (lambda: Samples([1.0, 2.0]), r"Samples\.x: shape \(2,\); wanted axes \(n, d\)"),
        (lambda: Samples([[1.0]]), r"Samples: 1 units; wanted at least 2"),
        (lambda: Samples([[1], [1, 2]]), r"Samples\.x: rows of different lengths"),
        (lambda: Samples([["a"], ["b"]]), r"Samples\.x: <U1 values; wanted numbers"),
        (lambda: Samples(np.zeros((3, 0))), r"Samples\.x: axis d of length 0"),
        (lambda: PairedSamples(np.zeros((3, 1)), np.zeros((2, 1))), r"axis n of length 2; wanted 3, as in Paired"),
        (lambda: PairedSamples([[0.0], [1.5]], [[0.0], [1.0]], x_kind="discrete"), r"x at row 1: a fraction"),
        (lambda: PairedSamples([[0.0], [1.5]], [[0.0], [1.0]], y_kind="ordinal"), r"'ordinal'; wanted one of cont"),
        (lambda: LabelledSamples(np.zeros((2, 1)), [1, 1]), r"the one class 1; wanted at least two classes"),
        (lambda: LabelledSamples(np.zeros((2, 1)), [0.0, 1.0]), r"y: float64 values; wanted integers"),
        (lambda: LabelledSamples(np.zeros((2, 1)), [-1, 1]), r"y at row 0: label -1"),
        (lambda: LabelledSamples(np.zeros((3, 1)), [0, 0, 1], split=Split([0], [2])), r"class 1 absent"),
        (lambda: Samples(np.zeros((3, 1)), split=Split([0], [3])), r"split\.test: position 3; wanted positions from 0 to 2"),
        (lambda: Split([0, 1], [1]), r"Split: unit 1 in two places"),
        (lambda: Split([0], []), r"Split\.test: an empty part"),
        (lambda: Split([0.5], [1]), r"Split\.train: float64 array"),
        (lambda: Environments(np.zeros((3, 1)), [0, 2, 2, 3]), r"offsets at row 1: a unit without items"),
        (lambda: Environments(np.zeros((3, 1)), [0, 2]), r"last offset 2; wanted the number of items, 3"),
        (lambda: Environments(np.zeros((3, 1)), [1, 3]), r"0 first"),
        (lambda: bags([1, 2], sizes=(2, 1)), r"sizes: \(2, 1\); wanted increasing positive integers"),
        (lambda: bags([1, 2], groups=("a",)), r"groups: axis n of length 1; wanted 2"),
        (lambda: bags([1, 2], groups=("a", 3)), r"groups at row 1: int; wanted a string"),
    ],
)  # fmt: skip
def test_bad_data_are_named(make, message):
    with pytest.raises(DataError, match=message):
        make()


def cube(**change):
    fields = {
        "numbers": [29], "positions": [[0.0, 0, 0]], "offsets": [0, 1], "cells": [np.eye(3)], "pbc": [[True] * 3],
    } | change  # fmt: skip
    return Structures(**fields)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"cells": np.zeros((1, 3, 3))}, "cells at row 0: periodic directions that span no volume"),
        ({"cells": [[[1.0, 0, 0], [2, 0, 0], [0, 0, 1]]]}, "span no volume"),
        ({"numbers": [0]}, "numbers at row 0: atomic number 0"),
        ({"positions": [[np.nan, 0, 0]]}, "positions at row 0: NaN"),
        ({"pbc": [[1, 1, 1]]}, "pbc: int64 values; wanted booleans"),
        ({"forces": [[1.0, 0]]}, "forces: an axis of length 2; wanted length 3"),
    ],
)
def test_bad_structures_are_named(change, message):
    with pytest.raises(DataError, match=message):
        cube(**change)


def test_a_slab_needs_no_third_lattice_vector():
    slab = cube(cells=[[[2.0, 0, 0], [0, 2.0, 0], [0, 0, 0]]], pbc=[[True, True, False]])
    assert slab.n == 1


@given(st.lists(st.integers(1, 4), min_size=1, max_size=6), st.data())
def test_take_gives_the_items_of_each_unit(sizes, data):
    whole = bags(sizes, groups=tuple(f"g{i}" for i in range(len(sizes))))
    indices = data.draw(st.lists(st.integers(0, len(sizes) - 1), min_size=1, max_size=8))
    part = whole.take(indices)
    for place, unit in enumerate(indices):
        mine = part.x[part.offsets[place] : part.offsets[place + 1]]
        assert np.array_equal(mine, whole.x[whole.offsets[unit] : whole.offsets[unit + 1]])
    assert part.groups == tuple(f"g{i}" for i in indices)


def test_take_carries_the_split_along():
    whole = Samples(np.arange(4.0)[:, None], split=Split([0, 1], [3], [2]))
    part = whole.take([3, 3, 1, 2])
    assert [p.tolist() for _, p in part.split.parts()] == [[2], [3], [0, 1]]
    assert whole.take([0, 1]).split is None
    assert whole.part("train").x.tolist() == [[0.0], [1.0]]


def test_part_without_a_split_is_incompatible():
    with pytest.raises(Incompatible, match="has none"):
        Samples(np.zeros((2, 1))).part("train")


def test_take_refuses_positions_outside():
    with pytest.raises(DataError, match="position -1"):
        Samples(np.zeros((2, 1))).take([-1])


def test_fingerprint_is_of_the_contents():
    x = np.random.default_rng(0).normal(size=(5, 2))
    assert Samples(x).fingerprint() == Samples(x.copy()).fingerprint()
    assert Samples(x) == Samples(np.asfortranarray(x))
    different = [
        Samples(x), Samples(x[::-1]), Samples(x.reshape(-1, 1)), Samples(x, split=Split([0], [1])),
        Samples(x, split=Split([0], [2])), PairedSamples(x, x), PairedSamples(x, x, "mixed"),
    ]  # fmt: skip
    assert len({d.fingerprint() for d in different}) == len(different)


def test_fingerprint_is_the_same_everywhere():
    """Frozen: a change here discards every stored result, and needs a new kind version."""
    assert Samples([[0.0, 1.0], [2.0, 3.0]]).fingerprint() == (
        "sha256:7bca1d479143486bf4623b04fe8ea1897ccc2d4a6a291b501acde8474bc3df9a"
    )


def test_big_endian_data_have_the_same_fingerprint():
    x = np.arange(6.0).reshape(3, 2)
    assert Samples(x.astype(">f8")) == Samples(x)


def test_save_and_load(tmp_path):
    whole = bags([1, 2], groups=("a", "b"), sizes=(1,), split=Split([0], [1]))
    whole.save(tmp_path / "e.npz")
    again = Environments.load(tmp_path / "e.npz")
    assert again == whole
    assert again.groups == ("a", "b")
    with pytest.raises(UsageError, match="holds Environments version 1; wanted Samples"):
        Samples.load(tmp_path / "e.npz")
    (tmp_path / "e.npz").write_bytes(b"nothing")
    with pytest.raises(UsageError, match="not in numpy's format"):
        Environments.load(tmp_path / "e.npz")
    assert not list(tmp_path.glob(".e.npz*"))


def test_a_new_kind_is_just_a_class():
    class Sentences(Kind):
        """Texts with token ids."""

        texts: tuple[str, ...] = strings("n")
        ids: np.ndarray = array("items", np.int32)
        cuts: np.ndarray = offsets()
        weight: float = 1.0

    s = Sentences(("one", "two words"), np.arange(3, dtype=np.int32), [0, 1, 3])
    assert s.n == 2
    assert s.take([1]).texts == ("two words",)
    assert s.take([1]).ids.tolist() == [1, 2]
    assert s != dataclasses.replace(s, weight=2.0)
    assert repr(s) == "Sentences(n=2, ids[3], cuts[3])"


def test_fingerprint_does_not_depend_on_the_process():
    code = "from harness import Samples; print(Samples([[0.5], [1.5]]).fingerprint())"
    runs = {subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True,
                           env=os.environ | {"PYTHONHASHSEED": str(i)}).stdout for i in (1, 2)}  # fmt: skip
    assert runs == {Samples([[0.5], [1.5]]).fingerprint() + "\n"}


def test_activations_say_what_is_wrong():
    with pytest.raises(
        DataError, match=r"Activations\.labels at row 1: label -2; wanted labels from 0 up"
    ):
        Activations(np.zeros((3, 2)), [0, -2, 1])
    with pytest.raises(DataError, match="axis n of length 2; wanted 3"):
        Activations(np.zeros((3, 2)), [0, 1])
    assert Activations(np.zeros((3, 2))).width == 2


class Molecules(Kind):
    numbers: np.ndarray = array("atoms", np.uint8)
    names: tuple[str, ...] = strings("atoms")
    bonds: np.ndarray = array("bonds 2", np.int64)
    near: np.ndarray = array("n n")
    atom_cuts: np.ndarray = offsets("atoms")
    bond_cuts: np.ndarray = offsets("bonds", min_items=0)


def molecules(sizes, bonds):
    atoms, edges = sum(sizes), sum(bonds)
    return Molecules(
        np.arange(atoms), tuple(f"a{i}" for i in range(atoms)), np.arange(2 * edges).reshape(edges, 2),
        np.arange(len(sizes) ** 2.0).reshape(len(sizes), -1), np.cumsum([0, *sizes]), np.cumsum([0, *bonds]),
    )  # fmt: skip


@given(st.lists(st.tuples(st.integers(1, 4), st.integers(0, 3)), min_size=1, max_size=5), st.data())
def test_every_ragged_axis_follows_its_units(sizes, data):
    whole = molecules(*map(list, zip(*sizes, strict=True)))
    indices = data.draw(st.lists(st.integers(0, len(sizes) - 1), min_size=1, max_size=6))
    part = whole.take(indices)
    assert np.array_equal(part.near, whole.near[np.ix_(indices, indices)])
    for place, unit in enumerate(indices):
        for cuts, names in (("atom_cuts", ("numbers", "names")), ("bond_cuts", ("bonds",))):
            mine, its = getattr(part, cuts), getattr(whole, cuts)
            for name in names:
                found = getattr(part, name)[mine[place] : mine[place + 1]]
                assert np.array_equal(found, getattr(whole, name)[its[unit] : its[unit + 1]])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"numbers": [300, 1]}, "numbers: 300; wanted integers from 0 to 255"),
        ({"numbers": [-1, 1]}, "numbers: -1; wanted integers from 0 to 255"),
        ({"numbers": [0.5, 1]}, "numbers: float64 values; wanted integers"),
        (
            {"atom_cuts": [0, 0, 2]},
            "atom_cuts at row 0: a unit without atoms; wanted at least one item",
        ),
        ({"bond_cuts": [0, 2, 1]}, "bond_cuts at row 1: offsets that decrease"),
        ({"bond_cuts": [0, 1, 2]}, "bond_cuts: last offset 2; wanted the number of bonds, 1"),
        ({"bond_cuts": [0, 1]}, "bond_cuts: axis n of length 1; wanted 2"),
        ({"names": ("a",)}, "names: axis atoms of length 1; wanted 2"),
    ],
)
def test_bad_ragged_data_are_named(change, message):
    good = {"numbers": [6, 1], "names": ("C", "H"), "bonds": [[0, 1]], "near": np.eye(2), "atom_cuts": [0, 1, 2],
            "bond_cuts": [0, 1, 1]}  # fmt: skip
    assert Molecules(**good).take([1]).bonds.shape == (0, 2)
    with pytest.raises(DataError, match=message):
        Molecules(**good | change)


def test_an_axis_that_belongs_to_no_unit_is_not_taken_silently():
    class Loose(Kind):
        x: np.ndarray = array("n")
        y: np.ndarray = array("m")

    class Shared(Loose):
        whole = ("m",)

    with pytest.raises(
        TypeError, match=r"Loose\.y: the axis m belongs to no unit; wanted offsets\('m'\)"
    ):
        Loose(np.zeros(2), np.zeros(3)).take([0])
    assert Shared(np.zeros(2), np.zeros(3)).take([0]).y.shape == (3,)


def test_what_no_kind_can_hold_is_refused_at_its_declaration():
    with pytest.raises(
        TypeError, match=r"complex128\); wanted a floating, integer or Boolean type"
    ):
        array("n", np.complex128)
    with pytest.raises(TypeError, match="two fields cut the axis items"):

        class Twice(Kind):
            one: np.ndarray = offsets()
            two: np.ndarray = offsets()


def test_what_is_evaluated_is_the_test_part_or_all():
    whole = Samples(np.arange(4.0)[:, None])
    assert whole.evaluated() is whole
    split = dataclasses.replace(whole, split=Split([0, 1], [2, 3]))
    assert split.evaluated() == split.part("test")


def test_fields_that_no_kind_can_hold_are_refused_when_the_class_is_made():
    wanted = r"wanted array\(\.\.\.\), offsets\(\.\.\.\), strings\(\.\.\.\), or a plain str, int"
    with pytest.raises(TypeError, match=rf"Outer\.inner: .* field of type Samples; {wanted}"):

        class Outer(Kind):
            x: np.ndarray = array("n")
            inner: Samples

    for stated in (
        dict,
        list[int],
        np.ndarray,
        tuple[Samples, ...],
        Samples | None,
        "Unknown",
        object,
    ):
        with pytest.raises(TypeError, match=r"Odd\.field: a kind cannot hold"):
            type("Odd", (Kind,), {"__annotations__": {"field": stated}})
    for stated in (
        str,
        "int",
        float | None,
        tuple[tuple[int, str], ...],
        Literal["a", 1],
        "bool | None",
    ):
        type("Even", (Kind,), {"__annotations__": {"field": stated}, "__module__": __name__})
    with pytest.raises(
        TypeError, match=r"Named\.take: Kind\.take is a method; wanted another name"
    ):

        class Named(Kind):
            take: np.ndarray = array("n")


def test_plain_values_are_pythons_own_and_others_are_refused():
    class Plain(Kind):
        x: np.ndarray = array("n")
        value: float = 0.0
        names: tuple[str, ...] = ()

    one = Plain([1.0], np.float64(0.5), ["a", np.str_("b")])
    assert (type(one.value), one.names) == (float, ("a", "b"))
    assert one.fingerprint() == Plain([1.0], 0.5, ("a", "b")).fingerprint()
    for wrong in (Samples([[1.0], [2.0]]), {"a": 1}, (1, {2}), np.zeros(2)):
        with pytest.raises(DataError, match=r"Plain\.value: \w+; wanted a str, int, float, bool"):
            Plain([1.0], wrong)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda big: Samples(np.array([[big], [0]])), r"Samples\.x: 9007199254740992; wanted integers up to 90071992547"),
        (lambda big: Samples(np.array([[-big], [0]])), r"Samples\.x: -9007199254740992; wanted integers up to"),
        (lambda big: Samples(np.array([[big], [0]], np.uint64)), r"which float64 holds exactly; for codes, their ranks"),
        (
            lambda big: PairedSamples([[0.0], [float(big)]], [[0.0], [1.0]], x_kind="discrete"),
            r"x at row 1: the code 9007199254740992; wanted codes up to 9007199254740991",
        ),
        (
            lambda big: ConditionedSamples(*[[[0.0], [1.0]]] * 2, [[0.0], [-float(big)]], z_kind="discrete"),
            r"ConditionedSamples\.z at row 1: the code -9007199254740992",
        ),
        (
            lambda big: Graph(2, [[0, 1]], features=np.array([[2**24], [0]])),
            r"Graph\.features: 16777216; wanted integers up to 16777215 in size, which float32 holds",
        ),
    ],
)  # fmt: skip
def test_integers_that_a_float_cannot_tell_apart_are_refused(make, message):
    with pytest.raises(DataError, match=message):
        make(2**53)


def test_integers_are_kept_where_a_kind_has_integers_and_where_floats_hold_them():
    ids = np.array([2**53, 2**53 + 1, 2**62])
    assert LabelledSamples(np.zeros((3, 1)), ids).n_classes == 3
    assert np.array_equal(LabelledSamples(np.zeros((3, 1)), ids).y, ids)
    assert Samples(np.array([[2**53 - 1], [0]])).x[0, 0] == 2**53 - 1
    assert PairedSamples([[2.0**60], [0.5]], [[0.0], [1.0]]).x[0, 0] == 2.0**60


@given(st.lists(st.integers(0, 2**62), min_size=4, max_size=4, unique=True), st.data())
def test_labels_are_names(names, data):
    labels = np.array(data.draw(st.permutations([0, 1, 2, 3, 0, 2])))
    renamed = np.array(names)[labels]
    plain, found = (LabelledSamples(np.zeros((6, 1)), y) for y in (labels, renamed))
    assert plain.n_classes == found.n_classes == 4
    assert np.array_equal(found.classes[found.codes], renamed)
    assert np.array_equal(found.codes[:, None] == found.codes, labels[:, None] == labels)
    known = np.where(np.arange(6) == 5, -1, renamed)
    graph = Graph(6, [[0, 1]], labels=known)
    assert graph.n_classes == len(set(known.tolist()) - {-1})
    assert np.array_equal(graph.codes < 0, known < 0)
    assert Graph(6, [[0, 1]]).n_classes == 0


def test_an_added_field_leaves_old_fingerprints_alone():
    x = np.arange(4.0)[:, None]
    assert ConditionedSamples(x, x, x).fingerprint() == (
        "sha256:89325277856a24eb865ed60168cea24ddbaa5473d03624105a5e000928944343"
    )
    stated = ConditionedSamples(x, x, x, z_kind="discrete")
    assert stated != ConditionedSamples(x, x, x)
    assert stated != ConditionedSamples(x, x, x, y_kind="discrete")


def test_an_added_field_is_read_from_old_files(tmp_path):
    class Grown(Kind):
        x: np.ndarray = array("n")

    Grown([1.0]).save(tmp_path / "old.npz")

    class Later(Grown):
        unit: str = added(default="eV")

    Later.__name__ = "Grown"
    assert Later.load(tmp_path / "old.npz").unit == "eV"
    assert (
        Later([1.0]).fingerprint() == Grown([1.0]).fingerprint() != Later([1.0], "J").fingerprint()
    )
