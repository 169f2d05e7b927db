"""Models that write: the first sentences, the answer to the nearest question, and causal language models."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from harness import Incompatible, Ints, Kind, ReferencedText, calm
from harness_wireless_pvi.kinds import GeneratedText
from harness_wireless_pvi.words import WORDS

SENTENCE = re.compile(r"(?<=[.!?])\s+")


def judged(data: ReferencedText) -> Ints:
    """The rows that are written for: the test part, or all."""
    return np.arange(data.n) if data.split is None else data.split.test


def answered(data: ReferencedText, rows: Ints, written: list[str]) -> GeneratedText:
    """What was written for the rows, beside what was wanted."""
    groups = None if data.groups is None else tuple(data.groups[i] for i in rows)
    return GeneratedText(tuple(written), tuple(data.references[i] for i in rows), groups)


@dataclass(frozen=True)
class LeadSentences:
    """The first sentences of a text: the usual baseline of a summary."""

    sentences: int = 2

    def transform(
        self, data: ReferencedText, *, to: type[Kind], rng: np.random.Generator
    ) -> GeneratedText:
        """For the test part, or all where there is no split."""
        rows = judged(data)
        written = [" ".join(SENTENCE.split(data.texts[i])[: self.sentences]) for i in rows]
        return answered(data, rows, written)


@dataclass(frozen=True)
class NearestAnswer:
    """The reference of the training text that is nearest by TF-IDF: what copying gives."""

    ngrams: int = 2

    def transform(
        self, data: ReferencedText, *, to: type[Kind], rng: np.random.Generator
    ) -> GeneratedText:
        """For the test part. Raises `Incompatible` where there is no split, or training has no words."""
        from sklearn.feature_extraction.text import TfidfVectorizer

        if data.split is None:
            raise Incompatible("needs a train/test split: answers are taken from the training part")
        texts, train = np.array(data.texts, object), data.split.train
        vectors = TfidfVectorizer(ngram_range=(1, self.ngrams), token_pattern=WORDS)
        try:
            known = vectors.fit_transform(texts[train])
        except ValueError as error:
            raise Incompatible(f"no words in the training texts: {error}") from None
        nearest = np.asarray(
            (vectors.transform(texts[data.split.test]) @ known.T).todense()
        ).argmax(1)
        return answered(data, data.split.test, [data.references[train[i]] for i in nearest])


@dataclass(frozen=True, kw_only=True)
class HFWriter:
    """A causal language model as it is, continuing a prompt by its likeliest tokens."""

    model: str = ""
    revision: str = "main"
    instruction: str = "Text:"
    cue: str = "Answer:"
    new_tokens: int = 64
    max_length: int = 512
    device: str = "cpu"

    def transform(
        self, data: ReferencedText, *, to: type[Kind], rng: np.random.Generator
    ) -> GeneratedText:
        """For the test part, or all. Raises as `hub.model`."""
        import torch

        from harness_wireless_pvi import batches, hub

        name, rows = hub.need(self.model, "hf-writer"), judged(data)
        words = hub.tokenizer(name, self.revision)
        network = hub.model("AutoModelForCausalLM", name, self.revision)[0].to(self.device).eval()
        cue = words(f"\n{self.cue}", add_special_tokens=False)["input_ids"]
        bodies = [
            words(f"{self.instruction} {data.texts[i]}", verbose=False)["input_ids"] for i in rows
        ]
        batches.tell_cut([len(body) + len(cue) for body in bodies], self.max_length)
        written = []
        with calm(self.device, rng), torch.inference_mode():
            for body in bodies:
                ids = torch.tensor([body[: self.max_length - len(cue)] + cue], device=self.device)
                found = network.generate(
                    ids, attention_mask=torch.ones_like(ids), max_new_tokens=self.new_tokens, do_sample=False,
                    pad_token_id=words.pad_token_id,
                )  # fmt: skip
                written.append(
                    words.decode(found[0, ids.shape[1] :], skip_special_tokens=True).strip()
                )
        return answered(data, rows, written)
