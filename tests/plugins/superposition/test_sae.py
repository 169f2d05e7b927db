"""Sparse autoencoders as a model: what is fitted on what, what is handed on, files, and bad input."""

import dataclasses
import itertools
import json

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import harness  # noqa: E402
from harness import Activations, DataError, Incompatible, Split, UsageError, stream  # noqa: E402
from harness_superposition import checkpoints, dictionary  # noqa: E402
from harness_superposition.dictionary import Dictionaries  # noqa: E402
from harness_superposition.kinds import SparseCodes  # noqa: E402
from harness_superposition.sae import SAE, _used  # noqa: E402

QUICK = {"epochs": 5, "steps": 0, "copies": 2, "batch": 32}


def layer(n=300, units=4, seed=0):
    rng = np.random.default_rng(seed)
    codes = rng.random((n, 2 * units)) * (rng.random((n, 2 * units)) < 0.3)
    return Activations(codes @ rng.normal(size=(2 * units, units)), layer="fc")


def run(data, seed=0, **more):
    return SAE(**QUICK | more).transform(data, to=SparseCodes, rng=stream(seed))


def random_dictionaries(architecture="relu", s=2, features=7, units=4, **more):
    draws = torch.Generator().manual_seed(0)
    arrays = [
        torch.randn(shape, generator=draws)
        for shape in ((s, features, units), (s, features), (s, features, units))
    ]
    return Dictionaries(
        architecture, *arrays, offset=torch.randn((s, units), generator=draws), **more
    )


def test_sums_over_blocks_are_sums_over_all(monkeypatch, close32):
    x, saes = layer(101).x, random_dictionaries()
    codes = np.concatenate([c.numpy() for _, _, c in saes.chunks(x)], axis=1).astype(float)
    monkeypatch.setattr(dictionary, "CHUNK", 50)  # a few samples at a time
    mass, counts = _used(saes, x)
    assert mass.shape == (2, 32, 7)
    close32(mass.sum(1), codes.sum(1), terms=4)
    np.testing.assert_array_equal(counts.sum(1), (codes > 0).sum(1))
    wrong = [
        ((saes.decode(torch.tensor(codes).float())[i].numpy() - x) ** 2).sum() for i in range(2)
    ]
    close32(saes.unexplained(x), np.array(wrong) / ((x - x.mean(0)) ** 2).sum(), terms=2 * 64)


def test_blocks_are_random_parts_of_the_samples():
    """Sorted samples, of which the first half is of one sort: half of the blocks still see both
    (official bug 3).
    """
    rng = np.random.default_rng(0)
    x = np.zeros((400, 2))
    x[:200, 0], x[200:, 1] = rng.random(200), rng.random(200)
    found = run(Activations(x), features=4, epochs=30, least=1)
    first, second = found.mass[:, :16].sum(1), found.mass[:, 16:].sum(1)
    np.testing.assert_allclose(
        first / first.sum(-1, keepdims=True), second / second.sum(-1, keepdims=True), atol=0.15
    )


def test_settings_are_ordered_and_start_alike():
    found = run(layer(), sparsity=(0.1, 0.3), scale=(1.0, 2.0))
    assert found.n == 8
    assert found.sparsity.tolist() == [0.1, 0.1, 0.3, 0.3] * 2
    assert found.scale.tolist() == [1.0] * 4 + [2.0] * 4
    assert (found.units, found.samples, found.layer, found.features) == (4, 300, "fc", 40)
    mean = run(layer(), loss="mean")
    np.testing.assert_allclose(mean.sparsity, 0.1 * 4 / 40)
    assert run(layer(), architecture="topk", k=2, sparsity=(0.1, 0.2)).sparsity.tolist() == [
        0.0,
        0.0,
    ]


@pytest.mark.parametrize("architecture", ["relu", "topk", "jumprelu"])
def test_every_architecture_learns(architecture):
    """More training explains more; without any, little is explained."""
    early, late = (
        run(layer(800), architecture=architecture, epochs=e).unexplained.mean() for e in (1, 60)
    )
    assert late < 0.5 * early
    assert late < 0.3


def test_size_of_the_dictionary():
    assert run(layer(units=4)).features == 40
    assert run(layer(units=4), least=1).features == 16
    assert run(layer(units=4), least=1, expansion=0.5).features == 2
    assert run(layer(units=4), features=9).features == 9
    assert run(layer(units=16)).features == 64


def test_normalised_layers_do_not_feel_their_scale():
    """With rms a change of scale is undone exactly; without, it changes what the weight of the
    sparsity means.
    """
    data = layer()
    large = dataclasses.replace(data, x=8.0 * data.x)
    np.testing.assert_array_equal(run(data).mass, run(large).mass)
    assert (
        np.abs(
            run(data, normalise="none").mass / run(large, normalise="none").mass.clip(1e-9) - 0.125
        ).max()
        > 0.01
    )


def test_scale_is_a_change_of_the_layer():
    """scale=2 is what an autoencoder makes of doubled activations."""
    data = layer()
    one = run(data, normalise="none", scale=(2.0,))
    two = run(dataclasses.replace(data, x=2.0 * data.x), normalise="none")
    np.testing.assert_allclose(one.mass, two.mass, rtol=1e-5)


def test_fitted_on_the_training_part_and_judged_on_the_test_part():
    data = layer(300)
    split = Split(np.arange(200), np.arange(220, 300), np.arange(200, 220))
    found = run(dataclasses.replace(data, split=split))
    assert found.samples == 80
    changed = data.x.copy()
    changed[220:] = 7.0 * changed[220:][::-1]
    other = SAE(**QUICK).fit(dataclasses.replace(data, x=changed, split=split), rng=stream(0))
    same = SAE(**QUICK).fit(dataclasses.replace(data, split=split), rng=stream(0))
    assert torch.equal(other.encoder, same.encoder)
    changed[:100] *= 1.5
    third = SAE(**QUICK).fit(dataclasses.replace(data, x=changed, split=split), rng=stream(0))
    assert not torch.equal(third.encoder, same.encoder)


def test_maps_of_a_convolution_are_samples():
    maps = np.random.default_rng(0).random((5, 4, 6, 7))
    flat = maps.transpose(0, 2, 3, 1).reshape(-1, 4)
    assert Activations.of_maps(maps) == Activations(flat)
    with pytest.raises(DataError, match="axes"):
        Activations.of_maps(maps[0])


@pytest.mark.parametrize("architecture", ["relu", "topk", "jumprelu"])
def test_files_of_ours(architecture, tmp_path):
    more = {"topk": {"k": 3}, "jumprelu": {"threshold": torch.full((2, 7), 0.2)}}.get(
        architecture, {}
    )
    saes = random_dictionaries(
        architecture, **more, gain=torch.tensor([2.0, 3.0], dtype=torch.float64)
    )
    checkpoints.write(tmp_path / "saes.safetensors", saes)
    found = checkpoints.read(tmp_path / "saes.safetensors")
    x = layer(20).x
    for (_, _, one), (_, _, two) in zip(saes.chunks(x), found.chunks(x), strict=True):
        assert torch.equal(one, two)
    assert (found.architecture, found.k) == (saes.architecture, saes.k)


def test_a_trained_autoencoder_goes_to_a_file_and_comes_back(tmp_path, close32):
    data, file = layer(), tmp_path / "saes.safetensors"
    checkpoints.write(file, SAE(**QUICK).fit(data, rng=stream(0)))
    fresh, stored = run(data), run(data, checkpoint=str(file))
    close32(stored.mass.sum(1), fresh.mass.sum(1), terms=4)
    one = checkpoints.read(file).take(1)
    checkpoints.write(file, one)
    close32(run(data, checkpoint=str(file)).mass.sum(1)[0], fresh.mass.sum(1)[1], terms=4)


def lens(folder, architecture, *, takes_off, **more):
    """A folder as SAELens writes it (6.54), and what it means."""
    from safetensors.torch import save_file

    draws = torch.Generator().manual_seed(1)
    shapes = {"W_enc": (4, 9), "W_dec": (9, 4), "b_enc": (9,), "b_dec": (4,)}
    arrays = {name: torch.randn(shape, generator=draws) for name, shape in shapes.items()}
    if architecture == "jumprelu":
        arrays["threshold"] = torch.rand(9, generator=draws)
    folder.mkdir()
    save_file(arrays, str(folder / "sae_weights.safetensors"))
    settings = {
        "d_in": 4,
        "d_sae": 9,
        "apply_b_dec_to_input": takes_off,
        "normalize_activations": "none",
    }
    (folder / "cfg.json").write_text(
        json.dumps(settings | {"architecture": architecture} | more), encoding="utf-8"
    )

    def coded(x):
        pre = (x - arrays["b_dec"] * takes_off) @ arrays["W_enc"] + arrays["b_enc"]
        if architecture == "jumprelu":
            return torch.relu(pre) * (pre > arrays["threshold"])
        codes = torch.relu(pre)
        if architecture == "topk":
            codes *= codes >= codes.sort(dim=-1).values[:, -more["k"]][:, None]
        return codes

    return coded, lambda z: z @ arrays["W_dec"] + arrays["b_dec"]


@pytest.mark.parametrize(
    ("architecture", "takes_off"),
    list(itertools.product(["standard", "topk", "jumprelu"], [True, False])),
)
def test_folders_of_the_common_library(architecture, takes_off, tmp_path):
    """Also compared with SAELens itself, by benchmarks/superposition."""
    coded, decoded = lens(
        tmp_path / "sae",
        architecture,
        takes_off=takes_off,
        **({"k": 2} if architecture == "topk" else {}),
    )
    saes, x = checkpoints.read(tmp_path / "sae"), torch.tensor(layer(50).x).float()
    codes = saes.encode(x[None].clone())
    torch.testing.assert_close(codes[0], coded(x))
    torch.testing.assert_close(saes.decode(codes)[0], decoded(coded(x)))
    found = run(layer(50), checkpoint=str(tmp_path / "sae"), normalise="none")
    np.testing.assert_allclose(found.mass[0].sum(0), coded(x).sum(0), rtol=1e-4)
    assert (found.n, found.features) == (1, 9)


def test_settings_that_change_the_function_are_honoured_or_refused(tmp_path):
    """Older versions name TopK as an activation, with k among its arguments."""
    coded, _ = lens(tmp_path / "new", "topk", takes_off=True, k=2)
    old = {"activation_fn_str": "topk", "activation_fn_kwargs": {"k": 2}}
    lens(tmp_path / "old", "standard", takes_off=True, **old)
    x = torch.tensor(layer(50).x).float()
    codes = checkpoints.read(tmp_path / "old").encode(x[None].clone())[0]
    torch.testing.assert_close(codes, coded(x))
    assert ((codes > 0).sum(1) <= 2).all()
    for name, more, said in (
        ("tanh", {"activation_fn_str": "tanh-relu"}, "activation 'tanh-relu'; wanted relu, topk"),
        ("scaled", {"finetuning_scaling_factor": True}, "finetuning_scaling_factor is set"),
        ("odd", {"k": "many"}, "k='many'; wanted a whole number"),
    ):
        lens(tmp_path / name, "standard", takes_off=True, **more)
        with pytest.raises(UsageError, match=said):
            checkpoints.read(tmp_path / name)
    from safetensors.torch import load_file, save_file

    file = str(tmp_path / "new" / "sae_weights.safetensors")
    arrays = load_file(file)
    save_file(arrays | {"scaling_factor": torch.ones(9)}, file)
    checkpoints.read(tmp_path / "new")
    save_file(arrays | {"scaling_factor": torch.full((9,), 2.0)}, file)
    with pytest.raises(UsageError, match="an array 'scaling_factor', which is not read here"):
        checkpoints.read(tmp_path / "new")


def test_topk_of_dictionary_learning(tmp_path):
    draws = torch.Generator().manual_seed(1)
    arrays = {
        "encoder.weight": torch.randn((9, 4), generator=draws),
        "encoder.bias": torch.randn(9, generator=draws),
        "decoder.weight": torch.randn((4, 9), generator=draws),
        "b_dec": torch.randn(4, generator=draws),
        "k": torch.tensor(2),
        "threshold": torch.tensor(-1.0),
    }
    torch.save(arrays, tmp_path / "ae.pt")
    trainer = {"trainer": {"dict_class": "AutoEncoderTopK", "k": 2}}
    (tmp_path / "config.json").write_text(json.dumps(trainer))
    x = torch.tensor(layer(30).x).float()
    codes = torch.relu((x - arrays["b_dec"]) @ arrays["encoder.weight"].T + arrays["encoder.bias"])
    codes *= codes >= codes.sort(dim=-1).values[:, -2][:, None]
    found = checkpoints.read(tmp_path).encode(x[None].clone())[0]
    torch.testing.assert_close(found, codes, rtol=1e-4, atol=1e-5)
    (tmp_path / "config.json").write_text(json.dumps({"trainer": {"dict_class": "BatchTopKSAE"}}))
    with pytest.raises(UsageError, match="dict_class 'BatchTopKSAE'; wanted AutoEncoder or"):
        checkpoints.read(tmp_path)


def test_folders_of_dictionary_learning(tmp_path):
    """``ae.pt`` with the bias of the decoder taken off the input, as Marks et al. do."""
    draws = torch.Generator().manual_seed(1)
    arrays = {
        "encoder.weight": torch.randn((9, 4), generator=draws),
        "encoder.bias": torch.randn(9, generator=draws),
        "decoder.weight": torch.randn((4, 9), generator=draws),
        "bias": torch.randn(4, generator=draws),
    }
    torch.save(arrays, tmp_path / "ae.pt")
    saes, x = checkpoints.read(tmp_path), torch.tensor(layer(30).x).float()
    codes = torch.relu((x - arrays["bias"]) @ arrays["encoder.weight"].T + arrays["encoder.bias"])
    torch.testing.assert_close(saes.encode(x[None].clone())[0], codes, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(
        saes.decode(codes[None])[0], codes @ arrays["decoder.weight"].T + arrays["bias"]
    )


def test_files_that_are_none(tmp_path):
    with pytest.raises(UsageError, match="no autoencoders found"):
        run(layer(), checkpoint=str(tmp_path / "nothing"))
    (tmp_path / "bad.safetensors").write_bytes(b"not a file")
    with pytest.raises(UsageError, match="cannot be read"):
        run(layer(), checkpoint=str(tmp_path / "bad.safetensors"))
    lens(tmp_path / "gated", "gated", takes_off=False)
    with pytest.raises(UsageError, match="architecture 'gated'"):
        checkpoints.read(tmp_path / "gated")
    lens(tmp_path / "normed", "standard", takes_off=False, normalize_activations="layer_norm")
    with pytest.raises(UsageError, match="normalize_activations"):
        checkpoints.read(tmp_path / "normed")
    lens(tmp_path / "k", "topk", takes_off=False, k=12)
    with pytest.raises(UsageError, match="k=12"):
        checkpoints.read(tmp_path / "k")
    broken = dataclasses.replace(random_dictionaries(), bias=torch.full((2, 7), torch.nan))
    checkpoints.write(tmp_path / "nan.safetensors", broken)
    with pytest.raises(UsageError, match="NaN"):
        checkpoints.read(tmp_path / "nan.safetensors")
    checkpoints.write(
        tmp_path / "shape.safetensors", dataclasses.replace(broken, bias=torch.zeros((2, 6)))
    )
    with pytest.raises(UsageError, match="shape"):
        checkpoints.read(tmp_path / "shape.safetensors")
    with pytest.raises(UsageError, match="cannot be written"):
        checkpoints.write(tmp_path / "no" / "folder", random_dictionaries())


def test_another_width(tmp_path):
    checkpoints.write(tmp_path / "saes", random_dictionaries(units=3))
    with pytest.raises(Incompatible, match="an autoencoder of 3 units; this layer has 4"):
        run(layer(), checkpoint=str(tmp_path / "saes"))
    with pytest.raises(Incompatible, match="an autoencoder of 4 units; this layer has 5"):
        random_dictionaries().unexplained(np.ones((9, 5)))


@pytest.mark.parametrize(
    ("x", "wanted"),
    [
        (np.zeros((50, 3)), "dead layer"),
        (np.full((50, 3), 2.0), "equal activations"),
        (np.eye(9), "9 samples"),
    ],
)
def test_layers_without_features(x, wanted):
    with pytest.raises(Incompatible, match=wanted):
        run(Activations(x))


def test_dead_units_are_no_matter():
    data = layer()
    found = run(Activations(np.hstack([data.x, np.zeros((300, 2))])), features=16)
    assert np.isfinite(found.mass).all()
    assert (found.unexplained < 1).all()


def test_what_is_not_finite_is_refused_by_the_kind():
    x = layer().x.copy()
    x[7, 1] = np.nan
    with pytest.raises(DataError, match=r"Activations\.x at row 7"):
        Activations(x)


def test_fewer_samples_than_features_and_dictionaries_smaller_than_the_layer_are_told(caplog):
    harness.estimator("effective-features").estimate(run(layer(30)), rng=stream(0))
    assert any("fewer than ten samples per feature" in r.getMessage() for r in caplog.records)
    caplog.clear()
    harness.estimator("effective-features").estimate(run(layer(300), features=3), rng=stream(0))
    assert any("smaller than the layer" in r.getMessage() for r in caplog.records)


def test_magnitudes():
    data = layer()
    for factor in (1e-200, 1e200):
        np.testing.assert_allclose(
            run(Activations(factor * data.x)).mass, run(data).mass, rtol=1e-4, atol=1e-4
        )
    with pytest.raises(Incompatible, match="single precision"):
        run(Activations(1e200 * data.x), normalise="none")
    with pytest.raises(Incompatible, match="diverged"):
        run(Activations(1e30 * data.x), normalise="none")


def test_more_active_features_than_there_are():
    with pytest.raises(Incompatible, match="k=50 of 40 features"):
        run(layer(), architecture="topk", k=50)


def test_nothing_of_the_global_state_changes():
    threads, state = torch.get_num_threads(), torch.get_rng_state()
    run(layer())
    assert torch.get_num_threads() == threads
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.is_grad_enabled()


GPU = pytest.mark.skipif(not torch.cuda.is_available(), reason="torch sees no GPU here")


@pytest.mark.parametrize("device", ["cpu", pytest.param("cuda", marks=GPU)])
@pytest.mark.parametrize("architecture", ["relu", "topk", "jumprelu"])
def test_the_device_is_that_of_training_and_coding(device, architecture, tmp_path):
    model = SAE(**QUICK, architecture=architecture, device=device)
    saes = model.fit(layer(), rng=stream(0))
    assert {saes.encoder.device.type, saes.bias.device.type} == {device}
    found = model.transform(layer(), to=SparseCodes, rng=stream(0))
    # Devices differ in how they round sums, which training carries on.
    expected = run(layer(), architecture=architecture)
    np.testing.assert_allclose(found.unexplained, expected.unexplained, rtol=1e-2)
    checkpoints.write(tmp_path / "saes", saes)
    loaded = SAE(checkpoint=str(tmp_path / "saes"), device=device)
    assert loaded.loaded(layer()).encoder.device.type == device
    again = loaded.transform(layer(), to=SparseCodes, rng=stream(0))
    assert again.n == found.n


@pytest.mark.skipif(torch.cuda.is_available(), reason="torch sees a GPU here")
def test_an_absent_device_is_refused():
    with pytest.raises(UsageError, match="torch sees no GPU here"):
        run(layer(), device="cuda")
