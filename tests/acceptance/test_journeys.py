"""Four people with files of their own: the commands, and what they must be able to read at 80
columns."""

import json
import re

import numpy as np
import pytest

WIDE = 80


@pytest.fixture
def harness(command, tmp_path):
    """``harness ...`` in the test's folder on a terminal of 80 columns; status 0, or the one given.

    What a program writes to a pipe is laid out for a page, so the terminal is a real one.
    """
    import os
    import pty
    import subprocess
    import sys

    def run(*words, status=0):
        mine, theirs = pty.openpty()
        env = os.environ | {"COLUMNS": str(WIDE), "NO_COLOR": "1", "TERM": "dumb"}
        process = subprocess.Popen(
            [sys.executable, "-m", "harness", *map(str, words)],
            stdout=theirs,
            stderr=subprocess.PIPE,
            cwd=tmp_path,
            env=env,
            text=True,
        )
        os.close(theirs)
        parts = []
        while True:
            try:
                part = os.read(mine, 65536)
            except OSError:  # the other end is closed
                break
            if not part:
                break
            parts.append(part)
        with process:  # closes its pipe
            said = process.stderr.read()
        assert process.returncode == status, said
        os.close(mine)
        out = b"".join(parts).decode().replace("\r\n", "\n")
        assert max(map(len, out.splitlines()), default=0) <= WIDE, out
        return out, said

    return run


def test_a_curator_of_structures(harness, tmp_path):
    build = pytest.importorskip("ase.build")
    from ase.calculators.singlepoint import SinglePointCalculator
    from ase.io import write

    def frames(n, size, first):
        for i in range(n):
            atoms = build.bulk("Cu", cubic=True)
            atoms.rattle(size, seed=first + i)
            atoms.calc = SinglePointCalculator(atoms, energy=float(-i), forces=np.zeros((4, 3)))
            yield atoms

    write(tmp_path / "cold.extxyz", list(frames(20, 0.02, 0)))
    write(tmp_path / "warm.extxyz", list(frames(20, 0.15, 100)))
    out, _ = harness("list", "--mine", "warm.extxyz")
    assert "harness run --task colabfit --set colabfit.dataset=warm.extxyz" in out
    job = ("run", "--task", "colabfit", "--estimator", "msc", "--estimator", "random")
    file = ("--set", "colabfit.dataset=warm.extxyz", "--set", "colabfit.rates=10%,50%")
    out, _ = harness(*job, *file, "--no-baselines", "--out", "mine")
    assert "diversity kept ↑, warm" in out
    assert {"#1", "#2"} <= {word.rstrip("*") for word in out.split()}
    first = next(line for line in out.splitlines() if line.startswith("msc"))
    value = re.findall(r"\d\.\d+", first)[0]
    wanted = [
        json.loads(line) for line in (tmp_path / "mine/records.jsonl").read_text().splitlines()
    ]
    kept = {r["case"]: r["value"] for r in wanted if r["estimator"] == "msc/msc"}
    assert float(value) == pytest.approx(kept["warm@10%"], abs=1e-3)
    assert {p.name for p in (tmp_path / "mine").iterdir()} >= {
        "tables.md", "results.csv", "records.jsonl", "run.toml", "versions.json", "rate.png"
    }  # fmt: skip
    _, said = harness("run", "--config", "mine/run.toml")
    assert "0 computed" in said
    _, said = harness(*job, *file, "--no-baselines", "--set", "colabfit.reference=cold.extxyz")
    assert "msc.conditional=true chooses among the new ones only" in said
    _, said = harness(*job, "--set", "colabfit.reference=cold.extxyz", status=2)
    assert "without a data set to measure against it" in said


def test_a_graph_engineer(harness, tmp_path):
    pytest.importorskip("sklearn")
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1], 60)
    same = labels[:, None] == labels
    pairs = np.argwhere(np.triu(rng.random((120, 120)) < np.where(same, 0.2, 0.01), 1))
    features = (labels[:, None] + rng.normal(size=(120, 4))).astype(np.float32)
    for folder, y in (("a", labels), ("b", rng.permutation(labels))):
        (tmp_path / folder).mkdir()
        np.savez(tmp_path / folder / "g.npz", edges=pairs, x=features, y=y)
    for folder in "ab":
        job = ("run", "--task", "planetoid", "--estimator", "nui", "--estimator", "linear")
        out, _ = harness(*job, "--set", f"planetoid.datasets={folder}/g.npz")
        title = next(line for line in out.splitlines() if line.startswith("graphs/planetoid"))
        assert title == "graphs/planetoid: g"
        assert "accuracy" in out
        rows = {line.split()[0] for line in out.splitlines() if line[:1].isalpha()}
        assert {"nui", "linear"} <= rows
        joined = " ".join(out.split())
        assert re.search(
            r"nui on g: \d\.\d+ where labels by chance give \d\.\d+; component \w", joined
        )
        assert re.search(r"nui took [\d.]+ s with loading .*linear [\d.]+ s \(\S+ times", joined)
    out, _ = harness("results", "--task", "planetoid")
    a, b = (
        float(
            re.search(rf"planetoid: g \(datasets={f}/g\.npz\)[\s\S]*?\nnui[\s–]+(\d\.\d+)", out)[1]
        )
        for f in "ab"
    )
    assert a > b + 0.1  # two files of one name are two tables, and the shuffled labels say less


def test_a_data_scientist(harness, tmp_path):
    rng = np.random.default_rng(0)
    x = rng.normal(size=400)
    y, z = x + rng.normal(size=400), rng.normal(size=400)
    rows = "".join(f"{a},{b},{c}\n" for a, b, c in zip(x, y, z, strict=True))
    (tmp_path / "data.csv").write_text("dose,effect,noise\n" + rows)
    out, _ = harness("list", "--mine", "data.csv")
    assert "vectors/pairs" in out
    names = [w for n in ("ksg", "gaussian") for w in ("--estimator", n)]
    job = (
        "run",
        "--task",
        "pairs",
        *names,
        "--set",
        "pairs.path=data.csv",
        "--set",
        "pairs.x=dose",
    )
    out, _ = harness(*job, "--set", "pairs.y=effect")
    row = next(line for line in out.splitlines() if line.startswith("data.csv"))
    found = [float(v) for v in re.findall(r"(-?\d\.\d+) ±|(-?\d\.\d+)", row) for v in v if v]
    assert all(0.2 < v < 0.5 for v in found[:1])  # ln(2) / 2 = 0.35 nats
    assert "± is the estimator's own standard error" in out
    harness(*job, "--set", "pairs.y=noise")
    out, _ = harness("results")
    assert "(y=effect)" in out
    assert "(y=noise)" in out  # two questions, and no mean over them
    harness("plot", "values", "--set", "pairs.y=effect", "--out", "values.html")
    page = (tmp_path / "values.html").read_text()
    assert "<svg" in page
    assert "harness plot values --set pairs.y=effect --out values.html" in page
    _, said = harness(*job, "--set", "pairs.y=efect", status=2)
    assert "efect" in said


def test_an_interpretability_researcher(harness, tmp_path):
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, 300)
    inputs = np.eye(3)[labels] @ rng.normal(size=(3, 5)) + 0.5 * rng.normal(size=(300, 5))
    layers = {
        f"epoch-{e}/hidden-{i}": np.tanh(inputs @ rng.normal(size=(5, 3)))
        + 0.1 * rng.normal(size=(300, 3))
        for e in (0, 10)
        for i in (2, 10)
    }
    np.savez(tmp_path / "layers.npz", x=inputs, y=labels, **layers)
    out, _ = harness("list", "--mine", "layers.npz")
    assert "networks/activations" in out
    assert "networks/activation-plane" in out
    sweep = ("run", "--task", "activations", "--set", "activations.path=layers.npz")
    out, _ = harness(
        *sweep, "--set", "activations.layers=epoch-*", "--no-baselines", "--estimator",
        "effective-rank", "--estimator", "participation-ratio",
    )  # fmt: skip
    cases = [line.split()[0] for line in out.splitlines() if line.startswith("epoch-")]
    assert cases == [f"epoch-{e}/hidden-{i}" for e in (0, 10) for i in (2, 10)]
    plane = ("run", "--task", "activation-plane", "--set", "activation-plane.path=layers.npz")
    out, _ = harness(*plane, "--estimator", "ksg")
    assert "mutual information [nats]" in out
    pytest.importorskip("matplotlib")
    harness("plot", "layers", "--task", "activations", "--out", "layers.png")
    out, _ = harness("plot", "plane", "--task", "activation-plane", "--out", "plane.svg")
    assert (tmp_path / "layers.png").stat().st_size > 5000
    assert "harness plot plane" in (tmp_path / "plane.svg").read_text()
