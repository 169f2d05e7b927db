"""Molecules: figures that others computed, known information, what is refused, files of the user's."""

import dataclasses
import gzip
import logging
import statistics

import numpy as np
import pytest

pytest.importorskip("rdkit")
pytest.importorskip("ase")

from rdkit import Chem
from rdkit.Chem import rdDistGeom

import harness
from harness import (
    DataError,
    Incompatible,
    Molecules,
    PairedSamples,
    RelationPairs,
    Selection,
    Split,
    UsageError,
    stream,
)
from harness.testing import conformance
from harness_moleblend.kinds import RelationLogProbabilities
from harness_molecules.known import gaussian_information, terms
from harness_molecules.reading import Row, embedded
from harness_molecules.settings import Conformers

RNG = stream(0)
FEW = {"molecules": 20, "most": 9}


@conformance(
    "molecules",
    params={
        "nci": FEW,
        "nci-tpsa": FEW,
        "nci-selection": {"molecules": 80, "most": 9},
        "chembl-activity": {"molecules": 8, "most": 28},
    },
)
def test_conformance(check):
    check()


def first(name, seed=0, **settings):
    return next(iter(harness.task(f"molecules/{name}", **settings).cases(seed=seed)))


def relations(molecules):
    return harness.model("molecules/relation-pairs").transform(molecules, to=None, rng=RNG)


def paired(pairs, **settings):
    found = harness.model("molecules/pairs", **settings).transform(pairs, to=None, rng=stream(1))
    return dataclasses.replace(found, split=None)


def value(name, data, **settings):
    return harness.estimator(name, **settings).estimate(data, rng=RNG).value


def entropy(codes):
    p = np.unique(codes, return_counts=True)[1] / len(codes)
    return -(p * np.log(p)).sum()


def plug_in(data, bins=16):
    """I(hops; bin of the distance) from counts, with bins of equal share."""
    x, y = data.x[:, 0], data.y[:, 0]
    b = np.searchsorted(np.quantile(x, np.arange(1, bins) / bins), x)
    return entropy(y) + entropy(b) - entropy(100 * y + b)


def test_g2_has_the_figures_of_the_sheet():
    data = first("g2").load()
    pairs = relations(data)
    assert (data.n, len(pairs.hops)) == (148, 2763)
    at_origin = (data.positions == 0).all(1)
    assert len(np.unique(np.searchsorted(data.offsets, np.flatnonzero(at_origin), "right"))) == 15
    found = paired(pairs)
    assert entropy(found.y) == pytest.approx(1.380, abs=0.001)
    assert plug_in(found) == pytest.approx(0.961, abs=0.002)
    ross = value("classics/ross", paired(pairs, jitter=1e-6), k=3, stderr="none")
    assert ross == pytest.approx(1.153, abs=0.02)
    apart = [m for m in range(data.n) if np.diff(pairs.offsets)[m] < np.prod(np.diff(data.offsets)[m] - [0, 1]) // 2]  # fmt: skip
    assert len(apart) == 1, "the pairs between fragments of one molecule are left out"


@pytest.mark.slow
def test_nci_has_the_figures_of_the_sheet():
    """400 molecules: 27,499 pairs, H 1.923, plug-in 1.384, Ross 1.512; within what RDKit changes."""
    data = first("nci").load()
    found = paired(relations(data))
    assert data.n == 400
    assert found.n == pytest.approx(27_499, rel=0.01)
    assert entropy(found.y) == pytest.approx(1.923, abs=0.02)
    assert plug_in(found) == pytest.approx(1.384, abs=0.02)
    assert value("classics/ross", found, k=3, stderr="none") == pytest.approx(1.512, abs=0.02)
    coarse = [plug_in(found, bins) for bins in (2, 4, 8, 16)]
    assert (np.diff(coarse) > 0).all(), "bins within bins: data processing"
    blurred = [
        plug_in(dataclasses.replace(found, x=found.x + s * stream(2).normal(size=found.x.shape)))
        for s in (0.0, 0.2, 0.5)
    ]
    assert (np.diff(blurred) < 0).all()
    area = first("nci-tpsa").load()
    assert area.names == data.names
    quinone = area.labels[area.names.index(Chem.CanonSmiles("CC1=CC(=O)C=CC1=O"))]
    assert quinone == pytest.approx(34.14), "labels are joined by the molecule"


def test_a_selection_is_scored_by_what_its_labels_teach():
    """The chosen molecules train, those that nobody could choose test; labels are not shown."""
    task = harness.task("molecules/nci-selection", molecules=100, most=9, shares=(0.5, 0.25))
    half, quarter = task.cases(seed=0)
    pool, whole = half.load(), first("nci-tpsa", molecules=100, most=9).load()
    rest = np.setdiff1d(np.arange(100), whole.split.test)
    assert pool.labels is None
    assert pool.split is None
    assert pool.names == tuple(whole.names[i] for i in rest)
    assert pool.sizes == (round(len(rest) / 4), round(len(rest) / 2))
    order = np.arange(pool.n)[::-1]
    chosen = dataclasses.replace(
        whole, split=Split(np.sort(rest[order[: pool.sizes[0]]]), whole.split.test)
    )
    features = harness.model("moleblend/morgan").transform(chosen, to=PairedSamples, rng=RNG)
    rng = stream(0, "molecules", "nci-selection")
    wanted = harness.estimator("moleblend/ridge-r2").estimate(features, rng=rng).value
    assert task.score(quarter, Selection(order)) == {"r2": wanted}
    with pytest.raises(Incompatible, match=f"positions from 0 to {pool.n - 1}"):
        task.score(half, Selection(order + 1))


def test_msc_selects_molecules_by_plan_alone(tmp_path, caplog):
    """A task and a selector: the views between them are found."""
    (record, *_) = harness.run(
        tasks=["nci-selection"],
        estimators=["msc/msc"],
        params={"nci-selection": {"molecules": 80, "most": 9, "shares": (0.5,)}},
        store=tmp_path / "store.sqlite",
        workers=0,
    )
    assert record.models == ("molecules/molecule-structures", "msc/quests")
    assert record.status == "ok"
    assert -1 < record.scores["r2"] < 1
    assert not caplog.records, "of a reference, of which there is none"


@pytest.mark.parametrize(
    ("states", "wanted"),
    [
        (2, (0.6327, 0.3368, 0.1114, 0.0303)),
        (4, (1.2957, 0.8452, 0.3996, 0.1358)),
        (8, (1.9737, 1.4460, 0.8767, 0.4140)),
    ],
)
def test_gaussian_relations_have_the_information_of_the_sheet(states, wanted):
    found = [gaussian_information(states, noise) for noise in (0.25, 0.5, 1.0, 2.0)]
    assert found == pytest.approx(wanted, abs=6e-5)
    assert gaussian_information(states, 0.1) == pytest.approx(np.log(states), abs=2e-6)
    assert gaussian_information(states, 0.5, step=2.0) == pytest.approx(found[0], abs=1e-12)


def binned_information(states, noise, bins=16):
    """I(hops; bin) in nats of the bins of equal share, from the exact law of the distance."""
    law, mean = statistics.NormalDist(sigma=noise), np.arange(1, states + 1)
    grid = np.linspace(1 - 9 * noise, states + 9 * noise, 4001)
    below = np.array([[law.cdf(x - s) for x in grid] for s in mean])
    cut = np.searchsorted(below.mean(0), np.arange(1, bins) / bins)
    each = np.diff(below[:, cut], prepend=0.0, append=1.0)
    return sum(-(q * np.log(q)).sum() * w for q, w in ((each.mean(0), 1), (each + 1e-300, -1 / states)))  # fmt: skip


def test_estimators_of_vectors_find_it():
    """5,000 pairs: Ross within 0.03 of the truth; counts of what 16 bins leave of it, which for 8
    states and noise 0.25 is 0.06 less.
    """
    for case in harness.task("molecules/relation-gauss", train=2, valid=0).cases(seed=0):
        found = harness.model("molecules/pairs").transform(case.load(), to=None, rng=RNG)
        found, truth = found.part("test"), case.truth["mutual_information"]
        assert found.n == 5000
        assert value("classics/ross", found, stderr="none") == pytest.approx(truth, abs=0.03)
        left = binned_information(case.facts["hops"], case.facts["noise"])
        assert truth - 0.07 < left < truth
        # Counts of k x 16 cells are too much by (k - 1) 15 / 2n, and spread by 0.01 at most.
        surplus = (case.facts["hops"] - 1) * 15 / 10_000
        assert plug_in(found) == pytest.approx(left + surplus, abs=0.03)


def test_the_eight_terms_are_the_information_twice():
    """The identity of section 3.7 on 200 random tables, to rounding."""
    rng = stream(3)
    for _ in range(200):
        law = rng.dirichlet(np.full(24, 0.5)).reshape(2, 3, 2, 2)

        def joint(*axes, law=law):
            p = law.sum(tuple({0, 1, 2, 3} - set(axes)))
            return -(p[p > 0] * np.log(p[p > 0])).sum()

        both = joint(1) + joint(2) + 2 * joint(0, 3) - joint(0, 1, 3) - joint(0, 2, 3)
        found = terms(law)
        assert both == pytest.approx(sum(found) / 2, abs=1e-12)
        assert min(found) >= -1e-12
    case = first("relation-tables")
    wanted = case.reveal().x[:, 0]
    assert case.truth["blend_information"] == pytest.approx(wanted.sum() / 2, abs=1e-12)


def test_tables_follow_their_law_and_score_their_terms():
    task = harness.task("molecules/relation-tables", tables=1, molecules=20_000)
    case = next(iter(task.cases(seed=1)))
    data = case.load().part("test")
    law = np.zeros((3, 3, 3, 3))
    hops, reach = data.hops.reshape(-1, 2) - 1, data.distance.reshape(-1, 2).astype(int) - 1
    np.add.at(law, (*hops.T, *reach.T), 1 / data.n)
    truth = case.reveal().x[:, 0]
    assert terms(law) == pytest.approx(truth, abs=0.02)
    steps = np.arange(1.0, 9.0)
    assert task.score(case, harness.Curve(steps, truth, "", ""))["term_error"] == 0
    assert task.score(case, harness.Curve(steps, truth + 0.1, "", ""))["term_error"] == pytest.approx(0.1)  # fmt: skip


def test_hops_are_those_of_rdkit():
    rows = [Row(s) for s in ("CC(C)Cc1ccccc1O", "C1CC1CCN", "N#CC=CC=O")]
    data = embedded(rows, Conformers(molecules=5, steps=0), "test")
    pairs = relations(data)
    for m, name in enumerate(data.names):
        mol = Chem.MolFromSmiles(rows[m].smiles)
        assert Chem.MolToSmiles(mol) == name
        rows_ = slice(*pairs.offsets[m : m + 2])
        i, j = pairs.ends[rows_].T
        assert (Chem.GetDistanceMatrix(mol)[i, j] == pairs.hops[rows_]).all()
        bonded = pairs.hops[rows_] == 1
        order = [
            mol.GetBondBetweenAtoms(int(a), int(b)) is not None for a, b in zip(i, j, strict=True)
        ]
        assert (bonded == order).all()
        assert ((pairs.orders[rows_] > 0) == bonded).all()
    assert set(pairs.orders) == {0, 1, 2, 3, 4}


def pair(**change):
    """Methane's carbon at the origin and one hydrogen; then an atom alone; then two fragments."""
    fields = {
        "numbers": [6, 1, 2, 8, 8, 7, 7],
        "offsets": [0, 2, 3, 7],
        "bonds": [[0, 1, 1], [0, 1, 2], [3, 2, 3]],
        "bond_offsets": [0, 1, 1, 3],
        "positions": [[0.0, 0, 0], [1.1, 0, 0], *np.eye(3), [0, 0, 5.0], [0, 0, 6.0]],
    }
    return Molecules(**fields | change)


def test_atoms_alone_fragments_and_origins():
    found = RelationPairs.of(pair())
    assert found.distance == pytest.approx([1.1, np.sqrt(2), 1.0])
    assert np.diff(found.offsets).tolist() == [1, 0, 2]
    masked = RelationPairs.of(pair(placed=[True, True, True, True, False, True, True]))
    assert np.diff(masked.offsets).tolist() == [1, 0, 1]
    alone = pair().take([1, 1])
    with pytest.raises(DataError, match="no related pair"):
        RelationPairs.of(alone)
    taken = pair().take([2, 0])
    assert (np.diff(taken.offsets).tolist(), taken.bonds.tolist()) == ([4, 2], [[0, 1, 2], [3, 2, 3], [0, 1, 1]])  # fmt: skip
    with pytest.raises(Incompatible, match="without positions"):
        relations(pair(positions=None))


def test_long_paths_are_counted_and_clipped_in_pairs():
    n = 30
    chain = Molecules(
        np.full(n, 6),
        [0, n],
        np.column_stack([np.arange(n - 1), np.arange(1, n), np.ones(n - 1, int)]),
        [0, n - 1],
        np.arange(n)[:, None] * [1.5, 0, 0],
    )
    pairs = relations(chain)
    assert pairs.hops.max() == 29
    assert pairs.distance == pytest.approx(1.5 * pairs.hops)
    assert paired(pairs).y.max() == 11


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"numbers": [6, 0, 2, 8, 8, 7, 7]}, "atomic number 0; wanted 1 to 118"),
        ({"bonds": [[0, 2, 1], [0, 1, 2], [3, 2, 3]]}, r"Molecules.bonds at row 0: an end that is no atom"),
        ({"bonds": [[0, 1, 1], [1, 1, 2], [3, 2, 3]]}, "with itself"),
        ({"bonds": [[0, 1, 1], [0, 1, 2], [1, 0, 3]]}, "the same bond again"),
        ({"bonds": [[0, 1, 5], [0, 1, 2], [3, 2, 3]]}, "order out of range"),
        ({"positions": None, "placed": np.ones(7, bool)}, "a mask without positions"),
        ({"positions": np.full((7, 3), np.nan)}, "NaN"),
        ({"names": ["a", "b", "a"], "split": Split([0, 1], [2])}, "'a' of the training part again"),
    ],
)  # fmt: skip
def test_bad_molecules_are_named(change, message):
    pair()
    with pytest.raises(DataError, match=message):
        pair(**change)


@pytest.mark.parametrize(
    ("field", "bad", "message"),
    [
        ("hops", [0], "RelationPairs.hops at row 0: 0; wanted 1 or more"),
        ("distance", [-1.0], "wanted 0 or more"),
        ("shown", [2], "wanted 0 to 1"),
        ("ends", [[1, 1]], "with itself"),
    ],
)
def test_bad_pairs_are_named(field, bad, message):
    good = {"hops": [1], "distance": [1.0], "types": [[0, 0]], "ends": [[0, 1]], "offsets": [0, 1]}
    RelationPairs(**good)
    with pytest.raises(DataError, match=message):
        RelationPairs(**good | {field: bad})


def test_bad_predictions_are_named():
    good = RelationLogProbabilities.example(stream(0), 3)
    for change, message in (
        ({"log_full": -good.log_full}, "wanted at most 0"),
        ({"pattern": good.pattern + 1}, "wanted 0 to 5"),
        ({"hidden": np.ones(3, bool)}, "items of length"),
    ):
        with pytest.raises(DataError, match=message):
            dataclasses.replace(good, **change)


def test_atoms_in_one_place_are_told(caplog):
    with caplog.at_level(logging.WARNING, "harness.molecules"):
        RelationPairs.of(pair(positions=np.zeros((7, 3))))
    assert "3 pairs of atoms are nearer than 0.1 Å" in caplog.text


def test_what_cannot_be_read_is_counted_and_too_much_of_it_is_refused(caplog):
    how = Conformers(molecules=10, steps=0, least=2)
    good = [Row(f"C{'C' * k}O") for k in range(1, 9)]
    with caplog.at_level(logging.WARNING, "harness.molecules"):
        found = embedded([*good, Row("C1CC"), Row("OCC"), Row("CC.O"), Row("C")], how, "test")
    assert found.n == 8, "the same molecule again, two fragments and one atom are left out"
    assert "1 molecules unreadable, 0 without a conformer, 8 kept" in caplog.text
    with pytest.raises(DataError, match="3 molecules unreadable"):
        embedded([*good, Row("C1CC"), Row("x"), Row("c1cc")], how, "test")
    with pytest.raises(DataError, match="0 kept"):
        embedded([Row("C")], how, "test")


def test_parts_keep_scaffolds_together():
    data = first("nci", molecules=60, most=11, by="scaffold").load()
    from harness_molecules.parts import scaffold

    found = [{scaffold(data.names[m]) for m in part} for _, part in data.split.parts()]
    assert not found[0] & found[2]
    assert not found[1] & found[2]
    assert sum(len(part) for _, part in data.split.parts()) == 60
    one, two = (first("g2", seed=s).load().split for s in (0, 1))
    assert not np.array_equal(one.test, two.test)


def sdf(file, smiles, broken=()):
    """Molecules with positions, as the archives have them."""
    text = ""
    for k, name in enumerate(smiles):
        mol = Chem.AddHs(Chem.MolFromSmiles(name))
        rdDistGeom.EmbedMolecule(mol, randomSeed=1)
        text += ("garbage\n" if k in broken else Chem.MolToMolBlock(mol)) + "$$$$\n"
    file.write_text(text)


SMILES = ["CCO", "CCN", "CCCO", "CCCN", "CC(C)O", "OCCO", "NCCO", "CCCC", "COC", "CC=O"]


def test_pcqm4mv2_joins_by_place_though_one_molecule_cannot_be_read(tmp_path):
    (tmp_path / "raw").mkdir()
    sdf(tmp_path / "pcqm4m-v2-train.sdf", SMILES, broken=(2,))
    lines = ["idx,smiles,homolumogap"] + [f"{k},{s},{k}.5" for k, s in enumerate(SMILES)]
    with gzip.open(tmp_path / "raw/data.csv.gz", "wt") as file:
        file.write("\n".join(lines))
    data = first("pcqm4mv2", path=str(tmp_path), molecules=10).load()
    assert dict(zip(data.names, data.labels, strict=True)) == {
        s: k + 0.5 for k, s in enumerate(SMILES) if k != 2
    }
    assert data.located.all()
    lines[2:4] = lines[3:1:-1]
    lines[2:] = [f"{k},{s},1" for k, s in enumerate(SMILES[3:], start=1)]
    with gzip.open(tmp_path / "raw/data.csv.gz", "wt") as file:
        file.write("\n".join(lines))
    with pytest.raises(DataError, match="in the same order"):
        first("pcqm4mv2", path=str(tmp_path), molecules=5).load()


def test_qm9_leaves_out_the_uncharacterized_and_gives_ev(tmp_path):
    sdf(tmp_path / "gdb9.sdf", SMILES)
    lines = ["mol_id,gap,mu"] + [f"gdb_{k},{k / 10},{k}" for k in range(10)]
    (tmp_path / "gdb9.sdf.csv").write_text("\n".join(lines))
    (tmp_path / "uncharacterized.txt").write_text("header\n\n 2 CCN\n")
    data = first("qm9", path=str(tmp_path)).load()
    assert data.n == 9
    assert data.labels[:2] == pytest.approx([0.0, 0.2 * 27.211386], abs=1e-5)
    assert first("qm9", path=str(tmp_path), target="mu").load().labels[1] == 2
    (tmp_path / "gdb9.sdf.csv").write_text("\n".join(lines[:6]))
    with pytest.raises(DataError, match=r"molecule 6.*as many as rows in gdb9.sdf.csv: 5"):
        first("qm9", path=str(tmp_path)).load()
    (tmp_path / "gdb9.sdf.csv").write_text(lines[0])
    with pytest.raises(UsageError, match="no column gap"):
        first("qm9", path=str(tmp_path)).load()


def test_moleculenet_takes_the_parts_of_the_file_and_skips_missing_labels(tmp_path):
    file = tmp_path / "bace.csv"
    labels = [0, 1, "", 1, 0, -1, 1, 0, 1, 0]
    part = ["train"] * 6 + ["valid"] * 2 + ["test"] * 2
    lines = ["smiles,active,part"] + [",".join(map(str, row)) for row in zip(SMILES, labels, part, strict=True)]  # fmt: skip
    file.write_text("\n".join(lines))
    settings = {"path": str(file), "target": "active", "least": 2}
    data = first("moleculenet", **settings).load()
    assert data.names == tuple(Chem.CanonSmiles(s) for k, s in enumerate(SMILES) if k not in (2, 5))
    assert data.labels.tolist() == [0, 1, 1, 0, 1, 0, 1, 0]
    assert [len(p) for _, p in data.split.parts()] == [4, 2, 2]
    file.write_text("\n".join(lines).replace("valid", "validation"))
    with pytest.raises(DataError, match="'validation' of NCCO; wanted train, valid, test"):
        first("moleculenet", **settings).load()
    with pytest.raises(UsageError, match="no column 'p_np'"):
        first("moleculenet", **settings | {"target": "p_np"}).load()
    with pytest.raises(UsageError, match="not there"):
        first("moleculenet", path="/nowhere.csv", target="active")


def test_minus_one_is_missing_among_classes_alone(tmp_path):
    file = tmp_path / "freesolv.csv"
    labels = [-1, -2.5, 0.3, -1, 1, 0, 1, 0, 1, 0]
    file.write_text("\n".join(["smiles,y"] + [f"{s},{y}" for s, y in zip(SMILES, labels, strict=True)]))  # fmt: skip
    settings = {"path": str(file), "target": "y", "least": 2, "by": "random"}
    assert first("moleculenet", **settings).load().labels.tolist() == labels
