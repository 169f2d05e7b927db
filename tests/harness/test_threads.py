"""The same numbers whatever the environment says, in this process and in workers."""

import dataclasses
import os
import subprocess
import sys

import numpy as np
import pytest
import threadpoolctl

from harness import plan
from harness.identity import record_key
from harness.runner import Options, run
from harness.store import Store
from harness.threads import VARIABLES, Threads
from harness.verification import verify

SUMS = """
import sys
import harness
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
    with Threads(2):
        assert set(pools().values()) == {2}
        assert {os.environ[name] for name in VARIABLES} == {"2"}
    assert pools() == before
    assert {name: os.environ.get(name) for name in VARIABLES} == environment


def test_torch_is_limited_and_put_back():
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


@pytest.mark.parametrize(("recipe", "threads"), [(1, 2), (2, 2), (2, 1)])
def test_records_are_verified_on_their_own_threads_and_by_their_own_recipe(
    toy, tmp_path, recipe, threads
):
    request = plan.Request(
        tasks=("normals",), estimators=("mean",), params={"normals": {"count": 1}}
    )
    with Store(tmp_path / "s.sqlite", write=True) as store:
        (record,) = run(toy, plan.make(toy, request), store, Options(threads=threads)).records
    record = dataclasses.replace(record, recipe=recipe)
    record = dataclasses.replace(record, key=record_key(record), value=99.0)
    (check,) = verify(toy, [record])
    assert check.verdict == "drift"
    assert check.note.startswith("value 99.0 →")
    assert check.note.endswith("same versions, same machine")
