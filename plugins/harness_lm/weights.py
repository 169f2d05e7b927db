"""Trained networks on disk: trained once, used by every path.

They lie as safetensors in ``harness.cache_folder("tiny-lm")``. The name of a file is a digest of
all that the weights depend on: settings, device, training data, and the source of this plugin.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from functools import partial
from pathlib import Path

import numpy as np
import safetensors
import safetensors.torch
import torch

from harness import TokenSequences, UsageError, cache_folder, stream
from harness_lm import tokens
from harness_lm.network import Design, Transformer
from harness_lm.pointers import PointerPenalty
from harness_lm.runtime import LOG
from harness_lm.settings import Network
from harness_lm.training import State, train

SOURCES = ("network", "penalty", "pointers", "rows", "runtime", "tokens", "training", "weights")
FORMAT = "infoharness tiny-lm 1"


def obtain(
    data: TokenSequences,
    asked: Network,
    device: str,
    at_step: int = 0,
) -> tuple[Transformer, tokens.Tokenizer]:
    """The network trained on ``data``, and its tokenizer; from the cache where it is there.

    ``at_step`` is the step after which it is taken, 0 for the last; all steps are of one training,
    which continues from the latest of those that were asked for before.

    Raises
    ------
    Incompatible : the training diverged, or the tokenizer or the rule does not suit the data.
    UsageError : layers that do not exist, or a rule that does not.
    """
    named = [FORMAT, asked.text(), device, data.fingerprint(), _source()]
    digest = hashlib.sha256("\0".join(named).encode()).hexdigest()
    folder = cache_folder("tiny-lm")
    path = folder / (f"{digest}-{at_step}.safetensors" if at_step else f"{digest}.safetensors")
    if path.exists():
        try:
            return load(path, device)
        except UsageError as error:
            LOG.warning("%s; it is trained again", error)
    cutter: tokens.Tokenizer = tokens.Native(data.vocab_size)
    if asked.tokenizer == "pairs":
        cutter = tokens.Pairs.train(data, asked.vocabulary)
    design = Design.of(asked, cutter.vocabulary)
    # Named by data and seed alone: every path that asks for this network gets the same.
    rng = stream(asked.training_seed, "tiny-lm", data.fingerprint())
    cut = cutter.encode(data)
    if asked.pointer_penalty:
        native = asked.tokenizer == "native"
        PointerPenalty(asked, asked.layers).refuse(data, cut, native=native)
    last = at_step or asked.steps
    network = train(
        design,
        asked,
        cut,
        rng,
        device,
        digest,
        last,
        _earlier(folder, digest, last),
        partial(_keep, folder / f"{digest}-{last}.state") if at_step else _forget,
    )
    save(network, cutter.text, path, asked)
    return network, cutter


def _earlier(folder: Path, digest: str, last: int) -> State | None:
    """The latest state that a training kept at a step up to ``last``, where there is one."""
    steps = [int(file.stem.rpartition("-")[2]) for file in folder.glob(f"{digest}-*.state")]
    for step in sorted((step for step in steps if step <= last), reverse=True):
        try:
            return dict(safetensors.torch.load_file(folder / f"{digest}-{step}.state"))
        except (OSError, ValueError, safetensors.SafetensorError) as error:
            LOG.warning("state of step %d: %s; it is not used", step, error)
    return None


def _keep(path: Path, state: State) -> None:
    """Write a state, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent) as temporary:
        draft = Path(temporary) / path.name
        safetensors.torch.save_file(
            {name: value.detach().cpu().contiguous() for name, value in state.items()}, draft
        )
        draft.replace(path)


def _forget(state: State) -> None:
    """Keep nothing of a training that ran to its end."""


def save(network: Transformer, tokenizer: str, path: Path, recipe: Network) -> None:
    """Write the weights and what is needed to use them, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    state = {
        name: value.detach().cpu().contiguous() for name, value in network.state_dict().items()
    }
    about = {
        "format": FORMAT,
        "design": network.design.text(),
        "recipe": recipe.text(),
        "tokenizer": tokenizer,
    }
    with tempfile.TemporaryDirectory(dir=path.parent) as temporary:
        draft = Path(temporary) / path.name
        safetensors.torch.save_file(state, draft, metadata=about | {"torch": torch.__version__})
        draft.replace(path)


def load(path: Path, device: str) -> tuple[Transformer, tokens.Tokenizer]:
    """A network that `save` wrote, and its tokenizer. Raises `UsageError` for any other file."""
    try:
        with safetensors.safe_open(path, "pt") as file:
            about = file.metadata() or {}
        if about.get("format") != FORMAT:
            raise UsageError(f"{path}: format {about.get('format')!r}; wanted {FORMAT!r}")
        design = Design(**json.loads(about["design"]))
        with torch.random.fork_rng(devices=[]):
            network = Transformer(design)
        network.load_state_dict(safetensors.torch.load_file(path))
    except (
        OSError,
        KeyError,
        TypeError,
        ValueError,
        RuntimeError,
        safetensors.SafetensorError,
    ) as error:
        first = " ".join(str(error).split())[:160]
        raise UsageError(
            f"{path}: not a network of tiny-lm ({first}); wanted a file of its cache"
        ) from error
    return network.to(device).eval(), tokens.restored(about["tokenizer"], design.vocabulary)


def _source() -> str:
    here = Path(__file__).parent
    return hashlib.sha256(
        b"\0".join((here / f"{name}.py").read_bytes() for name in SOURCES)
    ).hexdigest()


def describe(network: Transformer) -> str:
    """The network in JSON, with its number of weights."""
    count = int(np.sum([p.numel() for p in network.parameters()]))
    about = json.loads(network.design.text())
    if not about["dial_conditioned"]:  # older descriptions, and the data they are part of, stay
        del about["dial_conditioned"]
    return json.dumps(about | {"weights": count}, sort_keys=True)
