"""The report of claims, from records that are made here."""

import math

import pytest

from harness import Records, UsageError
from harness.testing import record
from harness_rlhf_topology.reports.claims import Claims

BEST = {"branching": 0, "depth": 0, "leaves": 0, "judged_by": "path"}


def distances(
    value, estimator="path-distance", noise=1e-6, sizes=(128, 512, 2048), seeds=(0, 1), tree=BEST
):
    """Chain, and a tree that is better by value(n)."""
    for n in sizes:
        for seed in seeds:
            for name, found, more in (("chain", 1.0 + seed, {}), ("tree", (1.0 + seed) / value(n), tree)):  # fmt: skip
                yield record(
                    task="preferences/prefix-trees", case=f"noise-{noise:g}-n-{n}", models=(f"rlhf_topology/{name}",),
                    estimator=f"rlhf_topology/{estimator}", plugin="rlhf_topology", seed=seed, value=found,
                    params={"task": {}, "models": [more], "estimator": {}},
                    facts={"structure": "polynomial", "alpha": 0.5, "noise": noise, "comparisons": n},
                )  # fmt: skip


def power(n):
    return 1.5 * (math.log(n) / math.log(math.log(n))) ** 1.3


def test_ratios_and_growth_are_found_from_records():
    quiet, noisy = distances(power), distances(lambda n: 1.01, "inference-distance", 1.0)
    found = Claims().make(Records([*quiet, *noisy]))
    same, wins, growth = found.findings
    assert growth.values == pytest.approx((1.3, 1.3))
    assert wins.values == pytest.approx((power(2048),) * 2)
    assert (wins.held, same.held) == (2, 2)
    assert f"{power(512):.3f} ± 0.000" in found.text
    assert "tree (best by path)" in found.text


def test_trees_of_given_depths_are_apart_from_the_best():
    """A record of one tree does not take the place of another's."""
    made = [distances(lambda n: 2.0), distances(lambda n: 0.5, tree=BEST | {"depth": 3})]
    text = Claims().make(Records([*made[0], *made[1]])).text
    assert "tree (best by path)" in text
    assert "tree (depth 3)" in text
    assert "2.000 ± 0.000" in text
    assert "0.500 ± 0.000" in text


def test_the_exact_distance_is_no_evidence_for_the_tree():
    """What holds for paths is not claimed of the exact distance, whatever its ratio."""
    (same,) = Claims().make(Records(distances(power, "inference-distance"))).findings
    assert same.held == 0


def test_records_without_a_chain_are_refused():
    trees = [r for r in distances(power) if "tree" in r.models[0]]
    with pytest.raises(UsageError, match="--model chain --model tree"):
        Claims().make(Records(trees))
