"""Neutral tasks on preferences: which responses are compared, and what that tells of rewards."""

from __future__ import annotations

from collections.abc import Iterable

from harness import (
    Curve,
    PairedSamples,
    Preferences,
    PreferenceSource,
    Quantity,
    ReferencedText,
    TaskSpec,
)
from harness import hookimpl as _hookimpl
from harness.quantities import ACCURACY, MUTUAL_INFORMATION

HARNESS_API = 1

INFERENCE_DISTANCE = Quantity(
    "inference_distance",
    "reward²",
    "lower",
    lower=0.0,
    summary="mean posterior variance of a difference of rewards, exact: all paths",
)
PATH_DISTANCE = Quantity(
    "path_distance",
    "reward²",
    "lower",
    lower=0.0,
    summary="mean length of the cheapest single path between two responses: a bound",
)
STRUCTURAL_EXPONENT = Quantity(
    "structural_exponent",
    "",
    "truth",
    summary="alpha of F(M): how fast rewards become alike in finer partitions",
)
STRUCTURAL_ERROR = Quantity(
    "structural_error",
    "",
    "lower",
    lower=0.0,
    summary="largest error of F(M) at whole levels of the tree, as a share of F(1)",
)

_PAPER = "T. Qiu et al., Findings of ACL 2025, arXiv:2402.10184"

TASKS = (
    TaskSpec(
        name="prefix-trees",
        summary="responses in complete prefix trees: three laws of similarity, noise and budget",
        implementation="harness_preferences.trees:PrefixTrees",
        settings="harness_preferences.settings:PrefixTrees",
        gives=PreferenceSource,
        quantities=(STRUCTURAL_ERROR, STRUCTURAL_EXPONENT),
        scores=(Curve,),
        traits=("split",),
        paper=_PAPER,
    ),
    TaskSpec(
        name="resistor-graphs",
        summary="graphs of comparisons without a prior, whose distances have closed forms",
        implementation="harness_preferences.resistors:ResistorGraphs",
        settings="harness_preferences.settings:ResistorGraphs",
        gives=Preferences,
        quantities=(INFERENCE_DISTANCE, PATH_DISTANCE),
        traits=("split",),
        paper="D. Klein and M. Randić, J. Math. Chem. 12, 81 (1993)",
    ),
    TaskSpec(
        name="pydoc-trie",
        summary="sentences of Python's language reference in a prefix tree, with random rewards",
        implementation="harness_preferences.pydoc:PydocTrie",
        settings="harness_preferences.settings:PydocTrie",
        gives=PreferenceSource,
        quantities=(INFERENCE_DISTANCE, PATH_DISTANCE),
        traits=("split",),
    ),
    TaskSpec(
        name="preference-text",
        files={"dataset": (".json", ".jsonl")},
        summary="preferences between texts, from a file or the hub, in their prefix tree",
        implementation="harness_preferences.text:PreferenceText",
        settings="harness_preferences.settings:PreferenceText",
        gives=Preferences,
        quantities=(ACCURACY,),
        traits=("split",),
    ),
    TaskSpec(
        name="preference-prompts",
        summary="prompts with an answer, from a file or the hub",
        implementation="harness_preferences.text:PreferencePrompts",
        settings="harness_preferences.settings:Dataset",
        gives=ReferencedText,
        quantities=(ACCURACY,),
    ),
    TaskSpec(
        name="known-margins",
        summary="differences of rewards with noisy margins or labels; known mutual information",
        implementation="harness_preferences.margins:KnownMargins",
        settings="harness_preferences.settings:Margins",
        gives=PairedSamples,
        quantities=(MUTUAL_INFORMATION,),
    ),
)


@_hookimpl
def harness_tasks() -> Iterable[TaskSpec]:
    """The tasks of this plugin."""
    return TASKS
