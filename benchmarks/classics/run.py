"""Speed of `ksg`, `kl` and `ross` against scikit-learn, infomeasure and ennemi, in one run on the same data.

    python benchmarks/classics/run.py [--cache FOLDER] [--sizes 1000,10000] [--dims 1,5] [--limit 300]

Each peer lives in an environment of its own under the folder, made on first use with pip. Every measurement is a
process that reads the data from a file, runs once on 100 points to compile and load, then reports the least of several
times in seconds of wall clock. A peer that needs more than ``--limit`` seconds at one point of the grid is not asked
for larger ones. Peers give no standard error, so ours is turned off for the ratio; its cost is a column of its own.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

import numpy as np

PEERS = {
    "scikit-learn": ["scikit-learn"],
    "infomeasure": ["infomeasure==0.6.3"],
    "ennemi": ["ennemi==1.5.0"],
}
K = 3

TIMER = """
import json, sys, time
import numpy as np
x, y, labels = (np.load(sys.argv[1])[name] for name in ("x", "y", "labels"))
k = int(sys.argv[2])
{setup}
few = slice(0, 100)
run(x[few], y[few], labels[few])
times = []
while not times or (sum(times) < 2.0 and len(times) < 7):
    start = time.perf_counter()
    value = run(x, y, labels)
    times.append(time.perf_counter() - start)
print(json.dumps([min(times), float(value)]))
"""

OURS = """
import harness
from harness import PairedSamples, Samples
estimator = harness.estimator("classics/{name}", k=k, {params})
def run(x, y, labels):
    return estimator.estimate({data}).value
"""
PAIR, ONE = "PairedSamples(x, y)", "Samples(x)"
CODES = "PairedSamples(x, labels[:, None], y_kind='discrete')"

SETUPS = {
    "ksg": {
        "ours": OURS.format(name="ksg", params="standardize=False, stderr='none'", data=PAIR),
        "ours, with error": OURS.format(name="ksg", params="standardize=False", data=PAIR),
        "scikit-learn": """
from sklearn.feature_selection import _mutual_info
def run(x, y, labels):
    return _mutual_info._compute_mi_cc(x[:, 0], y[:, 0], k)
""",
        "infomeasure": """
import infomeasure
def run(x, y, labels):
    return infomeasure.mutual_information(x, y, approach="ksg", k=k, ksg_id=1, noise_level=0)
""",
        "ennemi": """
import ennemi._entropy_estimators as inner
def run(x, y, labels):
    return inner._estimate_single_mi(x, y, k)
""",
    },
    "kl": {
        "ours": OURS.format(name="kl", params="metric='chebyshev', whiten=False, stderr='none'", data=ONE),
        "ours, with error": OURS.format(name="kl", params="metric='chebyshev', whiten=False", data=ONE),
        "infomeasure": """
import infomeasure
def run(x, y, labels):
    return infomeasure.entropy(x, approach="metric", k=k, minkowski_p=np.inf, noise_level=0)
""",
        "ennemi": """
import ennemi._entropy_estimators as inner
def run(x, y, labels):
    return inner._estimate_single_entropy(x, k)
""",
    },
    "ross": {
        "ours": OURS.format(name="ross", params="standardize=False, stderr='none'", data=CODES),
        "ours, with error": OURS.format(name="ross", params="standardize=False", data=CODES),
        "scikit-learn": """
from sklearn.feature_selection import _mutual_info
def run(x, y, labels):
    return _mutual_info._compute_mi_cd(x[:, 0], labels, k)
""",
    },
}
ONE_DIMENSIONAL = {("ksg", "scikit-learn"), ("ross", "scikit-learn")}


def environment(cache, peer):
    """The Python of a peer's own environment, made where it is missing; None where it cannot be installed."""
    folder = cache / peer
    python = folder / "bin" / "python"
    if not (folder / "ready").exists():
        venv.create(folder, with_pip=True, clear=True)
        done = subprocess.run([python, "-m", "pip", "install", "--quiet", *PEERS[peer]], check=False)
        if done.returncode:
            print(f"{peer} cannot be installed here: left out", file=sys.stderr)
            return None
        (folder / "ready").touch()
    return python


def measure(python, setup, data, limit=None):
    """Seconds and value, or in a word why there are none."""
    try:
        done = subprocess.run(
            [python, "-c", TIMER.format(setup=setup), data, str(K)],
            capture_output=True,
            text=True,
            timeout=limit,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"> {limit:g}"
    if done.returncode:
        print(done.stderr, file=sys.stderr)
        return "failed"
    return tuple(json.loads(done.stdout.splitlines()[-1]))


def draw(folder, n, d):
    rng = np.random.default_rng(n + d)
    x, noise = rng.normal(size=(2, n, d))
    path = folder / f"{n}-{d}.npz"
    np.savez(path, x=x, y=0.6 * x + 0.8 * noise, labels=(x[:, 0] + noise[:, 0] > 0).astype(np.int64))
    return path


def main():
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--cache", type=Path, help="folder for the peers' environments (default: a temporary one)")
    ask.add_argument("--sizes", default="1000,10000,50000")
    ask.add_argument("--dims", default="1,5,10,25")
    ask.add_argument("--estimators", default="ksg,kl,ross")
    ask.add_argument("--limit", type=float, default=300.0)
    given = ask.parse_args()
    sizes, dims = ([int(v) for v in text.split(",")] for text in (given.sizes, given.dims))
    pythons = {"ours": sys.executable, "ours, with error": sys.executable}
    print(
        "| estimator | n | d per side | who | s | times ours | differs by |\n|---|---|---|---|---|---|---|", flush=True
    )
    with tempfile.TemporaryDirectory() as folder:
        cache = given.cache.resolve() if given.cache else Path(folder)
        pythons |= {peer: found for peer in PEERS if (found := environment(cache, peer))}
        slow = set()
        for name in given.estimators.split(","):
            for d in dims if name != "ross" else [1]:
                for n in sizes:
                    data, base = draw(Path(folder), n, d), None
                    for who, setup in SETUPS[name].items():
                        skip = (
                            who not in pythons or (name, d, who) in slow or ((name, who) in ONE_DIMENSIONAL and d > 1)
                        )
                        if skip:
                            continue
                        found = measure(pythons[who], setup, data, given.limit if who in PEERS else None)
                        if isinstance(found, str):
                            slow.add((name, d, who))
                            print(f"| {name} | {n} | {d} | {who} | {found} | | |", flush=True)
                            continue
                        base = base or found
                        print(
                            f"| {name} | {n} | {d} | {who} | {found[0]:.4f} | {found[0] / base[0]:.1f} "
                            f"| {found[1] - base[1]:+.1e} |",
                            flush=True,
                        )


if __name__ == "__main__":
    main()
