"""Sessions of clicks in one process, as the host plays them."""

import dataclasses

import numpy as np

import harness
from harness import stream


def played(head, *, seed=0, task="shapes", rows=slice(None), **params):
    """The mean of every score over the cases, and what the estimator gave."""
    made = harness.task(f"images/{task}", **params)
    cases = list(made.cases(seed=seed))[rows]
    transcript = []

    def respond(question):
        answer = made.respond(cases[0], tuple(transcript), question, rng=stream(0))
        transcript.append((question, answer))
        return answer

    output = head.estimate(cases[0].load(), rng=stream(seed, "played"), respond=respond)
    found = [dataclasses.replace(c, transcript=tuple(transcript)) for c in cases]
    scores = [made.score(case, output) for case in found]
    return {k: float(np.mean([s[k] for s in scores])) for k in scores[0]}, output, transcript
