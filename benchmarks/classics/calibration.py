"""Does value ± 1.96 stderr cover the truth? Each estimator on fresh Gaussian data, again and again.

    python benchmarks/classics/calibration.py [--repeats 200] [--n 1000] [--only ksg,kl]

Prints, per case, the bias, the spread of the values, the ratio of the mean reported error to that
spread (1 is right), and how often the interval covers the truth (0.95 is right) and the mean of the
values (which leaves the bias out).
"""

from __future__ import annotations

import argparse
import math

import numpy as np

import harness
from harness import ConditionedSamples, PairedSamples, Samples
from harness.seeds import stream


def gaussian_pair(rng, n, d, information):
    rho = math.sqrt(-math.expm1(-2.0 * information / d))
    x, noise = rng.normal(size=(2, n, d))
    return x, rho * x + math.sqrt(1.0 - rho * rho) * noise


def labelled(rng, n, d, information):
    x = rng.normal(size=(n, d))
    return PairedSamples(x, (x[:, :1] > 0).astype(float), y_kind="discrete")


def triple(rng, n, d, information):
    x, y = gaussian_pair(rng, n, d, information)
    z = rng.normal(size=(n, d))
    return ConditionedSamples(x + z, y + z, z)


def cases():
    pairs = [(1, 0.0), (1, 1.0), (1, 3.0), (3, 0.0), (3, 1.5)]
    for name in ("ksg", "ksg2", "kl-3h", "wkl-3h", "kde-3h", "gaussian"):
        for d, information in pairs:
            yield name, d, information, lambda *a: PairedSamples(*gaussian_pair(*a)), information
    for name in ("kl", "wkl", "kde", "gaussian-entropy"):
        for d in (1, 5):
            yield (
                name,
                d,
                0.0,
                lambda rng, n, d, _: Samples(rng.normal(size=(n, d))),
                d * 1.4189385332046727,
            )
    yield "ross", 1, math.log(2), labelled, math.log(2)
    yield "frenzel-pompe", 1, 0.0, triple, 0.0
    yield "frenzel-pompe", 1, 1.0, triple, 1.0


def main():
    ask = argparse.ArgumentParser(description=__doc__)
    ask.add_argument("--repeats", type=int, default=200)
    ask.add_argument("--n", type=int, default=1000)
    ask.add_argument("--only", default="", help="estimators, with commas; all where empty")
    given = ask.parse_args()
    print("| estimator | d | I | bias | spread | error / spread | covers truth | covers mean |")
    print("|---|---|---|---|---|---|---|---|")
    for name, d, information, draw, truth in cases():
        if given.only and name not in given.only.split(","):
            continue
        found = []
        for seed in range(given.repeats):
            rng = stream(seed, "calibration", name, str(d), str(information))
            output = harness.estimator(f"classics/{name}").estimate(
                draw(rng, given.n, d, information), rng=rng
            )
            found.append((output.value, output.stderr))
        values, errors = np.array(found).T
        covers = [
            (np.abs(values - centre) <= 1.96 * errors).mean() for centre in (truth, values.mean())
        ]
        print(
            f"| {name} | {d} | {information:.2g} | {values.mean() - truth:+.4f} | {values.std():.4f} "
            f"| {errors.mean() / values.std():.2f} | {covers[0]:.3f} | {covers[1]:.3f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
