"""Sentences as vectors: hashed n-grams with a truncated singular value decomposition, or an encoder from files."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness import Floats, Incompatible, Ints, Kind, LabelledSamples, LabelledText
from harness_wireless_pvi.words import WORDS

BUCKETS = 2**18


@dataclass(frozen=True)
class TextEmbedding:
    """Labelled vectors for any estimator or model that reads them; the split goes along.

    Attributes
    ----------
    encoder : empty for hashed n-grams, which need no download; else the folder or hub id of a `transformers` encoder,
        whose last layer is averaged over the tokens and scaled to length one.
    dimensions : of the hashed embedding.
    """

    encoder: str = ""
    dimensions: int = 100
    device: str = "cpu"

    def transform(
        self, data: LabelledText, *, to: type[Kind], rng: np.random.Generator
    ) -> LabelledSamples:
        """Vectors of all rows; what is fitted, is fitted on the training rows (all rows where there is no split)."""
        from harness_wireless_pvi.linear import joined

        texts = joined(data)
        train = np.arange(data.n) if data.split is None else data.split.train
        x = (
            encode(texts, self.encoder, self.device)
            if self.encoder
            else hashed(texts, train, self.dimensions, rng)
        )
        return LabelledSamples(x, data.y, split=data.split)


def hashed(texts: list[str], train: Ints, dimensions: int, rng: np.random.Generator) -> Floats:
    """Embeddings (n, d) of length one or zero: TF-IDF of hashed word 1-grams and 2-grams, its leading singular
    directions over the training rows. d is ``dimensions`` or what the training rows allow.

    Raises `Incompatible` where the training texts have no words.
    """
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import HashingVectorizer, TfidfTransformer
    from sklearn.preprocessing import normalize

    vectors = HashingVectorizer(
        n_features=BUCKETS, alternate_sign=False, norm=None, ngram_range=(1, 2), token_pattern=WORDS
    )
    counts = vectors.transform(texts)
    used = np.unique(counts[train].indices)
    d = min(dimensions, len(used) - 1, len(train) - 1)
    if d < 1:
        raise Incompatible(
            f"{len(train)} training texts of {len(used)} words; wants two of each at least"
        )
    counts = counts[:, used]
    weighted = TfidfTransformer(sublinear_tf=True).fit(counts[train]).transform(counts)
    reduced = (
        TruncatedSVD(d, random_state=int(rng.integers(2**31)))
        .fit(weighted[train])
        .transform(weighted)
    )
    table: Floats = normalize(reduced)
    return table


def encode(texts: list[str], encoder: str, device: str) -> Floats:
    """Mean of the last hidden layer over the tokens (n, d), of length one. Raises as `hub.open_model`."""
    from harness_wireless_pvi.encoder import encode as run

    return run(texts, encoder, device)
