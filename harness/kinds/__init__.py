"""The shared kinds: the data that travel on a path. A new kind is a new subclass of `Kind`."""

from harness.kinds.atoms import Environments, Structures
from harness.kinds.base import Kind, Split, array, offsets, strings
from harness.kinds.graphs import Graph, Links, simple_edges
from harness.kinds.vectors import ConditionedSamples, LabelledSamples, PairedSamples, Samples

__all__ = [
    "ConditionedSamples",
    "Environments",
    "Graph",
    "Kind",
    "LabelledSamples",
    "Links",
    "PairedSamples",
    "Samples",
    "Split",
    "Structures",
    "array",
    "offsets",
    "simple_edges",
    "strings",
]
