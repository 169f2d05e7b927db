"""Plugin `blocks`: attention with known targets, block sequences, and documents of known blocks."""

from __future__ import annotations

from collections.abc import Iterable

from harness import BlockCounts, BlockSequences, PointedAttention, TaskSpec
from harness import hookimpl as _hookimpl
from harness.quantities import CROSS_ENTROPY
from harness_blocks.quantities import (
    ATTENTION_ENTROPY,
    ENTROPY_SLACK,
    FIDELITY_SLACK,
    POINTER_FIDELITY,
    RECRUITED_BLOCKS,
    RECRUITED_EXPERTS,
)

HARNESS_API = 1

_PAPER = "J. Diederich, Localist LLMs with Recruitment Learning, arXiv:2510.17358 (2025)"

TWO_LEVEL_LOGITS = TaskSpec(
    name="two-level-logits",
    summary="rows whose targets have one logit and whose other keys have another, in closed form",
    implementation="harness_blocks.two_levels:TwoLevelLogits",
    settings="harness_blocks.settings:TwoLevels",
    gives=PointedAttention,
    quantities=(POINTER_FIDELITY, ATTENTION_ENTROPY, FIDELITY_SLACK, ENTROPY_SLACK),
    paper=_PAPER,
)
BLOCK_LABELS = TaskSpec(
    name="block-labels",
    summary="noisy values whose label is that of the token's block, with a dial for training",
    implementation="harness_blocks.labels:BlockLabelSequences",
    settings="harness_blocks.settings:BlockLabels",
    gives=BlockSequences,
    quantities=(CROSS_ENTROPY,),
    traits=("split",),
    paper=_PAPER,
)
BLOCK_MIXTURES = TaskSpec(
    name="block-mixtures",
    summary="documents from 1, 2 and 4 blocks, each a law of words",
    implementation="harness_blocks.mixtures:BlockMixtures",
    settings="harness_blocks.settings:Mixtures",
    gives=BlockCounts,
    quantities=(RECRUITED_BLOCKS,),
    paper=_PAPER,
)
EXPERT_MIXTURES = TaskSpec(
    name="expert-mixtures",
    summary="documents from 1, 2 and 3 kinds of source, each with words and blocks of its own",
    implementation="harness_blocks.mixtures:ExpertMixtures",
    settings="harness_blocks.settings:Sources",
    gives=BlockCounts,
    quantities=(RECRUITED_EXPERTS, RECRUITED_BLOCKS),
    paper=_PAPER,
)
PYDOC_BLOCKS = TaskSpec(
    name="pydoc-blocks",
    summary="paragraphs of the language reference inside CPython, by topic",
    implementation="harness_blocks.text:PydocTopics",
    settings="harness_blocks.settings:PydocBlocks",
    gives=BlockCounts,
    quantities=(RECRUITED_BLOCKS,),
)
LABELLED_BLOCKS = TaskSpec(
    name="labelled-blocks",
    files={"path": (".jsonl",)},
    summary="your texts with their blocks, from a file of JSON lines",
    implementation="harness_blocks.text:LabelledTexts",
    settings="harness_blocks.settings:LabelledBlocks",
    gives=BlockCounts,
    quantities=(RECRUITED_BLOCKS,),
)


@_hookimpl
def harness_tasks() -> Iterable[TaskSpec]:
    """Rows, sequences and documents."""
    return (
        TWO_LEVEL_LOGITS,
        BLOCK_LABELS,
        BLOCK_MIXTURES,
        EXPERT_MIXTURES,
        PYDOC_BLOCKS,
        LABELLED_BLOCKS,
    )
