"""Surroundings in which equal seeds give equal numbers, for the libraries of plugins.

torch and numba are imported when a function here is called, so that importing this costs nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.errors import UsageError

if TYPE_CHECKING:
    import numpy as np
    import torch


def torch_generator(rng: np.random.Generator) -> torch.Generator:
    """A torch generator seeded from ``rng``, on the CPU for every device: all start alike."""
    import torch

    return torch.Generator().manual_seed(int(rng.integers(2**63 - 1)))


def require_device(device: str) -> None:
    """Raise `UsageError` where torch sees no such device; ``cpu`` is always there, unasked."""
    if device == "cpu":
        return
    try:
        import torch
    except ImportError:
        raise UsageError(f"device {device!r}: torch is not installed; wanted device=cpu") from None
    if not torch.cuda.is_available():
        raise UsageError(f"device {device!r}: torch sees no GPU here; wanted device=cpu")


@contextmanager
def single_threaded(
    device: str = "cpu", rng: np.random.Generator | None = None
) -> Iterator[torch.device]:
    """One thread for torch and, with ``rng``, its global generators seeded from it; all put back.

    How threads share a sum shows in its last digits, so that one thread is what makes equal seeds
    give equal numbers on machines of any size; paths are what runs side by side. The global
    generators are what torch draws the weights of new layers and dropout from.

    Raises
    ------
    UsageError : ``device`` is "cuda" and torch sees no such device.
    """
    import torch

    require_device(device)
    gpu = device == "cuda"
    threads = torch.get_num_threads()
    with torch.random.fork_rng(
        devices=range(torch.cuda.device_count()) if gpu else [], enabled=rng is not None
    ):
        try:
            torch.set_num_threads(1)
            if rng is not None:
                seed = torch.manual_seed if gpu else torch.default_generator.manual_seed
                seed(int(rng.integers(2**63 - 1)))
            yield torch.device(device)
        finally:
            torch.set_num_threads(threads)


@contextmanager
def threads_for(work: float, share: float) -> Iterator[None]:
    """As many threads for numba as a piece of work is worth: starting them is not free.

    Within it, compiled loops use a thread per ``share`` of the ``work``: at least one, at most
    those allowed.
    """
    import numba

    allowed = numba.get_num_threads()
    numba.set_num_threads(max(1, min(allowed, int(work / share))))
    try:
        yield
    finally:
        numba.set_num_threads(allowed)


def from_hub(what: str, name: str, **more: Any) -> Any:
    """What a class of transformers makes of a folder, or of a model in the cache or on the hub.

    No code that comes with the model is run, and weights come from safetensors alone, because a
    pickle may run any code. All plugins load by this function.

    Parameters
    ----------
    what : name of the class: ``AutoTokenizer``, ``AutoModelForCausalLM`` ...
    name : folder, or id on the hub.
    more : further arguments of its ``from_pretrained``.

    Raises whatever transformers raises.
    """
    import transformers

    given: dict[str, Any] = {"trust_remote_code": False, "local_files_only": Path(name).is_dir()}
    if "Model" in what:
        given["use_safetensors"] = True
    with quiet_transformers():
        return getattr(transformers, what).from_pretrained(name, **(more | given))


@contextmanager
def quiet_transformers() -> Iterator[None]:
    """Within ``with``, transformers shows no progress and no warnings; both put back."""
    import warnings

    from transformers.utils import logging

    chatter: Any = logging
    level, shown = chatter.get_verbosity(), chatter.is_progress_bar_enabled()
    chatter.set_verbosity_error()
    chatter.disable_progress_bar()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        chatter.set_verbosity(level)
        if shown:
            chatter.enable_progress_bar()
