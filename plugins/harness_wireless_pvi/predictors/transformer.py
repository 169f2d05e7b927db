"""A small transformer trained from scratch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from harness import Floats, Ints, Kind, LabelledText, LabelLogProbabilities, single_threaded
from harness_wireless_pvi import batches, settings, training
from harness_wireless_pvi.predictors import held_out
from harness_wireless_pvi.predictors.held_out import Predict
from harness_wireless_pvi.predictors.texts import TOKEN, joined
from harness_wireless_pvi.training import Step

PAD, START, UNKNOWN = 0, 1, 2
FIRST = 3
"""The first id of a word or byte."""
SCORED_TOKENS = 16_384


class Classifier(nn.Module):
    """Token and position embeddings, encoder layers, the mean over tokens, class margins (b, k)."""

    def __init__(
        self, vocabulary: int, window: int, width: int, layers: int, k: int, dropout: float
    ) -> None:
        super().__init__()
        self.tokens = nn.Embedding(vocabulary, width, padding_idx=PAD)
        self.places = nn.Parameter(0.02 * torch.randn(window, width))
        nn.init.normal_(self.tokens.weight, std=0.1)
        layer = nn.TransformerEncoderLayer(
            width, max(1, width // 16), 2 * width, dropout, batch_first=True, norm_first=True
        )
        # Attention has a fused path only without dropout; the rest of the layer keeps its dropout.
        layer.self_attn.dropout = 0.0
        self.encoder = nn.TransformerEncoder(
            layer, layers, nn.LayerNorm(width), enable_nested_tensor=False
        )
        self.head = nn.Linear(width, k)

    def forward(self, ids: Tensor, real: Tensor) -> Tensor:
        """Margins (b, k) of token ids (b, t), of which ``real (b, t)`` are no padding."""
        x = self.tokens(ids) + self.places[: ids.shape[1]]
        x = self.encoder(x, src_key_padding_mask=~real)
        weight = real.unsqueeze(-1).to(x.dtype)
        margins: Tensor = self.head((x * weight).sum(1) / weight.sum(1))
        return margins


@dataclass(frozen=True)
class Vocabulary:
    """Token ids of texts: words of the training texts, or bytes."""

    ids: dict[str, int] | None
    size: int

    @classmethod
    def of(cls, texts: Sequence[str], tokens: str, limit: int) -> Vocabulary:
        """The ``limit`` most frequent words of the texts, or the bytes.

        Equally frequent words come in alphabetical order.
        """
        if tokens == "bytes":
            return cls(None, FIRST + 256)
        counts = Counter(word for text in texts for word in TOKEN.findall(text.casefold()))
        words = sorted(counts, key=lambda word: (-counts[word], word))[:limit]
        return cls({word: FIRST + i for i, word in enumerate(words)}, FIRST + len(words))

    def encode(self, text: str) -> list[int]:
        """Ids of a start token and of the tokens of the text."""
        if self.ids is None:
            return [START, *(FIRST + b for b in text.encode())]
        return [START, *(self.ids.get(word, UNKNOWN) for word in TOKEN.findall(text.casefold()))]


class SmallTransformer(settings.Transformer):
    """The architecture and its training, for predictors and for policies."""

    vocabulary_limit: ClassVar[int] = 20_000

    def fit(
        self,
        texts: Sequence[str],
        y: Ints,
        k: int,
        train: Ints,
        schedule: Sequence[Step] | None,
        rng: np.random.Generator,
    ) -> tuple[Classifier, Vocabulary]:
        """A network trained on the rows ``train`` of the texts, and its vocabulary.

        The steps are those of ``schedule``; where it is None, the rows are shuffled.
        """
        words = Vocabulary.of([texts[i] for i in train], self.tokens, self.vocabulary_limit)
        whole = {int(i): words.encode(texts[i]) for i in train}
        batches.tell_cut([len(ids) for ids in whole.values()], self.max_length)
        steps = (
            list(training.shuffled(train, self.batch, self.steps, rng))
            if schedule is None
            else list(schedule)
        )
        with single_threaded(self.device, rng):
            network = Classifier(
                words.size, self.max_length, self.width, self.layers, k, self.dropout
            ).to(self.device)

            def losses(rows: Ints) -> Tensor:
                ids, real = batches.padded(
                    [whole[int(i)][: self.max_length] for i in rows], PAD, self.device
                )
                labels = torch.tensor(y[rows], device=self.device)
                return nn.functional.cross_entropy(
                    network(ids, real).float(), labels, reduction="none"
                )

            training.train(
                network,
                losses,
                steps,
                steps=len(steps),
                learning_rate=self.learning_rate,
                weight_decay=self.weight_decay,
                device=self.device,
            )
        return network, words

    def score(self, network: Classifier, words: Vocabulary, texts: Sequence[str]) -> Floats:
        """Log-probabilities (m, k) of the texts, in batches of texts of similar length."""
        ids = [words.encode(text)[: self.max_length] for text in texts]
        out = np.empty((len(texts), network.head.out_features))
        with torch.inference_mode(), training.precision(self.device):
            for rows in batches.by_length([len(i) for i in ids], SCORED_TOKENS):
                margins = network(*batches.padded([ids[r] for r in rows], PAD, self.device))
                out[rows] = torch.log_softmax(margins.double(), -1).cpu().numpy()
        return out


class TransformerClassifier(SmallTransformer, settings.TransformerFamily):
    """The small transformer as a predictive family."""

    def transform(
        self, data: LabelledText, *, to: type[Kind], rng: np.random.Generator
    ) -> LabelLogProbabilities:
        """Log-probabilities of the classes. Raises as `held_out.scores`."""
        texts, k = joined(data), len(data.classes)

        def fit(train: Ints, rng: np.random.Generator) -> Predict:
            network, words = self.fit(texts, data.y, k, train, None, rng)
            seen = np.unique(data.y[train])
            null = self._null(data.y, k, train, len(texts), rng)

            def predict(rows: Ints) -> tuple[Floats, Floats]:
                with single_threaded(self.device, np.random.default_rng(0)):
                    full = self.score(network, words, [texts[i] for i in rows])
                # The network learns nothing of classes that training lacks; their mass is spread.
                known = full[:, seen] - np.log(np.exp(full[:, seen]).sum(1, keepdims=True))
                return held_out.spread(known, seen, k), np.tile(null, (len(rows), 1))

            return predict

        return held_out.scores(data, fit, folds=self.folds, scored=self.scored, rng=rng)

    def _null(self, y: Ints, k: int, train: Ints, n: int, rng: np.random.Generator) -> Floats:
        """Log-probabilities (k,) without the input: counted, or by a network trained on blanks."""
        if self.null == "prior":
            return held_out.prior(y[train], k)
        network, words = self.fit([" "] * n, y, k, train, None, rng)
        with single_threaded(self.device, np.random.default_rng(0)):
            blank: Floats = self.score(network, words, [" "])[0]
        return blank
