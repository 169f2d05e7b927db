import dataclasses
import logging

import numpy as np
import pytest

from harness import Incompatible, Selection, Split
from harness_atoms import scores
from harness_atoms.energy import FOLDS, folds
from harness_atoms.ruler import Ruler, measure
from harness_atoms.scores import score

RULER = Ruler(k=32, cutoff=5.0, h=0.015)
EPS = 1e-5


def scored(data, order, rate, **kw):
    settings = {"ruler": RULER, "eps": EPS, "potential": "kernel-ridge", "name": "test"} | kw
    return score(data, Selection(order), rate, **settings)


def log_sums(x, y):
    """ln sum_j K(x_i, y_j), from all pairs."""
    d2 = ((x[:, None, :] - y[None, :, :]) ** 2).sum(-1) / (2 * 0.015**2)
    least = d2.min(1)
    return np.log(np.exp(least[:, None] - d2).sum(1)) - least


@pytest.fixture(scope="module")
def facts(few):
    """Descriptors, owners and force sizes of the few structures."""
    x = RULER.describe(few).x
    return x, np.repeat(np.arange(few.n), np.diff(few.offsets)), np.linalg.norm(few.forces, axis=1)


@pytest.mark.parametrize("chosen", [[5], [0, 13], [2, 3, 9, 12], [1, 4, 5, 6, 7, 8, 10, 13]])
def test_scores_are_those_of_the_definitions(few, facts, chosen):
    """Every score but the energies', recomputed from all pairs of environments."""
    x, owner, size = facts
    n, kept = len(x), np.isin(owner, chosen)
    got = scored(few, chosen, len(chosen) / few.n, potential="")

    full, mine = (
        -np.log(np.exp(-log_sums(x, x)).sum()),
        -np.log(np.exp(-log_sums(x[kept], x[kept])).sum()),
    )
    novelty = -log_sums(x, x[kept])
    alone = np.concatenate([-log_sums(x[owner == s], x[owner != s]) for s in range(few.n)])
    rare = alone >= np.sort(alone)[int(np.ceil(0.99 * (n - 1)))]
    strong = size >= np.quantile(size, 0.99)
    assert rare.sum() == np.ceil(0.01 * n)
    wanted = {
        "diversity_kept": np.exp(full - mine),
        "efficiency_kept": -(log_sums(x[kept], x[kept]) - np.log(kept.sum())).mean()
        / np.log(kept.sum()),
        "overlap_kept": (novelty < EPS).mean(),
        "outliers_kept": (novelty < EPS)[rare].mean(),
        "tail_recall": kept[strong].mean(),
        "q99_ratio": np.quantile(size[kept], 0.99) / np.quantile(size, 0.99),
        "atoms_kept": kept.mean(),
    }
    from scipy.stats import wasserstein_distance

    wanted["force_w1"] = wasserstein_distance(size[kept], size)
    assert set(got) == set(wanted)
    for name, value in wanted.items():
        assert got[name] == pytest.approx(value, rel=1e-9), name


def test_everything_is_kept_by_everything(few):
    got = scored(few, np.arange(few.n)[::-1], 1.0)
    errors = {name: got.pop(name) for name in ("rmse_in", "rmse_out")}
    assert all(value > 0 for value in errors.values())
    efficiency = got.pop("efficiency_kept")
    assert efficiency == pytest.approx(RULER.efficiency(RULER.describe(few)))
    assert got.pop("force_w1") == pytest.approx(0, abs=1e-12)
    assert got == pytest.approx(dict.fromkeys(got, 1.0))


def test_the_order_of_choice_does_not_matter(few):
    assert scored(few, [9, 2, 12, 3], 4 / 14) == scored(few, [2, 3, 9, 12], 4 / 14)


def test_a_prefix_is_scored(few):
    assert scored(few, [9, 2, 12, 3, 0, 1], 4 / 14) == scored(few, [9, 2, 12, 3], 4 / 14)


@pytest.mark.parametrize(
    ("rate", "n", "size"), [(0.05, 214, 11), (0.1, 194, 19), (0.01, 14, 1), (1.0, 7, 7)]
)
def test_sizes(rate, n, size):
    assert scores.size_of(rate, n) == size


def test_energy_errors_are_those_of_ten_fits(few, facts):
    """The protocol step by step: folds, reference, ridge, the tenth with the largest forces."""
    _, owner, size = facts
    chosen = np.array([0, 2, 3, 5, 8, 9, 12, 13])
    measured = measure(few, RULER)
    kernel = measured.kernel_ridge.kernel
    per_atom = few.energies / np.diff(few.offsets)
    fold = folds(few.n)
    found = np.empty(few.n)
    for f in range(FOLDS):
        train = [c for c in chosen if fold[c] != f]
        mean = per_atom[train].mean()
        weights = np.linalg.inv(kernel[np.ix_(train, train)] + 1e-6 * np.eye(len(train))) @ (
            per_atom[train] - mean
        )
        found[fold == f] = mean + kernel[np.ix_(fold == f, train)] @ weights
    largest = np.array([size[owner == s].max() for s in range(few.n)])
    outside = np.argsort(largest)[-1:]
    inside = np.argsort(largest)[:-1]
    got = scored(few, chosen, 8 / 14)
    for name, part in (("rmse_in", inside), ("rmse_out", outside)):
        # The inverse of a system with condition number 8/1e-6 is good to some ten digits less that.
        assert got[name] == pytest.approx(
            1e3 * np.sqrt(np.mean((found - per_atom)[part] ** 2)), rel=1e-5
        )


def test_test_structures_do_not_leak(few):
    """The energy of a structure enters no prediction of it: changing it moves its error alone."""
    chosen, odd = np.array([0, 2, 3, 5, 8, 9, 12, 13]), 5
    energies = few.energies.copy()
    energies[odd] += 10.0
    before = measure(few, RULER)
    after = measure(dataclasses.replace(few, energies=energies), RULER)
    from harness_atoms.energy import crossfit

    first, second = (crossfit(m.kernel_ridge, few.n, chosen) for m in (before, after))
    same = folds(few.n) == folds(few.n)[odd]
    np.testing.assert_array_equal(first[same], second[same])
    assert (first[~same] != second[~same]).all()


def test_too_few_to_train_on_leaves_the_energies_out(few):
    got = scored(few, [5], 1 / 14)
    assert "diversity_kept" in got
    assert not {"rmse_in", "rmse_out"} & set(got)


def test_one_environment_has_no_efficiency(few):
    from harness import Structures

    atom = Structures([29], [[0.0, 0.0, 0.0]], [0, 1], np.zeros((1, 3, 3)), [[False] * 3])
    got = scored(atom, [0], 1.0)
    assert got == pytest.approx(
        {"diversity_kept": 1.0, "overlap_kept": 1.0, "outliers_kept": 1.0, "atoms_kept": 1.0}
    )


def test_without_forces_or_energies_scores_are_left_out_with_a_note(few, bare, caplog):
    scores._tell.cache_clear()
    with caplog.at_level(logging.WARNING, "harness.atoms"):
        got = scored(bare, [2, 5, 9], 3 / 14, name="bare")
        scored(bare, [2, 5, 8], 3 / 14, name="bare")
    assert set(got) == {
        "diversity_kept",
        "efficiency_kept",
        "overlap_kept",
        "outliers_kept",
        "atoms_kept",
    }
    assert [r.getMessage() for r in caplog.records] == [
        "bare: the data have no forces; left out: tail_recall, force_w1, q99_ratio and the energy "
        "test"
    ]
    caplog.clear()
    forces_only = dataclasses.replace(few, energies=None)
    with caplog.at_level(logging.WARNING, "harness.atoms"):
        got = scored(forces_only, [2, 5, 9], 3 / 14, name="forces only")
    assert "tail_recall" in got
    assert "rmse_out" not in got
    assert "forces only: the data have no energies; left out: the energy test" in caplog.text


def test_large_sets_are_spared_the_energy_test(few, caplog, monkeypatch):
    from harness_atoms import energy

    monkeypatch.setattr(energy, "LARGEST", 10)
    with caplog.at_level(logging.WARNING, "harness.atoms"):
        assert "rmse_out" not in scored(few, [2, 5, 9], 3 / 14, name="large")
    assert "more than 10 atoms" in caplog.text


def test_a_selection_that_is_too_short_or_points_elsewhere(few):
    with pytest.raises(Incompatible, match="selected 2 units, fewer than the 4 asked for"):
        scored(few, [0, 1], 4 / 14)
    with pytest.raises(Incompatible, match="chose structure 14; wanted positions from 0 to 13"):
        scored(few, [0, 14], 2 / 14)


def test_with_a_reference_the_held_part_counts_as_kept(few):
    held, new = np.array([0, 1, 2, 3, 4, 5]), np.arange(6, 14)
    data = dataclasses.replace(few, split=Split(train=held, test=new))
    got = scored(data, [7, 12], 2 / 8)
    # Kept are the reference and the two; what is to be covered are the new structures alone.
    owner = np.repeat(np.arange(few.n), np.diff(few.offsets))
    x = RULER.describe(few).x
    kept, target = np.isin(owner, [0, 1, 2, 3, 4, 5, 7, 12]), owner >= 6
    assert got["overlap_kept"] == pytest.approx((-log_sums(x[target], x[kept]) < EPS).mean())
    sizes = np.diff(few.offsets)
    assert got["atoms_kept"] == pytest.approx(sizes[[7, 12]].sum() / sizes[6:].sum())
    force = np.linalg.norm(few.forces, axis=1)
    strong = target & (force >= np.quantile(force[target], 0.99))
    assert got["tail_recall"] == pytest.approx(kept[strong].mean())
    # Choosing what is held already adds nothing.
    wasted = scored(data, [0, 1], 2 / 8)
    assert wasted["atoms_kept"] == 0
    assert wasted["overlap_kept"] <= got["overlap_kept"]


def test_the_ruler_is_applied_once_per_data_set(few, monkeypatch):
    calls = []
    plain = Ruler.describe
    monkeypatch.setattr(Ruler, "describe", lambda self, data: calls.append(1) or plain(self, data))
    data = few.take([1, 4, 6, 7, 8])
    scored(data, [0, 1], 2 / 5)
    scored(data.take(np.arange(5)), [2, 3], 2 / 5)
    assert len(calls) == 1
    scored(data, [0, 1], 2 / 5, ruler=Ruler(k=12, cutoff=4.0, h=0.02))
    assert len(calls) == 2


@pytest.mark.slow
@pytest.mark.data
def test_published_comparison_on_silicon(real):
    """The brief's measured table (msc, h = 0.015) and the orderings that it calls robust."""
    import harness
    from harness_atoms.sources import resolve

    data = resolve(str(real / "mlearn_Si_train.extxyz"))[0].load()
    rates = (0.1, 0.2, 0.5)
    data = dataclasses.replace(data, sizes=tuple(scores.size_of(rate, data.n) for rate in rates))
    measured = measure(data, RULER)
    assert measured.diversity == pytest.approx(8.1678, abs=1e-3)
    environments = dataclasses.replace(measured.environments, sizes=data.sizes)
    picked = {
        name: harness.estimator(f"msc/{name}").estimate(environments, rng=np.random.default_rng(0))
        for name in ("msc", "random", "k-means")
    }
    anchors = {0.1: (6.997, 0.562, 0.293), 0.2: (7.687, 0.710, 0.541), 0.5: (8.174, 0.971, 0.985)}
    for rate, (diversity, overlap, tail) in anchors.items():
        msc = score(data, picked["msc"], rate, ruler=RULER, eps=EPS, potential="", name="Si")
        assert np.log(msc["diversity_kept"]) + measured.diversity == pytest.approx(
            diversity, abs=1e-3
        )
        assert msc["overlap_kept"] == pytest.approx(overlap, abs=1e-3)
        assert msc["tail_recall"] == pytest.approx(tail, abs=1e-3)
        assert msc["q99_ratio"] >= 1
        chance, means = (
            score(data, picked[name], rate, ruler=RULER, eps=EPS, potential="", name="Si")
            for name in ("random", "k-means")
        )
        assert msc["diversity_kept"] >= max(chance["diversity_kept"], means["diversity_kept"])
        if rate < 0.5:
            assert msc["tail_recall"] >= 2 * chance["tail_recall"]
