"""Compiled transformers: exact, in files, and with a compressed stream."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import harness  # noqa: E402
from harness import UsageError  # noqa: E402
from harness_networks.compiled import PADDING, PROGRAMS, inputs_of, named  # noqa: E402
from harness_networks.compressed import CompiledTransformers, accuracy  # noqa: E402


def expected(program, word):
    return word[::-1] if program == "reverse" else sorted(word)


@pytest.mark.parametrize("program", ["reverse", "sort"])
def test_a_compiled_transformer_computes_its_program_on_all_inputs(program):
    """All 3,905 inputs of up to five of five tokens; outputs are one-hot to rounding."""
    made = PROGRAMS[program](5, 5)
    inputs = inputs_of(5, 5)
    assert len(inputs) == sum(5**k for k in range(1, 6)) == len(np.unique(inputs, axis=0))
    *_, last = made.streams(torch.from_numpy(inputs))
    outputs = (last @ made.readout)[:, 1:].numpy()
    for row, output in zip(inputs, outputs, strict=True):
        word = [t for t in row[1:].tolist() if t != PADDING]
        wanted = np.eye(5)[expected(program, word)]
        np.testing.assert_allclose(output[: len(word)], wanted, atol=1e-10)
    assert accuracy(made, program) == 1.0
    other = {"reverse": "sort", "sort": "reverse"}[program]
    assert accuracy(made, other) < 0.7


def test_a_rotated_stream_reads_the_same():
    """W of as many units as the stream has, orthogonal: ReLU(W^T W x) = x, as x is not negative."""
    made = PROGRAMS["sort"](3, 3)
    turn = torch.from_numpy(
        np.linalg.qr(np.random.default_rng(0).normal(size=(made.width,) * 2))[0]
    )
    assert accuracy(made, "sort", turn) == 1.0
    assert accuracy(made, "sort", turn[:4]) < 1.0


def test_the_stream_is_measured_at_several_widths():
    task = CompiledTransformers(tokens=3, length=3, widths=(0, 14, 3), steps=200, n=60)
    cases = list(task.cases(seed=0))
    assert [case.id for case in cases[::3]] == [
        "reverse-width-17-exact-layer-1",
        "reverse-width-14-layer-1",
        "reverse-width-3-layer-1",
    ]
    found = [case.load() for case in cases]
    assert [one.width for one in found[::3]] == [17, 14, 3]
    assert [one.accuracy for one in found[:3]] == [1.0] * 3
    exact, wide, narrow = (one.accuracy for one in found[::3])
    assert exact == 1.0
    assert wide > 0.9 > narrow
    before, after = (
        CompiledTransformers(tokens=3, length=3, widths=(14,), steps=0).trained("reverse", 0)[1],
        task.trained("reverse", 0)[1],
    )
    assert accuracy(PROGRAMS["reverse"](3, 3), "reverse", before[14]) < wide
    assert after[14].shape == (14, 17)
    again = CompiledTransformers(tokens=3, length=3, widths=(0, 14, 3), steps=0, n=61)
    assert next(iter(again.cases(seed=0))).load().x.shape == (61, 17)


def test_a_transformer_from_a_file(tmp_path):
    safetensors = pytest.importorskip("safetensors.numpy")
    arrays = named(PROGRAMS["sort"](3, 4))
    np.savez(tmp_path / "sort.npz", **arrays)
    safetensors.save_file(
        {n: np.ascontiguousarray(a) for n, a in arrays.items()}, tmp_path / "sort.safetensors"
    )
    own = {"tokens": 3, "length": 4, "programs": ("sort",), "widths": (0,), "n": 50}
    wanted = [case.load() for case in harness.task("compiled-transformers", **own).cases(seed=0)]
    for name in ("sort.npz", "sort.safetensors"):
        own["path"] = str(tmp_path / name)
        cases = list(harness.task("compiled-transformers", **own).cases(seed=0))
        found = [case.load() for case in cases]
        assert [one.accuracy for one in found] == [1.0] * 3
        # safetensors pass through single precision.
        for a, b in zip(found, wanted, strict=True):
            np.testing.assert_allclose(a.x, b.x, atol=1e-5)
    with pytest.raises(UsageError, match="the one of the file"):
        list(CompiledTransformers(path=own["path"], programs=("reverse", "sort")).cases(seed=0))
    for change, message in (
        ({"readout": None}, "no array 'readout'"),
        ({"readout": arrays["readout"][:, :2]}, "2 in the readout"),
        ({"blocks.0.up": arrays["blocks.0.up"][:3]}, "wanted arrays embedding"),
        ({"extra": np.ones(2)}, "extra are not known"),
    ):
        broken = {n: a for n, a in (arrays | change).items() if a is not None}
        np.savez(tmp_path / "broken.npz", **broken)
        task = CompiledTransformers(path=str(tmp_path / "broken.npz"), programs=("sort",))
        with pytest.raises(UsageError, match=message):
            list(task.cases(seed=0))


def test_refusals():
    with pytest.raises(UsageError, match="at least one, and none twice"):
        list(CompiledTransformers(widths=(8, 8)).cases(seed=0))
    with pytest.raises(UsageError, match="the stream of reverse has 27"):
        list(CompiledTransformers(widths=(28,)).cases(seed=0))
    with pytest.raises(UsageError, match="as all are tried"):
        list(CompiledTransformers(tokens=9, length=7).cases(seed=0))
