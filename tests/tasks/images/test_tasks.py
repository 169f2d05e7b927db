"""Drawn shapes, photographs, data sets in folders, laws with known entropy."""

import numpy as np
import pytest
from PIL import Image
from scipy.integrate import quad
from scipy.io import savemat
from scipy.special import entr

import harness
from harness import UsageError
from harness_images import latent, objects, shapes


def test_shapes_have_their_colours_and_hide_their_masks():
    task = harness.task("images/shapes", images=2, train=1, noise=0.0)
    cases = list(task.cases(seed=0))
    assert len(cases) == 12
    data, truth = cases[0].load(), cases[0].reveal()
    told = int(data.offsets[len(data.split.train)])
    assert (data.mask[told:] == -1).all()
    assert (data.mask[:told] >= 0).all()
    assert truth.n == data.split.test.size == 24
    for case in cases:
        for i in task.members(case):
            picture, mask = data.evaluated().picture(i).astype(float), truth.of(i) == 1
            edge = (
                mask[:, 1:] != mask[:, :-1]
            )  # neighbours differ by the gap, and by little shading
            steps = np.linalg.norm((picture[:, 1:] - picture[:, :-1])[edge], axis=-1)
            assert abs(steps.mean() - case.facts["gap"]) < 0.02, case.id


def test_rings_have_holes_and_blobs_have_their_share():
    rng = np.random.default_rng(0)
    for _ in range(20):
        ring, disc = (shapes.drawn(form, 96, rng) for form in ("ring", "disc"))
        middle = [round(axis.mean()) for axis in np.nonzero(ring)]
        assert not ring[tuple(middle)]
        area = disc.sum() / 96**2
        assert np.pi * 0.2**2 * 0.95 < area < np.pi * 0.35**2 * 1.05
        assert abs(shapes.drawn("blobs", 96, rng).mean() - 0.3) < 0.001


def test_the_coins_of_the_photograph():
    found = objects.coins()
    assert len(found) == 25
    assert (sum(mask for _, mask in found[1:]) == found[0][1]).all()
    cases = {c.id: c for c in harness.task("images/skimage-objects").cases(seed=0)}
    assert cases["one-coin"].load().n == 24
    assert cases["coins"].load().picture(0).shape == (101, 128, 3)
    share = (cases["motorcycle"].reveal().mask == 1).mean()
    assert 0.1 < share < 0.6


def test_laws_have_the_entropy_that_they_state():
    """The rule of trapezoids there, adaptive quadrature here."""
    for mean, var in latent.LAWS[1:]:
        density = lambda f: np.exp(-0.5 * (f - mean) ** 2 / var) / np.sqrt(2 * np.pi * var)  # noqa: B023, E731
        s = lambda f: 1 / (1 + np.exp(-f))  # noqa: E731
        h = lambda p: entr(p) + entr(1 - p)  # noqa: E731
        reach = (mean - 8 * var**0.5, mean + 8 * var**0.5)
        p = quad(lambda f: density(f) * s(f), *reach, epsabs=1e-12)[0]  # noqa: B023
        each = quad(lambda f: density(f) * h(s(f)), *reach, epsabs=1e-12)[0]  # noqa: B023
        marginal, conditional = latent.entropies(np.array([mean]), np.array([var]))
        assert marginal[0] == pytest.approx(h(p), abs=1e-9)
        assert conditional[0] == pytest.approx(each, abs=1e-9)


def picture(file, mask):
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(mask.astype(np.uint8)).save(file)


COLOURS = np.arange(6 * 5 * 3).reshape(6, 5, 3)
MASK = np.zeros((6, 5), int)
MASK[1:4, 1:4], MASK[0] = 255, 128


def test_grabcut_and_berkeley_from_a_folder(tmp_path):
    for name, images, marks in (("grabcut", "data_GT", "boundary_GT"), ("berkeley", "images", "masks")):  # fmt: skip
        root = tmp_path / name
        picture(root / images / "a.png", COLOURS)
        picture(root / images / "b.png", COLOURS)
        picture(root / marks / "a.bmp", MASK)
        picture(root / marks / "b.bmp", np.stack([MASK] * 3, -1))
        cases = list(harness.task(f"images/{name}", folder=str(root)).cases(seed=0))
        assert [case.id for case in cases] == ["a", "b"]
        for case in cases:
            truth = case.reveal().of(0)
            assert (truth == np.where(MASK == 128, -1, MASK == 255)).all()
            np.testing.assert_allclose(case.load().picture(0), COLOURS / 255.0, atol=1e-7)
        (only,) = harness.task(f"images/{name}", folder=str(root), only=("b",)).cases(seed=0)
        assert only.id == "b"
        with pytest.raises(UsageError, match="picture in"):
            list(harness.task(f"images/{name}", folder=str(root), only=("c",)).cases(seed=0))


def test_davis_and_sbd_from_a_folder(tmp_path):
    davis, sbd = tmp_path / "davis", tmp_path / "sbd"
    picture(davis / "img" / "a.jpg", COLOURS)
    colours = np.zeros((6, 5, 3), int)
    colours[2, 2, 1] = 7
    picture(davis / "gt" / "a.png", colours)
    (case,) = harness.task("images/davis", folder=str(davis)).cases(seed=0)
    assert np.argwhere(case.reveal().of(0) == 1).tolist() == [[2, 2]]
    instances = np.zeros((6, 5), np.uint8)
    instances[0, 0], instances[4:, 2:] = 1, 3
    for name in "ab":
        picture(sbd / "img" / f"{name}.jpg", COLOURS)
        (sbd / "inst").mkdir(exist_ok=True)
        inner = np.zeros((1, 1), [("Segmentation", object), ("Categories", object)])
        inner[0, 0] = (instances, 0)
        savemat(sbd / "inst" / f"{name}.mat", {"GTinst": inner})
    with pytest.raises(UsageError, match=r"val\.txt"):
        list(harness.task("images/sbd", folder=str(sbd)).cases(seed=0))
    (sbd / "val.txt").write_text("b\n")
    first, second = harness.task("images/sbd", folder=str(sbd)).cases(seed=0)
    assert (first.id, second.id) == ("b-1", "b-3")
    assert (second.reveal().of(0) == (instances == 3)).all()


@pytest.mark.parametrize(
    ("mask", "message"),
    [
        (np.zeros((6, 5)), "no object"),
        (np.full((6, 5), 77), "the value 77; wanted 0, 1, 128 or 255"),
        (np.full((5, 5), 255), "6x5 and 5x5"),
    ],
)
def test_masks_that_do_not_fit(tmp_path, mask, message):
    picture(tmp_path / "data_GT" / "a.png", COLOURS)
    picture(tmp_path / "boundary_GT" / "a.png", mask)
    (case,) = harness.task("images/grabcut", folder=str(tmp_path)).cases(seed=0)
    with pytest.raises(UsageError, match=message):
        case.load()


def test_folders_that_are_not_there(tmp_path):
    for name, layout in (("grabcut", "data_GT"), ("berkeley", "images"), ("davis", "img"), ("sbd", "inst")):  # fmt: skip
        for folder in ("", str(tmp_path)):
            with pytest.raises(UsageError, match=layout):
                list(harness.task(f"images/{name}", folder=folder).cases(seed=0))
    picture(tmp_path / "data_GT" / "a.png", COLOURS)
    picture(tmp_path / "boundary_GT" / "b.png", MASK)
    with pytest.raises(UsageError, match="boundary_GT/\\* has no a"):
        list(harness.task("images/grabcut", folder=str(tmp_path)).cases(seed=0))
