"""Truths, ratings, files: what the tasks promise."""

import logging

import numpy as np
import pytest

import harness
from harness import ConceptItems, Curve, DataError, Split, UsageError
from harness.testing import conformance

BITS = np.log(2)
ROWS = {"Rosch1973": 48, "Rosch1975": 565, "McCloskey1978": 492}
HEADER = "item,category,typicality,subdataset\n"


@conformance(
    "concepts",
    params={
        "planted-prototypes": {"items": 5, "dim": 8},
        "everyday-categories": {"per_category": 20},
    },
)
def test_conformance(check):
    check()


def cases(name, seed=0, **params):
    return {case.id: case for case in harness.task(f"concepts/{name}", **params).cases(seed=seed)}


def test_complexity_is_the_entropy_of_the_sizes():
    truth = {
        k: c.truth["concept_complexity"]
        for k, c in (
            cases("planted-prototypes") | cases("everyday-categories") | cases("rosch-1973")
        ).items()
    }
    assert truth["separation1-skew0"] / BITS == pytest.approx(3.0, abs=1e-12)
    assert truth["rosch-1973"] / BITS == pytest.approx(3.0, abs=1e-12)
    assert truth["iris"] / BITS == pytest.approx(1.58496, abs=1e-5)
    assert truth["separation1-skew1"] < truth["separation1-skew0"]


def test_planted_typicality_is_the_distance_per_coordinate():
    data = cases("planted-prototypes", items=200)["separation1-skew0"].load()
    tau = np.sqrt(((data.vectors - data.centres[data.y]) ** 2).mean(1))
    # tau^2 chi^2_64 / 64 has a relative standard deviation of sqrt(2 / 64) / 2 = 9 %; five of them at most.
    assert np.abs(tau / -data.typicality - 1).max() < 5 * np.sqrt(2 / 64) / 2


@pytest.mark.parametrize("name", ["planted-prototypes", "everyday-categories", "rosch-1973"])
def test_every_category_is_in_every_part(name):
    for case in cases(name).values():
        data = case.load()
        for _, part in data.split.parts():
            assert set(data.y[part]) == set(data.y)


def test_rosch_rates_the_best_examples_lowest():
    data = cases("rosch-1973")["rosch-1973"].load()
    ratings = dict(zip(data.items, data.typicality, strict=True))
    assert data.typical == "low"
    assert (data.n, len(data.classes)) == (48, 8)
    assert (ratings["apple"], ratings["olive"], ratings["muscular dystrophy"]) == (1.3, 6.2, 1.9)
    assert data.typicality.sum() == pytest.approx(134.7)


def published(folder, counts=ROWS):
    """A file with as many rows as the published one: a word in two categories, odd names."""
    lines = [
        f"Word {i},{'Bird' if i % 3 else 'Fruit'},{1 + i % 5},{study}\n"
        for study, n in counts.items()
        for i in range(n)
    ]
    lines[1] = "word 0,Bird,2.5,Rosch1973\n"
    path = folder / "concepts.csv"
    path.write_text(HEADER + "".join(lines), encoding="utf-8")
    return str(path)


def test_the_rows_of_a_file(tmp_path, caplog):
    with caplog.at_level(logging.WARNING, "harness.concepts"):
        found = cases("human-concepts", dataset=published(tmp_path))
    assert "digest" in caplog.text  # the right numbers of rows, but other bytes
    data = {name: case.load() for name, case in found.items()}
    assert {name: d.n for name, d in data.items()} == ROWS
    assert {name: d.typical for name, d in data.items()} == {
        "Rosch1973": "low",
        "Rosch1975": "low",
        "McCloskey1978": "high",
    }
    assert data["Rosch1975"].row[0] == 48
    assert found["Rosch1973"].facts["repeated"] == 1
    kept = cases("human-concepts", dataset=published(tmp_path), repeats="drop")["Rosch1973"].load()
    assert kept.n == 46
    assert "word 0" not in [item.lower() for item in kept.items]


@pytest.mark.parametrize(
    ("content", "params", "message"),
    [
        (None, {}, r"500 rows of McCloskey1978; wanted 492, as published, or published=false"),
        (None, {"studies": ("Rosch1980",), "published": False}, r"'Rosch1980'; wanted some of Rosch1973, Rosch1975, McCloskey1978"),
        ("item,category,subdataset\nApple,Fruit,Rosch1973\n", {}, r"no column 'typicality'; wanted item, category, typicality, subdataset"),
        (HEADER + "Apple,Fruit,nan,Rosch1973\n", {}, r"row 1: typicality 'nan'; wanted a finite number"),
        (HEADER + "Apple,Fruit,,Rosch1973\n", {}, r"row 1: typicality ''"),
        (HEADER, {}, r"no rows"),
    ],
)  # fmt: skip
def test_files_that_are_refused(tmp_path, content, params, message):
    path = published(tmp_path, ROWS | {"McCloskey1978": 500})
    if content is not None:
        (tmp_path / "concepts.csv").write_text(content, encoding="utf-8")
    with pytest.raises(UsageError, match=message):
        cases("human-concepts", dataset=path, **params)


def test_a_file_that_is_not_there():
    with pytest.raises(UsageError, match=r"no file 'nowhere\.csv'"):
        cases("human-concepts", dataset="nowhere.csv")


def test_data_sets_that_are_unknown():
    with pytest.raises(UsageError, match="'moons'; wanted some of digits, wine, iris"):
        cases("everyday-categories", only=("moons",))
    with pytest.raises(UsageError, match="wanted the least and the greatest"):
        cases("planted-prototypes", spread=(1.0,))


def test_the_score_of_a_curve():
    task = harness.task("concepts/rosch-1973")
    (case,) = task.cases(seed=0)
    names = ("distortion, share of the variance", "rate, nats")
    curve = Curve([0.0, 0.5, 1.0], [4 * np.log(8), 0.5 * np.log(8), 0.0], *names)
    assert task.score(case, curve)["least_distortion"] == pytest.approx(0.5 * 3 / 3.5)
    assert task.score(case, Curve([0.5, 1.0], [1.0, 0.0], *names)) == {}  # ends below the rate
    assert task.score(case, Curve([2, 3, 4], [4.0, 1.0, 2.0], "clusters", "cost")) == {
        "lowest_at": 3.0
    }


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ConceptItems(("a", " "), [0, 1], ("x", "y")), r"items at row 1: an empty name"),
        (lambda: ConceptItems(("a", "b"), [0, 0], ("x", "y")), r"the one category 'x'; wanted at least two"),
        (lambda: ConceptItems(("a", "b"), [0, 2], ("x", "y")), r"y at row 1: label 2; wanted 0 to 1"),
        (lambda: ConceptItems(("a", "b"), [0, 1, 1], ("x", "y")), r"axis n of length 3; wanted 2"),
        (lambda: ConceptItems(("a", "b"), [0, 1], ("x", "y"), typical="best"), r"typical: 'best'; wanted 'high' or 'low'"),
        (lambda: ConceptItems(("a", "b"), [0, 1], ("x", "y"), vectors=[[0.0], [np.nan]]), r"vectors at row 1: NaN or infinity"),
        (lambda: ConceptItems(("a", "b"), [0, 1], ("x", "y"), centres=[[0.0], [1.0]]), r"centres without vectors"),
        (lambda: harness.ConceptVectors([[0.0], [1.0]], [0, 1], ("x", "y"), centres=[[0.0]]), r"centres: 1 rows; wanted one per category \(2\)"),
        (lambda: harness.ConceptVectors([[0.0], [1.0]], [0, 1], ("x", "y"), split=Split([0], [1])), r"category 'y' absent from the training part"),
        (lambda: harness.Partitions([[0], [2]], [2], [False], [[0.0], [1.0]], [0, 1], ("x", "y")), r"labels at row 1: cluster 2 in set 0; wanted 0 to 1"),
    ],
)  # fmt: skip
def test_kinds_refuse(make, message):
    with pytest.raises(DataError, match=message):
        make()
