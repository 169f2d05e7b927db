"""The probe of `netinfof`: time against edges, against the authors' functions, and against training
a GCN.

The authors' code is fetched from GitHub (or read where ``--source`` points) into the cache; its
environment has torch, SciPy and scikit-learn. Its embeddings want DGL, torch_scatter and a compiled
extension that do not install together today, so what is timed is what runs: the compatibility
matrix and the score, on the embeddings that ours makes. That is most of its time. CPU seconds are
compared, for the machine may be shared.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

import numpy as np

PEER = "amazon-science/Network-Usable-Info-Framework"
COMMIT = "ee610cd"
NEEDS = ["torch==2.13.0", "scipy==1.17.1", "scikit-learn==1.9.1", "numpy==2.4.6"]
ROOT = Path(__file__).parents[2]
FEATURES = 64


def peer_python(cache):
    """The interpreter of an environment that holds what the authors' functions import; made on
    first use.
    """
    home = cache / "netinfof"
    python = home / "bin" / "python"
    if not (home / "ready").exists():
        venv.create(home, with_pip=True, clear=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "--quiet", *NEEDS], check=True)
        (home / "ready").touch()
    return python


def peer_source(cache, given):
    """The ``src`` folder of the authors' code."""
    if given is not None:
        return given
    home = cache / "Network-Usable-Info-Framework"
    if not home.exists():
        subprocess.run(["git", "clone", "--quiet", f"https://github.com/{PEER}", home], check=True)
        subprocess.run(["git", "-C", home, "checkout", "--quiet", COMMIT], check=True)
    return home / "src"


def graph(m, folder):
    """A graph of blocks with m edges and m / 10 nodes, its pairs cut for link prediction, in a
    file.
    """
    from harness_graphs.splits import split_links

    rng = np.random.default_rng(m)
    nodes = m // 10
    a = rng.integers(nodes, size=round(1.02 * m))
    b = np.where(
        rng.random(len(a)) < 0.8,
        a - a % 50 + rng.integers(50, size=len(a)),
        rng.integers(nodes, size=len(a)),
    )
    b = np.minimum(b, nodes - 1)
    keys = np.unique(np.minimum(a, b)[a != b] * nodes + np.maximum(a, b)[a != b])
    edges = np.column_stack([keys // nodes, keys % nodes])
    x = rng.standard_normal((nodes, FEATURES), dtype=np.float32)
    data = split_links(edges, nodes, x, k=100, negatives=2.0, rng=rng, name="benchmark")
    path = folder / f"{m}.npz"
    save(data, path)
    return path, len(edges)


def save(data, path, **more):
    fields = {
        name: getattr(data, name) for name in ("nodes", "edges", "pairs", "y", "features", "k")
    }
    np.savez(path, **fields, **dict(data.split.parts()), **more)


def worker(python, *arguments, ours=True):
    paths = [str(ROOT), str(ROOT / "plugins"), str(ROOT / "tasks")] if ours else []
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(paths), "PYTHONWARNINGS": "ignore", "OMP_NUM_THREADS": "1",
        "NUMBA_NUM_THREADS": "1",
    }  # fmt: skip
    command = [python, Path(__file__).with_name("worker.py"), *arguments]
    done = subprocess.run(
        [*map(str, command)], capture_output=True, text=True, env=environment, check=False
    )
    if done.returncode:
        raise SystemExit(f"{arguments[0]}: {(done.stderr.strip().splitlines() or ['killed'])[-1]}")
    return json.loads(done.stdout.strip().splitlines()[-1])


def scaling(sizes, folder):
    print(
        f"{'edges':>10} {'probe s':>8} {'embed s':>8} {'gcn s':>8} {'gcn / probe':>11}   (CPU seconds, one thread)"
    )
    found = []
    for m in sizes:
        path, edges = graph(m, folder)
        times = worker(sys.executable, "ours", path)["times"]
        line = f"{edges:10} {times['probe']['cpu_s']:8.2f} {times['embed']['cpu_s']:8.2f}"
        if m <= 100_000:
            trained = worker(sys.executable, "gcn", path)["times"]["gcn"]["cpu_s"]
            line += f" {trained:8.2f} {trained / times['probe']['cpu_s']:11.1f}"
        print(line, flush=True)
        found.append((edges, times["probe"]["cpu_s"]))
        path.unlink()
    for start in range(len(found) - 1):
        logs = np.log(np.array(found[start:]))
        if len(logs) > 1:
            print(
                f"exponent from {found[start][0]} edges on: {np.polyfit(logs[:, 0], logs[:, 1], 1)[0]:.2f}"
            )


def batches(sizes, folder):
    """Time of `netinfof-act` from batches of 4096 pairs, with one pair of penalties."""
    print(f"{'edges':>10} {'act s':>8} {'before s':>8} {'steps':>6} {'hits':>6}   (CPU seconds)")
    found = []
    for m in sizes:
        path, edges = graph(m, folder)
        told = worker(sys.executable, "act", path)
        cpu, before = (told["times"][name]["cpu_s"] for name in ("act", "before"))
        print(
            f"{edges:10} {cpu:8.1f} {before:8.1f} {told['steps']:6} {told['validation']:6.3f}",
            flush=True,
        )
        found.append((edges, cpu))
        path.unlink()
    if len(found) > 1:
        logs = np.log(np.array(found))
        print(f"exponent: {np.polyfit(logs[:, 0], logs[:, 1], 1)[0]:.2f}")


def against_authors(given, folder):
    import harness
    from harness import stream
    from harness_netinfof.backbone import Backbone

    try:
        python, source = peer_python(given.cache), peer_source(given.cache, given.source)
    except subprocess.CalledProcessError as error:
        print(f"{PEER} is not to be had here: {error}; nothing to compare with", file=sys.stderr)
        return
    task = harness.task("graphs/link-scenarios")
    for case in list(task.cases(seed=0))[:4]:
        data, path = case.load(), folder / "scenario.npz"
        z = Backbone().nodes(data, tuple("urfps"), stream(0))[1]
        save(data, path, **{f"z_{name}": values for name, values in z.items()})
        mine, theirs = (
            worker(sys.executable, "ours", path),
            worker(python, "peer", path, source, ours=False),
        )
        fit = mine["times"]["probe"]["cpu_s"]
        cost = sum(t["cpu_s"] for t in theirs["times"].values())
        rows = "  ".join(f"{c} {mine['scores'][c]:.3f}/{theirs['scores'][c]:.3f}" for c in z)
        ratio = f"ours {fit:6.2f} s with embeddings, authors {cost:6.2f} s without: {cost / fit:6.1f} times"
        print(f"{case.id:15} {ratio}   {rows}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--sizes", type=int, nargs="+", default=[10_000, 100_000, 1_000_000, 10_000_000]
    )
    parser.add_argument("--source", type=Path, help="the authors' src folder, where it is on disk")
    parser.add_argument(
        "--cache", type=Path, default=Path(tempfile.gettempdir()) / "infoharness-peers"
    )
    parser.add_argument("--only", choices=("authors", "scaling", "batches"))
    given = parser.parse_args()
    given.cache.mkdir(parents=True, exist_ok=True)
    sys.path[:0] = [str(ROOT / "plugins"), str(ROOT / "tasks")]
    with tempfile.TemporaryDirectory() as folder:
        if given.only in (None, "authors"):
            against_authors(given, Path(folder))
        if given.only in (None, "scaling"):
            scaling(given.sizes, Path(folder))
        if given.only in (None, "batches"):
            batches(given.sizes, Path(folder))
    return 0


if __name__ == "__main__":
    sys.exit(main())
