"""How often boards err: false verdicts, power, coverage of intervals, by simulation.

``python benchmarks/boards/verdicts.py`` prints the tables of docs/boards.md; with ``--write`` it
puts them there. Beside each figure of the statistics in use stands that of what was used before: t
tests over cases, percentiles of a bootstrap over cases or points.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from harness import spearman
from harness_boards import signflips
from harness_boards import statistics as st
from harness_boards.concordance import Points, correlate
from harness_boards.pairs import compare

Floats = NDArray[np.float64]
DOC = Path(__file__).parents[2] / "docs" / "boards.md"
TIMES = 1000
VERDICTS = 4000
"""Simulated pairs; a share of 0.05 has a standard error of 0.003."""
CEILING = 1.0
Law = Callable[[np.random.Generator, tuple[int, ...]], Floats]
LAWS: dict[str, Law] = {
    "normal": lambda rng, shape: rng.normal(size=shape),
    "Cauchy": lambda rng, shape: rng.standard_cauchy(size=shape),
    "one divergence in forty": lambda rng, shape: (
        rng.normal(size=shape) * np.where(rng.random(shape) < 1 / 40, 1e6, 1.0)
    ),
}
CLUSTERS = ((3, 4), (6, 1), (12, 1), (12, 4), (40, 1))
"""Clusters, and cases in each."""
ICC = 0.25


def errors(law: Law, rng: np.random.Generator, clusters: int, cases: int, scale: float) -> Floats:
    """Absolute errors ``(VERDICTS, clusters * cases)`` that share a part within a cluster."""
    shape = (VERDICTS, clusters, cases)
    shared = np.broadcast_to(law(rng, (VERDICTS, clusters, 1)), shape)
    own = law(rng, shape)
    mixed = np.sqrt(ICC) * shared + np.sqrt(1 - ICC) * own if cases > 1 else own
    return scale * 0.3 * np.abs(mixed).reshape(VERDICTS, -1)


def verdicts(rng: np.random.Generator) -> Iterator[list[str]]:
    """Share of verdicts at 5 % between two equal rows, and between one and another whose errors are
    twice as large."""
    yield [
        "errors",
        "clusters × cases",
        "false, before",
        "false, now",
        "power, before",
        "power, now",
    ]
    for name, law in LAWS.items():
        for clusters, cases in CLUSTERS:
            found = []
            for scale in (1.0, 2.0):
                a = errors(law, rng, clusters, cases, 1.0)
                b = errors(law, rng, clusters, cases, scale)
                old = stats.ttest_rel(a, b, axis=1).pvalue < 0.05
                groups = np.repeat(np.arange(clusters), cases)
                cut = np.minimum(a, CEILING) - np.minimum(b, CEILING)
                now = signflips.p_values(signflips.grouped(cut, groups)[0]) < 0.05
                found += [share(old), share(now)]
            yield [name, f"{clusters} × {cases}", *found]


def share(hits: NDArray[np.bool_]) -> str:
    """A share with two digits."""
    return f"{hits.mean():.2f}"


def ranks(rng: np.random.Generator) -> Iterator[list[str]]:
    """How often a board of six equal rows prints a rank interval narrower than 1-6."""
    yield ["rows", "clusters", "narrower, before", "narrower, now"]
    for clusters in (12, 40):
        before = now = 0
        times = TIMES // 5
        for _ in range(times):
            losses = np.minimum(0.3 * np.abs(rng.normal(size=(6, clusters))), CEILING)
            drawn = rng.integers(clusters, size=(300, clusters))
            means = losses[:, drawn].mean(axis=2)
            order = 1 + (means[:, None] > means[None]).sum(axis=1)
            low, high = np.quantile(order, [0.025, 0.975], axis=1)
            before += bool((np.floor(low) > 1).any() or (np.ceil(high) < 6).any())
            found = compare(losses, np.arange(clusters), ranked=False).ranks()
            now += set(found) != {(1, 6)}
        yield ["six equal", str(clusters), f"{before / times:.2f}", f"{now / times:.2f}"]


def intervals(rng: np.random.Generator) -> Iterator[list[str]]:
    """Coverage of 95 % intervals of a mean loss."""
    yield ["losses", "cases of each task", "percentiles, before", "Rao-Wu", "now", "width, now"]
    laws: dict[str, Callable[[int], Floats]] = {
        "normal": lambda n: rng.normal(size=n),
        "lognormal": lambda n: rng.lognormal(size=n),
        "lognormal, cut": lambda n: np.minimum(0.2 * rng.lognormal(size=n), CEILING),
    }
    times = TIMES // 2
    for name, law in laws.items():
        truth = float(law(10**6).mean())
        for sizes in ((2, 2, 2), (1,) * 6, (6,), (3, 3, 3, 3), (12,), (40,)):
            strata = np.repeat(np.arange(len(sizes)), sizes)
            n, hits, widths = len(strata), np.zeros(3), []
            for _ in range(times):
                x = law(n)
                old = np.quantile(x[_resampled(strata, rng)].mean(axis=1), [0.025, 0.975])
                rao = np.quantile(_rao_wu(x, strata, rng), [0.025, 0.975])
                new = st.bootstrap_t(x[None], np.ones((1, n)), strata, 300, rng)[0]
                hits += [e[0] <= truth <= e[1] for e in (old, rao, new)]
                widths.append(new[1] - new[0])
            told = " + ".join(map(str, sizes)) if len(sizes) < 6 else "1 each of 6"
            yield [name, told, *(f"{h / times:.2f}" for h in hits), f"{np.median(widths):.2f}"]


def _resampled(strata: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
    out = np.empty((300, len(strata)), np.int64)
    for s in np.unique(strata):
        mine = np.flatnonzero(strata == s)
        out[:, mine] = mine[rng.integers(len(mine), size=(300, len(mine)))]
    return out


def _rao_wu(x: Floats, strata: NDArray[np.int64], rng: np.random.Generator) -> Floats:
    """Means of n - 1 cases of each task, rescaled; tasks of one case pooled."""
    names, at, size = np.unique(strata, return_inverse=True, return_counts=True)
    at = np.where(size[at] == 1, len(names), at)
    weight = np.zeros((300, len(x)))
    for s in np.unique(at):
        mine = np.flatnonzero(at == s)
        n = len(mine)
        weight[:, mine] = rng.multinomial(n - 1, np.full(n, 1 / n), size=300) * n / (n - 1)
    return weight @ x / weight.sum(axis=1)


def correlations(rng: np.random.Generator) -> Iterator[list[str]]:
    """Coverage of 95 % intervals of Spearman's correlation, where points share their cases."""
    yield [
        "true correlation",
        "cases × points",
        "over points, before",
        "over cases, now",
        "width, now",
    ]
    times = TIMES // 5
    for rho in (0.0, 0.6):
        truth = 6 / np.pi * np.arcsin(rho / 2)
        root = np.linalg.cholesky(np.array([[1, rho], [rho, 1]]))
        for cases, each in ((6, 4), (12, 1), (12, 4), (30, 1)):
            clusters = np.repeat(np.arange(cases), each)
            hits, widths = np.zeros(2), []
            for _ in range(times):
                shared = np.repeat(root @ rng.normal(size=(2, cases)), each, axis=1)
                own = root @ rng.normal(size=(2, cases * each))
                x, y = np.sqrt(0.5) * (shared + own) if each > 1 else own
                drawn = rng.integers(len(x), size=(300, len(x)))
                old = np.nanquantile(spearman(x[drawn], y[drawn]), [0.025, 0.975])
                found = correlate("spearman", x, Points(y, np.zeros(len(x), np.int64), clusters))
                new = found.interval if found and found.interval else (np.nan, np.nan)
                hits += [old[0] <= truth <= old[1], new[0] <= truth <= new[1]]
                widths.append(new[1] - new[0])
            told = f"{cases} × {each}"
            yield [
                f"{truth:.2f}",
                told,
                *(f"{h / times:.2f}" for h in hits),
                f"{np.median(widths):.2f}",
            ]


TABLES: dict[str, Callable[[np.random.Generator], Iterator[list[str]]]] = {
    "Verdicts between two rows": verdicts,
    "Rank intervals": ranks,
    "Intervals of a mean loss": intervals,
    "Intervals of a rank correlation": correlations,
}


def markdown() -> str:
    """All tables, each from the same seed."""
    parts = []
    for title, make in TABLES.items():
        head, *rows = make(np.random.default_rng(0))
        lines = [head, ["---"] * len(head), *rows]
        text = "\n".join(f"| {' | '.join(line)} |" for line in lines)
        parts.append(f"**{title}**\n\n{' '.join((make.__doc__ or '').split())}\n\n{text}")
    return "\n\n".join(parts)


def main() -> None:
    """Print the tables, or write them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help=f"put them into {DOC.name}")
    made = markdown()
    if parser.parse_args().write:
        text = DOC.read_text(encoding="utf-8")
        between = re.compile(r"(<!-- simulated -->\n).*(<!-- end -->)", re.DOTALL)
        DOC.write_text(between.sub(lambda m: f"{m[1]}\n{made}\n\n{m[2]}", text), encoding="utf-8")
    else:
        print(made)


if __name__ == "__main__":
    main()
