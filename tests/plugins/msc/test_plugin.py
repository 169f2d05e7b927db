"""The plugin as the host sees it."""

from harness.testing import conformance


@conformance("msc")
def test_conformance(check):
    check()
