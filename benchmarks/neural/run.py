"""Neural estimators beside torch-mist: CPU seconds to the same value on held-out data.

Both train the same networks on the same half of the same data under growing budgets of steps; the time to a value is
interpolated between budgets. The value asked for is 95 % of the best that the worse side reaches. The peer lives in an
environment of its own, for it needs numpy < 2.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

PEER = "torch-mist==0.2.17"
NEEDS = ["torch==2.13.0", "numpy<2", "pandas<3", "matplotlib"]
ROOT = Path(__file__).parents[2]
BUDGETS = (50, 100, 200, 400, 800)
SHORT = (25, 50, 100, 200)
"""For the peer's InfoNCE, which runs both networks on every pair of a batch."""


def peer_python(cache):
    """The interpreter of an environment that holds the peer; made on first use."""
    home = cache / PEER.replace("==", "-")
    python = home / "bin" / "python"
    if not (home / "ready").exists():
        venv.create(home, with_pip=True, clear=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "--quiet", PEER, *NEEDS], check=True)
        (home / "ready").touch()
    return python


def timed(python, side, estimator, n, d, budgets):
    """What `worker.py` prints."""
    paths = [str(ROOT), str(ROOT / "plugins")] if side == "ours" else []
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(paths), "PYTHONWARNINGS": "ignore", "OMP_NUM_THREADS": "1",
    }  # fmt: skip
    command = [python, Path(__file__).with_name("worker.py"), side, estimator, n, d, *budgets]
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, env=environment, check=False)
    if done.returncode:
        raise SystemExit(f"{side} {estimator}: {done.stderr.strip().splitlines()[-1]}")
    return json.loads(done.stdout.strip().splitlines()[-1])


def seconds_to(value, rows):
    """CPU seconds until the held-out value was reached, interpolated; infinite where it never was."""
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
    parser.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir()) / "infoharness-peers")
    given = parser.parse_args()
    given.cache.mkdir(parents=True, exist_ok=True)
    try:
        python = peer_python(given.cache)
    except subprocess.CalledProcessError as error:
        print(f"{PEER} does not install here: {error}; nothing to compare with", file=sys.stderr)
        return 0
    print(f"{'estimator':9} {'d':>3} {'value':>6}  {'ours s':>7} {'peer s':>7} {'ratio':>6}   best: ours, peer")
    for estimator in ("nwj", "smile", "infonce"):
        for d in given.dims:
            mine = timed(sys.executable, "ours", estimator, given.n, d, BUDGETS)
            theirs = timed(python, "peer", estimator, given.n, d, SHORT if estimator == "infonce" else BUDGETS)
            best = [max(row["value"] for row in rows) for rows in (mine, theirs)]
            value = 0.95 * min(best)
            a, b = seconds_to(value, mine), seconds_to(value, theirs)
            print(
                f"{estimator:9} {d:3} {value:6.2f}  {a:7.2f} {b:7.2f} {b / a:6.1f}   {best[0]:.2f}, {best[1]:.2f}",
                flush=True,
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
