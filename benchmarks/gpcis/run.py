"""A click on a picture, beside scikit-learn's classifier, and how its time grows with the pixels.

    python benchmarks/gpcis/run.py [--clicks 20] [--repeats 7]

A click is one more column of the kernel and the field of all pixels; features are at hand. Times are of the
processor, on one thread (set OMP_NUM_THREADS=1), the least of some repeats; ratios come from one run.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
from sklearn.gaussian_process import GaussianProcessClassifier
from sklearn.gaussian_process.kernels import RBF

from harness_gpcis.features import of_pixels
from harness_gpcis.posterior import Kernel, Posterior
from harness_gpcis.settings import Process


def least(job, repeats):
    """The least processor time of a job that says its own."""
    return min(job() for _ in range(repeats))


def picture(side):
    """Two halves and noise."""
    rng = np.random.default_rng(0)
    colours = (
        0.5
        + 0.1 * (np.arange(side)[:, None, None] < side / 2)
        + 0.05 * rng.normal(size=(side, side, 3))
    )
    return colours.clip(0, 1).astype(np.float32)


def places(side, clicks):
    """Places drawn at random, with signs by half."""
    found = np.random.default_rng(1).choice(side**2, clicks, replace=False)
    return found, np.where(found < side**2 / 2, 1, -1)


def clicked(x, side, clicks):
    """Mean time of a click: adding it, and the field after it."""
    process, (where, signs) = Posterior(x, Kernel.isotropic(5, 0.5), 1e-6), places(side, clicks)
    start = time.process_time()
    for place, sign in zip(where.tolist(), signs.tolist(), strict=True):
        process.add(place, 2.0 * sign)
        process.field()
    return (time.process_time() - start) / clicks


def classified(x, side, clicks):
    """Mean time of a click by scikit-learn: a fit with the kernel as it is, and all probabilities."""
    where, signs = places(side, clicks)
    start, counted = time.process_time(), 0
    for n in range(2, clicks + 1):
        if len(set(signs[:n])) == 2:
            model = GaussianProcessClassifier(RBF(0.5), optimizer=None).fit(x[where[:n]], signs[:n])
            model.predict_proba(x)
            counted += 1
    return (time.process_time() - start) / counted


def main():
    ask = argparse.ArgumentParser(description=__doc__)
    ask.add_argument("--clicks", type=int, default=20)
    ask.add_argument("--repeats", type=int, default=7)
    given = ask.parse_args()
    sides, taken = (96, 192, 384, 768), {}
    for side in sides:
        x = of_pixels(picture(side), Process())
        taken[side] = least(lambda x=x, side=side: clicked(x, side, given.clicks), given.repeats)
        print(f"{side} x {side}: {taken[side] * 1e3:.2f} ms a click, mean of {given.clicks}")
    slope = np.polyfit(2 * np.log(sides), np.log([taken[s] for s in sides]), 1)[0]
    print(f"time grows as pixels^{slope:.2f}")
    x = of_pixels(picture(96), Process()).astype(float)
    peer = least(lambda: classified(x, 96, given.clicks), max(1, given.repeats // 3))
    print(
        f"scikit-learn's classifier at 96 x 96: {peer * 1e3:.1f} ms a click, {peer / taken[96]:.0f} times ours"
    )


if __name__ == "__main__":
    main()
