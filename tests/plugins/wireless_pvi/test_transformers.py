"""Models of transformers against plain loops over the same weights, and what they refuse."""

import dataclasses
import logging
import math

import numpy as np
import pytest

from harness import Incompatible, ReferencedText, UsageError, single_threaded
from harness_wireless_pvi.kinds import GeneratedText

from .conftest import RNG, estimate, lamps, scores

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

TERMS = (2 * 7 + 1) * 64
"""Of sums in a row: norm, queries, scores, mixture, output and two maps in each of two layers; logits."""


def plain(folder, texts):
    """One text at a time, no batches."""
    words = transformers.AutoTokenizer.from_pretrained(folder)
    network = transformers.AutoModelForSequenceClassification.from_pretrained(folder).eval()
    with torch.inference_mode():
        rows = [network(**words(text, return_tensors="pt")).logits[0].double() for text in texts]
    return torch.log_softmax(torch.stack(rows), -1).numpy()


@pytest.fixture(scope="module")
def headed(bert, tmp_path_factory):
    """The encoder with a head for two classes."""
    folder = tmp_path_factory.mktemp("headed")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        network = transformers.AutoModelForSequenceClassification.from_pretrained(
            bert, num_labels=2
        )
    network.save_pretrained(folder)
    transformers.AutoTokenizer.from_pretrained(bert).save_pretrained(folder)
    return str(folder)


def test_bucketed_scores_are_those_of_one_text_at_a_time(headed, close32):
    data = lamps()
    found = scores("hf-classifier", data, model=headed, steps=0, score_tokens=64)
    wanted = plain(headed, [data.texts[i] for i in data.split.test])
    close32(found.log_full, wanted, TERMS)
    np.testing.assert_array_equal(found.row, data.split.test)


def test_a_fine_tuned_classifier_learns_and_repeats(bert):
    data = lamps()
    found = scores("hf-classifier", data, model=bert, steps=60, learning_rate=3e-3)
    assert estimate("pvi", found).value > 0.6
    again = scores("hf-classifier", data, model=bert, steps=60, learning_rate=3e-3)
    np.testing.assert_array_equal(found.log_full, again.log_full)


def test_a_classifier_with_low_rank_updates_learns(bert):
    pytest.importorskip("peft")
    found = scores("hf-classifier", lamps(), model=bert, steps=80, learning_rate=1e-2, lora_rank=4)
    assert estimate("pvi", found).value > 0.4


def test_a_trained_null_of_a_classifier_is_near_the_prior(bert):
    """Within two standard errors of a share among 120 training labels."""
    data = lamps(flip=0.2)
    found = scores("hf-classifier", data, model=bert, steps=60, learning_rate=1e-3, null="trained")
    prior = data.y[data.split.train].mean()
    np.testing.assert_allclose(np.exp(found.log_null[:, 1]), prior, atol=2 * math.sqrt(0.25 / 120))


def test_a_model_without_a_classification_head_is_refused_as_it_is(bert, headed):
    with pytest.raises(
        UsageError, match=r"no classification head \(classifier.bias is absent\); wanted one for 2"
    ):
        scores("hf-classifier", lamps(), model=bert, steps=0)
    three = dataclasses.replace(lamps(), classes=("low", "high", "other"))
    with pytest.raises(UsageError, match="2 classes; wanted one for 3 classes, or steps above 0"):
        scores("hf-classifier", three, model=headed, steps=0)


@pytest.mark.parametrize("name", ["hf-classifier", "hf-causal"])
def test_a_model_must_be_named(name):
    with pytest.raises(Incompatible, match=rf"--set {name}\.model=FOLDER"):
        scores(name, lamps())


def test_remote_code_is_never_run(remote):
    with pytest.raises(UsageError, match="needs code from its repository, which is never run here"):
        scores("hf-classifier", lamps(), model=remote)


def test_what_is_not_there_and_what_needs_a_login(tmp_path, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(
        UsageError,
        match="wanted a folder, a model in the cache that HF_HOME names, or network access",
    ):
        scores("hf-classifier", lamps(), model="nobody/no-such-model")
    with pytest.raises(UsageError, match=r"this folder cannot be loaded: .*wanted config.json"):
        scores("hf-classifier", lamps(), model=str(tmp_path))

    def gated(*names, **more):
        raise OSError("You are trying to access a gated repo. 401 Client Error.")

    monkeypatch.setattr(transformers.AutoTokenizer, "from_pretrained", gated)
    with pytest.raises(UsageError, match="needs a login that this machine does not have"):
        scores("hf-classifier", lamps(), model="somebody/gated")


def test_what_is_cut_is_said(bert, caplog):
    with caplog.at_level(logging.WARNING, "harness"):
        scores("hf-classifier", lamps(), model=bert, steps=1, max_length=10)
    assert "texts are longer than max_length=10 tokens: their ends are cut off" in caplog.text


def answers(folder, asked, options):
    """Summed log-probabilities of every option after every prompt, one pass each."""
    network = transformers.AutoModelForCausalLM.from_pretrained(folder).eval()
    rows = []
    with torch.inference_mode():
        for prompt in asked:
            row = []
            for option in options:
                logits = torch.log_softmax(
                    network(torch.tensor([prompt + option])).logits[0].double(), -1
                )
                row.append(
                    sum(float(logits[len(prompt) + i - 1, token]) for i, token in enumerate(option))
                )
            rows.append(row)
    return torch.log_softmax(torch.tensor(rows), -1).numpy()


@pytest.mark.parametrize(
    ("scoring", "classes"), [("first", ("low", "high")), ("whole", ("low one", "low red blue"))]
)
def test_shared_prefixes_give_what_whole_prompts_give(gpt, scoring, classes, close32):
    from harness_wireless_pvi import hub
    from harness_wireless_pvi.predictors import prompts

    data = dataclasses.replace(lamps(), classes=classes)
    found = scores("hf-causal", data, model=gpt, scoring=scoring, score_tokens=100)
    asked = prompts.build(hub.tokenizer(gpt, "main"), data, "", 512, False)
    wanted = answers(gpt, [asked.prefix + asked.full[i] for i in data.split.test], asked.options)
    close32(found.log_full, wanted, TERMS)
    blank = answers(gpt, [asked.prefix + asked.null[0]], asked.options)
    close32(found.log_null, np.repeat(blank, found.n, 0), TERMS)


def test_low_rank_updates_of_a_language_model_train_little_and_lower_the_loss(gpt):
    pytest.importorskip("peft")
    from harness_wireless_pvi import hub, training
    from harness_wireless_pvi.predictors import tuning
    from harness_wireless_pvi.predictors.hf_causal import answer_loss

    base, _ = hub.model("AutoModelForCausalLM", gpt, "main")
    whole = sum(p.numel() for p in base.parameters())
    network = tuning.with_updates(base, "CAUSAL_LM", 4)
    assert sum(p.numel() for p in network.parameters() if p.requires_grad) < 0.3 * whole

    def losses(rows):
        return answer_loss(network, [[5, 6, 7]] * len(rows), [[9]] * len(rows), 0, "cpu")

    rows = np.arange(4)
    before = float(losses(rows).mean().detach())
    with single_threaded("cpu", RNG(0)):
        after = training.train(
            network, losses, training.shuffled(rows, 4, 60, RNG(0)), steps=60, learning_rate=1e-2, weight_decay=0.0,
            device="cpu",
        )  # fmt: skip
    assert after < before - 0.3  # the frozen random embedding bounds what a margin can be


def test_a_fine_tuned_language_model_learns(gpt):
    found = scores("hf-causal", lamps(), model=gpt, steps=80, learning_rate=3e-3)
    assert estimate("pvi", found).value > 0.5
    assert abs(estimate("pvi", found).diagnostics["null_excess"]) < 0.05


def test_options_stay_out_of_the_null_unless_asked_for(gpt):
    data = lamps()
    context = tuple("A ) on B ) off" if i % 2 else "A ) off B ) on" for i in range(data.n))
    data = dataclasses.replace(data, contexts=context, classes=("A", "B"))
    bare = scores("hf-causal", data, model=gpt)
    assert np.ptp(bare.log_null, axis=0).max() == 0.0
    kept = scores("hf-causal", data, model=gpt, null_keeps_context=True)
    assert np.ptp(kept.log_null, axis=0).max() > 0.0


def test_answers_that_cannot_be_told_apart_are_refused(gpt):
    data = dataclasses.replace(lamps(), classes=("low one", "low red"))
    with pytest.raises(
        UsageError, match="'low one' and 'low red' begin with the same token; wanted scoring=whole"
    ):
        scores("hf-causal", data, model=gpt)
    with pytest.raises(UsageError, match="the answer '' has no tokens"):
        scores("hf-causal", dataclasses.replace(lamps(), classes=("", "low")), model=gpt)
    with pytest.raises(
        UsageError,
        match="row 0: nothing of the text fits into its prompt; wanted max_length",
    ):
        scores("hf-causal", lamps(), model=gpt, max_length=8)


def test_encoders_give_sentence_vectors(bert, close32):
    data = lamps()
    found = scores("embedding-logistic", data, encoder=bert)
    assert math.isfinite(estimate("pvi", found).value)
    from harness_wireless_pvi.predictors.encoder import encode

    x = encode(list(data.texts[:9]), bert, "cpu")
    alone = np.concatenate([encode([text], bert, "cpu") for text in data.texts[:9]])
    close32(x, alone, TERMS)
    np.testing.assert_allclose(np.linalg.norm(x, axis=1), 1.0)


def test_a_language_model_writes(gpt):
    import harness

    data = ReferencedText(("the lamp is on", "the lamp is off"), ("on", "off"))
    writer = harness.model("hf-writer", model=gpt, new_tokens=5)
    found = writer.transform(data, to=GeneratedText, rng=RNG(0))
    assert found.references == data.references
    assert all(len(text.split()) <= 5 for text in found.written)
    assert found == writer.transform(data, to=GeneratedText, rng=RNG(1))


@pytest.mark.skipif(
    not torch.cuda.is_available(), reason="no GPU here: bfloat16 on CUDA is not checked"
)
@pytest.mark.parametrize("name", ["hf-classifier", "hf-causal"])
def test_half_precision_on_a_gpu_is_near_full_precision(name, headed, gpt):
    data = lamps()
    model = headed if name == "hf-classifier" else gpt
    cpu, cuda = (
        scores(name, data, model=model, steps=0, device=device) for device in ("cpu", "cuda")
    )
    np.testing.assert_allclose(cpu.log_full, cuda.log_full, atol=0.05)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_gpu_that_is_absent_is_said(headed):
    with pytest.raises(UsageError, match="torch sees no GPU here; wanted device=cpu"):
        scores("hf-classifier", lamps(), model=headed, steps=0, device="cuda")


@pytest.fixture(scope="module")
def llama(tmp_path_factory):
    """A small model whose tokenizer puts a mark before whatever it is given, as Llama's does."""
    from tokenizers import Tokenizer, decoders, models, normalizers, processors

    folder = tmp_path_factory.mktemp("llama")
    words = [
        "▁yes",
        "▁no",
        "▁Answer",
        "▁Text",
        "▁with",
        "▁one",
        "▁of",
        "▁good",
        "▁bad",
        "▁film",
        "Answer",
        "Text",
        "yes",
        "no",
    ]
    letters = ["▁", "\n", ":", ",", "."] + [chr(c) for c in range(48, 123) if chr(c).isalnum()]
    vocab = [("<unk>", 0.0), ("<s>", 0.0), ("</s>", 0.0)]
    vocab += [(word, -2.0) for word in words] + [(letter, -8.0) for letter in letters]
    made = Tokenizer(models.Unigram(vocab, unk_id=0, byte_fallback=False))
    made.normalizer = normalizers.Sequence(
        [normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")]
    )
    made.decoder = decoders.Sequence([decoders.Replace("▁", " ")])
    made.post_processor = processors.TemplateProcessing(
        single="<s> $A", special_tokens=[("<s>", 1)]
    )
    transformers.PreTrainedTokenizerFast(
        tokenizer_object=made,
        unk_token="<unk>",
        bos_token="<s>",
        eos_token="</s>",
        pad_token="</s>",
    ).save_pretrained(folder)
    config = transformers.LlamaConfig(
        vocab_size=len(vocab),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        max_position_embeddings=256,
        bos_token_id=1,
        eos_token_id=2,
        initializer_range=0.3,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        transformers.LlamaForCausalLM(config).save_pretrained(folder)
    return str(folder)


@pytest.mark.parametrize("scoring", ["whole", "first"])
def test_prompt_and_answer_are_encoded_together(llama, scoring):
    import harness
    from harness import LabelledText, LabelLogProbabilities, Split

    texts = tuple(f"{'good' if i % 2 else 'bad'} film {i}" for i in range(12))
    split = Split(np.arange(6), np.arange(6, 12))
    data = LabelledText(texts, np.arange(12) % 2, ("no", "yes"), split=split)
    found = harness.model("hf-causal", model=llama, scoring=scoring).transform(
        data, to=LabelLogProbabilities, rng=RNG(0)
    )
    words = transformers.AutoTokenizer.from_pretrained(llama)
    network = transformers.AutoModelForCausalLM.from_pretrained(llama).eval()
    for row, place in enumerate(found.row):
        prompt = f"Answer with one of: no, yes.\nText: {texts[place]}\nAnswer:"
        asked = words(prompt)["input_ids"]
        table = []
        for answer in (" no", " yes"):
            ids = words(prompt + answer)["input_ids"]
            assert ids[: len(asked)] == asked
            with torch.inference_mode():
                log_p = torch.log_softmax(network(torch.tensor([ids])).logits[0].double(), -1)
            if scoring == "whole":
                terms = [log_p[i - 1, ids[i]] for i in range(len(asked), len(ids))]
                table.append(sum(terms))
            else:
                bare = words(prompt + answer.strip())["input_ids"][len(asked)]
                first = torch.tensor(sorted({ids[len(asked)], bare}))
                table.append(torch.logsumexp(log_p[len(asked) - 1, first], 0))
        wanted = torch.log_softmax(torch.stack(table), 0).numpy()
        np.testing.assert_allclose(found.log_full[row], wanted, atol=1e-5)
