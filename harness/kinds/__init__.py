"""The shared kinds: the data that travel on a path. A new kind is a new subclass of `Kind`."""

from harness.kinds.atoms import Environments, Structures
from harness.kinds.base import Kind, Split, array, offsets, strings
from harness.kinds.text import GeneratedText, LabelledText, LabelLogProbabilities, ReferencedText
from harness.kinds.vectors import ConditionedSamples, LabelledSamples, PairedSamples, Samples

__all__ = [
    "ConditionedSamples",
    "Environments",
    "GeneratedText",
    "Kind",
    "LabelLogProbabilities",
    "LabelledSamples",
    "LabelledText",
    "PairedSamples",
    "ReferencedText",
    "Samples",
    "Split",
    "Structures",
    "array",
    "offsets",
    "strings",
]
