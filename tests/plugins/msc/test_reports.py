"""The study and the maps: what the reports say follows from the records, and maps lose what they must."""

import numpy as np
import pytest

import harness
from harness import Environments, Incompatible, Records, UsageError
from harness.testing import record
from harness_msc.measures import Diversity, Entropy
from harness_msc.reports.maps import Maps
from harness_msc.reports.study import Study

RNG = np.random.default_rng


def flat(data, seed=0, **params):
    return harness.model("msc/map", **params).transform(data, to=Environments, rng=RNG(seed))


def selection(dataset, selector, rate, seed=0, models=("msc/quests",), **scores):
    facts = {"dataset": dataset, "rate": rate}
    case = f"{dataset}@{100 * rate:g}%"
    return record(
        "atoms/colabfit", f"msc/{selector}", next(iter(scores.values())), case=case, source=dataset,
        scores=scores, facts=facts, seed=seed, models=models,
    )  # fmt: skip


def measure(dataset, name, value, models=("msc/quests",), **diagnostics):
    return record(
        "atoms/colabfit", f"msc/{name}", value, case=dataset, source=dataset,
        facts={"dataset": dataset}, models=models, diagnostics=diagnostics,
    )  # fmt: skip


def test_a_projection_lowers_entropy_and_matching_restores_diversity_alone(g2):
    full = {"H": Entropy().estimate(g2).value, "D": Diversity().estimate(g2).value}
    plain, matched = flat(g2, match=False), flat(g2)
    assert plain.x.shape == (len(g2.x), 2)
    np.testing.assert_array_equal(plain.offsets, g2.offsets)
    assert Entropy().estimate(plain).value < full["H"]
    assert Diversity().estimate(plain).value < full["D"] - 0.1
    assert Diversity().estimate(matched).value == pytest.approx(full["D"], abs=2e-3)
    # The axes are those of greatest variance, largest first.
    values = np.linalg.svd(g2.x - g2.x.mean(0), compute_uv=False)[:2]
    np.testing.assert_allclose(np.linalg.norm(plain.x, axis=0), values, rtol=1e-8)


def test_environments_that_fall_on_one_point_of_the_map():
    x = np.array([[5.0, 1.0], [5.0, -1.0], [-5.0, 1.0], [-5.0, -1.0]])
    data = Environments(x, np.arange(5))
    with pytest.raises(Incompatible, match=r"has the diversity of the descriptors, 1\.3863 nats"):
        flat(data, dimensions=1)
    assert Diversity().estimate(flat(data, dimensions=1, match=False)).value == pytest.approx(
        np.log(2)
    )
    with pytest.raises(Incompatible, match="descriptors of 2 dimensions; wanted more than 2"):
        flat(data)


def test_t_sne_needs_no_seed_and_says_when_points_are_few(g2):
    small = g2.take(np.arange(40))
    a, b = (flat(small, seed=s, method="t-sne", match=False, perplexity=10) for s in (0, 1))
    np.testing.assert_array_equal(a.x, b.x)
    # Near environments stay near: the nearest one of each, copies aside, is near on the map.
    full, mapped = (np.linalg.norm(x[:, None] - x[None], axis=2) for x in (small.x, a.x))
    nearest = np.where(full > 1e-6, full, np.inf).argmin(1)
    at = mapped[np.arange(len(nearest)), nearest]
    assert np.median(at) < 0.2 * np.median(mapped)
    with pytest.raises(Incompatible, match="wanted more than 90, three times the perplexity"):
        flat(g2.take(np.arange(5)), method="t-sne")


def test_the_study_tells_sets_selectors_and_differences():
    found = Records(
        [
            measure("Si", "entropy", 4.0, n=100, ln_n=np.log(100)),
            measure("Si", "diversity", 4.5),
            measure("Si", "best-size", 0.25),
            measure("Si", "entropy", 1.0, models=("msc/quests", "msc/map")),
            selection("Si", "msc", 0.1, diversity_kept=0.5, rmse_out=20.0),
            selection("Si", "msc", 0.1, seed=1, diversity_kept=0.5, rmse_out=20.0),
            selection("Si", "random", 0.1, diversity_kept=0.2, rmse_out=50.0),
            selection("Si", "random", 0.1, seed=1, diversity_kept=0.4, rmse_out=70.0),
            selection("Si", "msc", 0.5, diversity_kept=0.9),
            selection("Li", "msc", 0.1, diversity_kept=0.1),
            selection("Li", "random", 0.1, diversity_kept=0.3),
        ]
    )
    made = Study().make(found)
    by_claim = {f.claim: f for f in made.findings}
    kept = by_claim["msc less random, diversity kept, a number for each set"]
    assert kept.values == pytest.approx((-0.2, 0.2))  # Li, then Si: means over seeds
    assert kept.held == 1
    errors = by_claim["msc less random, rmse out, a number for each set"]
    assert errors.values == pytest.approx((-40.0,))
    assert errors.held == 1
    rows = [line.split("|") for line in made.text.splitlines() if line.startswith("| Si")]
    cells = [[cell.strip() for cell in row] for row in rows]
    assert cells[0][2:8] == ["100", "4.0000", "4.5000", "4.6052", "86.9", "–"]
    assert cells[0][9] == "25"
    assert cells[1][1:4] == ["Si", "msc", "50.0"]
    assert cells[2][1:4] == ["Si", "random", "30.0"]
    with pytest.raises(
        UsageError, match=r"no selection at the rate 0\.2; wanted one of: 0\.1, 0\.5"
    ):
        Study(rate=0.2).make(found)


def test_maps_compare_equal_paths_and_say_what_is_hidden():
    mapped = ("msc/quests", "msc/map")
    found = Records(
        [
            measure("Si", "overlap", 0.4),
            measure("Si", "overlap", 0.9, models=mapped),
            measure("Si", "entropy", 5.0),
            measure("Li", "entropy", 6.0),
            measure("Li", "entropy", 2.0, models=mapped),
            selection("Si", "msc", 0.1, diversity_kept=0.5, rmse_out=10.0),
            selection("Si", "msc", 0.1, diversity_kept=0.3, rmse_out=40.0, models=mapped),
            selection("Si", "random", 0.1, diversity_kept=0.2, rmse_out=1.0),
        ]
    )
    made = Maps().make(found)
    values = {f.claim: (f.values, f.held) for f in made.findings}
    hidden = next(v for c, v in values.items() if "covered on the map" in c)
    assert hidden[0] == pytest.approx((0.5,))
    kept = next(v for c, v in values.items() if "diversity kept" in c)
    assert kept[0] == pytest.approx((0.2,))
    assert kept[1] == 1
    error = next(v for c, v in values.items() if "rmse out" in c)
    assert error[0] == pytest.approx((-30.0,))
    assert error[1] == 1
    assert not any("random" in claim for claim in values)
    entropy = next(v for c, v in values.items() if c.startswith("entropy on the map"))
    assert entropy[0] == pytest.approx((-4.0,))
    with pytest.raises(UsageError, match="no measure or selector with the model msc/map"):
        Maps().make(Records([measure("Si", "entropy", 5.0)]))


def test_reports_draw_from_a_run_on_embedded_data(tmp_path):
    pytest.importorskip("matplotlib")
    from harness import reports
    from harness.registry import default

    asked = dict(
        tasks=("colabfit",),
        estimators=("msc/entropy", "msc/overlap", "msc/msc", "msc/random"),
        params={"colabfit": {"dataset": "copper", "rates": (0.1, 0.2), "ood": False}},
        store=tmp_path / "store.sqlite",
        workers=0,
        baselines=False,
    )
    found = [*harness.run(**asked), *harness.run(**asked, models=("msc/quests", "msc/map"))]
    for name in ("study", "maps"):
        component = default().components["report"][f"msc/{name}"]
        made = reports.make(component, reports.read_by(component, found), {})
        assert made.findings
        assert "copper" in made.text
        reports.write(made, tmp_path / f"{name}.png", name)
        assert (tmp_path / f"{name}.png").stat().st_size > 5000
