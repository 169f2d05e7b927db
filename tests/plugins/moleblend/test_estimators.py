"""What is read off predictions: exact figures, intervals, probes, limits."""

import dataclasses
import math

import numpy as np
import pytest

from harness import Incompatible, Molecules, PairedSamples, RelationPairs, Split, stream
from harness_moleblend.counts import PairTable
from harness_moleblend.estimators import BlendMI, BlendTerm, BlendTerms, BlendTotal, RelationPVI
from harness_moleblend.fingerprints import Morgan
from harness_moleblend.kinds import PATTERNS, RelationLogProbabilities
from harness_moleblend.ridge import RidgeAuc, RidgeR2

RNG = stream(0)


def predictions(n=60, seed=0):
    return RelationLogProbabilities.example(stream(seed), n)


def mean(data, modality, pattern, what="log_full"):
    rows = (data.modality == modality) & (data.pattern == PATTERNS.index(pattern))
    return getattr(data, what)[rows].mean()


def test_terms_are_differences_of_cross_entropies_and_add_up_to_twice_the_total():
    data = predictions()
    null = math.log(3)
    wanted = [
        null + mean(data, 1, "other"),
        null + mean(data, 0, "other"),
        mean(data, 1, "both") - mean(data, 1, "own"),
        mean(data, 0, "both") - mean(data, 0, "own"),
        null + mean(data, 0, "own"),
        null + mean(data, 1, "own"),
        mean(data, 0, "both") - mean(data, 0, "other"),
        mean(data, 1, "both") - mean(data, 1, "other"),
    ]
    curve = BlendTerms().estimate(data, rng=RNG)
    assert curve.y == pytest.approx(wanted, abs=1e-12)
    for term in range(1, 9):
        one = BlendTerm(term=term).estimate(data, rng=RNG)
        assert one.value == pytest.approx(wanted[term - 1], abs=1e-12)
        # 300 bootstrap draws know a standard error to 6 %; two of them differ by less than 30 %.
        assert one.stderr == pytest.approx(curve.stderr[term - 1], rel=0.3)
    total = BlendTotal().estimate(data, rng=RNG)
    assert total.value == pytest.approx(sum(wanted) / 2, abs=1e-12)
    assert total.value == total.diagnostics["hops"] + total.diagnostics["distance"]


def test_given_atoms_the_first_terms_are_over_and_above_them():
    data = predictions()
    for term, (modality, pattern) in {1: (1, "other"), 5: (0, "own")}.items():
        found = BlendTerm(term=term, given="atoms").estimate(data, rng=RNG).value
        wanted = mean(data, modality, pattern) - mean(data, modality, "none")
        assert found == pytest.approx(wanted, abs=1e-12)
    over = BlendMI(given="atoms").estimate(data, rng=RNG).value
    assert over == pytest.approx(mean(data, 0, "all") - mean(data, 0, "none"), abs=1e-12)
    same = [BlendTerm(term=7, given=g).estimate(data, rng=RNG).value for g in ("nothing", "atoms")]
    assert same[0] == same[1]


def test_the_bound_takes_the_entropy_of_the_test_relations():
    data = predictions()
    for direction, modality in (("2d", 0), ("3d", 1)):
        found = BlendMI(direction=direction).estimate(data, rng=RNG)
        rows = (data.modality == modality) & (data.pattern == PATTERNS.index("all"))
        p = np.bincount(data.y[rows]) / rows.sum()
        known = -(p * np.log(p)).sum()
        assert found.diagnostics["entropy"] == pytest.approx(known, abs=1e-12)
        bound = known + mean(data, modality, "all")
        assert found.diagnostics["bound"] == pytest.approx(bound, abs=1e-12)
        assert found.diagnostics["bits"] == pytest.approx(found.value / math.log(2))
        assert found.diagnostics["per_molecule"] == pytest.approx(4 * found.value)


def test_errors_are_those_of_molecules_and_not_of_pairs():
    """Rows of a molecule are all alike: the error of the mean is that of n molecules."""
    rng = stream(1)
    n, rows = 400, 10
    gain = np.repeat(rng.normal(0.5, 0.2, size=n), rows)
    null = np.full(n * rows, -1.5)
    pair, flat = np.full(n * rows, PATTERNS.index("pair")), np.zeros(n * rows, int)
    data = RelationLogProbabilities(
        *(np.minimum(null + gain, 0), null, flat, pair, flat),
        *(np.ones(n * rows, bool), rows * np.arange(n + 1)),
    )
    found = BlendMI(boot=2000).estimate(data, rng=RNG)
    assert found.stderr == pytest.approx(0.2 / math.sqrt(n), rel=0.2)
    low, high = found.diagnostics["low"], found.diagnostics["high"]
    assert high - low == pytest.approx(2 * 1.96 * found.stderr, rel=0.1)
    assert "interval" not in found.diagnostics
    few = BlendMI().estimate(data.take(np.arange(40)), rng=RNG)
    assert few.diagnostics["interval"] == "unreliable: 40 molecules, fewer than 50"


def test_values_below_zero_are_kept_and_told():
    data = predictions()
    worse = dataclasses.replace(data, log_full=data.log_null - 0.1)
    found = BlendMI().estimate(worse, rng=RNG)
    assert found.value == pytest.approx(-0.1)
    assert "train it more" in found.diagnostics["negative"]


def test_pointwise_values_are_the_means_of_molecules():
    data = predictions()
    found = RelationPVI(direction="3d").estimate(data, rng=RNG)
    rows = (data.modality == 1) & (data.pattern == PATTERNS.index("all"))
    gain = (data.log_full - data.log_null)[rows].reshape(60, 4)
    assert found.local == pytest.approx(gain.mean(1))
    assert found.value == pytest.approx(gain.mean())
    assert found.diagnostics["misleading"] == 0


def test_a_table_of_counts_is_the_plug_in_estimate_on_its_own_data():
    """Training on the pairs that are judged, without a prior: the information of their counts."""
    rng = stream(2)
    n = 400
    hops = rng.integers(1, 4, size=2 * n)
    far = hops + rng.normal(0, 0.6, size=2 * n) + 5
    ends = np.tile([[0, 1], [1, 2]], (n, 1))
    half = RelationPairs(hops, far, ends, ends, 2 * np.arange(n + 1))
    twice = half.take(np.tile(np.arange(n), 2))
    twice = dataclasses.replace(twice, split=Split(np.arange(n), np.arange(n, 2 * n)))
    table = PairTable(prior=1e-9, hop_classes=3, bins=8).transform(twice, to=None, rng=RNG)
    edges = np.quantile(far, np.arange(1, 8) / 8)
    counts = np.zeros((3, 8))
    np.add.at(counts, (hops - 1, np.searchsorted(edges, far, side="right")), 1 / (2 * n))
    outer = counts.sum(1, keepdims=True) * counts.sum(0)
    wanted = (counts[counts > 0] * np.log((counts / outer)[counts > 0])).sum()
    for direction in ("2d", "3d"):
        found = BlendMI(direction=direction).estimate(table, rng=RNG)
        assert found.value == pytest.approx(wanted, abs=1e-6)
        assert found.diagnostics["bound"] == pytest.approx(wanted, abs=1e-6)


def linear(n=600, noise=1.0, d=5):
    rng = stream(3)
    x = rng.normal(size=(n, d)) * [1, 10, 0.1, 1, 1]
    y = x @ [1, 0.1, 10, 0, 0] + noise * math.sqrt(3) * rng.normal(size=n)
    return PairedSamples(x, y[:, None], split=Split(np.arange(0, n, 2), np.arange(1, n, 2)))


def test_ridge_explains_what_is_linear():
    found = RidgeR2().estimate(linear(), rng=RNG)
    assert abs(found.value - 0.5) < 4 * found.stderr
    assert RidgeR2().estimate(linear(noise=1e-6), rng=RNG).value > 0.9999
    data = linear()
    scaled = dataclasses.replace(data, x=data.x * 1000 + 5)
    assert RidgeR2().estimate(scaled, rng=stream(4)).value == pytest.approx(
        RidgeR2().estimate(data, rng=stream(4)).value, abs=1e-9
    )
    noise = dataclasses.replace(data, y=stream(5).normal(size=(600, 1)))
    assert RidgeR2().estimate(noise, rng=RNG).value < 0.05


def test_ridge_is_the_one_of_scikit_learn():
    linear_model = pytest.importorskip("sklearn.linear_model")
    from harness_moleblend.ridge import STRENGTHS, _ridge

    x, y, wanted = stream(6).normal(size=(40, 60)), stream(7).normal(size=40), np.eye(60)[:3]
    found = _ridge(x, y, wanted)
    for column in (0, 6, 10):
        other = linear_model.Ridge(alpha=STRENGTHS[column] * 40 / 1000).fit(x, y)
        assert found[:, column] == pytest.approx(other.predict(wanted), abs=1e-8)


def test_the_area_under_the_curve_is_the_one_of_scikit_learn():
    metrics = pytest.importorskip("sklearn.metrics")
    from harness_moleblend.ridge import _area

    scores, y = stream(8).integers(9, size=200) * 1.0, stream(9).integers(2, size=200)
    assert _area(scores, y) == pytest.approx(metrics.roc_auc_score(y, scores), abs=1e-12)
    data = linear()
    classes = dataclasses.replace(data, y=(data.y > 0) * 1.0)
    assert 0.7 < RidgeAuc().estimate(classes, rng=RNG).value < 0.9
    with pytest.raises(Incompatible, match="other than 0 and 1"):
        RidgeAuc().estimate(data, rng=RNG)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"split": None}, "train/test split"),
        ({"y": np.ones((600, 1))}, "constant"),
        ({"x": np.ones((600, 2))}, "features that are constant"),
        ({"y": np.ones((600, 2))}, "2 labels; wants one"),
        ({"split": Split([0, 1, 2], [3, 4])}, "too few"),
    ],
)
def test_probes_refuse(change, message):
    with pytest.raises(Incompatible, match=message):
        RidgeR2().estimate(dataclasses.replace(linear(), **change), rng=RNG)
    bare = dataclasses.replace(predictions(), labels=None, split=Split([0], [1]))
    with pytest.raises(Incompatible, match="without features or labels"):
        RidgeR2().estimate(bare, rng=RNG)


def labelled(names, numbers):
    n = len(names)
    sizes = [len(part) for part in numbers]
    return Molecules(
        np.concatenate(numbers),
        np.cumsum([0, *sizes]),
        np.zeros((0, 3), int),
        np.zeros(n + 1, int),
        labels=np.arange(n) * 1.0,
        names=names,
        split=Split(np.arange(n - 1), [n - 1]),
    )


def test_fingerprints_count_substructures_of_the_molecules_that_are_meant():
    pytest.importorskip("rdkit")
    data = labelled(("CCO", "OCC(C)C", "CCN"), ([6, 6, 8], [8, 6, 6, 6, 6], [6, 6, 7]))
    found = Morgan(radius=0).transform(data, to=None, rng=RNG)
    assert found.x.sum(1).tolist() == [3, 5, 3]
    assert found.y[:, 0].tolist() == [0, 1, 2]
    # carbon monoxide, whose name reads as methanol's SMILES, and a name that is none
    for wrong in (("CO2",), ("C-O",)):
        other = labelled((*wrong, "CCN"), ([6, 8, 8], [6, 6, 7]))
        with pytest.raises(Incompatible, match="is not the SMILES of that molecule"):
            Morgan().transform(other, to=None, rng=RNG)
    with pytest.raises(Incompatible, match="without names"):
        Morgan().transform(dataclasses.replace(data, names=None), to=None, rng=RNG)


def test_estimators_of_other_fields_run_on_molecules_by_plan_alone():
    """The planner finds paths from molecules to estimators that know none."""
    from harness.plan import Request, make
    from harness.registry import load

    for estimator, models in {
        "classics/ksg": "pairs",
        "classics/mesner-shalizi": "pairs-given-elements",
        "netinfof/nui": "blend-features-labelled",
        "wireless_pvi/pvi": "blend-features-labelled logistic",
        "msc/entropy": "molecule-structures quests",
        "neural/infonce": "blend-views",
        "entropy_attention/attention-entropy": "blend-maps",
        "superposition/two-nn": "blend-features",
    }.items():
        found = make(load(), Request(tasks=("nci-tpsa",), estimators=(estimator,)))
        chains = {
            " ".join(step.name.partition("/")[2] for step in path.models) for path in found.paths
        }
        assert models in chains, estimator
