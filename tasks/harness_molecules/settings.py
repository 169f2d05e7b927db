"""Parameters: each is declared here once, and inherited by the tasks and models that have it."""

from dataclasses import dataclass
from typing import Literal

from harness import param


@dataclass(frozen=True, kw_only=True)
class Parts:
    """Which molecules train, validate and test."""

    by: Literal["random", "scaffold"] = param(
        "random",
        "how molecules are divided: at random, or by scaffold (Bemis and Murcko), so that no ring "
        "system of training is seen again",
    )
    test: float = param(0.2, "share of the molecules that are tested on", above=0.0, high=0.8)
    valid: float = param(0.1, "share of the molecules that models are chosen by", low=0.0, high=0.5)


@dataclass(frozen=True, kw_only=True)
class Conformers:
    """Where positions come from: ETKDGv3, then MMFF."""

    molecules: int = param(400, "number of molecules, the first ones that fit", low=5)
    least: int = param(4, "fewest heavy atoms of a molecule", low=1)
    most: int = param(16, "most heavy atoms of a molecule", low=2)
    conformer: int = param(7, "seed of the embedding, the same for all molecules", low=0)
    steps: int = param(200, "most steps of the MMFF optimization", low=0)


@dataclass(frozen=True, kw_only=True)
class Nci(Conformers, Parts):
    """Molecules of the National Cancer Institute."""


@dataclass(frozen=True, kw_only=True)
class Property:
    """What a label is."""

    above: float | None = param(
        None, "the label is 1 where the property is above this, else 0; none for the property"
    )


@dataclass(frozen=True, kw_only=True)
class NciTpsa(Nci, Property):
    """Molecules of the National Cancer Institute with their polar surface area."""


@dataclass(frozen=True, kw_only=True)
class NciSelection(NciTpsa):
    """Molecules of the National Cancer Institute to choose from."""

    shares: tuple[float, ...] = param(
        (0.1, 0.2, 0.5),
        "shares of the molecules that are not tested on, for each of which a selection is scored",
        above=0.0,
        high=1.0,
    )


@dataclass(frozen=True, kw_only=True)
class Chembl(Conformers, Parts, Property):
    """Molecules of one assay of ChEMBL."""

    most: int = param(40, "most heavy atoms of a molecule", low=2)
    molecules: int = param(200, "number of molecules, the first ones that fit", low=5)


@dataclass(frozen=True, kw_only=True)
class G2:
    """The G2 set."""

    bond: float = param(
        1.2, "two atoms are bonded where nearer than this times the sum of their radii", above=0.0
    )
    test: float = param(0.3, "share of the molecules that are tested on", above=0.0, high=0.8)


@dataclass(frozen=True, kw_only=True)
class Gauss:
    """Hops and a noisy reading of them."""

    states: tuple[int, ...] = param((2, 4, 8), "numbers of hops that occur", low=2)
    noise: tuple[float, ...] = param(
        (0.25, 0.5, 1.0, 2.0), "standard deviations of the noise on the distance", above=0.0
    )
    molecules: int = param(250, "number of molecules that are tested on", low=2)
    train: int = param(250, "number of further molecules, for training", low=2)
    valid: int = param(50, "number of further molecules, which models are chosen by", low=0)
    pairs: int = param(20, "number of pairs of each molecule", low=1)


@dataclass(frozen=True, kw_only=True)
class Tables:
    """Random laws of two pairs."""

    tables: int = param(4, "number of random tables, one case for each", low=1)
    states: int = param(3, "number of values of each relation", low=2, high=6)
    peak: float = param(
        0.2,
        "concentration of the Dirichlet law of the tables; the smaller, the more is told",
        above=0,
    )
    molecules: int = param(1000, "number of molecules that are tested on", low=2)
    train: int = param(4000, "number of further molecules, for training", low=2)
    valid: int = param(500, "number of further molecules, which models are chosen by", low=0)


@dataclass(frozen=True, kw_only=True)
class Pcqm(Parts):
    """A folder with PCQM4Mv2."""

    path: str = param("", "folder with pcqm4m-v2-train.sdf(.tar.gz) and raw/data.csv.gz")
    molecules: int = param(20_000, "number of molecules, the first ones", low=5)


@dataclass(frozen=True, kw_only=True)
class Qm9(Parts):
    """A folder with QM9."""

    path: str = param("", "folder with gdb9.sdf, gdb9.sdf.csv and maybe uncharacterized.txt")
    molecules: int = param(20_000, "number of molecules, the first ones", low=5)
    target: Literal[
        "mu", "alpha", "homo", "lumo", "gap", "r2", "zpve", "u0", "u298", "h298", "g298", "cv"
    ] = param("gap", "property that is the label; energies become eV")


@dataclass(frozen=True, kw_only=True)
class MoleculeNet(Conformers, Parts):
    """A CSV file of MoleculeNet."""

    by: Literal["random", "scaffold"] = param(
        "scaffold",
        "how molecules are divided where the file does not say: at random, or by scaffold",
    )
    path: str = param("", "CSV file with a column of SMILES and one of the label")
    smiles: str = param("smiles", "column with the SMILES")
    target: str = param("", "column with the label; a molecule without one is left out")
    molecules: int = param(2000, "number of molecules, the first ones that fit", low=5)
    most: int = param(60, "most heavy atoms of a molecule", low=2)
    part: str = param("part", "column that names the part (train, valid, test), where there is one")


@dataclass(frozen=True, kw_only=True)
class Pairs:
    """Pairs of atoms as draws of two variables."""

    most_hops: int = param(11, "hops from which on all are one class", low=2)
    jitter: float = param(
        0.0,
        "standard deviation of noise on distances, for estimators that want no two equal ones "
        "(1e-6 is enough)",
        low=0.0,
        unit="Å",
    )
