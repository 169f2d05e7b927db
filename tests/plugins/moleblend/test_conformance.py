from harness.testing import conformance

BRIEF = {"steps": 3, "width": 8, "heads": 2, "layers": 1, "rank": 8, "kernels": 4, "batch": 8}
TRAINED = ("blend", "blend-features", "blend-features-labelled", "blend-views", "blend-maps")
RANDOM = {k: v for k, v in BRIEF.items() if k not in ("steps", "batch")}


@conformance(
    "moleblend",
    params=dict.fromkeys(TRAINED, BRIEF)
    | dict.fromkeys(("random-features", "random-features-labelled"), RANDOM)
    | {"pair-mlp": {"steps": 3, "hidden": (8,), "batch": 16}},
)
def test_conformance(check):
    check()
