"""``harness hard``: a wrong label among clear ones comes first."""

import csv

import pytest

from harness.cli import main


@pytest.fixture
def reviews(tmp_path):
    rows = [(f"{'good fine' if i % 2 else 'bad awful'} thing {i}", "pos" if i % 2 else "neg") for i in range(60)]  # fmt: skip
    rows[17] = (rows[17][0], "neg")
    file = tmp_path / "reviews.csv"
    with file.open("w", newline="") as out:
        csv.writer(out).writerows([("comment", "stars"), *rows])
    return file


def test_the_wrong_label_is_the_hardest(reviews, tmp_path, capsys):
    out = tmp_path / "hard.csv"
    words = ["hard", str(reviews), "--text", "comment", "--label", "stars", "--out", str(out)]
    assert main([*words, "--top", "3"]) == 0
    said = capsys.readouterr().out
    assert "V-information" in said
    with out.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 60
    assert rows[0]["row"] == "18"
    assert (rows[0]["label"], rows[0]["predicted"]) == ("neg", "pos")
    assert rows[0]["text"] == "good fine thing 17"
    values = [float(row["pvi"]) for row in rows]
    assert values == sorted(values)


def test_columns_and_folds_that_are_not_there(reviews, capsys):
    assert main(["hard", str(reviews), "--label", "stars"]) == 2
    assert "text" in capsys.readouterr().err
    assert main(["hard", str(reviews), "--folds", "1"]) == 2
    assert "wanted 2 or more" in capsys.readouterr().err


def test_a_folder_that_is_not_there_is_named_before_anything_is_computed(reviews, tmp_path, capsys):
    out = tmp_path / "nowhere" / "hard.csv"
    words = ["hard", str(reviews), "--text", "comment", "--label", "stars", "--out", str(out)]
    assert main(words) == 2
    assert "does not exist" in capsys.readouterr().err
    assert not out.parent.exists()


def test_values_by_label_are_drawn(reviews, figure):
    words = ["hard", str(reviews), "--text", "comment", "--label", "stars"]
    assert main([*words, "--plot", str(figure)]) == 0
    if figure.suffix == ".svg":
        assert "neg (31)" in figure.read_text()


@pytest.mark.parametrize("unit", ["nats", "bits"])
def test_long_texts_and_names_keep_to_80_columns(tmp_path, capsys, monkeypatch, unit):
    monkeypatch.setenv("COLUMNS", "80")
    names = "a label of several words, and long", "another\tlabel,\nof two lines"
    rows = [(f"{'good fine' if i % 2 else 'bad awful'} " + f"thing{i} " * 60, names[i % 2]) for i in range(40)]  # fmt: skip
    file = tmp_path / "long.csv"
    with file.open("w", newline="") as out:
        csv.writer(out).writerows([("text", "label"), *rows])
    assert main(["hard", str(file), "--top", "2", "--unit", unit]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    assert sum(line.lstrip()[:1].isdigit() for line in lines) == 2
    assert "(predicted" in " ".join(lines)
    assert unit in " ".join(lines[-2:])
