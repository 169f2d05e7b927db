"""The same numbers whatever the environment says, in this process and in workers."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import threadpoolctl

from harness.threads import VARIABLES, Threads

TOY = Path(__file__).parents[1] / "toy"

SUMS = """
import sys
import harness
from harness.records import Record
found = harness.run(tasks=["colabfit"], estimators=["msc/random", "msc/k-means"], seeds=[0], baselines=False,
                    params={"colabfit": {"dataset": "copper", "rates": (0.5,)}}, workers=int(sys.argv[1]))
assert {r.status.value for r in found} == {"ok"}
assert {r.threads for r in found} == {1}
print([(r.key, r.case, r.estimator, r.value, sorted(r.scores.items())) for r in found])
"""


def pools():
    return {p["filepath"]: p["num_threads"] for p in threadpoolctl.threadpool_info()}


def test_everything_is_put_back():
    np.ones((2, 2)) @ np.ones((2, 2))
    before, environment = pools(), {name: os.environ.get(name) for name in VARIABLES}
    with Threads(1):
        assert set(pools().values()) == {1}
        assert {os.environ[name] for name in VARIABLES} == {"1"}
    assert pools() == before
    assert {name: os.environ.get(name) for name in VARIABLES} == environment


def test_torch_is_limited_when_it_is_imported_later():
    torch = pytest.importorskip("torch")
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        with Threads(2):
            assert torch.get_num_threads() == 2
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)


@pytest.mark.slow
def test_one_request_gives_equal_bits_in_any_environment():
    """Ridge regression in the score, k-means in the selector: both sum in an order that threads would change."""
    bare = {k: v for k, v in os.environ.items() if not k.endswith("_NUM_THREADS")}
    ways = [("0", bare | {"OMP_NUM_THREADS": "4", "OPENBLAS_NUM_THREADS": "4"}), ("0", bare), ("1", bare), ("2", bare),
            ("4", bare)]  # fmt: skip
    found = {
        subprocess.run([sys.executable, "-c", SUMS, workers], env=environment, capture_output=True, text=True,
                       check=True).stdout
        for workers, environment in ways
    }  # fmt: skip
    assert len(found) == 1
    assert "diversity_kept" in found.pop()
