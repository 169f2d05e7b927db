"""Neutral tasks on networks: layers whose number of features is known, or follows from how they were trained."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from harness import Activations, ModelSpec, PairedSamples, Param, Samples, TaskSpec
from harness import hookimpl as _hookimpl
from harness.quantities import EFFECTIVE_FEATURES

HARNESS_API = 1

_PAPER = "L. Bereska et al., Superposition as Lossy Compression, TMLR 2025, arXiv:2512.13568"
_TOY = "N. Elhage et al., Toy Models of Superposition, 2022, arXiv:2209.10652"

_BASELINES = (
    "superposition/effective-rank",
    "superposition/participation-ratio",
    "superposition/two-nn",
)
_TORCH = {"requires": ("torch",), "install": "infoharness[networks]"}


def _task(name: str, summary: str, implementation: str, *params: Param, **more: Any) -> TaskSpec:
    settings: dict[str, Any] = {"paper": _PAPER, "baselines": _BASELINES} | more
    return TaskSpec(
        name=name,
        summary=summary,
        implementation=f"harness_networks.{implementation}",
        params=params,
        gives=Activations,
        quantities=(EFFECTIVE_FEATURES,),
        **settings,
    )


@_hookimpl
def harness_models() -> Iterable[ModelSpec]:
    """Activations for estimators that know nothing of networks."""
    yield ModelSpec(
        name="units",
        summary="activations as samples, without the units that never vary",
        implementation="harness_networks.views:Units",
        reads=Activations,
        gives=Samples,
        traits=("deterministic", "permutation-invariant"),
    )
    yield ModelSpec(
        name="units-labels",
        summary="activations and the label of the input as pairs",
        implementation="harness_networks.views:UnitsLabels",
        reads=Activations,
        gives=PairedSamples,
        traits=("deterministic", "permutation-invariant"),
    )


@_hookimpl
def harness_tasks() -> Iterable[TaskSpec]:
    """The tasks of this plugin."""
    yield _task(
        "toy-superposition",
        "toy models of superposition over sparsity; the number of features is read off their weights",
        "toy:ToySuperposition",
        Param("models", int, 16, "one for each sparsity between 0.001 and 0.999", low=2),
        Param("features", int, 20, "features M", low=1),
        Param("units", int, 5, "units N", low=1),
        Param(
            "importance",
            float,
            0.7,
            "factor between the importances of neighbouring features",
            above=0.0,
            high=1.0,
        ),
        Param("n", int, 4000, "samples per case", low=2),
        Param("steps", int, 4000, "steps of Adam", low=0),
        Param("batch", int, 256, "samples per step", low=1),
        Param("learning_rate", float, 5e-3, "of Adam", above=0.0),
        paper=f"{_TOY}; {_PAPER}",
        **_TORCH,
    )
    yield _task(
        "known-codes",
        "sparse codes of a chosen number of features, compressed into fewer units",
        "codes:KnownCodes",
        Param("n", int, 8000, "samples per case", low=2),
        Param("only", tuple[str, ...], (), "ids of cases; empty for all"),
    )
    yield _task(
        "dropout-parity",
        "the hidden layer of multi-task sparse parity, by width and rate of dropout",
        "parity:DropoutParity",
        Param("widths", tuple[int, ...], (32, 64), "widths of the hidden layer", low=1),
        Param(
            "rates", tuple[float, ...], (0.0, 0.2, 0.5, 0.8), "rates of dropout", low=0.0, high=0.99
        ),
        Param(
            "sites",
            tuple[str, ...],
            ("post", "pre"),
            "after or before the ReLU",
            choices=("post", "pre"),
        ),
        Param("n", int, 4000, "samples per case, of the 12,288 inputs", low=2),
        Param("epochs", int, 60, "passes of the training (the paper: 300)", low=0),
        Param("batch", int, 64, "samples per step", low=1),
        Param("learning_rate", float, 1e-3, "of Adam", above=0.0),
        **_TORCH,
    )
    yield _task(
        "grokking",
        "the hidden layer of modular addition over training, from learning by heart to the rule",
        "grokking:Grokking",
        Param("modulus", int, 53, "p of (a + b) mod p", low=2),
        Param("units", int, 48, "width of the hidden layer", low=1),
        Param("share", float, 0.4, "share of the pairs that is learnt from", above=0.0, high=0.99),
        Param(
            "steps",
            tuple[int, ...],
            (0, 100, 300, 1000, 2000, 4000, 6000, 8000, 10000, 12000, 14000, 16000, 18000, 20000),
            "when the layer is looked at; the last ends the training",
            low=0,
        ),
        Param("batch", int, 128, "pairs per step", low=1),
        Param("learning_rate", float, 5e-3, "of Adam", above=0.0),
        Param("weight_decay", float, 1e-3, "of Adam (the paper: 2e-4)", low=0.0),
        Param(
            "inputs",
            str,
            "all",
            "the pairs that the layer is looked at on",
            choices=("all", "train"),
        ),
        Param("draws", int, 500, "Langevin draws for the learning coefficient; 0 for none", low=0),
        **_TORCH,
    )
    yield _task(
        "adversarial-digits",
        "the hidden layer of classifiers of digits, by classes, width and size of the attack that they were trained on",
        "digits:AdversarialDigits",
        Param(
            "classes",
            tuple[int, ...],
            (2, 10),
            "numbers of classes, from digit 0 up",
            low=2,
            high=10,
        ),
        Param("widths", tuple[int, ...], (8, 32, 128), "widths of the hidden layer", low=1),
        Param(
            "epsilons",
            tuple[float, ...],
            (0.0, 0.1, 0.2, 0.3),
            "sizes of the attack, of 0 .. 1 pixels",
            low=0.0,
            high=1.0,
        ),
        Param("epochs", int, 60, "passes of the training", low=0),
        Param("attack_steps", int, 10, "of the attack", low=1),
        Param("batch", int, 64, "digits per step", low=1),
        Param(
            "learning_rate",
            float,
            0.05,
            "of gradient descent with momentum 0.9, divided by 10 twice",
            above=0.0,
        ),
        requires=("sklearn", "torch"),
        install="infoharness[networks]",
    )
    yield _task(
        "lm-layers",
        "hidden states of a causal language model, layer by layer: the embedded one, or a checkpoint",
        "language:LMLayers",
        Param(
            "model",
            str,
            "tiny-lm",
            "tiny-lm; a folder of a transformers checkpoint with its tokenizer; or a hub id",
        ),
        Param("text", str, "", "a UTF-8 file; empty for the language reference inside Python"),
        Param(
            "layers",
            tuple[str, ...],
            (),
            "globs of hidden-00, hidden-01 ... and modules; empty for all hidden states",
        ),
        Param("tokens", int, 4000, "samples per case", low=2),
        Param("window", int, 64, "tokens that the model sees at a time", low=2),
        Param("skip", int, 1, "tokens at the start of a window that are left out", low=0),
        uses=("language/pydoc-text", "lm/tiny-lm-states"),
        requires=("torch", "transformers"),
        install="infoharness[lm]",
    )
