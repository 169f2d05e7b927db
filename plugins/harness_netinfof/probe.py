"""NetInfoF_Probe: what embeddings tell about labels, from a table of counts, without training."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Mapping

import numpy as np

from harness import Estimate, Floats, Graph, Incompatible, Ints, LabelledSamples, Links, Singles
from harness_netinfof import table
from harness_netinfof.backbone import Backbone
from harness_netinfof.compiled import Compiled
from harness_netinfof.settings import Probe

PER_CLUSTER = 10
"""Smallest average number of judged nodes in a cluster."""

FAR = 100.0
"""Offset, in standard deviations, from which on it is taken off before vectors are clustered."""

LARGE = 20_000
"""Training nodes above which the means are found from batches."""

_log = logging.getLogger("harness.netinfof")


class Nui(Backbone, Probe, Compiled):
    """Network usable information ``2^-H(Y|B)`` of the best component, or of given vectors.

    Links are binned by similarity, at quantiles of the training pairs; nodes by clusters of the
    training nodes.
    """

    def estimate(
        self, data: Graph | Links | LabelledSamples, *, rng: np.random.Generator
    ) -> Estimate:
        """The score of the part asked for, with that of every component in the diagnostics.

        Raises
        ------
        Incompatible : no split, no labels, or a graph with directions or weights.
        """
        if data.split is None:
            raise Incompatible(
                f"needs data with a train/test split; this {type(data).__name__} has none"
            )
        train, judged = data.split.train, getattr(data.split, self.part)
        judged = judged if judged.size else data.split.test
        y, classes = _classes(data)
        embedding, clustering, shuffling = rng.spawn(3)
        if isinstance(data, Links):
            found = {
                name: self._quantiles(adjusted.similarities(data.pairs), train, judged)
                for name, adjusted in self.pairs(data, self.components, embedding).items()
            }
        else:
            tables = (
                {"x": data.x}
                if isinstance(data, LabelledSamples)
                else self.nodes(data, self.components, embedding)[1]
            )
            seed = int(clustering.integers(2**31))
            found = {
                name: self._quantiles(x[:, 0].astype(np.float64), train, judged)
                if x.shape[1] == 1
                else self._clusters(x, train, judged, classes, seed)
                for name, x in tables.items()
            }
        counts = {
            name: table.counted(bins, y[judged], int(bins.max()) + 1, classes)
            for name, bins in found.items()
        }
        return self._estimate(counts, shuffling)

    def warm_up(self) -> None:
        """Also cluster a few points: the library for it is imported when it is first asked."""
        super().warm_up()
        points = np.random.default_rng(0).normal(size=(24, 2))
        self._clusters(points, np.arange(16), np.arange(16, 24), 2, 0)

    def _quantiles(self, values: Floats, train: Ints, judged: Ints) -> Ints:
        """Bins of equal shares of the training values."""
        edges = table.quantile_edges(values[train], self.bins)
        if len(edges) + 1 < self.bins:
            _log.warning("fewer bins than %d: the training values repeat", self.bins)
        return table.binned(values[judged], edges)

    def _clusters(
        self, x: Singles | Floats, train: Ints, judged: Ints, classes: int, seed: int
    ) -> Ints:
        """``clusters`` per class of training vectors; fewer where judged nodes are few."""
        from sklearn.cluster import KMeans, MiniBatchKMeans
        from threadpoolctl import threadpool_limits

        offset = x[train].mean(0, dtype=np.float64)
        if np.abs(offset).max() > FAR * x[train].std():
            x = x - offset  # squares of a large offset drown the distances
        wanted = min(self.clusters * classes, max(classes, len(judged) // PER_CLUSTER), len(train))
        method = KMeans if len(train) <= LARGE else MiniBatchKMeans
        # Threads that wait for each other cost more than they save on tables of this size.
        with warnings.catch_warnings(), threadpool_limits(1):
            # Fewer distinct vectors than clusters leave some empty, which does no harm.
            warnings.simplefilter("ignore")
            means = method(wanted, n_init=3, random_state=seed).fit(x[train])
        bins: Ints = means.predict(x[judged]).astype(np.int64)
        return bins

    def _estimate(self, counts: Mapping[str, Ints], rng: np.random.Generator) -> Estimate:
        scores = {name: table.score(counted, self.correction) for name, counted in counts.items()}
        best = max(scores, key=lambda name: scores[name].value)
        told: dict[str, float | int | str] = {
            "component": best,
            "entropy": scores[best].entropy,
            "plug_in_accuracy": scores[best].accuracy,
            "bias": scores[best].bias,
            "bins": len(counts[best]),
            "judged": int(counts[best].sum()),
        }
        if self.shuffles:
            told["null"] = table.null_score(counts[best], self.shuffles, self.correction, rng)
        if len(scores) > 1:
            told |= {f"score_{name}": found.value for name, found in scores.items()}
            told |= {f"accuracy_{name}": found.accuracy for name, found in scores.items()}
        return Estimate(scores[best].value, stderr=scores[best].stderr, diagnostics=told)


def _classes(data: Graph | Links | LabelledSamples) -> tuple[Ints, int]:
    """The class of every unit from 0 up, without gaps, and how many classes there are."""
    if isinstance(data, Graph):
        if data.labels is None:
            raise Incompatible("nodes without labels; the score of node classification needs them")
        return data.codes, data.n_classes
    return (data.y, 2) if isinstance(data, Links) else (data.codes, data.n_classes)
