"""Hidden states of a causal language model from a local checkpoint."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

import harness  # noqa: E402
from harness import UsageError  # noqa: E402
from harness_networks.language import LMLayers  # noqa: E402


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    """A GPT-2 of two blocks with random weights, and a tokenizer of single characters."""
    from tokenizers import Regex, Tokenizer, models, pre_tokenizers

    folder = str(tmp_path_factory.mktemp("tiny"))
    letters = {chr(c): i + 1 for i, c in enumerate(range(32, 127))}
    tokenizer = Tokenizer(
        models.WordLevel({"?": 0} | {k: v for k, v in letters.items() if k != "?"}, unk_token="?")
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(""), "isolated")
    transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="?").save_pretrained(
        folder
    )
    torch.manual_seed(0)
    config = transformers.GPT2Config(vocab_size=97, n_positions=64, n_embd=16, n_layer=2, n_head=2)
    transformers.GPT2LMHeadModel(config).save_pretrained(folder)
    return folder


@pytest.fixture
def text(tmp_path):
    file = tmp_path / "text.txt"
    file.write_text("the quick brown fox jumps over the lazy dog. " * 20, encoding="utf-8")
    return str(file)


def task(checkpoint, text, **more):
    return LMLayers(**{"model": checkpoint, "text": text, "tokens": 60, "window": 16} | more)


def test_a_case_per_hidden_state_on_the_same_tokens(checkpoint, text):
    asked = task(checkpoint, text)
    cases = list(asked.cases(seed=0))
    assert [c.id for c in cases] == ["hidden-00", "hidden-01", "hidden-02"]
    assert [c.facts["place"] for c in cases] == [0, 1, 2]
    seen = [c.load() for c in cases]
    assert {d.x.shape for d in seen} == {(60, 16)}
    model = transformers.AutoModelForCausalLM.from_pretrained(checkpoint).eval()
    with torch.no_grad():
        states = model(torch.from_numpy(asked.windows(0)), output_hidden_states=True).hidden_states
    for data, state in zip(seen, states, strict=True):
        np.testing.assert_allclose(data.x, state[:, 1:].flatten(0, 1)[:60], rtol=1e-5, atol=1e-6)
    assert cases[0].load() != next(iter(asked.cases(seed=1))).load()


def test_modules_by_name(checkpoint, text):
    asked = task(checkpoint, text, layers=("hidden-02", "*.mlp"))
    found = {c.id: c.load() for c in asked.cases(seed=0)}
    assert list(found) == ["hidden-02", "transformer.h.0.mlp", "transformer.h.1.mlp"]
    assert found["transformer.h.0.mlp"].x.shape == (60, 16)
    assert np.abs(found["transformer.h.0.mlp"].x - found["transformer.h.1.mlp"].x).max() > 0


def test_the_language_reference_is_the_default_text(checkpoint):
    assert len(LMLayers(model=checkpoint, tokens=100, window=64).windows(0)) == 2


def test_wrong_requests(checkpoint, text, tmp_path):
    with pytest.raises(UsageError, match="no checkpoint named"):
        list(harness.task("lm-layers", model="").cases(seed=0))
    with pytest.raises(UsageError, match="leave out text and layers"):
        list(harness.task("lm-layers", layers=("hidden-01",)).cases(seed=0))
    with pytest.raises(UsageError, match="save_pretrained"):
        list(LMLayers(model=str(tmp_path)).cases(seed=0))
    with pytest.raises(UsageError, match=r"matches none of hidden-00, .*transformer\.h\.0\.mlp"):
        list(task(checkpoint, text, layers=("block-7",)).cases(seed=0))
    with pytest.raises(UsageError, match="no vector per token"):
        next(iter(task(checkpoint, text, layers=("transformer.wpe",)).cases(seed=0))).load()
    with pytest.raises(UsageError, match="smaller skip"):
        list(task(checkpoint, text, skip=16).cases(seed=0))
    with pytest.raises(UsageError, match="cannot be read"):
        task(checkpoint, str(tmp_path / "none.txt")).windows(0)
    (tmp_path / "short.txt").write_text("few", encoding="utf-8")
    with pytest.raises(UsageError, match="3 tokens"):
        task(checkpoint, str(tmp_path / "short.txt")).windows(0)


@pytest.mark.slow
def test_the_embedded_model_is_the_default():
    """Layers at the same tokens: the embedding repeats where a token does, later layers do not."""
    found = {c.id: c.load() for c in harness.task("lm-layers", tokens=500).cases(seed=0)}
    assert list(found) == ["hidden-00", "hidden-01", "hidden-02"]
    assert {data.x.shape for data in found.values()} == {(500, 64)}
    distinct = [len(np.unique(data.x.round(9), axis=0)) for data in found.values()]
    assert distinct[1] == distinct[2] == 500
    states = harness.model("lm/tiny-lm-states", layer=2)
    (case,) = harness.task("language/pydoc-text").cases(seed=0)
    every = states.transform(case.load(), to=harness.HiddenStates, rng=harness.stream(1)).x
    assert {tuple(row) for row in found["hidden-02"].x} <= {tuple(row) for row in every}


def test_a_path_to_effective_features(checkpoint, text):
    """Task, autoencoder and estimator line up, and so does the rank."""
    asked = {"model": checkpoint, "text": text, "tokens": 300, "window": 16}
    records = harness.run(
        tasks=["lm-layers"],
        estimators=["effective-features", "effective-rank"],
        params={"lm-layers": asked, "sae": {"epochs": 2, "steps": 0}},
        baselines=False,
    )
    assert {r.status for r in records} == {"ok"}
    assert len(records) == 6
    assert all(1 <= r.value <= r.diagnostics.get("dictionary", 16) for r in records)
