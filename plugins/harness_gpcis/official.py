"""The authors' trained network (ResNet-50 with a deep stem, DeepLab V3+, their process), from its
checkpoint: layers are named as there, so that every parameter has its place. A file with other
parameters is refused; nothing of the authors' program is used.

Clicks go into the network, too: the last mask and a disk around every click join the stem. So its
features are computed anew at each click, on a crop around the object from the second click on.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from harness import Bools, ClickImages, Singles, UsageError, single_threaded
from harness_gpcis import settings
from harness_gpcis.heads import check_click
from harness_gpcis.network import DeepHead, DeepProcess, load_into, standardized
from harness_gpcis.playing import Maker, Player

CHANNELS, BASIS, RADIUS = 48, 256, 5.0
EXPANSION, SMALLEST, WITHIN = 1.4, 10, 0.49
"""Of a crop: how much larger than what it holds, pixels at least, probability of what it holds."""
_up = functools.partial(functional.interpolate, mode="bilinear", align_corners=True)


def _conv(before: int, after: int, size: int, step: int = 1, wide: int = 1) -> nn.Conv2d:
    return nn.Conv2d(before, after, size, step, wide * (size // 2), wide, bias=False)


def _block(*layers: nn.Module) -> nn.Sequential:
    return nn.Sequential(*layers)


class Bottleneck(nn.Module):
    """Three convolutions beside the identity."""

    def __init__(self, before: int, width: int, step: int, wide: int, *, first: bool) -> None:
        super().__init__()
        after = 4 * width
        self.conv1, self.bn1 = _conv(before, width, 1), nn.BatchNorm2d(width)
        self.conv2, self.bn2 = _conv(width, width, 3, step, wide), nn.BatchNorm2d(width)
        self.conv3, self.bn3 = _conv(width, after, 1), nn.BatchNorm2d(after)
        self.downsample = (
            _block(_conv(before, after, 1, step), nn.BatchNorm2d(after)) if first else None
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The next maps."""
        y = torch.relu(self.bn1(self.conv1(x)))
        y = self.bn3(self.conv3(torch.relu(self.bn2(self.conv2(y)))))
        return torch.relu(y + (x if self.downsample is None else self.downsample(x)))


def _stage(before: int, width: int, count: int, step: int = 1, wide: int = 1) -> nn.Sequential:
    """Blocks of one width; the first of a dilated stage is half as wide apart."""
    first = Bottleneck(before, width, step, max(1, wide // 2), first=True)
    rest = (Bottleneck(4 * width, width, 1, wide, first=False) for _ in range(count - 1))
    return _block(first, *rest)


class Backbone(nn.Module):
    """ResNet-50 with a stem of three convolutions; the last two stages are dilated."""

    def __init__(self) -> None:
        super().__init__()
        stem: list[nn.Module] = []
        for before, after, step in ((3, 64, 2), (64, 64, 1)):
            stem += [_conv(before, after, 3, step), nn.BatchNorm2d(after), nn.ReLU()]
        self.conv1, self.bn1 = _block(*stem, _conv(64, 128, 3)), nn.BatchNorm2d(128)
        self.layer1 = _stage(128, 64, 3)
        self.layer2 = _stage(256, 128, 4, step=2)
        self.layer3 = _stage(512, 256, 6, wide=2)
        self.layer4 = _stage(1024, 512, 3, wide=4)

    def forward(self, x: torch.Tensor, more: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Maps of the first and of the last stage; ``more`` joins behind the stem."""
        x = torch.relu(self.bn1(self.conv1(x)))
        x = functional.max_pool2d(x + more[:, : x.shape[1]], 3, 2, 1)
        near = self.layer1(x)
        return near, self.layer4(self.layer3(self.layer2(near)))


def _layer(before: int, after: int, size: int, wide: int = 1) -> nn.Sequential:
    return _block(_conv(before, after, size, wide=wide), nn.BatchNorm2d(after), nn.ReLU())


class Pooling(nn.Module):
    """The mean of the maps, everywhere."""

    def __init__(self) -> None:
        super().__init__()
        self.gap = _block(nn.AdaptiveAvgPool2d(1), *_layer(2048, 256, 1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Constant maps."""
        constant: torch.Tensor = _up(self.gap(x), x.shape[2:])
        return constant


class Pyramid(nn.Module):
    """Convolutions of several reaches, side by side."""

    def __init__(self) -> None:
        super().__init__()
        wide = [_layer(2048, 256, 3, reach) for reach in (12, 24, 36)]
        self.concurent = nn.ModuleList([_layer(2048, 256, 1), *wide, Pooling()])
        self.project = _layer(5 * 256, 256, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The maps, projected."""
        maps: torch.Tensor = self.project(torch.cat([block(x) for block in self.concurent], 1))
        return maps


class Separable(nn.Module):
    """A convolution within channels, then across them."""

    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        within = nn.Conv2d(before, before, 3, 1, 1, groups=before, bias=False)
        self.body = _block(within, _conv(before, after, 1), nn.BatchNorm2d(after), nn.ReLU())

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The next maps."""
        maps: torch.Tensor = self.body(x)
        return maps


class _Named(nn.Module):
    """A block under a name."""

    def __init__(self, name: str, block: nn.Module) -> None:
        super().__init__()
        self._name = name
        setattr(self, name, block)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """What the block gives."""
        maps: torch.Tensor = getattr(self, self._name)(x)
        return maps


class DeepLab(nn.Module):
    """DeepLab V3+ on the backbone, with 48 features."""

    def __init__(self) -> None:
        super().__init__()
        self.backbone, self.aspp = Backbone(), Pyramid()
        self.skip_project = _Named("skip_project", _layer(256, 32, 1))
        out = nn.Conv2d(256, CHANNELS, 1)
        self.head = _Named("block", _block(Separable(288, 256), Separable(256, 256), out))

    def forward(self, x: torch.Tensor, more: torch.Tensor) -> torch.Tensor:
        """Features at a quarter of the size."""
        near, far = self.backbone(x, more)
        near = self.skip_project(near)
        features: torch.Tensor = self.head(
            torch.cat([_up(self.aspp(far), near.shape[2:]), near], 1)
        )
        return features


class Scale(nn.Module):
    """A factor."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.tensor([0.05]))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The product with its size."""
        return x * self.scale.abs()


class Network(DeepProcess):
    """All of it: the process, and the features that it is on."""

    def __init__(self) -> None:
        super().__init__(CHANNELS, BASIS)
        self.model = DeepLab()
        self.maps_transform = _block(
            nn.Conv2d(3, 16, 3, 2, 1), nn.LeakyReLU(0.2), nn.Conv2d(16, 256, 3, 1, 1), Scale()
        )

    def features(self, colours: torch.Tensor, maps: torch.Tensor) -> torch.Tensor:
        """Features ``(pixels, 51)`` of standardized colours and of the maps of clicks."""
        deep = functional.normalize(self.model(colours, self.maps_transform(maps)), dim=1)
        deep = _up(deep, colours.shape[2:])
        return torch.cat([deep, colours], 1)[0].flatten(1).T


def load(checkpoint: str) -> Network:
    """The network with the parameters of a file.

    Raises `UsageError` for no file, for the pointer that Git LFS leaves in its place, and for other
    parameters.
    """
    if not Path(checkpoint).is_file():
        raise UsageError(
            f"official-clicks.checkpoint: {checkpoint or 'none'}; wanted GPCIS_Resnet50.pth of "
            "github.com/zmhhmz/GPCIS_CVPR2023, fetched by `git lfs pull`"
        )
    with Path(checkpoint).open("rb") as file:
        if file.read(20).startswith(b"version https://git-"):
            raise UsageError(f"{checkpoint}: a pointer of Git LFS; wanted the file (git lfs pull)")
    network = Network()
    load_into(network, checkpoint, "the authors' network")
    return network.eval()


Box = tuple[int, int, int, int]
"""First and last row, first and last column."""


def around(mask: Bools, clicks: list[tuple[int, int]]) -> Box | None:
    """The box of a mask and of positive clicks, 1.4 times as large; None without a mask."""
    if not mask.any():
        return None
    own = mask.copy()
    for row, column in clicks:
        own[row, column] = True
    ends = []
    for axis in (1, 0):
        inside = np.flatnonzero(own.any(axis))
        middle = 0.5 * (inside[0] + inside[-1])
        half = 0.5 * max(EXPANSION * (inside[-1] - inside[0] + 1), SMALLEST)
        low, high = round(middle - half), round(middle + half)
        ends += [max(0, low), min(own.shape[1 - axis] - 1, high)]
    return ends[0], ends[1], ends[2], ends[3]


class OfficialHead:
    """The network on one picture: a whole picture first, then a crop around the object."""

    def __init__(
        self, picture: Singles, net: Network, chosen: settings.Official, where: Any
    ) -> None:
        self._picture, self._net, self._chosen, self._where = picture, net, chosen, where
        self._clicks: list[tuple[int, int, int]] = []
        height, width, _ = picture.shape
        self._chance: Singles = np.zeros((height, width), np.float32)

    def click(self, place: int, sign: int) -> None:
        """Learn from a click. Raises `DataError`, see `check_click`."""
        check_click(place, sign, self._chance.size)
        row, column = divmod(place, self._chance.shape[1])
        self._clicks.append((row, column, sign))

    def field(self) -> Singles:
        """Log odds; outside of the crop there is ground."""
        height, width = self._chance.shape
        box = None
        if len(self._clicks) > 1:
            positive = [(row, column) for row, column, sign in self._clicks if sign > 0]
            box = around(self._chance > WITHIN, positive)
        top, bottom, left, right = box or (0, height - 1, 0, width - 1)
        rows, columns = slice(top, bottom + 1), slice(left, right + 1)
        with single_threaded(self._chosen.device), torch.no_grad():
            chance = self._predicted(rows, columns)
        self._chance = np.zeros((height, width), np.float32)
        self._chance[rows, columns] = chance
        p = np.clip(self._chance.ravel(), 1e-6, 1.0 - 1e-6)
        odds: Singles = np.log(p / (1.0 - p))
        return odds

    def _predicted(self, rows: slice, columns: slice) -> Singles:
        """Probabilities on a crop, which the network sees at ``side`` times ``side`` pixels."""
        side = (self._chosen.side, self._chosen.side)
        colours = _up(standardized(self._picture[rows, columns], self._where), side)
        before = torch.tensor(self._chance[rows, columns], device=self._where)[None, None]
        shape = before.shape[2:]
        inside = [
            (
                (row - rows.start) * side[0] / shape[0],
                (column - columns.start) * side[1] / shape[1],
                s,
            )
            for row, column, s in self._clicks
            if rows.start <= row < rows.stop and columns.start <= column < columns.stop
        ]
        maps = torch.cat([_up(before, side), disks(inside, side, self._where)], 1)
        x = self._net.features(colours, maps).cpu().numpy()
        head = DeepHead(x, self._net, self._chosen.jitter)
        for row, column, sign in inside:
            head.click(int(row) * side[1] + int(column), sign)
        field = torch.tensor(head.field()).reshape(1, 1, *side)
        found: Singles = _up(torch.sigmoid(field), shape)[0, 0].numpy()
        return found


def disks(
    clicks: list[tuple[float, float, int]], side: tuple[int, int], where: Any
) -> torch.Tensor:
    """Two maps ``(1, 2, height, width)``: 1 near clicks on the object, and near those on ground."""
    row, column = (torch.arange(n, dtype=torch.float32) for n in side)
    maps = torch.zeros(1, 2, *side)
    for y, x, sign in clicks:
        near = (row[:, None] - y) ** 2 + (column[None] - x) ** 2 <= RADIUS**2
        maps[0, 0 if sign > 0 else 1][near] = 1.0
    return maps.to(where)


class OfficialClicks(settings.Official, Player):
    """The authors' network, trained by them."""

    def maker(self, data: ClickImages, rng: np.random.Generator) -> Maker:
        """Nothing is learned but the sharpness. Raises `UsageError` without the checkpoint."""
        with single_threaded(self.device) as where:
            net = load(self.checkpoint).to(where)
        return functools.partial(OfficialHead, net=net, chosen=self, where=where)
