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
