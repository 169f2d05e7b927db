"""Truths of the generated tasks, their views, and what is read from files."""

import math

import numpy as np
import pytest

import harness
from harness import DataError, Modalities, UsageError, stream
from harness.testing import conformance
from harness_multimodal.balance import ModalityBalance
from harness_multimodal.competition import ModalityCompetition
from harness_multimodal.features import AVE, CremaD, MultiBench
from harness_multimodal.gates import TABLES, Gates
from harness_multimodal.gaussian import GaussianModalities

LN2 = math.log(2)
ASKS = ("first", "second", "shared", "given-class")


@conformance("multimodal")
def test_conformance(check):
    check()


def listed(task, seed=0):
    return {case.id: case for case in task.cases(seed=seed)}


def estimate(name, data, model):
    view = harness.model(f"multimodal/{model}").transform(data, to=None, rng=stream(0))
    return harness.estimator(f"classics/{name}").estimate(view, rng=stream(0))


@pytest.mark.parametrize(
    ("gate", "terms", "joint"),
    [
        ("xor", (LN2, LN2, 0, LN2), LN2),
        ("and", (LN2 / 2, LN2 / 2, 0, 0.130812), 0.562335),
        ("or", (LN2 / 2, LN2 / 2, 0, 0.130812), 0.562335),
        ("first", (LN2, 0, 0, 0), LN2),
        ("copy", (0, 0, LN2, 0), LN2),
        ("noisy", (0.368064, 0, 0, 0), 0.368064),
    ],
)
def test_gates_have_the_four_terms_and_counts_find_them(gate, terms, joint):
    """The table of the brief; the terms add up to the joint information, and so do those counted."""
    cases = listed(Gates(gates=(gate,), even=True))
    truths = [cases[f"{gate}-{ask}"].truth["conditional_mutual_information"] for ask in ASKS]
    assert truths == pytest.approx(terms, abs=5e-7)
    whole = cases[f"{gate}-first"].truth["mutual_information"]
    assert whole == pytest.approx(joint, abs=5e-7)
    counted = [
        estimate("plug-in-cmi", cases[f"{gate}-{ask}"].load(), "given-x2").value for ask in ASKS
    ]
    assert counted == pytest.approx(truths, abs=1e-9)
    one, two, shared, given = counted
    assert one + two + shared - given == pytest.approx(whole, abs=1e-9)
    both = estimate("plug-in", cases[f"{gate}-first"].load(), "modality-pairs").value
    assert both == pytest.approx(whole, abs=1e-9)


def test_drawn_gates_have_the_shares_of_their_tables():
    data = listed(Gates(gates=("noisy",), n=4000))["noisy-first"].load().part("test")
    found = np.zeros((2, 2, 2))
    np.add.at(found, (data.x1[:, 0].astype(int), data.x2[:, 0].astype(int), data.y), 1 / data.n)
    spread = np.sqrt(TABLES["noisy"] * (1 - TABLES["noisy"]) / data.n)
    assert (np.abs(found - TABLES["noisy"]) < 5 * spread).all()


def test_even_gates_refuse_sizes_that_cannot_be_even():
    with pytest.raises(UsageError, match="divisible by 40"):
        list(Gates(even=True, n=1001).cases(seed=0))


def test_gaussian_truths_are_those_of_the_covariance():
    for case in GaussianModalities().cases(seed=0):
        s = case.facts["noise"]
        cov = np.array([[1 + s, 1, 1], [1, 1 + s, 1], [1, 1, 1]])  # x1, x2, y

        def h(*axes, cov=cov):
            return 0.5 * np.linalg.slogdet(cov[np.ix_(axes, axes)])[1]

        truth = case.truth
        assert truth["conditional_mutual_information"] == pytest.approx(
            h(0, 1) + h(1, 2) - h(1) - h(0, 1, 2)
        )
        assert truth["mutual_information"] == pytest.approx(h(0, 1) + h(2) - h(0, 1, 2))
        assert truth["contrastive_information"] == pytest.approx(
            h(0) + h(1) + h(0, 2) + h(1, 2) - 2 * h(0, 1, 2)
        )
    truth = listed(GaussianModalities())["noise-1"].truth
    assert truth["conditional_mutual_information"] == pytest.approx(0.202733, abs=5e-7)


@pytest.mark.parametrize("name", ["mesner-shalizi", "frenzel-pompe"])
def test_classics_find_the_gaussian_truth(name):
    pytest.importorskip("numba")
    case = listed(GaussianModalities())["noise-1"]
    found = estimate(name, case.load(), "given-x2")
    truth = case.truth["conditional_mutual_information"]
    assert abs(found.value - truth) < 4 * found.stderr + 0.01
    pairs = estimate("ksg", case.load(), "modality-pairs")
    assert abs(pairs.value - case.truth["mutual_information"]) < 4 * pairs.stderr + 0.01


def gaussian_classes(d):
    """I and the best accuracy of two classes at -d and d with unit noise, by quadrature."""
    x = np.linspace(-d - 10, d + 10, 40001)
    p = np.exp(-0.5 * (x[:, None] - [d, -d]) ** 2) / math.sqrt(2 * math.pi)
    step = x[1] - x[0]
    posterior = p / p.sum(1, keepdims=True)
    left = -(posterior * np.log(np.maximum(posterior, 1e-300))).sum(1)
    weight = 0.5 * p.sum(1) * step
    return LN2 - (weight * left).sum(), (weight * posterior.max(1)).sum()


def test_balance_of_shared_units_alone_is_a_gaussian_problem():
    """With two classes that both modalities carry, they stand 2 x strength apart."""
    (case,) = ModalityBalance(ratios=(0.0,), second=0.0, classes=2, strength=1.2).cases(seed=0)
    both, best = gaussian_classes(1.2)
    alone, _ = gaussian_classes(1.2 / math.sqrt(2))
    # 50,000 draws of an entropy between 0 and ln 2: a standard error below 0.0016.
    assert case.truth["mutual_information"] == pytest.approx(both, abs=0.008)
    assert case.truth["conditional_mutual_information"] == pytest.approx(both - alone, abs=0.012)
    assert case.facts["best_accuracy"] == pytest.approx(best, abs=0.008)


def test_balance_truths_close_and_unique_information_grows():
    cases = list(ModalityBalance().cases(seed=0))
    unique = [case.truth["conditional_mutual_information"] for case in cases]
    assert (np.diff(unique) > 0).all()
    with pytest.raises(UsageError, match="wanted 5 or more"):
        list(ModalityBalance(latent=4).cases(seed=0))


def test_competition_truths_hold_for_the_best_rule_on_its_draws():
    task = ModalityCompetition(n=20_000)
    cases = listed(task)
    data = cases["slow-first"].load().part("test")
    quick, slow = data.x2[:, 0], data.x1
    votes = np.sign(slow[:, : task.pairs] * slow[:, task.pairs :]).sum(1)
    from_slow = votes * math.log(task.truth / (1 - task.truth))
    facts = cases["slow-first"].facts
    for score, name in (
        (from_slow + 2 * task.shift * quick, "best_accuracy"),
        (from_slow, "best_of_first"),
        (quick, "best_of_second"),
    ):
        right = ((score > 0) == (data.y == 1)).mean()
        sigma = math.sqrt(facts[name] * (1 - facts[name]) / data.n)
        assert abs(right - facts[name]) < 4 * sigma
    one, two = (cases[f"{ask}-first"].truth for ask in ("quick", "slow"))
    assert one["mutual_information"] == pytest.approx(two["mutual_information"], abs=1e-12)
    assert one["conditional_mutual_information"] < 0.3 * two["conditional_mutual_information"]
    quick_alone = gaussian_classes(task.shift)[0]
    assert one["mutual_information"] - two["conditional_mutual_information"] == pytest.approx(
        quick_alone, abs=1e-6
    )


def test_views_say_which_variables_are_codes():
    gates = listed(Gates(gates=("xor",)))["xor-first"].load()
    triple = harness.model("multimodal/given-x2").transform(gates, to=None, rng=stream(0))
    assert (triple.x_kind, triple.y_kind, triple.z_kind) == ("discrete",) * 3
    third = Modalities(
        gates.x1,
        gates.x2,
        gates.y,
        gates.classes,
        x3=stream(0).normal(size=(gates.n, 2)),
        x1_kind="discrete",
        x2_kind="discrete",
    )
    triple = harness.model("multimodal/given-x2").transform(third, to=None, rng=stream(0))
    assert (triple.z_kind, triple.z.shape[1]) == ("mixed", 3)
    with pytest.raises(harness.Incompatible, match="no third"):
        harness.model("multimodal/modality-activations", modality=3).transform(
            gates, to=None, rng=stream(0)
        )
    gauss = listed(GaussianModalities())["noise-1"].load()
    with pytest.raises(harness.Incompatible, match="continuous target"):
        harness.model("multimodal/modality-labels").transform(gauss, to=None, rng=stream(0))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"y": [0, 0, 0]}, "at least two classes"),
        ({"y": [0, 1, 2]}, "0 to 1"),
        ({"y": [0.5, 1, 0]}, "Modalities.y"),
        ({"x2": np.zeros((2, 1))}, "x2"),
        ({"x1": [[0.5], [1], [2]], "x1_kind": "discrete"}, "a fraction"),
        ({"x1": [[np.nan], [1], [2]]}, "NaN"),
        ({"x1_kind": "words"}, "continuous or discrete"),
    ],
)  # fmt: skip
def test_modalities_refuse(change, message):
    good = {"x1": np.ones((3, 1)), "x2": np.ones((3, 2)), "y": [0, 1, 0], "classes": ("a", "b")}
    Modalities(**good)
    with pytest.raises(DataError, match=message):
        Modalities(**good | change)


def bench(path, **change):
    rng = np.random.default_rng(0)
    arrays = {}
    for part, n in (("train", 12), ("valid", 6), ("test", 8)):
        mood = np.resize([-1.5, 0.0, 2.0, 0.4], n)
        arrays |= {
            f"{part}_vision": rng.normal(size=(n, 5, 3)),
            f"{part}_text": rng.normal(size=(n, 5, 4)),
            f"{part}_audio": rng.normal(size=(n, 5, 2)),
            f"{part}_labels": mood[:, None, None],
        }
    np.savez(path, **arrays | change)
    return str(path)


def test_multibench_reads_parts_and_leaves_out_the_neutral(tmp_path):
    path = bench(tmp_path / "mosi.npz")
    (case,) = MultiBench(path=path, modalities=("text", "vision", "audio")).cases(seed=0)
    data = case.load()
    assert (case.id, data.x1.shape, data.x3.shape) == ("mosi", (19, 4), (19, 2))
    assert [len(part) for _, part in data.split.parts()] == [9, 4, 6]
    kept = next(iter(MultiBench(path=path, neutral=True, target=True).cases(seed=0))).load()
    assert kept.n == 26
    assert (kept.y == (kept.target > 0)).all()


def test_a_sequence_is_the_mean_of_its_rows_that_are_there(tmp_path):
    padded = np.ones((12, 5, 3))
    padded[:, 2:] = 0.0
    path = bench(tmp_path / "mosi.npz", train_vision=padded)
    data = next(iter(MultiBench(path=path, neutral=True).cases(seed=0))).load()
    assert (data.x1[data.split.train] == 1.0).all()


def test_files_that_are_not_there_or_of_another_layout_are_named(tmp_path):
    with pytest.raises(UsageError, match=r"multibench\.path: no file"):
        list(MultiBench().cases(seed=0))
    (tmp_path / "mosi.npz").write_bytes(b"\x80\x04 a pickle")
    with pytest.raises(UsageError, match=r"not in numpy's format .* np\.savez\('mosi\.npz'"):
        list(MultiBench(path=str(tmp_path / "mosi.npz")).cases(seed=0))
    with pytest.raises(UsageError, match="different"):
        list(MultiBench(path="x", modalities=("text", "text")).cases(seed=0))
    np.savez(tmp_path / "clips.npz", video=np.ones((4, 2)))
    (case,) = AVE(path=str(tmp_path / "clips.npz")).cases(seed=0)
    with pytest.raises(UsageError, match="no array audio; it has video"):
        case.load()
    path = bench(tmp_path / "short.npz", train_text=np.ones((3, 5, 4)))
    (case,) = MultiBench(path=path).cases(seed=0)
    with pytest.raises(DataError, match="one per label"):
        case.load()


def test_clips_keep_groups_together_and_take_given_parts(tmp_path):
    rng = np.random.default_rng(0)
    n = 200
    arrays = {
        "video": rng.normal(size=(n, 3)),
        "audio": rng.normal(size=(n, 2)),
        "labels": np.array(["sad", "glad"])[np.arange(n) % 2],
        "groups": np.arange(n) // 10,
    }
    np.savez(tmp_path / "a.npz", **arrays)
    data = next(iter(CremaD(path=str(tmp_path / "a.npz"), swap=True).cases(seed=0))).load()
    assert (data.classes, data.x1.shape[1]) == (("glad", "sad"), 2)
    parts = [set(arrays["groups"][part].tolist()) for _, part in data.split.parts()]
    assert [len(groups) for groups in parts] == [12, 4, 4]
    assert len(set.union(*parts)) == 20
    where = np.array(["train", "test"])[np.arange(n) // 150]
    np.savez(tmp_path / "b.npz", **arrays | {"parts": where})
    data = next(iter(AVE(path=str(tmp_path / "b.npz")).cases(seed=0))).load()
    assert [len(part) for _, part in data.split.parts()] == [150, 0, 50]
    assert (data.split.train == np.arange(150)).all()
    where = np.array(["train", "val", "test"])[np.arange(n) // 70]
    np.savez(tmp_path / "c.npz", **arrays | {"parts": where})
    with pytest.raises(UsageError, match="parts: 'val'; wanted train, valid, test"):
        next(iter(AVE(path=str(tmp_path / "c.npz")).cases(seed=0))).load()


def clips(n=8):
    return {
        "video": np.arange(2.0 * n).reshape(n, 2),
        "audio": np.ones((n, 1)),
        "labels": np.array(["sad", "glad"])[np.arange(n) % 2],
    }


@pytest.mark.parametrize("task", [MultiBench, CremaD, AVE])
def test_damaged_files_are_one_line_and_never_unpickled(tmp_path, task):
    path = tmp_path / "a.npz"
    np.savez(path, **clips())
    whole = path.read_bytes()
    objects = {"video": np.array([print, None], object)}
    np.savez(tmp_path / "b.npz", **objects)
    huge = tmp_path / "c.npy"
    np.save(huge, np.ones(3))
    promised = huge.read_bytes().replace(b"(3,)", b"(9999999999,)").replace(b" " * 10, b"", 1)
    for damaged in (whole[: len(whole) // 2], whole.replace(b"\x93NUMPY", b"\x93NOMPY"), promised,
                    (tmp_path / "b.npz").read_bytes(), b""):  # fmt: skip
        path.write_bytes(damaged)
        with pytest.raises(UsageError) as caught:
            list(task(path=str(path)).cases(seed=0))
        said = str(caught.value)
        assert said.startswith(f"{task.__name__.lower()}.path: {path}: ")
        assert "\n" not in said
        assert "wanted" in said


def test_labels_and_places_that_say_nothing_are_refused(tmp_path):
    moods = np.resize([-1.5, np.nan, 2.0], 12)
    path = bench(tmp_path / "mosi.npz", train_labels=moods)
    with pytest.raises(DataError, match=r"train_labels.*nan"):
        next(iter(MultiBench(path=path).cases(seed=0))).load()
    for change, message in (
        ({"parts": np.array(["train"] * 7)}, r"parts.*\(7,\).*one for each clip"),
        ({"groups": np.zeros((8, 1))}, r"groups.*\(8, 1\).*one for each clip"),
        ({"video": np.full((8, 2), "x")}, "video.*numbers"),
        ({"video": np.full((8, 2), np.nan)}, "NaN"),
        ({"audio": np.ones((5, 1))}, "8"),
    ):
        np.savez(tmp_path / "a.npz", **clips() | change)
        with pytest.raises(DataError, match=message):
            next(iter(AVE(path=str(tmp_path / "a.npz")).cases(seed=0))).load()


def test_numbers_that_are_not_finite_become_zero_with_a_word(tmp_path, caplog):
    """As MultiBench reads its pickles, whose features have -inf."""
    sound = np.ones((12, 5, 2))
    sound[3, 1, 0] = -np.inf
    path = bench(tmp_path / "mosi.npz", train_audio=sound)
    (case,) = MultiBench(path=path, modalities=("audio", "text"), neutral=True).cases(seed=0)
    assert case.load().x1[3].tolist() == [0.8, 1.0]
    assert "train_audio: 1 of 120 numbers" in caplog.text


@pytest.mark.parametrize(
    ("task", "estimator", "chain"),
    [
        ("gaussian-modalities", "classics/frenzel-pompe", "given-x2"),
        ("gaussian-modalities", "classics/mesner-shalizi", "given-x2"),
        ("gaussian-modalities", "classics/ksg", "modality-pairs"),
        ("modality-competition", "netinfof/nui", "modality-labels"),
        ("modality-competition", "wireless_pvi/pvi", "conditional-predictors"),
        ("modality-competition", "superposition/effective-rank", "modality-activations"),
        ("gaussian-modalities", "neural/club", "modality-pairs"),
    ],
)
def test_estimators_of_other_fields_run_on_modalities_by_plan_alone(task, estimator, chain):
    """The planner finds the path, and every step of it accepts what the one before gives."""
    pytest.importorskip("torch")
    from harness.plan import Request, make
    from harness.registry import load

    sizes = {"n": 60, "n_train": 80, "n_valid": 0}
    plan = make(load(), Request(tasks=(task,), estimators=(estimator,)))
    names = {" ".join(step.name.partition("/")[2] for step in path.models) for path in plan.paths}
    assert names == {chain}
    data = next(iter(harness.task(f"multimodal/{task}", **sizes).cases(seed=0))).load()
    for step in plan.paths[0].models:
        brief = {"epochs": 2} if chain == "conditional-predictors" else {}
        data = harness.model(step.name, **brief).transform(data, to=None, rng=stream(0))
    brief = {"steps": 5, "batch": 64} if estimator == "neural/club" else {}
    found = harness.estimator(estimator, **brief).estimate(data, rng=stream(0))
    assert np.isfinite(found.value)
