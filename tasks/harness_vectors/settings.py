"""Parameters: each is declared here once, and inherited by the tasks that have it."""

from dataclasses import dataclass
from typing import Literal

from harness import param

_DIMS = "numbers of dimensions of each variable, one case for each"
_INFORMATION = "mutual information, one case for each value"
_SIGMA = "standard deviations of the noise, one case for each"
_CODES = "numbers of different codes, one case for each"


@dataclass(frozen=True, kw_only=True)
class Size:
    """The size of a case."""

    n: int = param(5000, "number of samples in each case", low=2)


@dataclass(frozen=True, kw_only=True)
class Parts(Size):
    """The sizes of the parts of a case."""

    n_train: int = param(2000, "number of further samples, which compressors are fitted on", low=1)


@dataclass(frozen=True, kw_only=True)
class Named(Size):
    """Cases by name."""

    only: tuple[str, ...] = param((), "names of cases, with wildcards; empty for all cases")


@dataclass(frozen=True, kw_only=True)
class Halves(Named):
    """Cases by name, of one half of the shapes or of both."""

    half: Literal["both", "tuning", "judging"] = param(
        "both", "half of the shapes: those to tune an estimator on, those to judge it by, or both"
    )


@dataclass(frozen=True, kw_only=True)
class Preset:
    """The information of the cases, or the paper's values."""

    preset: Literal["none", "paper"] = param(
        "none", "paper: information from 0 to 10 nats by 0.25, 41 cases; with 5000 samples each"
    )

    @property
    def paper(self) -> tuple[float, ...] | None:
        """The informations of Butakov et al., where they are asked for."""
        return tuple(i / 4 for i in range(41)) if self.preset == "paper" else None


@dataclass(frozen=True, kw_only=True)
class Sweep(Preset):
    """Cases over dimension, information and sample size."""

    dims: tuple[int, ...] = param((1, 2, 5, 10), _DIMS, low=1)
    information: tuple[float, ...] = param((0.0, 1.0, 3.0, 5.0), _INFORMATION, low=0.0, unit="nats")
    n: tuple[int, ...] = param((1000, 5000), "numbers of samples, one case for each", low=2)
    mix: bool = param(True, "whether each variable is rotated at random")

    @property
    def grid(self) -> tuple[tuple[float, ...], tuple[int, ...]]:
        """The informations and the numbers of samples."""
        return (self.paper, (5000,)) if self.paper else (self.information, self.n)


@dataclass(frozen=True, kw_only=True)
class Channel(Size):
    """A linear channel."""

    gains: tuple[float, ...] = param(
        (3.0, 2.0, 1.0, 0.5, 0.2, 0.1), "gains of the channel", above=0.0
    )
    sigma: tuple[float, ...] = param((0.5,), _SIGMA, above=0.0)
    signal: bool = param(
        False, "whether the data carry the outputs without noise, for sample-propagation"
    )


@dataclass(frozen=True, kw_only=True)
class Noise(Parts):
    """Noise on a signal, with a part to fit compressors on."""

    sigma: tuple[float, ...] = param((0.1, 0.5, 1.0), _SIGMA, above=0.0)


@dataclass(frozen=True, kw_only=True)
class Pictures(Preset, Parts):
    """Pictures, with a part to fit compressors on."""

    width: int = param(16, "side of a picture", low=4, unit="pixels")
    information: tuple[float, ...] = param(
        (0.0, 1.0, 2.0, 4.0, 6.0, 8.0, 10.0), _INFORMATION, low=0.0, unit="nats"
    )

    @property
    def grid(self) -> tuple[tuple[float, ...], int]:
        """The informations and the number of samples to measure."""
        return (self.paper, 5000) if self.paper else (self.information, self.n)


@dataclass(frozen=True, kw_only=True)
class Dimensions(Size):
    """Cases over dimension."""

    dims: tuple[int, ...] = param((1, 3), _DIMS, low=1)


@dataclass(frozen=True, kw_only=True)
class Uniform(Dimensions):
    """Uniform numbers with uniform noise."""

    information: tuple[float, ...] = param(
        (0.0, 0.5, 1.0, 2.0, 4.0), _INFORMATION, low=0.0, unit="nats"
    )


@dataclass(frozen=True, kw_only=True)
class Bins(Size):
    """A code of a continuous vector."""

    dim: int = param(2, "number of dimensions of X", low=1)
    codes: tuple[int, ...] = param((2, 8, 32), _CODES, low=2)


@dataclass(frozen=True, kw_only=True)
class Laws(Size):
    """Distributions in several dimensions."""

    dims: tuple[int, ...] = param((1, 2, 5, 10), _DIMS, low=1)
    laws: tuple[str, ...] = param((), "names of distributions; empty for all")


@dataclass(frozen=True, kw_only=True)
class Codes(Size):
    """Integer codes."""

    n: int = param(1000, "number of samples in each case", low=2)
    codes: tuple[int, ...] = param((2, 10, 100, 1000), _CODES, low=2)


_NAMES = "columns by name, wildcard or array"


@dataclass(frozen=True, kw_only=True)
class Columns:
    """Columns of a file of the user."""

    path: str = param("", "file: .csv, .tsv, .parquet, .arrow, .feather, .npy or .npz")
    discrete: tuple[str, ...] = param(
        (), f"{_NAMES} that hold codes; the others are recognized by their type and repeats"
    )
    continuous: tuple[str, ...] = param((), f"{_NAMES} that hold numbers, whatever their type")
    missing: Literal["error", "drop"] = param("error", "treatment of rows with missing values")
    encoding: str = param("utf-8", "encoding of a text file, such as cp1252 or utf-16")


@dataclass(frozen=True, kw_only=True)
class OwnSamples(Columns):
    """Parameters of the task `samples`."""

    x: tuple[str, ...] = param((), f"{_NAMES}; empty for all")


@dataclass(frozen=True, kw_only=True)
class OwnPairs(Columns):
    """Parameters of the task `pairs`."""

    x: tuple[str, ...] = param((), f"{_NAMES}: the first variable")
    y: tuple[str, ...] = param((), f"{_NAMES}: the second variable")


@dataclass(frozen=True, kw_only=True)
class OwnConditioned(OwnPairs):
    """Parameters of the task `conditioned`."""

    z: tuple[str, ...] = param((), f"{_NAMES}: what the information is conditioned on")
