"""Plugin `lm`: language models, small ones trained here and causal models of transformers, and
their cross-entropy.
"""

from __future__ import annotations

from collections.abc import Iterable

from harness import (
    AttentionMaps,
    AttentionProfile,
    ChannelLogLikelihoods,
    Contexts,
    Estimate,
    EstimatorSpec,
    HiddenStates,
    Kind,
    ModelSpec,
    PairedSamples,
    Param,
    Samples,
    TokenLogProbabilities,
    TokenSequences,
)
from harness import hookimpl as _hookimpl
from harness.quantities import CROSS_ENTROPY

HARNESS_API = 1

_PAPER = "N. Jha & B. Reagen, Entropy-Guided Attention for Private LLMs, arXiv:2501.03489 (2025)"
_COMPRESSION = "S. He et al., An Information Theoretic Perspective on Agentic System Design, arXiv:2512.21720 (2025)"
_TINY = (
    Param("layers", int, 2, "blocks", low=1),
    Param("heads", int, 4, "heads of a block", low=1),
    Param("width", int, 64, "of the hidden states; a multiple of heads", low=1),
    Param("window", int, 64, "tokens that the network can see", low=2),
    Param("norm", str, "layer", "normalisation of hidden states", choices=("layer", "none")),
    Param(
        "activation", str, "gelu", "in the feed-forward part", choices=("gelu", "relu", "identity")
    ),
    Param(
        "feed_forward",
        str,
        "standard",
        "plain; with learned scales; or scaled and fused into one map",
        choices=("standard", "scaled", "fused"),
    ),
    Param(
        "weight_norm",
        str,
        "none",
        "of linear maps, static in use",
        choices=("none", "weight", "spectral"),
    ),
    Param(
        "normalised",
        str,
        "ffn",
        "maps with weight_norm: feed-forward; queries, keys, values and output of attention",
        choices=("ffn", "qk", "qk-ffn", "qkv-ffn", "qkvo-ffn"),
    ),
    Param(
        "temperature",
        str,
        "fixed",
        "of the softmax, by head and place where learned",
        choices=("fixed", "learned"),
    ),
    Param("temperature_start", float, 1.0, "of learned temperatures", above=0.0),
    Param(
        "entropy_penalty",
        float,
        0.0,
        "weight of the penalty on head entropies in the loss",
        low=0.0,
    ),
    Param("entropy_margin", float, 0.2, "zone without penalty, as a share of the maximum", low=0.0),
    Param(
        "entropy_reference",
        str,
        "log",
        "the maximum: ln t, or what causal rows reach",
        choices=("log", "causal"),
    ),
    Param(
        "threshold_start",
        float,
        0.5,
        "of the learned targets, as a share of the maximum",
        low=0.0,
        high=1.0,
    ),
    Param(
        "tokenizer",
        str,
        "native",
        "symbols as they are, or byte pairs of the training text",
        choices=("native", "pairs"),
    ),
    Param("vocabulary", int, 512, "tokens of byte pairs", low=2),
    Param(
        "steps", int, 400, "of AdamW; the rate warms up for a twentieth and falls to zero", low=1
    ),
    Param("batch", int, 16, "windows per step", low=1),
    Param("learning_rate", float, 1e-3, "of AdamW at its highest", above=0.0),
    Param(
        "weight_decay", float, 0.1, "of AdamW; scales, temperatures and norms are spared", low=0.0
    ),
    Param("training_seed", int, 0, "of weights and batches, with the training data", low=0),
    Param("checkpoint", str, "", "a file of the cache to use instead of training"),
    Param("device", str, "cpu", "where the network runs", choices=("cpu", "cuda")),
)
_HUB = (
    Param("model", str, "", "folder of a checkpoint, or an id of the hub"),
    Param(
        "window",
        int,
        0,
        "tokens that are read together; 0 for what the model allows, up to 1024",
        low=0,
    ),
    Param("dtype", str, "float32", "of the weights", choices=("float32", "bfloat16", "float16")),
    Param("device", str, "cpu", "where the model runs", choices=("cpu", "cuda")),
)
_WINDOWS = Param("limit", int, 64, "most windows that are looked at, evenly spread", low=1)
_LAYER = Param("layer", int, -1, "0 is the embedding; negative numbers count from the last block")
_OUTPUTS: tuple[tuple[str, str, type[Kind], tuple[Param, ...], str], ...] = (
    ("", "", TokenLogProbabilities, (), "log-probabilities of the tokens"),
    ("-states", "States", HiddenStates, (_LAYER,), "hidden states of a layer"),
    (
        "-attention",
        "Attention",
        AttentionProfile,
        (_WINDOWS,),
        "entropies of attention rows, streamed by layer",
    ),
    (
        "-maps",
        "Maps",
        AttentionMaps,
        (Param("limit", int, 8, "most windows that are looked at, evenly spread", low=1),),
        "whole attention maps",
    ),
)


@_hookimpl
def harness_models() -> Iterable[ModelSpec]:
    """Language models by what they hand on, and hidden states as plain samples."""
    for ending, suffix, kind, more, what in _OUTPUTS:
        yield ModelSpec(
            name=f"tiny-lm{ending}",
            summary=f"a small transformer, trained on the training part: {what}",
            implementation=f"harness_lm.tiny:TinyLM{suffix}",
            reads=TokenSequences,
            gives=kind,
            params=(*_TINY, *more),
            # The weights depend on training_seed and the data alone, so that all paths share one
            # network.
            traits=("deterministic",),
            needs=("split",),
            requires=("safetensors", "tokenizers", "torch"),
            install="infoharness[lm]",
            paper=_PAPER,
        )
    for ending, suffix, kind, more, what in _OUTPUTS:
        yield ModelSpec(
            name=f"hf-causal-lm{ending}",
            summary=f"a causal model of transformers as it is: {what}",
            implementation=f"harness_lm.hub:HubLM{suffix}",
            reads=TokenSequences,
            gives=kind,
            params=(*_HUB, *more),
            traits=("deterministic",),
            requires=("tokenizers", "torch", "transformers"),
            install="infoharness[lm]",
        )
    yield ModelSpec(
        name="hf-compressor",
        summary="causal models of transformers compress contexts, judge what was written, and answer from it",
        implementation="harness_lm.compressor:HubCompressor",
        reads=Contexts,
        gives=ChannelLogLikelihoods,
        params=(
            Param("model", str, "", "the compressor: folder of a checkpoint, or an id of the hub"),
            Param(
                "evaluator",
                str,
                "",
                "the model whose log-likelihoods count; empty for the compressor",
            ),
            Param(
                "predictor", str, "", "the model that answers from a compression; empty for none"
            ),
            Param("draws", int, 4, "compressions of each context", low=1),
            Param("max_tokens", int, 64, "most tokens of a compression", low=1),
            Param("temperature", float, 1.0, "of the draws; 0 for the likeliest token", low=0.0),
            Param(
                "answers",
                str,
                "text",
                "how the predictor chooses: by an option's text, or its letter in a list",
                choices=("text", "letters"),
            ),
            *_HUB[2:],
        ),
        requires=("tokenizers", "torch", "transformers"),
        install="infoharness[lm]",
        keep=True,
        paper=_COMPRESSION,
    )
    yield ModelSpec(
        name="tiny-compressor",
        summary="small transformers, trained on the training part, compress contexts and answer from what is left",
        implementation="harness_lm.tiny_compressor:TinyCompressor",
        reads=Contexts,
        gives=ChannelLogLikelihoods,
        params=(
            Param(
                "sentences", int, 1, "of the extracts that the compressor learns to write", low=1
            ),
            Param("draws", int, 4, "compressions of each context", low=1),
            Param("temperature", float, 1.0, "of the draws; 0 for the likeliest token", low=0.0),
            Param("layers", int, 1, "blocks of both networks", low=1),
            Param("heads", int, 2, "heads of a block", low=1),
            Param("width", int, 32, "of the hidden states; a multiple of heads", low=1),
            Param("steps", int, 600, "of training the compressor", low=1),
            Param("predictor_steps", int, 600, "of training the predictor", low=1),
            Param("batch", int, 32, "sequences per step", low=1),
            Param("learning_rate", float, 1e-2, "of AdamW at its highest", above=0.0),
            Param("training_seed", int, 0, "of weights and batches, with the training data", low=0),
            Param("device", str, "cpu", "where the networks run", choices=("cpu", "cuda")),
        ),
        needs=("split",),
        requires=("safetensors", "torch"),
        install="infoharness[lm]",
        keep=True,
        paper=_COMPRESSION,
    )
    for name, suffix, gives, what in (
        ("state-samples", "StateSamples", Samples, "hidden states as samples, one per token"),
        (
            "state-next",
            "StateAndNext",
            PairedSamples,
            "pairs of a hidden state and the code of the next token",
        ),
    ):
        yield ModelSpec(
            name=name,
            summary=what,
            implementation=f"harness_lm.states:{suffix}",
            reads=HiddenStates,
            gives=gives,
            params=(
                Param("limit", int, 2000, "most tokens that are kept, drawn at random", low=2),
            ),
        )


@_hookimpl
def harness_estimators() -> Iterable[EstimatorSpec]:
    """Cross-entropy."""
    yield EstimatorSpec(
        name="cross-entropy",
        summary="nats that a model needs per symbol of the data",
        implementation="harness_lm.cross_entropy:CrossEntropy",
        params=(Param("skip", int, 0, "leave out tokens with fewer tokens before them", low=0),),
        reads=(TokenLogProbabilities, AttentionProfile),
        gives=Estimate,
        quantity=CROSS_ENTROPY,
        traits=("deterministic", "permutation-invariant"),
    )
