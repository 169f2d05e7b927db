"""The encoder: what it must not change with, what it must not see, what it learns, going on."""

import dataclasses
import math

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import harness  # noqa: E402
from harness import Incompatible, Molecules, RelationPairs, UsageError, stream  # noqa: E402
from harness_moleblend import masks, training  # noqa: E402
from harness_moleblend.blend import Blend, BlendFeatures, BlendMaps, BlendViews, RandomFeatures  # noqa: E402
from harness_moleblend.counts import PairTable  # noqa: E402
from harness_moleblend.estimators import BlendMI, BlendTerms, BlendTotal  # noqa: E402
from harness_moleblend.inputs import Atoms, Labels, batch  # noqa: E402
from harness_moleblend.kinds import MODALITIES, PATTERNS  # noqa: E402
from harness_moleblend.network import Encoder, Visible, given  # noqa: E402
from harness_moleblend.pairs import PairMlp  # noqa: E402
from harness_moleblend.settings import Blending  # noqa: E402

CPU = torch.device("cpu")
SMALL = {"width": 16, "heads": 4, "layers": 2, "rank": 16, "kernels": 16}
BRIEF = SMALL | {"steps": 4, "batch": 8, "draws": 2}


def molecules(n=40, seed=0):
    return Molecules.example(stream(seed), n).divided(stream(1))


def run(data, seed=0, **settings):
    return Blend(**BRIEF | settings).transform(data, to=None, rng=stream(seed))


def said(data, padding=0, pattern="both", **settings):
    """Log-probabilities of all pairs by an encoder that has seen nothing yet."""
    how = Blend(**SMALL | settings)
    torch.manual_seed(0)
    network = Encoder(how, how.hop_classes, how.bins)
    for value in network.parameters():  # where parameters start from zero, nothing is tested
        torch.nn.init.normal_(value, std=0.3)
    atoms = Atoms.of(data)
    rows = batch(atoms, np.arange(data.n), padding)
    shown = masks.drawn(len(rows.rows), how, stream(2))
    shown = masks.patterned(shown, 0, pattern)
    with torch.no_grad():
        found = network(given(atoms, rows, how.hop_classes, CPU), Visible.of(shown, CPU))
    return rows, [part.numpy() for part in found]


def test_turning_shifting_and_mirroring_change_nothing():
    data = molecules()
    turn = np.linalg.qr(stream(3).normal(size=(3, 3)))[0]
    for moved in (
        data.positions @ turn,
        data.positions + np.array([3.0, -2.0, 9.0]),
        -data.positions,
    ):
        other = dataclasses.replace(data, positions=moved)
        for one, two in zip(said(data)[1], said(other)[1], strict=True):
            assert np.abs(one - two).max() < 1e-5
        one, two = (run(d, steps=0) for d in (data, other))
        assert np.abs(one.log_full - two.log_full).max() < 1e-5


@pytest.mark.parametrize("pattern", ["both", "all", "own", "other", "none"])
def test_padding_changes_nothing(pattern):
    one, two = (said(molecules(), padding, pattern)[1] for padding in (0, 5))
    for narrow, wide in zip(one, two, strict=True):
        assert np.abs(narrow - wide).max() < 1e-5


def test_other_numbers_for_the_atoms_change_nothing():
    data = molecules()
    pairs = RelationPairs.of(data)
    flipped = dataclasses.replace(pairs, ends=pairs.ends[:, ::-1], types=pairs.types[:, ::-1])
    sizes = np.diff(data.offsets)[pairs.owners()]
    turned = dataclasses.replace(pairs, ends=sizes[:, None] - 1 - pairs.ends)
    for other in (flipped, turned):
        for one, two in zip(said(pairs)[1], said(other)[1], strict=True):
            assert np.abs(one - two).max() < 1e-5


@pytest.mark.parametrize("modality", [0, 1])
def test_what_is_hidden_does_not_enter(modality):
    """Other hops or distances of the hidden pairs give the same predictions; shown ones do not."""
    pairs = RelationPairs.of(molecules())
    shown = masks.drawn(len(pairs.hops), Blending(), stream(2))
    rows, wanted = said(pairs)
    told = shown.tells(modality)[:, 0][rows.rows.argsort()]
    name = ("hops", "distance")[modality]
    moved = getattr(pairs, name) + 1
    orders = np.where(told, pairs.orders, 4 - pairs.orders) if modality == 0 else pairs.orders
    hidden = dataclasses.replace(
        pairs, **{name: np.where(told, getattr(pairs, name), moved)}, orders=orders
    )
    for one, two in zip(wanted, said(hidden)[1], strict=True):
        assert np.array_equal(one, two)
    seen = dataclasses.replace(pairs, **{name: np.where(told, moved, getattr(pairs, name))})
    assert np.abs(wanted[modality] - said(seen)[1][modality]).max() > 1e-3


def test_masks_show_one_relation_of_a_pair_both_ways():
    found = masks.drawn(60_000, Blending(), stream(0))
    total = found.hops.astype(int) + found.bonds + found.distance
    assert (total == 1).all()
    assert (found.hops[:, 0] == found.hops[:, 1]).all()
    shares = [part[:, 0].mean() for part in (found.hops, found.bonds, found.distance)]
    assert shares == pytest.approx([0.2, 0.2, 0.6], abs=5 * math.sqrt(0.25 / 60_000))
    apart = masks.drawn(60_000, Blending(mirrored=False), stream(0))
    both = (apart.distance[:, 0] & apart.distance[:, 1]).mean()
    assert both == pytest.approx(0.36, abs=5 * math.sqrt(0.25 / 60_000))


@pytest.mark.parametrize(
    ("modality", "pattern", "flat", "space"),
    [
        (0, "both", "some", "some"),
        (0, "own", "some", "none"),
        (0, "other", "none", "some"),
        (0, "all", "none", "all"),
        (0, "none", "none", "none"),
        (1, "own", "none", "some"),
        (1, "other", "some", "none"),
        (1, "all", "all", "none"),
    ],
)
def test_patterns_show_what_they_say(modality, pattern, flat, space):
    blend = masks.drawn(1000, Blending(), stream(0))
    found = masks.patterned(blend, modality, pattern)
    for part, all_of_it, word in (
        (found.hops, blend.hops, flat),
        (found.bonds, blend.bonds, flat),
        (found.distance, blend.distance, space),
    ):
        wanted = {"some": all_of_it, "none": np.zeros_like(part), "all": np.ones_like(part)}
        assert np.array_equal(part, wanted[word])


@pytest.mark.parametrize("p", [(0.2, 0.7, 0.1), (0.6, 0.3, 0.1), (0.1, 0.2, 0.7), (0, 0, 1)])
def test_probabilities_that_sum_to_one_are_taken_as_they_are(p):
    assert masks.check(p) == p
    assert harness.model("moleblend/blend", p=",".join(map(str, p))).p == p


@pytest.mark.parametrize("p", [(0.5, 0.6, 0.1), (0.5, 0.5), (0.5, 0.7, -0.2), (1.0,)])
def test_other_probabilities_are_refused(p):
    with pytest.raises(UsageError, match=r"sum|at least 0"):
        harness.model("moleblend/blend", p=p).transform(molecules(), to=None, rng=stream(0))


def test_every_pattern_is_judged_on_hidden_relations_of_test_molecules():
    data = molecules()
    found = run(data)
    pairs = RelationPairs.of(data)
    assert found.hidden.all()
    owners = np.repeat(np.arange(data.n), np.diff(found.offsets))
    assert set(owners) == set(data.split.test)
    test_pairs = np.isin(pairs.owners(), data.split.test).sum()
    for modality in range(2):
        rows = {p: ((found.pattern == k) & (found.modality == modality)).sum() for k, p in enumerate(PATTERNS)}  # fmt: skip
        assert rows["pair"] == 0
        assert rows["all"] == rows["none"] == test_pairs
        assert rows["own"] == rows["other"] == rows["both"] < 2 * test_pairs
    hops = (found.modality == 0) & (found.pattern == PATTERNS.index("all"))
    wanted = np.minimum(pairs.hops, 8)[np.isin(pairs.owners(), data.split.test)] - 1
    assert np.array_equal(np.sort(found.y[hops]), np.sort(wanted))


def test_answers_in_the_input_are_marked_and_refused():
    data = molecules()
    for settings in ({"hidden_only": False}, {"mirrored": False}):
        leaky = run(data, **settings)
        assert 0.1 < (~leaky.hidden).mean() < 0.9
        for estimator in (BlendMI(), BlendTotal(), BlendTerms()):
            with pytest.raises(Incompatible, match="hidden relations alone"):
                estimator.estimate(leaky, rng=stream(0))


def table(rule, n=600, seed=0):
    """Molecules of two pairs; ``rule`` gives (A1, A2, B1, B2) from four fair bits."""
    bits = stream(seed).integers(2, size=(4, n))
    a1, a2, b1, b2 = rule(*bits)
    ends = np.tile([[0, 1], [1, 2]], (n, 1))
    return RelationPairs(
        1 + np.column_stack([a1, a2]).ravel(),
        1.0 + np.column_stack([b1, b2]).ravel(),
        *(ends, ends, 2 * np.arange(n + 1)),
        shown=np.tile([0, 1], n),
    ).divided(stream(1))


RULES = {
    "copy within a pair": (lambda a, b, c, d: (a, b, a, b), (1, 1, 1, 1, 0, 0, 0, 0), 150),
    "copy within 2D and 3D": (lambda a, b, c, d: (a, a, b, b), (0, 0, 0, 0, 1, 1, 1, 1), 500),
    "nothing": (lambda a, b, c, d: (a, b, c, d), (0, 0, 0, 0, 0, 0, 0, 0), 100),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", RULES)
def test_it_finds_the_terms_of_known_laws(name):
    """In units of ln 2: A2 and B1 from A1 (shown) and B2 (shown)."""
    rule, wanted, steps = RULES[name]
    how = SMALL | {"steps": steps, "learning_rate": 5e-3, "hop_classes": 2, "bins": 4}
    found = Blend(**how).transform(table(rule), to=None, rng=stream(0))
    terms = BlendTerms().estimate(found, rng=stream(1))
    total = BlendTotal().estimate(found, rng=stream(1)).value
    assert total == pytest.approx(terms.y.sum() / 2, abs=1e-12)
    # 120 test molecules: shares of bits are off by 0.05, and their entropy by little.
    assert terms.y == pytest.approx(math.log(2) * np.array(wanted), abs=0.06)


@pytest.mark.slow
def test_a_reverse_direction_that_tells_makes_the_estimate_rise():
    """Independent relations: hidden pairs tell nothing, unless their mirror image shows them."""
    rng = stream(4)
    n = 300
    ends = np.tile([[0, 1], [1, 2]], (n, 1))
    hops, far = rng.integers(1, 3, size=2 * n), 1.0 + rng.integers(2, size=2 * n)
    data = RelationPairs(hops, far, ends, ends, 2 * np.arange(n + 1)).divided(stream(1))
    how = SMALL | {"steps": 400, "learning_rate": 1e-2, "hop_classes": 2, "bins": 4, "draws": 2}
    found = Blend(**how, p=(0.5, 0.0, 0.5), mirrored=False).transform(data, to=None, rng=stream(0))
    gain = found.log_full - found.log_null
    blend = (found.modality == 0) & (found.pattern == PATTERNS.index("both"))
    assert gain[blend & found.hidden].mean() < 0.05
    assert gain[blend & ~found.hidden].mean() > 0.3


@pytest.mark.slow
def test_context_tells_more_than_the_pair():
    """The distance of a pair is noise; that of the other one is twice its hops."""
    rng = stream(5)
    n = 500
    hops = rng.integers(1, 4, size=(n, 2))
    far = 2.0 * hops[:, ::-1] + 0.2 * rng.random((n, 2))
    ends = np.tile([[0, 1], [1, 2]], (n, 1))
    data = RelationPairs(hops.ravel(), far.ravel(), ends, ends, 2 * np.arange(n + 1)).divided(stream(1))  # fmt: skip
    how = SMALL | {"steps": 250, "learning_rate": 1e-2, "hop_classes": 3, "bins": 4}
    alone = BlendMI().estimate(PairTable().transform(data, to=None, rng=stream(0)), rng=stream(1))
    context = BlendMI().estimate(
        Blend(**how).transform(data, to=None, rng=stream(0)), rng=stream(1)
    )
    assert alone.value < 0.05
    assert context.value > 0.8
    assert context.diagnostics["bound"] <= math.log(3)


def test_distances_beyond_ten_are_seen_where_training_has_them():
    """Hops from distances of 20 to 24 Å: with kernels up to 10 Å all of them looked hidden."""
    rng = stream(8)
    n = 400
    hops = rng.integers(1, 3, size=2 * n)
    ends = np.tile([[0, 1], [1, 2]], (n, 1))
    data = RelationPairs(hops, 18.0 + 2 * hops + rng.random(2 * n), ends, ends, 2 * np.arange(n + 1))  # fmt: skip
    how = SMALL | {"steps": 120, "learning_rate": 1e-2, "hop_classes": 2, "bins": 4, "draws": 1}
    found = Blend(**how).transform(data.divided(stream(1)), to=None, rng=stream(0))
    assert BlendMI().estimate(found, rng=stream(1)).value > 0.9 * math.log(2)


@pytest.mark.parametrize("model", ["blend", "pair-mlp"])
def test_a_training_that_was_killed_goes_on_with_equal_bits(model, monkeypatch, tmp_path):
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path))
    monkeypatch.setattr("harness.long_work.Checkpoint.due", True)
    data = molecules()
    pairs, network = RelationPairs.of(data), PairMlp(steps=12, hidden=(8,))

    def make():
        if model == "blend":
            return run(data, steps=12)
        return network.transform(pairs, to=None, rng=stream(0))

    wanted, seen = make(), []

    def dying(done, total, note=""):
        seen.append(done)
        if len(seen) == 7:
            raise KeyboardInterrupt

    monkeypatch.setattr(training, "progress", dying)
    with pytest.raises(KeyboardInterrupt):
        make()
    assert list(tmp_path.rglob("*.npz"))
    again = make()
    assert seen[6:9] == [7, 7, 8], "the seventh step was not saved, the sixth was"
    assert again == wanted
    assert not list(tmp_path.rglob("*.npz"))


def test_a_validation_part_without_pairs_leaves_the_choice_to_training():
    """Nothing can be judged on it; the encoder was left as it was before its first step."""
    data = molecules()
    owner = np.repeat(np.arange(data.n), np.diff(data.offsets))
    bare = dataclasses.replace(data, placed=~np.isin(owner, data.split.valid))
    before, after = (run(bare, steps=steps, draws=1).log_full.mean() for steps in (0, 60))
    assert after > before + 0.3


def test_a_training_that_diverges_says_what_would_be_right():
    with pytest.raises(UsageError, match="learning_rate below 1e"):
        run(molecules(), learning_rate=1e30, steps=20)


def test_pairwise_predictors_find_what_is_known():
    case = next(
        iter(
            harness.task(
                "molecules/relation-gauss", states=(8,), noise=(0.5,), molecules=150, train=150
            ).cases(seed=0)
        )
    )
    truth, data = case.truth["mutual_information"], case.load()
    network = PairMlp(steps=300, hidden=(32,), batch=256).transform(data, to=None, rng=stream(0))
    for direction in MODALITIES:
        found = BlendMI(direction=direction).estimate(network, rng=stream(1))
        assert truth - 0.15 < found.value < truth + 2 * found.stderr
    table = BlendMI().estimate(PairTable().transform(data, to=None, rng=stream(0)), rng=stream(1))
    assert truth - 0.15 < table.value < truth


def test_shares_and_bins_are_those_of_training():
    pairs = RelationPairs.of(molecules())
    train = pairs.split.train
    found = Labels.of(pairs, train, Blend())
    rows = np.isin(pairs.owners(), train)
    counts = np.bincount(found.bins[rows], minlength=16)
    assert counts.max() - counts.min() <= 2
    moved = dataclasses.replace(pairs, distance=np.where(rows, pairs.distance, 50.0))
    other = Labels.of(moved, train, Blend())
    assert np.array_equal(found.edges, other.edges)
    assert np.array_equal(found.null[0], other.null[0])


def test_random_distances_tell_nothing():
    rng = stream(6)
    pairs = RelationPairs.of(molecules(150))
    shuffled = dataclasses.replace(pairs, distance=rng.permutation(pairs.distance))
    how = SMALL | {"steps": 80, "draws": 1}
    found = Blend(**how).transform(shuffled, to=None, rng=stream(0))
    assert BlendMI(given="atoms").estimate(found, rng=stream(1)).value < 0.02


def test_conformers_of_other_molecules_tell_nothing_beyond_size():
    """Positions permuted among molecules of equal size, and their atoms among themselves."""
    rng = stream(7)
    data = molecules(150)
    sizes = np.diff(data.offsets)
    positions = np.empty_like(data.positions)
    for size in np.unique(sizes):
        group = np.flatnonzero(sizes == size)
        for one, other in zip(group, rng.permutation(group), strict=True):
            taken = data.offsets[other] + rng.permutation(size)
            positions[data.offsets[one] : data.offsets[one + 1]] = data.positions[taken]
    swapped = dataclasses.replace(data, positions=positions)
    how = SMALL | {"steps": 80, "draws": 1}
    found, own = (Blend(**how).transform(d, to=None, rng=stream(0)) for d in (swapped, data))
    estimator = BlendMI(given="atoms")
    assert abs(estimator.estimate(found, rng=stream(1)).value) < 0.05
    assert estimator.estimate(own, rng=stream(1)).value > 0.1


def test_features_views_and_maps():
    data = molecules()
    trained, random = (
        m.transform(data, to=None, rng=stream(0))
        for m in (BlendFeatures(**SMALL, steps=4), RandomFeatures(**SMALL))
    )
    assert trained.x.shape == random.x.shape == (40, 16)
    assert np.array_equal(trained.y[:, 0], data.labels)
    assert np.array_equal(trained.split.test, data.split.test)
    views = BlendViews(**SMALL, steps=4).transform(data, to=None, rng=stream(0))
    assert np.abs(views.x - views.y).max() > 1e-3
    maps = BlendMaps(**SMALL, steps=4, layer=2).transform(data, to=None, rng=stream(0))
    sizes = np.diff(data.offsets)[data.split.test]
    assert maps.a.shape[3] == np.bincount(sizes).argmax()
    assert harness.estimator("entropy_attention/attention-entropy").estimate(maps, rng=stream(0)).value > 0  # fmt: skip
    with pytest.raises(Incompatible, match="layer=3; the encoder has 2"):
        BlendMaps(**SMALL, layer=3).transform(data, to=None, rng=stream(0))
    contrast = harness.estimator("neural/infonce", steps=20, hidden=(8,), batch=8)
    assert contrast.estimate(views, rng=stream(0)).value <= math.log(8)


def test_blind_encoders_see_no_elements():
    data = molecules()
    other = dataclasses.replace(data, numbers=np.full(len(data.numbers), 6))
    one, two = (said(d, atoms=False)[1] for d in (data, other))
    assert np.array_equal(one[0], two[0])
    assert not np.array_equal(said(data)[1][0], said(other)[1][0])


def test_data_that_do_not_suit_are_named():
    data = molecules()
    for changed, message in (
        ({"split": None}, "train/test split"),
        ({"positions": None}, "without positions"),
    ):
        with pytest.raises(Incompatible, match=message):
            run(dataclasses.replace(data, **changed))
    with pytest.raises(Incompatible, match="without labels"):
        BlendFeatures(**SMALL, steps=1).transform(dataclasses.replace(data, labels=None), to=None, rng=stream(0))  # fmt: skip
    with pytest.raises(UsageError, match="multiple of heads"):
        run(data, width=18)
    table = PairTable().transform(RelationPairs.of(data), to=None, rng=stream(0))
    with pytest.raises(Incompatible, match="no predictions of 2d with the pattern 'both' shown"):
        BlendTotal().estimate(table, rng=stream(0))
    with pytest.raises(Incompatible, match="'none' shown"):
        BlendMI(given="atoms").estimate(table, rng=stream(0))
