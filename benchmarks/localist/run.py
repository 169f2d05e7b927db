"""A sweep of EM beside scikit-learn's LDA, and fidelity with entropy beside entropy alone.

CPU seconds of one thread, least of several rounds. LDA's model is another (a document mixes topics) and its sweep has an
inner loop, by default of up to 100 steps: it stands here as the usual way to choose a number of blocks, with 1 inner step, too.
"""

import time

import numpy as np
import torch
from sklearn.decomposition import LatentDirichletAllocation

from harness_lm.rows import entropy_and_share, logit_entropy
from harness_localist import mixture

ROUNDS, SWEEPS = 7, 10
DOCUMENTS, WORDS, LENGTH, BLOCKS = 2000, 2000, 60, 20
BATCH, HEADS, TOKENS = 8, 8, 256


def cpu(work):
    """The least CPU seconds of a call."""
    best = np.inf
    for _ in range(ROUNDS):
        start = time.process_time()
        work()
        best = min(best, time.process_time() - start)
    return best


def sweeps():
    rng = np.random.default_rng(0)
    laws = rng.dirichlet(np.full(WORDS, 0.05), BLOCKS)
    counts = mixture.sparse(rng.multinomial(LENGTH, laws[rng.integers(BLOCKS, size=DOCUMENTS)]))
    turned = counts.T.tocsr()
    at = np.full((1, BLOCKS), 1 / BLOCKS), rng.dirichlet(np.ones(WORDS), (1, BLOCKS))

    def ours():
        now = at
        for _ in range(SWEEPS):
            now = mixture.sweep(counts, turned, *now, 1e-3)

    mine = cpu(ours) / SWEEPS
    print(f"{DOCUMENTS} documents of {LENGTH} tokens, {WORDS} words, {BLOCKS} blocks")
    print(f"{'a sweep':34} {'ms':>8} {'times ours':>11}")
    print(f"{'EM of the mixture':34} {1e3 * mine:8.2f}")
    for inner in (100, 1):
        lda = LatentDirichletAllocation(
            BLOCKS, max_iter=SWEEPS, max_doc_update_iter=inner, random_state=0, evaluate_every=-1
        )
        # fit() ends with one more expectation step.
        theirs = cpu(lambda lda=lda: lda.fit(counts)) / (SWEEPS + 1)
        name = f"LDA of scikit-learn, {inner} inner steps"
        print(f"{name:34} {1e3 * theirs:8.2f} {theirs / mine:11.1f}", flush=True)


def one_pass():
    g = torch.Generator().manual_seed(0)
    z = torch.randn(BATCH, HEADS, TOKENS, TOKENS, generator=g)
    targets = (torch.rand(BATCH, 1, TOKENS, TOKENS, generator=g) < 0.1).float()
    alone = cpu(lambda: logit_entropy(z))
    both = cpu(lambda: entropy_and_share(z, targets))
    print(f"\n{BATCH} x {HEADS} maps of {TOKENS} tokens")
    print(f"{'entropy alone':34} {1e3 * alone:8.1f} ms")
    print(f"{'entropy and fidelity':34} {1e3 * both:8.1f} ms {both / alone:8.2f} times")


def main():
    torch.set_num_threads(1)
    sweeps()
    one_pass()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
