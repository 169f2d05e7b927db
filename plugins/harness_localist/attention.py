"""The bilinear layer as models: trained with the dial of the data, and read in several ways."""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np

from harness import (
    Activations,
    AttentionProfile,
    BlockSequences,
    Bools,
    Floats,
    Incompatible,
    LabelledSamples,
    PointedAttention,
    stream,
)
from harness_localist import layer
from harness_localist.kinds import GroupedWeights
from harness_localist.settings import Layer


@dataclass(frozen=True)
class Reading:
    """A trained layer on data that it did not learn from.

    Attributes
    ----------
    z (n, t, t) : logits over the temperature, with the bias at use.
    read (n, t, classes) : what attention gives.
    log_p (n, t, classes) : the laws of the labels.
    """

    batch: layer.Batch
    z: Floats
    read: Floats
    log_p: Floats


class _BlockLayer(Layer):
    def train(self, data: BlockSequences) -> tuple[layer.Weights, float, float]:
        """Weights, the weight of the penalty, and its empirical threshold, from the training part.

        Raises `Incompatible` for data without a split.
        """
        batch, d = layer.Batch.of(data.part("train")), data.embedding.shape[1]
        draws = stream(self.training_seed, "localist/block-attention")
        start = layer.Weights(
            self.start * draws.normal(size=(d, d)), 2.0 * np.eye(data.values.shape[2])
        )
        weight, rate = data.dial, self.learning_rate
        if self.penalty == "weights":
            largest, rate = self.largest_weight, self.step_size
            if not largest and weight:
                largest = layer.trained(batch, start, self._recipe(0.0, rate))[1]
            weight *= largest
        weights, threshold = layer.trained(batch, start, self._recipe(weight, rate))
        return weights, weight, threshold

    def _recipe(self, weight: float, rate: float) -> layer.Recipe:
        return layer.Recipe(self.penalty, weight, self.steps, rate, self.temperature)

    def read(self, data: BlockSequences) -> Reading:
        """The trained layer on the test part. Raises `Incompatible` for data without a split."""
        weights, _, _ = self.train(data)
        batch = layer.Batch.of(data.evaluated())
        z = layer.logits(batch, weights.w, self.temperature)
        z = z - self.bias * self.beta * (1 - batch.own)
        read = layer.softmax(z) @ batch.data.values
        return Reading(batch, z, read, layer.log_softmax(read @ weights.u))


class BlockAttention(_BlockLayer):
    """Its rows against the tokens of the query's own block."""

    def transform(
        self, data: BlockSequences, *, to: type[PointedAttention], rng: np.random.Generator
    ) -> PointedAttention:
        """Rows of the test part, with what the layer gave each label.

        Raises `Incompatible` for data without a split.
        """
        found = self.read(data)
        labels = found.batch.data.labels[..., None]
        network = {
            "layers": 1, "heads": 1, "width": data.embedding.shape[1], "norm": "none",
            "activation": "none", "feed_forward": "none",
        }  # fmt: skip
        return PointedAttention.of_logits(
            found.z[:, None, None],
            found.batch.own > 0,
            log_p=np.minimum(np.take_along_axis(found.log_p, labels, -1)[..., 0], 0.0),
            top=np.minimum(found.log_p.max(-1), 0.0),
            rule="own block",
            network=json.dumps(network),
        )


def _distinct(found: Reading) -> Bools:
    """The first place of each token of a sequence ``(n, t)``: equal tokens read the same."""
    ids = found.batch.data.ids
    earlier = (ids[:, :, None] == ids[:, None, :]) & np.tri(ids.shape[1], k=-1, dtype=bool)
    return np.asarray(~earlier.any(-1))


class BlockOutputs(_BlockLayer):
    """What attention gives to each token of a sequence, with its label; equal tokens count once."""

    def transform(
        self, data: BlockSequences, *, to: type[LabelledSamples], rng: np.random.Generator
    ) -> LabelledSamples:
        """Vectors of the test part. Raises `Incompatible` without a split."""
        found = self.read(data)
        first = _distinct(found)
        return LabelledSamples(found.read[first], found.batch.data.labels[first])


class BlockActivations(_BlockLayer):
    """The same as activations of a layer, with the accuracy of the head."""

    def transform(
        self, data: BlockSequences, *, to: type[Activations], rng: np.random.Generator
    ) -> Activations:
        """Vectors of the test part. Raises `Incompatible` without a split."""
        found = self.read(data)
        first, labels = _distinct(found), found.batch.data.labels
        return Activations(
            found.read[first],
            labels[first],
            layer="attention",
            accuracy=float((found.log_p.argmax(-1) == labels).mean()),
        )


class BlockWeights(_BlockLayer):
    """The parts of its bilinear form between blocks."""

    def transform(
        self, data: BlockSequences, *, to: type[GroupedWeights], rng: np.random.Generator
    ) -> GroupedWeights:
        """Norms and gradients after training. Raises `Incompatible` without a split."""
        weights, weight, threshold = self.train(data)
        batch = layer.Batch.of(data.part("train"))
        plain = layer.Recipe("none", 0.0, self.steps, self.learning_rate, self.temperature)
        slope = layer.loss(batch, weights, plain)[1]
        norms = layer.group_norms(weights.w, data.groups)
        bound = layer.gradient_bound(batch, weights.u, self.temperature)
        return GroupedWeights(
            norms,
            layer.group_norms(slope.w, data.groups),
            np.arange(len(norms)),
            weight if self.penalty == "weights" else 0.0,
            threshold,
            float(layer.between(bound).max(initial=0.0)),
        )


@dataclass(frozen=True)
class PointedProfile:
    """Rows without the rule: their entropies, for estimators of attention."""

    def transform(
        self, data: PointedAttention, *, to: type[AttentionProfile], rng: np.random.Generator
    ) -> AttentionProfile:
        """The profile. Raises `Incompatible` where rows see neither all keys nor those before."""
        t = data.visible.shape[1]
        causal = bool((data.visible == np.arange(1, t + 1)).all())
        if not causal and not (data.visible == t).all():
            raise Incompatible(
                "rows see other keys than all of them or those up to the query; "
                "a profile has no place for that"
            )
        entropy = np.minimum(data.entropy, np.log(data.visible)[:, None, None])
        return AttentionProfile(
            entropy, broken=None, log_p=data.log_p, causal=causal, network=data.network
        )
