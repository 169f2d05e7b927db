"""Speed of `ksg`, `kl` and `ross` against scikit-learn, infomeasure, ennemi, NPEET and
benchmark-mi, in one run.

    python benchmarks/classics/run.py [--cache FOLDER] [--sizes 1000,10000] [--dims 1,5] [--limit
    300] [--npeet FOLDER]

Each peer lives in an environment of its own under the folder, made on first use with pip; one that
cannot be installed is a row of the table that says so. NPEET is not on PyPI: pip builds it from its
repository or from a clone of it. Every measurement is a process that reads the same data from a
file, runs once on 100 points to compile and load, then reports the mean time of the processor,
which other work on the machine changes little, and the least of the clock. All run on one thread,
but for a row of ours on all cores. A peer that needs more than ``--limit`` processor seconds at one
point of the grid is not asked for larger ones. Peers give no standard error, so ours is turned off
for the ratio; its cost is a row of its own. The last column is a value less ours: all compute the
same, but for NPEET, which adds noise of 1e-10 to the data and, with a discrete side, takes a
difference of entropies (`micd`), another estimator than Ross's.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
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
    "NPEET": ["git+https://github.com/gregversteeg/NPEET"],
    # The release imports names that jax 0.4.34 has removed.
    "benchmark-mi": ["benchmark-mi==0.1.3", "jax==0.4.33", "jaxlib==0.4.33"],
}
K = 3

TIMER = """
import json, resource, sys, time
import numpy as np
resource.setrlimit(resource.RLIMIT_CPU, ({limit}, {limit}))
x, y, labels = (np.load(sys.argv[1])[name] for name in ("x", "y", "labels"))
k = int(sys.argv[2])
{setup}
few = slice(0, 100)
run(x[few], y[few], labels[few])
wall = []
cpu = time.process_time()
while not wall or (sum(wall) < 2.0 and len(wall) < 50):
    start = time.perf_counter()
    value = run(x, y, labels)
    wall.append(time.perf_counter() - start)
cpu = (time.process_time() - cpu) / len(wall)
print(json.dumps([cpu, min(wall), float(value)]))
"""

OURS = """
import harness
from harness import PairedSamples, Samples
estimator = harness.estimator("classics/{name}", k=k, {params})
def run(x, y, labels):
    return estimator.estimate({data}).value
"""
THREADS = dict.fromkeys(("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
FREE = -1
"""A limit that is none."""
PAIR, ONE = "PairedSamples(x, y)", "Samples(x)"
CODES = "PairedSamples(x, labels[:, None], y_kind='discrete')"

SETUPS = {
    "ksg": {
        "ours": OURS.format(name="ksg", params="standardize=False, stderr='none'", data=PAIR),
        "ours, all cores": OURS.format(
            name="ksg", params="standardize=False, stderr='none'", data=PAIR
        ),
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
        "NPEET": """
from npeet import entropy_estimators
def run(x, y, labels):
    return entropy_estimators.mi(x, y, k=k, base=np.e)
""",
        # Batches of 100 points instead of 10: the same answer, up to twice as fast.
        "benchmark-mi": """
from bmi.estimators import KSGEnsembleFirstEstimator
estimator = KSGEnsembleFirstEstimator(neighborhoods=(k,), standardize=False, metric_x="chebyshev", chunk_size=100)
def run(x, y, labels):
    return estimator.estimate(x, y)
""",
    },
    "kl": {
        "ours": OURS.format(
            name="kl", params="metric='chebyshev', whiten=False, stderr='none'", data=ONE
        ),
        "ours, all cores": OURS.format(
            name="kl", params="metric='chebyshev', whiten=False, stderr='none'", data=ONE
        ),
        "ours, with error": OURS.format(
            name="kl", params="metric='chebyshev', whiten=False", data=ONE
        ),
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
        "NPEET": """
from npeet import entropy_estimators
def run(x, y, labels):
    return entropy_estimators.entropy(x, k=k, base=np.e)
""",
    },
    "ross": {
        "ours": OURS.format(name="ross", params="standardize=False, stderr='none'", data=CODES),
        "ours, all cores": OURS.format(
            name="ross", params="standardize=False, stderr='none'", data=CODES
        ),
        "ours, with error": OURS.format(name="ross", params="standardize=False", data=CODES),
        "scikit-learn": """
from sklearn.feature_selection import _mutual_info
def run(x, y, labels):
    return _mutual_info._compute_mi_cd(x[:, 0], labels, k)
""",
        "NPEET": """
from npeet import entropy_estimators
def run(x, y, labels):
    return entropy_estimators.micd(x, labels[:, None], k=k, base=np.e)
""",
    },
}
ONE_DIMENSIONAL = {("ksg", "scikit-learn"), ("ross", "scikit-learn")}


def environment(cache, peer, packages):
    """The Python of a peer's own environment, made where it is missing; None where it cannot be
    installed.
    """
    folder = cache / peer
    python, ready = folder / "bin" / "python", folder / "ready"
    if not ready.exists() or ready.read_text() != "\n".join(packages):
        venv.create(folder, with_pip=True, clear=True)
        done = subprocess.run([python, "-m", "pip", "install", "--quiet", *packages], check=False)
        if done.returncode:
            return None
        ready.write_text("\n".join(packages))
    return python


def measure(python, setup, data, *, limit, threads):
    """Seconds of the processor, of the clock and the value; or in a word why there are none."""
    if python is None:
        return "not installed"
    done = subprocess.run(
        [python, "-c", TIMER.format(setup=setup, limit=limit), data, str(K)],
        capture_output=True,
        text=True,
        env=os.environ | threads,
        check=False,
    )
    if done.returncode in (-signal.SIGXCPU, -signal.SIGKILL):
        return f"> {limit}"
    if done.returncode:
        print(done.stderr, file=sys.stderr)
        return "failed"
    return tuple(json.loads(done.stdout.splitlines()[-1]))


def draw(folder, n, d):
    rng = np.random.default_rng(n + d)
    x, noise = rng.normal(size=(2, n, d))
    path = folder / f"{n}-{d}.npz"
    np.savez(
        path, x=x, y=0.6 * x + 0.8 * noise, labels=(x[:, 0] + noise[:, 0] > 0).astype(np.int64)
    )
    return path


def main():
    ask = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    ask.add_argument(
        "--cache", type=Path, help="folder for the peers' environments (default: a temporary one)"
    )
    ask.add_argument("--sizes", default="1000,10000,50000")
    ask.add_argument("--dims", default="1,5,10,25")
    ask.add_argument("--estimators", default="ksg,kl,ross")
    ask.add_argument("--limit", type=int, default=300)
    ask.add_argument(
        "--npeet",
        default=PEERS["NPEET"][0],
        help="folder or git address that pip installs NPEET from",
    )
    given = ask.parse_args()
    peers = PEERS | {"NPEET": [given.npeet]}
    sizes, dims = ([int(v) for v in text.split(",")] for text in (given.sizes, given.dims))
    pythons = dict.fromkeys(("ours", "ours, all cores", "ours, with error"), sys.executable)
    print("| estimator | n | d per side | who | CPU s | times ours | wall s | differs by |")
    print("|---|---|---|---|---|---|---|---|", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        cache = given.cache.resolve() if given.cache else Path(folder)
        pythons |= {peer: environment(cache, peer, packages) for peer, packages in peers.items()}
        left = set()
        for name in given.estimators.split(","):
            for d in dims if name != "ross" else [1]:
                for n in sizes:
                    data, base = draw(Path(folder), n, d), None
                    for who, setup in SETUPS[name].items():
                        if (name, d, who) in left or ((name, who) in ONE_DIMENSIONAL and d > 1):
                            continue
                        found = measure(
                            pythons[who],
                            setup,
                            data,
                            limit=given.limit if who in peers else FREE,
                            threads={} if who == "ours, all cores" else THREADS,
                        )
                        if isinstance(found, str):
                            left.add((name, d, who))
                            print(f"| {name} | {n} | {d} | {who} | {found} | | | |", flush=True)
                            continue
                        base = base or found
                        cpu, wall, value = found
                        print(
                            f"| {name} | {n} | {d} | {who} | {cpu:.4f} | {cpu / base[0]:.1f} | {wall:.4f} "
                            f"| {value - base[2]:+.1e} |",
                            flush=True,
                        )


if __name__ == "__main__":
    main()
