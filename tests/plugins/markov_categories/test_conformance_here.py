from harness.testing import conformance

PARAMS = {
    "surplus-probe": {"epochs": 3, "hidden": 8},
    "draft-accuracy": {"epochs": 3, "hidden": 8},
    "draft-gain": {"epochs": 3, "hidden": 8},
    "finite-head": {"steps": 20},
    "state-futures": {"codes": 3},
}


@conformance("markov_categories", params=PARAMS)
def test_conformance(check):
    check()
