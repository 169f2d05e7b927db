"""Neural estimators beside torch-mist and benchmark-mi: CPU seconds to the same value on held-out
data.

Each pair of sides trains networks of the same widths on a half of the same data under growing
budgets of steps; the time to a value is interpolated between budgets. The value asked for is 95 %
of the best that the worse side reaches. The peers live in environments of their own, for they need
numpy < 2.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

PEERS = {
    "torch-mist": ["torch-mist==0.2.17", "torch==2.13.0", "numpy<2", "pandas<3", "matplotlib"],
    # The release imports names that jax 0.4.34 has removed.
    "benchmark-mi": ["benchmark-mi==0.1.3", "jax==0.4.33", "jaxlib==0.4.33"],
}
ROOT = Path(__file__).parents[2]
BUDGETS = (50, 100, 200, 400, 800)
SHORT = (25, 50, 100, 200)
"""Where a network runs on every pair of a batch: InfoNCE of torch-mist, all of benchmark-mi."""
LACKING = {("smile", "benchmark-mi")}


def peer_python(cache, peer):
    """The interpreter of an environment that holds the peer, made on first use; None where it
    does not install.
    """
    home = cache / PEERS[peer][0].replace("==", "-")
    python = home / "bin" / "python"
    if not (home / "ready").exists():
        venv.create(home, with_pip=True, clear=True)
        command = [python, "-m", "pip", "install", "--quiet", "--quiet", *PEERS[peer]]
        if subprocess.run(command, check=False).returncode:
            return None
        (home / "ready").touch()
    return python


def timed(python, side, estimator, n, d, budgets):
    """What `worker.py` prints."""
    paths = [str(ROOT), str(ROOT / "plugins")] if side == "ours" else []
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(paths), "PYTHONWARNINGS": "ignore", "OMP_NUM_THREADS": "1",
        "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false",
    }  # fmt: skip
    command = [python, Path(__file__).with_name("worker.py"), side, estimator, n, d, *budgets]
    done = subprocess.run(
        [*map(str, command)], capture_output=True, text=True, env=environment, check=False
    )
    if done.returncode:
        raise SystemExit(f"{side} {estimator}: {done.stderr.strip().splitlines()[-1]}")
    return json.loads(done.stdout.strip().splitlines()[-1])


def seconds_to(value, rows):
    """CPU seconds until the held-out value was reached, interpolated; infinite where it never
    was.
    """
    before = {"value": 0.0, "cpu_s": 0.0}
    for row in rows:
        if row["value"] >= value:
            share = (value - before["value"]) / max(row["value"] - before["value"], 1e-12)
            return before["cpu_s"] + max(0.0, min(1.0, share)) * (row["cpu_s"] - before["cpu_s"])
        before = row
    return float("inf")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=5000)
    parser.add_argument("--dims", type=int, nargs="+", default=[1, 5])
    parser.add_argument(
        "--cache", type=Path, default=Path(tempfile.gettempdir()) / "infoharness-peers"
    )
    given = parser.parse_args()
    given.cache.mkdir(parents=True, exist_ok=True)
    pythons = {peer: peer_python(given.cache, peer) for peer in PEERS}
    print(
        f"{'estimator':9} {'d':>3} {'peer':12} {'value':>6}  {'ours s':>7} {'peer s':>7} {'ratio':>6}   best of each"
    )
    for estimator in ("nwj", "smile", "infonce"):
        for d in given.dims:
            mine = timed(sys.executable, "ours", estimator, given.n, d, BUDGETS)
            for peer, python in pythons.items():
                if python is None:
                    print(f"{estimator:9} {d:3} {peer:12} not installed", flush=True)
                if python is None or (estimator, peer) in LACKING:
                    continue
                budgets = SHORT if estimator == "infonce" or peer == "benchmark-mi" else BUDGETS
                theirs = timed(python, peer, estimator, given.n, d, budgets)
                best = [max(row["value"] for row in rows) for rows in (mine, theirs)]
                value = 0.95 * min(best)
                a, b = seconds_to(value, mine), seconds_to(value, theirs)
                print(
                    f"{estimator:9} {d:3} {peer:12} {value:6.2f}  {a:7.2f} {b:7.2f} {b / a:6.1f}   "
                    f"{best[0]:.2f}, {best[1]:.2f}",
                    flush=True,
                )
    return 0


if __name__ == "__main__":
    sys.exit(main())
