"""What this plugin offers, and a watcher. Declarations only: other modules do the work."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from harness import (
    Estimate,
    EstimatorSpec,
    ModelSpec,
    PairedSamples,
    Quantity,
    TaskSpec,
    hookimpl,
)
from harness.quantities import MUTUAL_INFORMATION
from harness_hello.kinds import SpinChains
from harness_hello.settings import Counting, Drawing

HARNESS_API = 1

SPIN_ENTROPY = Quantity(
    "spin_entropy", "nats", "truth", lower=0.0, summary="entropy of a chain, per spin"
)

SPINS = TaskSpec(
    name="spins",
    summary="open Ising chains at several couplings, drawn exactly",
    implementation="harness_hello.spins:Spins",
    settings=Drawing,
    gives=SpinChains,
    quantities=(SPIN_ENTROPY, MUTUAL_INFORMATION),
    paper="E. Ising, Z. Phys. 31, 253 (1925)",
)

BONDS = ModelSpec(
    name="bonds",
    summary="every spin with its right neighbour, as pairs of codes",
    implementation="harness_hello.bonds:Bonds",
    traits=("deterministic",),
    reads=SpinChains,
    gives=PairedSamples,
)

NEIGHBOURS = EstimatorSpec(
    name="neighbours",
    summary="entropy per spin from the counts of neighbouring pairs",
    implementation="harness_hello.counts:Neighbours",
    settings=Counting,
    traits=("deterministic", "permutation-invariant"),
    reads=SpinChains,
    gives=Estimate,
    quantity=SPIN_ENTROPY,
    paper="G. A. Miller, in: Information Theory in Psychology (1955)",
)
COUNTS = EstimatorSpec(
    name="counts",
    summary="mutual information of two discrete variables from their counts",
    implementation="harness_hello.counts:Counts",
    settings=Counting,
    traits=("deterministic", "permutation-invariant", "translation-invariant", "scale-invariant"),
    reads=PairedSamples,
    gives=Estimate,
    quantity=MUTUAL_INFORMATION,
    paper=NEIGHBOURS.paper,
)


@hookimpl
def harness_estimators() -> Iterable[EstimatorSpec]:
    """The estimators of this plugin."""
    return NEIGHBOURS, COUNTS


@hookimpl
def harness_models() -> Iterable[ModelSpec]:
    """The models of this plugin."""
    return (BONDS,)


@hookimpl
def harness_tasks() -> Iterable[TaskSpec]:
    """The tasks of this plugin."""
    return (SPINS,)


@hookimpl
def harness_run_finished(summary: dict[str, Any]) -> None:
    """Append a line to the file that ``HARNESS_HELLO_LOG`` names, if it names one."""
    if file := os.environ.get("HARNESS_HELLO_LOG"):
        with Path(file).open("a", encoding="utf-8") as log:
            log.write(f"hello: {summary['computed']} computed, {summary['cached']} cached\n")
