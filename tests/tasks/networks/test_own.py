"""The user's own layers, from every format, with labels of every form."""

import numpy as np
import pytest

import harness
from harness import UsageError

RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 6))
TOKENS = RNG.normal(size=(40, 3, 5)).astype(np.float32)
MAPS = RNG.normal(size=(40, 2, 4, 4))
Y = np.arange(40) % 2


def load(path, **params):
    return {
        case.id: case.load()
        for case in harness.task("activations", path=str(path), **params).cases(seed=0)
    }


def test_a_layer_per_array_with_the_label_of_its_input(tmp_path):
    np.savez(tmp_path / "a.npz", first=X, tokens=TOKENS, maps=MAPS, labels=np.array(["a", "b"])[Y])
    found = load(tmp_path / "a.npz")
    assert {name: data.x.shape for name, data in found.items()} == {
        "first": (40, 6), "tokens": (120, 5), "maps": (640, 2)
    }  # fmt: skip
    assert found["first"].labels.tolist() == Y.tolist()
    assert found["tokens"].labels.tolist() == np.repeat(Y, 3).tolist()
    assert (found["maps"].x[5] == MAPS[0, :, 1, 1]).all()
    assert list(load(tmp_path / "a.npz", layers=("t*",))) == ["tokens"]


def test_safetensors_and_half_precision(tmp_path):
    torch = pytest.importorskip("torch")
    from safetensors.torch import save_file

    file = tmp_path / "a.safetensors"
    save_file({"h": torch.tensor(X).bfloat16(), "y": torch.tensor(Y)}, str(file))
    found = load(file)["h"]
    np.testing.assert_allclose(found.x, X, rtol=0.01)
    assert found.labels.tolist() == Y.tolist()
    file.write_bytes(file.read_bytes()[:50])
    with pytest.raises(UsageError, match="wanted a whole safetensors file"):
        load(file)


def test_an_estimator_reads_them(tmp_path):
    np.save(tmp_path / "layer.npy", X)
    (record,) = harness.run(
        tasks=("activations",),
        estimators=("superposition/effective-rank",),
        params={"activations": {"path": str(tmp_path / "layer.npy")}},
        baselines=False,
    )
    assert record.case == "layer"
    assert 4 < record.value <= 6


@pytest.mark.parametrize(
    ("arrays", "params", "said"),
    [
        ({"h": X, "labels": Y[:3]}, {}, "3 labels for 40 inputs; wanted one for each"),
        ({"h": X, "labels": Y + 0.5}, {}, "labels at row 0: 0.5; wanted whole numbers"),
        ({"h": X[0]}, {}, r"the shape \(6,\); wanted numbers"),
        ({"h": X.astype(complex)}, {}, "the type complex128"),
        ({"h": np.full((4, 2), np.nan)}, {}, "Activations.x at row 0: NaN"),
        ({"h": X}, {"labels": "z"}, "no array 'z'; it has h"),
        ({"h": X}, {"layers": ("g",)}, "no layer g; it has h"),
    ],
)
def test_what_is_refused(tmp_path, arrays, params, said):
    np.savez(tmp_path / "a.npz", **arrays)
    with pytest.raises(UsageError, match=said):
        load(tmp_path / "a.npz", **params)


def test_a_file_is_needed(tmp_path):
    with pytest.raises(UsageError, match=r"activations.path is empty"):
        load("")
    (tmp_path / "a.pt").write_bytes(b"x")
    with pytest.raises(UsageError, match=r"unknown kind of file '.pt'; wanted .npz"):
        load(tmp_path / "a.pt")


def test_the_plane_of_ones_own_layers(tmp_path):
    """Two cases an array: inputs with the layer, the layer with the label; epochs from the names."""
    from harness import registry, reports

    far = {f"epoch-{e}/layer-{i}": X[:, :2] * (e + i) + 0.1 for e in (0, 10) for i in (2, 10)}
    np.savez(tmp_path / "a.npz", x=MAPS[:, 0], y=Y, **far)
    cases = {
        c.id: c
        for c in harness.task("activation-plane", path=str(tmp_path / "a.npz")).cases(seed=0)
    }
    assert list(cases) == [
        f"epoch-{e}/layer-{i}-{s}" for e in (0, 10) for i in (2, 10) for s in "xy"
    ]
    last = cases["epoch-10/layer-10-x"]
    assert last.facts == {"epoch": 10, "layer": 2, "name": "layer-10", "pair": "I(X;L)"}
    data, told = last.load(), cases["epoch-10/layer-10-y"].load()
    assert (data.x.shape, data.y.shape, len(data.split.train)) == ((40, 16), (40, 2), 20)
    assert (data.y == far["epoch-10/layer-10"]).all()
    assert (told.y[:, 0] == Y).all()
    assert told.y_kind == "discrete"
    records = harness.run(
        tasks=["activation-plane"],
        estimators=["ksg"],
        params={"activation-plane": {"path": str(tmp_path / "a.npz")}},
    )
    plane = registry.default().one("report", "plane")
    page = reports.make(plane, reports.read_by(plane, records), {}).text
    assert [line.split("|")[1].strip() for line in page.splitlines()[4:]] == [
        "layer-2", "layer-2", "layer-10", "layer-10"
    ]  # fmt: skip
    with pytest.raises(UsageError, match=r"no array 'pixels'; it has x, y"):
        list(
            harness.task("activation-plane", path=str(tmp_path / "a.npz"), inputs="pixels").cases(
                seed=0
            )
        )
