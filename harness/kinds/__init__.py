"""The shared kinds: the data that travel on a path. A new kind is a new subclass of `Kind`."""

from harness.kinds.atoms import Environments, Structures
from harness.kinds.base import Kind, Split, array, offsets, strings
from harness.kinds.graphs import Graph, Links, simple_edges
from harness.kinds.language import (
    AttentionMaps,
    AttentionProfile,
    ChannelLogLikelihoods,
    Contexts,
    HiddenStates,
    TokenLogProbabilities,
    TokenSequences,
)
from harness.kinds.networks import Activations, SparseCodes
from harness.kinds.text import GeneratedText, LabelledText, LabelLogProbabilities, ReferencedText
from harness.kinds.vectors import ConditionedSamples, LabelledSamples, PairedSamples, Samples

__all__ = [
    "Activations",
    "AttentionMaps",
    "AttentionProfile",
    "ChannelLogLikelihoods",
    "ConditionedSamples",
    "Contexts",
    "Environments",
    "GeneratedText",
    "Graph",
    "HiddenStates",
    "Kind",
    "LabelLogProbabilities",
    "LabelledSamples",
    "LabelledText",
    "Links",
    "PairedSamples",
    "ReferencedText",
    "Samples",
    "SparseCodes",
    "Split",
    "Structures",
    "TokenLogProbabilities",
    "TokenSequences",
    "array",
    "offsets",
    "simple_edges",
    "strings",
]
