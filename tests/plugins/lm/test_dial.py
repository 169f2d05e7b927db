"""Pointer penalties, the dial, steps of one training, and attention, laws and heads as outputs."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import harness  # noqa: E402
from harness import (  # noqa: E402
    AttentionMaps,
    HeadStates,
    HiddenStates,
    Incompatible,
    PointedAttention,
    TokenLaws,
    TokenLogProbabilities,
    TokenSequences,
    UsageError,
    pointer_targets,
    stream,
)

KINDS = {
    "": TokenLogProbabilities, "-maps": AttentionMaps, "-pointers": PointedAttention, "-laws": TokenLaws,
    "-head": HeadStates, "-states": HiddenStates,
}  # fmt: skip


@pytest.fixture(scope="module")
def blocks():
    """The next token is, more often than not, one of the present token's block of three."""
    rng = np.random.default_rng(3)
    rows = []
    for _ in range(60):
        row = [int(rng.integers(6))]
        while len(row) < 24:
            near = 3 * (row[-1] // 3) + int(rng.integers(3))
            row.append(near if rng.random() < 0.9 else int(rng.integers(6)))
        rows.append(row)
    data = TokenSequences(np.concatenate(rows), np.arange(0, 24 * 60 + 1, 24), 6)
    return data.divided(np.random.default_rng(0))


@pytest.fixture(autouse=True)
def _own_cache(monkeypatch, tmp_path_factory):
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path_factory.mktemp("cache")))


QUICK = {"layers": 2, "heads": 2, "width": 16, "window": 12, "steps": 40, "learning_rate": 1e-2}


def run(ending, data, **params):
    return harness.model(f"tiny-lm{ending}", **QUICK | params).transform(
        data, to=KINDS[ending], rng=stream(0)
    )


def weights():
    return sorted(file.name for file in harness.cache_folder("tiny-lm").glob("*.safetensors"))


def test_a_dial_at_zero_is_no_dial_bit_for_bit(blocks):
    plain = run("-laws", blocks)
    for bias in ("targets", "distance"):
        dialled = run("-laws", blocks, dial=0.0, dial_bias=bias, rule="block-3")
        assert np.array_equal(plain.full, dialled.full)


def test_a_sweep_of_the_dial_shares_one_network(blocks):
    found = [run("-pointers", blocks, dial=d, dial_bias="targets", rule="block-3") for d in (0.0, 0.5, 1.0)]  # fmt: skip
    assert len(weights()) == 1
    inside = [p.inside.mean() for p in found]
    assert inside[0] < inside[1] < inside[2]
    entropy = [p.entropy.mean() for p in found]
    assert entropy[0] > entropy[2]


@pytest.mark.parametrize("bias", ["targets", "distance"])
def test_a_dial_lets_nothing_leak_from_the_future(blocks, bias):
    ids, start = blocks.ids.copy(), int(blocks.offsets[blocks.split.test[0]])
    ids[start + 6 : start + 12] = (ids[start + 6 : start + 12] + 1) % 6
    changed = TokenSequences(ids, blocks.offsets, 6, split=blocks.split)
    how = {"dial": 0.8, "dial_bias": bias, "rule": "block-3"}
    a, b = (run("-laws", data, **how).full for data in (blocks, changed))
    assert np.abs(a[:7] - b[:7]).max() < 1e-6  # one training: laws before the change stay
    assert np.abs(a[7:12] - b[7:12]).max() > 1e-3


@pytest.mark.parametrize("rule", ["block-3", "previous"])
def test_pointed_attention_is_that_of_the_maps(blocks, monkeypatch, rule):
    read = []

    def noted(ids, rule):
        read.append(ids.numpy())
        return torch.from_numpy(pointer_targets(read[-1], rule))

    monkeypatch.setattr("harness_lm.reading.targets_of", noted)
    found = run("-pointers", blocks, limit=5, rule=rule)
    maps = run("-maps", blocks, limit=5)
    targets = pointer_targets(np.concatenate(read), rule)
    wanted = PointedAttention.of_maps(maps.a, targets, visible=np.tri(12, dtype=bool))
    for name in (*PointedAttention.PER_ROW, "near"):
        assert np.abs(getattr(found, name) - getattr(wanted, name)).max() < 1e-4, name


def test_laws_and_heads_say_what_the_log_probabilities_say(blocks):
    laws, head = (run(ending, blocks, limit=1000) for ending in ("-laws", "-head"))
    assert np.array_equal(head.ids, laws.ids)
    assert np.abs(head.log_laws() - laws.full).max() < 1e-5
    assert np.abs(np.exp(laws.blind).sum(1) - 1).max() < 1e-12
    # The first window of a sequence has the contexts that every token of the sequence has.
    whole, ids = run("", blocks), blocks.part("test").ids
    chosen = laws.full[np.arange(len(laws.ids)), laws.ids]
    first = {tuple(laws.ids[a : a + 12]): chosen[a : a + 12] for a in laws.offsets[:-1]}
    for start in whole.offsets[:-1]:
        here = slice(start, start + 12)
        assert np.abs(first[tuple(ids[here])] - whole.log_p[here]).max() < 1e-5


def test_steps_of_one_training_are_those_of_a_whole_one(blocks, tmp_path, monkeypatch):
    parts = [run("-laws", blocks, at_step=step).full for step in (10, 25, 40)]
    again = run("-laws", blocks, at_step=10).full
    assert np.array_equal(parts[0], again)
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path))
    assert np.array_equal(run("-laws", blocks).full, parts[2])
    assert np.array_equal(run("-laws", blocks, at_step=25).full, parts[1])
    with pytest.raises(UsageError, match="at_step"):
        run("-laws", blocks, at_step=41)


@pytest.mark.parametrize("form", ["mass", "group"])
def test_the_penalty_draws_attention_to_the_targets(blocks, form):
    shares = []
    for weight in (0.0, 3.0):
        found = run("-pointers", blocks, rule="block-3", pointer_penalty=weight, pointer_form=form,
                    pointer_rule="block-3", steps=80)  # fmt: skip
        seen = found.pointed[:, None, None, :] & np.ones_like(found.inside, bool)
        shares.append(found.inside[seen].mean())
    assert shares[1] > shares[0] + 0.1
    assert len(weights()) == 2


def test_only_the_named_layers_are_penalized(blocks):
    how = {"rule": "block-3", "pointer_penalty": 3.0, "pointer_rule": "block-3", "steps": 80}
    found = run("-pointers", blocks, pointer_layers=(1,), **how)
    free = run("-pointers", blocks, rule="block-3", steps=80)
    gain = (found.inside - free.inside).mean((0, 2, 3))
    assert gain[1] > 0.1 > abs(gain[0]) - 0.1


def test_a_network_without_feed_forward_part(blocks):
    found = run("-states", blocks, feed_forward="none")
    assert found.layers == 2
    assert np.isfinite(found.x).all()


@pytest.mark.parametrize(
    ("params", "error", "says"),
    [
        ({"dial": 0.5}, UsageError, "would change nothing"),
        ({"dial": 1.5}, UsageError, "dial"),
        ({"dial": float("nan")}, UsageError, "dial"),
        ({"dial": 0.5, "dial_bias": "targets", "rule": "next"}, UsageError, "unknown rule 'next'"),
        ({"dial": 0.5, "dial_bias": "targets", "rule": "word"}, Incompatible, "reads bytes of text"),
        ({"pointer_penalty": 1.0, "pointer_layers": (2,)}, UsageError, "different layers from -2 to 1"),
        ({"pointer_penalty": 1.0, "pointer_form": "group"}, UsageError, "does not divide the tokens"),
    ],
)  # fmt: skip
def test_bad_settings_are_named(blocks, params, error, says):
    with pytest.raises(error, match=says):
        run("-laws", blocks, **params)


def test_a_network_told_the_dial_learns_one_answer_for_each(blocks):
    how = {"dial_conditioned": True, "pointer_penalty": 3.0, "pointer_rule": "block-3", "steps": 80, "rule": "block-3"}  # fmt: skip
    low, high = (run("-pointers", blocks, dial=d, **how) for d in (0.0, 1.0))
    assert len(weights()) == 1
    assert not np.array_equal(low.inside, high.inside)
