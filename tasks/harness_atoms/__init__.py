"""Neutral tasks on atomic structures: compression of data sets, and the step out of domain."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from harness import (
    Environments,
    ModelSpec,
    Quantity,
    Samples,
    Selection,
    Structures,
    TaskSpec,
    hookimpl,
)

HARNESS_API = 1

SCORES = (
    Quantity(
        "diversity_kept",
        "",
        "higher",
        0.0,
        summary="exp(D(selection) - D(all)): distinct environments kept",
    ),
    Quantity(
        "efficiency_kept",
        "",
        "higher",
        0.0,
        1.0,
        summary="H(selection) / ln n: 1 where nothing is redundant",
    ),
    Quantity(
        "overlap_kept",
        "",
        "higher",
        0.0,
        1.0,
        summary="share of all environments whose novelty dH given the selection is below eps",
    ),
    Quantity(
        "outliers_kept",
        "",
        "higher",
        0.0,
        1.0,
        summary="the same share among the 1 % most isolated environments",
    ),
    Quantity(
        "tail_recall",
        "",
        "higher",
        0.0,
        1.0,
        summary="share of the 1 % of atoms with the largest forces that are kept",
    ),
    Quantity(
        "force_w1",
        "eV/Å",
        "none",
        0.0,
        summary="1-Wasserstein distance between the force magnitudes of the selection and of all",
    ),
    Quantity(
        "q99_ratio",
        "",
        "none",
        0.0,
        summary="99 % quantile of force magnitudes in the selection over that of all",
    ),
    Quantity("atoms_kept", "", "lower", 0.0, 1.0, summary="share of the atoms in the selection"),
    Quantity(
        "rmse_in",
        "meV/atom",
        "lower",
        0.0,
        summary="energy error of a cheap potential on ordinary structures",
    ),
    Quantity(
        "rmse_out",
        "meV/atom",
        "lower",
        0.0,
        summary="its energy error on the 10 % of structures with the largest forces",
    ),
    Quantity(
        "force_in",
        "meV/Å",
        "lower",
        0.0,
        summary="error of force components on ordinary structures, of potentials that have forces",
    ),
    Quantity(
        "force_out",
        "meV/Å",
        "lower",
        0.0,
        summary="the same on the 10 % of structures with the largest forces",
    ),
)

STRUCTURES = (
    *(".extxyz", ".xyz", ".parquet", ".npz", ".traj", ".db", ".cif", ".cfg", ".lammpstrj", ".dump"),
    *(".extxyz.gz", ".xyz.gz", ".extxyz.xz", ".xyz.xz", "/"),
)
"""Files of structures, by their endings; see `readers`."""
COLABFIT = TaskSpec(
    name="colabfit",
    takes="harness_atoms.given:structures",
    files={"dataset": STRUCTURES},
    summary="compression of atomistic data sets: embedded, in your files, or on ColabFit",
    implementation="harness_atoms.colabfit:ColabFit",
    settings="harness_atoms.settings:ColabFit",
    gives=Structures,
    quantities=SCORES,
    scores=(Selection,),
    baselines=("msc/random", "msc/k-means", "msc/mean-fps", "msc/fps"),
    uses=("msc/quests", "msc/entropy", "msc/diversity", "msc/novelty"),
    requires=("ase", "pyarrow", "scipy"),
    install="infoharness[atoms]",
    paper="B. Yu, V. Lordi, D. Schwalbe-Koda, arXiv:2511.10561",
)
GAP20 = replace(
    COLABFIT,
    name="gap20",
    files={"path": (".xyz", "/")},
    summary="compression of GAP-20 carbon, one data set per configuration type, from your files",
    implementation="harness_atoms.presets:GAP20",
    plan=False,
    takes="",
    settings="harness_atoms.settings:GAP20",
)
TM23 = replace(
    COLABFIT,
    name="tm23",
    files={"path": ("/",)},
    summary="compression of 27 transition metals, and from cold to warm and melt, from your files",
    implementation="harness_atoms.presets:TM23",
    plan=False,
    takes="",
    settings="harness_atoms.settings:TM23",
)

ENVIRONMENTS = ModelSpec(
    name="environments",
    summary="all atomic environments as one cloud of points",
    implementation="harness_atoms.models:EnvironmentPoints",
    settings="harness_atoms.settings:Points",
    reads=Environments,
    gives=Samples,
)
STRUCTURE_MEANS = ModelSpec(
    name="structure-means",
    summary="the mean descriptor of each structure",
    implementation="harness_atoms.models:StructureMeans",
    traits=("deterministic",),
    reads=Environments,
    gives=Samples,
)


@hookimpl
def harness_tasks() -> Iterable[TaskSpec]:
    """The tasks of this plugin."""
    return COLABFIT, GAP20, TM23


@hookimpl
def harness_models() -> Iterable[ModelSpec]:
    """The models of this plugin."""
    return ENVIRONMENTS, STRUCTURE_MEANS
