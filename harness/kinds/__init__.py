"""The shared kinds: the data that travel on a path. A new kind is a new subclass of `Kind`."""

from harness.kinds.atoms import Environments, Structures
from harness.kinds.base import Kind
from harness.kinds.concepts import ConceptItems, ConceptVectors, Partitions
from harness.kinds.fields import added, array, offsets, strings
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
from harness.kinds.networks import Activations
from harness.kinds.split import Split
from harness.kinds.text import LabelledText, LabelLogProbabilities, ReferencedText
from harness.kinds.vectors import ConditionedSamples, LabelledSamples, PairedSamples, Samples

__all__ = [
    "Activations",
    "AttentionMaps",
    "AttentionProfile",
    "ChannelLogLikelihoods",
    "ConceptItems",
    "ConceptVectors",
    "ConditionedSamples",
    "Contexts",
    "Environments",
    "Graph",
    "HiddenStates",
    "Kind",
    "LabelLogProbabilities",
    "LabelledSamples",
    "LabelledText",
    "Links",
    "PairedSamples",
    "Partitions",
    "ReferencedText",
    "Samples",
    "Split",
    "Structures",
    "TokenLogProbabilities",
    "TokenSequences",
    "added",
    "array",
    "offsets",
    "simple_edges",
    "strings",
]
