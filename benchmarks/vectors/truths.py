"""Truths of `further-shapes` that have no closed form: ``python benchmarks/vectors/truths.py``.

Prints the entries of `harness_vectors.further.MEANS`: the mean of the exact pointwise information
over draws, and its standard error, in nats.
"""

from __future__ import annotations

import argparse
import zlib

import numpy as np

from harness_vectors.further import DENSITIES

BLOCK = 5_000


def main() -> None:
    """Print a line per shape."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=10_000_000)
    draws = parser.parse_args().draws
    for name, density in DENSITIES.items():
        rng = np.random.default_rng(zlib.crc32(name.encode()))
        # The trapezium rule costs a row per node: fewer draws of those shapes.
        blocks = max(2, draws // BLOCK // (20 if hasattr(density, "nodes") else 1))
        means = [density.log_ratio(*density.sample(rng, BLOCK)).mean() for _ in range(blocks)]
        error = np.std(means, ddof=1) / np.sqrt(blocks)
        print(f'    "{name}": ({np.mean(means):.6f}, {error:.6f}),', flush=True)


if __name__ == "__main__":
    main()
