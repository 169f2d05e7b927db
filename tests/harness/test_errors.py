"""What an absent package is called, and what moved."""

import sys

import pytest

import harness
from harness import MissingDependency, needs


def test_an_optional_package_is_imported_or_named_with_its_command(monkeypatch):
    assert needs("json.decoder").JSONDecoder is sys.modules["json"].JSONDecoder
    with pytest.raises(MissingDependency, match=r"package 'no_such'.*: pip install no_such$"):
        needs("no_such.part")
    monkeypatch.setitem(sys.modules, "colorsys", None)
    with pytest.raises(
        MissingDependency, match=r"'colorsys'.*: pip install 'infoharness\[plots\]'$"
    ):
        needs("colorsys", "infoharness[plots]")


@pytest.mark.parametrize(
    ("name", "package"),
    [("SparseCodes", "harness_superposition"), ("GeneratedText", "harness_wireless_pvi")],
)
def test_a_kind_that_moved_answers_to_its_old_name_with_a_warning(name, package):
    with pytest.warns(
        DeprecationWarning, match=rf"harness\.{name} is now {package}\.kinds\.{name}"
    ):
        found = getattr(harness, name)
    assert found.__module__ == f"{package}.kinds"
    assert name not in harness.__all__
