"""Tasks on molecules and the relations of their atoms, and views of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from harness import (
    ConditionedSamples,
    Curve,
    ModelSpec,
    Molecules,
    PairedSamples,
    Quantity,
    RelationPairs,
    Selection,
    Structures,
    TaskSpec,
    hookimpl,
)
from harness.quantities import MUTUAL_INFORMATION, V_INFORMATION

HARNESS_API = 1

_PAPER = "Q. Yu et al., Multimodal Molecular Pretraining via Modality Blending, ICLR 2024, arXiv:2307.06235"  # noqa: E501
BLEND_INFORMATION = Quantity(
    "blend_information",
    "nats",
    "truth",
    lower=0.0,
    summary="I(A2;A1,B2) + I(B1;A1,B2): what blended relations tell of the hidden ones, per pair",
)
TERM_ERROR = Quantity(
    "term_error",
    "nats",
    "lower",
    lower=0.0,
    summary="mean distance of the eight terms of the blended information from the truth",
)
R2 = Quantity(
    "r2", "", "higher", upper=1.0, summary="share of the variance of a label that is predicted"
)
_RDKIT: dict[str, Any] = {"requires": ("rdkit",), "install": "infoharness[molecules]"}
_REAL: dict[str, Any] = {
    "gives": Molecules,
    "quantities": (V_INFORMATION,),
    "traits": ("split",),
}
_LABELLED: dict[str, Any] = {**_REAL, "quantities": (R2, V_INFORMATION), **_RDKIT}

NCI = TaskSpec(
    name="nci",
    summary="molecules of the NCI's open database, which RDKit brings, embedded in space",
    implementation="harness_molecules.nci:Nci",
    settings="harness_molecules.settings:Nci",
    **_REAL,
    **_RDKIT,
)
G2 = TaskSpec(
    name="g2",
    summary="148 small molecules with hydrogens, which ASE brings, in computed geometries",
    implementation="harness_molecules.g2:G2",
    settings="harness_molecules.settings:G2",
    requires=("ase", "scipy"),
    install="infoharness[molecules]",
    paper="L. A. Curtiss et al., J. Chem. Phys. 94, 7221 (1991)",
    **_REAL,
)
RELATION_GAUSS = TaskSpec(
    name="relation-gauss",
    summary="numbers of hops, and distances that read them with Gaussian noise; exact",
    implementation="harness_molecules.known:RelationGauss",
    settings="harness_molecules.settings:Gauss",
    gives=RelationPairs,
    quantities=(MUTUAL_INFORMATION, V_INFORMATION),
    traits=("split",),
)
RELATION_TABLES = TaskSpec(
    name="relation-tables",
    summary="molecules of two pairs whose relations follow a random table; all terms exact",
    implementation="harness_molecules.known:RelationTables",
    settings="harness_molecules.settings:Tables",
    gives=RelationPairs,
    quantities=(BLEND_INFORMATION, TERM_ERROR),
    scores=(Curve,),
    traits=("split",),
    paper=_PAPER,
)
NCI_TPSA = TaskSpec(
    name="nci-tpsa",
    summary="the molecules of nci, with their polar surface area as label",
    implementation="harness_molecules.nci:NciTpsa",
    settings="harness_molecules.settings:NciTpsa",
    **_LABELLED,
)
NCI_SELECTION = TaskSpec(
    name="nci-selection",
    summary="molecules of nci to choose from: what is learnt from the labels of the chosen ones",
    implementation="harness_molecules.selection:NciSelection",
    settings="harness_molecules.settings:NciSelection",
    gives=Molecules,
    quantities=(R2,),
    scores=(Selection,),
    baselines=("msc/random",),
    uses=("moleblend/morgan", "moleblend/ridge-r2"),
    **_RDKIT,
)
CHEMBL_ACTIVITY = TaskSpec(
    name="chembl-activity",
    summary="molecules of one assay of ChEMBL, which RDKit brings, with their activity as label",
    implementation="harness_molecules.nci:ChemblActivity",
    settings="harness_molecules.settings:Chembl",
    **_LABELLED,
)
PCQM4MV2 = TaskSpec(
    name="pcqm4mv2",
    summary="PCQM4Mv2 with positions from density functional theory: a folder of the user's",
    implementation="harness_molecules.files:Pcqm4Mv2",
    settings="harness_molecules.settings:Pcqm",
    paper="W. Hu et al., OGB-LSC, NeurIPS 2021, arXiv:2103.09430",
    **_LABELLED,
)
QM9 = TaskSpec(
    name="qm9",
    summary="QM9, one property as label: a folder of the user's",
    implementation="harness_molecules.files:Qm9",
    settings="harness_molecules.settings:Qm9",
    paper="R. Ramakrishnan et al., Sci. Data 1, 140022 (2014)",
    **_LABELLED,
)
MOLECULENET = TaskSpec(
    name="moleculenet",
    files={"path": (".csv",)},
    summary="a CSV file of MoleculeNet, one column as label: a file of the user's",
    implementation="harness_molecules.files:MoleculeNet",
    settings="harness_molecules.settings:MoleculeNet",
    paper="Z. Wu et al., MoleculeNet, Chem. Sci. 9, 513 (2018)",
    **_LABELLED,
)

RELATION_PAIRS = ModelSpec(
    name="relation-pairs",
    summary="steps along bonds and distance in space of all pairs of atoms",
    implementation="harness_molecules.views:Relations",
    traits=("deterministic", "translation-invariant"),
    reads=Molecules,
    gives=RelationPairs,
)
PAIRS = ModelSpec(
    name="pairs",
    summary="distance and number of hops of each pair of atoms, as draws of two variables",
    implementation="harness_molecules.views:Pairs",
    settings="harness_molecules.settings:Pairs",
    reads=(Molecules, RelationPairs),
    gives=PairedSamples,
)
PAIRS_GIVEN_ELEMENTS = replace(
    PAIRS,
    name="pairs-given-elements",
    summary="the same, given the elements of the two atoms",
    gives=ConditionedSamples,
)
ATOMS = ModelSpec(
    name="molecule-structures",
    summary="molecules as atomic structures, for descriptors of environments",
    implementation="harness_molecules.views:Atoms",
    traits=("deterministic",),
    reads=Molecules,
    gives=Structures,
)


@hookimpl
def harness_tasks() -> Iterable[TaskSpec]:
    """What packages bring and what is generated first, then what is read from files."""
    return (
        *(NCI, G2, RELATION_GAUSS, RELATION_TABLES, NCI_TPSA, NCI_SELECTION),
        *(CHEMBL_ACTIVITY, PCQM4MV2, QM9, MOLECULENET),
    )


@hookimpl
def harness_models() -> Iterable[ModelSpec]:
    """Views for estimators that know no molecules."""
    return RELATION_PAIRS, PAIRS, PAIRS_GIVEN_ELEMENTS, ATOMS
