"""`tiny-compressor`: small networks that compress generated stories and answer from what is left."""

import dataclasses
import itertools

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import harness  # noqa: E402
from harness import ChannelLogLikelihoods, Contexts, Incompatible, Split, stream  # noqa: E402
from harness_lm import tiny_compressor  # noqa: E402
from harness_lm.tiny_compressor import Words, extract  # noqa: E402


def stories(**params):
    return next(
        iter(harness.task("context-questions", **({"contexts": 24} | params)).cases(seed=0))
    ).load()


@pytest.fixture(scope="module")
def data():
    return stories()


def compress(data, seed=0, **params):
    return harness.model("tiny-compressor", **params).transform(
        data, to=ChannelLogLikelihoods, rng=stream(seed)
    )


def measured(channel):
    names = ("agentic-mi", "bits-per-token", "answer-accuracy")
    return [harness.estimator(f"agentic/{n}").estimate(channel, rng=stream(0)).value for n in names]


def entropy(answers):
    p = np.unique(answers, return_counts=True)[1] / len(answers)
    return -(p * np.log(p)).sum()


@pytest.mark.slow
def test_better_trained_compressors_keep_more_and_answers_follow(data):
    """Of four facts with eight values each, one is asked for: chance is 1/8, a perfect extract
    keeps H(answer).
    """
    weak, good = measured(compress(data, steps=150)), measured(compress(data))
    assert weak[0] < 0.3
    assert weak[2] < 0.35
    assert good[2] > 0.85
    assert 0.75 * entropy(data.part("test").answers) < good[0] <= np.log(24)
    assert good[1] > 5 * weak[1]
    # A predictor that has not learnt to read gets little from the same compressions.
    blind = compress(data, predictor_steps=20)
    assert blind.log_p.tolist() == compress(data).log_p.tolist()
    assert measured(blind)[2] < 0.4


@pytest.mark.slow
def test_longer_extracts_keep_more_but_less_a_token(data):
    short, long = compress(data), compress(data, sentences=3)
    assert long.lengths.mean() > 2 * short.lengths.mean()
    assert measured(long)[0] > measured(short)[0]
    assert measured(long)[1] < measured(short)[1]


def test_the_law_is_that_of_the_draws(close32):
    """ln p by reading every pair from its beginning; and one-token draws come as often as they are
    likely.
    """
    data = stories(contexts=4, training=200)
    small = {"steps": 30, "predictor_steps": 5, "width": 16}
    found = compress(data, **small)
    assert found.exact
    test, words = data.part("test"), Words(data.part("train"))
    model = harness.model("tiny-compressor", **small)
    kept = [words.codes(extract(t, data.query)[0]) for t in data.part("train").texts]
    task = (tiny_compressor.QUESTION, *words.codes(data.query), tiny_compressor.SUMMARY)
    asked = [(*words.codes(t), *task) for t in data.part("train").texts]
    network = model._trained(
        [(*x, *z, tiny_compressor.END) for x, z in zip(asked, kept, strict=True)], words, 30
    )
    prompts = [(*words.codes(t), *task) for t in test.texts]
    parts = [(7, 9, tiny_compressor.END), (11,)]
    scored = model._scored(network, prompts, parts, 0.7)
    for (i, p), (j, z) in itertools.product(enumerate(prompts), enumerate(parts)):
        with torch.no_grad():
            logits = network(torch.tensor([[network.start, *p, *z]]))[0].double() / 0.7
        law = logits.log_softmax(-1)
        wanted = sum(float(law[len(p) + k, c]) for k, c in enumerate(z))
        close32(scored[i, j], wanted, terms=(7 + 1) * 64)  # one layer of width 16
    drawn = model._drawn(network, [prompts[0]] * 4000, 1, stream(5))
    with torch.no_grad():
        p = (
            network(torch.tensor([[network.start, *prompts[0]]]))[0, -1]
            .double()
            .softmax(-1)
            .numpy()
        )
    share = np.bincount([z[0] for z in drawn], minlength=len(p)) / 4000
    assert (np.abs(share - p) < 5 * np.sqrt(p / 4000) + 1e-3).all()
    # Compressions end once, with their end, or are as long as may be.
    assert all(
        z[-1] == tiny_compressor.END or len(z) == 7
        for z in model._drawn(network, prompts, 7, stream(1))
    )


def test_equal_seeds_and_one_network_for_all(data, monkeypatch, tmp_path):
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path))
    quick = {"steps": 5, "predictor_steps": 5}
    first = compress(data, **quick)
    files = sorted(tmp_path.rglob("*.safetensors"))
    assert len(files) == 2
    assert compress(data, **quick) == first
    assert compress(data, 1, **quick) != first
    compress(data, **quick, draws=2, temperature=0.5)
    assert sorted(tmp_path.rglob("*.safetensors")) == files
    # Test contexts have no part in what is learnt.
    other = data.take(np.concatenate([data.split.train, data.split.test[:9]]))
    compress(other, **quick)
    assert sorted(tmp_path.rglob("*.safetensors")) == files


def test_extracts():
    text = "Its metal is zinc. Its colour is red. Nothing else! It has a tree."
    assert extract(text, "What is its colour?")[:2] == ["Its colour is red.", "Its metal is zinc."]
    assert extract(text, "Why?")[0] == "Its metal is zinc."


def test_equal_draws_are_told(data, caplog):
    found = compress(data, steps=5, predictor_steps=5, temperature=0.0, draws=2)
    assert (found.log_p[:, 0] == found.log_p[:, 1]).all()
    assert not found.exact
    assert "wanted draws=1" in caplog.text


def test_what_does_not_fit(data):
    quick = {"steps": 2, "predictor_steps": 2}
    with pytest.raises(Incompatible, match="train/test split"):
        compress(dataclasses.replace(data, split=None))
    texts = ("A box is red.", "A box is blue.", "A box is red.", "A box is blue. " * 9)
    split = Split(np.array([0, 1]), np.array([2, 3]))
    long = Contexts(
        texts, ("red", "blue", "red", "blue"), query="What?", options=("red", "blue"), split=split
    )
    with pytest.raises(Incompatible, match=r"a context of \d+ words"):
        compress(long, **quick)
    # Words that were never seen are all one; without answers nothing is answered.
    new = Contexts((*texts[:3], "A kite is mauve."), query="What?", split=split)
    assert compress(new, **quick).correct is None
