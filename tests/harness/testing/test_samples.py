"""Sample data for checks, and the decorator."""

import dataclasses

import numpy as np
import pytest

import harness.kinds
from harness import DataError, Kind, Split, UsageError, array, offsets, stream, strings
from harness.testing import NotChecked, conformance, sample
from harness.testing.samples import awkward, rescaled, translated, variants

SHARED = [
    kind
    for name in harness.kinds.__all__
    if isinstance(kind := getattr(harness.kinds, name), type) and issubclass(kind, Kind)
]
SHARED.remove(Kind)


@pytest.mark.parametrize("kind", SHARED)
def test_sample_data_repeat_and_can_be_split(kind):
    one, again = (sample(kind, stream(3), 12, split=True) for _ in range(2))
    assert type(one) is kind
    assert one.n == 12
    assert one == again != sample(kind, stream(4), 12, split=True)
    assert sum(part.size for _, part in one.split.parts()) == 12
    assert len(list(variants(kind, stream(0)))) >= 2
    names = [name for name, _ in awkward(sample(kind, stream(3)))]
    usual = {"one unit many times", "a constant column", "one text throughout"}
    own = {name for name, _ in one.awkward()}  # of a kind that refuses the usual ones
    assert (usual | own) & set(names)
    for name in (*kind.coordinates, *kind.scaled_too):
        assert getattr(one, name).dtype.kind == "f"


def test_a_kind_without_a_word_of_its_own_is_filled_from_its_axes():
    class Bare(Kind):
        ids: np.ndarray = array("atoms 2", np.uint8)
        real: np.ndarray = array("n m 3")
        near: np.ndarray = array("n n", np.bool_)
        names: tuple[str, ...] = strings("atoms")
        cuts: np.ndarray = offsets("atoms", min_items=2)
        extra: np.ndarray | None = array("n", default=None)
        weight: float = 1.0

    found = sample(Bare, stream(0), 7, split=True)
    assert found.n == 7
    assert found.real.shape[2] == 3
    assert np.diff(found.cuts).min() >= 2
    assert len(set(found.names)) == found.cuts[-1] == len(found.ids)
    assert found.extra is None
    assert found == sample(Bare, stream(0), 7, split=True) != sample(Bare, stream(1), 7, split=True)
    with pytest.raises(
        NotChecked, match=r"what moves in a Bare is not known: name it in Bare\.coor"
    ):
        translated(found)


def test_a_kind_that_random_numbers_do_not_suit_is_asked_for_an_example():
    class Sorted(Kind):
        x: np.ndarray = array("n")

        def check(self):
            if (np.diff(self.x) < 0).any():
                raise DataError("Sorted.x", "a step back", "increasing numbers")

    class Given(Sorted):
        @classmethod
        def example(cls, rng, n=48):
            return cls(np.sort(rng.normal(size=n)))

    class Other(Sorted):
        @classmethod
        def example(cls, rng, n=48):
            return Given.example(rng, n)

    class Sized(Kind):
        x: np.ndarray = array("n")
        size: int

    with pytest.raises(NotChecked, match=r"Sorted\.x: a step back.*class method example\(rng, n\)"):
        sample(Sorted, stream(0))
    with pytest.raises(NotChecked, match="the field size has no default"):
        sample(Sized, stream(0))
    with pytest.raises(DataError, match=r"Other\.example: gave Given; wanted Other"):
        sample(Other, stream(0))
    assert [data.split is None for data in variants(Given, stream(0))] == [True, False]
    assert [data.n for data in variants(Given, stream(0), 1)] == [1]


def test_an_example_without_a_size_is_taken_for_one_release():
    class Old(Kind):
        x: np.ndarray = array("n")

        @classmethod
        def example(cls, rng):
            return cls(rng.normal(size=5))

    with pytest.warns(DeprecationWarning, match=r"wanted example\(rng, n\)"):
        assert sample(Old, stream(0)).n == 5


def test_a_kind_adds_hard_data_and_its_own_split():
    class Paired(Kind):
        x: np.ndarray = array("n 2")
        coordinates = ("x",)

        def awkward(self):
            yield "all at the origin", dataclasses.replace(self, x=0 * self.x)

        def divided(self, rng):
            half = self.n // 2
            return dataclasses.replace(self, split=Split(np.arange(half), np.arange(half, self.n)))

    data = sample(Paired, stream(0), 6, split=True)
    assert data.split.train.tolist() == [0, 1, 2]
    assert list(dict(awkward(data)))[-1] == "all at the origin"
    assert np.array_equal(translated(data).x, data.x + np.array([3.0, 1.0]))
    assert np.array_equal(rescaled(data).x, 2 * data.x)


def test_the_decorator_names_plugins_that_are_there():
    with pytest.raises(UsageError, match="unknown plugin 'no-such'"):
        conformance("no-such")
