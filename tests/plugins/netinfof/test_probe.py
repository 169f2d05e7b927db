"""The probe on the scenarios, where it is known what tells, and on data that do not suit it."""

import dataclasses
import subprocess
import sys

import numpy as np
import pytest
import scipy.stats

import harness
from harness import (
    Graph,
    Incompatible,
    LabelledSamples,
    Links,
    Prediction,
    Split,
    simple_edges,
    stream,
)
from harness_netinfof.settings import COMPONENTS


def nui(data, seed=0, **params):
    return harness.estimator("netinfof/nui", **params).estimate(data, rng=stream(seed, "test"))


def scores(estimate):
    return {name: estimate.diagnostics[f"score_{name}"] for name in COMPONENTS}


@pytest.fixture(scope="module")
def links():
    """The six scenarios of three seeds with the probe's answers, H* and no adjustment."""
    made = {}
    for seed in range(3):
        for case in harness.task("graphs/link-scenarios").cases(seed=seed):
            data = case.load()
            made[case.id, seed] = (
                case,
                data,
                scores(nui(data)),
                scores(nui(data, adjust="identity")),
            )
    return made


def mean(links, case, component, plain=False):
    return np.mean(
        [made[3 if plain else 2][component] for (i, _), made in links.items() if i == case]
    )


@pytest.mark.slow
def test_random_features_tell_nothing_of_links(links):
    """0.5, and the bias of 240 to 290 judged pairs (0.008); four standard errors of 0.006."""
    for (name, _), (_, _, adjusted, plain) in links.items():
        if name.startswith("random"):
            assert 0.49 < adjusted["f"] < 0.53
            assert 0.49 < plain["f"] < 0.53


def test_every_informative_component_stands_above_every_uninformative_one(links):
    """Issue 4: the probe orders all scenarios rightly."""
    for case, _, adjusted, _ in links.values():
        told = [adjusted[c] for c in case.facts["informative"]]
        assert min(told) > 0.58
        assert all(adjusted[c] < 0.53 for c in case.facts["uninformative"])


def test_compatibility_finds_what_similarity_misses(links):
    """On "offdiag" linked nodes are in different blocks: z_i z_j says nothing, z_i H* z_j much."""
    for name in ("random-offdiag", "global-offdiag", "local-offdiag"):
        assert mean(links, name, "u") - mean(links, name, "u", plain=True) > 0.2
    for component in "fp":
        gained = mean(links, "local-offdiag", component) - mean(
            links, "local-offdiag", component, plain=True
        )
        assert gained > 0.2


def test_the_best_component_tells_much_in_every_scenario(links):
    """ "random-offdiag" reaches 0.74 to 0.78, depending on the seed; 0.70 is asked for."""
    for _, _, adjusted, _ in links.values():
        assert max(adjusted.values()) > 0.70


def test_equals_the_path_through_the_model():
    """`netinfof-r` gives similarities, and the probe of one column bins them in the same way."""
    data = next(iter(harness.task("graphs/link-scenarios").cases(seed=0))).load()
    embedding = stream(0, "test").spawn(3)[0]  # the stream that the probe itself embeds with
    model = harness.model("netinfof/netinfof-r").transform(data, to=LabelledSamples, rng=embedding)
    similarities = model.x[:, 0]
    from harness_netinfof import table

    edges = table.quantile_edges(similarities[data.split.train], 8)
    valid = data.split.valid
    reference = table.score(
        table.counted(table.binned(similarities[valid], edges), data.y[valid], 8, 2)
    )
    assert nui(model).value == reference.value == nui(data, components=("r",)).value


@pytest.mark.slow
def test_scenarios_of_nodes_are_told_apart():
    """Components that know by construction beat those that cannot, which have the null score."""
    for seed in range(2):
        for case in harness.task("graphs/node-scenarios").cases(seed=seed):
            found = nui(case.load())
            found_scores, null = scores(found), found.diagnostics["null"]
            for c in case.facts["uninformative"]:
                assert found_scores[c] == pytest.approx(null, abs=0.04), (case.id, c)
            for c in case.facts["informative"]:
                assert found_scores[c] > null + 0.04, (case.id, c)


def test_score_is_below_the_accuracy_of_the_same_table():
    for name in ("link-scenarios", "node-scenarios"):
        found = nui(next(iter(harness.task(f"graphs/{name}").cases(seed=0))).load(), shuffles=0)
        for c in COMPONENTS:
            assert found.diagnostics[f"score_{c}"] <= found.diagnostics[f"accuracy_{c}"] + 1e-12


@pytest.mark.slow
@pytest.mark.parametrize("adjust", ["compatibility", "identity"])
def test_components_rank_as_their_own_outcomes_do(links, adjust):
    """Rank correlation of score and Hits@50 of a component's similarity, over 90 of both."""
    told, came = [], []
    for (_, seed), (case, data, *both) in links.items():
        for component in COMPONENTS:
            model = harness.model(f"netinfof/netinfof-{component}", adjust=adjust)
            similarity = model.transform(data, to=LabelledSamples, rng=stream(seed)).x[:, 0]
            test = data.split.test
            scored = harness.task("graphs/link-scenarios").score(
                case, Prediction(similarity[test], test)
            )
            told.append(both[adjust == "identity"][component])
            came.append(scored["hits"])
    assert scipy.stats.spearmanr(told, came).statistic >= 0.8, adjust


def test_the_null_score_covers_labels_that_nothing_tells():
    """Shuffled labels of a real embedding have the null score, within its spread of about 0.01."""
    data = next(iter(harness.task("graphs/node-scenarios").cases(seed=0))).load()
    model = harness.model("netinfof/netinfof-u").transform(data, to=LabelledSamples, rng=stream(0))
    y = stream(1).permutation(model.y)
    found = nui(LabelledSamples(model.x, y, split=model.split))
    assert found.value == pytest.approx(found.diagnostics["null"], abs=0.03)
    corrected = nui(LabelledSamples(model.x, y, split=model.split), correction="miller-madow")
    assert corrected.value < found.value


def test_directed_and_weighted_graphs_are_refused_with_what_to_do():
    data = next(iter(harness.task("graphs/node-scenarios").cases(seed=0))).load()
    with pytest.raises(Incompatible, match=r"directed graph.*simple_edges"):
        nui(dataclasses.replace(data, directed=True))
    with pytest.raises(Incompatible, match=r"weighted graph.*weights=None"):
        nui(dataclasses.replace(data, weights=np.ones(len(data.edges))))


def test_missing_labels_and_splits_are_named():
    data = next(iter(harness.task("graphs/node-scenarios").cases(seed=0))).load()
    with pytest.raises(Incompatible, match="nodes without labels"):
        nui(dataclasses.replace(data, labels=None))
    with pytest.raises(
        Incompatible, match="needs data with a train/test split; this Graph has none"
    ):
        nui(dataclasses.replace(data, split=None))


def test_separate_parts_and_isolated_nodes_are_scored():
    """Two triangles, a path and three nodes alone: they take part, with zero vectors."""
    edges = simple_edges([[0, 1], [1, 2], [0, 2], [3, 4], [4, 5], [3, 5], [6, 7], [7, 8]], 12)
    labels = np.array([0, 0, 0, 1, 1, 1, 0, 1, 0, 1, 0, 1])
    split = Split(np.arange(0, 12, 2), np.array([1, 5, 9]), np.array([3, 7, 11]))
    x = np.random.default_rng(0).normal(size=(12, 4))
    found = nui(Graph(12, edges, x, labels, split=split))
    assert 0 < found.value <= 1


def test_repeated_similarities_make_fewer_bins_with_a_word(caplog):
    rng = np.random.default_rng(0)
    x = rng.integers(3, size=(90, 1)).astype(float)
    y = rng.integers(2, size=90)
    found = nui(
        LabelledSamples(x, y, split=Split(np.arange(50), np.arange(70, 90), np.arange(50, 70)))
    )
    assert found.diagnostics["bins"] == 3
    assert "fewer bins than 8" in caplog.text


def test_perfect_separation_scores_one():
    y = np.arange(80) % 2
    x = np.where(y == 1, 5.0, -5.0)[:, None] + np.linspace(0, 1, 80)[:, None]
    found = nui(
        LabelledSamples(x, y, split=Split(np.arange(40), np.arange(60, 80), np.arange(40, 60)))
    )
    assert found.value == 1.0
    assert found.diagnostics["entropy"] == 0.0


@pytest.mark.slow
@pytest.mark.data
def test_cora_and_chameleon_repeat_the_independent_figures(data_folder):
    """An independent program gave these on a split of its own; splits move a score by 0.015."""
    task = harness.task(
        "graphs/planetoid-links",
        datasets=("cora.npz", "chameleon.npz"),
        root=str(data_folder / "graphs"),
    )
    known = {
        "cora": (0.564, 0.639, 0.617, 0.621, 0.680),
        "chameleon": (0.791, 0.824, 0.550, 0.851, 0.842),
    }
    for case in task.cases(seed=0):
        data = case.load()
        assert isinstance(data, Links)
        found = scores(nui(data))
        assert list(found.values()) == pytest.approx(known[case.id], abs=0.03), case.id
    plain = scores(nui(data, adjust="identity"))
    assert list(plain.values()) == pytest.approx((0.540, 0.801, 0.507, 0.615, 0.673), abs=0.03)


@pytest.mark.parametrize("names", [(3, 10, 99), (10**9, 7, 2**60)])
def test_labels_are_names_to_the_score(names):
    """Three classes under other names, in either order: nothing changes but rounding."""
    rng = stream(0, "names")
    y = np.arange(120) % 3
    x = rng.normal(size=(120, 2)) + y[:, None]
    split = Split(np.arange(60), np.arange(90, 120), np.arange(60, 90))
    renamed = np.array(names)[y]
    plain = nui(LabelledSamples(x, y, split=split))
    found = nui(LabelledSamples(x, renamed, split=split))
    assert found.value == pytest.approx(plain.value, rel=1e-12)
    assert 0.34 < plain.value < 0.9
    assert found.diagnostics["bins"] == plain.diagnostics["bins"]
    edges = simple_edges(rng.integers(120, size=(300, 2)), 120)
    first, again = (nui(Graph(120, edges, x, labels, split=split)) for labels in (y, renamed))
    assert again.value == pytest.approx(first.value, rel=1e-9)


def test_labels_are_names_to_the_predictors_of_nodes():
    for case in harness.task("graphs/node-scenarios").cases(seed=0):
        data = case.load()
        break
    renamed = dataclasses.replace(data, labels=np.where(data.labels < 0, -1, 10 * data.labels + 7))
    task = harness.task("graphs/node-scenarios")
    for name in ("netinfof/netinfof-act", "netinfof/linear"):
        estimator = harness.estimator(name)
        plain, found = (estimator.estimate(d, rng=stream(0)) for d in (data, renamed))
        assert np.array_equal(plain.values, found.values)
        scored = [
            task.score(dataclasses.replace(case, data=d), p)["accuracy"]
            for d, p in ((data, plain), (renamed, found))
        ]
        assert scored[0] == scored[1] > 0


@pytest.mark.parametrize("offset", [1e6, 1e8])
def test_vectors_far_from_the_origin_tell_as_much(offset):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(1000, 4))
    y = (x[:, 0] > 0).astype(int)
    split = Split(np.arange(700), np.arange(700, 1000))
    here, there = (nui(LabelledSamples(points, y, split=split)).value for points in (x, x + offset))
    assert there == pytest.approx(here, abs=0.01)


def test_what_clusters_nodes_is_imported_before_the_timing():
    """A record states what the method takes, not what its first import takes."""
    code = (
        "import sys, harness; harness.estimator('nui').warm_up(); "
        "sys.exit('sklearn.cluster' not in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
