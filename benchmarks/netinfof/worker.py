"""One timing of the netinfof benchmark, in a process of its own; prints a line of JSON.

worker.py ours FILE            the probe on a saved graph, part by part
worker.py act FILE             the sparse model on it, one pair of penalties, from batches
worker.py gcn FILE             training a GCN on it
worker.py peer FILE SOURCE     the authors' functions on it, part by part; SOURCE is their ``src``
folder
"""

import contextlib
import importlib.util
import json
import sys
import time

import numpy as np


def read(path):
    with np.load(path) as file:
        return {key: file[key] for key in file.files}


def links(raw):
    from harness import Links, Split

    split = Split(raw["train"], raw["test"], raw["valid"])
    return Links(
        int(raw["nodes"]),
        raw["edges"],
        raw["pairs"],
        raw["y"],
        raw["features"],
        int(raw["k"]),
        split=split,
    )


class Clock:
    """CPU and wall seconds by name."""

    def __init__(self):
        self.found = {}

    @contextlib.contextmanager
    def __call__(self, name):
        wall, cpu = time.perf_counter(), time.process_time()
        yield
        self.found[name] = {
            "wall_s": time.perf_counter() - wall,
            "cpu_s": time.process_time() - cpu,
        }


def ours(raw):
    import harness
    from harness import stream

    data = links(raw)
    estimator = harness.estimator("netinfof/nui", shuffles=0)
    estimator.warm_up()
    clock = Clock()
    with clock("probe"):
        found = estimator.estimate(data, rng=stream(0))
    scores = {
        key[-1]: value for key, value in found.diagnostics.items() if key.startswith("score_")
    }
    from harness_netinfof.backbone import Backbone

    with clock("embed"):
        Backbone().nodes(data, tuple("urfps"), stream(0))
    with clock("r"):
        Backbone().nodes(data, ("r",), stream(0))
    return {"times": clock.found, "scores": scores}


def act(raw):
    import harness
    from harness import stream

    data = links(raw)
    given = {"batch": 4096, "group": (1e-5,), "sparsity": (1e-5,)}
    estimator = harness.estimator("netinfof/netinfof-act", **given)
    estimator.warm_up()
    clock = Clock()
    with clock("act"):
        found = estimator.estimate(data, rng=stream(0))
    from harness_netinfof.backbone import Backbone

    with clock("before"):
        Backbone().pairs(data, tuple("urfps"), stream(0))
    told = found.diagnostics
    return {"times": clock.found, "steps": told["steps"], "validation": told["validation"]}


def gcn(raw):
    import harness
    from harness import stream

    data = links(raw)
    harness.estimator("netinfof/gcn", epochs=1).estimate(data, rng=stream(0))
    clock = Clock()
    with clock("gcn"):
        harness.estimator("netinfof/gcn").estimate(data, rng=stream(0))
    return {"times": clock.found}


def module(source, name):
    spec = importlib.util.spec_from_file_location(name, f"{source}/models/{name}.py")
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


def peer(raw, source):
    """Their ``cm.compatibility`` and ``nui.compute_netinfo``, called on embeddings of ours: what
    runs without DGL.

    Their embeddings want torch_scatter, torch_geometric and a compiled extension. ``torch`` warns
    of deprecated uses.
    """
    import warnings

    warnings.simplefilter("ignore")
    import torch

    cm, nui = module(source, "cm"), module(source, "nui")
    clock, scores = Clock(), {}
    torch.manual_seed(0)
    np.random.seed(0)  # noqa: NPY002 - what their code draws from
    edges = torch.tensor(np.concatenate([raw["edges"], raw["edges"][:, ::-1]]).T.copy())
    pairs = torch.tensor(raw["pairs"][raw["valid"]].T.copy())
    y = torch.tensor(raw["y"][raw["valid"]])
    for name in "urfps":
        z = torch.tensor(raw[f"z_{name}"])
        with clock(f"compatibility_{name}"):
            zh = cm.compatibility(z, edges)
        with clock(f"score_{name}"):
            scores[name] = float(nui.compute_netinfo(zh, z, edges, pairs, y)[0])
    return {"times": clock.found, "scores": scores}


if __name__ == "__main__":
    side, path, *rest = sys.argv[1:]
    print(json.dumps({"ours": ours, "act": act, "gcn": gcn, "peer": peer}[side](read(path), *rest)))
