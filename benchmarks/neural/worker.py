"""Estimates by ours or a peer under growing budgets, in an interpreter of its own; prints a line of
JSON.

``python worker.py ours|torch-mist|benchmark-mi ESTIMATOR N D BUDGET...``: correlated Gaussians (0.9
per coordinate), two hidden layers of 128, Adam with 1e-3 and batches of 256, one thread; a half
trains, the other gives the value. A budget is a number of steps, all of which are taken: early
stopping would compare the rules, not the loops.
"""

import json
import math
import sys
import time

import numpy as np

CORRELATION = 0.9
SEED = 0


def data(n, d):
    rng = np.random.default_rng(SEED)
    x, e = rng.normal(size=(2, n, d)).astype(np.float32)
    return x, (CORRELATION * x + math.sqrt(1 - CORRELATION**2) * e).astype(np.float32)


def ours(name, x, y, steps):
    from harness import PairedSamples, Split
    from harness_neural import estimators

    n = len(x)
    split = Split(np.arange(n // 2), np.arange(n // 2, n))
    method = {"nwj": estimators.NWJ, "infonce": estimators.InfoNCE, "smile": estimators.SMILE}[name]
    pairs = PairedSamples(x.astype(float), y.astype(float), split=split)
    return (
        method(steps=steps, patience=10**6).estimate(pairs, rng=np.random.default_rng(SEED)).value
    )


def torch_mist(name, x, y, steps):
    import torch
    from torch_mist import estimate_mi

    torch.manual_seed(SEED)
    half = len(x) // 2
    found = estimate_mi(
        data=(x[:half], y[:half]),
        test_data=(x[half:], y[half:]),
        estimator=name,
        hidden_dims=[128, 128],
        valid_percentage=0.2,
        batch_size=256,
        evaluation_batch_size=256,
        max_iterations=steps,
        optimizer_params={"lr": 1e-3},
        early_stopping=False,
        fast_train=True,
        logger=False,
        verbose=False,
    )
    return float(found[0] if isinstance(found, tuple) else found)


def benchmark_mi(name, x, y, steps):
    # It compiles its step anew in every fit, which its users wait for: that is in the time. Its
    # halves are random.
    from bmi.estimators import InfoNCEEstimator, NWJEstimator

    method = {"nwj": NWJEstimator, "infonce": InfoNCEEstimator}[name]
    estimator = method(
        batch_size=256,
        max_n_steps=steps,
        test_every_n_steps=steps,
        train_test_split=0.5,
        learning_rate=1e-3,
        hidden_layers=[128, 128],
        standardize=False,
        verbose=False,
        seed=SEED,
    )
    return float(estimator.estimate(x, y))


def main():
    side, name, n, d, *budgets = sys.argv[1:]
    x, y = data(int(n), int(d))
    run = {"ours": ours, "torch-mist": torch_mist, "benchmark-mi": benchmark_mi}[side]
    run(name, x, y, 2)  # what is compiled or loaded on first use
    rows = []
    for steps in map(int, budgets):
        start = time.process_time()
        value = run(name, x, y, steps)
        rows.append({"steps": steps, "value": value, "cpu_s": time.process_time() - start})
    print(json.dumps(rows))


if __name__ == "__main__":
    main()
