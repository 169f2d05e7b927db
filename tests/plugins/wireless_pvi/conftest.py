"""Tiny models of transformers, made on the disk: random weights, no network."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

import harness
from harness import LabelledText, LabelLogProbabilities, Split

RNG = np.random.default_rng
WORDS = [
    "the",
    "a",
    "lamp",
    "is",
    "on",
    "off",
    "red",
    "blue",
    "old",
    "new",
    "big",
    "small",
    "text",
    "answer",
    "with",
    "one",
    "of",
    "low",
    "high",
    "A",
    "B",
    "C",
    "D",
    ":",
    ".",
    ",",
    ")",
    "(",
    "?",
    "what",
    "up",
    "down",
]


def scores(name, data, seed=0, **params):
    """Log-probabilities by a model of the plugin."""
    return harness.model(f"wireless_pvi/{name}", **params).transform(
        data, to=LabelLogProbabilities, rng=RNG(seed)
    )


def estimate(name, data, seed=0, **params):
    return harness.estimator(f"wireless_pvi/{name}", **params).estimate(data, rng=RNG(seed))


def lamps(n=160, flip=0.0, seed=0, test=40):
    """Texts of different lengths in which one word tells the class, but for a share of wrong labels."""
    rng = RNG(seed)
    clean = rng.integers(2, size=n)
    wrong = rng.random(n) < flip
    fill = [
        " ".join(rng.choice(["red", "blue", "old", "new", "big"], rng.integers(1, 12)))
        for _ in range(n)
    ]
    texts = tuple(f"the {fill[i]} lamp {i} is {('off', 'on')[c]}" for i, c in enumerate(clean))
    split = Split(np.arange(n - test), np.arange(n - test, n))
    return LabelledText(texts, clean ^ wrong, ("low", "high"), wrong=wrong, split=split)


def tokenizer(folder, **special):
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    names = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "<end>", *WORDS, *map(str, range(200))]
    raw = Tokenizer(
        models.WordLevel({w: i for i, w in enumerate(dict.fromkeys(names))}, unk_token="[UNK]")
    )
    raw.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Whitespace()])
    if "cls_token" in special:
        raw.post_processor = processors.TemplateProcessing(
            single="[CLS] $A [SEP]",
            pair="[CLS] $A [SEP] $B:1 [SEP]:1",
            special_tokens=[("[CLS]", 2), ("[SEP]", 3)],
        )
    PreTrainedTokenizerFast(tokenizer_object=raw, unk_token="[UNK]", **special).save_pretrained(
        folder
    )
    return len(dict.fromkeys(names))


@pytest.fixture(scope="session")
def bert(tmp_path_factory):
    """A folder with an encoder without a classification head."""
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    folder = tmp_path_factory.mktemp("bert")
    size = tokenizer(folder, pad_token="[PAD]", cls_token="[CLS]", sep_token="[SEP]")
    config = transformers.BertConfig(
        vocab_size=size, hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64,
        max_position_embeddings=64,
    )  # fmt: skip
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        transformers.BertModel(config).save_pretrained(folder)
    return str(folder)


@pytest.fixture(scope="session")
def gpt(tmp_path_factory):
    """A folder with a causal language model whose tokenizer has no padding token."""
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    folder = tmp_path_factory.mktemp("gpt")
    size = tokenizer(folder, eos_token="<end>")
    config = transformers.GPT2Config(
        vocab_size=size,
        n_positions=128,
        n_embd=32,
        n_layer=2,
        n_head=2,
        bos_token_id=4,
        eos_token_id=4,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        transformers.GPT2LMHeadModel(config).save_pretrained(folder)
    return str(folder)


@pytest.fixture
def remote(tmp_path, bert):
    """A folder whose model is code of its own."""
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(Path(bert, name), tmp_path)
    auto = {"AutoConfig": "own.Config", "AutoModelForSequenceClassification": "own.Model"}
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "own", "auto_map": auto}))
    (tmp_path / "own.py").write_text("raise SystemExit('remote code ran')\n")
    return str(tmp_path)
