"""Speed and memory of the plugin `msc` beside the authors' package `quests`, with equal answers.

Both sides get the same rattled EMT metals, run in interpreters of their own, by turns, and are
timed warm (compiled); the first call, which compiles, is reported apart. Ratios are of medians, so
they mean something on a busy machine too.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

import numpy as np
from ase.build import bulk

PEER = "quests==2026.2.22"
ROOT = Path(__file__).parents[2]
TARGETS = {("descriptor", 50_000): 8, ("entropy", 50_000): 10, ("cover", 50_000): 10}
METALS = (("Cu", 3.61), ("Al", 4.05), ("Ni", 3.52), ("Pd", 3.89))


def structures(environments, seed=0):
    """Rattled, strained fcc supercells of 32 atoms, as the arrays of `harness.Structures`."""
    rng = np.random.default_rng(seed)
    atoms = []
    for i in range(-(-environments // 32)):
        element, a = METALS[i % len(METALS)]
        made = bulk(element, a=a * (1 + 0.03 * rng.standard_normal()), cubic=True) * (2, 2, 2)
        made.positions += rng.normal(
            scale=rng.choice([0.02, 0.05, 0.1, 0.2]), size=made.positions.shape
        )
        atoms.append(made)
    return {
        "numbers": np.concatenate([a.numbers for a in atoms]),
        "positions": np.concatenate([a.positions for a in atoms]),
        "offsets": np.cumsum([0] + [len(a) for a in atoms]),
        "cells": np.array([a.cell[:] for a in atoms]),
        "pbc": np.array([a.pbc for a in atoms]),
    }


def peer_python(cache):
    """The interpreter of an environment that holds the peer; made on first use."""
    home = cache / PEER.replace("==", "-")
    python = home / "bin" / "python"
    if not (home / "ready").exists():
        venv.create(home, with_pip=True, clear=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "--quiet", PEER], check=True)
        (home / "ready").touch()
    return python


def timed(python, side, folder, step, repeats):
    """What `worker.py` prints."""
    paths = [str(ROOT), str(ROOT / "plugins")] if side == "ours" else []
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(paths), "PYTHONWARNINGS": "ignore"}
    worker = Path(__file__).with_name("worker.py")
    done = subprocess.run(
        [python, worker, side, folder, step, str(repeats)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"{side} {step}: {done.stderr.strip()}")
    return json.loads(done.stdout.splitlines()[-1])


def agreement(folder, step):
    """How far the two answers are apart, in words."""
    a, b = (np.load(folder / f"{side}-{step}.npy") for side in ("ours", "peer"))
    if step == "descriptor":
        return f"max difference {np.abs(a - b).max():.0e} 1/Å"
    if step == "entropy":
        return f"relative difference {abs(a / b - 1):.0e}"
    return f"{(a == b).sum()} of {len(b)} picks the same, in order"


def compare(python, environments, step, repeats, rounds):
    """One row: both sides by turns."""
    runs = {"ours": [], "peer": []}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        data = structures(environments)
        np.savez(folder / "structures.npz", **data)
        if step != "descriptor":
            from harness import Structures
            from harness_msc.descriptor import Quests

            np.save(folder / "x.npy", Quests().describe(Structures(**data)))
        for _ in range(rounds):
            for side, interpreter in (("ours", sys.executable), ("peer", python)):
                runs[side].append(timed(interpreter, side, folder, step, repeats[side]))
        words = agreement(folder, step)
    out = {"agreement": words, "n": len(data["numbers"])}
    for side, found in runs.items():
        for clock in ("wall", "cpu"):
            out[side, clock] = statistics.median(t for run in found for t in run[clock])
        out[side, "first"] = statistics.median(run["first"] for run in found)
        out[side, "extra"] = max(run["extra_mib"] for run in found)
    return out


def main():
    """Print a row per step and size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--cache", type=Path, help="folder for the peer's environment (default: a temporary one)"
    )
    parser.add_argument(
        "--sizes", type=int, nargs="+", default=[10_000, 50_000], help="environments"
    )
    parser.add_argument("--steps", nargs="+", default=["descriptor", "entropy", "cover"])
    parser.add_argument("--rounds", type=int, default=2, help="turns of each side")
    options = parser.parse_args()
    sys.path[:0] = [str(ROOT), str(ROOT / "plugins")]
    with tempfile.TemporaryDirectory() as temporary:
        python = peer_python(options.cache.resolve() if options.cache else Path(temporary))
        print(
            "step         environments   ours wall/CPU s   peer wall/CPU s   ratio wall/CPU   extra MiB ours/peer"
        )
        for step in options.steps:
            for size in options.sizes:
                row = compare(python, size, step, {"ours": 3, "peer": 1}, options.rounds)
                ratios = [row["peer", clock] / row["ours", clock] for clock in ("wall", "cpu")]
                target = TARGETS.get((step, size))
                wanted = "" if target is None else f"  (target {target}x)"
                print(
                    f"{step:<12} {row['n']:>12}   {row['ours', 'wall']:7.2f} {row['ours', 'cpu']:7.2f}"
                    f"   {row['peer', 'wall']:7.2f} {row['peer', 'cpu']:7.2f}   {ratios[0]:6.1f} {ratios[1]:6.1f}x"
                    f"   {row['ours', 'extra']:6.0f} {row['peer', 'extra']:6.0f}{wanted}\n"
                    f"             {row['agreement']}; first call {row['ours', 'first']:.1f} s"
                    f" against {row['peer', 'first']:.1f} s",
                    flush=True,
                )


if __name__ == "__main__":
    main()
