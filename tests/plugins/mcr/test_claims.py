"""Claims read off records: pairs by case and seed, whichever ways are there."""

import pytest

from harness import Record, Records
from harness_mcr.reports.claims import Claims


def record(estimator, task, case, seed, how, value, **diagnostics):
    way, game = (how, -1) if isinstance(how, str) else ("mcr", how)
    return Record(
        key=f"{estimator} {task} {case} {seed} {how}",
        status="ok",
        task=f"multimodal/{task}",
        case=case,
        source=case,
        models=("mcr/fusion",),
        estimator=f"mcr/{estimator}",
        plugin="mcr",
        params={"task": {}, "models": [{"how": way, "game": game}], "estimator": {}},
        seed=seed,
        quantity="accuracy",
        unit="",
        value=value,
        diagnostics=diagnostics,
    )


def network(task, case, seed, how, accuracy, alone=(0.5, 0.5), divergences=(0.2, 0.1)):
    told = {f"alone_{m}": value for m, value in enumerate(alone, 1)}
    yield record("fusion-accuracy", task, case, seed, how, accuracy, **told)
    told = {f"modality_{m}": value for m, value in enumerate(divergences, 1)}
    yield record("weak-modality", task, case, seed, how, min(divergences), **told)


def findings(*networks):
    document = Claims().make(Records(record for network in networks for record in network))
    return {finding.claim: finding for finding in document.findings}, document.text


def test_differences_are_paired_by_case_and_seed():
    balance = "modality-balance"
    found, text = findings(
        *(network(balance, "ratio-0", s, "joint", 0.9 + s / 100) for s in range(3)),
        *(network(balance, "ratio-4", s, "joint", 0.6 + s / 100) for s in range(3)),
        *(network(balance, "ratio-0", s, -1, 0.92 + s / 100, (0.95, 0.4)) for s in range(3)),
        *(
            network(balance, "ratio-4", s, -1, 0.66 + s / 100, (0.9, 0.3), (0.05, 0.4))
            for s in range(3)
        ),
        network(balance, "ratio-4", 0, 1, 0.56),
    )
    gain = found["modality-balance: greedy less joint"]
    assert gain.values == pytest.approx([0.04] * 3)
    assert gain.verdict == "holds in 3 of 3 seeds"
    slower = found["modality-balance: accuracy lost from the first case to the last, joint less greedy"]  # fmt: skip
    assert slower.values == pytest.approx([0.04] * 3)
    # The modality that joint training uses less: the second, whichever is the greedy network's.
    weak = found["modality-balance: divergence of the weak modality, greedy less joint"]
    assert weak.values == pytest.approx([0.15] * 3)
    alone = found["modality-balance: greedy, fused less its better modality alone"]
    assert alone.values == pytest.approx([-0.135 + s / 100 for s in range(3)])
    assert found["modality-balance: greedy less collaborative"].values == pytest.approx([0.1])
    assert found["modality-balance: collaborative less joint"].verdict == "holds in 0 of 1 seeds"
    assert not any("multi-loss" in claim for claim in found), "there are no such networks"
    assert "| modality-balance | ratio-4 |   0.610 |" in text


def test_networks_without_both_figures_and_other_models_are_left_out():
    accuracy, _ = network("digit-halves", "noise-0", 0, "joint", 0.9)
    found, text = findings([accuracy], network("digit-halves", "noise-0", 0, -1, 0.8))
    assert set(found) == {"digit-halves: greedy, fused less its better modality alone"}
    assert "0.900" not in text
