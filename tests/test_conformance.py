"""The shipped plugins keep the promises that `harness plugin check` checks; those whose own tests do not say so already."""

from harness.testing import conformance


@conformance("atoms", params={"colabfit": {"dataset": "copper", "rates": (0.2,)}})
def test_atoms(check):
    check()


QUICK = {"steps": 100, "hidden": (16,), "batch": 16}


TRAINED = {"steps": 1500, "hidden": (32,), "batch": 16}
"""For the one that is no bound: its value is held against the truth."""


@conformance(
    "neural", params=dict.fromkeys(("mine", "dv", "nwj", "infonce", "club", "l1out"), QUICK) | {"smile": TRAINED}
)
def test_neural(check):
    check()


@conformance(
    "ib_lossy",
    params={f"autoencoder{k}": {"steps": 50, "hidden": (8,), "code_dim": 1} for k in ("", "-samples", "-labelled")}
    | {f"pca{k}": {"code_dim": 1} for k in ("", "-samples", "-labelled")}
    | {"ib-plane": {"epochs": (0, 1), "hidden": (8,)}},
)
def test_ib_lossy(check):
    check()


EPOCHS = {"epochs": 20, "hidden": 8}


@conformance(
    "netinfof",
    params=dict.fromkeys(("gcn", "sage", "gat", "sgc", "linear"), EPOCHS)
    | {"netinfof-act": {"steps": 40, "group": (1e-4,)}},
)
def test_netinfof(check):
    check()


@conformance(
    "graphs", params={"node-scenarios": {"nodes": 200}, "link-scenarios": {"nodes": 128, "k": 10, "density": 0.1}}
)
def test_graphs(check):
    check()
