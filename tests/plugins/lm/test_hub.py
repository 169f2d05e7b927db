"""`hf-causal-lm` on tiny checkpoints of random weights, made on disk."""

import json

import numpy as np
import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
tokenizers = pytest.importorskip("tokenizers")

import harness  # noqa: E402
from harness import (  # noqa: E402
    AttentionMaps,
    AttentionProfile,
    HeadStates,
    HiddenStates,
    Incompatible,
    PointedAttention,
    TokenLaws,
    TokenLogProbabilities,
    TokenSequences,
    UsageError,
    stream,
)
from harness import registry as registries  # noqa: E402
from harness.testing import NotChecked, checks  # noqa: E402

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
TEXTS = (
    "the cat sat on the mat and the dog saw it",
    "naïve café, with a déjà vu of the cat on the mat",
)


def run(ending, data, **params):
    return harness.model(f"hf-causal-lm{ending}", **params).transform(
        data, to=OUTPUTS[ending], rng=stream(0)
    )


def as_bytes(*texts):
    parts = [np.frombuffer(t.encode(), np.uint8).astype(np.int64) for t in texts]
    return TokenSequences(np.concatenate(parts), np.cumsum([0, *map(len, parts)]), 256, "bytes")


CODES = TokenSequences(np.arange(60) % 7, np.array([0, 20, 60]), 7)


def make(folder, kind, **changes):
    torch.manual_seed(0)
    if kind == "gpt2":
        config = transformers.GPT2Config(
            vocab_size=300,
            n_positions=16,
            n_embd=16,
            n_layer=2,
            n_head=2,
            bos_token_id=0,
            eos_token_id=0,
            **changes,
        )
        model = transformers.GPT2LMHeadModel(config)
    elif kind == "llama":
        sizes = {
            "hidden_size": 16,
            "intermediate_size": 32,
            "num_hidden_layers": 2,
            "max_position_embeddings": 16,
        }
        heads = {"num_attention_heads": 4, "num_key_value_heads": 2}
        config = transformers.LlamaConfig(
            vocab_size=300, **sizes, **heads, bos_token_id=1, eos_token_id=2
        )
        model = transformers.LlamaForCausalLM(config)
    else:
        sizes = {
            "hidden_size": 16,
            "intermediate_size": 32,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
        }
        config = transformers.BertConfig(
            vocab_size=300, **sizes, max_position_embeddings=16, bos_token_id=1
        )
        config.is_decoder = False
        model = transformers.BertLMHeadModel(config)
    for p in model.parameters():
        p.data.mul_(10.0)  # attention far from uniform
    model.save_pretrained(folder)
    return str(folder)


def add_tokenizer(folder, size=290):
    core = tokenizers.Tokenizer(tokenizers.models.BPE())
    core.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = tokenizers.pre_tokenizers.ByteLevel.alphabet()
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=size, initial_alphabet=sorted(alphabet), show_progress=False
    )
    core.train_from_iterator(["".join(TEXTS)] * 3, trainer)
    transformers.PreTrainedTokenizerFast(tokenizer_object=core).save_pretrained(folder)


@pytest.fixture(scope="module")
def gpt2(tmp_path_factory):
    folder = make(tmp_path_factory.mktemp("gpt2"), "gpt2")
    add_tokenizer(folder)
    return folder


@pytest.fixture(scope="module")
def llama(tmp_path_factory):
    return make(tmp_path_factory.mktemp("llama"), "llama")


@pytest.mark.parametrize("which", ["gpt2", "llama"])
def test_log_probabilities_are_the_models_own(which, request, close32):
    folder = request.getfixturevalue(which)
    found = run("", CODES, model=folder)
    model = transformers.AutoModelForCausalLM.from_pretrained(folder).eval()
    start = model.config.bos_token_id
    with torch.no_grad():
        ids = torch.tensor([[start, *CODES.ids[:16]]])
        wanted = model(ids[:, :16]).logits.double().log_softmax(-1)[0, torch.arange(16), ids[0, 1:]]
    close32(found.log_p[:16], wanted, TERMS)
    assert found.context[16] == 9  # the second window, half of which is context
    assert found.n == 2


@pytest.mark.parametrize("which", ["gpt2", "llama"])
def test_streamed_entropies_are_those_of_the_maps(which, request, close32):
    """Grouped keys and rotary places (llama) included; the usual way is output_attentions=True."""
    folder = request.getfixturevalue(which)
    profile, maps = (
        run(ending, CODES, model=folder, limit=3) for ending in ("-attention", "-maps")
    )
    entropy = -(maps.a * np.log(np.where(maps.a > 0, maps.a, 1.0))).sum(-1)
    close32(profile.entropy, entropy, TERMS, size=-np.log(maps.a[maps.a > 0].min()))
    assert entropy[..., -1].std() > 0.01
    whole = run("", CODES, model=folder)
    close32(profile.log_p[0], whole.log_p[:16], TERMS)
    assert json.loads(profile.network)["layers"] == 2


def test_hidden_states(gpt2, close32):
    found = run("-states", CODES, model=gpt2, layer=1)
    model = transformers.AutoModelForCausalLM.from_pretrained(gpt2).eval()
    with torch.no_grad():
        ids = torch.tensor([[0, *CODES.ids[:15]]])
        wanted = model(ids, output_hidden_states=True).hidden_states[1][0, 1:]
    close32(found.x[:15], wanted, TERMS)


def test_text_is_cut_by_the_models_tokenizer(gpt2):
    """Every byte is counted once, whatever the tokens; letters of two bytes may fall apart."""
    data = as_bytes(*TEXTS)
    found = run("", data, model=gpt2)
    assert np.add.reduceat(found.symbols, found.offsets[:-1]).tolist() == [
        len(t.encode()) for t in TEXTS
    ]
    assert len(found.log_p) < found.symbols.sum()
    assert harness.estimator("cross-entropy").estimate(found, rng=stream(0)).value > 0


def test_what_does_not_fit(gpt2, llama, tmp_path):
    with pytest.raises(Incompatible, match="301 symbols"):
        run("", TokenSequences(CODES.ids, CODES.offsets, 301), model=gpt2)
    with pytest.raises(Incompatible, match="no tokenizer"):
        run("", as_bytes(*TEXTS), model=llama)
    with pytest.raises(Incompatible, match="not UTF-8"):
        run("", TokenSequences(np.array([255, 254]), np.array([0, 2]), 256, "bytes"), model=gpt2)
    with pytest.raises(UsageError, match="can see at most 16"):
        run("", CODES, model=gpt2, window=17)
    with pytest.raises(Incompatible, match="longest has 12"):
        run("-attention", TokenSequences(CODES.ids[:20], np.array([0, 8, 20]), 7), model=gpt2)
    with pytest.raises(Incompatible, match="the parameter model is empty"):
        run("", CODES)
    with pytest.raises(UsageError, match="cannot be loaded"):
        run("", CODES, model=str(tmp_path))


def test_a_tokenizer_larger_than_its_model(tmp_path):
    folder = make(tmp_path, "gpt2")
    add_tokenizer(folder, size=301)
    config = json.loads((tmp_path / "config.json").read_text())
    model = transformers.GPT2LMHeadModel(transformers.GPT2Config(**(config | {"vocab_size": 50})))
    model.save_pretrained(folder)
    with pytest.raises(UsageError, match="the model has 50"):
        run("", CODES, model=folder)


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_a_model_that_sees_the_future(tmp_path):
    folder = make(tmp_path, "bert")
    with pytest.raises(Incompatible, match="wanted a causal model"):
        run("", CODES, model=folder)


def test_a_model_without_a_start(tmp_path):
    make(tmp_path, "gpt2")
    config = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(
        json.dumps(config | {"bos_token_id": None, "eos_token_id": None})
    )
    with pytest.raises(Incompatible, match="no token to begin"):
        run("", CODES, model=str(tmp_path))
    (tmp_path / "config.json").write_text(json.dumps(config | {"bos_token_id": 5000, "x": 1}))
    (tmp_path / "other").mkdir()
    for file in tmp_path.glob("*.*"):
        (tmp_path / "other" / file.name).write_bytes(file.read_bytes())
    with pytest.raises(Incompatible, match="bos_token_id is 5000"):
        run("", CODES, model=str(tmp_path / "other"))


def test_conformance_with_a_checkpoint(gpt2):
    """What `harness plugin check` asks, of the models that need a checkpoint to be asked anything."""
    found = registries.default()
    names = ["hf-compressor", *(f"hf-causal-lm{ending}" for ending in OUTPUTS)]
    params = {name: {"model": gpt2} for name in names}
    for name in ("hf-causal-lm-attention", "hf-causal-lm-maps", "hf-causal-lm-pointers"):
        params[name] |= {"window": 6}
    params["hf-compressor"] |= {"max_tokens": 3, "draws": 2}
    made, skipped = 0, []
    for check in checks(found.plugins["lm"], found, params):
        if any(str(check).startswith(f"lm/{name}-") for name in names):
            try:
                check()
                made += 1
            except NotChecked:
                skipped.append(str(check))
    # The tiny model's window is too short for a prompt of the compressor.
    assert all("hf-compressor" in name for name in skipped)
    assert made >= 30


def test_attention_that_cannot_be_seen(gpt2, monkeypatch):
    """Maps that are None even when asked for eagerly, and layers that pass the watched attention
    by, are told.
    """
    kind = transformers.GPT2LMHeadModel
    honest = kind.forward

    def silent(self, *args, **more):
        found = honest(self, *args, **more)
        found["attentions"] = None
        return found

    monkeypatch.setattr(kind, "forward", silent)
    with pytest.raises(Incompatible, match="gpt2: returns no attention maps, even with the eager"):
        run("-maps", CODES, model=gpt2, limit=2)
    monkeypatch.setattr(kind, "forward", honest)
    monkeypatch.setattr(kind, "set_attn_implementation", lambda self, name: None)
    with pytest.raises(
        Incompatible, match="attention of 0 of 2 layers is visible; wanted hf-causal-lm-maps"
    ):
        run("-attention", CODES, model=gpt2, limit=2)


@pytest.mark.parametrize("which", ["gpt2", "llama"])
def test_laws_and_heads_of_a_checkpoint_are_the_models_own(which, request):
    folder = request.getfixturevalue(which)
    laws, head = (run(ending, CODES, model=folder, window=12) for ending in ("-laws", "-head"))
    assert np.abs(head.log_laws() - laws.full).max() < 1e-4
    assert np.array_equal(laws.ids, head.ids)


@pytest.mark.parametrize("which", ["gpt2", "llama"])
def test_the_dial_of_a_checkpoint(which, request):
    folder = request.getfixturevalue(which)
    how = {"model": folder, "window": 12, "rule": "same-token"}
    plain = run("-laws", CODES, model=folder, window=12)
    at_zero = run("-laws", CODES, dial=0.0, dial_bias="targets", **how)
    assert np.array_equal(plain.full, at_zero.full)
    low, high = (
        run("-pointers", CODES, dial=dial, dial_bias="targets", **how) for dial in (0.0, 1.0)
    )
    # In the first layer the odds of the targets rise by exp(beta); later ones read other states.
    a, b = (p.inside[:, 0][:, :, 8:] for p in (low, high))
    clear = (a > 1e-6) & (b < 1 - 1e-6)
    assert clear.any()
    before, after = (np.log(p[clear]) - np.log1p(-p[clear]) for p in (a, b))
    assert np.abs(after - before - 6.0).max() < 1e-2
    maps = run("-maps", CODES, dial=1.0, dial_bias="targets", **how)
    assert np.abs(np.triu(maps.a, 1)).max() == 0


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_maps_of_half_precision_are_distributions(gpt2, dtype, caplog):
    """Their rows sum to one within the rounding of the type: more than double precision takes."""
    maps = run("-maps", CODES, model=gpt2, limit=3, dtype=dtype)
    np.testing.assert_allclose(maps.a.sum(-1), 1.0, atol=1e-12)
    exact = run("-maps", CODES, model=gpt2, limit=3)
    assert np.abs(maps.a - exact.a).mean() < 0.05
    assert f"attention maps of {dtype} sum to one within" in caplog.text
