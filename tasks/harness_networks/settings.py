"""Parameters: each is declared here once, and inherited by the classes that use it."""

from dataclasses import dataclass
from typing import Literal

from harness import Device, param


@dataclass(frozen=True, kw_only=True)
class Toy:
    """The toy models of superposition."""

    models: int = param(
        16, "number of models, one for each sparsity between 0.001 and 0.999", low=2
    )
    features: int = param(20, "number of features M", low=1)
    units: int = param(5, "number of units N", low=1)
    importance: float = param(
        0.7, "factor between the importances of successive features", above=0.0, high=1.0
    )
    n: int = param(4000, "number of samples in each case", low=2)
    steps: int = param(4000, "number of steps of Adam", low=0)
    batch: int = param(256, "number of samples in each step", low=1)
    learning_rate: float = param(5e-3, "learning rate of Adam", above=0.0)


@dataclass(frozen=True, kw_only=True)
class ToySuperposition(Device, Toy):
    """Parameters of the task `toy-superposition`."""


@dataclass(frozen=True, kw_only=True)
class KnownCodes:
    """Parameters of the task `known-codes`."""

    n: int = param(8000, "number of samples in each case", low=2)
    only: tuple[str, ...] = param((), "ids of the cases that are used; empty for all")


@dataclass(frozen=True, kw_only=True)
class KnownDictionaries:
    """Parameters of the task `known-dictionaries`."""

    n: int = param(8000, "number of samples in each case", low=2)
    features: int = param(40, "number of features", low=2)
    units: int = param(20, "number of units", low=2)
    rate: float = param(0.05, "how often a feature is active", above=0.0, high=0.5)
    family: int = param(4, "number of features in a family", low=2)
    correlation: float = param(
        0.8, "correlation of the normal variables of a family", low=0.0, high=0.99
    )


@dataclass(frozen=True, kw_only=True)
class Parity:
    """The networks of sparse parity."""

    widths: tuple[int, ...] = param((32, 64), "widths of the hidden layer", low=1)
    rates: tuple[float, ...] = param((0.0, 0.2, 0.5, 0.8), "dropout rates", low=0.0, high=0.99)
    sites: tuple[Literal["post", "pre"], ...] = param(
        ("post", "pre"), "whether activations are taken after or before the ReLU"
    )
    n: int = param(4000, "number of samples in each case, of the 12,288 inputs", low=2)
    epochs: int = param(60, "number of passes over the training inputs (300 in the paper)", low=0)
    batch: int = param(64, "number of samples in each step", low=1)
    learning_rate: float = param(1e-3, "learning rate of Adam", above=0.0)


@dataclass(frozen=True, kw_only=True)
class DropoutParity(Device, Parity):
    """Parameters of the task `dropout-parity`."""


@dataclass(frozen=True, kw_only=True)
class Addition:
    """The network of modular addition."""

    modulus: int = param(53, "modulus p of (a + b) mod p", low=2)
    units: int = param(48, "width of the hidden layer", low=1)
    share: float = param(
        0.4, "share of the pairs that the network is trained on", above=0.0, high=0.99
    )
    steps: tuple[int, ...] = param(
        (0, 100, 300, 1000, *range(2000, 20001, 2000)),
        "training steps at which the layer is taken, one case each; the last ends the training",
        low=0,
    )
    batch: int = param(128, "number of pairs in each step", low=1)
    learning_rate: float = param(5e-3, "learning rate of Adam", above=0.0)
    weight_decay: float = param(1e-3, "weight decay of Adam (2e-4 in the paper)", low=0.0)
    inputs: Literal["all", "train"] = param("all", "pairs on which the layer is taken")
    draws: int = param(
        500, "number of Langevin draws for the learning coefficient; 0 for none", low=0
    )


@dataclass(frozen=True, kw_only=True)
class Grokking(Device, Addition):
    """Parameters of the task `grokking`."""


@dataclass(frozen=True, kw_only=True)
class Hardening:
    """Training on clean and attacked pictures."""

    epsilons: tuple[float, ...] = param(
        (0.0, 0.1, 0.2, 0.3),
        "largest changes of a pixel by the attack, where pixels are 0 to 1",
        low=0.0,
        high=1.0,
    )
    epochs: int = param(60, "number of passes over the training pictures (100 in the paper)", low=0)
    attack_steps: int = param(10, "number of gradient steps of the attack (40 in the paper)", low=1)
    batch: int = param(64, "number of pictures in each step", low=1)
    learning_rate: float = param(
        0.05,
        "learning rate of gradient descent with momentum 0.9, which is divided by 10 twice",
        above=0.0,
    )


@dataclass(frozen=True, kw_only=True)
class AdversarialDigits(Device, Hardening):
    """Parameters of the task `adversarial-digits`."""

    classes: tuple[int, ...] = param((2, 10), "numbers of classes, from digit 0 up", low=2, high=10)
    widths: tuple[int, ...] = param((8, 32, 128), "widths of the hidden layer", low=1)


@dataclass(frozen=True, kw_only=True)
class AdversarialConvolutions(Device, Hardening):
    """Parameters of the task `adversarial-convolutions`."""

    path: str = param(
        "",
        "file of pictures in MNIST's format (train-images-idx3-ubyte), with that of the labels "
        "beside it; empty for scikit-learn's digits",
    )
    limit: int = param(0, "number of pictures that are drawn from the file; 0 for all", low=0)
    classes: tuple[int, ...] = param((2, 10), "numbers of classes, from label 0 up", low=2)
    channels: tuple[int, ...] = param(
        (8, 16, 32), "capacities: numbers of channels of the first convolution", low=1
    )
    depth: Literal["one", "two"] = param(
        "one",
        "network: one 5x5 convolution, or two 3x3 ones (the second with twice the channels) and a "
        "hidden layer of four times the channels",
    )
    n: int = param(8000, "number of positions that are drawn from the maps of all pictures", low=2)


@dataclass(frozen=True, kw_only=True)
class CompiledTransformers:
    """Compiled transformers, and how their residual streams are compressed."""

    programs: tuple[Literal["reverse", "sort"], ...] = param(
        ("reverse",), "functions of the transformers"
    )
    path: str = param(
        "", "NPZ or safetensors file of a transformer for the program; empty for one compiled here"
    )
    tokens: int = param(5, "number of tokens besides the start token", low=2)
    length: int = param(5, "largest number of tokens in an input", low=1)
    widths: tuple[int, ...] = param(
        (0, 24, 20, 16, 12, 8),
        "numbers of units that the residual stream is compressed into; 0 for the stream as it is",
        low=0,
    )
    n: int = param(8000, "number of positions in each case, drawn from all inputs", low=2)
    steps: int = param(2000, "number of steps of Adam", low=0)
    batch: int = param(64, "number of inputs in each step", low=1)
    learning_rate: float = param(
        3e-3, "learning rate of Adam, which falls to a twentieth", above=0.0
    )


@dataclass(frozen=True, kw_only=True)
class Text:
    """A language model, and what it reads."""

    model: str = param(
        "tiny-lm",
        "tiny-lm, or a transformers checkpoint: a folder with model and tokenizer, or a hub id",
    )
    text: str = param("", "UTF-8 file that is read; empty for Python's own language reference")
    layers: tuple[str, ...] = param(
        (), "globs of hidden-00, hidden-01 ... and module names; empty for all hidden states"
    )
    tokens: int = param(4000, "number of tokens in each case", low=2)
    window: int = param(64, "number of tokens that the model sees at a time", low=2)
    skip: int = param(1, "number of tokens at the start of a window that are left out", low=0)


@dataclass(frozen=True, kw_only=True)
class LMLayers(Device, Text):
    """Parameters of the task `lm-layers`."""


@dataclass(frozen=True, kw_only=True)
class OwnActivations:
    """Parameters of the task `activations`."""

    path: str = param("", "file with an array per layer: .npz, .npy or .safetensors")
    layers: tuple[str, ...] = param((), "globs of the names of arrays; empty for all")
    labels: str = param("", "array of the classes of the inputs; empty for labels, y or targets")


@dataclass(frozen=True, kw_only=True)
class PerceptronLayers(OwnActivations):
    """Parameters of the task `perceptron-layers`."""

    path: str = param("", "file with the inputs, and labels where known: .npz or .safetensors")
    weights: str = param("", "file with the weights and biases of linear layers, likewise")
    layers: tuple[str, ...] = param((), "globs of the names of hidden layers; empty for all")
    inputs: str = param("x", "array of the inputs, a row for each")
    activation: Literal["relu", "tanh"] = param("relu", "function between the layers")


@dataclass(frozen=True, kw_only=True)
class OwnPlane(OwnActivations):
    """Parameters of the task `activation-plane`."""

    inputs: str = param("x", "array of the inputs, a row for each")
    train_share: float = param(
        0.5, "share of the inputs that compressors are fitted on", above=0.0, high=0.99
    )
