"""Writers: the first sentences, the answer to the nearest question, and causal language models."""

from __future__ import annotations

import re

import numpy as np

from harness import Incompatible, Kind, ReferencedText, single_threaded
from harness_wireless_pvi.kinds import GeneratedText
from harness_wireless_pvi.predictors.texts import WORDS
from harness_wireless_pvi.settings import Lead, Nearest, Writing

SENTENCE = re.compile(r"(?<=[.!?])\s+")


class LeadSentences(Lead):
    """The first sentences of a text: the usual baseline of a summary."""

    def transform(
        self, data: ReferencedText, *, to: type[Kind], rng: np.random.Generator
    ) -> GeneratedText:
        """For the test part, or for all texts where there is no split."""
        asked = data.evaluated()
        written = [" ".join(SENTENCE.split(text)[: self.sentences]) for text in asked.texts]
        return GeneratedText(tuple(written), asked.references, asked.groups)


class NearestAnswer(Nearest):
    """The reference of the training text that is nearest by TF-IDF: the baseline of copying."""

    def transform(
        self, data: ReferencedText, *, to: type[Kind], rng: np.random.Generator
    ) -> GeneratedText:
        """For the test part.

        Raises `Incompatible` where there is no split, and where the training texts have no words.
        """
        from sklearn.feature_extraction.text import TfidfVectorizer

        if data.split is None:
            raise Incompatible(
                "these texts have no train/test split; wanted one: answers come from training"
            )
        known, asked = data.part("train"), data.part("test")
        vectors = TfidfVectorizer(ngram_range=(1, self.ngrams), token_pattern=WORDS)
        try:
            table = vectors.fit_transform(known.texts)
        except ValueError as error:
            raise Incompatible(f"the training texts have no words: {error}") from None
        nearest = np.asarray((vectors.transform(asked.texts) @ table.T).todense()).argmax(1)
        written = tuple(known.references[i] for i in nearest)
        return GeneratedText(written, asked.references, asked.groups)


class HFWriter(Writing):
    """A causal language model as it is, which continues a prompt by its likeliest tokens."""

    def transform(
        self, data: ReferencedText, *, to: type[Kind], rng: np.random.Generator
    ) -> GeneratedText:
        """For the test part, or for all texts where there is no split. Raises as `hub.model`."""
        import torch

        from harness_wireless_pvi import batches, hub

        name, asked = hub.need(self.model, "hf-writer"), data.evaluated()
        words = hub.tokenizer(name, self.revision)
        network = hub.model("AutoModelForCausalLM", name, self.revision)[0].to(self.device).eval()
        cue = words(f"\n{self.cue}", add_special_tokens=False)["input_ids"]
        bodies = [
            words(f"{self.instruction} {text}", verbose=False)["input_ids"] for text in asked.texts
        ]
        batches.tell_cut([len(body) + len(cue) for body in bodies], self.max_length)
        written = []
        with single_threaded(self.device, rng), torch.inference_mode():
            for body in bodies:
                ids = torch.tensor([body[: self.max_length - len(cue)] + cue], device=self.device)
                found = network.generate(
                    ids,
                    attention_mask=torch.ones_like(ids),
                    max_new_tokens=self.new_tokens,
                    do_sample=False,
                    pad_token_id=words.pad_token_id,
                )
                text = words.decode(found[0, ids.shape[1] :], skip_special_tokens=True)
                written.append(text.strip())
        return GeneratedText(tuple(written), asked.references, asked.groups)
