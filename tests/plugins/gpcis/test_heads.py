"""Heads that play: the orders of the paper, learning, the authors' network, paths by plan alone."""

import dataclasses
import importlib.util
import math
from pathlib import Path

import numpy as np
import pytest
import torch

import harness
from harness import Curve, DataError, Incompatible, UsageError, stream
from harness_gpcis import network, official, playing, settings
from harness_gpcis.heads import ProcessHead
from harness_gpcis.reports.session import replayed

_spec = importlib.util.spec_from_file_location("gpcis_playing", Path(__file__).with_name("playing.py"))  # fmt: skip
_module = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_module)
played = _module.played
SMALL = {"images": 1, "train": 1, "size": 32, "gaps": (0.27,)}


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_clicks_order_the_heads(seed):
    """24 shapes: the process needs fewer clicks than the nearest click, and that fewer than weight
    space alone; no last mask of the process contradicts a click."""
    names = ("gp-clicks", "nearest-click", "rff-clicks")
    found = [played(harness.estimator(f"gpcis/{name}"), seed=seed, train=1)[0] for name in names]
    clicks = [scores["clicks_90"] for scores in found]
    assert clicks == sorted(clicks)
    assert len(set(clicks)) == 3
    assert found[0]["wrong_clicks"] == 0.0
    assert found[0]["overlap_5"] > found[0]["overlap_1"]


def test_the_curve_sums_to_the_number_of_clicks():
    scores, curve, transcript = played(harness.estimator("gpcis/gp-clicks"), **SMALL)
    assert isinstance(curve, Curve)
    assert curve.y.sum() == pytest.approx(scores["clicks_90"])
    assert curve.diagnostics["clicks"] == sum((a.sign != 0).sum() for _, a in transcript if a)
    assert (curve.y[0], transcript[-1][1]) == (1.0, None)


def test_place_alone_is_not_enough():
    """Features that say nothing of colour take more clicks, on the same pictures."""
    seen, blind = (
        played(harness.estimator("gpcis/gp-clicks", colour=c), rows=slice(1), train=1)[0]
        for c in (3.0, 0.0)
    )
    assert seen["clicks_90"] < blind["clicks_90"]


def test_an_average_of_samples_and_none_of_one():
    """One draw of the prior is not to be scored: it is as wide as the prior far from clicks."""
    one, many = (
        played(harness.estimator("gpcis/pathwise-clicks", paths=paths), **SMALL)[0]
        for paths in (1, 64)
    )
    assert many["clicks_90"] < one["clicks_90"]
    assert many["wrong_clicks"] == 0.0


@pytest.mark.parametrize(
    ("name", "params"),
    [("random-walker", {}), ("gpytorch-clicks", {"steps": 1}), ("gpcis-clicks", {"steps": 3})],
)
def test_other_heads_play(name, params):
    small = SMALL | {"size": 24, "limit": 3}
    scores, curve, _ = played(harness.estimator(f"gpcis/{name}", **params), **small)
    assert 1.0 <= scores["clicks_90"] <= 3.0
    assert math.isfinite(scores["mask_code_length"])
    assert curve.diagnostics["sharpness"] > 0
    again, _, _ = played(harness.estimator(f"gpcis/{name}", **params), **small)
    assert again == scores


def test_told_masks_make_log_odds_honest():
    """The factor is where the derivative of the code length is zero."""
    rng = np.random.default_rng(0)
    u = rng.normal(0.7, 1.0, 4000)
    t = playing.likeliest(u)
    code = lambda t: np.logaddexp(0.0, -t * u).mean()  # noqa: E731
    assert code(t) < min(code(0.99 * t), code(1.01 * t))
    assert t == pytest.approx(1.4, abs=0.15)  # 2 mean / variance


def test_training_helps():
    """After 150 steps the first click finds more than after one."""
    made = SMALL | {"train": 4, "size": 32, "limit": 2}
    before, after = (
        played(harness.estimator("gpcis/gpcis-clicks", steps=steps), **made)[0]
        for steps in (1, 150)
    )
    assert after["overlap_1"] > before["overlap_1"] + 0.1


def test_without_told_masks_there_is_nothing_to_train_on():
    data = next(iter(harness.task("images/shapes", **SMALL).cases(seed=0))).load()
    for blind in (dataclasses.replace(data, split=None), dataclasses.replace(data, mask=None)):
        with pytest.raises(Incompatible, match="mask told"):
            harness.estimator("gpcis/gpcis-clicks").maker(blind, stream(0))
        assert playing.told(blind) is None


def process(seed=0):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return network.DeepProcess(4, 64)


def test_amortised_values_have_the_signs_of_the_clicks():
    own, x = process(), torch.randn(50, 7, generator=torch.Generator().manual_seed(0))
    signs = torch.where(torch.arange(50) % 2 == 0, 1.0, -1.0)
    assert (torch.sign(own.values(x, signs)[:, 0]) == signs).all()


def test_the_trained_head_is_the_formula_without_draws():
    """w = mu and f_n = m, in float64 by another module."""
    from harness_gpcis.posterior import Kernel, solved

    own, rng = process(), np.random.default_rng(0)
    x = rng.normal(size=(30, 7)).astype(np.float32)
    head = network.DeepHead(x, own, 1e-7)
    for place, sign in ((3, 1), (17, -1)):
        head.click(place, sign)
    with torch.no_grad():
        prior = (own.phi(torch.tensor(x)) @ own.omega).double().numpy()
        m = own.values(torch.tensor(x[[3, 17]]), torch.tensor([1.0, -1.0])).double().numpy()
        k = own.kernel(torch.tensor(x), torch.tensor(x[[3, 17]])).double().numpy()
        eta, colour = torch.exp(own.logsigma2), torch.nn.functional.softplus(own.weights)
    ours = Kernel.deep(eta.double().numpy(), float(colour)).between(x.astype(float), x[[3, 17]].astype(float))  # fmt: skip
    np.testing.assert_allclose(ours, k, atol=1e-5)
    alpha, _ = solved(ours[[3, 17]], 1e-7, m - prior[[3, 17]])
    np.testing.assert_allclose(head.field(), (prior + ours @ alpha)[:, 0], atol=1e-4)
    assert np.sign(head.field()[[3, 17]]).tolist() == [1, -1]
    assert head.variance()[3] == pytest.approx(network.SIGMA**2, rel=0.1)


def test_samples_of_training_have_the_mean_of_the_trained_head():
    own, x = process(), torch.randn(20, 7, generator=torch.Generator().manual_seed(0))
    signs = torch.tensor([1.0, -1.0])
    with torch.no_grad(), torch.random.fork_rng():
        torch.manual_seed(0)
        draws = torch.stack([own.drawn(x, x[[3, 7]], signs, "code")[0] for _ in range(400)]).numpy()
    head = network.DeepHead(x.numpy(), own, network.EPS2)
    head.click(3, 1)
    head.click(7, -1)
    error = draws.std(0) / 20
    inside = np.delete(np.arange(20), [3, 7])  # the head is exact at the clicks, up to eps^2
    assert (np.abs(draws.mean(0) - head.field())[inside] < 5 * error[inside] + 1e-5).all()


def test_variational_terms():
    """m^T K^-1 m and the cross-entropy, as the program and as the supplement have them."""
    m, signs = torch.tensor([[1.0], [-2.0]]), torch.tensor([1.0, -1.0])
    k = torch.tensor([[2.0, 0.5], [0.5, 1.0]])
    fit = [math.log1p(math.exp(-1.0)), math.log1p(math.exp(-2.0))]
    square = float(m.T @ torch.linalg.inv(k) @ m)
    root = torch.linalg.cholesky(k)
    code, paper = (float(network.variational_term(m, m, signs, root, t)) for t in ("code", "paper"))
    assert code == pytest.approx(sum(fit) / 2 + square / 2, rel=1e-5)
    assert paper == pytest.approx(sum(fit) + square / 2, rel=1e-5)


def test_the_focal_loss():
    """Weights (1 - p)^2, normalized to the number of pixels; -1 does not count."""
    logit, label = torch.tensor([0.0, 2.0, -1.0, 9.0]), torch.tensor([1, 1, 0, -1])
    p = np.array([0.5, 1 / (1 + math.exp(-2)), 1 / (1 + math.exp(-1))])
    beta = (1 - p) ** 2
    wanted = -0.5 * (beta * np.log(p)).sum() / beta.sum()
    assert float(network.focal(logit, label)) == pytest.approx(wanted, rel=1e-5)


def test_the_authors_network_has_their_number_of_parameters():
    """39.39 million in all, 0.02 of them beyond the backbone's and the maps' (table S2)."""
    with torch.device("meta"):
        net = official.Network()
    assert sum(p.numel() for p in net.parameters()) == pytest.approx(39.39e6, abs=5e3)
    names = net.state_dict()
    for name in (
        "model.backbone.conv1.6.weight", "model.backbone.layer3.5.bn3.running_var", "model.aspp.concurent.4.gap.1.weight",
        "model.head.block.0.body.1.weight", "model.skip_project.skip_project.0.weight", "maps_transform.3.scale",
        "omega_var", "u_mlp.2.bias", "logsigma2", "weights", "theta.bias",
    ):  # fmt: skip
        assert name in names
    assert tuple(names["model.backbone.layer4.0.downsample.0.weight"].shape) == (2048, 1024, 1, 1)


def test_the_authors_network_plays_from_a_file(tmp_path):
    torch.manual_seed(0)
    torch.save({"state_dict": official.Network().state_dict(), "config": {"class": "x"}}, tmp_path / "net.pth")  # fmt: skip
    head = harness.estimator("gpcis/official-clicks", checkpoint=str(tmp_path / "net.pth"), side=64)
    data = next(iter(harness.task("images/shapes", **SMALL).cases(seed=0))).load()
    own = head.maker(data, stream(0))(data.picture(0))
    own.click(16 * 32 + 16, 1)
    first = own.field()
    assert first.shape == (1024,)
    assert np.isfinite(first).all()
    own.click(3, -1)
    assert not np.array_equal(own.field(), first)


def test_files_that_are_not_the_authors_network(tmp_path):
    with pytest.raises(UsageError, match=r"wanted GPCIS_Resnet50\.pth"):
        official.load("")
    pointer = tmp_path / "pointer.pth"
    pointer.write_text("version https://git-lfs.github.com/spec/v1\n")
    with pytest.raises(UsageError, match="git lfs pull"):
        official.load(str(pointer))
    torch.save({"state_dict": {"theta.weight": torch.zeros(2)}}, tmp_path / "other.pth")
    (tmp_path / "text.pth").write_text("hello world")
    torch.save([torch.zeros(2)], tmp_path / "list.pth")
    torch.save(official.Network, tmp_path / "class.pth")
    for name in ("other", "text", "list", "class"):
        with pytest.raises(UsageError, match="not the authors' network"):
            official.load(str(tmp_path / f"{name}.pth"))


def test_crops_hold_the_object_and_its_clicks():
    mask = np.zeros((50, 60), bool)
    assert official.around(mask, [(1, 1)]) is None
    mask[20:30, 30:40] = True
    assert official.around(mask, []) == (18, 32, 28, 42)  # 1.4 times as large
    assert official.around(mask, [(0, 0)]) == (0, 36, 0, 48)
    maps = official.disks([(10.0, 10.0, 1), (30.0, 4.0, -1)], (40, 40), torch.device("cpu"))
    assert maps.sum((2, 3)).tolist() == [[81.0, 80.0]]  # pixels within 5; an edge cuts one
    assert maps[0, 0, 10, 15] == 1
    assert maps[0, 0, 10, 16] == 0


def test_torchvision_is_named_where_it_is_absent():
    if importlib.util.find_spec("torchvision"):
        pytest.skip("torchvision is installed")
    with pytest.raises(harness.MissingDependency, match=r"pip install.*torchvision"):
        ProcessHead(np.zeros((8, 8, 3), np.float32), settings.Process(torchvision="resnet18"))


def test_heads_refuse_clicks_that_cannot_be():
    data = next(iter(harness.task("images/shapes", **SMALL).cases(seed=0))).load()
    for name in ("gp-clicks", "rff-clicks", "nearest-click", "random-walker"):
        head = harness.estimator(f"gpcis/{name}").maker(data, stream(0))(data.picture(0))
        for place, sign in ((1024, 1), (-1, 1), (0, 0)):
            with pytest.raises(DataError, match="click"):
                head.click(place, sign)


@pytest.mark.parametrize("measure", ["information-gain", "entropy", "bald", "largest-bald"])
def test_forecasts_are_numbers_of_each_picture(measure):
    head = harness.estimator("gpcis/forecast", measure=measure, clicks=2)
    scores, output, transcript = played(head, **SMALL)
    assert len(output.values) == 4
    assert (output.values > 0).all()
    assert scores["forecast"] == pytest.approx(output.values.mean())
    assert len(transcript) == 2


def test_pixels_of_sessions_reach_other_estimators_by_plan_alone():
    found = harness.run(
        tasks=["recorded-sessions"], estimators=["ross", "ksg", "nui", "pvi", "bald"],
        models=["gpcis/*", "logistic"], seeds=[0], workers=0,
        params={"recorded-sessions": {"size": 32, "images": 1, "train": 1, "gaps": (0.27,)}},
    )  # fmt: skip
    paths = {(row.models[:1], row.estimator): row for row in found if row.status == "ok"}
    wanted = {
        "classics/ross": "pixel-features", "netinfof/nui": "pixel-features", "wireless_pvi/pvi": "pixel-features",
        "classics/ksg": "pixel-pairs", "gpcis/bald": "gp-latent",
    }  # fmt: skip
    for estimator, model in wanted.items():
        assert ((f"gpcis/{model}",), estimator) in paths


def test_the_session_of_a_trained_head_is_that_of_its_record():
    """Its training draws what it drew in the run."""
    found = harness.run(
        tasks=["shapes"], estimators=["gpcis-clicks"], seeds=[3], workers=0,
        params={"shapes": SMALL | {"size": 24, "limit": 3}, "gpcis-clicks": {"steps": 3}},
    )  # fmt: skip
    for row in found:
        _, states = replayed(row)
        assert states[0].overlap == row.scores["overlap_1"]
        assert states[-1].overlap == row.scores["overlap_20"]


def test_the_picture_of_a_session(tmp_path):
    from matplotlib.figure import Figure

    task = {"images": 1, "train": 1, "size": 32, "gaps": (0.21, 0.27)}
    found = harness.run(tasks=["shapes"], estimators=["gp-clicks"], seeds=[0], workers=0, params={"shapes": task})  # fmt: skip
    report = harness.registry.default().one("report", "gpcis/session").build({})
    row = next(r for r in found if r.scores["failures_90"] == 0)
    page = report.make([row])
    overlaps = [float(line.split("|")[3]) for line in page.text.splitlines() if "object" in line or "ground" in line]  # fmt: skip
    assert len(overlaps) == row.scores["clicks_90"]
    assert overlaps[-1] >= 0.9
    figure = Figure()
    page.draw(figure)
    figure.savefig(tmp_path / "session.png")
    assert (tmp_path / "session.png").stat().st_size > 10_000
