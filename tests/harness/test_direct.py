"""`harness.measure` and `harness.select`: arrays, data frames and atoms in, answers out."""

import dataclasses
import math
import pickle

import numpy as np
import pytest

import harness
from harness import Estimate, Incompatible, Structures, UsageError

RNG = np.random.default_rng(0)
X, NOISE, Z = RNG.normal(size=(3, 1500))
Y = X + NOISE
TRUTH = math.log(2) / 2


def test_information_between_arrays():
    found = harness.measure(X, Y)
    assert {"classics/ksg", "classics/ksg2", "classics/gaussian"} <= found.keys()
    assert not {"classics/plug-in", "classics/ross"} & found.keys()
    for estimate in found.values():
        assert isinstance(estimate, Estimate)
        assert estimate.value == pytest.approx(TRUTH, abs=0.1)
    (name,) = harness.measure(X, Y, estimators="classics/ksg[k=3]")
    assert name == "classics/ksg"


def test_codes_are_recognized():
    code = (X > 0).astype(int)
    found = harness.measure(Y, code)
    assert {"classics/ross", "classics/mixed-ksg"} <= found.keys()
    names = np.array(["no", "yes"])[code]
    assert harness.measure(Y, names)["classics/ross"].value == found["classics/ross"].value
    both = harness.measure(code, names)
    assert both["classics/plug-in"].value == pytest.approx(math.log(2), abs=0.01)


def test_entropy_and_a_condition():
    found = harness.measure(X, estimators="kl")
    assert found["classics/kl"].value == pytest.approx(
        0.5 * math.log(2 * math.pi * math.e), abs=0.1
    )
    given = harness.measure(X + Z, Y + Z, given=Z, estimators="frenzel-pompe")
    assert given["classics/frenzel-pompe"].value == pytest.approx(TRUTH, abs=0.1)


def test_data_frames_and_tensors():
    pandas, torch = pytest.importorskip("pandas"), pytest.importorskip("torch")
    frame = pandas.DataFrame({"a": X, "b": Z})
    wanted = harness.measure(np.column_stack([X, Z]), Y, estimators="ksg")
    for x, y in ((frame, pandas.Series(Y)), (torch.tensor(frame.to_numpy()), torch.tensor(Y))):
        found = harness.measure(x, y, estimators="ksg")["classics/ksg"]
        assert found.value == wanted["classics/ksg"].value
    frame.loc[3, "a"] = np.nan
    with pytest.raises(UsageError, match=r"missing values in x.a 1 of 1500 rows"):
        harness.measure(frame, Y)
    assert harness.measure(frame, Y, missing="drop", estimators="ksg")


def test_frames_of_polars():
    polars = pytest.importorskip("polars")
    frame = polars.DataFrame({"a": X, "b": Z, "k": np.where(X > 0, "hi", "lo")})
    wanted = harness.measure(np.column_stack([X, Z]), Y, estimators="ksg")["classics/ksg"]
    found = harness.measure(frame[["a", "b"]], polars.Series(Y), estimators="ksg")["classics/ksg"]
    assert found.value == wanted.value
    names = harness.measure(frame["k"], Y, estimators="ross")["classics/ross"]
    assert names.value == harness.measure(X > 0, Y, estimators="ross")["classics/ross"].value
    kinds = frame["k"].cast(polars.Categorical)
    assert harness.measure(kinds, Y, estimators="ross")["classics/ross"].value == names.value
    with pytest.raises(UsageError, match="missing values in x 1 of 1500 rows"):
        harness.measure(polars.Series([None, *X[1:].tolist()]), Y)


def test_what_suits_nothing_says_why():
    with pytest.raises(Incompatible, match=r"classics/ross: x is continuous and y is continuous"):
        harness.measure(X, Y, estimators="ross")
    with pytest.raises(UsageError, match="wanted measure"):
        harness.measure(X, given=Z)


class TestSelect:
    def frames(self):
        ase = pytest.importorskip("ase")
        data = Structures.example(np.random.default_rng(0), 20)
        return data, [
            ase.Atoms(data.numbers[a:b], data.positions[a:b], cell=data.cells[s], pbc=True)
            for s, (a, b) in enumerate(zip(data.offsets[:-1], data.offsets[1:], strict=True))
        ]

    def test_atoms_are_structures(self):
        data, atoms = self.frames()
        made = Structures.of_atoms(atoms)
        np.testing.assert_allclose(made.positions, data.positions)
        assert made.energies is None
        chosen = harness.select(atoms, keep=0.2)
        assert len(chosen) == 4
        assert chosen.tolist() == harness.select(data, keep=4).tolist()
        assert len(set(chosen.tolist())) == 4

    def test_vectors_are_structures_of_their_own(self):
        x = np.repeat(np.eye(3), 5, axis=0)
        chosen = harness.select(x, keep=3)
        assert sorted(chosen // 5) == [0, 1, 2]

    @pytest.mark.parametrize("keep", [0, 1.5, -0.1, True, 21])
    def test_what_is_refused(self, keep):
        with pytest.raises(UsageError, match="wanted a share between 0 and 1, or 1 to 20"):
            harness.select(np.random.default_rng(0).normal(size=(20, 2)), keep=keep)


@pytest.mark.parametrize("other", ["LabelledSamples", "ndarray", "NoneType"])
def test_what_an_estimator_or_a_model_does_not_read_is_refused_in_one_way(other):
    """And the error names what does read it, or what to make of it."""
    codes = (X > 0).astype(int)
    data = {"LabelledSamples": harness.LabelledSamples(X[:, None], codes), "ndarray": X}.get(other)
    hint = "ross" if data is not None and data is not X else r"wanted PairedSamples\(x, y\)"
    with pytest.raises(UsageError, match=rf"classics/ksg reads PairedSamples, not {other}.*{hint}"):
        harness.estimator("ksg").estimate(data)
    with pytest.raises(UsageError, match=rf"reads LabelledText, not {other}"):
        harness.model("tfidf-logistic").transform(data, to=None, rng=RNG)


def test_a_checked_component_is_still_the_dataclass_that_it_was():
    ksg = harness.estimator("ksg", k=3)
    pair = harness.PairedSamples(X[:, None], Y[:, None])
    same = pickle.loads(pickle.dumps(ksg))
    assert ksg == same == dataclasses.replace(ksg)
    assert same.estimate(pair).value == ksg.estimate(pair).value
