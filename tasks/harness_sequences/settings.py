"""Parameters: each is declared here once, and inherited by the tasks and models that have it."""

from dataclasses import dataclass

from harness import param

_NOISE = "variances of the noise of {}, one for each system"


@dataclass(frozen=True, kw_only=True)
class Steps:
    """The size of a case."""

    n: int = param(20_000, "number of steps of each sequence", low=2)


@dataclass(frozen=True, kw_only=True)
class Channels(Steps):
    """Channels with feedback, memory, delay, and none of them."""

    only: tuple[str, ...] = param((), "names of channels; empty for all channels")


@dataclass(frozen=True, kw_only=True)
class Series(Steps):
    """Systems x_t = a x_(t-1) + u, y_t = b y_(t-1) + c x_(t-1) + v."""

    a: tuple[float, ...] = param((0.0, 0.9, 0.5, 0.8), "how x follows itself, one system for each")
    b: tuple[float, ...] = param((0.0, 0.5, 0.0, 0.2), "how y follows itself, one for each system")
    c: tuple[float, ...] = param((1.0, 0.4, 0.5, 0.0), "how y follows x, one for each system")
    noise_x: tuple[float, ...] = param((1.0, 1.0, 1.0, 1.0), _NOISE.format("x"), above=0.0)
    noise_y: tuple[float, ...] = param((1.0, 1.0, 0.5, 1.0), _NOISE.format("y"), above=0.0)


@dataclass(frozen=True, kw_only=True)
class Rates:
    """Rate-distortion problems with a closed form."""

    only: tuple[str, ...] = param((), "names of problems; empty for all problems")
    slopes: tuple[float, ...] = param(
        (1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0),
        "slopes -dR/dD at which the curve is wanted",
        above=0.0,
        unit="nats per distortion",
    )


@dataclass(frozen=True, kw_only=True)
class Flow:
    """Sequences from one of four chains, which a prompt picks."""

    n: int = param(2000, "number of sequences", low=2)
    length: int = param(6, "number of tokens of a sequence", low=1, high=10)
    temperatures: tuple[float, ...] = param(
        (1.0, 0.25), "temperatures at which tokens are drawn, one case for each", above=0.0
    )


@dataclass(frozen=True, kw_only=True)
class Patterns:
    """Random patterns for a threshold unit."""

    n: int = param(2000, "number of patterns", low=2)
    dims: tuple[int, ...] = param((5, 20), "numbers of dimensions, one case for each", low=1)


@dataclass(frozen=True, kw_only=True)
class Dialogues:
    """Pairs of an utterance and its reply."""

    dataset: str = param(
        "", "file of JSON lines or Parquet with utterances; empty for generated dialogues"
    )
    text: str = param("text", "column with the text of an utterance, or with all of a dialogue")
    speaker: str = param("speaker", "column with the speaker; where absent, speakers alternate")
    time: str = param("t", "column that orders the utterances; where absent, the rows do")
    dialogue: str = param("dialogue", "column that names the dialogue; where absent, all are one")
    n: int = param(200, "number of generated pairs, or most pairs of a file", low=2)


@dataclass(frozen=True, kw_only=True)
class Lags:
    """How much of the past is looked at."""

    source_lags: int = param(1, "number of past steps of x", low=1)
    target_lags: int = param(1, "number of past steps of y", low=1)
    driver_lags: int = param(2, "number of past steps of z, where there is one", low=1)
