"""Sequence classifiers of `transformers` as predictive families."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from harness import Floats, Ints, Kind, LabelledText, LabelLogProbabilities, UsageError, calm
from harness_wireless_pvi import batches, held_out, hub, training
from harness_wireless_pvi.held_out import Predict
from harness_wireless_pvi.tuning import Tuned

BLANK = " "
"""The null input of Ethayarajh et al. 2022: an empty string breaks some tokenizers."""


@dataclass(frozen=True, kw_only=True)
class HFClassifier(Tuned):
    """Fine-tuned on the training rows, one margin per class."""

    null: str = "prior"

    def transform(
        self, data: LabelledText, *, to: type[Kind], rng: np.random.Generator
    ) -> LabelLogProbabilities:
        """Log-probabilities of the classes. Raises as `held_out.scores` and `hub.model`."""
        name, k = hub.need(self.model, "hf-classifier"), len(data.classes)
        words = hub.tokenizer(name, self.revision)
        with calm(self.device, rng):
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
            with calm(self.device, rng):
                full = self.tuned(base, "SEQ_CLS", losses(ids), train, rng)
                null = held_out.prior(data.y[train], k)
                if self.null == "trained":
                    null = self._scores(
                        self.tuned(base, "SEQ_CLS", losses(blank), train, rng), blank[:1], words
                    )[0]

            def predict(rows: Ints) -> tuple[Floats, Floats]:
                with calm(self.device, np.random.default_rng(0)):
                    return self._scores(full, [ids[i] for i in rows], words), np.tile(
                        null, (len(rows), 1)
                    )

            return predict

        return held_out.scores(data, fit, folds=self.folds, scored=self.scored, rng=rng)

    def _base(self, name: str, k: int) -> Any:
        """The model with k margins. Raises `UsageError` where it is to be used as it is and has no such head."""
        task, revision = "AutoModelForSequenceClassification", self.revision
        if self.steps == 0:
            base, absent = hub.model(task, name, revision)
            if absent or base.config.num_labels != k:
                found = (
                    f"no classification head ({absent[0]} is absent)"
                    if absent
                    else f"{base.config.num_labels} classes"
                )
                raise UsageError(
                    f"{name}: {found}; wanted one for {k} classes, or steps above 0, which train one"
                )
            return base
        return hub.model(task, name, revision, num_labels=k, ignore_mismatched_sizes=True)[0]

    def _encoded(self, words: Any, data: LabelledText) -> list[list[int]]:
        """Token ids of every text with its context, cut to the window (the longer of the two first)."""
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
        """Log-probabilities (m, k), in batches of near-equal length."""
        return score(network, ids, words.pad_token_id, self.score_tokens, self.device)


def score(network: Any, ids: list[list[int]], pad: int, tokens: int, device: str = "cpu") -> Floats:
    """Log-probabilities (m, k) of token sequences, sorted by length into batches of at most ``tokens`` tokens."""
    out: Floats | None = None
    with torch.inference_mode(), training.precision(device):
        for rows in batches.by_length([len(i) for i in ids], tokens):
            sequences, real = batches.padded([ids[r] for r in rows], pad, device)
            # Without padding no mask is needed, and attention has a faster path.
            mask = None if bool(real.all()) else real.long()
            margins = network(input_ids=sequences, attention_mask=mask).logits
            table = torch.log_softmax(margins.double(), -1).cpu().numpy()
            out = np.empty((len(ids), table.shape[1])) if out is None else out
            out[rows] = table
    assert out is not None
    return out
