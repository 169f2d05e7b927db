"""``harness measure``: columns of a file, and one sentence on how far estimators agree."""

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
