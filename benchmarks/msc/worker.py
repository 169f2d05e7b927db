"""One side of the comparison, run in its own interpreter: ``worker.py ours|peer FOLDER STEP
REPEATS``.

Prints one JSON line: seconds of the first call, then wall and CPU seconds of each warm repeat, and
how far the peak of resident memory rose above what the process held when the step began. Results
lie in FOLDER as ``SIDE-STEP.npy``.
"""

import json
import re
import resource
import sys
import time
from pathlib import Path

import numpy as np

H = 0.015


def ours(folder, step):
    """The call to time, of this project."""
    from harness import Environments, Structures
    from harness_msc.cover import MinimumSetCover
    from harness_msc.descriptor import Quests
    from harness_msc.measures import Entropy

    with np.load(folder / "structures.npz") as data:
        structures = Structures(**data)
    if step == "descriptor":
        return lambda: Quests().describe(structures)
    size = (structures.n // 2,) if step == "cover" else ()
    data = Environments(x=np.load(folder / "x.npy"), offsets=structures.offsets, sizes=size)
    if step == "entropy":
        return lambda: Entropy(h=H).estimate(data).value
    return lambda: MinimumSetCover(h=H).estimate(data).order


def peer(folder, step):
    """The call to time, of the authors' package."""
    from ase import Atoms
    from quests.compression.fps import msc
    from quests.descriptor import get_descriptors
    from quests.entropy import entropy

    with np.load(folder / "structures.npz") as data:
        atoms = [
            Atoms(data["numbers"][a:b], data["positions"][a:b], cell=cell, pbc=pbc)
            for a, b, cell, pbc in zip(
                data["offsets"][:-1], data["offsets"][1:], data["cells"], data["pbc"], strict=True
            )
        ]
    if step == "descriptor":
        return lambda: get_descriptors(atoms)
    x = np.load(folder / "x.npy")
    if step == "entropy":
        return lambda: entropy(x, h=H)
    cuts = np.cumsum([len(a) for a in atoms])[:-1]
    sets = np.split(x, cuts)

    def cover():
        entropies = np.array([entropy(s, h=H) for s in sets])
        return np.array(msc(sets, entropies, size=len(sets) // 2, h=H))

    return cover


def peak_mib():
    """Peak of this program's resident memory. (Linux: the figure of getrusage counts the
    parent's, too.)
    """
    status = Path("/proc/self/status")
    if status.exists():
        return int(re.search(r"VmHWM:\s*(\d+)", status.read_text())[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (
        2**20 if sys.platform == "darwin" else 1024
    )


def main():
    """Time one step."""
    side, folder, step, repeats = sys.argv[1], Path(sys.argv[2]), sys.argv[3], int(sys.argv[4])
    call = {"ours": ours, "peer": peer}[side](folder, step)
    before = peak_mib()
    start = time.perf_counter()
    result = call()
    first = time.perf_counter() - start
    wall, cpu = [], []
    for _ in range(repeats):
        start, busy = time.perf_counter(), time.process_time()
        result = call()
        wall.append(time.perf_counter() - start)
        cpu.append(time.process_time() - busy)
    extra = peak_mib() - before
    np.save(folder / f"{side}-{step}.npy", np.asarray(result))
    print(json.dumps({"first": first, "wall": wall, "cpu": cpu, "extra_mib": extra}))


if __name__ == "__main__":
    main()
