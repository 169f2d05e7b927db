"""``harness measure``: columns of a file, and one sentence on how far estimators agree."""

import csv
import io
import re

import numpy as np
import pytest

from harness.cli import main
from harness.testing import record
from harness_vectors.command import agreement


@pytest.fixture
def table(tmp_path, monkeypatch):
    monkeypatch.setenv("HARNESS_STORE", str(tmp_path / "store.sqlite"))
    rng = np.random.default_rng(0)
    a = rng.normal(size=400)
    b = 0.8 * a + 0.6 * rng.normal(size=400)
    lines = ["a,b,k"] + [f"{x},{y},{'hi' if x > 0 else 'lo'}" for x, y in zip(a, b, strict=True)]
    file = tmp_path / "data.csv"
    file.write_text("\n".join(lines) + "\n")
    return str(file)


def test_two_numbers(table, capsys):
    assert main(["measure", table, "--x", "a", "--y", "b"]) == 0
    said = capsys.readouterr().out
    assert "ksg" in said
    last = said.strip().splitlines()[-1]
    assert "estimators agree within" in last
    middle = float(last.split("median ")[1].split(",")[0])
    assert middle == pytest.approx(-0.5 * np.log(0.36), abs=0.15)


def test_text_is_a_code_and_information_is_printed_in_bits(table, capsys):
    assert main(["measure", table, "--x", "a", "--y", "k", "--unit", "bits"]) == 0
    last = capsys.readouterr().out.strip().splitlines()[-1]
    assert "bits" in last
    assert float(last.split("median ")[1].split(",")[0]) == pytest.approx(1.0, abs=0.15)


def test_one_variable_has_an_entropy_and_three_a_condition(table, capsys):
    assert main(["measure", table, "--x", "a,b"]) == 0
    assert "entropy [nats]" in capsys.readouterr().out
    assert main(["measure", table, "--x", "a", "--y", "b", "--given", "k"]) == 0
    assert "conditional mutual information" in capsys.readouterr().out


@pytest.mark.parametrize("unit", ["nats", "bits"])
def test_every_estimate_has_its_interval_kind_and_time_in_80_columns(
    table, capsys, monkeypatch, unit
):
    monkeypatch.setenv("COLUMNS", "80")
    assert main(["measure", table, "--x", "a,b", "--seeds", "0,1", "--unit", unit]) == 0
    said = capsys.readouterr().out
    assert max(map(len, said.splitlines())) <= 80
    row = r"^(\S+) +([\d.]+) +\[([\d.]+), ([\d.]+)\] +(estimate|(?:upper|lower) bound) +[\d.e-]+$"
    found = {name: rest for name, *rest in re.findall(row, said, re.M)}
    assert set(found) == {"gaussian-entropy", "kde", "kl", "wkl"}
    assert found["gaussian-entropy"][3] == "upper bound"
    assert {kind for *_, kind in found.values()} == {"upper bound", "estimate"}
    truth = (np.log(2 * np.pi * np.e) + np.log(0.6)) / (np.log(2) if unit == "bits" else 1)
    for value, low, high, _ in found.values():
        assert float(low) < float(value) < float(high)  # two seeds, the same data
        assert float(value) == pytest.approx(truth, abs=0.25)
    assert "3 estimators agree within" in said


def test_a_variable_and_itself_are_said_to_be_at_the_ceiling(table, capsys):
    assert main(["measure", table, "--x", "a", "--y", "a"]) == 0
    said = capsys.readouterr().out
    for name in ("ksg", "ksg2", "mixed-ksg"):
        assert re.search(rf"^{name} .* at its ceiling ", said, re.M), name


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--y", "b"], "--x is missing"),
        (["--x", "a", "--given", "k"], "--given without --y"),
        (["--x", "q", "--y", "b"], "no column"),
    ],
)
def test_what_is_missing_is_named(table, capsys, words, says):
    assert main(["measure", table, *words]) == 2
    assert says in capsys.readouterr().err


def test_bounds_do_not_count_as_estimates():
    found = [record("t/t", f"p/{n}", v) for n, v in (("a", 1.0), ("b", 1.2), ("low", 0.1))]
    said = agreement(found, {"p/low"}, 1.0)
    assert (
        said == "2 estimators agree within 0.2000 nats: median 1.100, from 1.000 (a) to 1.200 (b)"
    )
    assert agreement(found[:1], (), 1.0) == "one estimator fits: a gives 1.000 nats"
    assert agreement(found[2:], {"p/low"}, 1.0) == "only bounds fit these data"


def test_all_pairs_with_their_p_values(table, capsys):
    assert main(["measure", table, "--pairs", "--format", "csv"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert {(row["x"], row["y"]) for row in rows} == {("a", "b"), ("a", "k"), ("b", "k")}
    values = [float(row["information [nats]"]) for row in rows]
    assert values == sorted(values, reverse=True)
    found = {(row["x"], row["y"]): float(row["information [nats]"]) for row in rows}
    assert found["a", "b"] == pytest.approx(-0.5 * np.log(0.36), abs=0.15)
    assert found["a", "k"] == pytest.approx(np.log(2), abs=0.1)
    assert {row["p"] for row in rows} == {"0.001"}


@pytest.mark.slow
def test_p_values_of_independent_columns_are_uniform(tmp_path, capsys):
    """Twenty columns of noise: of 190 pairs a twentieth is below 0.05, give or take 3 (binomial)."""
    rng = np.random.default_rng(0)
    np.save(tmp_path / "noise.npy", rng.normal(size=(60, 20)))
    words = ["measure", str(tmp_path / "noise.npy"), "--pairs", "--permutations", "99"]
    assert main([*words, "--format", "csv"]) == 0
    p = [float(row["p"]) for row in csv.DictReader(io.StringIO(capsys.readouterr().out))]
    assert len(p) == 190
    assert np.mean(np.array(p) <= 0.05) < 0.05 + 4 * np.sqrt(0.05 * 0.95 / 190)
    assert 0.4 < np.mean(p) < 0.6


@pytest.mark.parametrize("words", [["--pairs"], ["--x", "a", "--y", "b"]])
def test_what_is_measured_is_drawn(table, tmp_path, capsys, monkeypatch, words, figure):
    monkeypatch.setenv("COLUMNS", "80")
    assert main(["measure", table, *words, "--plot", str(figure)]) == 0
    said = capsys.readouterr().out
    assert ("a – b" in said) == (words == ["--pairs"])
    assert max(map(len, said.splitlines())) <= 80


def test_all_pairs_have_no_second_variable(table, capsys):
    assert main(["measure", table, "--pairs", "--y", "b"]) == 2
    assert "wanted no --y" in capsys.readouterr().err
