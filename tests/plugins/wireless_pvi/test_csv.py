"""What the README promises: the PVI of every row of one's own CSV, in two commands."""

import csv
import json
import math


def test_a_users_csv(command, tmp_path):
    rows = [
        (f"{('poor', 'fine')[i % 2]} food at table {i}", ("bad", "good")[i % 2]) for i in range(60)
    ]
    rows[8] = (rows[8][0], "good")  # a wrong label
    with (tmp_path / "reviews.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("text", "label"), *rows])
    store = ("--store", tmp_path / "s.sqlite")
    ran = command(
        "run", "--task", "labelled-text", "--set", "labelled-text.path=reviews.csv", "--model", "tfidf-logistic",
        "--set", "tfidf-logistic.folds=5", "--estimator", "pvi", "--format", "json", *store, cwd=tmp_path,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    record = json.loads(ran.stdout)
    wrote = command(
        "results", "--task", "labelled-text", "--local", "pvi.csv", *store, cwd=tmp_path
    )
    assert wrote.returncode == 0, wrote.stderr
    assert "60 values in pvi.csv" in wrote.stderr
    with (tmp_path / "pvi.csv").open(newline="") as file:
        found = list(csv.DictReader(file))
    assert [int(row["position"]) for row in found] == list(range(60))
    values = [float(row["value"]) for row in found]
    assert min(range(60), key=values.__getitem__) == 8
    assert math.isclose(sum(values) / 60, record["value"])
    assert {row["unit"] for row in found} == {"nats"}
    command("results", "--local", "bits.csv", "--unit", "bits", *store, cwd=tmp_path)
    with (tmp_path / "bits.csv").open(newline="") as file:
        assert math.isclose(float(next(csv.DictReader(file))["value"]) * math.log(2), values[0])


def test_results_without_local_values(command, tmp_path):
    store = ("--store", tmp_path / "s.sqlite")
    ran = command(
        "run",
        "--task",
        "noma",
        "--set",
        "noma.n=60",
        "--model",
        "prior",
        "--estimator",
        "calibration",
        *store,
    )
    assert ran.returncode == 0, ran.stderr
    none = command("results", "--local", tmp_path / "x.csv", *store)
    assert none.returncode == 2
    assert "wanted an estimator that gives them" in none.stderr
    assert not (tmp_path / "x.csv").exists()
