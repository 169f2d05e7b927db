"""Reward models and the tree generator on tiny models of transformers: no network."""

import dataclasses
import shutil

import numpy as np
import pytest

import harness
from harness import Incompatible, Preferences, PreferenceSource, ReferencedText, Split, UsageError
from harness_rlhf_topology.generator import grow, segment
from harness_rlhf_topology.hf_reward import response_texts, unseen
from harness_rlhf_topology.settings import Generator

from .conftest import RNG, config, measure, predictions, preferences

pytest.importorskip("torch")
pytest.importorskip("transformers")


def judged(n=220, seed=0):
    """Pairs of texts of which the one with more good words is preferred; a tree of two levels."""
    rng = RNG(seed)
    adjectives = np.array(["good", "fine", "bad", "poor", "old", "new"])
    worth = np.array([1.0, 1.0, -1.0, -1.0, 0.0, 0.0])
    parent, texts, value, leaves = [-1], ["the lamp"], [0.0], []
    for _ in range(60):
        words = rng.integers(6, size=3)
        leaves.append(len(parent))
        parent.append(0)
        texts.append(" is" + "".join(f" {w}" for w in adjectives[words]))
        value.append(worth[words].sum())
    reward = np.array(value)
    pairs = []
    while len(pairs) < n:
        a, b = rng.choice(leaves, 2, replace=False)
        if reward[a] != reward[b]:
            pairs.append((a, b))
    pairs = np.array(pairs)
    y = np.sign(reward[pairs[:, 0]] - reward[pairs[:, 1]])
    variance = np.array([0.0] + [1.0] * 60)
    split = Split(np.arange(n - 100), np.arange(n - 100, n))
    return Preferences(parent, variance, pairs, y, 1.0, reward, texts, signs=True, split=split)


@pytest.mark.parametrize("rank", [0, 4])
def test_a_reward_model_learns_from_pairs_and_repeats(judge, rank):
    if rank:
        pytest.importorskip("peft")
    asked = {"model": judge, "steps": 80, "learning_rate": 1e-2, "lora_rank": rank, "batch": 8}
    found = predictions("hf-reward", judged(), **asked)
    before = predictions("hf-reward", judged(), model=judge, steps=0)
    accuracy = measure("pair-accuracy", found)
    assert accuracy.value > 0.5 + 4 * 0.5 / np.sqrt(100)  # four standard errors above chance
    assert accuracy.diagnostics["loss"] < measure("pair-accuracy", before).diagnostics["loss"]
    if rank:
        again = predictions("hf-reward", judged(), **asked)
        np.testing.assert_array_equal(found.mean, again.mean)


def test_test_pairs_are_not_learnt_from(judge, caplog):
    """With labels that contradict it: a pair of the test that is annotated, too, changes nothing."""
    data = judged()
    asked = data.pairs[data.split.test][:, ::-1]
    pairs = np.concatenate([data.pairs, asked])
    y = np.concatenate([data.y, np.sign(data.reward[asked[:, 1]] - data.reward[asked[:, 0]])])
    split = Split(np.r_[data.split.train, np.arange(data.n, len(pairs))], data.split.test)
    more = dataclasses.replace(data, pairs=pairs, y=y, split=split)
    own = unseen(data.part("train").pairs, asked)
    assert unseen(more.part("train").pairs, asked).tolist() == own.tolist()
    params = {"model": judge, "steps": 5, "lora_rank": 0}
    plain, leaky = (predictions("hf-reward", d, **params) for d in (data, more))
    np.testing.assert_array_equal(plain.mean, leaky.mean)
    assert "comparisons are asked for in the test and are not learnt from" in caplog.text
    with pytest.raises(Incompatible, match="all comparisons are those of the test"):
        unseen(asked, asked)


def test_batches_change_no_score(judge):
    one = predictions("hf-reward", judged(), model=judge, steps=0, batch=1)
    many = predictions("hf-reward", judged(), model=judge, steps=0, batch=32)
    np.testing.assert_allclose(one.mean, many.mean, atol=1e-5)


def test_reward_models_are_refused_without_a_model_texts_or_a_head(judge, gpt):
    with pytest.raises(Incompatible, match="no model is named"):
        predictions("hf-reward", judged())
    with pytest.raises(Incompatible, match="no texts"):
        predictions("hf-reward", dataclasses.replace(judged(), texts=None), model=judge)
    with pytest.raises(UsageError, match="no head with one output"):
        predictions("hf-reward", judged(), model=gpt, steps=0)
    with pytest.raises(UsageError, match="cannot be loaded"):
        predictions("hf-reward", judged(), model="/no/such/folder")


@pytest.mark.parametrize("steps", [0, 5])
@pytest.mark.parametrize("odd", ["absent", "of another shape"])
def test_a_reward_model_with_a_random_backbone_is_refused(judge, tmp_path, steps, odd):
    """transformers fills such weights with random ones, under a head that is whole."""
    tensors = pytest.importorskip("safetensors.torch")
    folder = tmp_path / "part"
    shutil.copytree(judge, folder)
    held = tensors.load_file(folder / "model.safetensors")
    name = next(key for key in held if key.startswith("transformer.h.0.mlp"))
    value = held.pop(name)
    if odd != "absent":
        held[name] = value[:1].clone()
    tensors.save_file(held, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(UsageError, match=rf"{name} is absent or .* would be random \(1 such"):
        predictions("hf-reward", judged(), model=str(folder), steps=steps)


@pytest.mark.parametrize("prefixed", [True, False])
def test_a_head_is_trained_on_a_whole_backbone(gpt, prefixed, tmp_path):
    """A language model has no head with one output: that alone is new, the rest is its own."""
    import transformers

    if not prefixed:  # as a bare network is saved: its names lack the beginning "transformer."
        bare = transformers.AutoModel.from_pretrained(gpt)
        bare.save_pretrained(tmp_path)
        transformers.AutoTokenizer.from_pretrained(gpt).save_pretrained(tmp_path)
        gpt = str(tmp_path)
    found = predictions("hf-reward", judged(), model=gpt, steps=1, lora_rank=0)
    assert np.isfinite(found.mean).all()


PROMPTS = ReferencedText(
    ("the lamp is", "a good lamp is not", "it is of"), ("on", "bad", "the lamp")
)


def written(gpt, seed=0, prompts=PROMPTS, **more):
    asked = {"model": gpt, "depth": 3, "segment_tokens": 3, "leaf_tokens": 4, "nodes": 20}
    model = harness.model("rlhf_topology/hf-tree", **(asked | more))
    return model.transform(prompts, to=PreferenceSource, rng=RNG(seed))


def test_the_generator_grows_a_tree_for_each_prompt(gpt, judge):
    source = written(gpt, judge=judge, branching=2, budget=50, tests=30)
    depth = np.zeros(len(source.parent), int)
    root = np.arange(len(source.parent))
    for node, up in enumerate(source.parent):
        if up >= 0:
            depth[node], root[node] = depth[up] + 1, root[up]
    children = np.bincount(source.parent[source.parent >= 0], minlength=len(source.parent))
    assert children.max() <= 2
    assert depth.max() <= 3
    assert np.bincount(root).max() <= 20
    assert (children[source.leaves] == 0).all()
    assert [source.texts[r] for r in np.unique(root)] == list(PROMPTS.texts)
    texts = response_texts(source.parent, source.texts, source.leaves)
    assert all(
        t.startswith(source.texts[r]) for t, r in zip(texts, root[source.leaves], strict=True)
    )
    assert source.reward[source.leaves].std() == pytest.approx(1.0)
    again = written(gpt, judge=judge, branching=2, budget=50, tests=30)
    assert source == again
    data = preferences("tree", source, depth=2)
    a, b = data.pairs.T
    assert (root[a] == root[b]).all()  # every pair is about one prompt
    assert (a != b).all()
    length = measure("annotation-length", data)
    assert length.value < length.diagnostics["full"]
    assert measure("inference-distance", data).value > 0


def test_without_a_judge_there_are_trees_but_no_rewards(gpt):
    source = written(gpt)
    assert source.reward is None
    with pytest.raises(Incompatible, match="hf-tree with a judge"):
        preferences("chain", source)


def test_a_model_without_its_head_writes_nothing(gpt, tmp_path):
    """Its output layer, which is apart from the embeddings here, would be random."""
    import torch
    import transformers

    words = transformers.AutoTokenizer.from_pretrained(gpt)
    made = config(len(words), tie_word_embeddings=False)
    with torch.random.fork_rng(devices=[]):
        transformers.GPT2Model(made).save_pretrained(tmp_path)
    words.save_pretrained(tmp_path)
    with pytest.raises(UsageError, match=r"lm_head.weight is absent and would be random"):
        written(str(tmp_path))


def test_prompts_without_two_responses_are_refused(gpt):
    with pytest.raises(Incompatible, match="no prompt has two different responses"):
        written(gpt, branching=1)


def scripted(steps):
    """A sampler that gives what it is told, and notes what it was asked for."""
    asked = []

    def sample(ids, count, tokens, heat):
        asked.append((len(ids), count, tokens, heat))
        return steps(ids)[:count]

    return sample, asked


def letters(ids):
    return "".join(map(chr, ids))


def codes(text):
    return [ord(c) for c in text]


def test_algorithm_1_branches_cools_and_completes():
    sample, asked = scripted(lambda ids: [(codes("a."), False), (codes("b."), False)])
    tree = grow(codes("x"), sample, letters, Generator(depth=2, branching=2, hot=2.0, cold=0.5, leaf_tokens=7))  # fmt: skip
    assert tree.parent == [-1, 0, 0, 1, 1, 2, 2]
    assert tree.leaves == [3, 4, 5, 6]
    assert tree.texts[3:] == ["a.a.", "b.a.", "a.a.", "b.a."]  # completed once each
    assert [heat for *_, heat in asked] == [2.0, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5]
    assert [count for _, count, *_ in asked] == [2, 2, 2, 1, 1, 1, 1]
    assert asked[-1][2] == 7


def test_algorithm_1_drops_repeats_and_ends_texts():
    sample, _ = scripted(lambda ids: [(codes("a"), True), (codes("a"), False), (codes("b"), False)])
    tree = grow(codes("x"), sample, letters, Generator(depth=2, branching=3, leaf_tokens=0))
    assert tree.parent == [-1, 0, 0, 2, 2]
    assert tree.leaves == [1, 3, 4]


def test_algorithm_1_keeps_to_its_nodes():
    sample, _ = scripted(lambda ids: [(codes("a"), False), (codes("b"), False)])
    for nodes in (2, 5, 9):
        tree = grow(codes("x"), sample, letters, Generator(depth=6, branching=2, nodes=nodes, leaf_tokens=0))  # fmt: skip
        assert len(tree.parent) <= max(nodes, 3)
        assert len(tree.leaves) >= 2


def test_a_segment_ends_with_its_separator():
    assert segment(codes("x"), codes("ab.cd"), letters, ".") == (codes("ab."), True)
    assert segment(codes("x."), codes("abcd"), letters, ".") == (codes("abcd"), False)
    assert segment(codes("x"), codes("ab."), letters, ".") == (codes("ab."), False)
