"""The estimators that train by a policy: one table, since they differ in little."""

from __future__ import annotations

from typing import Any

from harness import Estimate, EstimatorSpec
from harness.quantities import ACCURACY
from harness_wireless_pvi.kinds import GuidedText

_SHARED: dict[str, Any] = {
    "reads": GuidedText,
    "gives": Estimate,
    "quantity": ACCURACY,
    "needs": ("split",),
    "paper": "Y. Lin et al., Empowering Large Language Models in Wireless Communication, 2025, "
    "arXiv:2501.09631",
    "install": "infoharness[text]",
}
_TABLE = (
    ("train-all", "TrainAll", "all texts in random order, without PVI", "Transformer"),
    ("train-order", "TrainOrder", "easy texts first", "Paced"),
    ("train-reverse", "TrainReverse", "hard texts first", "Paced"),
    (
        "train-random-order",
        "TrainRandomOrder",
        "random parts one after the other (control)",
        "Paced",
    ),
    ("train-filter", "TrainFilter", "texts of low PVI left out", "Filtered"),
    (
        "train-random-kept",
        "TrainRandomKept",
        "a random set as large as the filter's (control)",
        "Filtered",
    ),
    ("train-easy", "TrainEasy", "the share of highest PVI", "Budget"),
    ("train-medium", "TrainMedium", "the share around the median PVI", "Budget"),
    ("train-hard", "TrainHard", "the share of lowest PVI", "Budget"),
    ("train-random", "TrainRandom", "a random share (control)", "Budget"),
    ("train-weight", "TrainWeight", "texts weighted by PVI", "Weighted"),
    (
        "train-random-weight",
        "TrainRandomWeight",
        "the same weights given to random texts (control)",
        "Weighted",
    ),
)
"""Name, class, what is trained on, settings."""

POLICIES = (
    *(
        EstimatorSpec(
            name=name,
            summary=f"test accuracy after training on {texts}",
            implementation=f"harness_wireless_pvi.policies.schedules:{method}",
            settings=f"harness_wireless_pvi.settings:{settings}",
            requires=("sklearn", "torch"),
            **_SHARED,
        )
        for name, method, texts, settings in _TABLE
    ),
    EstimatorSpec(
        name="tune-causal",
        summary="test accuracy of a causal language model fine-tuned by a policy, or its control",
        implementation="harness_wireless_pvi.policies.tuned:TunedPolicy",
        settings="harness_wireless_pvi.settings:TunedPolicy",
        requires=("torch", "transformers"),
        **_SHARED,
    ),
)
