"""Tokens that carry the usable information, found by leaving out each in turn."""

from __future__ import annotations

import dataclasses
from collections import defaultdict

import numpy as np

import harness
from harness import Estimate, Incompatible, Ints, LabelledText, LabelLogProbabilities, Split
from harness_wireless_pvi.estimators import given, standard_error
from harness_wireless_pvi.predictors.texts import TOKEN
from harness_wireless_pvi.settings import Tokens

SHOWN = 5
"""Number of tokens of each class in the diagnostics."""


class TokenArtefacts(Tokens):
    """Mean fall of ln p(y|x) when a token is left out, by class and token.

    Source: Ethayarajh et al. 2022, section 4.2.
    """

    def estimate(self, data: LabelledText, *, rng: np.random.Generator) -> Estimate:
        """The largest mean fall in nats; the diagnostics name the leading tokens of each class.

        Where there are more than ``limit`` test texts, so many are drawn at random. Raises
        `Incompatible` where there is no split, and where no token occurs in ``least`` texts of a
        class.
        """
        if data.split is None:
            raise Incompatible(
                "these texts have no train/test split; wanted one: the predictor is fitted on the "
                "training part, and tokens are judged on the test part"
            )
        test = data.split.test
        if self.limit and len(test) > self.limit:
            test = np.sort(rng.choice(test, self.limit, replace=False))
        variants, origin, tokens = _without_each(data, test)
        falls = self._falls(data, test, variants, origin, rng)
        by_token: dict[tuple[int, str], list[float]] = defaultdict(list)
        for fall, row, token in zip(falls, origin, tokens, strict=True):
            by_token[int(data.y[test[row]]), token].append(float(fall))
        means = {
            key: float(np.mean(found))
            for key, found in by_token.items()
            if len(found) >= self.least
        }
        if not means:
            raise Incompatible(
                f"no token occurs in {self.least} test texts of a class, of {len(test)} in all; "
                "wanted more test texts or a smaller least"
            )
        best = min(means, key=lambda key: (-means[key], key))
        notes: dict[str, float | int | str | bool] = {"n": len(test), "variants": len(variants)}
        for c, name in enumerate(data.classes):
            ranked = sorted(
                (key for key in means if key[0] == c and means[key] > 0),
                key=lambda key: (-means[key], key),
            )[:SHOWN]
            if ranked:
                notes[f"tokens {name}"] = ", ".join(
                    f"{token} {means[c, token]:.3f}" for _, token in ranked
                )
        return Estimate(means[best], standard_error(np.array(by_token[best])), diagnostics=notes)

    def _falls(
        self,
        data: LabelledText,
        test: Ints,
        variants: list[str],
        origin: list[int],
        rng: np.random.Generator,
    ) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        """ln p(y|x) - ln p(y|x without the token) of each variant (v,).

        The predictor is fitted once, and scores originals and variants in one go.
        """
        assert data.split is not None
        train, m = data.split.train, len(test)
        source = np.concatenate([train, test, test[origin]])
        base = data.take(source)
        texts = (*base.texts[: len(train) + m], *variants)
        split = Split(np.arange(len(train)), np.arange(len(train), len(source)))
        every = dataclasses.replace(base, texts=texts, split=split, repeats=True)
        scores = harness.model(self.predictor).transform(every, to=LabelLogProbabilities, rng=rng)
        own = given(scores)[0]
        return np.asarray(own[:m][origin] - own[m:])


def _without_each(data: LabelledText, test: Ints) -> tuple[list[str], list[int], list[str]]:
    """Each test text without each of its different tokens: variant, position of the text, token."""
    variants, origin, tokens = [], [], []
    for position, row in enumerate(test):
        words = TOKEN.findall(data.texts[row].casefold())
        for token in dict.fromkeys(words):
            rest = " ".join(w for w in words if w != token)
            if rest:
                variants.append(rest)
                origin.append(position)
                tokens.append(token)
    return variants, origin, tokens
