"""Items, vectors, and tiny networks of transformers with random weights."""

import numpy as np
import pytest

import harness
from harness import ConceptVectors, Partitions

WORDS = [
    "this",
    "is",
    "a",
    "the",
    "of",
    "dog",
    "cat",
    "horse",
    "apple",
    "plum",
    "robin",
    "wren",
    "animal",
    "fruit",
    "bird",
    "ice",
    "cream",
    ".",
    ",",
]


def rng(seed=0):
    return np.random.default_rng(seed)


def vectors(x, y, typicality=None, centres=None):
    y = np.asarray(y)
    return ConceptVectors(x, y, tuple(f"c{i}" for i in range(y.max() + 1)), typicality, centres)


def estimate(name, data, seed=0, **params):
    return harness.estimator(f"tokens_to_thoughts/{name}", **params).estimate(data, rng=rng(seed))


def clusters(data, seed=0, **params):
    params = {"clusters": (), "n_init": 20} | params
    return harness.model("tokens_to_thoughts/k-means", **params).transform(
        data, to=Partitions, rng=rng(seed)
    )


def blobs(n=60, k=3, d=5, away=3.0, seed=0):
    """Normal clouds, as vectors with the clouds as categories."""
    g = rng(seed)
    y = np.arange(n) % k
    return vectors(away * g.normal(size=(k, d))[y] + g.normal(size=(n, d)), y)


def _tokenizer(folder, **special):
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    names = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *WORDS]
    raw = Tokenizer(models.WordLevel({w: i for i, w in enumerate(names)}, unk_token="[UNK]"))
    raw.pre_tokenizer = pre_tokenizers.Whitespace()
    if "cls_token" in special:
        raw.post_processor = processors.TemplateProcessing(
            single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
        )
    PreTrainedTokenizerFast(tokenizer_object=raw, unk_token="[UNK]", **special).save_pretrained(
        folder
    )
    return len(names)


@pytest.fixture(scope="session")
def bert(tmp_path_factory):
    """A folder with an encoder of two layers."""
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    folder = tmp_path_factory.mktemp("bert")
    size = _tokenizer(folder, pad_token="[PAD]", cls_token="[CLS]", sep_token="[SEP]")
    config = transformers.BertConfig(
        vocab_size=size, hidden_size=16, num_hidden_layers=2, num_attention_heads=2,
        intermediate_size=32, max_position_embeddings=32,
    )  # fmt: skip
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        transformers.BertModel(config).save_pretrained(folder)
    return str(folder)


@pytest.fixture(scope="session")
def gpt(tmp_path_factory):
    """A folder with a decoder whose tokenizer has no padding token."""
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    folder = tmp_path_factory.mktemp("gpt")
    size = _tokenizer(folder)
    config = transformers.GPT2Config(
        vocab_size=size, n_positions=32, n_embd=16, n_layer=2, n_head=2
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        transformers.GPT2Model(config).save_pretrained(folder)
    return str(folder)
