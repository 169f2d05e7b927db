"""The bilinear layer: its gradients, its published sweep, exact zeros, and what the dials do."""

import itertools

import numpy as np
import pytest
import torch

import harness
from harness import (
    AttentionProfile,
    BlockSequences,
    DataError,
    Incompatible,
    PointedAttention,
    stream,
)
from harness_localist import laws, layer
from harness_localist.kinds import GroupedWeights

DIALS = (0, 0.2, 0.4, 0.6, 0.8, 1)


def recipe(seed):
    """The data of block-labels as written down step by step, by torch's generators: two parts, w."""

    def generator(number):
        return torch.Generator().manual_seed(number + 10 * seed)

    double, places = {"dtype": torch.float64}, generator(1)
    embedding = torch.zeros(32, 32, **double)
    for k in range(4):
        drawn = torch.randn(8, 8, generator=places, **double)
        part = slice(8 * k, 8 * k + 8)
        embedding[part, part] = drawn / drawn.norm(dim=1, keepdim=True)
    parts, blocks = [], np.arange(32) // 8
    for number in (2, 3):
        g = generator(number)
        ids = torch.randint(0, 32, (128, 32), generator=g)
        labels = torch.randint(0, 4, (128, 4), generator=g).gather(1, ids // 8)
        values = torch.nn.functional.one_hot(labels, 4) + 0.7 * torch.randn(
            128, 32, 4, generator=g, **double
        )
        parts.append(
            layer.Batch.of(
                BlockSequences(
                    ids.numpy(), values.numpy(), labels.numpy(), embedding.numpy(), blocks, blocks
                )
            )
        )
    w = 0.01 * torch.randn(32, 32, generator=generator(0), **double)
    return *parts, layer.Weights(w.numpy(), 2 * np.eye(4))


def measured(batch, at):
    """Entropy in bits, fidelity, cross-entropy."""
    a = layer.softmax(layer.logits(batch, at.w, 1.0))
    plain = layer.Recipe("none", 0.0, 0, 0.1)
    bits = -(a * np.log2(np.where(a > 0, a, 1))).sum(-1).mean()
    return bits, (a * batch.own).sum(-1).mean(), layer.loss(batch, at, plain)[0]


@pytest.fixture(scope="module")
def written():
    return recipe(0)


@pytest.fixture(scope="module")
def untouched(written):
    """The layer of dial 0."""
    train, _, start = written
    return layer.trained(train, start, layer.Recipe("mass", 0.0, 150, 0.1))[0]


SWEEP = {
    ("mass", 0): (3.4716, 0.7889, 0.1863),
    ("mass", 0.2): (3.2877, 0.8262, 0.1814),
    ("mass", 1): (2.7268, 0.9109, 0.2168),
    ("group", 0.6): (3.2648, 0.8338, 0.1789),
    ("group", 1): (3.1485, 0.8533, 0.1817),
}


@pytest.mark.parametrize(("penalty", "dial"), SWEEP)
def test_the_sweep_of_seed_0_to_four_digits(written, penalty, dial):
    train, test, start = written
    at, _ = layer.trained(train, start, layer.Recipe(penalty, dial, 150, 0.1))
    assert measured(test, at) == pytest.approx(SWEEP[penalty, dial], abs=1e-4)


def test_the_dial_at_use_to_four_digits_and_by_its_law(written, untouched):
    """PF(lambda) = PF0 / (PF0 + (1 - PF0) exp(-lambda beta)) in every row, to 1e-12."""
    _, test, _ = written
    z = layer.logits(test, untouched.w, 1.0)
    before = (layer.softmax(z) * test.own).sum(-1)
    fidelities, bits = [], []
    for dial in DIALS:
        data = PointedAttention.of_logits(
            (z - 6 * dial * (1 - test.own))[:, None, None], test.own > 0
        )
        share = data.inside[:, 0, 0]
        np.testing.assert_allclose(share, laws.lifted(before, 6 * dial), atol=1e-12)
        parts = laws.binary_entropy(1 - data.inside) + data.inside * data.inside_entropy
        parts += (1 - data.inside) * data.outside_entropy
        np.testing.assert_allclose(parts, data.entropy, atol=1e-12)
        fidelities.append(share.mean())
        bits.append(data.entropy.mean() / np.log(2))
    assert fidelities == pytest.approx([0.7889, 0.9213, 0.9743, 0.9920, 0.9976, 0.9993], abs=1e-4)
    assert bits == pytest.approx([3.4716, 2.8678, 2.5392, 2.3989, 2.3456, 2.3264], abs=1e-4)


def small(seed=0, **params):
    given = {"types": 3, "tokens": 10, "sequences": 24} | params
    (case,) = harness.task("blocks/block-labels", dials=(0.3,), **given).cases(seed=seed)
    return case.load()


@pytest.mark.parametrize("penalty", ["none", "mass", "group"])
def test_gradients_are_those_of_torch(penalty):
    batch, rng = layer.Batch.of(small()), np.random.default_rng(0)
    at = layer.Weights(rng.normal(size=(12, 12)), rng.normal(size=(4, 4)))
    found, slope = layer.loss(batch, at, layer.Recipe(penalty, 0.7, 1, 0.1, 1.3))

    w, u = (torch.tensor(v, requires_grad=True) for v in (at.w, at.u))
    data = batch.data
    x = torch.tensor(data.embedding[data.ids])
    a = torch.softmax(x @ w @ x.transpose(1, 2) / (12**0.5 * 1.3), -1)
    scores = (a @ torch.tensor(data.values)) @ u
    loss = torch.nn.functional.cross_entropy(
        scores.reshape(-1, 4), torch.tensor(data.labels).reshape(-1)
    )
    block = torch.tensor(data.blocks[data.ids])
    if penalty == "mass":
        loss = loss + 0.7 * (a * (block[:, :, None] != block[:, None, :])).sum(-1).mean()
    if penalty == "group":
        norms = [(a * (block[:, None, :] == g)).norm(dim=-1) * (block != g) for g in range(4)]
        loss = loss + 0.7 * sum(norms).mean()
    loss.backward()
    assert found == pytest.approx(loss.item(), abs=1e-12)
    np.testing.assert_allclose(slope.w, w.grad.numpy(), atol=1e-12)
    np.testing.assert_allclose(slope.u, u.grad.numpy(), atol=1e-12)


def test_adam_is_that_of_torch(written):
    """Ten steps on the written data."""
    train, _, start = written
    at, _ = layer.trained(train, start, layer.Recipe("mass", 0.4, 10, 0.1))
    w = torch.tensor(start.w, requires_grad=True)
    u = torch.tensor(start.u, requires_grad=True)
    data = train.data
    x, values = torch.tensor(data.embedding[data.ids]), torch.tensor(data.values)
    own, labels = torch.tensor(train.own), torch.tensor(data.labels)
    adam = torch.optim.Adam([w, u], lr=0.1)
    for _ in range(10):
        adam.zero_grad()
        a = torch.softmax(x @ w @ x.transpose(1, 2) / 32**0.5, -1)
        scores = ((a @ values) @ u).reshape(-1, 4)
        loss = torch.nn.functional.cross_entropy(scores, labels.reshape(-1))
        (loss + 0.4 * (1 - (a * own).sum(-1).mean())).backward()
        adam.step()
    np.testing.assert_allclose(at.w, w.detach().numpy(), atol=1e-8)
    np.testing.assert_allclose(at.u, u.detach().numpy(), atol=1e-8)


def test_the_proximal_step_is_the_minimum_that_it_stands_for():
    """Of ||V - W||^2 / 2 + amount sum ||V_gh||, against scipy; parts within a group stay."""
    from scipy.optimize import minimize

    rng, groups = np.random.default_rng(0), np.array([0, 0, 1, 1, 1])
    w = rng.normal(size=(5, 5))
    found = layer.shrunk(w, groups, 0.8)
    for g, h in itertools.product((0, 1), repeat=2):
        part, mine = w[np.ix_(groups == g, groups == h)], found[np.ix_(groups == g, groups == h)]
        if g == h:
            np.testing.assert_array_equal(part, mine)
            continue
        best = minimize(
            lambda v, part=part: ((v - part.ravel()) ** 2).sum() / 2 + 0.8 * np.linalg.norm(v),
            part.ravel(),
            tol=1e-12,
        )
        np.testing.assert_allclose(mine.ravel(), best.x, atol=1e-4)
    gone = layer.group_norms(layer.shrunk(w, groups, 10.0), groups)
    assert (layer.between(gone) == 0).all()
    assert (np.diag(gone) > 0).all()


def test_exact_zeros_above_the_threshold_that_move_fidelity_by_little(written):
    """The trap: without weights between blocks attention is hardly more local than before."""
    train, test, start = written
    groups, found = train.data.groups, {}
    plain = layer.Recipe("none", 0.0, 0, 0.1)
    _, threshold = layer.trained(train, start, layer.Recipe("weights", 0.0, 150, 60.0))
    for weight in (0.0, 1.2 * threshold):
        at, steepest = layer.trained(train, start, layer.Recipe("weights", weight, 150, 60.0))
        found[weight] = measured(test, at)
        norms = layer.group_norms(at.w, groups)
        zero = layer.between(norms) == 0
        assert zero.sum() == (12 if weight else 0)
        slope = layer.between(layer.group_norms(layer.loss(train, at, plain)[1].w, groups))
        assert steepest < weight or not weight
        assert (slope[zero] <= weight * (1 + 1e-6)).all()
    before, after = found.values()
    assert abs(after[1] - before[1]) < 0.02
    assert before[1] > 0.5  # and it was trained


def test_stationary_points_of_the_group_lasso():
    """At convergence: zero parts with gradients up to the weight, others with exactly the weight."""
    batch = layer.Batch.of(small(noise=0.3, sequences=60).part("train"))
    groups, rng = batch.data.groups, np.random.default_rng(0)
    start = layer.Weights(0.01 * rng.normal(size=(12, 12)), 2 * np.eye(4))
    weight = 2e-3
    at, _ = layer.trained(batch, start, layer.Recipe("weights", weight, 6000, 20.0))
    slope = layer.loss(batch, at, layer.Recipe("none", 0.0, 0, 0.1))[1].w
    norms = layer.group_norms(at.w, groups)
    seen = {"zero": 0, "other": 0}
    for g, h in itertools.permutations(range(4), 2):
        part = np.ix_(groups == g, groups == h)
        if norms[g, h] == 0:
            assert np.linalg.norm(slope[part]) <= weight * (1 + 1e-6)
            seen["zero"] += 1
        else:
            np.testing.assert_allclose(slope[part], -weight * at.w[part] / norms[g, h], atol=1e-6)
            seen["other"] += 1
    assert seen["zero"], seen


def test_no_gradient_exceeds_its_bound():
    """500 random layers, all pairs of groups."""
    rng, worst = np.random.default_rng(0), 0.0
    for number in range(500):
        batch = layer.Batch.of(small(number, types=2, tokens=6, sequences=2))
        d = batch.data.embedding.shape[1]
        w = rng.normal(size=(d, d)) * rng.choice([0.1, 1.0, 5.0, 20.0])
        at = layer.Weights(w, rng.normal(size=(4, 4)))
        slope = layer.loss(batch, at, layer.Recipe("none", 0.0, 1, 0.1, 0.7))[1].w
        norms = layer.group_norms(slope, batch.data.groups)
        worst = max(worst, float((norms / layer.gradient_bound(batch, at.u, 0.7)).max()))
    assert 0.005 < worst <= 1.0


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_best_loss_lies_between_the_ends_of_the_dial(seed):
    """In training (mass) and at use (bias), as in every seed that the sweep was done with."""
    train, test, start = recipe(seed)
    plain = layer.Recipe("none", 0.0, 0, 0.1)
    found, first = [], None
    for dial in (0, 0.4, 1):
        at, _ = layer.trained(train, start, layer.Recipe("mass", dial, 150, 0.1))
        first = at if first is None else first
        found.append(layer.loss(test, at, plain)[0])
    assert found[1] < min(found[0], found[2])
    biased = []
    for dial in (0, 0.2, 1):
        z = layer.logits(test, first.w, 1.0) - 6 * dial * (1 - test.own)
        log_p = layer.log_softmax(layer.softmax(z) @ test.data.values @ first.u)
        biased.append(-(log_p * test.truth).sum() / test.data.ids.size)
    assert biased[1] < min(biased[0], biased[2])


QUICK = {"steps": 60}


def pointed(data, **params):
    return harness.model("localist/block-attention", **QUICK | params).transform(
        data, to=PointedAttention, rng=stream(0)
    )


def estimate(name, data, **params):
    return harness.estimator(name, **params).estimate(data, rng=stream(0)).value


@pytest.mark.slow
@pytest.mark.parametrize("penalty", ["mass", "group"])
def test_entropy_falls_and_fidelity_rises_with_the_dial_in_every_seed(penalty):
    for seed in range(6):
        cases = harness.task("blocks/block-labels", sequences=32).cases(seed=seed)
        found = [pointed(case.load(), penalty=penalty) for case in cases]
        entropy = [estimate("attention-entropy", profile(d)) for d in found]
        fidelity = [estimate("pointer-fidelity", d) for d in found]
        assert (np.diff(entropy) < 0).all(), (seed, entropy)
        assert (np.diff(fidelity) > 0).all(), (seed, fidelity)


def profile(data):
    return harness.model("localist/pointed-profile").transform(
        data, to=AttentionProfile, rng=stream(0)
    )


def test_the_layer_reads_the_training_part_and_speaks_of_the_test_part():
    data = small()
    first = pointed(data)
    assert first.visible.shape == (24, 10)
    train = data.split.train
    changed = data.values.copy()
    changed[train[0]] += 1.0
    other = pointed(BlockSequences(**fields(data) | {"values": changed}))
    assert not np.allclose(first.inside, other.inside)
    assert pointed(data) == first
    again = pointed(data, training_seed=1)
    assert not np.allclose(first.inside, again.inside)


def fields(data):
    names = ("ids", "values", "labels", "embedding", "blocks", "groups", "dial", "split")
    return {name: getattr(data, name) for name in names}


def test_all_readings_are_of_one_network():
    data = small()
    rows = pointed(data)

    def read(name, kind):
        return harness.model(f"localist/{name}", **QUICK).transform(data, to=kind, rng=stream(9))

    outputs = read("block-attention-outputs", harness.LabelledSamples)
    activations = read("block-attention-activations", harness.Activations)
    np.testing.assert_array_equal(outputs.x, activations.x)
    test = data.part("test")
    assert outputs.n == sum(len(set(row)) for row in test.ids)  # equal tokens count once
    np.testing.assert_array_equal(
        outputs.y[:5], test.labels[0, np.sort(np.unique(test.ids[0], return_index=True)[1])][:5]
    )
    hits = np.isclose(rows.log_p, rows.top).mean()
    assert activations.accuracy == pytest.approx(hits, abs=1e-9)
    weights = read("block-attention-weights", GroupedWeights)
    assert weights.weight == 0.0
    assert (weights.gradients <= weights.bound).all()
    assert estimate("zero-groups", weights) == 0.0


def test_zero_groups_of_the_model():
    data = small(noise=0.3, sequences=60)
    data = BlockSequences(**fields(data) | {"dial": 1.0})
    given = {"penalty": "weights", "steps": 150, "step_size": 20.0}
    found = {}
    for name, more in (
        ("measured", {}),
        ("given", {"largest_weight": 0.05}),
        ("tiny", {"largest_weight": 1e-7}),
    ):
        weights = harness.model("localist/block-attention-weights", **given | more).transform(
            data, to=GroupedWeights, rng=stream(0)
        )
        found[name] = weights, harness.estimator("zero-groups").estimate(weights, rng=stream(0))
    assert found["given"][0].weight == 0.05
    assert found["given"][1].value == 1.0
    assert found["given"][1].diagnostics["zero_ratio"] <= 1
    assert found["measured"][0].weight == pytest.approx(found["tiny"][0].threshold, rel=1e-2)
    assert found["tiny"][1].value == 0.0


def test_a_profile_of_causal_and_of_full_rows():
    z = np.random.default_rng(0).normal(size=(2, 1, 1, 5, 5))
    own = np.eye(5, dtype=bool)[None].repeat(2, 0)
    assert not profile(PointedAttention.of_logits(z, own)).causal
    assert profile(PointedAttention.of_logits(z, own, visible=np.tri(5, dtype=bool))).causal
    banded = np.abs(np.subtract.outer(np.arange(5), np.arange(5))) < 2
    with pytest.raises(Incompatible, match="other keys"):
        profile(PointedAttention.of_logits(z, own, visible=banded))


def test_what_does_not_suit_is_refused():
    data = small()
    with pytest.raises(Incompatible, match="split"):
        pointed(data.part("train"))
    for name, value, says in (
        ("dial", 1.2, "0 to 1"),
        ("dial", -0.1, "0 to 1"),
        ("dial", float("nan"), "0 to 1"),
        ("labels", data.labels + 4, "0 to 3"),
        ("blocks", np.where(data.blocks == 1, 0, data.blocks), "all in use"),
    ):
        with pytest.raises(DataError, match=says):
            BlockSequences(**fields(data) | {name: value})
    with pytest.raises(DataError, match="NaN"):
        BlockSequences(**fields(data) | {"values": np.full_like(data.values, np.nan)})
    for name, value in (("bias", 1.5), ("bias", -0.5), ("temperature", 0.0), ("beta", -1.0)):
        with pytest.raises(harness.UsageError, match=name):
            pointed(data, **{name: value})
    with pytest.raises(harness.UsageError, match="dials"):
        harness.task("blocks/block-labels", dials=(1.5,))
