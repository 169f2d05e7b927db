"""Mutated files for every reader: read, or refused in the host's own words, within bounds.

A process of its own reads them, with a gigabyte of address space above what it has when it begins.
One that dies, or reads a file for longer than `LIMIT_S`, is replaced, and goes on behind that file.
"""

from __future__ import annotations

import contextlib
import io
import math
import multiprocessing
import os
import random
import re
import resource
import signal
import struct
import tempfile
import warnings
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import harness
from drills.inputs import mutated
from harness.columns import read_columns
from harness.errors import HarnessError
from harness.files import json_lines
from harness.kinds.base import Kind

LIMIT_S, ROOM = 10, 1 << 30
XYZ = (
    '2\nLattice="5 0 0 0 5 0 0 0 5" Properties=species:S:1:pos:R:3:forces:R:3 energy=-1.5 '
    'pbc="T T T" config_type=bulk\nCu 0 0 0 0.1 0 0\nZr 1.5 1.5 1.5 -0.1 0 0\n'
)
MTP = (
    "BEGIN_CFG\n Size\n 2\n Supercell\n 5 0 0\n 0 5 0\n 0 0 5\n AtomData:  id type cartes_x "
    "cartes_y cartes_z fx fy fz\n 1 0 0 0 0 0.1 0 0\n 2 1 1.5 1.5 1.5 -0.1 0 0\n Energy\n -1.5\n"
    " PlusStress: xx yy zz yz xz xy\n 0 0 0 0 0 0\n Feature EFS_by VASP\nEND_CFG\n"
)
GML = (
    'graph [ node [ id 0 label "a" m 1.5 ] node [ id 1 label "b" m 2 ] edge [ source 0 target 1 ] ]'
)
GRAPHML = (
    '<?xml version="1.0"?><graphml xmlns="http://graphml.graphdrawing.org/xmlns"><key id="d0" '
    'for="node" attr.name="x" attr.type="double"/><graph edgedefault="undirected"><node id="a">'
    '<data key="d0">1.5</data></node><node id="b"/><edge source="a" target="b"/></graph></graphml>'
)
POSCAR = "Cu\n1.0\n5 0 0\n0 5 0\n0 0 5\nCu Zr\n1 1\nDirect\n0 0 0\n0.3 0.3 0.3\n"
CSV = 'text,label,x\n"a, b",0,1.5\nc,1,-2e3\nd,0,nan\n'
JSONL = '{"text": "a\\u2028b", "label": 0}\n{"text": "c", "label": 1, "more": [1, {"a": null}]}\n'
ODD = (
    b"9" * 30,
    b"9" * 5000,
    b"-1",
    b"nan",
    b"inf",
    b"1e999",
    b"0",
    b"0.5",
    b"1_0",
    b"99999999999",
    b"",
    b"x",
)
POKES = tuple(struct.pack("<q", v) for v in (-1, 2**62, 10**9)) + tuple(
    struct.pack("<d", v) for v in (math.nan, math.inf, 1e300, -0.5)
)
Reader = Callable[[Path], object]


def _texts(path: Path) -> object:
    from harness_text.tables import read_files

    return read_files({"": str(path)})


def _graph(path: Path) -> object:
    from harness_graphs import files

    return files.read(path.name, str(path.parent))


def _atoms(path: Path) -> object:
    from harness_atoms.readers import Keys, read

    return read(path, keys=Keys(types=("Cu", "Zr")))


def _activations(path: Path) -> object:
    from harness_networks import own

    return own._read(path)


def _autoencoder(path: Path) -> object:
    from harness_superposition import checkpoints

    return checkpoints.read(path)


def _network(path: Path) -> object:
    from harness_lm import weights

    return weights.load(path, "cpu")


def _examples(folder: Path) -> list[tuple[str, bytes, Reader]]:
    """By the ending of a file: a good one, and what reads it."""
    import pyarrow
    from pyarrow import feather, parquet
    from safetensors.numpy import save

    rng = np.random.default_rng(0)
    made = folder / "made"
    graph = {"edges": np.array([[0, 1], [1, 2]]), "x": np.eye(3), "y": np.array([0, 1, 0])}
    charges = {"nuclear_charges": np.array([8, 1, 1]), "coords": rng.normal(size=(4, 3, 3))}
    rows = pyarrow.table({"text": ["a", "b"], "label": [0, 1], "x": [[1.5], [2.0]]})
    atoms = pyarrow.table({"atomic_numbers": [[8, 1]], "positions": [[[0.0] * 3, [1.0] * 3]],
                           "cell": [np.eye(3).tolist()], "pbc": [[True] * 3], "energy": [1.5]})  # fmt: skip

    def npz(arrays: dict[str, Any]) -> bytes:
        with made.open("wb") as out:
            np.savez(out, **arrays)
        return made.read_bytes()

    def table(found: Any, write: Callable[[Any, str], None]) -> bytes:
        write(found, str(made))
        return made.read_bytes()

    tensors = save({"epoch1/fc": rng.normal(size=(3, 2)).astype(np.float32)}, {"format": "x"})
    found: list[tuple[str, bytes, Reader]] = [
        ("a.csv", CSV.encode(), read_columns),
        ("a.tsv", b"x\ty\n1.5\ta\n-2e3\tb\nnan\ta\n", read_columns),
        ("a.npz", npz({"x": rng.normal(size=(5, 2)), "y": np.arange(5)}), read_columns),
        ("a.parquet", table(rows.drop_columns("x"), parquet.write_table), read_columns),
        ("a.feather", table(rows.drop_columns("x"), feather.write_feather), read_columns),
        ("a.jsonl", JSONL.encode(), lambda path: list(json_lines(path))),
        ("a.csv", CSV.encode(), _texts),
        ("a.jsonl", JSONL.encode(), _texts),
        ("a.json", b'[{"text": "a", "label": 0}, {"text": "b"}]', _texts),
        ("a.parquet", table(rows, parquet.write_table), _texts),
        ("a.npz", npz(graph), _graph),
        ("a.csv", b"source,target\n0,1\n1,2\n2,0\n", _graph),
        ("a.edgelist", b"0 1\n1 2\n2 0\n", _graph),
        ("a.gml", GML.encode(), _graph),
        ("a.graphml", GRAPHML.encode(), _graph),
        ("a.xyz", (XYZ * 2).encode(), _atoms),
        ("a.extxyz", (XYZ * 2).encode(), _atoms),
        ("a.cfg", (MTP * 2).encode(), _atoms),
        ("a.npz", npz(charges), _atoms),
        ("a.parquet", table(atoms, parquet.write_table), _atoms),
        ("POSCAR", POSCAR.encode(), _atoms),
        ("a.npz", npz({"epoch1/fc": np.eye(3)}), _activations),
        ("a.safetensors", tensors, _activations),
        ("a.safetensors", _saved_autoencoder(made), _autoencoder),
        ("a.safetensors", _saved_network(made), _network),
    ]
    for kind in _kinds():
        kind.example(rng).save(made.with_suffix(".npz"))
        found.append(("a.npz", made.with_suffix(".npz").read_bytes(), kind.load))
    return found


def _saved_autoencoder(made: Path) -> bytes:
    import torch

    from harness_superposition import checkpoints
    from harness_superposition.dictionary import Dictionaries

    found = Dictionaries("relu", torch.ones(1, 4, 3), torch.ones(1, 4))
    checkpoints.write(made, found)
    return made.read_bytes()


def _saved_network(made: Path) -> bytes:
    from harness_lm import tokens, weights
    from harness_lm.network import Design, Transformer
    from harness_lm.settings import Network

    design = Design(vocabulary=5, window=4, layers=1, heads=1, width=4)
    weights.save(Transformer(design), tokens.Native(5).text, made, Network())
    return made.read_bytes()


def _kinds() -> list[type[Kind]]:
    every = (getattr(harness, name) for name in harness.__all__)
    return [k for k in every if isinstance(k, type) and issubclass(k, Kind) and k is not Kind]


def _read(folder: Path, first: int, count: int, said: Any) -> None:
    """Read the mutated files from number ``first`` on, and say of each how that ended."""
    examples = _examples(folder)
    for module in ("ase.io", "networkx", "torch", "safetensors.torch", "pyarrow.parquet"):
        __import__(module)  # before the limit: what is measured is what files need
    for _, content, read in examples:
        with contextlib.suppress(HarnessError):
            read(_written(folder, "warm", content))
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    room = pages * resource.getpagesize() + ROOM
    resource.setrlimit(resource.RLIMIT_AS, (room, room))
    warnings.simplefilter("ignore")
    devnull = os.open(os.devnull, os.O_WRONLY)
    os.dup2(devnull, 1)
    os.dup2(devnull, 2)
    for number in range(first, count):
        name, content, read = examples[number % len(examples)]
        where = f"{read.__module__}.{getattr(read, '__qualname__', read)} {name}"
        said.send((number, "begins", where))
        path = _written(folder, name, _changed(content, random.Random(number)))
        try:
            read(path)
            ended = "read"
        except HarnessError as error:
            ended = "refused" if str(path) in str(error) else f"does not name the file: {error}"
        except BaseException as error:
            ended = f"{type(error).__name__}: {error}"
        said.send((number, ended[:200], where))
    said.send((count, "done", ""))


def _changed(content: bytes, rng: random.Random) -> bytes:
    """Other bytes; half of the time other numbers, and other members of an archive, sums renewed."""
    if rng.random() < 0.5:
        return mutated(content, rng)
    if content[:2] != b"PK":
        numbers = list(re.finditer(rb"[0-9][0-9.]*", content))
        found = rng.choice(numbers)
        return content[: found.start()] + rng.choice(ODD) + content[found.end() :]
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    name = rng.choice(list(members))
    members[name] = (
        mutated(members[name], rng) if rng.random() < 0.5 else _poked(members[name], rng)
    )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, member in members.items():
            archive.writestr(name, member)
    return out.getvalue()


def _poked(content: bytes, rng: random.Random) -> bytes:
    """Eight bytes near the end, where the numbers of an array are."""
    at = max(0, len(content) - 8 * rng.randrange(1, 5))
    return content[:at] + rng.choice(POKES)[: len(content) - at] + content[at + 8 :]


def _written(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def drill(count: int) -> tuple[str, bool]:
    """Read ``count`` mutated files; a line for the table."""
    ended: Counter[str] = Counter()
    odd: Counter[str] = Counter()
    first, children = 0, multiprocessing.get_context("fork")
    with tempfile.TemporaryDirectory(prefix="drill-") as name:
        while first < count:
            heard, said = children.Pipe(duplex=False)
            child = children.Process(target=_read, args=(Path(name), first, count, said))
            child.start()
            said.close()
            number, how, where = first - 1, "begins", "before the first"
            while how != "done":
                if not heard.poll(120 if where == "before the first" else LIMIT_S):
                    how = "hang"
                    break
                try:
                    number, how, where = heard.recv()
                except EOFError:
                    child.join()
                    how = f"the process died ({child.exitcode})"
                    break
                if how in ("read", "refused"):
                    ended[how] += 1
                    if ended.total() % 1000 == 0:
                        print(f"  {ended.total()} files", flush=True)
                elif how not in ("begins", "done"):
                    odd[f"{where}: {how}"] += 1
                    print(f"  {number} {where}: {how}", flush=True)
            if how != "done":
                odd[f"{where}: {how}"] += 1
                print(f"  {number} {where}: {how}", flush=True)
            os.kill(child.pid, signal.SIGKILL) if child.is_alive() else None
            child.join()
            first = number + 1
    for what, times in odd.most_common():
        print(f"  {times} times {what}")
    return (
        f"{count} files for {len(_kinds()) + 25} readers: {ended['read']} read, "
        f"{ended['refused']} refused, {sum(odd.values())} other ends",
        not odd,
    )
