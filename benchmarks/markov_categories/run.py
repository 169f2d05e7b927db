"""Speed of `surplus-exact`, of the mean pull-back metric and of `spectral-alignment`.

    python benchmarks/markov_categories/run.py [--cache FOLDER]

All in one run on one thread. Exact surplus: 10^5 futures of a source of ten tokens, the joint law
and its entropies; and, from one joint law of 10^3 futures, ours and dit's conditional mutual
information (dit lives in an environment of its own under the folder, made on first use). Metric:
2,000 states over a vocabulary of 50,000, whose table of tokens by tokens would be 20 GB; and, for
a small vocabulary, against the same made state by state. Spectrum: randomized against exact.
"""

import argparse
import os
import subprocess
import tempfile
import time
import venv
from pathlib import Path

os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")

import resource

import numpy as np

from harness import HeadStates, StateFutures
from harness_kernels.sources import Source, joint_law, last
from harness_markov_categories.geometry import mean_metric
from harness_markov_categories.spectral import leading
from harness_markov_categories.surplus import Exact

PEER = "dit==2.3"
TOKENS = 10
DIT = """
import sys, time
import numpy as np
import dit
joint = np.load(sys.argv[1])
start = time.process_time()
outcomes = [tuple(map(int, cell)) for cell in np.ndindex(*joint.shape)]
law = dit.Distribution(outcomes, joint.ravel())
made = time.process_time()
for _ in range(5):
    value = dit.multivariate.coinformation(law, [[0], [2]], [1]) * np.log(2)
print(made - start, (time.process_time() - made) / 5, value)
"""


def timed(work, repeats=1):
    start = time.process_time()
    for _ in range(repeats):
        found = work()
    return found, (time.process_time() - start) / repeats


def source(states=8):
    rng = np.random.default_rng(0)
    step, emit = rng.dirichlet(np.ones(states), states), rng.dirichlet(np.ones(TOKENS), states)
    law = np.linalg.matrix_power(step, 1000)[0]
    return Source(law, step, emit)


def table(joint, ahead):
    future = np.zeros((1, ahead), int)
    return StateFutures(np.zeros((1, 1)), [0], future, TOKENS, "discrete", joint)


def surplus(data):
    return Exact().estimate(data).value


def exact(cache):
    hidden = source()
    states = last(hidden, 1)
    for ahead in (3, 4):
        (value, spent) = timed(lambda k=ahead: surplus(table(joint_law(hidden, states, k), k)), 3)
        print(
            f"exact surplus, {len(states.codes)} states, {TOKENS ** (ahead + 1):,} futures: "
            f"{spent:.3f} s ({value:.6f} nats; goal 1 s)"
        )
    joint = joint_law(hidden, states, 2)
    data, checked = timed(lambda: table(joint, 2), 20)
    value, spent = timed(lambda: surplus(data), 200)
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
    with tempfile.TemporaryDirectory() as folder:
        np.save(Path(folder) / "joint.npy", joint)
        ran = subprocess.run(
            [python, "-c", DIT, str(Path(folder) / "joint.npy")],
            capture_output=True,
            text=True,
            check=False,
        )
    if ran.returncode:
        print(f"dit: {ran.stderr.strip().splitlines()[-1]}")
        return
    made, theirs, other = map(float, ran.stdout.split())
    print(
        f"from a joint law of {joint.size:,} cells: {1e3 * spent:.2f} ms, and "
        f"{1e3 * checked:.2f} ms to check it; dit {1e3 * theirs:.1f} ms, and {1e3 * made:.0f} ms "
        f"to make its table: {theirs / spent:.0f} times ours, "
        f"{(theirs + made) / (spent + checked):,.0f} times with the tables (goal 50); values differ "
        f"by {abs(other - value):.1e} nats"
    )


def head(n, v, d):
    rng = np.random.default_rng(1)
    return HeadStates(
        rng.normal(size=(n, d)), rng.normal(size=(v, d)) / d**0.5, np.zeros(n, int), [0, n]
    )


def one_by_one(data):
    total = np.zeros((data.w.shape[1],) * 2)
    for log_p in data.log_laws():
        p = np.exp(log_p)
        total += data.w.T @ (np.diag(p) - np.outer(p, p)) @ data.w
    return total / len(data.h)


def metric():
    small = head(200, 1000, 64)
    ours, fast = timed(lambda: mean_metric(small), 5)
    theirs, slow = timed(lambda: one_by_one(small))
    np.testing.assert_allclose(ours, theirs, atol=1e-12)
    print(f"mean metric, 200 states, 1,000 tokens: {slow / fast:.0f} times one state at a time")
    large = head(2000, 50_000, 64)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    _, spent = timed(lambda: mean_metric(large))
    more = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    print(
        f"2,000 states, 50,000 tokens: {spent:.1f} s, {more:.0f} MB more memory "
        "(tokens by tokens: 20,000 MB)"
    )


def spectrum():
    rng = np.random.default_rng(2)
    x = rng.dirichlet(np.ones(5), 1000) @ rng.dirichlet(np.full(20_000, 0.1), 5)
    x += 1e-6 * rng.normal(size=x.shape)
    x -= x.mean(0)
    (u, _), fast = timed(lambda: leading(x, 4, rng))
    (whole, _, _), slow = timed(lambda: np.linalg.svd(x, full_matrices=False))
    off = 4 - np.linalg.norm(u[:, :4].T @ whole[:, :4]) ** 2
    print(
        f"leading space of 1,000 x 20,000: {fast:.2f} s, {slow / fast:.0f} times as fast as all "
        f"singular vectors; spaces differ by {off:.0e}"
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--cache", type=Path, default=Path(tempfile.gettempdir()) / "infoharness-bench"
    )
    exact(parser.parse_args().cache)
    metric()
    spectrum()


if __name__ == "__main__":
    main()
