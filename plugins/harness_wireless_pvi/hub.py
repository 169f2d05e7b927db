"""Models of `transformers` from a folder, the cache or the hub, and plain reasons where one fails.

Remote code is never run, and weights are read from safetensors only: a pickle may run any code.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from harness import Incompatible, UsageError, from_hub


def need(name: str, component: str) -> str:
    """The name. Raises `Incompatible` where the user gave none."""
    if not name:
        raise Incompatible(
            f"no model is named; wanted --set {component}.model=FOLDER, "
            "or the id of a model on the Hugging Face hub"
        )
    return name


def tokenizer(name: str, revision: str) -> Any:
    """The tokenizer, with a padding token. Raises as `model`."""
    found = _opened(lambda: from_hub("AutoTokenizer", name, revision=revision), name)
    if found.pad_token_id is None:
        if found.eos_token_id is None:
            raise UsageError(
                f"{name}: its tokenizer has neither a padding token nor an end token; wanted one"
            )
        found.pad_token = found.eos_token
    return found


def model(task: str, name: str, revision: str, **more: Any) -> tuple[Any, list[str]]:
    """A model in float32, and the names of its weights that the files lack.

    Parameters
    ----------
    task : name of an ``Auto`` class of `transformers`.
    more : settings of the configuration.

    Raises
    ------
    UsageError : the files do not exist, need a login, or need remote code.
    """
    import torch

    more |= {"revision": revision, "output_loading_info": True, "dtype": torch.float32}
    opened, info = _opened(lambda: from_hub(task, name, **more), name)
    absent = {
        *map(str, info["missing_keys"]),
        *(str(key[0]) for key in info.get("mismatched_keys", ())),
    }
    return opened, sorted(absent)


def _opened(load: Any, name: str) -> Any:
    """What ``load`` gives. Raises `UsageError` with a reason that a user understands."""
    try:
        return load()
    except (OSError, ValueError, ImportError, KeyError) as error:
        raise UsageError(f"{name}: {_reason(name, error)}") from error


def _reason(name: str, error: Exception) -> str:
    text = " ".join(str(error).split())
    lower = text.lower()
    if "gated" in lower or "401" in lower or "403" in lower or "restricted" in lower:
        return (
            "needs a login that this machine does not have; "
            "wanted an open model, or `hf auth login` beforehand"
        )
    if "trust_remote_code" in lower:
        return (
            "needs code from its repository, which is never run here; "
            "wanted an architecture of transformers itself"
        )
    if Path(name).is_dir():
        return (
            f"this folder cannot be loaded: {text[:160]}; "
            "wanted config.json, tokenizer files and model.safetensors"
        )
    return (
        f"cannot be loaded: {text[:160]}; "
        "wanted a folder, a model in the cache that HF_HOME names, or network access"
    )
