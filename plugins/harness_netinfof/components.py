"""The five node embeddings of NetInfoF, from structure and features, without training."""

from __future__ import annotations

import logging
from collections.abc import Iterable

import numpy as np

from harness import Incompatible, Singles, mapped
from harness_netinfof import walk_matrix
from harness_netinfof.adjacency import Rows, inverse
from harness_netinfof.settings import COMPONENTS, Component, Embedding
from harness_netinfof.spectral import POWERS, components, left_vectors

HOPS = 2
FROM_FEATURES = "fps"

_log = logging.getLogger("harness.netinfof")


def embed(
    graph: Rows,
    features: Singles | None,
    wanted: Iterable[Component],
    given: Embedding,
    rng: np.random.Generator,
) -> dict[str, Singles]:
    """Each component asked for as ``Z (n, at most d)``, scaled by `normalised`.

    d is ``given.dim``, or fewer: the number of features; a quarter of the nodes where there are
    none. A component that is constant, or that needs features where there are none, is left out
    with a warning.

    Parameters
    ----------
    wanted : letters of `COMPONENTS`.
    given : parameters of the embedding.

    Raises
    ------
    Incompatible : no component is left.
    """
    # Each component draws from a stream of its own, so that asking for another changes nothing.
    streams = dict(zip(COMPONENTS, rng.spawn(len(COMPONENTS)), strict=True))
    d = min(given.dim, graph.n, features.shape[1] if features is not None else max(2, graph.n // 4))
    found: dict[str, Singles] = {}
    for name in dict.fromkeys(wanted):
        if name in FROM_FEATURES and features is None:
            _log.warning("component %s left out: the nodes have no features", name)
            continue
        if name == "u":
            z = left_vectors(graph.sums, graph.sums, graph.n, d, POWERS, streams[name])
        elif name == "r":
            z = walk_matrix.neighbourhoods(graph, d, given, streams[name])
        else:
            assert features is not None
            z = components(_propagated(graph, features, name), d, streams[name])
        if z.shape[1] == 0:
            _log.warning("component %s left out: it is the same for all nodes", name)
            continue
        if name not in FROM_FEATURES:
            z[graph.counts == 0] = 0.0  # rounding, which a division by its length would magnify
        found[name] = normalised(z)
    if not found:
        raise Incompatible(
            f"nothing to embed: components {', '.join(wanted)} of this graph are constant or need "
            "features that it lacks"
        )
    return found


def _propagated(graph: Rows, features: Singles, name: str) -> Singles:
    """Features averaged over two hops without (p) or with (s) the node itself; unchanged for f.

    An isolated node has zeros in p, and its own features in s.
    """
    if name == "f":
        return features
    own = 1.0 if name == "s" else 0.0
    share = inverse(graph.counts, less=-int(own))
    x = features
    for _ in range(HOPS):
        x = graph.sums(x, own)
        for part in mapped.blocks_of(x):
            x[part] *= share[part]
    return x


def normalised(z: Singles) -> Singles:
    """Columns over their standard deviation (not centred), then rows over length; 0 stays 0."""
    spread = z.std(0, dtype=np.float64)
    scaled = np.divide(z, np.where(spread > 0, spread, 1.0).astype(np.float32))
    length = np.linalg.norm(scaled, axis=1, keepdims=True)
    return np.ascontiguousarray(scaled / np.where(length > 0, length, np.float32(1.0)))
