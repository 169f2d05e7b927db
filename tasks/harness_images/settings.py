"""Parameters: each is declared here once, and inherited by the tasks that have it."""

from dataclasses import dataclass

from harness import param


@dataclass(frozen=True, kw_only=True)
class Protocol:
    """When the simulated user stops."""

    target: float = param(
        0.9, "overlap at which a picture is done with", above=0.0, high=1.0, unit="IoU"
    )
    limit: int = param(20, "number of clicks on a picture, at most", low=1)


@dataclass(frozen=True, kw_only=True)
class Pictures:
    """Generated pictures of shapes."""

    gaps: tuple[float, ...] = param(
        (0.15, 0.21, 0.27), "distances of the colours of object and ground, one case for each",
        above=0.0,
    )  # fmt: skip
    images: int = param(2, "number of pictures of each shape and distance to be clicked", low=1)
    train: int = param(2, "number of pictures of each shape and distance with told masks", low=1)
    size: int = param(96, "height and width", low=24, unit="pixels")
    noise: float = param(0.08, "standard deviation of the noise in each colour", low=0.0)


@dataclass(frozen=True, kw_only=True)
class Shapes(Pictures, Protocol):
    """Shapes to be clicked."""


@dataclass(frozen=True, kw_only=True)
class Photographs(Protocol):
    """Photographs of scikit-image."""

    size: int = param(128, "longer side that pictures are reduced to", low=32, unit="pixels")


@dataclass(frozen=True, kw_only=True)
class Folder(Protocol):
    """Data sets of others."""

    folder: str = param("", "folder of the data set, unpacked; the page has the layouts")
    only: tuple[str, ...] = param((), "names of pictures, with wildcards; empty for all")


@dataclass(frozen=True, kw_only=True)
class Laws:
    """Gaussian laws of latent numbers."""

    n: int = param(400, "number of pixels in each case", low=1)
