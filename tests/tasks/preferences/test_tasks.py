"""The tasks on preferences: closed forms, tries of texts, loaders, known information."""

import json
import logging

import numpy as np
import pytest

import harness
from harness import Curve, UsageError
from harness_preferences.margins import label_information
from harness_preferences.trees import closed_form, complete, tails
from harness_preferences.tries import trie

RNG = np.random.default_rng


def cases(name, seed=0, **params):
    return list(harness.task(f"preferences/{name}", **params).cases(seed=seed))


def measure(name, data):
    return harness.estimator(f"rlhf_topology/{name}").estimate(data, rng=RNG(0))


def test_resistances_and_paths_are_the_closed_forms():
    """Foster's sum for any graph, 2.1 for three steps in a ring of ten."""
    found = {c.id: c for c in cases("resistor-graphs", noise=0.7)}
    assert found["cycle-10"].truth["inference_distance"] == pytest.approx(0.7 * 2.1)
    assert found["regular-20"].truth["inference_distance"] == pytest.approx(0.7 * 0.1, rel=0.01)
    for case in found.values():
        data = case.load()
        for quantity, truth in case.truth.items():
            value = measure(quantity.replace("_", "-"), data).value
            assert value == pytest.approx(truth, rel=1e-8), (case.id, quantity)


def test_prefix_trees_have_the_tails_that_are_asked_for():
    assert tails("polynomial", 0.5, 4, 2) == pytest.approx([1, 2**-0.5, 2**-1, 2**-1.5, 0])
    assert tails("logarithmic", 2.0, 3, 2) == pytest.approx([1, 1 / 4, 1 / 9, 0])
    assert tails("sub-logarithmic", 1.0, 2, 3) == pytest.approx([1, 1 / (1 + np.log(2)), 0])
    for case in cases("prefix-trees", height=5, branching=3, budgets=(20,), noises=(0.1,)):
        data = case.load()
        assert len(data.leaves) == 3**5
        assert (data.variance[1:] > 0).all()
        assert case.truth["structural_exponent"] == case.facts["alpha"]


def test_rewards_have_the_prior_variance():
    """Squared differences over prior distances average to 1, over seeds, within 5 errors."""
    ratios = []
    for seed in range(40):
        data = cases("prefix-trees", seed, height=8, budgets=(20,), noises=(0.1,))[0].load()
        a, b = data.test_pairs.T
        up_a, up_b, distance = a.copy(), b.copy(), np.zeros(len(a))
        while (up_a != up_b).any():  # leaves of one depth climb together
            apart = up_a != up_b
            distance += np.where(apart, data.variance[up_a] + data.variance[up_b], 0.0)
            up_a, up_b = np.where(apart, data.parent[up_a], up_a), np.where(apart, data.parent[up_b], up_b)  # fmt: skip
        ratios.append(((data.reward[a] - data.reward[b]) ** 2 / distance).mean())
    assert abs(np.mean(ratios) - 1) < 5 * np.std(ratios, ddof=1) / np.sqrt(40)


def test_cases_of_one_tree_share_rewards_and_test_pairs():
    one, two = (c.load() for c in cases("prefix-trees", height=6, structures=("polynomial",), noises=(0.1,)))  # fmt: skip
    assert (one.budget, two.budget) == (128, 512)
    np.testing.assert_array_equal(one.reward, two.reward)
    np.testing.assert_array_equal(one.test_pairs, two.test_pairs)


def test_the_score_of_a_structural_function_is_its_error():
    task = harness.task("preferences/prefix-trees", height=5, structures=("polynomial",))
    case = next(iter(task.cases(seed=0)))
    exact = closed_form(-np.diff(tails("polynomial", 0.5, 5, 2)), 2)
    np.testing.assert_allclose(exact, [1.53837, 1.07675, 0.73928, 0.47855, 0.25, 0.0], atol=5e-6)
    x = 2.0 ** np.arange(6)
    assert task.score(case, Curve(x, exact, "M", "F"))["structural_error"] == 0.0
    off = Curve(x[1:4], exact[1:4] + np.array([0, 0.1, 0]), "M", "F")
    assert task.score(case, off)["structural_error"] == pytest.approx(0.1 / exact[0])
    found = measure("structural-function", case.load())
    assert task.score(case, found)["structural_error"] < 1e-12


def test_a_complete_tree_has_its_parents_one_level_up():
    parent, variance, leaves = complete(np.array([3.0, 2.0]), 3)
    assert parent.tolist() == [-1, 0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3]
    assert variance.tolist() == [0.0] + [3.0] * 3 + [2.0] * 9
    assert leaves.tolist() == list(range(4, 13))


def test_a_trie_shares_beginnings_and_gives_every_text_back():
    texts = ["a b c", "a b d e", "a b", "x y", "a b c", "x  y z", ""]
    parent, added, nodes = trie(texts)
    assert (parent[1:] < np.arange(1, len(parent))).all()

    def whole(node):
        return "" if node < 0 else whole(parent[node]) + added[node]

    assert [whole(node) for node in nodes] == texts
    assert nodes[0] == nodes[4]
    children = np.bincount(parent[1:], minlength=len(parent))
    assert (children[nodes] == 0).all()  # a text that begins another ends in its own leaf
    assert (children[1:] != 1).all()  # no chains
    assert sum(len(text) for text in added) < sum(map(len, set(texts)))


def test_sentences_of_the_manual_make_a_trie_with_shared_prefixes():
    data = cases("pydoc-trie", most=400, budgets=(50,), noises=(0.1,))[0].load()
    children = np.bincount(data.parent[1:], minlength=len(data.parent))
    assert children[0] < len(data.leaves) / 10
    below = np.zeros(len(data.parent))
    for node, up in enumerate(data.parent):
        below[node] = data.variance[node] + (below[up] if up >= 0 else 0)
    np.testing.assert_allclose(below[data.leaves], 1.0)
    curve = measure("structural-function", data)
    assert curve.x[-1] == len(data.leaves)
    assert curve.y[0] > curve.y[-1] == 0.0


def written(tmp_path, rows, name="rows.jsonl"):
    path = tmp_path / name
    lines = json.dumps(rows) if name.endswith(".json") else "\n".join(map(json.dumps, rows))
    path.write_text(lines)
    return str(path)


SPOKEN = [
    {"chosen": f"\n\nHuman: sum {i}?\n\nAssistant: It is {i}.", "rejected": f"\n\nHuman: sum {i}?\n\nAssistant: No {i}."}
    for i in range(20)
]  # fmt: skip


def texts_of(data):
    whole = []
    for up, text in zip(data.parent, data.texts, strict=True):
        whole.append((whole[up] if up >= 0 else "") + text)
    return [(whole[a], whole[b]) for a, b in data.pairs]


def test_preferences_of_a_file_are_its_rows(tmp_path):
    path = written(tmp_path, SPOKEN)
    (case,) = cases("preference-text", dataset=path)
    data = case.load()
    assert (data.n, data.signs, len(data.split.test)) == (20, True, 4)
    assert 0 < (data.y > 0).sum() < 20  # the preferred one stands first or second
    found = {pair if y > 0 else pair[::-1] for pair, y in zip(texts_of(data), data.y, strict=True)}
    assert found == {(row["chosen"], row["rejected"]) for row in SPOKEN}
    assert measure("inference-distance", data).value > 0
    assert data.reward is None


@pytest.mark.parametrize("explicit", [False, True])
def test_no_prompt_is_on_both_sides_of_the_split(tmp_path, explicit):
    rows = []
    for i in range(48):
        prompt = f"\n\nHuman: sum {i % 6}?\n\nAssistant:"
        pair = {"chosen": f" It is {i}.", "rejected": f" No {i}."}
        if explicit:
            rows.append({"prompt": prompt, **pair})
        else:
            rows.append({name: prompt + text for name, text in pair.items()})
    data = cases("preference-text", dataset=written(tmp_path, rows))[0].load()
    asked = np.array([a.partition("?")[0] for a, _ in texts_of(data)])
    train, test = (set(asked[part]) for part in (data.split.train, data.split.test))
    assert (len(train), len(test)) == (4, 2)
    assert not train & test
    one = [{"prompt": "why ", "chosen": f"so {i}", "rejected": f"no {i}"} for i in range(10)]
    data = cases("preference-text", dataset=written(tmp_path, one))[0].load()
    assert (len(data.split.train), len(data.split.test)) == (8, 2)


def test_a_rejected_text_that_is_known_is_kept(tmp_path):
    rows = [*SPOKEN, {"question": "ask", "answer": "say"}]
    data = cases("preference-text", dataset=written(tmp_path, rows))[0].load()
    found = {pair if y > 0 else pair[::-1] for pair, y in zip(texts_of(data), data.y, strict=True)}
    assert {(row["chosen"], row["rejected"]) for row in SPOKEN} < found


def test_conversations_and_explicit_prompts_are_read(tmp_path):
    turns = [{"role": "user", "content": "why"}, {"role": "assistant", "content": "so"}]
    other = [turns[0], {"role": "assistant", "content": "no idea"}]
    rows = [{"chosen": turns, "rejected": other}, {"prompt": "what ", "chosen": "this", "rejected": "that"}]  # fmt: skip
    data = cases("preference-text", dataset=written(tmp_path, rows, "rows.json"))[0].load()
    assert sorted(t for pair in texts_of(data) for t in pair) == [
        "\n\nUser: why\n\nAssistant: no idea",
        "\n\nUser: why\n\nAssistant: so",
        "what that",
        "what this",
    ]


@pytest.mark.parametrize("columns", [("question", "answer"), ("dialogue", "summary")])
def test_references_are_preferred_to_those_of_other_rows(tmp_path, columns):
    rows = [{columns[0]: f"ask {i}", columns[1]: f"say {i}"} for i in range(12)]
    path = written(tmp_path, rows)
    data = cases("preference-text", dataset=path)[0].load()
    for pair, y in zip(texts_of(data), data.y, strict=True):
        (better, worse) = pair if y > 0 else pair[::-1]
        number = better.split()[1]
        assert better == f"ask {number}\n\nsay {number}"
        assert worse.startswith(f"ask {number}\n\nsay ")
    prompts = cases("preference-prompts", dataset=path)[0].load()
    assert prompts.references == tuple(f"say {i}" for i in range(12))


def test_prompts_of_transcripts_end_with_the_last_turn(tmp_path):
    data = cases("preference-prompts", dataset=written(tmp_path, SPOKEN))[0].load()
    assert data.texts[3] == "\n\nHuman: sum 3?\n\nAssistant:"
    assert data.references[3] == " It is 3."


def test_rows_that_compare_nothing_are_left_out_and_told(tmp_path, caplog):
    rows = [*SPOKEN, {"chosen": "a b", "rejected": "a  b"}, {"chosen": "", "rejected": "c"}]
    with caplog.at_level(logging.WARNING, "harness.preferences"):
        data = cases("preference-text", dataset=written(tmp_path, rows))[0].load()
    assert data.n == 20
    assert "2 rows with an empty text, or with two equal ones, are left out" in caplog.text


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([{"text": "a"}], "columns text; wanted chosen and rejected"),
        ([{"chosen": 3, "rejected": "b"}], "int; wanted a text, or turns"),
        ([["a", "b"]], r"rows\.jsonl:1: list; wanted an object"),
        ([*SPOKEN, {"chosen": 3, "rejected": "b"}], r"rows\.jsonl:21: int; wanted a text"),
        ([], "no rows; wanted at least one"),
        ([{"chosen": "a", "rejected": "b"}], "1 rows with two different texts"),
    ],
)
def test_bad_rows_are_refused(tmp_path, rows, message):
    with pytest.raises(UsageError, match=message):
        cases("preference-text", dataset=written(tmp_path, rows))[0].load()


def test_bad_files_are_refused(tmp_path):
    with pytest.raises(UsageError, match=r"dataset is empty; wanted --set preference-text.dataset"):
        cases("preference-text")
    with pytest.raises(UsageError, match="no such file"):
        cases("preference-text", dataset="/no/such.jsonl")
    (tmp_path / "bad.jsonl").write_text("{")
    with pytest.raises(UsageError, match=r"bad.jsonl:1: .* wanted one JSON value a line"):
        cases("preference-text", dataset=str(tmp_path / "bad.jsonl"))[0].load()


def test_a_data_set_laid_out_like_the_hub_keeps_its_parts(tmp_path):
    pytest.importorskip("datasets")
    whole = tmp_path / "whole"
    whole.mkdir()
    for part, rows in (("train", SPOKEN[:15]), ("test", SPOKEN[15:])):
        written(whole, rows, f"{part}.jsonl")
    data = cases("preference-text", dataset=str(whole))[0].load()
    assert (len(data.split.train), len(data.split.test)) == (15, 5)
    (tmp_path / "hole").mkdir()
    for part, rows in (("train", SPOKEN), ("test", [*SPOKEN[:5], SPOKEN[5] | {"rejected": None}])):
        written(tmp_path / "hole", rows, f"{part}.jsonl")
    with pytest.raises(UsageError, match=r"split 'test', row 5: NoneType; wanted a text"):
        cases("preference-text", dataset=str(tmp_path / "hole"))[0].load()
    few = cases("preference-text", dataset=str(whole), limit=8)[0].load()
    assert few.n == 8


def test_labels_carry_the_information_of_quadrature():
    """Against drawn entropies within 5 standard errors; little spread tells little."""
    z = 1.7 * RNG(0).normal(size=200_000)
    p = 1 / (1 + np.exp(-z))
    drawn = np.log(2) + p * np.log(p) + (1 - p) * np.log(1 - p)
    assert abs(label_information(1.7) - drawn.mean()) < 5 * drawn.std() / np.sqrt(len(z))
    assert label_information(1e-3) == pytest.approx(1e-6 / 8, rel=1e-3)
    # The entropy of a label integrates to pi^2 / 3 over the margin.
    lost = np.pi**2 / 3 / np.sqrt(2 * np.pi) / 100
    assert label_information(100.0) == pytest.approx(np.log(2) - lost, abs=1e-5)


def test_known_margins_are_found_from_the_draws():
    """By the correlation of margins; by the probability of the drawn labels. 5 standard errors."""
    n = 4000
    for case in cases("known-margins", n=n):
        data, ratio = case.load(), case.facts["ratio"]
        x, y = data.x[:, 0], data.y[:, 0]
        if case.facts["annotation"] == "margin":
            r2 = np.corrcoef(x, y)[0, 1] ** 2
            found, error = -0.5 * np.log(1 - r2), np.sqrt(r2 / n)
        else:
            local = np.log(2) - np.logaddexp(0, np.where(y > 0, -1, 1) * np.pi / np.sqrt(3) * x)
            found, error = local.mean(), local.std() / np.sqrt(n)
        assert abs(found - case.truth["mutual_information"]) < 5 * error, (case.id, ratio)
