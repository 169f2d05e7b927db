"""A MACE potential trained on energies and forces, for the energy test.

I. Batatia et al., NeurIPS 2022, arXiv:2206.07697; the network is that of the package ``mace-torch``
(MIT), which is imported when it is asked for. It is small here, so that one training on a few dozen
structures takes about a minute on a processor.
"""

from __future__ import annotations

import contextlib
import io
import os
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from harness import Bools, Floats, Ints, Structures, needs, progress, single_threaded, stream

INSTALL = "infoharness[mace]"
UNSAFE = "TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD"
"""Environment variable that mace-torch sets: with it, `torch.load` runs code that is in files."""
CUTOFF = 5.0
"""Å."""
CHANNELS = 16
"""Width of the network: two layers of scalars, messages of angular momentum up to 2."""
BATCH = 4
"""Structures in a step."""
RATE, CLIP = 0.01, 10.0
"""Learning rate of Adam at its peak, and the largest norm of a gradient."""


@dataclass(frozen=True)
class Graphs:
    """A data set as MACE reads it.

    Attributes
    ----------
    data : the structures.
    rows : a graph for each.
    trained : what was predicted, by training part, test part, steps and seed: selectors
        of no randomness ask for the same ones with every seed of the run.
    """

    data: Structures
    rows: tuple[Any, ...]
    trained: dict[tuple[bytes, bytes, int, int], tuple[Floats, Floats]] = field(
        default_factory=dict
    )

    @classmethod
    def of(cls, data: Structures) -> Graphs:
        """Neighbours within `CUTOFF`. Raises `MissingDependency` without ``mace-torch``."""
        with _contained():
            mace = needs("mace.data", INSTALL)
            tools = needs("mace.tools", INSTALL)
        table = tools.AtomicNumberTable(sorted({int(z) for z in data.numbers}))
        rows = []
        for s in range(data.n):
            part = slice(data.offsets[s], data.offsets[s + 1])
            positions = data.positions[part].copy()
            known = mace.Configuration(
                atomic_numbers=data.numbers[part],
                positions=positions,
                properties={},
                property_weights={},
                cell=_closed(positions, data.cells[s], data.pbc[s]),
                pbc=(True, True, True),
            )
            rows.append(mace.AtomicData.from_config(known, z_table=table, cutoff=CUTOFF))
        return cls(data, tuple(rows))

    def predict(
        self, train: Ints, test: Ints, *, steps: int, seed: int = 0
    ) -> tuple[Floats, Floats]:
        """Energies per atom ``(test,)``, eV, and forces of the atoms of the structures ``test``,
        eV/Å, one structure after the other, from a training on ``train``.

        The loss is the mean squared error of energies per atom and of force components, each over
        its variance in the training part. Weights and order follow from the training part and
        ``seed`` alone. Not finite where the training diverged. The same is trained once only.
        """
        key = train.tobytes(), test.tobytes(), steps, seed
        if key not in self.trained:
            self.trained[key] = self._predict(train, test, steps, seed)
        return self.trained[key]

    def _predict(self, train: Ints, test: Ints, steps: int, seed: int) -> tuple[Floats, Floats]:
        import torch

        rng = stream(seed, "atoms", "mace", *map(str, train.tolist()))
        with single_threaded("cpu", rng):
            scale = self._scale(train)
            with _contained():
                network = self._network(train, scale)
            adam = torch.optim.Adam(network.parameters(), lr=RATE, amsgrad=True)
            warm = max(1, steps // 20)
            rate = torch.optim.lr_scheduler.LambdaLR(
                adam, lambda s: min((s + 1) / warm, max(0.0, (steps - s) / max(1, steps - warm)))
            )
            queue = np.empty(0, np.int64)
            for step in range(steps):
                if len(queue) < min(BATCH, len(train)):
                    queue = np.concatenate([queue, rng.permutation(train)])
                rows, queue = queue[:BATCH], queue[BATCH:]
                adam.zero_grad(set_to_none=True)
                loss = self._loss(network, rows, scale)
                loss.backward()
                torch.nn.utils.clip_grad_norm_(network.parameters(), CLIP)
                adam.step()
                rate.step()
                progress(step + 1, steps, "steps of mace")
            network.eval()
            energies, forces = [], []
            for rows in _batches(test):
                found = network(self._batch(rows), training=False, compute_force=True)
                inner = found["interaction_energy"].detach().double().numpy()
                energies.append((inner + self._counts(rows) @ scale.reference) / self._sizes[rows])
                forces.append(found["forces"].detach().double().numpy())
        return np.concatenate(energies), np.concatenate(forces)

    def _batch(self, rows: Ints) -> Any:
        geometric = needs("mace.tools.torch_geometric", INSTALL)
        return geometric.Batch.from_data_list([self.rows[int(s)] for s in rows]).to_dict()

    @property
    def _sizes(self) -> Ints:
        return np.diff(self.data.offsets)

    def _counts(self, rows: Ints) -> Ints:
        """(rows, elements) Atoms of each element of the data set."""
        elements = np.unique(self.data.numbers)
        parts = [self.data.numbers[self._atoms(s)] for s in rows]
        return np.array([(part[:, None] == elements).sum(0) for part in parts])

    def _atoms(self, s: int) -> slice:
        return slice(int(self.data.offsets[s]), int(self.data.offsets[s + 1]))

    def _scale(self, train: Ints) -> Scale:
        """What the training part says before any network is trained."""
        assert self.data.energies is not None
        assert self.data.forces is not None
        sizes, counts, energies = self._sizes[train], self._counts(train), self.data.energies[train]
        mean = float((energies / sizes).mean())
        # As the kernel ridge has it: an element that the training part lacks gets the mean.
        rest = (energies - mean * sizes) / sizes
        fitted = np.linalg.lstsq(counts / sizes[:, None], rest, rcond=1e-10)[0]
        reference: Floats = np.asarray(mean + fitted, np.float64)
        forces = np.concatenate([self.data.forces[self._atoms(s)] for s in train])
        left = (energies - counts @ reference) / sizes
        # Energies that the elements explain leave nothing to scale by.
        return Scale(
            reference, max(float(left.std()), 1e-3), float(np.sqrt((forces**2).mean())) or 1.0
        )

    def _network(self, train: Ints, scale: Scale) -> Any:
        """The network before its training, whose mean energy is that of the training part."""
        import torch

        modules, e3nn = needs("mace.modules", INSTALL), needs("e3nn.o3", INSTALL)
        elements = np.unique(self.data.numbers)
        edges = sum(self.rows[int(s)].edge_index.shape[1] for s in train)
        block = modules.interaction_classes["RealAgnosticResidualInteractionBlock"]
        network = modules.ScaleShiftMACE(
            atomic_inter_scale=scale.force,
            atomic_inter_shift=0.0,
            r_max=CUTOFF,
            num_bessel=8,
            num_polynomial_cutoff=5,
            max_ell=2,
            interaction_cls=block,
            interaction_cls_first=block,
            num_interactions=2,
            num_elements=len(elements),
            hidden_irreps=e3nn.Irreps(f"{CHANNELS}x0e"),
            MLP_irreps=e3nn.Irreps(f"{CHANNELS}x0e"),
            # References are added outside: all-electron energies have more digits than float32.
            atomic_energies=np.zeros(len(elements)),
            avg_num_neighbors=max(1.0, edges / int(self._sizes[train].sum())),
            atomic_numbers=elements.tolist(),
            correlation=2,
            gate=torch.nn.functional.silu,
            radial_MLP=[16, 16],
        )
        # Without this the first tens of steps go into an offset that depends on the weights.
        total = sum(self._inner(network, rows).sum() for rows in _batches(train))
        network.scale_shift.shift -= total / self._sizes[train].sum()
        return network

    def _inner(self, network: Any, rows: Ints) -> Floats:
        """(rows,) Energies, eV, less those of the elements."""
        found = network(self._batch(rows), compute_force=False)["interaction_energy"]
        inner: Floats = found.detach().double().numpy()
        return inner

    def _loss(self, network: Any, rows: Ints, scale: Scale) -> Any:
        """Squared errors of energies per atom and of forces, in units of their spreads."""
        import torch

        assert self.data.energies is not None
        assert self.data.forces is not None
        found = network(self._batch(rows), training=True, compute_force=True)
        sizes = self._sizes[rows]
        inner = (self.data.energies[rows] - self._counts(rows) @ scale.reference) / sizes
        forces = np.concatenate([self.data.forces[self._atoms(s)] for s in rows])
        per_atom = found["interaction_energy"] / torch.from_numpy(sizes)
        wanted = torch.from_numpy(inner).float()
        return ((per_atom - wanted) / scale.energy).square().mean() + (
            (found["forces"] - torch.from_numpy(forces).float()) / scale.force
        ).square().mean()


@dataclass(frozen=True)
class Scale:
    """What a training part says of energies and forces.

    Attributes
    ----------
    reference (elements,) : energies of the elements, eV.
    energy : standard deviation of the energies per atom less those, eV.
    force : root mean square of the force components, eV/Å.
    """

    reference: Floats
    energy: float
    force: float


def _batches(rows: Ints) -> Iterator[Ints]:
    for start in range(0, len(rows), BATCH):
        yield rows[start : start + BATCH]


def _closed(positions: Floats, cell: Floats, pbc: Bools) -> Floats:
    """(3, 3) The cell with a vector across each open direction, too long for images to meet.

    mace-torch would put the axis of the same number there, which is singular where a lattice vector
    lies along it.
    """
    ase = needs("ase.geometry", INSTALL)
    closed: Floats = ase.complete_cell(np.where(pbc[:, None], cell, 0.0))
    closed[~pbc] *= np.linalg.norm(np.ptp(positions, axis=0)) + 2 * CUTOFF
    return closed


@contextlib.contextmanager
def _contained() -> Iterator[None]:
    """What mace-torch and its libraries do as they are imported and make a network stays in here.

    They print, warn of their own calls of torch, set `UNSAFE`, and have tqdm start a thread.
    """
    bars = needs("tqdm", INSTALL).tqdm
    before, interval = os.environ.get(UNSAFE), bars.monitor_interval
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.filterwarnings("ignore", f"Environment variable {UNSAFE}", UserWarning)
        warnings.filterwarnings("ignore", ".*torch.jit", DeprecationWarning)
        warnings.filterwarnings("ignore", "The TorchScript type system", UserWarning)
        bars.monitor_interval = 0
        try:
            yield
        finally:
            bars.monitor_interval = interval
            if before is None:
                os.environ.pop(UNSAFE, None)
            else:
                os.environ[UNSAFE] = before
