"""The policies on a causal language model: fine-tuned by the same schedules, for equal steps."""

from __future__ import annotations

from typing import Any

import numpy as np
from torch import Tensor

from harness import Estimate, Ints, single_threaded
from harness_wireless_pvi import hub, settings
from harness_wireless_pvi.kinds import GuidedText
from harness_wireless_pvi.policies import schedules
from harness_wireless_pvi.policies.schedules import Policy, judged, judged_rows, steps_of
from harness_wireless_pvi.predictors import prompts
from harness_wireless_pvi.predictors.hf_causal import answer_loss, score
from harness_wireless_pvi.predictors.tuning import Tuned


class TunedPolicy(Tuned, settings.TunedPolicy):
    """A language model fine-tuned (``lora_rank``: by low-rank updates) as a policy says.

    Prompts and answers are those of `hf-causal`. A policy and its control differ only in that the
    policy uses the ratings: steps, texts in a step, learning rate and first weights are equal.
    """

    def scheduler(self) -> Policy:
        """The schedule of that name with the parameters of these settings."""
        shared: dict[str, Any] = {"batch": self.batch, "steps": self.steps}
        made: dict[str, Policy] = {
            "all": schedules.TrainAll(**shared),
            "order": schedules.TrainOrder(**shared, buckets=self.buckets),
            "reverse": schedules.TrainReverse(**shared, buckets=self.buckets),
            "random-order": schedules.TrainRandomOrder(**shared, buckets=self.buckets),
            "filter": schedules.TrainFilter(**shared, tau=self.tau),
            "random-kept": schedules.TrainRandomKept(**shared, tau=self.tau),
            "easy": schedules.TrainEasy(**shared, share=self.share),
            "medium": schedules.TrainMedium(**shared, share=self.share),
            "hard": schedules.TrainHard(**shared, share=self.share),
            "random": schedules.TrainRandom(**shared, share=self.share),
            "weight": schedules.TrainWeight(**shared, strength=self.strength),
            "random-weight": schedules.TrainRandomWeight(**shared, strength=self.strength),
        }
        return made[self.policy]

    def estimate(self, data: GuidedText, *, rng: np.random.Generator) -> Estimate:
        """Accuracy on the test texts whose labels are not known to be wrong, as `train-all` has it.

        Raises as `steps_of`, `judged_rows`, `hub.model` and `prompts.build`.
        """
        steps, used = steps_of(self.scheduler(), data, rng)
        test = judged_rows(data)
        name = hub.need(self.model, "tune-causal")
        words = hub.tokenizer(name, self.revision)
        asked = prompts.build(words, data, self.instruction, self.max_length, False)
        if self.scoring == "first":
            prompts.check_first(asked, data.classes)
        pad = words.pad_token_id
        with single_threaded(self.device, rng):
            base = hub.model("AutoModelForCausalLM", name, self.revision)[0]

            def losses(network: object, rows: Ints) -> Tensor:
                whole = [asked.prefix + asked.full[i] for i in rows]
                answers = [asked.options[c] for c in data.y[rows]]
                return answer_loss(network, whole, answers, pad, self.device)

            network = self.tuned(base, "CAUSAL_LM", losses, used, rng, steps)
            chosen = [asked.full[i] for i in test]
            full = score(network, asked, chosen, self.scoring, self.score_tokens, pad, self.device)
        return judged(data, test, full, steps)
