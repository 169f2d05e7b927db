"""``--save FOLDER``: outputs as they are, from the store, with what tells their units apart."""

import csv

import numpy as np
import pytest

from harness import kept
from harness.cli import main
from harness.outputs import Curve, Estimate, Prediction, Selection
from harness.saving import names
from harness.testing import record


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.setenv("HARNESS_STORE", str(tmp_path / "store.sqlite"))
    return tmp_path / "store.sqlite"


def table(file):
    with file.open(newline="") as lines:
        return list(csv.DictReader(lines))


OUTPUTS = [
    Estimate.from_local([1.0, 3.0]),
    Selection([3, 1], [0.5, 0.25]),
    Selection([3, 1], None, {1: [2], 2: [0, 3]}),
    Curve([1.0, 2.0], [0.5, np.inf], "rate", "distortion", [0.1, 0.2]),
    Curve([1.0], [0.5], "rate", "distortion"),
    Prediction([[0.1, 0.9]], [7]),
]


@pytest.mark.parametrize("output", OUTPUTS, ids=lambda o: type(o).__name__)
def test_an_output_comes_back_from_its_arrays(output):
    again = kept.output_of(kept.arrays_of(output, {}))
    assert type(again) is type(output)
    for name, value in vars(output).items():
        if name not in ("diagnostics", "stderr"):
            np.testing.assert_equal(getattr(again, name), value)


def test_a_number_alone_keeps_nothing():
    assert kept.arrays_of(Estimate(1.0), {"row": np.arange(3)}) == {}


@pytest.fixture
def frames(tmp_path):
    ase, io = pytest.importorskip("ase"), pytest.importorskip("ase.io")
    rng = np.random.default_rng(0)
    places = [np.eye(4, 3) * 3 + rng.normal(size=(4, 3)) * (0.1 + 0.02 * i) for i in range(20)]
    made = [ase.Atoms("Cu4", p, cell=9 * np.eye(3), pbc=True) for p in places]
    for i, atoms in enumerate(made):
        atoms.info["name"] = f"frame {i}"
        atoms.info["config_type"] = "odd" if i % 2 else "even"
    file = tmp_path / "all.extxyz"
    io.write(file, made)
    return file


def test_structures_are_those_that_select_writes(frames, store, tmp_path, capsys):
    words = ["run", "--task", "colabfit", "--estimator", "msc/msc", "--no-baselines"]
    words += ["--set", f"colabfit.dataset={frames}", "--set", "colabfit.rates=0.2"]
    first, later = tmp_path / "first", tmp_path / "later"
    assert main([*words, "--workers", "0", "--save", str(first)]) == 0
    subset = tmp_path / "subset.extxyz"
    assert main(["select", str(frames), "--keep", "20%", "--out", str(subset)]) == 0
    assert (first / "msc@20%.extxyz").read_bytes() == subset.read_bytes()
    rows = table(first / "msc@20%.csv")
    assert [row["rank"] for row in rows] == ["1", "2", "3", "4"]
    assert all(row["group"] == ("odd" if int(row["position"]) % 2 else "even") for row in rows)
    index = table(first / "index.csv")
    assert [row["file"] for row in index] == ["msc@20%.csv", "msc@20%.extxyz"]
    assert {row["case"] for row in index} == {"all@20%"}
    capsys.readouterr()
    assert main(["results", "--save", str(later)]) == 0  # nothing is computed for it
    for file in first.iterdir():
        assert (later / file.name).read_bytes() == file.read_bytes(), file.name


def test_data_that_changed_are_said_and_what_was_kept_is_written(frames, store, tmp_path, capsys):
    words = ["run", "--task", "colabfit", "--estimator", "msc/msc", "--no-baselines"]
    words += ["--set", f"colabfit.dataset={frames}", "--set", "colabfit.rates=0.2"]
    assert main([*words, "--workers", "0"]) == 0
    frames.write_text(frames.read_text().replace("3.0", "3.1"))
    assert main(["results", "--save", str(tmp_path / "out")]) == 0
    assert "they have changed since" in capsys.readouterr().err
    assert len(table(tmp_path / "out" / "msc@20%.csv")) == 4
    assert not list((tmp_path / "out").glob("*.extxyz"))


def test_local_values_have_text_label_and_prediction(store, tmp_path):
    pytest.importorskip("sklearn")
    texts = [(f"{'good fine' if i % 2 else 'bad awful'} thing {i}", i % 2) for i in range(60)]
    file = tmp_path / "reviews.csv"
    with file.open("w", newline="") as out:
        csv.writer(out).writerows([("text", "label"), *((t, ("neg", "pos")[y]) for t, y in texts)])
    words = ["run", "--task", "labelled-text", "--set", f"labelled-text.path={file}"]
    words += ["--model", "tfidf-logistic", "--set", "tfidf-logistic.folds=3", "--estimator", "pvi"]
    assert main([*words, "--no-baselines", "--workers", "0", "--save", str(tmp_path / "s")]) == 0
    assert main(["results", "--local", str(tmp_path / "pvi.csv")]) == 0
    rows = table(tmp_path / "pvi.csv")
    assert list(rows[0])[5:8] == ["unit", "position", "value"]
    assert sorted(int(row["row"]) for row in rows) == list(range(60))
    for row in rows:
        text, y = texts[int(row["row"])]
        assert (row["text"], row["label"]) == (text, ("neg", "pos")[y])
        assert row["predicted"] in ("neg", "pos")
        assert (float(row["value"]) > 0) == (row["predicted"] == row["label"])
    (saved,) = (tmp_path / "s").glob("pvi*.csv")
    assert [row["text"] for row in table(saved)] == [row["text"] for row in rows]


def test_local_values_of_atoms_name_structure_and_element_and_are_reduced(
    frames, store, tmp_path, capsys
):
    file = frames.with_name("salt.extxyz")
    file.write_text(frames.read_text().replace("Cu ", "Na ", 2))
    words = ["run", "--task", "colabfit", "--estimator", "msc/novelty", "--no-baselines"]
    assert main([*words, "--set", f"colabfit.dataset={file}", "--workers", "0"]) == 0

    def local(*options):
        assert main(["results", "--local", str(tmp_path / "l.csv"), *options]) == 0
        return table(tmp_path / "l.csv")

    rows = local()
    assert [int(row["structure"]) for row in rows] == [i // 4 for i in range(80)]
    assert [int(row["atom"]) for row in rows] == list(range(4)) * 20
    assert [row["element"] for row in rows] == ["Na"] * 2 + ["Cu"] * 78
    assert {row["group"] for row in rows[4:8]} == {"odd"}
    values = np.array([float(row["value"]) for row in rows]).reshape(20, 4)
    most = local("--per", "structure", "--reduce", "max", "--top", "5")
    wanted = np.argsort(-values.max(1), kind="stable")[:5]
    assert [int(row["structure"]) for row in most] == wanted.tolist()
    assert [float(row["max value"]) for row in most] == values.max(1)[wanted].tolist()
    assert {row["values"] for row in most} == {"4"}
    assert "element" not in most[0]  # structures have no one element
    mean = local("--per", "structure", "--sort", "structure:down")
    assert [int(row["structure"]) for row in mean] == list(range(19, -1, -1))
    np.testing.assert_allclose([float(r["mean value"]) for r in mean], values.mean(1)[::-1])
    assert {row["position"] for row in local("--top", "1")} == {str(values.argmax())}
    for wrong in (["--per", "frame"], ["--sort", "value:up"], ["--top", "0"], ["--reduce", "max"]):
        assert main(["results", "--local", str(tmp_path / "l.csv"), *wrong]) == 2
        assert "wanted" in capsys.readouterr().err
    assert main(["results", "--top", "3"]) == 2
    assert "wanted --local" in capsys.readouterr().err


def test_items_of_the_test_part_are_placed_in_all_of_the_data():
    from harness.kinds import Environments, Split, Structures

    cuts, test = np.array([0, 2, 5, 6, 8]), np.array([2, 0])
    data = Environments(np.arange(16.0).reshape(8, 2), cuts, split=Split([1], test))
    units = kept.units_of(Estimate.from_local([1.0, 2.0, 3.0]), data)
    assert units["structure"].tolist() == [2, 0, 0]
    assert units["atom"].tolist() == [0, 0, 1]
    atoms = Structures(
        [1, 6, 8, 8, 8, 26, 2, 2], np.arange(24.0).reshape(8, 3), cuts,
        np.zeros((4, 3, 3)), np.zeros((4, 3), bool),
    )  # fmt: skip
    assert kept.matched(atoms.identify_items(), units)["element"] == ["Fe", "H", "C"]
    assert kept.matched(atoms.take([0]).identify_items(), units) == {}  # other data


def test_an_output_that_is_too_large_is_said(frames, store, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("harness.runner.LARGEST", 16)
    words = ["run", "--task", "colabfit", "--estimator", "msc/msc", "--no-baselines"]
    words += ["--set", f"colabfit.dataset={frames}", "--set", "colabfit.rates=0.2"]
    assert main([*words, "--workers", "0", "--save", str(tmp_path / "out")]) == 0
    said = capsys.readouterr().err
    assert "left out of the store" in said
    assert "1 outputs are not in the store" in said
    assert table(tmp_path / "out" / "index.csv")[0]["note"] == "its output was not kept"


def test_names_say_what_differs_and_no_two_are_equal():
    def named(*cases):
        return names([record("t/t", e, 1.0, case=c, source=s) for e, s, c in cases])

    assert named(("p/msc", "cu", "cu@10%"), ("p/fps", "cu", "cu@10%")) == ["msc@10%", "fps@10%"]
    assert named(("p/msc", "cu", "cu@10%"), ("p/msc", "a/u", "a/u@10%")) == [
        "cu-msc@10%",
        "a_u-msc@10%",
    ]
    twice = named(("p/msc", "cu", "cu"), ("p/msc", "cu", "cu"))
    assert all(name.startswith("msc-") for name in twice)
