"""Trained networks: ways of training, resuming, what they refuse, bounds that are trained."""

import dataclasses
import math
import os
import subprocess
import sys

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import harness  # noqa: E402
from harness import Incompatible, Modalities, UsageError, stream  # noqa: E402
from harness.testing import conformance  # noqa: E402
from harness_mcr import losses, training  # noqa: E402
from harness_mcr.contrast import SupConBound, contrasted, partners  # noqa: E402
from harness_mcr.fusion import Fusion, FusionLatents  # noqa: E402
from harness_mcr.refit import ConditionalPVI, Predictors  # noqa: E402

BRIEF = {"epochs": 2, "hidden": (8,), "width": 4, "batch": 8}
QUICK = {"epochs": 12, "hidden": (16,), "width": 8, "learning_rate": 1e-2}


@conformance(
    "mcr",
    params=dict.fromkeys(
        ("fusion", "fusion-latents", "conditional-predictors", "conditional-pvi", "supcon-bound"),
        BRIEF,
    ),
)
def test_conformance(check):
    check()


def gate(name):
    tasks = harness.task("multimodal/gates", gates=(name,), asks=("first",), n_train=400, even=True)
    return next(iter(tasks.cases(seed=0))).load()


def run(data, seed=0, **settings):
    return Fusion(**QUICK | settings).transform(data, to=None, rng=stream(seed))


def value(name, predictions, **settings):
    return harness.estimator(f"mcr/{name}", **settings).estimate(predictions, rng=stream(0)).value


@pytest.mark.parametrize("how", ["joint", "ensemble", "multi-loss", "ogm", "mcr"])
def test_every_way_of_training_learns_what_one_modality_tells(how):
    """Y is a noisy copy of X1: the best accuracy is 0.9, and the divergence 0.184 nats."""
    found = run(gate("noisy"), how=how, donors=16)
    assert abs(value("fusion-accuracy", found) - 0.9) < 4 * math.sqrt(0.09 / 1000)
    assert value("mipd", found, modality=2) < 0.01
    if how != "ensemble":  # it averages with a network that knows nothing
        assert value("mipd", found) == pytest.approx(0.184, abs=0.05)


@pytest.mark.parametrize(
    "settings", [{"game": 0}, {"game": 1}, {"ceb": 1.0}, {"scheme": "class"}, {"donors": 64}]
)
def test_the_terms_of_mcr_can_be_chosen(settings):
    data = gate("noisy")
    usual, other = (run(data, epochs=1, **s) for s in ({}, settings))
    assert np.abs(usual.clean - other.clean).max() > 1e-6


def test_synergy_needs_a_hidden_layer_after_the_sum():
    data = gate("xor")
    assert value("fusion-accuracy", run(data, how="joint")) < 0.8
    mixed = run(data, how="joint", head="mlp", epochs=30)
    assert value("fusion-accuracy", mixed) == 1.0
    assert value("mipd", mixed) == pytest.approx(0.3466, abs=0.03)


def test_three_modalities_have_three_values():
    data = gate("noisy")
    more = dataclasses.replace(data, x3=data.y[:, None] + 0.5 * stream(1).normal(size=(data.n, 1)))
    found = run(more)
    assert found.permuted.shape[1] == found.alone.shape[1] == 3
    assert (
        value("mipd", found, modality=3) > value("mipd", found) > value("mipd", found, modality=2)
    )


def test_a_training_that_was_killed_goes_on_with_equal_bits(monkeypatch, tmp_path):
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path))
    monkeypatch.setattr("harness.long_work.Checkpoint.due", True)
    data, settings = gate("noisy"), {"epochs": 5, "ceb": 0.5}
    wanted = run(data, **settings)
    seen = []

    def dying(done, total, note=""):
        seen.append(done)
        if len(seen) == 4:
            raise KeyboardInterrupt

    monkeypatch.setattr(training, "progress", dying)
    with pytest.raises(KeyboardInterrupt):
        run(data, **settings)
    assert list(tmp_path.rglob("*.npz"))
    again = run(data, **settings)
    assert seen == [1, 2, 3, 4, 4, 5], "the fourth epoch was not saved, the third was"
    assert again == wanted
    assert not list(tmp_path.rglob("*.npz"))


HANGING = """
import sys, time
import harness, harness.long_work
from harness_mcr import training
harness.long_work.Checkpoint.due = True
def told(done, total, note=""):
    print(done, flush=True)
    time.sleep(600 if done == int(sys.argv[1]) else 0)
training.progress = told
task = harness.task("multimodal/gates", gates=("noisy",), asks=("first",), n_train=400, even=True)
data = next(iter(task.cases(seed=0))).load()
model = harness.model("mcr/fusion", epochs=9, hidden=(16,), width=8)
print(model.transform(data, to=None, rng=harness.stream(0)).fingerprint())
"""


def test_a_process_that_was_killed_goes_on_where_it_was(monkeypatch, tmp_path):
    """Killed without a word in its sixth epoch, of which the fifth was the last to be saved."""

    def started(hangs):
        command = [sys.executable, "-c", HANGING, str(hangs)]
        environment = os.environ | {"HARNESS_CACHE": str(tmp_path)}
        return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)

    with started(hangs=6) as first:
        seen = [first.stdout.readline() for _ in range(6)]
        first.kill()
    assert seen[-1] == "6\n"
    with started(hangs=0) as second:
        *epochs, fingerprint = second.stdout.read().split()
    assert epochs == ["6", "7", "8", "9"]
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "other"))
    through = run(gate("noisy"), epochs=9, hidden=(16,), width=8, learning_rate=1e-3)
    assert fingerprint == through.fingerprint()


def test_each_network_of_an_ensemble_is_the_one_trained_alone():
    """What one modality says does not depend on the other, whichever has its best epoch later."""
    rng, split = stream(4), harness.Split(np.arange(60), np.arange(90, 120), np.arange(60, 90))
    y = rng.integers(2, size=120)
    # What tells the class is best at the last epoch, noise at an early one.
    telling, noise = y[:, None] + 0.1 * rng.normal(size=(120, 3)), rng.normal(size=(120, 3))
    for m in range(2):
        found = []
        for other in (telling, noise[::-1]):
            views = (noise, other) if m == 0 else (other, noise)
            data = Modalities(*views, y, ("a", "b"), split=split)
            found.append(run(data, how="ensemble").alone[:, m])
        assert np.array_equal(*found), m


def test_ogm_holds_back_the_encoder_that_is_ahead():
    slow, quick = (run(gate("noisy"), how="ogm", epochs=1, modulation=a) for a in (50.0, 0.0))
    plain = run(gate("noisy"), how="joint", epochs=1)
    assert np.array_equal(plain.clean, quick.clean)
    right = [f.clean[np.arange(len(f.y)), f.y].mean() for f in (slow, quick)]
    assert right[0] < right[1]


def test_refitting_finds_the_conditional_information():
    case = next(
        iter(
            harness.task("multimodal/gates", gates=("and",), asks=("first",), n=4000).cases(seed=0)
        )
    )
    found = ConditionalPVI(**QUICK).estimate(case.load(), rng=stream(0))
    truth = case.truth["conditional_mutual_information"]
    assert found.stderr is None  # one training knows nothing of others
    assert abs(found.value - truth) < 4 * found.diagnostics["error_given_training"] + 0.02
    whole = Predictors(**QUICK, without="all").transform(case.load(), to=None, rng=stream(0))
    usable = harness.estimator("wireless_pvi/pvi").estimate(whole, rng=stream(0))
    assert abs(usable.value - case.truth["mutual_information"]) < 4 * usable.stderr + 0.02


def test_latents_are_modalities_with_the_split_of_the_data():
    data = gate("noisy")
    found = FusionLatents(**QUICK).transform(data, to=None, rng=stream(0))
    assert (found.x1.shape, found.n) == ((data.n, 8), data.n)
    assert np.array_equal(found.split.test, data.split.test)
    view = harness.model("multimodal/given-x2").transform(found, to=None, rng=stream(0))
    assert view.x.shape == (data.n, 8)


def copies(classes, n):
    """X1 = X2 = Y, as indicators."""
    y = np.arange(n) % classes
    x = np.eye(classes)[y]
    return Modalities(x, x, y, tuple(map(str, range(classes))))


def test_contrast_against_the_marginal_is_a_bound_and_against_other_classes_is_none():
    """X1 = X2 = Y with 4 classes: I = ln 4 = 1.386; sheet, error 1: 6.24 at N = 512, tau 0.1."""
    data = copies(4, 512)
    z = torch.tensor(data.x1)
    loss = losses.contrast([z, z], torch.tensor(data.y), 0.1)
    # Orthogonal classes: softplus(ln(768 negatives) - 10) for each pair.
    assert math.log(512) - float(loss) == pytest.approx(
        math.log(512) - math.log1p(768 * math.exp(-10))
    )
    assert math.log(512) - float(loss) > 6
    rows, columns = contrasted(z, z[partners(data.y, stream(0))], 0.1)
    assert float(rows.mean()) == pytest.approx(math.log(4), abs=0.001)
    assert float(columns.mean()) <= math.log(4)


def test_the_trained_bound_rises_with_n_up_to_what_the_classes_tell():
    data = copies(4, 320).divided(stream(1))
    found = {
        n: SupConBound(**QUICK | {"batch": n, "epochs": 6}).estimate(data, rng=stream(2))
        for n in (2, 8, 64)
    }
    values = [e.value for e in found.values()]
    assert (np.diff(values) > 0.1).all()
    assert values[-1] == pytest.approx(math.log(4), abs=0.05)
    for n, e in found.items():
        assert e.value <= e.diagnostics["ceiling"] + 1e-6 == pytest.approx(math.log(n) + 1e-6)


def test_partners_are_uniform_within_the_class():
    y = np.array([2, 0, 2, 0, 2])
    drawn = np.stack([partners(y, stream(seed)) for seed in range(600)])
    assert (y[drawn] == y).all()
    shares = np.stack([np.bincount(column, minlength=5) for column in drawn.T]) / 600
    allowed = y[:, None] == y
    assert np.abs(shares - allowed / allowed.sum(1, keepdims=True)).max() < 5 * math.sqrt(
        0.25 / 600
    )


def test_what_does_not_suit_is_named():
    data = gate("noisy")
    gauss = next(iter(harness.task("multimodal/gaussian-modalities").cases(seed=0))).load()
    with pytest.raises(Incompatible, match="continuous target"):
        run(gauss)
    with pytest.raises(UsageError, match="head=additive"):
        run(data, how="ogm", head="mlp")
    with pytest.raises(UsageError, match="learning_rate below"):
        run(data, learning_rate=1e30, epochs=3)
    with pytest.raises(Incompatible, match="train/test split"):
        run(dataclasses.replace(data, split=None))
    with pytest.raises(UsageError, match="at least 2"):
        harness.model("mcr/fusion", batch=1)
    with pytest.raises(Incompatible, match="three modalities"):
        SupConBound().estimate(dataclasses.replace(data, x3=data.x1), rng=stream(0))


def test_a_batch_of_one_class_has_no_contrast_and_trains_all_the_same():
    y = np.r_[np.zeros(60, int), 1]
    rng = stream(3)
    data = Modalities(rng.normal(size=(61, 2)), rng.normal(size=(61, 2)), y, ("a", "b"))
    data = dataclasses.replace(
        data, split=harness.Split(np.r_[0:40, 60], np.arange(50, 60), np.arange(40, 50))
    )
    assert np.isfinite(run(data, batch=4, epochs=2).clean).all()
