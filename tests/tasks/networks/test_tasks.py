"""Toy models, known codes, parity and grokking: what is trained, and on what it is evaluated."""

import dataclasses
import math

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import harness  # noqa: E402
from harness import Activations, Incompatible, UsageError, plan, registry  # noqa: E402
from harness_networks import grokking, parity, toy  # noqa: E402
from harness_networks.codes import ROWS, KnownCodes  # noqa: E402
from harness_networks.grokking import Grokking  # noqa: E402
from harness_networks.parity import DropoutParity  # noqa: E402
from harness_networks.runtime import Ensemble  # noqa: E402
from harness_networks.shares import effective  # noqa: E402
from harness_networks.toy import ToySuperposition  # noqa: E402


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def test_equal_use_counts_and_unequal_use_counts_less():
    assert effective([2.0, 2.0, 0.0]) == pytest.approx(2.0)
    assert effective([0.5, 0.25, 0.25]) == pytest.approx(2**1.5)


def test_gradients_of_toy_models():
    weights = torch.randn((2, 3, 5), generator=seeded()).requires_grad_()
    bias = torch.randn((2, 1, 5), generator=seeded(1)).requires_grad_()
    features, importance = torch.rand((2, 7, 5), generator=seeded(2)), 0.7 ** torch.arange(5.0)
    out = torch.relu(features @ weights.mT @ weights + bias)
    wanted = torch.autograd.grad(
        (importance * (out - features) ** 2).sum(-1).mean(-1).sum(), (weights, bias)
    )
    with torch.no_grad():
        weights.grad, bias.grad = torch.zeros_like(weights), torch.zeros_like(bias)
        toy._gradients(weights, bias, features, importance)
    torch.testing.assert_close((weights.grad, bias.grad), wanted)


@pytest.fixture(scope="module")
def toys():
    task = ToySuperposition(models=6, n=2000)
    return task, list(task.cases(seed=0))


def test_toy_models_keep_more_features_the_sparser_they_are(toys):
    """|W|^2 / N is one while the models keep five features, and two to four at the end."""
    task, cases = toys
    frobenius = [c.facts["frobenius"] for c in cases]
    assert frobenius[0] == pytest.approx(1.0, abs=0.02)
    assert 2.0 < frobenius[-1] < 4.0
    counts = [c.truth["effective_features"] for c in cases]
    assert 5.0 < counts[0] < 6.0  # five, and the short columns of features that are hardly kept
    assert counts[-1] > 10
    assert np.corrcoef(frobenius, counts)[0, 1] > 0.95
    lengths = np.linalg.norm(task.trained(0)[-1], axis=0)
    assert counts[-1] == pytest.approx(effective(lengths))


def test_activations_of_toy_models_are_those_of_their_sparsity(toys):
    task, cases = toys
    for number in (0, 3):
        x, weights = cases[number].load().x, task.trained(0)[number]
        active = 1 - task.sparsities()[number]
        assert x.shape == (2000, 5)
        # mean of W f with E f = active / 2; its standard error from the spread of the draws
        np.testing.assert_array_less(
            np.abs(x.mean(0) - weights.sum(1) * active / 2), 5 * x.std(0) / math.sqrt(len(x)) + 1e-9
        )
    assert cases[0].load() == next(iter(task.cases(seed=0))).load()
    assert next(iter(task.cases(seed=1))).load() != cases[0].load()


def test_fewer_features_than_units_are_no_superposition():
    with pytest.raises(UsageError, match="2 features for 5 units"):
        list(ToySuperposition(features=2).cases(seed=0))


def test_known_codes():
    cases = {c.id: c for c in KnownCodes(n=500).cases(seed=0)}
    assert list(cases) == list(ROWS)
    assert cases["m24-n16-k1.5"].truth["effective_features"] == pytest.approx(24.0)
    assert cases["m16-n16-k2-uneven"].truth["effective_features"] == pytest.approx(10.7, abs=0.05)
    square = cases["m16-n16-k2"].load().x
    assert square.shape == (500, 16)
    # Rows are orthonormal: a sample is as long as its code, E = M k/M E u^2 = 2/3 squared.
    spread = (square**2).sum(1)
    assert spread.mean() == pytest.approx(2 / 3, abs=5 * spread.std() / math.sqrt(500))
    with pytest.raises(UsageError, match="known-codes"):
        list(KnownCodes(only=("m1",)).cases(seed=0))


def test_an_ensemble_is_its_networks():
    networks = Ensemble(3, (4, 5, 2), seeded())
    x = torch.randn((3, 7, 4), generator=seeded(1))
    (w1, b1), (w2, b2) = networks.maps
    for i in range(3):
        hidden = x[i] @ w1[i] + b1[i]
        torch.testing.assert_close(networks.hidden(x)[i], hidden)
        torch.testing.assert_close(networks(x)[i], torch.relu(hidden) @ w2[i] + b2[i])
    assert w1.abs().max() <= 4**-0.5
    assert not torch.equal(w1[0], w1[1])


def test_all_inputs_of_parity():
    inputs, labels, tasks = parity.everything()
    assert inputs.shape == (12288, 15)
    assert len(np.unique(inputs.numpy(), axis=0)) == 12288
    for row in (0, 5000, 12287):
        bits = inputs[row, :12].numpy().reshape(3, 4)
        assert inputs[row, 12:].tolist() == np.eye(3)[tasks[row]].tolist()
        assert labels[row] == bits[tasks[row]].sum() % 2
    assert labels.mean() == 0.5


@pytest.fixture(scope="module")
def dropout():
    return DropoutParity(
        widths=(32,), rates=(0.0, 0.8), epochs=30, batch=256, learning_rate=5e-3, n=1000
    )


def test_parity_is_learnt_and_dropout_hinders(dropout):
    free, dropped = dropout.trained(32, 0).accuracy
    assert free > 0.8
    assert 0.6 < dropped < free


def test_sites_and_samples_of_parity(dropout):
    cases = {c.id: c for c in dropout.cases(seed=0)}
    assert list(cases) == [
        f"width-32-dropout-{p}-{s}" for p in ("0", "0.8") for s in ("post", "pre")
    ]
    post, pre = cases["width-32-dropout-0.8-post"].load(), cases["width-32-dropout-0.8-pre"].load()
    np.testing.assert_array_equal(post.x, np.maximum(pre.x, 0))
    assert (post.width, post.n, post.layer, pre.layer) == (32, 1000, "post", "pre")
    assert post.accuracy == dropout.trained(32, 0).accuracy[1]
    # A random sample of the inputs, not the first rows, which are of one task and label.
    assert abs(post.labels.mean() - 0.5) < 5 * 0.5 / math.sqrt(1000)
    with pytest.raises(UsageError, match="at least one, and none twice"):
        list(DropoutParity(rates=(0.1, 0.1)).cases(seed=0))


@pytest.fixture(scope="module")
def sums():
    return Grokking(modulus=11, share=0.8, steps=(0, 500), draws=30)


def test_sums_are_learnt(sums):
    first, last = (c.load() for c in sums.cases(seed=0))
    assert first.x.shape == (121, 48)
    assert first.accuracy < 0.4
    pairs, moments = sums.trained(0)
    assert (pairs.total == (pairs.a + pairs.b) % 11).all()
    assert sorted(torch.cat([pairs.train, pairs.test]).tolist()) == list(range(121))
    known = (
        (grokking.forward(moments[500], pairs, pairs.train).argmax(1) == pairs.total[pairs.train])
        .float()
        .mean()
    )
    assert known > 0.95
    assert first.learning_coefficient != last.learning_coefficient
    assert next(
        iter(dataclasses.replace(sums, inputs="train", draws=0).cases(seed=0))
    ).load().x.shape == (97, 48)


def test_the_chain_moves_about_the_weights(sums):
    """With many draws the mean rise of the loss is above zero, whatever the chain's seed."""
    pairs, moments = sums.trained(0)
    found = [grokking.learning_coefficient(moments[500], pairs, 100, seeded(s)) for s in range(3)]
    assert min(found) > 0
    assert np.std(found) < 0.25 * np.mean(found)
    before = [w.clone() for w in moments[500]]
    grokking.learning_coefficient(moments[500], pairs, 3, seeded())
    assert all(torch.equal(a, b) for a, b in zip(before, moments[500], strict=True))


SMALL = {
    "toy-superposition": {"models": 2, "steps": 20, "n": 50},
    "dropout-parity": {"widths": (8,), "rates": (0.5,), "epochs": 1, "n": 50},
    "grokking": {"modulus": 7, "steps": (0, 20), "draws": 2},
    "adversarial-digits": {"classes": (2,), "widths": (8,), "epsilons": (0.1,), "epochs": 1},
}


def loaded(name, **params):
    task = harness.task(f"networks/{name}", **SMALL[name], **params)
    return [case.load() for case in task.cases(seed=0)]


@pytest.mark.skipif(not torch.cuda.is_available(), reason="torch sees no GPU")
@pytest.mark.parametrize("name", SMALL)
def test_a_gpu_gives_the_layers_of_the_cpu(name):
    """Up to rounding, which training magnifies."""
    for found, wanted in zip(loaded(name, device="cuda"), loaded(name), strict=True):
        assert np.abs(found.x - wanted.x).max() <= 0.02 * np.abs(wanted.x).max()


@pytest.mark.skipif(torch.cuda.is_available(), reason="torch sees a GPU")
@pytest.mark.parametrize("name", SMALL)
def test_networks_run_on_the_device_of_the_task(name):
    with pytest.raises(UsageError, match="torch sees no GPU"):
        loaded(name, device="cuda")


def test_moments_of_grokking():
    with pytest.raises(UsageError, match="at least one, and none twice"):
        list(Grokking(steps=(0, 0)).cases(seed=0))
    assert [c.facts["step"] for c in Grokking(steps=(7, 0)).cases(seed=0)] == [0, 7]


def test_networks_are_trained_once():
    parity._trained.cache_clear()
    task = DropoutParity(widths=(8,), rates=(0.0,), epochs=1, n=50)
    one = task.trained(8, 0)
    assert task.trained(8, 0) is one
    assert DropoutParity(widths=(8, 9), rates=(0.0,), epochs=1, n=50).trained(8, 0) is not one


def test_activations_for_estimators_that_know_no_networks():
    rng = np.random.default_rng(0)
    x, labels = np.hstack([rng.normal(size=(400, 2)), np.zeros((400, 1))]), np.arange(400) % 2
    x[:, 0] += 3.0 * labels
    data = Activations(x, labels)
    samples = harness.model("units").transform(data, to=harness.Samples, rng=rng)
    assert samples.x.shape == (400, 2)
    pairs = harness.model("units-labels").transform(data, to=harness.PairedSamples, rng=rng)
    assert (pairs.y_kind, pairs.y.shape) == ("discrete", (400, 1))
    with pytest.raises(Incompatible, match="no labels"):
        harness.model("units-labels").transform(Activations(x), to=harness.PairedSamples, rng=rng)
    with pytest.raises(Incompatible, match="dead layer"):
        harness.model("units").transform(Activations(np.ones((5, 2))), to=harness.Samples, rng=rng)


def test_estimators_of_samples_and_pairs_reach_the_layers():
    """Entropy and information of layers: planned for all, run for one that compiles nothing."""
    layers = {"widths": (8,), "rates": (0.0,), "sites": ("pre",), "epochs": 1, "n": 300}
    found = plan.make(
        registry.default(),
        plan.Request(
            tasks=("dropout-parity",),
            estimators=("kl", "ross", "mine", "gaussian-entropy"),
            baselines=False,
        ),
    )
    models = {str(p).rpartition(" ▸ ")[2]: [m.name for m in p.models] for p in found.paths}
    assert models == {
        "classics/kl": ["networks/units"],
        "classics/gaussian-entropy": ["networks/units"],
        "classics/ross": ["networks/units-labels"],
        "neural/mine": ["networks/units-labels"],
    }
    records = harness.run(
        tasks=["dropout-parity"],
        estimators=["gaussian-entropy"],
        params={"dropout-parity": layers},
        baselines=False,
    )
    assert [r.status for r in records] == ["ok"]
