"""Sequence classifiers of `transformers` as predictive families."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from harness import (
    Floats,
    Ints,
    Kind,
    LabelledText,
    LabelLogProbabilities,
    UsageError,
    single_threaded,
)
from harness_wireless_pvi import batches, hub, settings, training
from harness_wireless_pvi.predictors import held_out
from harness_wireless_pvi.predictors.held_out import Predict
from harness_wireless_pvi.predictors.tuning import Tuned

BLANK = " "
"""The null input of Ethayarajh et al. 2022; some tokenizers fail on an empty string."""


class HFClassifier(Tuned, settings.TunedClassifier):
    """Fine-tuned on the training rows, with one margin for each class."""

    def transform(
        self, data: LabelledText, *, to: type[Kind], rng: np.random.Generator
    ) -> LabelLogProbabilities:
        """Log-probabilities of the classes. Raises as `held_out.scores` and `hub.model`."""
        name, k = hub.need(self.model, "hf-classifier"), len(data.classes)
        words = hub.tokenizer(name, self.revision)
        with single_threaded(self.device, rng):
            base = self._base(name, k)
            base.config.pad_token_id = words.pad_token_id
        ids = self._encoded(words, data)
        blank = [words(BLANK)["input_ids"]] * data.n

        def losses(inputs: list[list[int]]) -> Any:
            def of(network: Any, rows: Ints) -> Tensor:
                margins = self._margins(network, [inputs[i] for i in rows], words.pad_token_id)
                labels = torch.tensor(data.y[rows], device=self.device)
                return nn.functional.cross_entropy(margins.float(), labels, reduction="none")

            return of

        def fit(train: Ints, rng: np.random.Generator) -> Predict:
            with single_threaded(self.device, rng):
                full = self.tuned(base, "SEQ_CLS", losses(ids), train, rng)
                null = held_out.prior(data.y[train], k)
                if self.null == "trained":
                    without = self.tuned(base, "SEQ_CLS", losses(blank), train, rng)
                    null = self._scores(without, blank[:1], words)[0]

            def predict(rows: Ints) -> tuple[Floats, Floats]:
                with single_threaded(self.device, np.random.default_rng(0)):
                    table = self._scores(full, [ids[i] for i in rows], words)
                return table, np.tile(null, (len(rows), 1))

            return predict

        return held_out.scores(data, fit, folds=self.folds, scored=self.scored, rng=rng)

    def _base(self, name: str, k: int) -> Any:
        """The model with k margins. Raises `UsageError` where it lacks them and is not trained."""
        task, revision = "AutoModelForSequenceClassification", self.revision
        if self.steps == 0:
            base, absent = hub.model(task, name, revision)
            if absent or base.config.num_labels != k:
                found = f"a classification head for {base.config.num_labels} classes"
                if absent:
                    found = f"no classification head ({absent[0]} is absent)"
                raise UsageError(
                    f"{name}: {found}; "
                    f"wanted one for {k} classes, or steps above 0, which train one"
                )
            return base
        return hub.model(task, name, revision, num_labels=k, ignore_mismatched_sizes=True)[0]

    def _encoded(self, words: Any, data: LabelledText) -> list[list[int]]:
        """Token ids of every text with its context, the longer of the two cut to fit the window."""
        contexts = data.contexts or (None,) * data.n
        whole = [
            len(words(text, context, truncation=False, verbose=False)["input_ids"])
            for text, context in zip(data.texts, contexts, strict=True)
        ]
        batches.tell_cut(whole, self.max_length)
        return [
            words(text, context, truncation=True, max_length=self.max_length)["input_ids"]
            for text, context in zip(data.texts, contexts, strict=True)
        ]

    def _margins(self, network: Any, ids: list[list[int]], pad: int) -> Tensor:
        tokens, real = batches.padded(ids, pad, self.device)
        margins: Tensor = network(input_ids=tokens, attention_mask=real.long()).logits
        return margins

    def _scores(self, network: Any, ids: list[list[int]], words: Any) -> Floats:
        """Log-probabilities (m, k) of token sequences."""
        return score(network, ids, words.pad_token_id, self.score_tokens, self.device)


def score(network: Any, ids: list[list[int]], pad: int, tokens: int, device: str = "cpu") -> Floats:
    """Log-probabilities (m, k) of token sequences, in batches of similar length.

    A batch has at most ``tokens`` tokens, or is a single sequence.
    """
    out: Floats | None = None
    with torch.inference_mode(), training.precision(device):
        for rows in batches.by_length([len(i) for i in ids], tokens):
            sequences, real = batches.padded([ids[r] for r in rows], pad, device)
            # Without padding no mask is needed, and attention is faster without one.
            mask = None if bool(real.all()) else real.long()
            margins = network(input_ids=sequences, attention_mask=mask).logits
            table = torch.log_softmax(margins.double(), -1).cpu().numpy()
            out = np.empty((len(ids), table.shape[1])) if out is None else out
            out[rows] = table
    assert out is not None
    return out
