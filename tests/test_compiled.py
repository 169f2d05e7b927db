"""The process that compiles a kernel gives the bits of those that load it from the cache."""

import os
import subprocess
import sys

import pytest

START = """
import numpy as np
rng = np.random.default_rng(1)
def tell(*results):
    for result in results:
        print(result.tobytes().hex())
"""
KERNELS = {
    "msc": """
from harness_msc import kernel
rows = rng.normal(size=(320, 16))
low, high = (f(rows.reshape(10, 32, 16), axis=1) for f in (np.min, np.max))
tell(kernel.self_sums(rows, low, high, 310, 40.0, 4))
own = np.full(320, -1)
tell(*kernel.log_sums(rows[:200] + 0.1, own, 200, rows, own - 1, low, high, 40.0))
""",
    "netinfof": """
from harness_netinfof import kernels
starts, columns = np.arange(0, 801, 4), rng.integers(0, 200, 800)
left, right = rng.normal(size=(2, 200, 37))
products, gram = np.empty(800), np.empty((200, 37))
kernels.products(starts, columns, left, right, products)
kernels.gram_step(starts, columns, left, right, gram)
tell(products, gram)
""",
    "classics": """
from harness_classics import kernel, tree
points = rng.normal(size=(300, 6))
apart = ((points[:, None] - points) ** 2).sum(axis=2) + np.diag(np.full(300, np.inf))
tell(kernel.log_sums(*tree.build(points), apart.min(axis=1), 0.7))
""",
}


SLOW = ("classics", "msc")
"""Their kernels take a quarter of a minute to compile twice."""


@pytest.mark.parametrize(
    "plugin", [pytest.param(p, marks=pytest.mark.slow if p in SLOW else ()) for p in KERNELS]
)
def test_cold_and_warm_cache_give_equal_bits(plugin, tmp_path):
    def bits():
        return subprocess.run(
            [sys.executable, "-c", START + KERNELS[plugin]],
            capture_output=True,
            text=True,
            check=True,
            timeout=600,
            env=os.environ | {"NUMBA_CACHE_DIR": str(tmp_path)},
        ).stdout

    cold = bits()
    written = {file: file.stat().st_mtime_ns for file in tmp_path.rglob("*.nb?")}
    assert written
    assert cold
    assert bits() == cold
    assert written == {file: file.stat().st_mtime_ns for file in tmp_path.rglob("*.nb?")}
