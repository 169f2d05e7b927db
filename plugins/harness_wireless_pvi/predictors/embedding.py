"""Texts as vectors: hashed n-grams with a truncated SVD, or an encoder of `transformers`."""

from __future__ import annotations

import numpy as np

from harness import Floats, Incompatible, Ints, Kind, LabelledSamples, LabelledText
from harness_wireless_pvi.predictors.texts import WORDS, joined
from harness_wireless_pvi.settings import Embedding

BUCKETS = 2**18


class TextEmbedding(Embedding):
    """Labelled vectors for any estimator or model that reads them; the split is kept."""

    def transform(
        self, data: LabelledText, *, to: type[Kind], rng: np.random.Generator
    ) -> LabelledSamples:
        """Vectors of all rows, fitted on the training rows (on all where there is no split)."""
        texts = joined(data)
        train = np.arange(data.n) if data.split is None else data.split.train
        x = (
            encode(texts, self.encoder, self.device)
            if self.encoder
            else hashed(texts, train, self.dimensions, rng)
        )
        return LabelledSamples(x, data.y, split=data.split)


def hashed(texts: list[str], train: Ints, dimensions: int, rng: np.random.Generator) -> Floats:
    """Vectors (n, d) of length one or zero, from TF-IDF of hashed word 1-grams and 2-grams.

    They are projected on the leading singular directions of the training rows. d is ``dimensions``,
    or less where the training rows do not span as many. Raises `Incompatible` where there are fewer
    than two training texts, or words in them.
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
            f"{len(train)} training texts of {len(used)} words; wanted at least two of each"
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
    """Vectors (n, d) by an encoder, as `encoder.encode`, imported when used: it needs torch."""
    from harness_wireless_pvi.predictors.encoder import encode as run

    return run(texts, encoder, device)
