"""Autoencoders in files: our own safetensors, and folders that the common libraries save.

Read are: our file; a folder with ``cfg.json`` and ``sae_weights.safetensors`` (SAELens:
architectures standard, topk, jumprelu); a folder with ``config.json`` and ``ae.pt``
(dictionary_learning, whose autoencoders the paper takes for Pythia).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from harness import UsageError
from harness_superposition.dictionary import Dictionaries

FORMAT = "infoharness-dictionaries-1"
_ARRAYS = ("encoder", "bias", "decoder", "offset", "threshold", "gain")
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

    settings: dict[str, Any] = json.loads((folder / "cfg.json").read_text(encoding="utf-8"))
    named = settings.get("architecture", "standard")
    if named not in _LENS:
        raise UsageError(f"{folder}: architecture {named!r}; wanted one of {', '.join(_LENS)}")
    if settings.get("normalize_activations", "none") != "none":
        raise UsageError(
            f"{folder}: normalize_activations={settings['normalize_activations']!r}; wanted 'none'"
        )
    if settings.get("rescale_acts_by_decoder_norm"):
        raise UsageError(
            f"{folder}: rescale_acts_by_decoder_norm is set; wanted weights that contain the norms"
        )
    arrays = {n: v.float() for n, v in load_file(str(folder / "sae_weights.safetensors")).items()}
    encoder, bias = arrays["W_enc"].T, arrays["b_enc"]
    if settings.get("apply_b_dec_to_input", True):
        bias = bias - encoder @ arrays["b_dec"]
    return _one(
        folder,
        _LENS[named],
        encoder,
        bias,
        arrays["W_dec"],
        arrays["b_dec"],
        arrays.get("threshold") if named == "jumprelu" else None,
        int(settings.get("k") or 0),
    )


def _dictionary_learning(folder: Path) -> Dictionaries:
    arrays = torch.load(folder / "ae.pt", map_location="cpu", weights_only=True)
    encoder, offset = arrays["encoder.weight"].float(), arrays["bias"].float()
    # Their input has the bias of the decoder taken off before it is coded.
    bias = arrays["encoder.bias"].float() - encoder @ offset
    return _one(folder, "relu", encoder, bias, arrays["decoder.weight"].float().T, offset, None, 0)


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
