"""The architectures, trained: what reproduces at this scale."""

import json
from typing import get_args

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("tokenizers")

import harness
from harness import UsageError, reports
from harness_entropy_attention.architectures import PARTS
from harness_entropy_attention.reports import heatmap
from harness_entropy_attention.settings import Architecture

NAMES = get_args(Architecture)
CAUSAL = 3.2058
"""ln(64!)/64."""


def profiles(seed=0, **params):
    cases = harness.task("attention-architectures", **params).cases(seed=seed)
    return {case.id: case.load() for case in cases}


def test_every_architecture_is_what_it_says():
    assert set(PARTS) == set(NAMES)
    small = {"steps": 4, "layers": 1, "width": 8, "heads": 2, "window": 16, "windows": 2}
    # At the start all logits are about 0 and attention is uniform; a low temperature lets the
    # penalty show at once.
    small["temperature_start"] = 2e-3
    found = profiles(architectures=NAMES, entropy_margin=(0.0,), **small)
    assert all(p.n == 2 and p.log_p is not None for p in found.values())
    assert len({p.fingerprint() for p in found.values()}) == len(NAMES)


def test_equal_operations_give_cheaper_networks_more_steps():
    task = harness.task("attention-architectures", equal="flops", steps=100)
    steps = {case.id: case.facts["steps"] for case in task.cases(seed=0)}
    assert steps["ln-gelu"] == steps["gelu"] == 100
    # 16 and 2 t d^2 for feed-forward, 8 t d^2 + 3 t^2 d for attention, t = d = 64.
    assert steps["scaled-fused"] == round(100 * (16 + 11) / (2 + 11))


def test_presets_are_as_deep_as_the_paper():
    """Whatever layers and width say; steps that cost the same follow their size."""
    for preset, width in (("deep", 96), ("paper", 768)):
        task = harness.task(
            "attention-architectures", preset=preset, layers=1, width=8, equal="flops", steps=100
        )
        cases = {case.id: case for case in task.cases(seed=0)}
        assert {(c.facts["layers"], c.facts["window"]) for c in cases.values()} == {(12, 128)}
        rest = 8 * width + 3 * 128  # attention, over t d
        wanted = round(100 * (16 * width + rest) / (2 * width + rest))
        assert cases["scaled-fused"].facts["steps"] == wanted
    found = profiles(preset="deep", architectures=("softmax-only",), steps=1, windows=1)
    entropy = found["softmax-only"].entropy
    assert entropy.shape == (1, 12, 12, 128)
    assert json.loads(found["softmax-only"].network)["width"] == 96


@pytest.mark.parametrize("twice", [{"architectures": ("ln", "ln")}, {"entropy_margin": (0.2, 0.2)}])
def test_refuses_one_twice(twice):
    with pytest.raises(UsageError, match="each once"):
        list(harness.task("attention-architectures", **twice).cases(seed=0))


def test_several_margins_are_several_cases():
    """With one margin there is one case `regularised`; a wide zone penalises nothing, a narrow one
    pulls.
    """
    small = {
        "steps": 20,
        "layers": 1,
        "width": 8,
        "heads": 2,
        "window": 16,
        "windows": 2,
        "temperature_start": 2e-3,
    }
    task = harness.task("attention-architectures", architectures=("ln", "regularised"), **small)
    assert [case.id for case in task.cases(seed=0)] == ["ln", "regularised"]
    found = profiles(
        architectures=("temperature", "regularised"), entropy_margin=(0.1, 0.9), **small
    )
    assert list(found) == ["temperature", "regularised-0.1", "regularised-0.9"]
    assert found["regularised-0.9"].entropy.tolist() == found["temperature"].entropy.tolist()
    assert found["regularised-0.1"].entropy.mean() < found["temperature"].entropy.mean() - 1e-5


@pytest.mark.slow
def test_without_norms_the_first_layer_is_uniform():
    """And deeper ones less so; with them text is modelled better (3 layers, 250 steps)."""
    found = profiles(architectures=("ln-gelu", "scaled-fused"), steps=250, layers=3)
    layers = found["scaled-fused"].entropy.mean((0, 2, 3)) / CAUSAL
    assert layers[0] >= 0.99
    assert layers[2] < layers[0]
    assert found["ln-gelu"].log_p.mean() > found["scaled-fused"].log_p.mean()


def test_heatmap_from_records(tmp_path):
    params = {
        "attention-architectures": {
            "steps": 2,
            "layers": 2,
            "width": 8,
            "heads": 2,
            "window": 16,
            "windows": 2,
        }
    }
    records = harness.run(
        tasks=["attention-architectures"],
        estimators=["attention-entropy"],
        params=params,
        seeds=(0, 1),
    )
    heads = heatmap.averaged(records)
    assert set(heads) == {"ln-gelu", "relu", "gelu", "softmax-only", "scaled-fused"}
    assert all(values.shape == (2, 2) and np.isfinite(values).all() for values, _ in heads.values())
    made = heatmap.Heatmap().make(records)
    assert "| gelu " in made.text
    reports.write(made, tmp_path / "out.png", "entropy_attention/heatmap")
    assert (tmp_path / "out.png").read_bytes().startswith(b"\x89PNG")


def test_heatmap_refuses():
    with pytest.raises(UsageError, match="no record of attention-entropy"):
        heatmap.averaged([])


def test_the_device_is_that_of_the_networks():
    import torch

    if torch.cuda.is_available():
        pytest.skip("torch sees a GPU here")
    case, *_ = harness.task("attention-architectures", device="cuda").cases(seed=0)
    with pytest.raises(UsageError, match="torch sees no GPU here"):
        case.load()
