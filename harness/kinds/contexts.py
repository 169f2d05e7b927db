"""Contexts, and how likely compressions of them are under a model."""

from __future__ import annotations

import dataclasses
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike

from harness.arrays import Floats, Ints
from harness.errors import DataError
from harness.kinds.base import Kind
from harness.kinds.examples import on_grid
from harness.kinds.fields import added, array, strings
from harness.kinds.language import refuse_positive


class Contexts(Kind):
    """n texts that one question is asked of: ``texts (n,)``, and ``answers (n,)`` where known.

    An answer that is not known is empty: a question about one of the texts has its answer there
    only. ``options`` are the answers to choose from, where there are such.
    """

    min_n: ClassVar[int] = 2

    texts: tuple[str, ...] = strings("n")
    answers: tuple[str, ...] | None = strings("n", default=None)
    query: str = ""
    options: tuple[str, ...] = ()

    def check(self) -> None:
        """Refuse empty texts, and answers that are no option."""
        for row, text in enumerate(self.texts):
            if not text.strip():
                raise DataError("Contexts.texts", "an empty context", "text", row)
        for row, answer in enumerate(self.answers or ()):
            if answer and self.options and answer not in self.options:
                raise DataError(
                    "Contexts.answers",
                    repr(answer),
                    "one of the options, or empty for unknown",
                    row,
                )

    @classmethod
    def example(cls, rng: np.random.Generator, n: int = 48) -> Self:
        """Sentences that say the answer."""
        colours = ("red", "green", "blue")
        answers = tuple(colours[i] for i in rng.integers(3, size=n))
        texts = tuple(f"The box is {answer} and weighs {i} kg." for i, answer in enumerate(answers))
        return cls(texts, answers, query="What colour is the box?", options=colours)


class ChannelLogLikelihoods(Kind):
    """How likely every compression is under every context: ``log_p (n, m, k)``, in nats.

    ``log_p[i, j, l]`` is ln p(z_ij | x_l, q), of the j-th of m compressions drawn from context i,
    summed over its tokens; k is n. What is impossible has `IMPOSSIBLE`, which every sum of
    exponentials treats as minus infinity; `of` puts it there. ``lengths (n, m)`` are tokens of each
    compression; ``correct (n, m)`` what a predictor made of it, from 0 to 1, or `UNKNOWN` where the
    answer is not known. ``exact`` says that ``log_p`` is the law that z was drawn from, and no
    proxy; ``density`` that it is the logarithm of a density of continuous z, which may exceed 0.
    ``surprise (n, m)`` is -ln p(answer | z, q) of the right answer under the predictor, in nats a
    token, `UNKNOWN` likewise. Where models did the work, compressor first and then the predictor,
    ``models`` are their families, ``weights`` their numbers of parameters, and ``flops (n, m, 2)``
    the operations that each spent on a compression.
    """

    IMPOSSIBLE: ClassVar[float] = -1e300
    UNKNOWN: ClassVar[float] = -1.0
    min_n: ClassVar[int] = 2

    log_p: Floats = array("n m k")
    lengths: Ints = array("n m", np.int64)
    correct: Floats | None = array("n m", default=None)
    query: str = ""
    exact: bool = False
    density: bool = added(default=False)
    surprise: Floats | None = array("n m", default=None, late=True)
    flops: Floats | None = array("n m 2", default=None, late=True)
    models: tuple[str, ...] = added(default=())
    weights: tuple[int, ...] = added(default=())

    @classmethod
    def of(cls, log_p: Floats, lengths: Ints, **more: Any) -> Self:
        """The same from an array in which impossible compressions have minus infinity."""
        given = np.asarray(log_p, np.float64)
        return cls(np.where(np.isneginf(given), cls.IMPOSSIBLE, given), lengths, **more)

    def check(self) -> None:
        """Refuse contexts that are not scored, and empty or impossible compressions."""
        n, _, k = self.log_p.shape
        if n != k:
            raise DataError(
                "ChannelLogLikelihoods.log_p",
                f"{n} contexts drawn from, {k} scored",
                "every one scored",
            )
        if not self.density:
            refuse_positive(
                self.log_p,
                "ChannelLogLikelihoods.log_p",
                "numbers up to 0, or density=True for log-densities of continuous compressions",
            )
        if self.lengths.min() < 1:
            i, j = np.argwhere(self.lengths < 1)[0]
            raise DataError(
                "ChannelLogLikelihoods.lengths",
                f"compression {j} is empty",
                "at least one token",
                int(i),
            )
        dead = (self.log_p <= self.IMPOSSIBLE).all(2)
        if dead.any():
            i, j = np.argwhere(dead)[0]
            found = f"compression {j} is impossible under every context"
            raise DataError(
                "ChannelLogLikelihoods.log_p", found, "at least one that allows it", int(i)
            )
        if self.correct is not None:
            score = self.correct[self.correct != self.UNKNOWN]
            if not ((score >= 0) & (score <= 1)).all():
                raise DataError(
                    "ChannelLogLikelihoods.correct",
                    "a score outside 0 .. 1",
                    "shares of right answers",
                )
        if self.surprise is not None:
            known = self.surprise[self.surprise != self.UNKNOWN]
            if not (known >= 0).all():
                raise DataError(
                    "ChannelLogLikelihoods.surprise", "a surprise below 0", "-ln of a probability"
                )
        if self.flops is not None and not (self.flops >= 0).all():
            raise DataError(
                "ChannelLogLikelihoods.flops", "operations below 0", "numbers of operations"
            )
        if len(self.models) != len(self.weights) or len(self.models) > 2:
            raise DataError(
                "ChannelLogLikelihoods.models",
                f"{len(self.models)} models, {len(self.weights)} numbers of parameters",
                "those of the compressor, and perhaps of the predictor",
            )

    @classmethod
    def example(cls, rng: np.random.Generator, n: int = 48) -> Self:
        """Two compressions a context, each about 20 nats likelier under its own."""
        log_p = -on_grid(rng.uniform(20.0, 30.0, (n, 2, n)) - 20.0 * np.eye(n)[:, None])
        correct = rng.integers(0, 2, (n, 2)).astype(np.float64)
        return cls(log_p, rng.integers(3, 9, (n, 2)), correct=correct)

    def take(self, indices: ArrayLike) -> Self:
        """The contexts at ``indices`` as rows and as columns: contexts are what is resampled."""
        idx = np.asarray(indices, np.int64)
        if idx.size and (idx.min() < 0 or idx.max() >= self.n):
            raise DataError(
                "ChannelLogLikelihoods.take",
                "a position outside",
                f"positions from 0 to {self.n - 1}",
            )
        return dataclasses.replace(
            self,
            log_p=self.log_p[idx][:, :, idx],
            lengths=self.lengths[idx],
            correct=None if self.correct is None else self.correct[idx],
            surprise=None if self.surprise is None else self.surprise[idx],
            flops=None if self.flops is None else self.flops[idx],
            split=None if self.split is None else self.split.take(idx, self.n),
        )
