"""Neutral tasks on atomic structures: compression of data sets, and the step out of domain."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from harness import (
    Environments,
    ModelSpec,
    Param,
    Quantity,
    Samples,
    Selection,
    Structures,
    TaskSpec,
    hookimpl,
)

HARNESS_API = 1

_PAPER = "B. Yu, V. Lordi, D. Schwalbe-Koda, arXiv:2511.10561"
_INSTALL = "infoharness[atoms]"

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
        summary="share of all environments with dH(.|selection) < eps",
    ),
    Quantity(
        "outliers_kept",
        "",
        "higher",
        0.0,
        1.0,
        summary="the same share among the 1 % most isolated",
    ),
    Quantity(
        "tail_recall",
        "",
        "higher",
        0.0,
        1.0,
        summary="share of the 1 % strongest forces that are kept",
    ),
    Quantity(
        "force_w1", "eV/Å", "none", 0.0, summary="1-Wasserstein distance of |F|, selection from all"
    ),
    Quantity("q99_ratio", "", "none", 0.0, summary="99 % quantile of |F|, selection over all"),
    Quantity("atoms_kept", "", "lower", 0.0, 1.0, summary="share of the atoms in the selection"),
    Quantity(
        "rmse_in",
        "meV/atom",
        "lower",
        0.0,
        summary="error of a cheap potential on ordinary structures",
    ),
    Quantity(
        "rmse_out",
        "meV/atom",
        "lower",
        0.0,
        summary="its error on the 10 % with the largest forces",
    ),
)

_SHARED = (
    Param(
        "rates",
        tuple[float, ...],
        (0.05, 0.1, 0.2, 0.5),
        "shares of the structures to keep",
        above=0.0,
        high=1.0,
    ),
    Param(
        "max_structures",
        int,
        0,
        "random subset of that many structures per data set; 0 for all",
        low=0,
    ),
    Param("eps", float, 1e-5, "an environment with dH below it is covered, nats"),
    Param("h", float, 0.015, "bandwidth of the ruler, 1/Å", above=0.0),
    Param("k", int, 32, "neighbours in the ruler's descriptor", low=1),
    Param("cutoff", float, 5.0, "cutoff of the ruler's descriptor, Å", above=0.0),
    Param("ood", bool, True, "run the energy test"),
    Param(
        "potential",
        str,
        "kernel-ridge",
        "trained in the energy test",
        choices=("kernel-ridge", "uf3"),
    ),
)

COLABFIT = TaskSpec(
    name="colabfit",
    summary="compression of atomistic data sets: embedded, in your files, or on ColabFit",
    implementation="harness_atoms.colabfit:ColabFit",
    params=(
        Param(
            "dataset",
            str,
            "",
            "file, folder, colabfit/NAME or embedded name; several with commas; empty: embedded",
        ),
        Param(
            "reference",
            str,
            "",
            "a data set that is already held: measure what the others add to it",
        ),
        Param("revision", str, "main", "branch, tag or commit of repositories on the hub"),
        *_SHARED,
    ),
    gives=Structures,
    quantities=SCORES,
    scores=(Selection,),
    baselines=("msc/random", "msc/k-means", "msc/mean-fps", "msc/fps"),
    uses=("msc/quests", "msc/entropy", "msc/diversity", "msc/novelty"),
    requires=("ase", "pyarrow"),
    install=_INSTALL,
    paper=_PAPER,
)
GAP20 = replace(
    COLABFIT,
    name="gap20",
    summary="compression of GAP-20 carbon, a data set per configuration type (from the file you downloaded)",
    implementation="harness_atoms.presets:GAP20",
    params=(
        Param("path", str, "", "the extracted Carbon_GAP_20.tgz, or one of its .xyz files"),
        Param("types", tuple[str, ...], (), "configuration types wanted; empty for all"),
        *_SHARED,
    ),
)
TM23 = replace(
    COLABFIT,
    name="tm23",
    summary="compression of 27 transition metals, and from cold to warm and melt (from files you downloaded)",
    implementation="harness_atoms.presets:TM23",
    params=(
        Param("path", str, "", "folder with TM23's .xyz files, at any depth"),
        Param(
            "elements", tuple[str, ...], (), "chemical symbols wanted; empty for all that are there"
        ),
        *_SHARED,
    ),
)

ENVIRONMENTS = ModelSpec(
    name="environments",
    summary="all atomic environments as one cloud of points",
    implementation="harness_atoms.models:EnvironmentPoints",
    params=(Param("max_points", int, 0, "random subset of that many points; 0 for all", low=0),),
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
