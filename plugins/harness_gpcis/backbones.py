"""Features of the networks of torchvision, by name."""

from __future__ import annotations

import functools
import logging
from pathlib import Path
from typing import Any

import torch
from torch.nn import functional

from harness import Singles, UsageError, needs, single_threaded, unknown_name
from harness_gpcis.network import load_into, standardized

_logger = logging.getLogger("harness.gpcis")


@functools.lru_cache(maxsize=1)
def network(name: str, weights: str) -> Any:
    """A network with parameters from a file, or random ones, which is logged.

    Raises `UsageError` for an unknown name, for one that is not a residual network, and for a file
    that does not fit.
    """
    models = needs("torchvision.models", "torchvision")
    # Of classifiers: detectors and segmenters are built around such a network.
    names = [known for known in models.list_models(module=models) if "resn" in known]
    if name not in names:
        raise unknown_name("residual network of torchvision", name, names)
    with single_threaded(), torch.random.fork_rng():
        torch.manual_seed(0)
        net = models.get_model(name, weights=None)
    if not weights:
        _logger.warning("torchvision's %s has random parameters: no file is given", name)
        return net.eval()
    if not Path(weights).is_file():
        raise UsageError(f"weights: no file {weights}; wanted torchvision's parameters of {name}")
    load_into(net, weights, f"the parameters of torchvision's {name}")
    return net.eval()


def stage(picture: Singles, name: str, weights: str) -> Singles:
    """The second stage of a residual network ``(height, width, channels)``, with length 1."""
    net = network(name, weights)
    height, width, _ = picture.shape
    with single_threaded() as where, torch.no_grad():
        x = net.maxpool(net.relu(net.bn1(net.conv1(standardized(picture, where)))))
        x = functional.normalize(net.layer2(net.layer1(x)), dim=1)
        x = functional.interpolate(x, (height, width), mode="bilinear", align_corners=True)
    found: Singles = x[0].permute(1, 2, 0).numpy()
    return found
