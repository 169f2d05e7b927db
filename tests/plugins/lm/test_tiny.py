"""`tiny-lm`: what it hands on, its cache, and bad input."""

import dataclasses
import itertools
import json
from functools import partial

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import harness  # noqa: E402
from harness import (  # noqa: E402
    AttentionMaps,
    AttentionProfile,
    HeadStates,
    HiddenStates,
    Incompatible,
    PairedSamples,
    PointedAttention,
    Samples,
    TokenLaws,
    TokenLogProbabilities,
    TokenSequences,
    UsageError,
    stream,
)
from harness_lm import reading, runtime, training, weights  # noqa: E402
from harness_lm.settings import Network  # noqa: E402
from harness_lm.tokens import Pairs, Tokens  # noqa: E402

OUTPUTS = {
    "": TokenLogProbabilities,
    "-states": HiddenStates,
    "-attention": AttentionProfile,
    "-maps": AttentionMaps,
    "-pointers": PointedAttention,
    "-laws": TokenLaws,
    "-head": HeadStates,
}
TERMS = (2 * 7 + 1) * 64
"""Of sums in a row, each at most 64 long: norm, queries, scores, mixture, output and two maps in
each of two layers; logits.
"""


def run(ending, data, **params):
    return harness.model(f"tiny-lm{ending}", **params).transform(
        data, to=OUTPUTS[ending], rng=stream(0)
    )


def cross_entropy(data, **params):
    return harness.estimator("cross-entropy", **params).estimate(data, rng=stream(0))


def test_it_learns_to_count(counting, quick):
    found = run("", counting, **quick)
    assert found.n == 10
    # The first of 48 symbols cannot be known; the rest can.
    assert cross_entropy(found, skip=2).value < np.log(5) / 48
    assert 0.8 * np.log(5) / 48 < cross_entropy(found).value < 3 * np.log(5) / 48


def test_a_chain_of_known_rate():
    """Trained on a Markov chain, the cross-entropy stands a little above the entropy rate."""
    (case,) = harness.task("known-entropy-languages", languages=("markov",), length=64).cases(
        seed=0
    )
    params = {"layers": 1, "width": 32, "window": 32, "steps": 300, "learning_rate": 3e-3}
    found = cross_entropy(run("", case.load(), **params), skip=1)
    truth = case.truth["cross_entropy"]
    assert truth - 4 * found.stderr < found.value < truth + 4 * found.stderr + 0.03


def test_one_network_for_all_outputs(counting, quick, monkeypatch, tmp_path):
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path))
    first = run("", counting, **quick)
    (file,) = tmp_path.rglob("*.safetensors")
    monkeypatch.setattr(weights, "train", lambda *a, **k: pytest.fail("trained again"))
    assert run("", counting, **quick) == first
    for ending in ("-states", "-attention", "-maps"):
        run(ending, counting, **quick)
    assert run("", counting, **(quick | {"steps": 1, "checkpoint": str(file)})) == first


def test_the_cache_knows_data_seed_and_recipe(counting, quick, monkeypatch, tmp_path):
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path))
    few = quick | {"steps": 2}
    for params in ({}, {"training_seed": 1}, {"steps": 3}, {"batch": 8}, {"activation": "relu"}):
        run("", counting, **(few | params))
    run("", counting.take(np.arange(1, 60)), **few)
    assert len(list(tmp_path.rglob("*.safetensors"))) == 6
    run("", counting, **few)
    assert len(list(tmp_path.rglob("*"))) == 7  # the folder, and no draft left behind


def test_equal_seeds_train_equal_networks(counting, quick, monkeypatch, tmp_path):
    found = []
    for folder in "ab":
        monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / folder))
        found.append(run("", counting, **quick))
    assert found[0] == found[1]


def test_a_broken_file_of_the_cache_is_made_again(counting, quick, monkeypatch, tmp_path, caplog):
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path))
    first = run("", counting, **quick)
    (file,) = tmp_path.rglob("*.safetensors")
    file.write_bytes(b"no such thing")
    assert run("", counting, **quick) == first
    assert "trained again" in caplog.text
    file.write_bytes(b"no such thing")
    with pytest.raises(UsageError, match="wanted a file of its cache"):
        run("", counting, checkpoint=str(file))


def test_long_sequences_are_read_in_halves(counting, quick, close32):
    """Every token once, each with the context that is stated, and the same numbers as reading
    window by window.
    """
    for length, window in itertools.product((1, 15, 16, 17, 48, 100), (2, 16, 64)):
        counted = []
        for _, first, counts in training.pieces(np.array([length]), window):
            assert first <= counts
            counted += range(counts, min(first + window, length))
        assert counted == list(range(length)), (length, window)
    found = run("", counting, **quick)
    context = found.context[:48]
    assert context[:17].tolist() == [*range(16), 9]
    assert context.max() == 16
    assert context[16:].min() >= 9
    network, _ = harness.model("tiny-lm", **quick).network(counting)
    own = counting.part("test").ids[:48]
    with torch.no_grad():
        logits = network(torch.tensor(np.concatenate([[5], own])[8:24])[None])[0].double()
    wanted = logits.log_softmax(-1)[torch.arange(16), torch.tensor(own[8:24])]
    close32(found.log_p[16:24], wanted[8:], TERMS, size=logits.abs().max().item())


def test_states_belong_to_their_tokens(counting, quick, close32):
    """Layer 0 is embedding plus place."""
    states = run("-states", counting, **quick, layer=0)
    network, _ = harness.model("tiny-lm", **quick).network(counting)
    wanted = network.tokens.weight[torch.tensor(states.ids[:15])] + network.places.weight[1:16]
    close32(states.x[:15], wanted.detach(), terms=2)
    assert (states.x != 0).any(1).all()
    last = run("-states", counting, **quick)
    assert (last.layer, last.layers) == (2, 2)
    with pytest.raises(UsageError, match="wanted -3 to 2"):
        run("-states", counting, **quick, layer=3)
    pairs = harness.model("state-next", limit=100).transform(last, to=PairedSamples, rng=stream(0))
    assert pairs.n == 100
    assert harness.model("state-samples").transform(last, to=Samples, rng=stream(0)).x.shape == (
        480,
        16,
    )
    # A state is a function of what was read, and the next symbol counts on: equal states, equal
    # next symbols.
    _, state = np.unique(pairs.x, axis=0, return_inverse=True)
    assert all(len(np.unique(pairs.y[state == s])) == 1 for s in range(state.max() + 1))


def test_profile_and_maps_agree(counting, quick, close32):
    profile, maps = (
        run("-attention", counting, **quick, limit=5),
        run("-maps", counting, **quick, limit=5),
    )
    a = maps.a
    entropy = -(a * np.log(np.where(a > 0, a, 1.0))).sum(-1)
    close32(profile.entropy, entropy, TERMS, size=-np.log(a[a > 0].min()))
    assert profile.log_p is not None
    about = json.loads(profile.network)
    assert (about["layers"], about["window"], about["norm"]) == (2, 16, "layer")
    # The profile's windows open 10 sequences of 48 at multiples of 16, five of them evenly spread.
    whole = run("", counting, **quick)
    close32(profile.log_p[0], whole.log_p[:16], TERMS)


def test_byte_pairs_cover_their_bytes():
    text = "the cat sat on the mat; thé end. " * 30
    ids = np.frombuffer(text.encode(), np.uint8).astype(np.int64)
    data = TokenSequences(ids, np.array([0, 500, len(ids)]), 256, "bytes")
    pairs = Pairs.train(data, 300)
    tokens = pairs.encode(data)
    assert np.add.reduceat(tokens.symbols, tokens.offsets[:-1]).tolist() == [500, len(ids) - 500]
    assert len(tokens.ids) < 0.5 * len(ids)
    again = Pairs(pairs.text).encode(data)
    assert (again.ids == tokens.ids).all()
    with pytest.raises(Incompatible, match="at least 256"):
        Pairs.train(data, 100)


def test_penalty_pulls_entropies_to_its_thresholds(counting, quick):
    plain = run("-attention", counting, **quick)
    low = run(
        "-attention",
        counting,
        **quick,
        entropy_penalty=5.0,
        entropy_margin=0.0,
        threshold_start=0.2,
        temperature="learned",
    )
    target = 0.2 * np.log(16)
    assert abs(low.entropy.mean() - target) < 0.5 * abs(plain.entropy.mean() - target)


def test_vocabulary_mismatch(counting, quick, monkeypatch, tmp_path):
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path))
    run("", counting, **(quick | {"steps": 2}))
    (file,) = tmp_path.rglob("*.safetensors")
    other = dataclasses.replace(counting, vocab_size=7)
    with pytest.raises(Incompatible, match="7 symbols, the model has 5 tokens"):
        run("", other, checkpoint=str(file))
    with pytest.raises(Incompatible, match="wanted tokenizer=native"):
        run("", counting, **quick, tokenizer="pairs")


def test_parts_that_do_not_fit(counting, quick):
    with pytest.raises(UsageError, match="not a multiple of heads"):
        run("", counting, **(quick | {"heads": 3}))
    with pytest.raises(UsageError, match="activation=identity"):
        run("", counting, **quick, feed_forward="fused")
    with pytest.raises(Incompatible, match="longest has 48"):
        run("-attention", counting, **(quick | {"window": 64, "steps": 1}))


def test_a_diverged_training_is_told(counting, quick):
    with pytest.raises(Incompatible, match="diverged at step"):
        run("", counting, **(quick | {"learning_rate": 1e9, "norm": "none", "steps": 200}))


def test_memory_that_runs_out_halves_the_batch(counting, quick, monkeypatch, caplog, close32):
    """Evaluation and training go on with less, give the same, and say so."""
    wanted = run("", counting, **quick)
    honest = reading.token_log_p

    def greedy(logits, targets):
        if len(targets) > 8:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return honest(logits, targets)

    monkeypatch.setattr(reading, "token_log_p", greedy)
    found = run("", counting, **quick)
    close32(found.log_p, wanted.log_p, TERMS)
    assert "out of memory with batches of 32; continuing with 16" in caplog.text
    with pytest.raises(RuntimeError, match="something else"):
        runtime.halving(4, lambda batch: (_ for _ in ()).throw(RuntimeError("something else")))

    descend = training._descend

    def hungry(network, recipe, inputs, targets, parts, *more):
        if parts < 4:
            raise RuntimeError(
                "DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"
            )
        return descend(network, recipe, inputs, targets, parts, *more)

    design = training.Design(vocabulary=5, window=8, layers=1, heads=1, width=4)
    tokens = Tokens(counting.ids, np.ones_like(counting.ids), counting.offsets)
    nets = []
    for step in (descend, hungry):
        monkeypatch.setattr(training, "_descend", step)
        nets.append(training.train(design, Network(steps=3), tokens, stream(0), "cpu", ""))
    assert "taken in 4 parts" in caplog.text
    for a, b in zip(nets[0].parameters(), nets[1].parameters(), strict=True):
        torch.testing.assert_close(a, b, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("weight_norm", ["none", "spectral"])
def test_a_training_that_was_cut_off_ends_with_the_same_bits(
    counting, monkeypatch, tmp_path, weight_norm
):
    """Weights, averages of Adam, the order of the batches and the parts of a batch all go on."""
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path))
    monkeypatch.setattr(training, "checkpointed", partial(harness.checkpointed, every_s=0.0))
    design = training.Design(
        vocabulary=5, window=8, layers=1, heads=1, width=4, weight_norm=weight_norm
    )
    tokens = Tokens(counting.ids, np.ones_like(counting.ids), counting.offsets)
    descend, taken = training._descend, []

    def train(key, dies_at):
        taken.clear()

        def counted(network, recipe, inputs, targets, parts, *more):
            if len(taken) == dies_at:
                raise KeyboardInterrupt
            if parts < 2:
                raise torch.OutOfMemoryError("CUDA out of memory")
            taken.append(parts)
            return descend(network, recipe, inputs, targets, parts, *more)

        monkeypatch.setattr(training, "_descend", counted)
        return training.train(design, Network(steps=7), tokens, stream(0), "cpu", key)

    whole = train("whole", None)
    with pytest.raises(KeyboardInterrupt):
        train("cut", 4)
    resumed = train("cut", None)
    assert taken == [2, 2, 2]
    for a, b in zip(whole.parameters(), resumed.parameters(), strict=True):
        assert torch.equal(a, b)
    assert not list(tmp_path.rglob("*.*"))  # nothing is left where the trainings ended


def test_cross_entropy_by_hand():
    data = TokenLogProbabilities(
        -np.array([1.0, 2.0, 3.0, 4.0]),
        np.array([1, 2, 1, 1]),
        np.array([0, 1, 0, 1]),
        np.array([0, 2, 4]),
    )
    found = cross_entropy(data)
    assert found.value == pytest.approx(10 / 5)
    assert found.diagnostics["perplexity"] == pytest.approx(np.exp(2))
    assert found.stderr == pytest.approx(np.sqrt(2 * ((3 - 2 * 3) ** 2 + (7 - 2 * 2) ** 2)) / 5)
    assert cross_entropy(data, skip=1).value == pytest.approx(6 / 3)
    with pytest.raises(Incompatible, match="smaller skip"):
        cross_entropy(data, skip=2)
    with pytest.raises(Incompatible, match="no log-probabilities"):
        cross_entropy(AttentionProfile(np.zeros((1, 1, 1, 3))))
