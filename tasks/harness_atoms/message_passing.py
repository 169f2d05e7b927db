"""A MACE potential trained on energies and forces, for the energy test.

I. Batatia et al., NeurIPS 2022, arXiv:2206.07697; the network is that of the package ``mace-torch``
(MIT), which is imported when it is asked for. It is small here, so that one training on a few dozen
structures takes about a minute on a processor.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from harness import Floats, Ints, Structures, needs, single_threaded, stream

INSTALL = "infoharness[mace]"
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
    rows : a graph for each, with its total energy and its forces.
    """

    data: Structures
    rows: tuple[Any, ...]

    @classmethod
    def of(cls, data: Structures) -> Graphs:
        """Neighbours within `CUTOFF`. Raises `MissingDependency` without ``mace-torch``."""
        mace = needs("mace.data", INSTALL)
        tools = needs("mace.tools", INSTALL)
        table = tools.AtomicNumberTable(sorted({int(z) for z in data.numbers}))
        assert data.energies is not None
        assert data.forces is not None
        rows = []
        for s in range(data.n):
            part = slice(data.offsets[s], data.offsets[s + 1])
            known = mace.Configuration(
                atomic_numbers=data.numbers[part],
                positions=data.positions[part].copy(),
                properties={"energy": float(data.energies[s]), "forces": data.forces[part].copy()},
                property_weights={"energy": 1.0, "forces": 1.0},
                cell=data.cells[s].copy(),
                pbc=tuple(bool(axis) for axis in data.pbc[s]),
            )
            rows.append(mace.AtomicData.from_config(known, z_table=table, cutoff=CUTOFF))
        return cls(data, tuple(rows))

    def predict(self, train: Ints, test: Ints, *, steps: int) -> tuple[Floats, Floats]:
        """Energies per atom ``(test,)``, eV, and forces of the atoms of the structures ``test``,
        eV/Å, one structure after the other, from a training on ``train``.

        The loss is the mean squared error of energies per atom and of force components, each over
        its variance in the training part. Weights and order follow from the training part alone.
        """
        import torch

        rng = stream(0, "atoms", "mace", *map(str, train.tolist()))
        with single_threaded("cpu", rng):
            network, scales = self._network(train)
            adam = torch.optim.Adam(network.parameters(), lr=RATE, amsgrad=True)
            warm = max(1, steps // 20)
            rate = torch.optim.lr_scheduler.LambdaLR(
                adam, lambda s: min((s + 1) / warm, max(0.0, (steps - s) / max(1, steps - warm)))
            )
            queue = np.empty(0, np.int64)
            for _ in range(steps):
                if len(queue) < min(BATCH, len(train)):
                    queue = np.concatenate([queue, rng.permutation(train)])
                rows, queue = queue[:BATCH], queue[BATCH:]
                adam.zero_grad(set_to_none=True)
                loss = _loss(network, self._batch(rows), *scales)
                loss.backward()
                torch.nn.utils.clip_grad_norm_(network.parameters(), CLIP)
                adam.step()
                rate.step()
            network.eval()
            energies, forces = [], []
            for start in range(0, len(test), BATCH):
                batch = self._batch(test[start : start + BATCH])
                found = network(batch, training=False, compute_force=True)
                sizes = (batch["ptr"][1:] - batch["ptr"][:-1]).double()
                energies.append((found["energy"].detach().double() / sizes).numpy())
                forces.append(found["forces"].detach().double().numpy())
        return np.concatenate(energies), np.concatenate(forces)

    def _batch(self, rows: Ints) -> Any:
        geometric = needs("mace.tools.torch_geometric", INSTALL)
        return geometric.Batch.from_data_list([self.rows[int(s)] for s in rows]).to_dict()

    def _network(self, train: Ints) -> tuple[Any, tuple[float, float]]:
        """The untrained network, and the standard deviations of energies per atom and of forces."""
        import torch

        modules, e3nn = needs("mace.modules", INSTALL), needs("e3nn.o3", INSTALL)
        data = self.data
        assert data.energies is not None
        assert data.forces is not None
        elements = np.unique(data.numbers)
        sizes = np.diff(data.offsets)[train]
        parts = [slice(data.offsets[s], data.offsets[s + 1]) for s in train]
        counts = np.array([(data.numbers[part][:, None] == elements).sum(0) for part in parts])
        energies = data.energies[train]
        mean = float((energies / sizes).mean())
        # As the kernel ridge has it: an element that the training part lacks gets the mean.
        rest = (energies - mean * sizes) / sizes
        reference = mean + np.linalg.lstsq(counts / sizes[:, None], rest, rcond=1e-10)[0]
        forces = np.concatenate([data.forces[part] for part in parts])
        spread = float(np.sqrt((forces**2).mean())) or 1.0
        left = (energies - counts @ reference) / sizes
        edges = sum(self.rows[int(s)].edge_index.shape[1] for s in train)
        block = modules.interaction_classes["RealAgnosticResidualInteractionBlock"]
        network = modules.ScaleShiftMACE(
            atomic_inter_scale=spread,
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
            atomic_energies=reference,
            avg_num_neighbors=max(1.0, edges / int(sizes.sum())),
            atomic_numbers=elements.tolist(),
            correlation=2,
            gate=torch.nn.functional.silu,
            radial_MLP=[16, 16],
        )
        # Energies that the elements explain leave nothing to scale by.
        return network, (max(float(left.std()), 1e-3), spread)


def _loss(network: Any, batch: Any, energy: float, force: float) -> Any:
    """Squared errors of energies per atom and of forces, in units of their spreads."""
    found = network(batch, training=True, compute_force=True)
    sizes = batch["ptr"][1:] - batch["ptr"][:-1]
    errors = (found["energy"] - batch["energy"]) / sizes
    return (errors / energy).square().mean() + (
        (found["forces"] - batch["forces"]) / force
    ).square().mean()
