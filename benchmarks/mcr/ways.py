"""Accuracy of every way of training on two generated tasks, paired with joint training: the table of docs/plugins/mcr.md.

``python benchmarks/mcr/ways.py`` takes about twenty minutes of one core.
"""

import statistics

import harness
from harness import stream

T = 2.776  # 97.5 % point of Student's t with 4 degrees of freedom
SEEDS = range(5)
CASES = (("modality-competition", "quick-first", 40), ("modality-balance", "ratio-2", 10))
WAYS = {
    "joint": {"how": "joint"},
    "ensemble": {"how": "ensemble"},
    "multi-loss": {"how": "multi-loss"},
    "ogm": {"how": "ogm"},
    "mcr, greedy": {"game": -1},
    "mcr, independent": {"game": 0},
    "mcr, collaborative": {"game": 1},
    "mcr, greedy, lam 1": {"game": -1, "lam": 1.0},
    "mcr, greedy, ceb 1": {"game": -1, "ceb": 1.0},
}


def figures(task, name, epochs, seed, settings):
    """Accuracies of the fused prediction and of both modalities alone, and both divergences."""
    case = next(c for c in harness.task(f"multimodal/{task}").cases(seed=seed) if c.id == name)
    model = harness.model("mcr/fusion", epochs=epochs, **settings)
    found = model.transform(case.load(), to=None, rng=stream(seed, "fusion"))
    right = harness.estimator("mcr/fusion-accuracy").estimate(found, rng=stream(0))
    weak = harness.estimator("mcr/weak-modality").estimate(found, rng=stream(0)).diagnostics
    alone = right.diagnostics
    return right.value, alone["alone_1"], alone["alone_2"], weak["modality_1"], weak["modality_2"]


def main():
    for task, name, epochs in CASES:
        print(
            f"{task} {name}: {'accuracy':>9} {'less joint':>16} {'alone 1, 2':>13} {'mipd 1, 2':>13}"
        )
        joint = []
        for way, settings in WAYS.items():
            each = [figures(task, name, epochs, seed, settings) for seed in SEEDS]
            joint = joint or each
            gains = [a[0] - b[0] for a, b in zip(each, joint, strict=True)]
            half = T * statistics.stdev(gains) / len(gains) ** 0.5
            means = [statistics.mean(column) for column in zip(*each, strict=True)]
            print(
                f"{way:20} {means[0]:8.3f} {statistics.mean(gains):+8.3f} ± {half:.3f} "
                f"{means[1]:8.3f} {means[2]:.3f} {means[3]:8.3f} {means[4]:.3f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
