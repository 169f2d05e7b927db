"""Small checkpoints with random weights, of the formats of transformers: attention, a state space, masks."""

import numpy as np
import pytest
import torch

import harness
from harness import Incompatible, ReferencedText, UsageError
from harness import registry as registries
from harness.testing import NotChecked, checks
from harness_token_semantics.checkpoints import CausalLaws, MaskedLaws

tokenizers = pytest.importorskip("tokenizers")
transformers = pytest.importorskip("transformers")

WORDS = ["[UNK]", "[MASK]", "[CLS]", "[SEP]", "<s>", "is", "the", "box", "red", "blue", "?", "."]
TEXT = ReferencedText(("is the box red ?", "is the box blue ?"), ("the box is red .", "blue ."))
SIZES = {"hidden_size": 16, "num_hidden_layers": 2, "vocab_size": len(WORDS)}


def saved(folder, model, **special):
    for p in model.parameters():
        p.data.mul_(5.0)  # far from uniform
    model.save_pretrained(folder)
    core = tokenizers.Tokenizer(
        tokenizers.models.WordLevel({w: i for i, w in enumerate(WORDS)}, unk_token="[UNK]")
    )
    core.pre_tokenizer = tokenizers.pre_tokenizers.WhitespaceSplit()
    transformers.PreTrainedTokenizerFast(tokenizer_object=core, **special).save_pretrained(folder)
    return str(folder)


@pytest.fixture(scope="module", params=["gpt2", "mamba"])
def causal(request, tmp_path_factory):
    torch.manual_seed(0)
    if request.param == "gpt2":
        config = transformers.GPT2Config(
            vocab_size=len(WORDS), n_positions=32, n_embd=16, n_layer=2, n_head=2, bos_token_id=4, eos_token_id=4
        )  # fmt: skip
        model = transformers.GPT2LMHeadModel(config)
    else:
        config = transformers.MambaConfig(
            state_size=4, bos_token_id=4, eos_token_id=4, pad_token_id=4, **SIZES
        )
        model = transformers.MambaForCausalLM(config)
    return saved(tmp_path_factory.mktemp(request.param), model, bos_token="<s>")


@pytest.fixture(scope="module")
def masked(tmp_path_factory):
    torch.manual_seed(0)
    config = transformers.BertConfig(
        num_attention_heads=2, intermediate_size=32, max_position_embeddings=32, **SIZES
    )
    special = {"mask_token": "[MASK]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    return saved(tmp_path_factory.mktemp("bert"), transformers.BertForMaskedLM(config), **special)


def test_causal_laws_are_those_of_the_model(causal):
    found = CausalLaws(model=causal).transform(TEXT, to=None, rng=np.random.default_rng(0))
    assert np.diff(found.offsets).tolist() == [5, 2]
    assert [WORDS[i] for i in found.ids] == ["the", "box", "is", "red", ".", "blue", "."]
    model = transformers.AutoModelForCausalLM.from_pretrained(causal).eval()

    def last(*words):
        with torch.no_grad():
            logits = model(torch.tensor([[WORDS.index(w) for w in words]])).logits
        return torch.log_softmax(logits[0, -1], -1).numpy()

    asked = ("<s>", "is", "the", "box", "red", "?")
    assert found.full[0] == pytest.approx(last(*asked), abs=1e-4)
    assert found.full[3] == pytest.approx(last(*asked, "the", "box", "is"), abs=1e-4)
    assert found.blind[0] == pytest.approx(last("<s>"), abs=1e-4)
    assert found.blind[6] == pytest.approx(last("<s>", "blue"), abs=1e-4)
    assert np.abs(found.full[0] - found.blind[0]).max() > 0.01


def test_fewer_pairs_and_tokens(causal):
    found = CausalLaws(model=causal, pairs=1, tokens=2).transform(
        TEXT, to=None, rng=np.random.default_rng(0)
    )
    assert found.offsets.tolist() == [0, 2]


def test_masked_laws_uncover_one_by_one(masked):
    found = MaskedLaws(model=masked, orders=2).transform(
        TEXT, to=None, rng=np.random.default_rng(0)
    )
    assert np.diff(found.offsets).tolist() == [5, 5, 2, 2]
    names = [WORDS[i] for i in found.ids]
    reply = TEXT.references[0].split()
    for start in (0, 5):
        assert sorted(names[start : start + 5]) == sorted(reply)
    model = transformers.AutoModelForMaskedLM.from_pretrained(masked).eval()

    def law(shown, at, *before):
        """The law of a place of the reply, with these places shown."""
        words = [w if i in shown else "[MASK]" for i, w in enumerate(reply)]
        ids = [WORDS.index(w) for w in ("[CLS]", *before, *words, "[SEP]")]
        with torch.no_grad():
            logits = model(torch.tensor([ids])).logits
        return torch.log_softmax(logits[0, 1 + len(before) + at], -1).numpy()

    order = [reply.index(w) for w in names[:5]]
    asked = (*TEXT.texts[0].split(), "[SEP]")
    for t in (0, 2, 4):
        assert found.full[t] == pytest.approx(law(order[:t], order[t], *asked), abs=1e-4)
        assert found.blind[t] == pytest.approx(law(order[:t], order[t]), abs=1e-4)


@pytest.mark.parametrize("kind", [CausalLaws, MaskedLaws])
def test_what_cannot_be_loaded(kind, tmp_path):
    rng = np.random.default_rng(0)
    with pytest.raises(Incompatible, match="no checkpoint; set model"):
        kind().transform(TEXT, to=None, rng=rng)
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match=r"model '.*empty"):
        kind(model=str(tmp_path / "empty")).transform(TEXT, to=None, rng=rng)


def roberta():
    return transformers.RobertaConfig(
        num_attention_heads=2, intermediate_size=32, max_position_embeddings=32, pad_token_id=0, **SIZES
    )  # fmt: skip


def test_a_model_that_sees_later_tokens_is_no_causal_one(tmp_path):
    """transformers loads RoBERTa as a causal model, without a mask on what comes later."""
    torch.manual_seed(0)
    model = transformers.RobertaForMaskedLM(roberta())
    folder = saved(tmp_path, model, bos_token="<s>", mask_token="[MASK]")
    rng = np.random.default_rng(0)
    with pytest.raises(Incompatible, match="roberta: earlier positions see later tokens"):
        CausalLaws(model=folder).transform(TEXT, to=None, rng=rng)
    assert MaskedLaws(model=folder).transform(TEXT, to=None, rng=rng).n == 8


def test_a_checkpoint_without_a_head_is_refused(tmp_path):
    model = transformers.RobertaModel(roberta(), add_pooling_layer=False)
    folder = saved(tmp_path, model, mask_token="[MASK]")
    with pytest.raises(UsageError, match=r"lm_head.* is absent and would be random"):
        MaskedLaws(model=folder).transform(TEXT, to=None, rng=np.random.default_rng(0))


def test_no_token_to_begin_with(tmp_path):
    model = transformers.MambaForCausalLM(transformers.MambaConfig(state_size=4, **SIZES))
    folder = saved(tmp_path / "bare", model)
    with pytest.raises(Incompatible, match="no token that a sequence begins with"):
        CausalLaws(model=folder).transform(TEXT, to=None, rng=np.random.default_rng(0))


def test_dialogues_by_plan_alone(causal):
    (record,) = harness.run(
        tasks=["dialogues"],
        models=["causal-laws"],
        estimators=["di-lm"],
        params={"causal-laws": {"model": causal}, "dialogues": {"n": 5}},
    )
    assert record.status == "ok"
    assert record.value is not None


def test_conformance_with_checkpoints(causal, masked):
    """What `harness plugin check` asks, of the models that need a checkpoint to be asked anything."""
    found = registries.default()
    sizes = {"pairs": 4, "tokens": 4}
    params = {
        "causal-laws": {"model": causal, **sizes},
        "masked-laws": {"model": masked, "orders": 2, **sizes},
    }
    made, skipped = 0, []
    for check in checks(found.plugins["token_semantics"], found, params):
        if "causal-laws" in str(check) or "masked-laws" in str(check):
            try:
                check()
                made += 1
            except NotChecked as reason:
                skipped.append(f"{check}: {reason}")
    assert made >= 20, skipped
