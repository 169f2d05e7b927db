"""``harness graph``: components, what they promise, and what training costs, from tables of nodes."""

import re

import numpy as np
import pytest

from harness import Estimate
from harness.cli import main
from harness_netinfof.command import promise


@pytest.fixture
def graph(tmp_path):
    """Three groups of named nodes; features are noise, so that the structure alone tells."""
    rng = np.random.default_rng(0)
    n, group = 240, np.arange(240) % 3
    near = rng.random((n, n)) < np.where(group[:, None] == group, 0.12, 0.005)
    ends = np.argwhere(np.triu(near, 1))
    files = {"edges": "source,target\n" + "".join(f"n{a},n{b}\n" for a, b in ends)}
    noise = rng.normal(size=(n, 4))
    files["f"] = "id,a,b,c,d\n" + "".join(
        f"n{i},{','.join(map(str, row))}\n" for i, row in enumerate(noise)
    )
    files["y"] = "id,club\n" + "".join(f"n{i},{'rgb'[g]}\n" for i, g in enumerate(group))
    for name, text in files.items():
        (tmp_path / f"{name}.csv").write_text(text)
    return tmp_path


def words(graph, *more):
    tables = ["--features", str(graph / "f.csv"), "--labels", str(graph / "y.csv")]
    return ["graph", str(graph / "edges.csv"), *tables, *more]


def test_the_structure_tells_and_noise_does_not(graph, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    assert main(words(graph, "--train", "none")) == 0
    said = capsys.readouterr().out
    assert max(map(len, said.splitlines())) <= 80
    scores = {c: float(v) for c, v in re.findall(r"^([urfps]) .*? (\d\.\d+)\*? +\d", said, re.M)}
    assert set(scores) == set("urfps")
    assert scores["u"] > 0.8
    assert scores["f"] < 0.5
    reached = re.search(r"reached ([\d.]+)% of the test nodes", " ".join(said.split()))
    assert float(reached[1]) > 90
    assert "right for at least" in said


def test_without_classes_links_are_predicted_and_a_network_is_trained(graph, capsys):
    pytest.importorskip("torch")
    assert main(["graph", str(graph / "edges.csv"), "--train", "gcn"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "Of Hits@k the theorem promises nothing" in said
    assert "Training gcn took" in said
    assert len(re.findall(r"reached Hits@100 [\d.]+% and AUC", said)) == 2


def test_a_network_that_needs_features_is_left_out_with_its_reason(graph, capsys):
    pytest.importorskip("torch")
    assert main(["graph", str(graph / "edges.csv"), "--train", "sgc"]) == 0
    assert "sgc: nodes without features" in capsys.readouterr().err


def test_the_figure_is_a_page(graph, tmp_path, capsys):
    pytest.importorskip("matplotlib")
    file = tmp_path / "graph.html"
    assert main(words(graph, "--train", "none", "--plot", str(file))) == 0
    assert "<svg" in file.read_text()
    assert main(words(graph, "--plot", str(tmp_path / "graph.doc"))) == 2
    assert "wanted a file that ends in .png" in capsys.readouterr().err


def test_the_sentence_names_component_share_and_chance():
    told = {"component": "r", "judged": 50, "null": 0.25, "plug_in_accuracy": 0.9}
    said = promise(Estimate(0.8, diagnostics=told), links=False, seconds=0.12)
    assert said == (
        "NUI 0.8000, from component r (neighbourhoods), in 0.1 s: the best guess from its bins is "
        "right for at least 80.0% of the 50 nodes that were counted; with shuffled labels it is "
        "0.2500."
    )


def test_a_file_that_is_not_there_is_named(capsys):
    assert main(["graph", "/nowhere/edges.csv"]) == 2
    assert "no such file" in capsys.readouterr().err
