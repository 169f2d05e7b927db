"""Small sources and data sets of preferences, and a dense oracle of their posterior."""

import math

import numpy as np
import pytest

import harness
from harness import Preferences, PreferenceSource, Split
from harness_rlhf_topology.kinds import RewardPredictions

RNG = np.random.default_rng


def complete(height, alpha=0.5, branching=2):
    """Parents, variances and leaves of a complete tree with polynomial tails."""
    sizes = branching ** np.arange(height + 1)
    tails = [branching ** (-alpha * k) for k in range(height)] + [0.0]
    parent = (np.arange(sizes.sum()) - 1) // branching
    parent[0] = -1
    variance = np.repeat([0.0, *-np.diff(tails)], sizes)
    return parent, variance, np.arange(len(parent) - sizes[-1], len(parent))


def source(height=5, alpha=0.5, noise=0.3, budget=20, seed=0, tests=30, **more):
    parent, variance, leaves = complete(height, alpha)
    reward = PreferenceSource.drawn(parent, variance, RNG(seed))
    pairs = np.array([RNG((seed, i)).choice(leaves, 2, replace=False) for i in range(tests)])
    return PreferenceSource(parent, variance, leaves, pairs, noise, budget, reward, **more)


def preferences(name="chain", data=None, seed=0, **params):
    """A data set by a topology of the plugin."""
    model = harness.model(f"rlhf_topology/{name}", **params)
    return model.transform(data or source(), to=Preferences, rng=RNG(seed))


def measure(name, data, **params):
    return harness.estimator(f"rlhf_topology/{name}", **params).estimate(data, rng=RNG(0))


def predictions(name, data, seed=0, **params):
    model = harness.model(f"rlhf_topology/{name}", **params)
    return model.transform(data, to=RewardPredictions, rng=RNG(seed))


def graph_of(pairs, test, noise=1.0, nodes=None, y=None):
    """Comparisons without a prior: each node is a tree of its own."""
    both = np.concatenate([np.reshape(pairs, (-1, 2)), np.reshape(test, (-1, 2))])
    count, n = int(nodes or both.max() + 1), len(np.reshape(pairs, (-1, 2)))
    split = Split(np.arange(n), np.arange(n, len(both)))
    margins = np.zeros(len(both)) if y is None else y
    return Preferences(np.full(count, -1), np.zeros(count), both, margins, noise, split=split)


def covariance(parent, variance):
    """K (v, v) by the paths to the root: the plain definition."""
    paths = np.zeros((len(parent), len(parent)))
    for node in range(len(parent)):
        up = node
        while up >= 0:
            paths[node, up] = 1.0
            up = parent[up]
    return (paths * variance) @ paths.T


def design(pairs, nodes):
    rows = np.zeros((len(pairs), nodes))
    rows[np.arange(len(pairs)), pairs[:, 0]] += 1.0
    rows[np.arange(len(pairs)), pairs[:, 1]] -= 1.0
    return rows


def dense(data):
    """Posterior mean (v,), its covariance (v, v), prior K and design A, by the textbook formula."""
    prior = covariance(data.parent, data.variance)
    train = data.part("train")
    rows = design(train.pairs, len(data.parent))
    gram = rows @ prior @ rows.T + data.noise * np.eye(train.n)
    gain = np.linalg.solve(gram, rows @ prior).T
    return gain @ train.y, prior - gain @ rows @ prior, prior, rows


def of_pairs(matrix, pairs):
    a, b = pairs.T
    return matrix[a, a] + matrix[b, b] - 2 * matrix[a, b]


WORDS = [*["the", "a", "lamp", "is", "on", "off", "red", "blue", "old", "new", "big", "small", "very", "not", "of", "it", "and", "good", "bad", "fine", "poor", ".", "?"]]  # fmt: skip


def tokenizer(folder):
    """Words between spaces; joined, they are the text."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    names = ["<end>", "[UNK]", *WORDS, *(f" {w}" for w in WORDS)]
    raw = Tokenizer(models.WordLevel({w: i for i, w in enumerate(names)}, unk_token="[UNK]"))
    raw.pre_tokenizer = pre_tokenizers.Split(r" ", "merged_with_next")
    raw.decoder = decoders.Fuse()
    PreTrainedTokenizerFast(
        tokenizer_object=raw, unk_token="[UNK]", eos_token="<end>", pad_token="<end>"
    ).save_pretrained(folder)
    return len(names)


def config(size, **more):
    import transformers

    return transformers.GPT2Config(
        vocab_size=size, n_positions=128, n_embd=32, n_layer=2, n_head=2, bos_token_id=0,
        eos_token_id=0, **more,
    )  # fmt: skip


@pytest.fixture(scope="session")
def gpt(tmp_path_factory):
    """A folder with a causal language model with random weights."""
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    folder = tmp_path_factory.mktemp("gpt")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        transformers.GPT2LMHeadModel(config(tokenizer(folder))).save_pretrained(folder)
    return str(folder)


@pytest.fixture(scope="session")
def judge(tmp_path_factory):
    """A folder with a sequence classifier with one output and random weights."""
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    folder = tmp_path_factory.mktemp("judge")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        made = config(tokenizer(folder), num_labels=1, pad_token_id=0)
        transformers.GPT2ForSequenceClassification(made).save_pretrained(folder)
    return str(folder)


def logistic_beta(noise):
    return math.pi / math.sqrt(3 * noise)
