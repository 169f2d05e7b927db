"""k-means from 100 starts beside scikit-learn: CPU seconds and inertia on the same vectors."""

import time

import numpy as np
from sklearn.cluster import KMeans

from harness_tokens_to_thoughts.kmeans import Products

N, D, K, STARTS = 492, 4096, 18, 100


def cpu(work):
    start = time.process_time()
    found = work()
    return found, time.process_time() - start


def ours(x):
    products = Products(x)
    return min(
        products.inertia(c, K) for c in products.restarts(K, STARTS, np.random.default_rng(1))
    )


def main():
    rng = np.random.default_rng(0)
    means = rng.normal(size=(K, D))
    print(f"n = {N}, d = {D}, K = {K}, {STARTS} starts")
    print(
        f"{'vectors':14} {'ours s':>7} {'theirs s':>8} {'ratio':>6} {'inertia, ours / theirs':>24}"
    )
    for name, scale in (("clusters", 0.5), ("weak clusters", 0.1), ("no clusters", 0.0)):
        x = scale * means[rng.integers(K, size=N)] + rng.normal(size=(N, D))
        mine, a = cpu(lambda x=x: ours(x))
        theirs, b = cpu(lambda x=x: KMeans(K, n_init=STARTS, random_state=0).fit(x).inertia_)
        print(f"{name:14} {a:7.2f} {b:8.2f} {b / a:6.1f} {mine / theirs:24.7f}", flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
