"""Sections worked out, with answers known beforehand."""

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from harness import UsageError
from harness.records import Status
from harness_boards import page, report

ACCURACY = '[[sections]]\nkind = "accuracy"\nquantity = "information"\n'


def section(board, records, toml=ACCURACY, **more):
    return report.make(board(records, toml, **more)).sections[0]


def by_name(found):
    return {row.row.label: row for row in found.rows}


def test_figures_of_a_row_by_hand(board, record):
    records = [record("a", case, seed, 1.0 + e) for case, errors in (("one", (0.1, 0.3)), ("two", (-0.2, 0.0)))
               for seed, e in enumerate(errors)]  # fmt: skip
    row = by_name(section(board, records))["a"]
    assert (row.score, row.raw, row.bias) == (
        pytest.approx(0.15),
        pytest.approx(0.15),
        pytest.approx(0.05),
    )
    assert row.share == 0.25  # within 0.1 is 0.0 alone: 1.1 - 1 is a little more
    assert row.own == 1.0  # 0.2 from the other seed, and 1.96 stderr sqrt(2) is 0.277
    assert row.spread == pytest.approx(0.2 / math.sqrt(2))
    assert row.rmse == pytest.approx((math.sqrt(0.05) + math.sqrt(0.02)) / 2)
    assert row.inside == 0.5  # 1.96 stderr is 0.196: 0.1 and 0.0 are inside
    assert (row.ranks, row.done, row.expected, row.cost) == ((1, 1), 4, 4, 0.5)


def test_errors_are_not_clipped(board, record):
    row = by_name(section(board, [record("a", "one", s, v) for s, v in enumerate((-0.5, 0.5))]))[
        "a"
    ]
    assert (row.bias, row.raw, row.score) == (-1.0, 1.0, 0.75)  # 0.5, and 1.5 cut at 1


def test_failures_are_counted_and_come_last(board, record):
    gone = {"status": Status.TIMEOUT}
    records = [
        record(e, c, 0, v)
        for e, v in (("good", 1.1), ("bad", 1.5))
        for c in ("one", "two", "three")
    ]
    records += [
        record("half", "one", 0, 1.01),
        *(record("half", c, 0, **gone) for c in ("two", "three")),
    ]
    records += [record("never", c, 0, **gone) for c in ("one", "two", "three")]
    records += [record("late", "one", 0, math.inf), record("late", "two", 0, 1.0)]
    found = section(board, records)
    rows = by_name(found)
    assert rows["half"].marks == {"timeout": 2}
    assert (rows["half"].done, rows["half"].expected) == (1, 3)
    assert rows["half"].score == pytest.approx((0.01 + 1 + 1) / 3)  # a failure has the ceiling
    assert [(r.row.label, r.rank) for r in found.ranked] == [("good", 1), ("bad", 2), ("half", 3)]
    assert rows["half"].place == pytest.approx((1 + 3 + 3) / 3)
    assert rows["late"].marks == {"infinite": 1, "not run": 1}
    assert (rows["late"].rank, rows["late"].apart) == (None, "ran on 2 of 3 cases")
    assert (rows["never"].score, rows["never"].apart) == (None, "no run gave a figure")
    assert found.rows[-1].row.label == "never"


def test_who_ran_least_does_not_win(board, record):
    """One favourable case, and half of the cases ruled out by the data: no rank, no star."""
    records = [record("all", f"c{i}", 0, 1.2) for i in range(8)] + [record("one", "c0", 0, 1.0)]
    gone = {"status": Status.INCOMPATIBLE, "cause": "no"}
    records += [record("few", f"c{i}", 0, 1.0, **(gone if i > 2 else {})) for i in range(8)]
    records += [record("most", f"c{i}", 0, 1.1, **(gone if i > 5 else {})) for i in range(8)]
    found = section(board, records)
    assert {r.row.label: (r.rank, r.apart) for r in found.rows} == {
        "all": (2, ""),
        "most": (1, ""),
        "one": (None, "ran on 1 of 8 cases"),
        "few": (None, "suits 3 of 8 cases"),
    }
    assert not any(r.front for r in found.rows if r.apart)


def test_one_setting_of_a_method_is_ranked_unless_the_board_asks_for_a_sweep(board, record):
    params = [{"task": {"n": 10}, "models": [], "estimator": {"k": k}} for k in (3, 5)]
    records = [
        record("a", f"c{i}", 0, 1.0 + 0.1 * k, params=p)
        for k, p in enumerate(params)
        for i in range(3)
    ]
    found = section(board, records)
    assert [(r.row.label, r.apart) for r in found.rows] == [
        ("a (k=3)", ""),
        ("a (k=5)", "another setting of a (k=3)"),
    ]
    swept = section(board, records, f"{ACCURACY}sweep = true\n")
    assert [r.apart for r in swept.rows] == ["", ""]


def test_no_verdict_changes_when_one_divergence_grows(board, record):
    """One divergence of an estimator, and the same times a million."""

    def told(factor):
        errors = np.abs(np.random.default_rng(0).normal(size=(3, 20))) * [[0.02], [0.2], [0.5]]
        errors[0, 7] = 1e3 * factor
        records = [
            record(e, f"c{i}", 0, 1.0 + x)
            for e, row in zip("abc", errors, strict=True) for i, x in enumerate(row)
        ]  # fmt: skip
        found = section(board, records)
        rows = [(r.row.label, r.ranks, r.group, r.score, r.interval, r.share) for r in found.rows]
        return rows, found.verdicts, found.finding, [r.diverged for r in found.rows]

    one, many = told(1.0), told(1e6)
    assert one == many
    assert one[0][0][:3] == ("a", (1, 2), "a")
    assert one[3] == [1, 0, 0]
    assert "lead" in one[2]


def test_clusters_come_from_the_task_the_source_a_fact_or_globs(board, record):
    def clusters(toml="", **change):
        records = [
            record("a", f"c{i}", 0, 1.1, facts={"n": 10, "law": i // 2}, **change) for i in range(6)
        ]
        return section(board, records, ACCURACY + toml).clusters

    assert clusters() == 6
    assert clusters(source="one") == 1
    assert clusters(cluster="family") == 1
    assert clusters('cluster = "law"\n') == 3
    assert clusters('[sections.cluster]\nfirst = ["c[0-3]"]\n') == 3
    with pytest.raises(UsageError, match="t/known:c0 has no such fact; its facts are n, law"):
        clusters('cluster = "laws"\n')


def test_cases_of_one_cluster_count_once(board, record):
    """Twelve cases of three data sets cannot rank; twelve data sets can."""

    def finding(source):
        records = [
            record(e, f"c{i}", 0, 1.0 + x + 0.01 * i, source=source(i))
            for e, x in (("a", 0.1), ("b", 0.3)) for i in range(12)
        ]  # fmt: skip
        return section(board, records).finding

    assert (
        finding(lambda i: f"s{i}")
        == "a is better than the other. a answers 0 % of 12 cases within 0.1 nats."
    )
    assert "Cannot rank its 2 rows: 3 independent clusters" in finding(lambda i: f"s{i % 3}")


def test_a_constant_has_no_skill(board, record):
    records = [record("truth", f"c{i}", 0, float(i), truth=float(i)) for i in range(7)]
    records += [record("constant", f"c{i}", 0, 3.0, truth=float(i)) for i in range(7)]
    records += [record("reverse", f"c{i}", 0, 6.0 - i, truth=float(i)) for i in range(7)]
    rows = by_name(section(board, records))
    assert (rows["truth"].skill, rows["truth"].correlation) == (1.0, 1.0)
    assert (rows["constant"].skill, rows["constant"].correlation) == (0.0, None)
    assert (rows["reverse"].skill, rows["reverse"].correlation) == (0.0, -1.0)


def test_a_score_left_out_is_censored_and_counts_last(board, record):
    """The method ran, and its target was never reached."""
    change = {"quantity": "gain", "unit": "", "truth": None, "stderr": None}
    records = [
        record(e, f"c{i}", 0, v, scores={"gain": v, "accuracy": a}, **change)
        for e, v, a in (("a", 1.0, 0.4), ("b", 2.0, 0.9)) for i in range(8)
    ]  # fmt: skip
    records[8:10] = [dataclasses.replace(r, scores={"gain": 2.0}) for r in records[8:10]]
    found = section(board, records, '[[sections]]\nkind = "ranking"\nquantity = "accuracy"\n')
    rows = by_name(found)
    assert (rows["b"].marks, rows["b"].apart) == ({"censored": 2}, "")
    assert rows["b"].place == pytest.approx((6 * 1 + 2 * 2) / 8)


@pytest.mark.parametrize(
    ("limit", "said"),
    [("most", "censored at 20"), ("known.n", "censored at 10"), ("b.k", "censored at 3")],
)
def test_what_was_not_reached_is_shown_with_its_limit(board, record, limit, said):
    """A fact, a parameter of the task, a parameter of the estimator."""
    change = {"quantity": "gain", "unit": "", "truth": None, "stderr": None, "facts": {"most": 20}}
    records = [
        record(e, f"c{i}", 0, 1.0, scores={"gain": 1.0, "loss": 5.0}, **change)
        for e in "ab"
        for i in range(8)
    ]
    records[8:10] = [dataclasses.replace(r, scores={"gain": 1.0}) for r in records[8:10]]
    toml = f'[[sections]]\nkind = "ranking"\nquantity = "loss"\nlimit = "{limit}"\n'
    found = section(board, records, toml)
    assert by_name(found)["b"].marks == {said: 2}
    assert f"6/8 (2 {said})" in str(found.tables()[0].rows)
    assert said in page.page(report.make(board(records, toml))).decode()


def test_a_limit_that_nobody_knows_is_named(board, record):
    change = {"quantity": "gain", "unit": "", "truth": None, "stderr": None}
    records = [
        record("a", f"c{i}", 0, 1.0, scores={"gain": 1.0, "loss": 5.0}, **change) for i in range(8)
    ]
    toml = '[[sections]]\nkind = "ranking"\nquantity = "loss"\nlimit = "most"\n'
    section(board, records, toml)  # all reached
    records[0] = dataclasses.replace(records[0], scores={"gain": 1.0})
    with pytest.raises(UsageError, match="limit 'most': t/known:c0 has no such fact or parameter"):
        section(board, records, toml)


def test_the_truth_of_a_score_beside_the_value(board, record):
    change = {"quantity": "gain", "unit": "", "truth": None, "stderr": None}
    records = [
        record("a", f"c{i}", 0, 1.0, scores={"gain": 1.0, "accuracy": 0.5}, truths={"accuracy": 0.4}, **change)
        for i in range(3)
    ]  # fmt: skip
    one = board(
        records, '[[sections]]\nkind = "accuracy"\nquantity = "accuracy"\ntolerance = 0.2\n'
    )
    (row,) = report.make(one).sections[0].rows
    assert (row.bias, row.share) == (pytest.approx(0.1), 1.0)


def test_equal_rows_tie_and_share_a_letter(board, record):
    records = [record(e, c, s, 1.2) for e in "ab" for c in ("one", "two", "three") for s in (0, 1)]
    a, b = section(board, records).rows
    assert (a.ranks, b.ranks, a.group, b.group, a.place, b.place) == (
        (1, 2),
        (1, 2),
        "a",
        "a",
        1.5,
        1.5,
    )


def test_a_clear_difference_separates(board, record):
    records = [record(e, f"c{i}", s, 1.0 + d + 0.01 * math.sin(7 * i + s))
               for e, d in (("near", 0.1), ("far", 0.5)) for i in range(10) for s in (0, 1)]  # fmt: skip
    near, far = section(board, records).rows
    assert (near.row.label, near.ranks, far.ranks, near.group, far.group) == (
        "near",
        (1, 1),
        (2, 2),
        "a",
        "b",
    )


def test_bounds_are_violated_beyond_their_noise(board, record):
    values = {
        "one": 1.3,
        "two": 1.1,
        "three": -0.5,
        "four": -0.1,
    }  # stderr 0.1, truth 1, quantity at least 0
    records = [record(e, c, 0, v) for e in ("plain", "low", "high") for c, v in values.items()]
    rows = by_name(
        section(board, records, traits={"e/low": ("lower-bound",), "e/high": ("upper-bound",)})
    )
    assert rows["plain"].violations == 1  # -0.5
    assert rows["low"].violations == 2  # and 1.3, above the truth
    assert rows["high"].violations == 2  # -0.5 and -0.1 are below the truth


def test_ranking_by_value(board, record):
    change = {"quantity": "gain", "unit": "", "truth": None, "stderr": None}
    records = [record(e, c, s, v + 0.1 * s, **change) for e, v in (("a", 1.0), ("b", 2.0)) for c in "uvwxyz"
               for s in (0, 1)]  # fmt: skip
    found = section(board, records, '[[sections]]\nkind = "ranking"\nquantity = "gain"\n')
    best = found.rows[0]
    assert (best.row.label, best.score, best.bias) == ("b", pytest.approx(2.05), None)
    low, high = best.interval
    assert (low, high) == (pytest.approx(2.05), pytest.approx(2.05))  # alike in all cases
    lower = [
        record(e, c, 0, v, **(change | {"quantity": "loss"}))
        for e, v in (("a", 1.0), ("b", 2.0))
        for c in ("x", "y")
    ]
    assert (
        section(board, lower, '[[sections]]\nkind = "ranking"\nquantity = "loss"\n')
        .rows[0]
        .row.label
        == "a"
    )


def test_sections_by_default_are_the_quantities(board, record):
    gain = {"quantity": "gain", "unit": "", "truth": None}
    made = report.make(board([record("a"), record("b", value=2.0, **gain)]))
    assert [(s.kind, s.quantity.name) for s in made.sections] == [
        ("accuracy", "information"),
        ("ranking", "gain"),
    ]


def test_parameters_tell_rows_apart(board, record):
    params = [{"task": {"n": 10}, "models": [], "estimator": {"k": k}} for k in (3, 5)]
    found = section(board, [record("a", params=p) for p in params])
    assert [r.row.label for r in found.rows] == ["a (k=3)", "a (k=5)"]


@pytest.mark.parametrize(
    ("change", "says"),
    [({"facts": {"n": 20}}, "n is 10 for e/a and 20 for f/b"), ({"unit": "bits"}, "unit is nats for e/a and bits"),
     ({"truth": 2.0}, "truth is 1.0 for e/a and 2.0 for f/b"),
     ({"params": {"task": {"n": 99}, "models": [], "estimator": {}}}, "task parameter n is 10 for e/a and 99")],
)  # fmt: skip
def test_what_is_not_comparable_is_refused_by_name(board, record, change, says, monkeypatch):
    from harness_boards import grid, submission

    records = [record("a"), record("b", plugin="f", **change)]
    if "unit" in change:  # the file itself is refused before
        with pytest.raises(UsageError, match="information is in nats"):
            submission.read(board(records).records_folder / "f.jsonl")
        with pytest.raises(UsageError, match=says):
            grid.build(records, "information", (0,))
        return
    with pytest.raises(UsageError, match=says):
        section(board, records)


def test_data_that_differ_in_bits_are_noted(board, record):
    found = section(board, [record("a"), record("b", fingerprint="sha256:else")])
    assert any("differ bit for bit" in note for note in found.notes)


losses = some.lists(
    some.lists(some.floats(0.01, 0.9), min_size=4, max_size=4), min_size=3, max_size=5
)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(losses)
def test_a_third_row_changes_no_verdict(board, record, losses):
    """Difference, interval, p and order of two rows are theirs alone; only Holm's correction knows of others."""

    def verdict(rows):
        found = section(
            board,
            [
                record(f"r{i}", f"c{j}", 0, 1.0 + rows[i][j])
                for i in range(len(rows))
                for j in range(4)
            ],
        )
        at = {r.row.label: i for i, r in enumerate(found.rows)}
        a, b = sorted((at["r0"], at["r1"]))
        (pair,) = [v for v in found.verdicts if (v.first, v.second) == (a, b)]
        ahead = pair.sign if at["r0"] < at["r1"] else -pair.sign
        return ahead, abs(pair.difference), pair.p, pair.cases

    few, many = verdict(losses[:2]), verdict(losses)
    assert few[1:] == pytest.approx(many[1:], abs=1e-12)
    assert few[0] == many[0]


PARAMS = {"task": {}, "estimator": {}}
VALIDITY = '[[sections]]\nkind = "validity"\noutcome = "accuracy"\n'
COSTLY = {"quantity": "accuracy", "unit": "", "truth": None, "stderr": None, "wall_s": 5.0}


def test_validity_of_perfect_reversed_and_missing_measures(board, record):
    cases = [f"c{i}" for i in range(6)]
    gain, loss = ({"quantity": q, "unit": "", "truth": None} for q in ("gain", "loss"))
    records = [
        record("trained", c, s, 0.1 * i, **COSTLY) for i, c in enumerate(cases) for s in (0, 1)
    ]
    records += [
        record("same", c, s, math.exp(i), **gain) for i, c in enumerate(cases) for s in (0, 1)
    ]
    records += [
        record("down", c, s, -float(i), **loss) for i, c in enumerate(cases) for s in (0, 1)
    ]
    records += [record("flat", c, s, 1.0, **gain) for c in cases for s in (0, 1)]
    records += [
        record("rare", c, s, 1.0 * i, **gain) for i, c in enumerate(cases[:2]) for s in (0, 1)
    ]
    found = section(board, records, VALIDITY)
    rows = by_name(found)
    assert (rows["same"].spearman, rows["same"].kendall, rows["same"].saving) == (1.0, 1.0, 10.0)
    assert rows["down"].spearman == 1.0  # lower is better there: its sign is turned
    assert rows["same"].spearman_interval == (1.0, 1.0)
    assert rows["flat"].spearman is None
    assert (rows["rare"].points, rows["rare"].spearman) == (2, None)
    assert found.outcome_values == pytest.approx([0.1 * i for i in range(6)])


def test_validity_interval_holds_zero_for_noise(board, record):
    rng = np.random.default_rng(2)
    gain = {"quantity": "gain", "unit": "", "truth": None}
    records = [record("trained", f"c{i}", 0, rng.random(), **COSTLY) for i in range(30)]
    records += [record("noise", f"c{i}", 0, rng.normal(), **gain) for i in range(30)]
    low, high = by_name(section(board, records, VALIDITY))["noise"].spearman_interval
    assert low < 0 < high


def test_validity_per_path_matches_models(board, record):
    gain = {"quantity": "gain", "unit": "", "truth": None}
    records = []
    for i, model in enumerate(("m/x", "m/y", "m/z")):
        params = {"task": {"n": 10}, "models": [{}], "estimator": {}}
        records += [record("trained", c, 0, 0.1 * i + 0.3 * j, models=(model,), params=params, **COSTLY)
                    for j, c in enumerate(("one", "two"))]  # fmt: skip
        records += [
            record("gain", c, 0, i + 3 * j, models=(model,), params=params, **gain)
            for j, c in enumerate(("one", "two"))
        ]
    found = section(board, records, VALIDITY + 'per = "path"\n')
    (row,) = found.rows
    assert (len(found.points), row.points, row.spearman) == (6, 6, 1.0)


def test_settings_of_one_model_are_points_of_their_own(board, record):
    gain = {"quantity": "gain", "unit": "", "truth": None}
    records = []
    for size in (1, 2, 4):
        params = {"task": {"n": 10}, "models": [{"size": size, "depth": 1}], "estimator": {}}
        for seed in (0, 1):
            records.append(
                record("trained", "one", seed, 0.1 * size, models=("m/x",), params=params, **COSTLY)
            )
            records.append(
                record("gain", "one", seed, -float(size), models=("m/x",), params=params, **gain)
            )
    found = section(board, records, VALIDITY + 'per = "path"\n')
    assert found.points == tuple(f"known:one ▸ x (x.size={size})" for size in (1, 2, 4))
    assert found.outcome_values == pytest.approx((0.1, 0.2, 0.4))
    assert found.rows[0].spearman == -1.0


def test_what_is_measured_behind_the_ends_of_chains_shares_points(board, record):
    """Distances of designs, and the accuracy of a model that is trained on each design."""
    gain = {"quantity": "gain", "unit": "", "truth": None}
    records = []
    for size in (1, 2, 4):
        for seed in range(2):
            for models, name, told in (
                (("m/design",), "gain", gain),
                (("m/design", "m/fit"), "trained", COSTLY),
            ):
                params = PARAMS | {"models": [{"size": size}, {"l2": 1}][: len(models)]}
                records.append(
                    record(name, "one", seed, float(size), models=models, params=params, **told)
                )
    toml = VALIDITY + 'per = "path"\n'
    apart = section(board, records, toml)
    assert (apart.rows[0].points, len(apart.points)) == (0, 3)
    found = section(board, records, toml + 'ends = ["m/fit"]\n')
    assert found.points == tuple(f"known:one ▸ design (design.size={size})" for size in (1, 2, 4))
    assert (found.rows[0].points, found.rows[0].spearman) == (3, 1.0)
    with pytest.raises(UsageError, match=r'ends needs per = "path"'):
        section(board, records, VALIDITY + 'ends = ["m/fit"]\n')
    params = PARAMS | {"models": [{"size": 1}, {"l2": 2}]}
    more = record("trained", "one", 0, 9.0, models=("m/design", "m/fit"), params=params, **COSTLY)
    with pytest.raises(UsageError, match=r"two values at the point known:one ▸ design, behind"):
        section(board, [*records, more], toml + 'ends = ["m/fit"]\n')


def test_two_outcomes_are_refused(board, record):
    records = [record(e, **COSTLY, value=0.5) for e in ("one", "two")]
    with pytest.raises(UsageError, match="is given by e/one, e/two; name one of them"):
        section(board, records, VALIDITY)
    with pytest.raises(UsageError, match="unknown outcome 'acuracy'"):
        section(board, records, VALIDITY.replace("accuracy", "acuracy"))


def test_validity_within_groups_is_the_mean_of_their_correlations(board, record):
    """Pooled, the measure goes against the outcome; within each language it goes with it."""
    gain = {"quantity": "gain", "unit": "", "truth": None}
    records = []
    for g in range(4):
        for i in range(5):
            change = {"facts": {"n": 10, "language": f"l{g}"}, "source": f"l{g}"}
            records.append(record("trained", f"c{g}{i}", 0, 10.0 * g + i, **COSTLY, **change))
            records.append(record("cheap", f"c{g}{i}", 0, -10.0 * g + i, **gain, **change))
    pooled = section(board, records, VALIDITY)
    within = section(board, records, VALIDITY + 'within = "language"\n')
    assert pooled.rows[0].spearman < -0.8
    assert (within.rows[0].spearman, within.rows[0].groups) == (1.0, 4)
    assert within.rows[0].spearman_interval == (1.0, 1.0)
    assert "Cannot tell" in within.finding  # four clusters, twenty points
    with pytest.raises(UsageError, match="t/known:c00 has no such fact; wanted task, case, or one"):
        section(board, records, VALIDITY + 'within = "tongue"\n')


def test_validity_takes_the_outcome_of_each_field_with_the_sign_of_its_better(board, record):
    gain = {"quantity": "gain", "unit": "", "truth": None}
    loss = {"quantity": "loss", "unit": "", "truth": None}
    records = []
    for i in range(6):
        records += [
            record("trained", f"c{i}", 0, 0.1 * i, **COSTLY),
            record("fit", f"c{i}", 0, -1.0 * i, task="t/other", **loss),
        ]
        records += [
            record("cheap", f"c{i}", 0, 1.0 * i, task=t, **gain) for t in ("t/known", "t/other")
        ]
    toml = '[[sections]]\nkind = "validity"\noutcomes = ["accuracy", "loss"]\nwithin = "task"\n'
    found = section(board, records, toml)
    assert (found.rows[0].spearman, found.rows[0].groups) == (1.0, 2)
    assert found.outcome == "accuracy or loss"
    with pytest.raises(UsageError, match="have no common scale"):
        section(board, records, toml.replace('within = "task"\n', ""))


def test_validity_resamples_cases_not_points(board, record):
    """Twenty points of four cases are four: each point four times over gives no narrower interval."""
    rng = np.random.default_rng(1)
    gain = {"quantity": "gain", "unit": "", "truth": None}
    x, y = rng.normal(size=(2, 12))

    def interval(copies):
        records = []
        for k in range(copies):
            change = {
                "models": (f"m/x{k}",),
                "params": {"task": {"n": 10}, "models": [{}], "estimator": {}},
            }
            records += [record("trained", f"c{i}", 0, y[i], **COSTLY, **change) for i in range(12)]
            records += [record("cheap", f"c{i}", 0, x[i], **gain, **change) for i in range(12)]
        return section(board, records, VALIDITY + 'per = "path"\n').rows[0].spearman_interval

    assert interval(4) == pytest.approx(interval(1), abs=0.02)


def test_a_headline_needs_ten_points_and_names_all_that_tie(board, record):
    gain = {"quantity": "gain", "unit": "", "truth": None}

    def finding(points):
        records = [record("trained", f"c{i}", 0, 0.01 * i, **COSTLY) for i in range(points)]
        records += [record(e, f"c{i}", 0, 2.0**i, **gain) for e in "ab" for i in range(points)]
        records += [record("few", f"c{i}", 0, 1.0 * i, **gain) for i in range(4)]
        return section(board, records, VALIDITY).finding

    assert finding(12).startswith("Closest to accuracy: a and b, Spearman 1.00")
    assert finding(9).startswith(
        "Cannot tell what orders the points as accuracy does: a and b came"
    )
    assert "9 points are too few" in finding(9)


def test_a_true_zero_is_in_the_interval_where_points_share_cases():
    """Ten cases with four models each, the case in both: a bootstrap over points holds zero in 70 %."""
    from harness_boards.concordance import Points, correlate

    rng = np.random.default_rng(0)
    held = 0
    for _ in range(200):
        x, y = (np.repeat(rng.normal(size=10), 4) + 0.5 * rng.normal(size=40) for _ in "xy")
        points = Points(y, np.zeros(40, int), np.repeat(np.arange(10), 4))
        low, high = correlate("spearman", x, points).interval
        held += low <= 0 <= high
    assert held / 200 >= 0.90
