"""Parameters: each is declared here once, and inherited by the classes that use it."""

from dataclasses import dataclass

from harness import param


@dataclass(frozen=True, kw_only=True)
class Drawing:
    """Parameters of the task `spins`."""

    n: int = param(200, "number of chains in each case", low=1)
    length: int = param(20, "number of spins in a chain", low=2)
    couplings: tuple[float, ...] = param(
        (0.0, 0.5, 1.0, 2.0), "couplings K = J/kT, one case for each"
    )


@dataclass(frozen=True, kw_only=True)
class Counting:
    """Parameters of the estimators that count."""

    correct: bool = param(
        True, "whether Miller and Madow's first-order correction of the bias is added"
    )
