"""Training sparse autoencoders beside SAELens: samples per CPU second, and the loss that they
reach.

Both train on the same codes of known features, compressed, for the same number of samples with the
same batches, rate and sum-form loss, untied with a bias of the decoder; ours also tied, and a sweep
of several weights and starts in one pass, whose samples count once per autoencoder. The loss that
is printed weighs codes by the lengths of the decoder's rows; the peer trains on it, ours on the
plain one. Also loads what the peer saved and compares the codes. The peer lives in an environment
of its own.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

PEER = "sae-lens==6.54.12"
NEEDS = ["torch==2.13.0"]
ROOT = Path(__file__).parents[2]


def peer_python(cache):
    """The interpreter of an environment that holds the peer; made on first use."""
    home = cache / PEER.replace("==", "-")
    python = home / "bin" / "python"
    if not (home / "ready").exists():
        venv.create(home, with_pip=True, clear=True)
        subprocess.run(
            [python, "-m", "pip", "install", "--quiet", "--quiet", PEER, *NEEDS], check=True
        )
        (home / "ready").touch()
    return python


def timed(python, side, units, samples, folder):
    """What `worker.py` prints."""
    paths = [str(ROOT), str(ROOT / "plugins")] if side != "peer" else []
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(paths), "PYTHONWARNINGS": "ignore", "OMP_NUM_THREADS": "1",
    }  # fmt: skip
    command = [python, Path(__file__).with_name("worker.py"), side, units, samples, folder]
    done = subprocess.run(
        [*map(str, command)], capture_output=True, text=True, env=environment, check=False
    )
    if done.returncode:
        raise SystemExit(f"{side}: {done.stderr.strip().splitlines()[-1]}")
    return json.loads(done.stdout.strip().splitlines()[-1])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--units", type=int, nargs="+", default=[16, 64])
    parser.add_argument("--samples", type=int, default=256_000)
    parser.add_argument(
        "--cache", type=Path, default=Path(tempfile.gettempdir()) / "infoharness-peers"
    )
    given = parser.parse_args()
    given.cache.mkdir(parents=True, exist_ok=True)
    try:
        python = peer_python(given.cache)
    except subprocess.CalledProcessError as error:
        print(f"{PEER} does not install here: {error}; nothing to compare with", file=sys.stderr)
        return 0
    print(
        f"{'units':>5} {'side':6} {'samples/s':>10} {'ratio':>6} {'loss':>7} {'unexplained':>11} {'active':>7}"
    )
    for units in given.units:
        with tempfile.TemporaryDirectory() as folder:
            theirs = timed(python, "peer", units, given.samples, folder)
            rows = [
                ("peer", theirs),
                *((s, timed(sys.executable, s, units, given.samples, folder)) for s in SIDES),
            ]
            for side, row in rows:
                print(
                    f"{units:5} {side:6} {row['rate']:10.0f} {row['rate'] / theirs['rate']:6.1f} {row['loss']:7.4f} "
                    f"{row['unexplained']:11.4f} {row['active']:7.2f}",
                    flush=True,
                )
            print(
                f"      codes of the peer's file, ours and its own: {rows[1][1]['apart']:.1e} apart",
                flush=True,
            )
    return 0


SIDES = ("ours", "tied", "sweep")

if __name__ == "__main__":
    sys.exit(main())
