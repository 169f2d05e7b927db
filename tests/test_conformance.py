"""The shipped plugins keep the promises that `harness plugin check` checks."""

from harness.testing import conformance


@conformance("msc")
def test_msc(check):
    check()


@conformance("atoms", params={"colabfit": {"dataset": "copper", "rates": (0.2,)}})
def test_atoms(check):
    check()
