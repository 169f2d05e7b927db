from harness.testing import conformance

PARAMS = {
    "cpc": {"candidates": 8},
    "memory-capacity": {"trials": 10},
    "te-plug-in": {"surrogates": 10},
    "directed-rate-distortion": {"horizon": 3, "tolerance": 1e-6},
}


@conformance("token_semantics", params=PARAMS)
def test_conformance(check):
    check()
