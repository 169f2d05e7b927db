"""Speed of `di-ctw` and `rate-distortion`, as ratios in one run on one thread.

    python benchmarks/token_semantics/run.py [--cache FOLDER]

Context trees: steps per second of ours, and of the authors' loop (in MATLAB,
github.com/EEthinker/Universal_directed_information) written with numpy as it stands there: three
trees, a vector of letters at each node of the path. Both give the same laws. Blahut-Arimoto: ours
and dit's, for 40 letters, each to the same distance of rate + slope x distortion from the optimum;
dit lives in an environment of its own under the folder, made on first use.
"""

import argparse
import itertools
import json
import os
import statistics
import subprocess
import tempfile
import time
import venv
from pathlib import Path

os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")

import numpy as np

from harness_token_semantics.context_tree import _laws
from harness_token_semantics.rates import optimum

STEPS, FEW, DEPTH = 1_000_000, 10_000, 3
PEER = "dit==2.3"
SLOPE, LETTERS, NEAR, NEVER, REPEATS = 4.0, 40, 1e-4, 1e-15, 21
DIT = """
import json, sys, time
import numpy as np
import dit
from dit.rate_distortion.blahut_arimoto import blahut_arimoto
p, d = (np.array(json.loads(word)) for word in sys.argv[1:3])
slope, iterations, restarts = float(sys.argv[3]), int(sys.argv[4]), int(sys.argv[5])
start = time.process_time()
result, joint = blahut_arimoto(
    p, slope / np.log(2), distortion=lambda *_: d, max_iters=iterations, restarts=restarts
)
print(json.dumps([time.process_time() - start, result.rate * np.log(2), result.distortion]))
"""


def loop(letters, size, depth):
    """One tree by vectors: the laws of every step after the first ``depth``."""
    first = np.cumsum([0, *(size**d for d in range(depth))])
    counts = np.zeros((first[-1] + size**depth, size))
    beta = np.ones(len(counts))
    out = np.empty((len(letters) - depth, size))
    context = 0
    for t, letter in enumerate(letters):
        if t >= depth:
            nodes = [first[d] + context % size**d for d in range(depth + 1)]
            pe = [(counts[i] + 0.5) / (counts[i].sum() + size / 2) for i in nodes]
            p = [None] * depth + [pe[depth]]
            for d in range(depth - 1, -1, -1):
                p[d] = (beta[nodes[d]] * pe[d] + p[d + 1]) / (beta[nodes[d]] + 1)
                beta[nodes[d]] = np.clip(
                    beta[nodes[d]] * pe[d][letter] / p[d + 1][letter], 1e-100, 1e100
                )
            out[t - depth] = p[0]
            counts[nodes, letter] += 1
        context = (context * size + letter) % size**depth
    return out


def trees():
    rng = np.random.default_rng(0)
    y = np.bitwise_xor.accumulate((rng.random(STEPS) < 0.26).astype(np.int64))
    x = y ^ (rng.random(STEPS) < 0.1)
    _laws(x[:50], y[:50], np.array([0, 50]), 2, 2, DEPTH)
    start = time.process_time()
    ours = _laws(x, y, np.array([0, STEPS]), 2, 2, DEPTH)
    fast = STEPS / (time.process_time() - start)
    few = slice(0, FEW)
    start = time.process_time()
    theirs = [loop(z[few], k, DEPTH) for z, k in ((x + 2 * y, 4), (y, 2), (x, 2))]
    slow = FEW / (time.process_time() - start)
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a[: len(b)], b, rtol=1e-9)
    print(
        f"context trees: {fast:,.0f} steps/s; loop in numpy {slow:,.0f}; "
        f"{fast / slow:.0f} times (goal 50)"
    )


def above(goal, rate, distortion):
    """How far a point is from the optimum of rate + slope x distortion, in nats."""
    return rate + SLOPE * distortion - goal


def timed(p, d, gap, most=100_000):
    """Ours to within ``gap`` or ``most`` sweeps, and the median of its times."""
    spent = []
    for _ in range(REPEATS):
        start = time.process_time()
        found = optimum(p, d, SLOPE, gap, most)
        spent.append(time.process_time() - start)
    return found, statistics.median(spent)


def as_near(p, d, goal, excess):
    """The fewest of our sweeps that come as near to the optimum, and their time."""
    for most in itertools.count(2, 2):
        found = optimum(p, d, SLOPE, NEVER, most)
        if above(goal, found.rate, found.distortion) <= excess:
            return most, timed(p, d, NEVER, most)[1]


def sweeps(cache):
    rng = np.random.default_rng(1)
    p, d = rng.dirichlet(np.ones(LETTERS)), rng.random((LETTERS, LETTERS))
    ours, spent = timed(p, d, NEAR)
    print(f"Blahut-Arimoto: {1000 * spent:.2f} ms, gap {ours.gap:.1e} nats")
    home = cache / PEER.replace("==", "-")
    python = home / "bin" / "python"
    try:
        if not (home / "ready").exists():
            venv.create(home, with_pip=True, clear=True)
            subprocess.run([python, "-m", "pip", "install", "--quiet", "--quiet", PEER], check=True)
            (home / "ready").touch()
    except (subprocess.CalledProcessError, OSError) as error:
        print(f"dit: not installed ({error})")
        return
    best = optimum(p, d, SLOPE, 1e-9, 100_000)
    goal = best.rate + SLOPE * best.distortion
    for restarts in (1, 100):
        for iterations in (10, 100, 1000):
            words = [
                json.dumps(p.tolist()),
                json.dumps(d.tolist()),
                str(SLOPE),
                str(iterations),
                str(restarts),
            ]
            ran = subprocess.run(
                [python, "-c", DIT, *words], capture_output=True, text=True, check=False
            )
            if ran.returncode:
                print(f"dit: {ran.stderr.strip().splitlines()[-1]}")
                return
            seconds, rate, distortion = json.loads(ran.stdout)
            excess = above(goal, rate, distortion)
            most, near = as_near(p, d, goal, excess)
            print(
                f"dit, {restarts} starts, {iterations} sweeps: {1000 * seconds:.1f} ms, off by "
                f"{excess:.1e} nats; ours as near after {most} sweeps, {1000 * near:.2f} ms: "
                f"{seconds / near:.0f} times (goal 10)"
            )


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--cache", type=Path, default=Path(tempfile.gettempdir()) / "infoharness-bench"
    )
    trees()
    sweeps(parser.parse_args().cache)


if __name__ == "__main__":
    main()
