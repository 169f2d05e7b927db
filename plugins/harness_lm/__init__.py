"""Plugin `lm`: language models trained here or taken from transformers, and their cross-entropy."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from harness import (
    AttentionMaps,
    AttentionProfile,
    ChannelLogLikelihoods,
    Contexts,
    Estimate,
    EstimatorSpec,
    HeadStates,
    HiddenStates,
    ModelSpec,
    PairedSamples,
    PointedAttention,
    Samples,
    TokenLaws,
    TokenLogProbabilities,
    TokenSequences,
)
from harness import hookimpl as _hookimpl
from harness.quantities import CROSS_ENTROPY

HARNESS_API = 1

_INSTALL = "infoharness[lm]"
_COMPRESSION = (
    "S. He et al., An Information Theoretic Perspective on Agentic System Design, "
    "arXiv:2512.21720 (2025)"
)
_DIAL = (
    "J. Diederich, AILA: First Experiments with Localist Language Models, arXiv:2511.03559 (2025), "
    "for the idea; equations are ours"
)

TINY_LM = ModelSpec(
    name="tiny-lm",
    summary="small transformer trained on the training part: log-probabilities of the tokens",
    implementation="harness_lm.tiny:TinyLM",
    settings="harness_lm.settings:TinyLM",
    reads=TokenSequences,
    gives=TokenLogProbabilities,
    # The weights depend on training_seed and the data alone: all paths share one network.
    traits=("deterministic",),
    needs=("split",),
    requires=("safetensors", "tokenizers", "torch"),
    install=_INSTALL,
    paper="N. Jha & B. Reagen, Entropy-Guided Attention for Private LLMs, arXiv:2501.03489 (2025)",
)
TINY_LM_STATES = replace(
    TINY_LM,
    name="tiny-lm-states",
    summary="small transformer trained on the training part: hidden states of a layer",
    implementation="harness_lm.tiny:TinyLMStates",
    settings="harness_lm.settings:TinyStates",
    gives=HiddenStates,
)
TINY_LM_ATTENTION = replace(
    TINY_LM,
    name="tiny-lm-attention",
    summary="small transformer trained on the training part: entropies of attention rows",
    implementation="harness_lm.tiny:TinyLMAttention",
    settings="harness_lm.settings:TinyAttention",
    gives=AttentionProfile,
)
TINY_LM_MAPS = replace(
    TINY_LM,
    name="tiny-lm-maps",
    summary="small transformer trained on the training part: whole attention maps",
    implementation="harness_lm.tiny:TinyLMMaps",
    settings="harness_lm.settings:TinyMaps",
    gives=AttentionMaps,
)
TINY_LM_POINTERS = replace(
    TINY_LM,
    name="tiny-lm-pointers",
    summary="small transformer trained on the training part: attention against a rule",
    implementation="harness_lm.tiny:TinyLMPointers",
    settings="harness_lm.settings:TinyPointers",
    gives=PointedAttention,
    paper=_DIAL,
)
TINY_LM_LAWS = replace(
    TINY_LM,
    name="tiny-lm-laws",
    summary="small transformer trained on the training part: laws of the next token",
    implementation="harness_lm.tiny:TinyLMLaws",
    settings="harness_lm.settings:TinyLaws",
    gives=TokenLaws,
)
TINY_LM_HEAD = replace(
    TINY_LM,
    name="tiny-lm-head",
    summary="small transformer trained on the training part: what its output layer reads",
    implementation="harness_lm.tiny:TinyLMHead",
    settings="harness_lm.settings:TinyHead",
    gives=HeadStates,
)

HUB_LM = ModelSpec(
    name="hf-causal-lm",
    summary="causal model of transformers as it is: log-probabilities of the tokens",
    implementation="harness_lm.hub:HubLM",
    settings="harness_lm.settings:HubLM",
    reads=TokenSequences,
    gives=TokenLogProbabilities,
    traits=("deterministic",),
    requires=("tokenizers", "torch", "transformers"),
    install=_INSTALL,
)
HUB_LM_STATES = replace(
    HUB_LM,
    name="hf-causal-lm-states",
    summary="causal model of transformers as it is: hidden states of a layer",
    implementation="harness_lm.hub:HubLMStates",
    settings="harness_lm.settings:HubStates",
    gives=HiddenStates,
)
HUB_LM_ATTENTION = replace(
    HUB_LM,
    name="hf-causal-lm-attention",
    summary="causal model of transformers as it is: entropies of attention rows",
    implementation="harness_lm.hub:HubLMAttention",
    settings="harness_lm.settings:HubAttention",
    gives=AttentionProfile,
)
HUB_LM_MAPS = replace(
    HUB_LM,
    name="hf-causal-lm-maps",
    summary="causal model of transformers as it is: whole attention maps",
    implementation="harness_lm.hub:HubLMMaps",
    settings="harness_lm.settings:HubMaps",
    gives=AttentionMaps,
)
HUB_LM_POINTERS = replace(
    HUB_LM,
    name="hf-causal-lm-pointers",
    summary="causal model of transformers as it is: attention against a rule",
    implementation="harness_lm.hub:HubLMPointers",
    settings="harness_lm.settings:HubPointers",
    gives=PointedAttention,
    paper=_DIAL,
)
HUB_LM_LAWS = replace(
    HUB_LM,
    name="hf-causal-lm-laws",
    summary="causal model of transformers as it is: laws of the next token",
    implementation="harness_lm.hub:HubLMLaws",
    settings="harness_lm.settings:HubLaws",
    gives=TokenLaws,
)
HUB_LM_HEAD = replace(
    HUB_LM,
    name="hf-causal-lm-head",
    summary="causal model of transformers as it is: what its output layer reads",
    implementation="harness_lm.hub:HubLMHead",
    settings="harness_lm.settings:HubHead",
    gives=HeadStates,
)

HUB_COMPRESSOR = ModelSpec(
    name="hf-compressor",
    summary="causal models of transformers that compress contexts, judge compressions, and answer",
    implementation="harness_lm.compressor:HubCompressor",
    settings="harness_lm.settings:HubCompressor",
    reads=Contexts,
    gives=ChannelLogLikelihoods,
    requires=("tokenizers", "torch", "transformers"),
    install=_INSTALL,
    keep=True,
    paper=_COMPRESSION,
)
HUB_RESEARCH = replace(
    HUB_COMPRESSOR,
    name="hf-research",
    summary="causal models that divide a question, compress what is retrieved, and answer it",
    implementation="harness_lm.research:HubResearch",
    settings="harness_lm.settings:HubResearch",
    plan=False,
)
TINY_COMPRESSOR = ModelSpec(
    name="tiny-compressor",
    summary="small transformers trained here that compress contexts and answer from what is left",
    implementation="harness_lm.tiny_compressor:TinyCompressor",
    settings="harness_lm.settings:TinyCompressor",
    reads=Contexts,
    gives=ChannelLogLikelihoods,
    needs=("split",),
    requires=("safetensors", "torch"),
    install=_INSTALL,
    keep=True,
    paper=_COMPRESSION,
)

STATE_SAMPLES = ModelSpec(
    name="state-samples",
    summary="hidden states as samples, one for each token",
    implementation="harness_lm.states:StateSamples",
    settings="harness_lm.settings:Tokens",
    reads=HiddenStates,
    gives=Samples,
)
STATE_NEXT = ModelSpec(
    name="state-next",
    summary="pairs of a hidden state and the code of the next token",
    implementation="harness_lm.states:StateAndNext",
    settings="harness_lm.settings:Tokens",
    reads=HiddenStates,
    gives=PairedSamples,
)

CROSS_ENTROPY_ESTIMATE = EstimatorSpec(
    name="cross-entropy",
    summary="nats that a model needs for each symbol of the data",
    implementation="harness_lm.cross_entropy:CrossEntropy",
    settings="harness_lm.settings:Skipping",
    reads=(TokenLogProbabilities, AttentionProfile),
    gives=Estimate,
    quantity=CROSS_ENTROPY,
    traits=("deterministic", "permutation-invariant"),
)


@_hookimpl
def harness_models() -> Iterable[ModelSpec]:
    """Language models, compressors, and hidden states as plain samples."""
    return (
        TINY_LM,
        TINY_LM_STATES,
        TINY_LM_ATTENTION,
        TINY_LM_MAPS,
        TINY_LM_POINTERS,
        TINY_LM_LAWS,
        TINY_LM_HEAD,
        HUB_LM,
        HUB_LM_STATES,
        HUB_LM_ATTENTION,
        HUB_LM_MAPS,
        HUB_LM_POINTERS,
        HUB_LM_LAWS,
        HUB_LM_HEAD,
        HUB_COMPRESSOR,
        HUB_RESEARCH,
        TINY_COMPRESSOR,
        STATE_SAMPLES,
        STATE_NEXT,
    )


@_hookimpl
def harness_estimators() -> Iterable[EstimatorSpec]:
    """Cross-entropy."""
    return (CROSS_ENTROPY_ESTIMATE,)
