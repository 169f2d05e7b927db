"""Costs against the paper's tables."""

import json

import numpy as np
import pytest

import harness
from harness import AttentionProfile, Incompatible, stream
from harness_entropy_attention.cost import PUBLISHED, cost

GPT2 = {
    "layers": 12,
    "heads": 12,
    "width": 768,
    "norm": "layer",
    "activation": "gelu",
    "feed_forward": "standard",
}


@pytest.mark.parametrize(
    ("layers", "t", "full", "fused", "attention"),
    [
        (12, 128, 14.5, 1.8, 7.7),
        (12, 256, 29.0, 3.6, 16.3),
        (12, 512, 58.0, 7.3, 36.2),
        (18, 128, 21.7, 2.7, 11.6),
    ],
)
def test_operations_are_those_of_the_tables(layers, t, full, fused, attention):
    """Tables 3, 4, 7 and 8, in units of 10^9 (7.248 stands there as 7.3)."""
    usual = cost(GPT2 | {"layers": layers}, t)
    small = cost(GPT2 | {"layers": layers, "feed_forward": "fused", "activation": "identity"}, t)
    assert usual.feed_forward_flops / 1e9 == pytest.approx(full, abs=0.051)
    assert small.feed_forward_flops / 1e9 == pytest.approx(fused, abs=0.053)
    assert (
        usual.attention_flops / 1e9
        == small.attention_flops / 1e9
        == pytest.approx(attention, abs=0.051)
    )


def test_nonlinear_operations():
    usual = cost(GPT2, 128)
    assert (usual.softmax, usual.norm, usual.activation) == (
        144 * 128**2,
        24 * 128 * 768,
        12 * 128 * 4 * 768,
    )
    bare = cost(GPT2 | {"norm": "none", "activation": "identity"}, 128)
    assert (bare.norm, bare.activation, bare.nonlinear) == (0, 0, usual.softmax)


def test_savings_of_the_published_points():
    """The ratios that the paper states, from its gigabytes and minutes."""
    by = {(m.network, m.layers, m.t): m for m in PUBLISHED}
    wanted = {(12, 128): (3.94, 1.72), (12, 256): (2.82, 1.59), (18, 128): (4.21, 1.77)}
    for (layers, t), (less, faster) in wanted.items():
        base, small = by["ln-gelu", layers, t], by["scaled-fused", layers, t]
        assert base.gigabytes / small.gigabytes == pytest.approx(less, abs=0.0051)
        assert base.minutes / small.minutes == pytest.approx(faster, abs=0.0151)
    assert 1 - by["regularised", 12, 128].perplexity / by[
        "scaled-fused", 12, 128
    ].perplexity == pytest.approx(0.078, abs=5e-4)


def test_estimator_reads_what_the_network_says():
    private = harness.estimator("private-inference")
    data = AttentionProfile(np.zeros((1, 2, 2, 5)), network=json.dumps(GPT2))
    assert private.estimate(data, rng=stream(0)).value == cost(GPT2, 5).nonlinear
    longer = harness.estimator("private-inference", tokens=128).estimate(data, rng=stream(0))
    assert longer.diagnostics["feed_forward_flops"] == cost(GPT2, 128).feed_forward_flops
    with pytest.raises(Incompatible, match="do not describe"):
        private.estimate(AttentionProfile(np.zeros((1, 2, 2, 5))), rng=stream(0))
