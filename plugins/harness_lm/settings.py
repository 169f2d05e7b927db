"""Settings of the language models: each parameter is declared here once."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from typing import Literal

from harness import Device, param


@dataclass(frozen=True, kw_only=True)
class Shape:
    """The shape of a small transformer, and the parts of it that can be switched."""

    layers: int = param(2, "number of transformer blocks", low=1)
    heads: int = param(4, "number of attention heads in a block", low=1)
    width: int = param(64, "width of the hidden states; a multiple of heads", low=1)
    window: int = param(64, "number of tokens that the network can see", low=2)
    norm: Literal["layer", "none"] = param("layer", "normalization of the hidden states")
    activation: Literal["gelu", "relu", "identity"] = param(
        "gelu", "activation function of the feed-forward part"
    )
    feed_forward: Literal["standard", "scaled", "fused", "none"] = param(
        "standard",
        "feed-forward part: the usual one, one with learned scales, a scaled one whose two "
        "linear maps are fused into one, or none",
    )
    weight_norm: Literal["none", "weight", "spectral"] = param(
        "none", "normalization of the weights of linear maps, which costs nothing at inference"
    )
    normalised: Literal["ffn", "qk", "qk-ffn", "qkv-ffn", "qkvo-ffn"] = param(
        "ffn",
        "maps that weight_norm applies to: the feed-forward part (ffn), and queries, keys, values "
        "and output of attention (qkvo)",
    )
    temperature: Literal["fixed", "learned"] = param(
        "fixed", "temperature of the softmax: fixed at 1, or learned for each head and position"
    )
    temperature_start: float = param(1.0, "initial value of learned temperatures", above=0.0)
    threshold_start: float = param(
        0.5,
        "initial value of the entropies that the penalty draws heads to, as a share of the maximum",
        low=0.0,
        high=1.0,
    )
    dial_conditioned: bool = param(
        False,
        "whether the network is told the dial: a learned vector, times the dial, is added before "
        "every block, and training draws the dial anew for each batch, uniformly from 0 to 1",
    )


RULE = (
    "previous, same-token, same-token-latest, induction, induction-latest, block-K (tokens "
    "with one quotient by K), or for bytes word, sentence, paragraph, bracket, delimiter"
)


@dataclass(frozen=True, kw_only=True)
class Pointing:
    """A penalty on attention that misses the keys that a rule points to."""

    pointer_penalty: float = param(
        0.0, "weight in the loss of attention outside the targets of pointer_rule", low=0.0
    )
    pointer_form: Literal["mass", "group"] = param(
        "mass",
        "what is penalized: the attention outside the targets, or the Euclidean norms of the "
        "attention on each group of keys other than the query's own",
    )
    pointer_rule: str = param("previous", f"rule that gives targets: {RULE}")
    pointer_layers: tuple[int, ...] = param(
        (), "layers whose attention is penalized, from 0, negative from the last; empty for all"
    )
    pointer_power: float = param(
        0.0, "exponent b of the weight ((l + 1) / layers)^b of layer l in the penalty", low=0.0
    )


@dataclass(frozen=True, kw_only=True)
class Network(Pointing, Shape):
    """A small transformer and its training: all that its weights depend on, apart from the data."""

    entropy_penalty: float = param(
        0.0, "weight in the loss of the penalty on the entropies of attention heads", low=0.0
    )
    entropy_margin: float = param(
        0.2,
        "distance from its target within which a head's entropy has no penalty, as a share of the "
        "maximum",
        low=0.0,
    )
    entropy_reference: Literal["log", "causal"] = param(
        "log",
        "maximum of a head's entropy: ln t for t tokens, or ln(t!)/t, what causal heads can reach",
    )
    tokenizer: Literal["native", "pairs"] = param(
        "native", "tokens: the symbols of the data, or byte pairs learned from the training text"
    )
    vocabulary: int = param(512, "number of tokens of the byte-pair tokenizer", low=2)
    steps: int = param(
        400,
        "number of training steps with AdamW; the learning rate rises for the first twentieth and "
        "then falls to zero",
        low=1,
    )
    batch: int = param(16, "number of windows in a training step", low=1)
    learning_rate: float = param(1e-3, "largest learning rate of AdamW", above=0.0)
    weight_decay: float = param(
        0.1, "weight decay of AdamW; scales, temperatures and norms have none", low=0.0
    )
    training_seed: int = param(
        0, "seed of initial weights and batches, together with the training data", low=0
    )
    checkpoint: str = param("", "trained network to use instead of training: a file of its cache")

    def text(self) -> str:
        """These settings as JSON, without those of a subclass."""
        named = {f.name: getattr(self, f.name) for f in dataclasses.fields(Network)}
        return json.dumps(named, sort_keys=True)


@dataclass(frozen=True, kw_only=True)
class Dial:
    """A bias on the attention of a trained network; no weights depend on it."""

    dial: float = param(0.0, "locality dial: 0 leaves the network as it is", low=0.0, high=1.0)
    dial_bias: Literal["none", "targets", "distance"] = param(
        "none",
        "what the dial takes from attention logits: nothing, dial * beta at keys that are not "
        "targets of the rule, or dial / sigma for each position between query and key",
    )
    beta: float = param(6.0, "bias of keys that are not targets, at dial 1", above=0.0)
    sigma: float = param(4.0, "distance that costs a logit of 1, at dial 1", above=0.0)
    dial_power: float = param(
        0.0, "exponent b of the share ((l + 1) / layers)^b of the dial in layer l", low=0.0
    )
    rule: str = param("previous", f"rule whose targets are favoured and measured: {RULE}")


@dataclass(frozen=True, kw_only=True)
class Moment:
    """When in its training a network is taken."""

    at_step: int = param(
        0, "training step after which the network is taken; 0 for the last one", low=0
    )


@dataclass(frozen=True, kw_only=True)
class TinyLM(Device, Dial, Moment, Network):
    """A small transformer that is trained here."""


@dataclass(frozen=True, kw_only=True)
class Precision:
    """How weights are held."""

    dtype: Literal["float32", "bfloat16", "float16"] = param(
        "float32", "floating-point type of the weights"
    )


@dataclass(frozen=True, kw_only=True)
class Pretrained:
    """A causal model of transformers."""

    model: str = param("", "folder of a checkpoint, or a Hugging Face id")
    window: int = param(
        0,
        "number of tokens that are read together; 0 for what the model allows, up to 1024",
        low=0,
    )


@dataclass(frozen=True, kw_only=True)
class HubLM(Device, Dial, Precision, Pretrained):
    """A causal model of transformers, used as it is."""


@dataclass(frozen=True, kw_only=True)
class Layer:
    """Which hidden states are handed on."""

    layer: int = param(
        -1, "layer: 0 is the embedding, and negative numbers count from the last block"
    )


@dataclass(frozen=True, kw_only=True)
class Profile:
    """How much attention is reduced to a profile."""

    limit: int = param(
        64, "largest number of windows that are read, evenly spread over the data", low=1
    )


@dataclass(frozen=True, kw_only=True)
class Maps(Profile):
    """How many whole attention maps are kept."""

    limit: int = param(
        8, "largest number of windows that are read, evenly spread over the data", low=1
    )


@dataclass(frozen=True, kw_only=True)
class TinyStates(Layer, TinyLM):
    """Hidden states of a trained network."""


@dataclass(frozen=True, kw_only=True)
class TinyAttention(Profile, TinyLM):
    """An attention profile of a trained network."""


@dataclass(frozen=True, kw_only=True)
class TinyMaps(Maps, TinyLM):
    """Attention maps of a trained network."""


@dataclass(frozen=True, kw_only=True)
class HubStates(Layer, HubLM):
    """Hidden states of a model of transformers."""


@dataclass(frozen=True, kw_only=True)
class HubAttention(Profile, HubLM):
    """An attention profile of a model of transformers."""


@dataclass(frozen=True, kw_only=True)
class HubMaps(Maps, HubLM):
    """Attention maps of a model of transformers."""


@dataclass(frozen=True, kw_only=True)
class TinyPointers(Profile, TinyLM):
    """Attention of a trained network, against a rule."""


@dataclass(frozen=True, kw_only=True)
class TinyLaws(Profile, TinyLM):
    """Laws of the next token by a trained network."""


@dataclass(frozen=True, kw_only=True)
class TinyHead(Profile, TinyLM):
    """What the output layer of a trained network reads."""


@dataclass(frozen=True, kw_only=True)
class HubPointers(Profile, HubLM):
    """Attention of a model of transformers, against a rule."""


@dataclass(frozen=True, kw_only=True)
class HubLaws(Maps, HubLM):
    """Laws of the next token by a model of transformers."""


@dataclass(frozen=True, kw_only=True)
class HubHead(Maps, HubLM):
    """What the output layer of a model of transformers reads."""


@dataclass(frozen=True, kw_only=True)
class Tokens:
    """How many tokens are kept as samples."""

    limit: int = param(2000, "largest number of tokens that are kept, drawn at random", low=2)


@dataclass(frozen=True, kw_only=True)
class Skipping:
    """Which tokens count."""

    skip: int = param(0, "number of tokens at the start of each sequence that are left out", low=0)


@dataclass(frozen=True, kw_only=True)
class Roles:
    """Which models take part in a compression."""

    model: str = param("", "model that compresses: folder of a checkpoint, or a Hugging Face id")
    evaluator: str = param(
        "", "model whose log-likelihoods are used, named likewise; empty for the compressor"
    )
    predictor: str = param(
        "", "model that answers from a compression, named likewise; empty for none"
    )


@dataclass(frozen=True, kw_only=True)
class Sampling:
    """How compressions are drawn."""

    draws: int = param(4, "number of compressions of each context", low=1)
    temperature: float = param(
        1.0, "sampling temperature of the compressions; 0 for the likeliest token", low=0.0
    )


@dataclass(frozen=True, kw_only=True)
class Writing:
    """How compressions are written and used."""

    max_tokens: int = param(64, "largest number of tokens of a compression", low=1)
    answers: Literal["text", "letters"] = param(
        "text", "how the predictor chooses: by the text of an option, or by its letter in a list"
    )


@dataclass(frozen=True, kw_only=True)
class HubCompressor(Device, Precision, Writing, Sampling, Roles):
    """Causal models of transformers that compress, judge and answer."""


@dataclass(frozen=True, kw_only=True)
class Research:
    """Workers that read, and a predictor that asks them and answers."""

    workers: tuple[str, ...] = param(
        (),
        "models that compress, named as in hf-compressor: sub-queries go to them in turn",
    )
    predictor: str = param(
        "", "model that divides the question and answers it from the compressions, named likewise"
    )
    channel: int = param(
        0, "sub-query, from 0, whose worker is measured; the answer is from all of them", low=0
    )
    subqueries: int = param(
        3, "largest number of sub-queries that the predictor divides a question into", low=1
    )
    passages: int = param(4, "number of passages that are retrieved for each sub-query", low=2)
    words: int = param(80, "largest number of words of a passage", low=1)
    plan_tokens: int = param(96, "largest number of tokens of the predictor's plan", low=1)


@dataclass(frozen=True, kw_only=True)
class HubResearch(Device, Precision, Writing, Sampling, Research):
    """Causal models of transformers that research a question in documents."""


@dataclass(frozen=True, kw_only=True)
class Extracts:
    """Two small networks that learn from extracts."""

    sentences: int = param(
        1, "number of sentences in the extracts that the compressor learns to write", low=1
    )
    layers: int = param(1, "number of transformer blocks in both networks", low=1)
    heads: int = param(2, "number of attention heads in a block", low=1)
    width: int = param(32, "width of the hidden states; a multiple of heads", low=1)
    steps: int = param(600, "number of training steps of the compressor", low=1)
    predictor_steps: int = param(600, "number of training steps of the predictor", low=1)
    batch: int = param(32, "number of sequences in a training step", low=1)
    learning_rate: float = param(1e-2, "largest learning rate of AdamW", above=0.0)
    training_seed: int = param(
        0, "seed of initial weights and batches, together with the training data", low=0
    )


@dataclass(frozen=True, kw_only=True)
class TinyCompressor(Device, Extracts, Sampling):
    """Small transformers that compress and answer."""
