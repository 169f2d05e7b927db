"""Difference scaling beside the authors' optimizer, and the spectral path, in one run.

    python benchmarks/perceptual_scales/run.py [--clone FOLDER] [--repeats 5]

The authors' class is imported from a clone of github.com/JonathanVacher/perceptual_metric (GPL-3, not part of this
repository); without one its rows are left out. Times are of the processor, on one thread; ratios come from one run.
"""

from __future__ import annotations

import argparse
import importlib.util
import time
from pathlib import Path

import numpy as np

from harness import near_triplets
from harness_perceptual_scales.choices import Choices, fitted, resampled
from harness_perceptual_scales.spectra import SpectralPath, periodogram


def seconds(job, repeats):
    """The least processor time of a job."""
    found = []
    for _ in range(repeats):
        start = time.process_time()
        job()
        found.append(time.process_time() - start)
    return min(found)


def official(clone):
    """The authors' class for the 13 steps of their experiments."""
    file = clone / "preds_analysis" / "src" / "mlds" / "mlds.py"
    spec = importlib.util.spec_from_file_location("official_mlds", file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.MLDS(13, 1, 3)


def main():
    ask = argparse.ArgumentParser(description=__doc__)
    ask.add_argument("--clone", type=Path)
    ask.add_argument("--repeats", type=int, default=5)
    given = ask.parse_args()
    rng = np.random.default_rng(0)
    psi = np.log1p(6.0 * np.linspace(0.0, 1.0, 13)) / np.log(7.0)
    i, j, k = near_triplets(13).T
    noise = rng.normal(scale=0.2, size=(81, 25))
    answers = (psi[k] - 2 * psi[j] + psi[i])[:, None] + noise < 0
    choices = Choices(near_triplets(13), answers.sum(1), np.full(81, 25), 13)
    fitted(choices)  # imports
    scale, sigma = fitted(choices)
    one = seconds(lambda: fitted(choices), given.repeats)
    boot = seconds(lambda: resampled(choices, scale, sigma, "mle", 1000, rng), given.repeats)
    print(f"one fit by maximum likelihood {one * 1e3:.1f} ms; 1,000 bootstraps {boot:.2f} s")
    if given.clone:
        theirs = official(given.clone)
        assert (theirs.comb == choices.triplets).all()
        for name, fit in (("least squares", theirs.fit), ("likelihood", theirs.fit_ml)):
            taken = seconds(lambda fit=fit: fit(answers), max(1, given.repeats // 2))
            print(
                f"authors' {name}: {taken * 1e3:.0f} ms a fit, {1000 * taken / boot:.0f} times ours for 1,000"
            )
    ends = rng.normal(size=(2, 512, 512)) * np.array([1.0, 2.0])[:, None, None]
    a, b = (periodogram(p) + 1e-6 for p in ends)
    t = np.linspace(0.0, 1.0, 100)
    path = SpectralPath.between(a, b, 0.0)
    print(
        f"information at 100 points of a path of 512 x 512: {seconds(lambda: path.information(t), given.repeats):.3f} s"
    )


if __name__ == "__main__":
    main()
