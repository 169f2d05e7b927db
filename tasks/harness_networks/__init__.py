"""Neutral tasks on networks: layers with a number of features that is known, or is to be expected.

It is expected where it follows from how the network was trained.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from harness import Activations, ModelSpec, PairedSamples, Samples, TaskSpec
from harness import hookimpl as _hookimpl
from harness.quantities import EFFECTIVE_FEATURES, MUTUAL_INFORMATION

HARNESS_API = 1

_PAPER = "L. Bereska et al., Superposition as Lossy Compression, TMLR 2025, arXiv:2512.13568"
_TOY = "N. Elhage et al., Toy Models of Superposition, 2022, arXiv:2209.10652"
_LAYER: dict[str, Any] = {
    "gives": Activations,
    "quantities": (EFFECTIVE_FEATURES,),
    "baselines": (
        "superposition/effective-rank",
        "superposition/participation-ratio",
        "superposition/two-nn",
    ),
}
_TORCH: dict[str, Any] = {"requires": ("torch",), "install": "infoharness[networks]"}

MODELS = (
    ModelSpec(
        name="units",
        summary="activations as samples, without the units that never vary",
        implementation="harness_networks.views:Units",
        reads=Activations,
        gives=Samples,
        traits=("deterministic", "permutation-invariant"),
    ),
    ModelSpec(
        name="units-labels",
        summary="activations and the label of the input as pairs",
        implementation="harness_networks.views:UnitsLabels",
        reads=Activations,
        gives=PairedSamples,
        traits=("deterministic", "permutation-invariant"),
    ),
)

TASKS = (
    TaskSpec(
        name="activations",
        files={"path": (".npz", ".npy", ".safetensors")},
        summary="layers of your own, from a file of arrays, with labels where it has them",
        implementation="harness_networks.own:OwnActivations",
        settings="harness_networks.settings:OwnActivations",
        plan=False,
        **_LAYER,
    ),
    TaskSpec(
        name="activation-plane",
        files={"path": (".npz", ".safetensors")},
        summary="information plane of your own activations: I(X;L) and I(L;Y) by layer and epoch",
        implementation="harness_networks.own:OwnPlane",
        settings="harness_networks.settings:OwnPlane",
        gives=PairedSamples,
        quantities=(MUTUAL_INFORMATION,),
        traits=("split",),
        plan=False,
    ),
    TaskSpec(
        name="perceptron-layers",
        files={
            "path": (".npz", ".safetensors"),
            "weights": (".npz", ".safetensors"),
        },
        summary="hidden layers of a multilayer perceptron, from files of its weights and inputs",
        implementation="harness_networks.perceptron:PerceptronLayers",
        settings="harness_networks.settings:PerceptronLayers",
        plan=False,
        **_LAYER,
    ),
    TaskSpec(
        name="toy-superposition",
        summary="toy models of superposition by sparsity, with truths read off their weights",
        implementation="harness_networks.toy:ToySuperposition",
        settings="harness_networks.settings:ToySuperposition",
        paper=f"{_TOY}; {_PAPER}",
        **_LAYER,
        **_TORCH,
    ),
    TaskSpec(
        name="known-codes",
        summary="sparse codes of a chosen number of features, compressed into fewer units",
        implementation="harness_networks.codes:KnownCodes",
        settings="harness_networks.settings:KnownCodes",
        paper=_PAPER,
        **_LAYER,
    ),
    TaskSpec(
        name="known-dictionaries",
        summary="layers of a known dictionary, of independent, correlated and nested features",
        implementation="harness_networks.dictionaries:KnownDictionaries",
        settings="harness_networks.settings:KnownDictionaries",
        plan=False,
        **_LAYER,
    ),
    TaskSpec(
        name="dropout-parity",
        summary="hidden layer of multi-task sparse parity, by width and dropout rate",
        implementation="harness_networks.parity:DropoutParity",
        settings="harness_networks.settings:DropoutParity",
        paper=_PAPER,
        **_LAYER,
        **_TORCH,
    ),
    TaskSpec(
        name="grokking",
        summary="hidden layer of modular addition over training, from memorization to the rule",
        implementation="harness_networks.grokking:Grokking",
        settings="harness_networks.settings:Grokking",
        paper=_PAPER,
        **_LAYER,
        **_TORCH,
    ),
    TaskSpec(
        name="adversarial-digits",
        summary="hidden layer of classifiers trained on attacked digits, by classes, width, attack",
        implementation="harness_networks.digits:AdversarialDigits",
        settings="harness_networks.settings:AdversarialDigits",
        requires=("sklearn", "torch"),
        install="infoharness[networks]",
        paper=_PAPER,
        **_LAYER,
    ),
    TaskSpec(
        name="adversarial-convolutions",
        summary="maps of convolutional classifiers trained on attacked pictures, by capacity",
        implementation="harness_networks.convolutions:AdversarialConvolutions",
        settings="harness_networks.settings:AdversarialConvolutions",
        requires=("sklearn", "torch"),
        install="infoharness[networks]",
        paper=_PAPER,
        plan=False,
        **_LAYER,
    ),
    TaskSpec(
        name="compiled-transformers",
        files={"path": (".npz", ".safetensors")},
        summary="residual stream of a transformer that computes a program exactly, compressed",
        implementation="harness_networks.compressed:CompiledTransformers",
        settings="harness_networks.settings:CompiledTransformers",
        paper=f"D. Lindner et al., Tracr, NeurIPS 2023, arXiv:2301.05062; {_PAPER}",
        plan=False,
        **_LAYER,
        **_TORCH,
    ),
    TaskSpec(
        name="lm-layers",
        files={"model": ("/",), "text": (".txt", ".md")},
        summary="hidden states of a causal language model, embedded or from a checkpoint, by layer",
        implementation="harness_networks.language:LMLayers",
        settings="harness_networks.settings:LMLayers",
        uses=("language/pydoc-text", "lm/tiny-lm-states"),
        requires=("torch", "transformers"),
        install="infoharness[lm]",
        paper=_PAPER,
        **_LAYER,
    ),
)


@_hookimpl
def harness_models() -> Iterable[ModelSpec]:
    """Activations for estimators that know nothing of networks."""
    return MODELS


@_hookimpl
def harness_tasks() -> Iterable[TaskSpec]:
    """The tasks of this plugin."""
    return TASKS
