"""Layers of a perceptron from files."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")
safetensors = pytest.importorskip("safetensors.torch")

import harness  # noqa: E402
from harness import UsageError  # noqa: E402

TASK = "perceptron-layers"


def test_hidden_layers_are_those_of_torch(tmp_path):
    """Twelve layers, so that their names have to be sorted as numbers."""
    torch.manual_seed(0)
    parts = [p for _ in range(6) for p in (torch.nn.Linear(6, 6), torch.nn.ReLU())]
    network = torch.nn.Sequential(*parts[:-1]).double()
    x = torch.rand(40, 2, 3, dtype=torch.float64)
    outputs = network(x.flatten(1)).detach()
    labels = outputs.argmax(1).numpy().copy()
    labels[:10] = (labels[:10] + 1) % 6
    np.savez(tmp_path / "w.npz", **{n: v.numpy() for n, v in network.state_dict().items()})
    safetensors.save_file(network.state_dict(), tmp_path / "w.safetensors")
    np.savez(tmp_path / "in.npz", x=x.numpy(), y=labels)
    for file, close in (("w.npz", 1e-12), ("w.safetensors", 1e-5)):
        files = {"path": str(tmp_path / "in.npz"), "weights": str(tmp_path / file)}
        cases = list(harness.task(TASK, **files).cases(seed=0))
        assert [case.id for case in cases] == ["0", "2", "4", "6", "8"]
        for number, case in enumerate(cases):
            wanted = network[: 2 * number + 2](x.flatten(1)).detach().numpy()
            found = case.load()
            np.testing.assert_allclose(found.x, wanted, atol=close)
            assert found.accuracy == 0.75
    some = harness.task(TASK, **files, layers=("[24]",)).cases(seed=0)
    assert [case.id for case in some] == ["2", "4"]
    with pytest.raises(UsageError, match="no layer 3"):
        list(harness.task(TASK, **files, layers=("3",)).cases(seed=0))
    arrays = {n: v.numpy() for n, v in network.state_dict().items()}
    for change, message in (
        ({"extra": np.ones(1)}, "arrays 0.bias"),
        ({"2.weight": np.ones((6, 5))}, "2 has the shapes"),
        ({"0.weight": np.ones((6, 5))}, "reads 5"),
    ):
        np.savez(tmp_path / "w.npz", **(arrays | change))
        with pytest.raises(UsageError, match=message):
            list(harness.task(TASK, **files | {"weights": str(tmp_path / "w.npz")}).cases(seed=0))
    with pytest.raises(UsageError, match="weights is empty"):
        list(harness.task(TASK, path=files["path"]).cases(seed=0))
