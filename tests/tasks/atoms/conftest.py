import dataclasses
import os
from pathlib import Path

import numpy as np
import pytest

from harness_atoms.sources import resolve


@pytest.fixture(scope="session")
def copper():
    """The embedded copper set: 107 structures with energies and forces."""
    return resolve("copper")[0].load()


@pytest.fixture(scope="session")
def few(copper):
    """Fourteen varied structures of it, without sizes."""
    return copper.take(np.arange(0, copper.n, 8))


@pytest.fixture(scope="session")
def bare(few):
    """The same without energies and forces."""
    return dataclasses.replace(few, energies=None, forces=None)


@pytest.fixture(scope="session")
def real():
    """The folder with real files."""
    folder = os.environ.get("HARNESS_TEST_DATA")
    if not folder:
        pytest.skip("HARNESS_TEST_DATA is not set: no real files to test on")
    return Path(folder) / "atoms"


@pytest.fixture
def frames():
    """Structures as a list of ASE atoms without a calculator."""
    from ase import Atoms

    def make(data):
        cut = [slice(a, b) for a, b in zip(data.offsets[:-1], data.offsets[1:], strict=True)]
        return [
            Atoms(data.numbers[part], data.positions[part], cell=data.cells[s], pbc=data.pbc[s])
            for s, part in enumerate(cut)
        ]

    return make


@pytest.fixture
def records():
    """Structures as rows in ColabFit's schema."""

    def make(data):
        cut = [slice(a, b) for a, b in zip(data.offsets[:-1], data.offsets[1:], strict=True)]
        return [
            {
                "property_id": f"PO_{s}",
                "energy": float(data.energies[s]),
                "atomic_forces": data.forces[part].tolist(),
                "cell": data.cells[s].tolist(),
                "positions": data.positions[part].tolist(),
                "pbc": data.pbc[s].tolist(),
                "atomic_numbers": data.numbers[part].tolist(),
                "labels": [data.groups[s]],
                "has_forces": True,
            }
            for s, part in enumerate(cut)
        ]

    return make


@pytest.fixture
def write_parquet(records):
    """Write structures, or rows, as one Parquet file."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    def write(path, data):
        rows = data if isinstance(data, list) else records(data)
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.Table.from_pylist(rows), path, compression="zstd")
        return path

    return write
