"""infoharness: one table for every way to measure information.

A measurement is a typed path, ``task ▸ model* ▸ estimator``. This module is the public door:
plugins and users import from here (and `harness.quantities`), and nothing is loaded before its
first use.
"""

from __future__ import annotations

import importlib
import warnings
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from harness.api import estimator, model, run, task
    from harness.arrays import Bools, Floats, Ints, Singles
    from harness.correlation import kendall, spearman
    from harness.direct import measure, select
    from harness.errors import (
        DataError,
        HarnessError,
        Incompatible,
        MissingDependency,
        PluginError,
        StoreError,
        UsageError,
        needs,
        unknown_name,
    )
    from harness.hookspecs import hookimpl
    from harness.kinds import (
        Activations,
        AttentionMaps,
        AttentionProfile,
        BlockCounts,
        BlockSequences,
        ChannelLogLikelihoods,
        ClickImages,
        ClickMasks,
        Clicks,
        ClickSessions,
        ConceptItems,
        ConceptVectors,
        ConditionedSamples,
        Contexts,
        DifferenceScaling,
        Environments,
        Graph,
        HeadStates,
        HiddenStates,
        Kernels,
        Kind,
        LabelledSamples,
        LabelledText,
        LabelLogProbabilities,
        LatentPixels,
        Links,
        Modalities,
        Molecules,
        PairedSamples,
        PairedSequences,
        Partitions,
        PointedAttention,
        Preferences,
        PreferenceSource,
        RateProblem,
        ReferencedText,
        RelationPairs,
        Samples,
        Scale,
        Split,
        StateFutures,
        StimulusPath,
        Structures,
        TokenLaws,
        TokenLogProbabilities,
        TokenSequences,
        added,
        array,
        near_triplets,
        offsets,
        pointer_groups,
        pointer_targets,
        simple_edges,
        strings,
        whole_numbers,
    )
    from harness.long_work import cache_folder, checkpointed, progress
    from harness.outputs import Curve, Estimate, Output, Prediction, Selection
    from harness.reading import read_records
    from harness.records import Record, Records
    from harness.reports import Document, Finding
    from harness.seeds import stream
    from harness.settings import ComponentOf, Device, Param, param
    from harness.specs import (
        Case,
        CommandSpec,
        EstimatorSpec,
        ModelSpec,
        Quantity,
        ReportSpec,
        TaskSpec,
    )
    from harness.surroundings import (
        from_hub,
        quiet_transformers,
        single_threaded,
        threads_for,
        torch_generator,
    )

__version__ = "0.1.0"

_HOME = {
    "harness.api": ("estimator", "model", "run", "task"),
    "harness.arrays": ("Bools", "Floats", "Ints", "Singles"),
    "harness.correlation": ("kendall", "spearman"),
    "harness.direct": ("measure", "select"),
    "harness.errors": (
        "DataError",
        "HarnessError",
        "Incompatible",
        "MissingDependency",
        "PluginError",
        "StoreError",
        "UsageError",
        "needs",
        "unknown_name",
    ),
    "harness.hookspecs": ("hookimpl",),
    "harness.kinds": (
        "AttentionMaps",
        "AttentionProfile",
        "BlockCounts",
        "BlockSequences",
        "ChannelLogLikelihoods",
        "Activations",
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
        "HeadStates",
        "HiddenStates",
        "Graph",
        "Kernels",
        "Kind",
        "LabelledSamples",
        "LatentPixels",
        "Links",
        "LabelledText",
        "LabelLogProbabilities",
        "Modalities",
        "Molecules",
        "PairedSamples",
        "Partitions",
        "PointedAttention",
        "PairedSequences",
        "RateProblem",
        "PreferenceSource",
        "Preferences",
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
        "near_triplets",
        "offsets",
        "pointer_groups",
        "pointer_targets",
        "simple_edges",
        "strings",
        "whole_numbers",
    ),
    "harness.long_work": ("cache_folder", "checkpointed", "progress"),
    "harness.outputs": ("Curve", "Estimate", "Output", "Prediction", "Selection"),
    "harness.reading": ("read_records",),
    "harness.records": ("Record", "Records"),
    "harness.reports": ("Document", "Finding"),
    "harness.seeds": ("stream",),
    "harness.settings": ("ComponentOf", "Device", "Param", "param"),
    "harness.specs": (
        "Case",
        "CommandSpec",
        "EstimatorSpec",
        "ModelSpec",
        "Quantity",
        "ReportSpec",
        "TaskSpec",
    ),
    "harness.surroundings": (
        "from_hub",
        "quiet_transformers",
        "single_threaded",
        "threads_for",
        "torch_generator",
    ),
}
_MOVED = {
    "CodeLengths": "harness_localist.kinds",
    "FusedPredictions": "harness_mcr.kinds",
    "RelationLogProbabilities": "harness_moleblend.kinds",
    "RewardPredictions": "harness_rlhf_topology.kinds",
    "GeneratedText": "harness_wireless_pvi.kinds",
    "SparseCodes": "harness_superposition.kinds",
}
"""Kinds that went to the one package that uses them; these names stay for one release."""
_RENAMED = {"calm": "single_threaded"}
"""Names of the last release, which warn."""
_MODULE_OF = {name: module for module, names in _HOME.items() for name in names}

__all__ = [  # noqa: PLE0604 - computed from the table above
    *sorted(_MODULE_OF),
    "__version__",
]


def __getattr__(name: str) -> Any:
    if name in _MOVED:
        where = _MOVED[name]
        warnings.warn(f"harness.{name} is now {where}.{name}", DeprecationWarning, stacklevel=2)
        return getattr(importlib.import_module(where), name)
    if name in _RENAMED:
        new = _RENAMED[name]
        warnings.warn(f"harness.{name} is now harness.{new}", DeprecationWarning, stacklevel=2)
        name = new
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'harness' has no attribute {name!r}")
    value = globals()[name] = getattr(importlib.import_module(_MODULE_OF[name]), name)
    return value


def __dir__() -> list[str]:
    return __all__
