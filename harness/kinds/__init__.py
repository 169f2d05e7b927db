"""The shared kinds: the data that travel on a path. A new kind is a new subclass of `Kind`."""

from harness.kinds.atoms import Environments, Structures
from harness.kinds.base import Kind
from harness.kinds.blocks import BlockCounts, BlockSequences
from harness.kinds.concepts import ConceptItems, ConceptVectors, Partitions
from harness.kinds.contexts import ChannelLogLikelihoods, Contexts
from harness.kinds.fields import added, array, offsets, strings, whole_numbers
from harness.kinds.graphs import Graph, Links, simple_edges
from harness.kinds.heads import HeadStates
from harness.kinds.images import (
    ClickImages,
    ClickMasks,
    Clicks,
    ClickSessions,
    LatentPixels,
)
from harness.kinds.kernels import Kernels, StateFutures
from harness.kinds.language import (
    AttentionMaps,
    AttentionProfile,
    HiddenStates,
    TokenLogProbabilities,
    TokenSequences,
    keys_in_sight,
)
from harness.kinds.molecules import Molecules, RelationPairs
from harness.kinds.multimodal import Modalities
from harness.kinds.networks import Activations
from harness.kinds.perception import DifferenceScaling, Scale, StimulusPath, near_triplets
from harness.kinds.pointers import PointedAttention, pointer_groups, pointer_targets
from harness.kinds.preferences import Preferences, PreferenceSource
from harness.kinds.sequences import PairedSequences, RateProblem, TokenLaws
from harness.kinds.split import Split
from harness.kinds.text import LabelledText, LabelLogProbabilities, ReferencedText
from harness.kinds.vectors import ConditionedSamples, LabelledSamples, PairedSamples, Samples

__all__ = [
    "Activations",
    "AttentionMaps",
    "AttentionProfile",
    "BlockCounts",
    "BlockSequences",
    "ChannelLogLikelihoods",
    "ClickImages",
    "ClickMasks",
    "ClickSessions",
    "Clicks",
    "ConceptItems",
    "ConceptVectors",
    "ConditionedSamples",
    "Contexts",
    "DifferenceScaling",
    "Environments",
    "Graph",
    "HeadStates",
    "HiddenStates",
    "Kernels",
    "Kind",
    "LabelLogProbabilities",
    "LabelledSamples",
    "LabelledText",
    "LatentPixels",
    "Links",
    "Modalities",
    "Molecules",
    "PairedSamples",
    "PairedSequences",
    "Partitions",
    "PointedAttention",
    "PreferenceSource",
    "Preferences",
    "RateProblem",
    "ReferencedText",
    "RelationPairs",
    "Samples",
    "Scale",
    "Split",
    "StateFutures",
    "StimulusPath",
    "Structures",
    "TokenLaws",
    "TokenLogProbabilities",
    "TokenSequences",
    "added",
    "array",
    "keys_in_sight",
    "near_triplets",
    "offsets",
    "pointer_groups",
    "pointer_targets",
    "simple_edges",
    "strings",
    "whole_numbers",
]
