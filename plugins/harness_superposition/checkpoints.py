"""Autoencoders in files: our own safetensors, and folders that the common libraries save.

Read are: our file; a folder with ``cfg.json`` and ``sae_weights.safetensors`` (SAELens:
architectures standard, topk, jumprelu); a folder with ``config.json`` and ``ae.pt``
(dictionary_learning, whose autoencoders the paper takes for Pythia).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from harness import UsageError
from harness.files import read_json
from harness_superposition.dictionary import Dictionaries

FORMAT = "infoharness-dictionaries-1"
_ARRAYS = ("encoder", "bias", "decoder", "offset", "threshold", "gain")
_CLASSES = ("AutoEncoder", "AutoEncoderTopK")
"""Of dictionary_learning."""
_LENS = {"standard": "relu", "topk": "topk", "jumprelu": "jumprelu"}


def write(path: str | Path, saes: Dictionaries) -> None:
    """Write autoencoders to a safetensors file. Raises `UsageError` where that cannot be."""
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    arrays = {n: v.contiguous().clone() for n in _ARRAYS if (v := getattr(saes, n)) is not None}
    header = {"format": FORMAT, "architecture": saes.architecture, "k": str(saes.k)}
    try:
        save_file(arrays, str(path), metadata=header)
    except (OSError, SafetensorError) as error:
        raise UsageError(
            f"{path}: cannot be written ({error}); wanted a file in an existing folder"
        ) from None


def read(path: str | Path) -> Dictionaries:
    """Autoencoders from a file or folder, see the module. Raises `UsageError` for any other."""
    place = Path(path)
    try:
        if place.is_file():
            return _own(place)
        if (place / "cfg.json").is_file():
            return _lens(place)
        if (place / "ae.pt").is_file():
            return _dictionary_learning(place)
    except UsageError:
        raise
    except Exception as error:  # whatever the formats' readers raise on a broken file
        first = " ".join(str(error).split())[:160]
        raise UsageError(
            f"{place}: cannot be read ({type(error).__name__}: {first}); {_WANTED}"
        ) from error
    raise UsageError(f"{place}: no autoencoders found; {_WANTED}")


_WANTED = (
    "wanted our safetensors file, or a folder of SAELens (cfg.json, sae_weights.safetensors) or of "
    "dictionary_learning (ae.pt)"
)


def _own(file: Path) -> Dictionaries:
    from safetensors import safe_open

    with safe_open(str(file), framework="pt") as stored:
        header = stored.metadata() or {}
        if header.get("format") != FORMAT:
            raise UsageError(f"{file}: format {header.get('format')!r}; wanted {FORMAT}")
        names = stored.keys()
        arrays = {name: stored.get_tensor(name) for name in names}
    return _checked(file, Dictionaries(header["architecture"], k=int(header["k"]), **arrays))


def _lens(folder: Path) -> Dictionaries:
    from safetensors.torch import load_file

    settings = _settings(folder / "cfg.json")
    named = settings.get("architecture", "standard")
    if named not in _LENS:
        raise UsageError(f"{folder}: architecture {named!r}; wanted one of {', '.join(_LENS)}")
    architecture, k = _activation(folder, settings, _LENS[named])
    if settings.get("finetuning_scaling_factor"):
        raise UsageError(
            f"{folder}: finetuning_scaling_factor is set, so that codes are scaled before they are "
            "decoded; wanted weights that contain the factors"
        )
    if settings.get("normalize_activations", "none") != "none":
        raise UsageError(
            f"{folder}: normalize_activations={settings['normalize_activations']!r}; wanted 'none'"
        )
    if settings.get("rescale_acts_by_decoder_norm"):
        raise UsageError(
            f"{folder}: rescale_acts_by_decoder_norm is set; wanted weights that contain the norms"
        )
    arrays = {n: v.float() for n, v in load_file(str(folder / "sae_weights.safetensors")).items()}
    _only(folder, arrays, {"W_enc", "b_enc", "W_dec", "b_dec", "threshold"})
    encoder, bias = arrays["W_enc"].T, arrays["b_enc"]
    if settings.get("apply_b_dec_to_input", True):
        bias = bias - encoder @ arrays["b_dec"]
    return _one(
        folder,
        architecture,
        encoder,
        bias,
        arrays["W_dec"],
        arrays["b_dec"],
        arrays.get("threshold") if named == "jumprelu" else None,
        k,
    )


def _settings(file: Path) -> dict[str, Any]:
    found = read_json(file)
    if not isinstance(found, dict):
        raise UsageError(f"{file}: {type(found).__name__}; wanted an object")
    return found


def _activation(folder: Path, settings: dict[str, Any], architecture: str) -> tuple[str, int]:
    """The architecture and k that the settings come to: older versions name the activation apart.

    Raises `UsageError` for activations that are not known here.
    """
    named = settings.get("activation_fn_str", settings.get("activation_fn")) or "relu"
    given = settings.get("activation_fn_kwargs") or {}
    k = settings.get("k") or (given.get("k") if isinstance(given, dict) else None) or 0
    if architecture == "relu" and named == "topk":
        architecture = "topk"
    elif named not in ("relu", architecture):
        raise UsageError(f"{folder}: activation {named!r}; wanted relu, topk or jumprelu")
    if isinstance(k, bool) or not isinstance(k, int):
        raise UsageError(f"{folder}: k={k!r}; wanted a whole number")
    return architecture, k


def _only(folder: Path, arrays: Mapping[str, Tensor], known: set[str]) -> None:
    """Raise `UsageError` for an array that would change what the autoencoder computes."""
    for name, array in arrays.items():
        if name not in known and "scaling_factor" in name and (array == 1).all():
            continue
        if name not in known:
            raise UsageError(
                f"{folder}: an array {name!r}, which is not read here and may change the codes; "
                f"wanted {', '.join(sorted(known))}"
            )


def _dictionary_learning(folder: Path) -> Dictionaries:
    config = _settings(folder / "config.json") if (folder / "config.json").is_file() else {}
    trainer = config.get("trainer")
    trainer = trainer if isinstance(trainer, dict) else {}
    named = str(trainer.get("dict_class") or "AutoEncoder")
    if named not in _CLASSES:
        raise UsageError(f"{folder}: dict_class {named!r}; wanted {' or '.join(_CLASSES)}")
    arrays = torch.load(folder / "ae.pt", map_location="cpu", weights_only=True)
    topk = named == "AutoEncoderTopK" or "b_dec" in arrays
    offset_name = "b_dec" if topk else "bias"
    known = {"encoder.weight", "encoder.bias", "decoder.weight", offset_name}
    _only(folder, arrays, known | ({"k", "threshold"} if topk else set()))
    encoder, offset = arrays["encoder.weight"].float(), arrays[offset_name].float()
    # Their input has the bias of the decoder taken off before it is coded.
    bias = arrays["encoder.bias"].float() - encoder @ offset
    decoder = arrays["decoder.weight"].float().T
    k = int(arrays["k"] if "k" in arrays else trainer.get("k", 0)) if topk else 0
    return _one(folder, "topk" if topk else "relu", encoder, bias, decoder, offset, None, k)


def _one(
    place: Path,
    architecture: str,
    encoder: Tensor,
    bias: Tensor,
    decoder: Tensor,
    offset: Tensor,
    threshold: Tensor | None,
    k: int,
) -> Dictionaries:
    one = Dictionaries(
        architecture,
        encoder[None].contiguous(),
        bias[None].contiguous(),
        decoder[None].contiguous(),
        offset[None].contiguous(),
        threshold if threshold is None else threshold[None],
        k,
    )
    return _checked(place, one)


def _checked(place: Path, saes: Dictionaries) -> Dictionaries:
    """Raise `UsageError` where shapes do not agree or a weight is not finite."""
    s, features, units = saes.shape
    wanted = {
        "bias": (s, features),
        "decoder": (s, features, units),
        "offset": (s, units),
        "threshold": (s, features),
        "gain": (s,),
    }
    for name, shape in wanted.items():
        value = getattr(saes, name)
        if value is not None and tuple(value.shape) != shape:
            raise UsageError(f"{place}: {name} of shape {tuple(value.shape)}; wanted {shape}")
        if value is not None and not torch.isfinite(value).all():
            raise UsageError(f"{place}: {name} holds NaN or infinity; wanted finite weights")
    if not torch.isfinite(saes.encoder).all():
        raise UsageError(f"{place}: encoder holds NaN or infinity; wanted finite weights")
    if saes.architecture == "topk" and not 0 < saes.k <= features:
        raise UsageError(f"{place}: k={saes.k}; wanted 1 to {features}")
    return saes
