"""Sample data for checks, and the decorator."""

import numpy as np
import pytest

import harness.kinds
from harness import (
    Activations,
    AttentionMaps,
    AttentionProfile,
    ChannelLogLikelihoods,
    ConditionedSamples,
    Contexts,
    Environments,
    GeneratedText,
    Graph,
    HiddenStates,
    Kind,
    LabelledSamples,
    LabelledText,
    LabelLogProbabilities,
    Links,
    PairedSamples,
    ReferencedText,
    Samples,
    SparseCodes,
    Structures,
    TokenLogProbabilities,
    TokenSequences,
    UsageError,
    array,
    stream,
)
from harness.testing import NotChecked, conformance, sample
from harness.testing.samples import awkward, variants

SHARED = [Samples, PairedSamples, ConditionedSamples, LabelledSamples, Environments, Structures]
SHARED += [
    TokenSequences,
    TokenLogProbabilities,
    HiddenStates,
    AttentionMaps,
    AttentionProfile,
    ChannelLogLikelihoods,
]
SHARED += [Contexts, Activations, SparseCodes]
SHARED += [Graph, Links]
SHARED += [LabelledText, LabelLogProbabilities, ReferencedText, GeneratedText]


def test_every_shared_kind_has_sample_data():
    kinds = {
        k
        for n in harness.kinds.__all__
        if isinstance(k := getattr(harness.kinds, n), type) and issubclass(k, Kind)
    }
    assert kinds - {Kind} == set(SHARED)


@pytest.mark.parametrize("kind", SHARED)
def test_sample_data_repeat_and_can_be_split(kind):
    one, again = (sample(kind, stream(3), 12, split=True) for _ in range(2))
    assert type(one) is kind
    assert one.n == 12
    assert one == again != sample(kind, stream(4), 12, split=True)
    assert sum(part.size for _, part in one.split.parts()) == 12
    assert len(list(variants(kind, stream(0)))) >= 2
    names = [name for name, _ in awkward(sample(kind, stream(3)))]
    assert {"one unit many times", "a constant column", "one text throughout"} & set(names)


def test_a_kind_of_a_plugin_brings_its_own_example():
    class Bare(Kind):
        x: np.ndarray = array("n")

    class WithExample(Kind):
        x: np.ndarray = array("n")

        @classmethod
        def example(cls, rng):
            return cls(rng.normal(size=5))

    class Alone(WithExample):
        @classmethod
        def example(cls, rng):
            return cls([1.0])

    assert sample(WithExample, stream(0)).n == 5
    assert [data.split is None for data in variants(WithExample, stream(0))] == [True, False]
    assert [data.n for data in variants(Alone, stream(0))] == [1]
    with pytest.raises(NotChecked, match=r"class method example\(rng\)"):
        sample(Bare, stream(0))


def test_the_decorator_names_plugins_that_are_there():
    with pytest.raises(UsageError, match="unknown plugin 'no-such'"):
        conformance("no-such")
