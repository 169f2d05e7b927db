"""`hf-compressor`, and scoring with shared prefixes, on tiny checkpoints."""

import dataclasses

import numpy as np
import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
tokenizers = pytest.importorskip("tokenizers")

import harness  # noqa: E402
from harness import ChannelLogLikelihoods, Contexts, DataError, Incompatible, stream  # noqa: E402
from harness_lm import compressor, scoring  # noqa: E402
from harness_lm.scoring import score  # noqa: E402

TEXTS = (
    "The box is red and the lamp is blue.",
    "The box is green.",
    "The lamp is grey, the box is red.",
)
DATA = Contexts(
    TEXTS,
    ("red", "green", "red"),
    query="What colour is the box?",
    options=("red", "green", "blue"),
)


def make(folder, kind, seed=0):
    torch.manual_seed(seed)
    ids = {"bos_token_id": 256, "eos_token_id": 256}
    if kind == "gpt2":
        model = transformers.GPT2LMHeadModel(
            transformers.GPT2Config(
                vocab_size=257, n_positions=400, n_embd=16, n_layer=2, n_head=2, **ids
            )
        )
    else:
        sizes = {
            "hidden_size": 16,
            "intermediate_size": 32,
            "num_hidden_layers": 2,
            "max_position_embeddings": 400,
        }
        config = transformers.LlamaConfig(
            vocab_size=257, **sizes, num_attention_heads=4, num_key_value_heads=2, **ids
        )
        model = transformers.LlamaForCausalLM(config)
    for p in model.parameters():
        p.data.mul_(6.0)
    model.save_pretrained(folder)
    core = tokenizers.Tokenizer(tokenizers.models.BPE())
    core.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.decoder = tokenizers.decoders.ByteLevel()
    alphabet = sorted(tokenizers.pre_tokenizers.ByteLevel.alphabet())
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=257, initial_alphabet=alphabet, special_tokens=["<e>"], show_progress=False
    )
    core.train_from_iterator([], trainer)
    vocabulary = {c: i for i, c in enumerate(alphabet)} | {"<e>": 256}
    core.model = tokenizers.models.BPE(vocabulary, [])
    transformers.PreTrainedTokenizerFast(tokenizer_object=core, eos_token="<e>").save_pretrained(
        folder
    )
    return str(folder)


@pytest.fixture(scope="module", params=["gpt2", "llama"])
def checkpoint(request, tmp_path_factory):
    return make(tmp_path_factory.mktemp(request.param), request.param)


def plain(model, prompts, continuations, temperature=1.0):
    """The double loop, every pair read from its beginning."""
    out = np.zeros((len(prompts), len(continuations)))
    for i, prompt in enumerate(prompts):
        for j, continuation in enumerate(continuations):
            ids = torch.tensor([[*prompt, *continuation]])
            law = (model(ids).logits.double() / temperature).log_softmax(-1)[0]
            places = range(len(prompt), ids.shape[1])
            out[i, j] = sum(float(law[p - 1, ids[0, p]]) for p in places)
    return out


def test_shared_prefixes_change_nothing(checkpoint, monkeypatch):
    model = transformers.AutoModelForCausalLM.from_pretrained(checkpoint).eval()
    rng = np.random.default_rng(0)
    prompts = [rng.integers(257, size=size).tolist() for size in (5, 40, 17)]
    continuations = [rng.integers(257, size=size).tolist() for size in (1, 9, 2, 30, 9)]
    with torch.no_grad():
        wanted = plain(model, prompts, continuations, 0.7)
    np.testing.assert_allclose(
        score(model, prompts, continuations, temperature=0.7), wanted, rtol=1e-5, atol=1e-4
    )
    turned = score(model, prompts[::-1], continuations[::-1], temperature=0.7)[::-1, ::-1]
    np.testing.assert_allclose(turned, wanted, rtol=1e-5, atol=1e-4)
    monkeypatch.setattr(scoring, "BATCH", 2)
    np.testing.assert_allclose(
        score(model, prompts, continuations, temperature=0.7), wanted, rtol=1e-5, atol=1e-4
    )


def test_compress_score_answer(checkpoint):
    params = {"model": checkpoint, "draws": 3, "max_tokens": 12, "predictor": checkpoint}
    run = harness.model("hf-compressor", **params)
    found = run.transform(DATA, to=ChannelLogLikelihoods, rng=stream(0))
    assert found == run.transform(DATA, to=ChannelLogLikelihoods, rng=stream(0))
    assert found != run.transform(DATA, to=ChannelLogLikelihoods, rng=stream(1))
    assert found.log_p.shape == (3, 3, 3)
    assert found.exact
    assert found.lengths.max() <= 12
    assert set(np.unique(found.correct)) <= {0.0, 1.0}
    value = harness.estimator("agentic-mi").estimate(found, rng=stream(0)).value
    assert value <= np.log(3) + 1e-9


def test_only_the_predictor_sees_the_options(checkpoint, monkeypatch):
    """By letters, each option stands in its list; an answer that is not known is no wrong one."""
    seen, honest = [], compressor.encode

    def encode(tokenizer, text):
        seen.append(text)
        return honest(tokenizer, text)

    monkeypatch.setattr(compressor, "encode", encode)
    params = {"model": checkpoint, "draws": 2, "max_tokens": 5, "predictor": checkpoint}
    one = dataclasses.replace(
        DATA, answers=("", "green", ""), options=("red {hot}", "green", "blue")
    )
    found = harness.model("hf-compressor", **params, answers="letters").transform(
        one, to=ChannelLogLikelihoods, rng=stream(0)
    )
    assert found.correct[[0, 2]].tolist() == [[-1.0, -1.0]] * 2
    assert set(found.correct[1]) <= {0.0, 1.0}
    assert not any("red {hot}" in text for text in seen[:3])
    listed = "Question: What colour is the box?\nA) red {hot}\nB) green\nC) blue\n"
    assert len(seen) == 9
    assert all(listed in text for text in seen[3:])
    many = dataclasses.replace(one, options=("green", *map(str, range(26))))
    with pytest.raises(Incompatible, match="27 options, but there are 26 letters"):
        harness.model("hf-compressor", **params, answers="letters").transform(
            many, to=ChannelLogLikelihoods, rng=stream(0)
        )


def test_training_contexts_are_not_compressed(checkpoint):
    divided = dataclasses.replace(
        DATA.take([0, 1, 2, 0, 1]), split=harness.Split(np.array([3, 4]), np.array([0, 1, 2]))
    )
    run = harness.model("hf-compressor", model=checkpoint, draws=1, max_tokens=4)
    whole, part = (
        run.transform(d, to=ChannelLogLikelihoods, rng=stream(0)) for d in (DATA, divided)
    )
    assert part == whole


def test_an_evaluator_of_its_own(checkpoint, tmp_path):
    other = make(tmp_path, "gpt2", seed=1)
    run = harness.model("hf-compressor", model=checkpoint, evaluator=other, draws=2, max_tokens=6)
    found = run.transform(DATA, to=ChannelLogLikelihoods, rng=stream(0))
    assert not found.exact
    assert found.correct is None


def test_sampling_follows_the_law_that_is_scored(checkpoint):
    """E ln p of one-token summaries under their own context is minus the entropy of that law."""
    run = harness.model("hf-compressor", model=checkpoint, draws=400, max_tokens=1, temperature=2.0)
    found = run.transform(DATA, to=ChannelLogLikelihoods, rng=stream(3))
    for i in range(3):
        own = found.log_p[i, :, i]
        tokens, counts = np.unique(np.round(own, 9), return_counts=True)
        # Tokens with one probability each: their frequencies are those probabilities (4 standard
        # deviations).
        p = np.exp(tokens)
        assert (np.abs(counts / 400 - p) < 4 * np.sqrt(p / 400) + 4 / 400).all()


def test_equal_draws_are_told(checkpoint, caplog):
    run = harness.model("hf-compressor", model=checkpoint, draws=2, max_tokens=3, temperature=0.0)
    found = run.transform(DATA, to=ChannelLogLikelihoods, rng=stream(0))
    assert (found.log_p[:, 0] == found.log_p[:, 1]).all()
    assert not found.exact
    assert "wanted draws=1" in caplog.text


def test_what_does_not_fit(checkpoint):
    long = Contexts(("word " * 100, "short"), query="?")
    run = harness.model("hf-compressor", model=checkpoint)
    with pytest.raises(Incompatible, match="context 0 with its continuation has"):
        run.transform(long, to=ChannelLogLikelihoods, rng=stream(0))
    with pytest.raises(DataError, match="row 1: an empty context"):
        Contexts(("one", "  "))
    with pytest.raises(DataError, match="at least 2"):
        Contexts(("one",))
    with pytest.raises(DataError, match="one of the options"):
        Contexts(("one", "two"), ("a", "b"), options=("a",))
