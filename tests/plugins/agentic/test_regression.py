"""Accuracy regressed on families and sizes, from records; what a compression costs."""

import dataclasses
import math

import numpy as np
import pytest

import harness
from harness import ChannelLogLikelihoods, Contexts, Incompatible, UsageError, stream
from harness.records import Status
from harness.testing import record
from harness_agentic.reports.regression import Regression, design, fit, told
from harness_lm.operations import operations
from harness_lm.scoring import surprise

FAMILIES = {"llama": 0.05, "qwen2": 0.1}


def records(noise=0.0, copies=2):
    """Accuracy = -0.9 + 0.15 log10(compressor) + 0.02 log10(predictor) + that of the family."""
    rng = np.random.default_rng(0)
    for family, compressor, predictor, _ in (
        (f, c, p, i)
        for f in FAMILIES
        for c in (1e9, 3e9, 7e9)
        for p in (7e9, 7e10)
        for i in range(copies)
    ):
        value = -0.9 + 0.15 * math.log10(compressor) + 0.02 * math.log10(predictor)
        said = {"compressor": family, "predictor": "llama"}
        said |= {"compressor_weights": int(compressor), "predictor_weights": int(predictor)}
        yield record(
            "agentic/context-questions",
            "agentic/answer-accuracy",
            value + FAMILIES[family] + noise * rng.normal(),
            models=("lm/hf-compressor",),
            params={"task": {}, "models": [[family, compressor, predictor]], "estimator": {}},
            diagnostics=said,
        )


def test_coefficients_without_noise_are_found():
    rows = told(records())
    names, x, left_out = design(rows)
    assert names == [
        "constant",
        "log10 of the compressor's parameters",
        "compressor qwen2, not llama",
        "log10 of the predictor's parameters",
    ]
    assert left_out == ["the predictor's family (the same in all records: llama)"]
    found = fit(x, np.array([row["accuracy"] for row in rows]), np.arange(len(rows)) // 2)
    assert found.values == pytest.approx([-0.85, 0.15, 0.05, 0.02], abs=1e-9)
    assert found.r2 == pytest.approx(1.0)
    assert found.groups == 12


def test_copies_of_records_make_nothing_surer():
    """Clustered errors: every record twice gives the same interval as once, up to (n - 1)/(n - k)."""
    rng = np.random.default_rng(1)
    x = np.column_stack([np.ones(20), rng.normal(size=20)])
    y = x @ [1.0, 2.0] + rng.normal(size=20)
    once = fit(x, y, np.arange(20))
    twice = fit(np.repeat(x, 2, 0), np.repeat(y, 2), np.repeat(np.arange(20), 2))
    assert twice.values == pytest.approx(once.values)
    assert twice.halves * math.sqrt(38 / 39) == pytest.approx(once.halves * math.sqrt(18 / 19))


def test_intervals_hold_the_truth_as_often_as_they_say():
    rng, held, rounds = np.random.default_rng(2), 0, 400
    for _ in range(rounds):
        groups = np.repeat(np.arange(30), 3)
        own = rng.normal(size=30)[groups]
        x = np.column_stack([np.ones(90), rng.normal(size=30)[groups]])
        y = x @ [1.0, 0.5] + own + 0.3 * rng.normal(size=90)
        found = fit(x, y, groups)
        held += abs(found.values[1] - 0.5) <= found.halves[1]
    # The sandwich of 30 groups is known to be a little short.
    assert 0.87 <= held / rounds <= 0.985


def test_the_report_says_what_it_cannot_tell():
    made = Regression().make(harness.Records(list(records(noise=0.01))))
    assert "24 records of 12 pairs of models" in made.text
    slope, other = made.findings
    assert slope.values[0] == pytest.approx(0.15, abs=0.02)
    assert other.claim == "log10 of the predictor's parameters"
    one = [r for r in records() if r.diagnostics["predictor_weights"] == int(7e9)]
    said = Regression().make(harness.Records(one)).text
    assert "log10 of the predictor's parameters (the same in all records: 7,000,000,000)" in said
    assert "the predictor's family (the same in all records: llama)" in said
    assert "Several sizes and families come from runs with different settings: tiny-" in said
    with pytest.raises(UsageError, match="2 pairs of models for 2 coefficients"):
        Regression().make(harness.Records(one[:2] + one[-2:]))


def channel(seed):
    return record("agentic/context-compression", "agentic/answer-accuracy", 0.5, seed=seed)


def old(seed):
    more = {"models": ("lm/tiny-compressor",), "seed": seed, "diagnostics": {"known": 64}}
    return record("agentic/context-questions", "agentic/answer-accuracy", 0.5, **more)


def test_records_without_models_or_sizes_are_counted_and_the_settings_named():
    """Such as those of the board agentic, which were made before sizes were kept."""
    with pytest.raises(
        UsageError,
        match=r"no record of answer-accuracy that ended well says .*; "
        r"found 3 records of compressions that no model made \(agentic/context-compression\) and "
        r"2 records of lm/tiny-compressor without sizes, .* board run BOARD --estimator answer-accuracy.*"
        r"tiny-compressor\.width",
    ):
        Regression().make(harness.Records([*map(channel, range(3)), *map(old, range(2))]))
    failed = dataclasses.replace(channel(0), status=Status.ERROR, value=None)
    with pytest.raises(UsageError, match=r"and their sizes; found no such record; wanted runs"):
        Regression().make(harness.Records([failed]))
    made = Regression().make(harness.Records([*records(noise=0.01), channel(0), old(0)]))
    assert "24 records of 12 pairs of models" in made.text
    assert "Left out: 1 record of compressions that no model made" in made.text
    assert "Left out" not in Regression().make(harness.Records(list(records(noise=0.01)))).text


def test_the_settings_that_the_report_names_give_it_what_it_wants(tmp_path):
    """Four widths of tiny-compressor, on disk as a board's folder: slopes of both sizes."""
    folder = tmp_path / "board" / "records"
    folder.mkdir(parents=True)
    for width in (4, 8, 12, 16):
        small = {"width": width, "steps": 2, "predictor_steps": 2, "draws": 2}
        found = harness.run(
            tasks=["context-questions"],
            models=["tiny-compressor"],
            estimators=["answer-accuracy"],
            params={
                "context-questions": {"contexts": 6, "training": 12, "questions": 1},
                "tiny-compressor": small,
            },
        ).where(status="ok")
        lines = [r.to_json() for r in found if r.estimator == "agentic/answer-accuracy"]
        (folder / f"w{width}.jsonl").write_text("\n".join(lines) + "\n")
    made = Regression().make(harness.read_records(tmp_path / "board"))
    assert "4 records of 4 pairs of models" in made.text
    assert [finding.claim for finding in made.findings] == [
        f"log10 of the {role}'s parameters" for role in ("compressor", "predictor")
    ]


def test_operations_are_the_sum_over_positions():
    each = sum(2 * 100 + 2 * 3 * 8 * t for t in range(1, 6))
    assert operations(100, 3, 8, 5) == each
    assert operations(100, 3, 8, [0, 5]).tolist() == [0.0, each]


def estimate(name, data):
    return harness.estimator(f"agentic/{name}").estimate(data, rng=stream(0))


def test_perplexity_of_answers():
    log_p = -np.ones((3, 2, 3))
    nats = np.array([[math.log(2)] * 2, [math.log(8), 0.0], [-1.0, -1.0]])
    data = ChannelLogLikelihoods(log_p, np.ones((3, 2), int), surprise=nats)
    found = estimate("answer-perplexity", data)
    mean = (math.log(2) + math.log(8) / 2) / 2
    assert found.value == pytest.approx(math.exp(mean))
    assert found.diagnostics["known"] == 2
    spread = abs(math.log(2) - math.log(8) / 2) / 2
    assert found.stderr == pytest.approx(math.exp(mean) * spread)
    with pytest.raises(Incompatible, match="no predictor"):
        estimate("answer-perplexity", ChannelLogLikelihoods(log_p, np.ones((3, 2), int)))
    with pytest.raises(harness.DataError, match="surprise below 0"):
        ChannelLogLikelihoods(log_p, np.ones((3, 2), int), surprise=-2 * nats)


def test_surprise_is_that_of_the_answer_per_token():
    data = Contexts(("a", "b", "c"), ("x", "y z", ""), query="?", options=("x", "y z"))
    log_p = np.log(np.array([[[0.5, 0.1]], [[0.2, 0.25]], [[0.3, 0.3]]]))
    found = surprise(data, log_p, np.array([1, 2]))
    assert found[:, 0] == pytest.approx([math.log(2), math.log(4) / 2, -1.0])


def test_small_models_say_what_they_are_and_spend():
    """The figures by hand: one block of width 8, and the tokens of prompts and compressions."""
    case = next(iter(harness.task("context-questions", contexts=6, training=30).cases(seed=0)))
    model = harness.model("tiny-compressor", steps=3, predictor_steps=3, width=8)
    found = model.transform(case.load(), to=ChannelLogLikelihoods, rng=stream(0))
    assert found.models == ("tiny", "tiny")
    assert found.flops.shape == (*found.lengths.shape, 2)
    # Contexts cost the same to read; what differs between compressions is their length.
    first = found.flops[0, :, 0], found.lengths[0]
    weights = found.weights[0]
    read = len(first[1]) and next(
        t
        for t in range(1, 500)
        if operations(weights, 1, 8, t + first[1][0]) == pytest.approx(first[0][0])
    )
    assert first[0] == pytest.approx(operations(weights, 1, 8, read + first[1]))
    assert (found.surprise > 0).all()
    for name in ("agentic-mi", "bits-per-token", "answer-accuracy", "answer-perplexity"):
        said = estimate(name, found).diagnostics
        assert said["compressor_weights"] == weights, name
        assert said["predictor_flops"] == pytest.approx(found.flops[:, :, 1].mean()), name
    # Three steps teach nothing: the answer is about as likely as any word.
    assert 3 < estimate("answer-perplexity", found).value < 200
