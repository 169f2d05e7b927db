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


BRIEF = {"steps": 10, "width": 16, "layers": 1}
POLICIES = ["all", "order", "reverse", "random-order", "filter", "random-kept", "easy", "medium", "hard", "random", "weight", "random-weight"]  # fmt: skip


@conformance(
    "wireless_pvi",
    params={f"train-{policy}": BRIEF for policy in POLICIES}
    | {"transformer-classifier": BRIEF, "pvi-guide": {"steps": 5, "folds": 2}, "text-embedding": {"dimensions": 5}},
)
def test_wireless_pvi(check):
    check()


@conformance(
    "text",
    params={
        "known-v-information": {"n": 100},
        "noma": {"n": 60},
        "noma-answers": {"n": 30},
        "wireless-qa": {"n": 60},
        "wireless-summaries": {"n": 30},
    },
)
def test_text(check):
    check()
