"""Parameters: each is declared here once, and inherited by the classes that use it."""

from dataclasses import dataclass
from typing import Literal

from harness import param


@dataclass(frozen=True, kw_only=True)
class Compression:
    """Parameters that all tasks share."""

    rates: tuple[float, ...] = param(
        (0.05, 0.1, 0.2, 0.5),
        "shares of the structures to keep, one case each",
        above=0.0,
        high=1.0,
    )
    max_structures: int = param(
        0, "number of structures drawn at random from each data set; 0 for all", low=0
    )
    eps: float = param(
        1e-5, "novelty dH below which the scores count an environment as covered", unit="nats"
    )
    h: float = param(
        0.015, "bandwidth of the kernel that the scores are computed with", above=0.0, unit="1/Å"
    )
    k: int = param(
        32, "number of neighbours in the descriptor that the scores are computed with", low=1
    )
    cutoff: float = param(
        5.0, "cutoff of the descriptor that the scores are computed with", above=0.0, unit="Å"
    )
    ood: bool = param(True, "whether to run the energy test")
    energy_key: str = param(
        "", "name of the energies in the files, such as MACE_energy; empty for the usual names"
    )
    forces_key: str = param(
        "", "name of the forces in the files, such as MACE_forces; empty for the usual names"
    )
    types: tuple[str, ...] = param(
        (), "elements of the numbered types in MLIP's .cfg files, such as Cu,Zr"
    )
    potential: Literal["kernel-ridge", "uf3", "mace"] = param(
        "kernel-ridge",
        "potential that is trained in the energy test; mace is trained on forces, too",
    )
    steps: int = param(
        300, "number of steps of Adam, of four structures each, that mace is trained for", low=1
    )
    training_seed: int = param(
        0, "seed of the weights of mace at the start and of the order of its training", low=0
    )


@dataclass(frozen=True, kw_only=True)
class Request:
    """What the task `colabfit` reads."""

    dataset: str = param(
        "",
        "data sets, separated by commas: files, folders, colabfit/NAME or embedded names; empty "
        "for the embedded ones",
    )
    reference: str = param(
        "", "data set that is held already, against which the others are measured; empty for none"
    )
    revision: str = param("main", "branch, tag or commit of repositories on the hub")


@dataclass(frozen=True, kw_only=True)
class ColabFit(Compression, Request):
    """Parameters of the task `colabfit`."""


@dataclass(frozen=True, kw_only=True)
class Carbon:
    """What the task `gap20` reads."""

    path: str = param("", "extracted Carbon_GAP_20.tgz, or one of its .xyz files")
    types: tuple[str, ...] = param((), "configuration types, one data set each; empty for all")


@dataclass(frozen=True, kw_only=True)
class GAP20(Compression, Carbon):
    """Parameters of the task `gap20`."""


@dataclass(frozen=True, kw_only=True)
class Metals:
    """What the task `tm23` reads."""

    path: str = param("", "folder with the .xyz files of TM23, at any depth")
    elements: tuple[str, ...] = param(
        (), "chemical symbols of the metals; empty for all that the folder has"
    )


@dataclass(frozen=True, kw_only=True)
class TM23(Compression, Metals):
    """Parameters of the task `tm23`."""


@dataclass(frozen=True, kw_only=True)
class Points:
    """Parameters of the model `environments`."""

    max_points: int = param(0, "number of points drawn at random; 0 for all", low=0)
