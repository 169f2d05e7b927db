"""Texts as vectors by an encoder of `transformers`."""

from __future__ import annotations

import numpy as np
import torch

from harness import Floats, single_threaded
from harness_wireless_pvi import batches, hub, training

MAX_LENGTH = 256
SCORED_TOKENS = 8192


def encode(texts: list[str], name: str, device: str) -> Floats:
    """Mean of the last hidden layer over the tokens (n, d), scaled to length one.

    Raises as `hub.model`.
    """
    words = hub.tokenizer(name, "main")
    network, _ = hub.model("AutoModel", name, "main")
    ids = [words(text, truncation=False, verbose=False)["input_ids"] for text in texts]
    batches.tell_cut([len(i) for i in ids], MAX_LENGTH)
    ids = [i[:MAX_LENGTH] for i in ids]
    out: Floats | None = None
    with (
        single_threaded(device, np.random.default_rng(0)),
        torch.inference_mode(),
        training.precision(device),
    ):
        network = network.to(device).eval()
        for rows in batches.by_length([len(i) for i in ids], SCORED_TOKENS):
            tokens, real = batches.padded([ids[r] for r in rows], words.pad_token_id, device)
            hidden = network(
                input_ids=tokens, attention_mask=real.long()
            ).last_hidden_state.double()
            weight = real.unsqueeze(-1)
            mean = (hidden * weight).sum(1) / weight.sum(1)
            mean = torch.nn.functional.normalize(mean, dim=1)
            out = np.empty((len(texts), mean.shape[1])) if out is None else out
            out[rows] = mean.cpu().numpy()
    assert out is not None
    return out
