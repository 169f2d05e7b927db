import dataclasses
import subprocess
import sys

import numpy as np
import pytest

import harness
import harness_atoms
from harness import Estimate, Selection, Structures, UsageError
from harness_atoms import sources
from harness_atoms.colabfit import ColabFit


def test_the_plugin_imports_nothing_heavy():
    code = "import sys, harness_atoms; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert "harness_atoms" in loaded
    assert not {"ase", "scipy", "numba", "pyarrow", "datasets", "pandas", "sklearn"} & set(loaded)


def test_cases_are_the_whole_and_every_rate():
    cases = list(ColabFit(rates=(0.1, 0.5)).cases(seed=0))
    assert [c.id for c in cases] == [
        f"{name}{rate}"
        for name in ("copper", "copper-gold", "metals")
        for rate in ("", "@10%", "@50%")
    ]
    assert len({c.source for c in cases}) == 3
    whole, tenth, _ = cases[:3]
    assert whole.source == tenth.source == "copper"
    assert whole.accepts == (Estimate,)
    assert tenth.accepts == (Selection,)
    assert whole.facts == {"dataset": "copper"}
    assert tenth.facts == {"dataset": "copper", "rate": 0.1}
    assert whole.stamp == tenth.stamp != cases[3].stamp
    assert whole.load() == tenth.load()
    assert whole.load().sizes == (11, 54)


def test_odd_rates_have_ids_of_their_own():
    task = ColabFit(dataset="copper", rates=(0.001, 0.005, 0.07, 1.0, 0.07))
    cases = list(task.cases(seed=0))
    assert [c.id for c in cases] == [
        "copper",
        "copper@0.1%",
        "copper@0.5%",
        "copper@7%",
        "copper@100%",
    ]
    # Two rates may ask for one size; sizes are increasing.
    assert cases[0].load().sizes == (1, 7, 107)


@pytest.mark.parametrize("rate", [0.0, -0.1, 1.0001, float("nan")])
def test_rates_out_of_range(rate):
    with pytest.raises(UsageError, match=r"rates: .*; wanted more than 0 and at most 1"):
        harness.task("colabfit", rates=(0.1, rate))


def test_cases_load_nothing(monkeypatch):
    monkeypatch.setattr(sources, "_files", lambda *_args: pytest.fail("loaded"))
    assert len(list(ColabFit().cases(seed=0))) == 15


def test_only_a_subsample_depends_on_the_seed():
    def loaded(seed, **params):
        return next(iter(ColabFit(dataset="copper", **params).cases(seed=seed))).load()

    assert loaded(0) == loaded(1)
    assert loaded(0, max_structures=30) == loaded(0, max_structures=30)
    assert loaded(0, max_structures=30) != loaded(1, max_structures=30)
    assert loaded(0, max_structures=30).sizes == (2, 3, 6, 15)


def test_a_reference_splits_the_data(few, tmp_path):
    few.take(range(6)).save(tmp_path / "cold.npz")
    few.take(range(6, 14)).save(tmp_path / "warm.npz")
    task = ColabFit(
        dataset=str(tmp_path / "warm.npz"), reference=str(tmp_path / "cold.npz"), rates=(0.5,)
    )
    whole, half = task.cases(seed=0)
    assert [whole.id, half.id] == ["warm|cold", "warm|cold@50%"]
    data = whole.load()
    assert dataclasses.replace(data, split=None, sizes=()) == few
    np.testing.assert_array_equal(data.split.train, range(6))
    np.testing.assert_array_equal(data.split.test, range(6, 14))
    assert data.sizes == (4,)
    assert whole.stamp.split("|") == [
        next(iter(ColabFit(dataset=str(tmp_path / f"{name}.npz")).cases(seed=0))).stamp
        for name in ("warm", "cold")
    ]
    # The conditional selector takes new structures only.
    environments = harness.model("msc/quests").transform(
        data, to=harness.Environments, rng=np.random.default_rng(0)
    )
    picked = harness.estimator("msc/msc", conditional=True).estimate(
        environments, rng=np.random.default_rng(0)
    )
    assert set(picked.order) <= set(range(6, 14))
    found = task.score(half, picked)
    assert 0 < found["atoms_kept"] <= 1
    novelty = harness.estimator("msc/novelty").estimate(environments, rng=np.random.default_rng(0))
    assert len(novelty.local) == few.offsets[14] - few.offsets[6]


def test_a_reference_must_be_one_set():
    with pytest.raises(
        UsageError, match="reference: 'copper,metals' holds 2 data sets; wanted one"
    ):
        list(ColabFit(dataset="copper-gold", reference="copper,metals").cases(seed=0))


def test_through_the_public_door():
    task = harness.task("colabfit", dataset="copper", rates=(0.2,))
    case = next(c for c in task.cases(seed=0) if c.id == "copper@20%")
    found = task.score(case, Selection(np.arange(0, 107, 5)))
    of_potentials = {"force_in", "force_out"}  # those that have forces: test_message_passing.py
    asked = [q for q in harness_atoms.SCORES if q.name not in of_potentials]
    assert set(found) == {q.name for q in asked}
    for quantity in asked:
        assert quantity.lower is None or found[quantity.name] >= quantity.lower
        assert quantity.upper is None or found[quantity.name] <= quantity.upper
    assert found == task.score(case, Selection(np.arange(0, 107, 5)))


def test_without_the_energy_test():
    task = ColabFit(dataset="copper", rates=(0.2,), ood=False)
    case = next(c for c in task.cases(seed=0) if c.facts.get("rate"))
    assert not {"rmse_in", "rmse_out"} & set(task.score(case, Selection(np.arange(21))))


def test_a_run_end_to_end():
    """On the embedded sets msc keeps more than chance does on average."""
    settings = {"colabfit": {"ood": False, "rates": (0.1, 0.2)}}
    names = ["msc/msc", "msc/random"]
    records = list(
        harness.run(
            tasks=["colabfit"], estimators=names, params=settings, seeds=range(3), baselines=False
        )
    )
    assert {record.status for record in records} == {"ok"}
    assert len(records) == 3 * 2 * 2 * 3
    for case in {record.case for record in records}:
        for quantity in ("diversity_kept", "outliers_kept", "tail_recall"):
            msc, chance = (
                np.mean(
                    [r.scores[quantity] for r in records if (r.case, r.estimator) == (case, name)]
                )
                for name in names
            )
            assert msc > chance, (case, quantity)


def test_all_embedded_data_are_small():
    from pathlib import Path

    files = list(Path(harness_atoms.__file__).parent.glob("*.npz"))
    assert {f.stem for f in files} == set(sources.EMBEDDED)
    assert sum(f.stat().st_size for f in files) <= 2_000_000
    assert all(isinstance(Structures.load(f), Structures) for f in files)


def test_uf3_where_it_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "uf3", None)
    monkeypatch.setitem(sys.modules, "uf3.data.composition", None)
    task = ColabFit(dataset="copper", rates=(0.2,), potential="uf3", max_structures=15)
    case = next(c for c in task.cases(seed=0) if c.facts.get("rate"))
    with pytest.raises(harness.MissingDependency, match="pip install uf3"):
        task.score(case, Selection([0, 1, 2]))
