"""Parameters: each is declared here once, and inherited by the tasks that have it."""

from dataclasses import dataclass
from typing import Literal

from harness import param


@dataclass(frozen=True, kw_only=True)
class Futures:
    """States and the tokens after them."""

    n: int = param(5000, "number of states that are drawn", low=2)
    ahead: tuple[int, ...] = param(
        (1, 3), "numbers of tokens after the next one, one case for each", low=1
    )
    joint: bool = param(True, "whether the data hold their exact joint law, too")


@dataclass(frozen=True, kw_only=True)
class Sources(Futures):
    """Hidden Markov sources of few states."""

    sources: tuple[Literal["hmm3", "markov1", "copy", "iid"], ...] = param(
        ("hmm3", "markov1", "copy", "iid"), "sources"
    )
    memory: tuple[int, ...] = param(
        (1, 3), "numbers of past tokens that a state is, one case for each", low=1
    )


@dataclass(frozen=True, kw_only=True)
class Walks(Futures):
    """Random walks on graphs, of which only the community is seen."""

    graphs: tuple[Literal["karate", "caveman"], ...] = param(("karate", "caveman"), "graphs")


@dataclass(frozen=True, kw_only=True)
class Topics:
    """Mixtures of a few topics."""

    contexts: int = param(60, "number of contexts", low=2)
    tokens: int = param(10, "number of tokens", low=2)
    topics: int = param(3, "number of topics", low=1)
    temperatures: tuple[float, ...] = param(
        (1.0, 0.5, 2.0),
        "temperatures of a model's laws beside those of the data, one case for each",
        above=0.0,
    )
