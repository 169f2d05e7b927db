"""The shared kinds: the data that travel on a path. A new kind is a new subclass of `Kind`."""

from harness.kinds.atoms import Environments, Structures
from harness.kinds.base import Kind, Split, array, offsets, strings
from harness.kinds.networks import Activations, SparseCodes
from harness.kinds.vectors import ConditionedSamples, LabelledSamples, PairedSamples, Samples

__all__ = [
    "Activations",
    "ConditionedSamples",
    "Environments",
    "Kind",
    "LabelledSamples",
    "PairedSamples",
    "Samples",
    "SparseCodes",
    "Split",
    "Structures",
    "array",
    "offsets",
    "strings",
]
