"""Verbs of plugins: found, remembered, and refused where a name is taken."""

import os
import sys
from pathlib import Path

import pytest

from harness import PluginError, registry, verbs
from harness.cli import main
from harness.specs import CommandSpec

TOY = Path(__file__).parent.parent / "toy"
SOURCE = """
from harness import CommandSpec, hookimpl
HARNESS_API = 1

@hookimpl
def harness_commands():
    yield CommandSpec(name={verb!r}, summary="of {module}", implementation="{module}_verb")
"""


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Plugins with a verb of their own, as pip would install them; the store of verbs is the test's own."""
    place = tmp_path / "site"
    place.mkdir()
    monkeypatch.syspath_prepend(place)
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    before = set(sys.modules)

    def install(plugin, verb):
        module = f"verbose_{plugin}"
        (place / f"{module}.py").write_text(SOURCE.format(verb=verb, module=module))
        info = place / f"{plugin}-1.0.dist-info"
        info.mkdir(exist_ok=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {plugin}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[harness]\n{plugin} = {module}\n")
        return place / f"{module}.py"

    yield install
    for name in set(sys.modules) - before:
        if name.startswith("verbose_"):
            del sys.modules[name]


def test_a_verb_of_a_plugin_runs_and_is_in_the_help(command):
    assert command("greet", "world").stdout == "hello, world\n"
    assert "greet     say hello" in command("--help").stdout
    wrong = command("greet", "wold")
    assert (wrong.returncode, wrong.stderr) == (
        2,
        "harness: unknown word 'wold': did you mean 'world'?\n",
    )
    assert "unknown verb 'greed': did you mean 'greet'?" in command("greed").stderr


def test_the_verbs_are_remembered_until_something_changes(install, monkeypatch):
    loads = []
    load = registry.load
    monkeypatch.setattr(registry, "load", lambda: loads.append(1) or load())
    file = install("one", "first")
    assert verbs.known()["first"] == ("of verbose_one", "verbose_one_verb")
    assert "first" in verbs.known()
    assert len(loads) == 1
    install("two", "second")  # a new distribution
    assert {"first", "second"} <= verbs.known().keys()
    assert len(loads) == 2
    del sys.modules["verbose_one"]
    file.write_text(file.read_text().replace("'first'", "'other'"))  # another source
    os.utime(file, ns=(1, 1))
    assert "other" in verbs.known()
    assert len(loads) == 3
    monkeypatch.setenv("HARNESS_DISABLE_PLUGIN_AUTOLOAD", "1")
    assert verbs.known() == verbs.host()


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"installed": [], "modules": 1}'])
def test_a_broken_memory_is_made_again(install, tmp_path, content):
    install("one", "first")
    verbs.known()
    (tmp_path / "cache" / "verbs.json").write_text(content)
    assert "first" in verbs.known()


def test_without_a_place_to_remember_the_plugins_are_asked(install, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "file" / "cache"))
    install("one", "first")
    assert "first" in verbs.known()


def test_a_verb_taken_twice_names_both_and_stops_nothing_else(install, command, tmp_path):
    install("alpha", "same")
    install("beta", "same")
    install("gamma", "run")
    install("zeta", "own")
    found = registry.load()
    assert {v: p for v, (p, _) in found.commands.items() if p != "toy"}.items() >= {
        ("same", "alpha"),
        ("own", "zeta"),
    }
    assert [found.plugins[p].state for p in ("alpha", "beta", "gamma", "zeta")] == [
        "ok",
        "invalid",
        "invalid",
        "ok",
    ]
    assert (
        "the verb 'same' of plugin 'beta' is taken by plugin 'alpha'"
        in found.plugins["beta"].problem
    )
    assert (
        "the verb 'run' of plugin 'gamma' is taken by infoharness" in found.plugins["gamma"].problem
    )
    site = {
        "PYTHONPATH": os.pathsep.join(
            (str(TOY), str(tmp_path / "site"), os.environ.get("PYTHONPATH", ""))
        )
    }
    listed = command("plugin", "list", env=site)
    assert listed.returncode == 0
    assert "is taken by plugin 'alpha'" in listed.stdout


def test_a_verb_whose_module_is_absent(install, capsys):
    install("one", "first")
    assert main(["first"]) == 2
    assert "verb 'first': cannot import verbose_one_verb" in capsys.readouterr().err


def test_a_verb_that_needs_a_package_says_what_brings_it(install, capsys):
    file = install("one", "first")
    file.write_text(file.read_text().replace('_verb")', '_verb", install="one[extra]")'))
    file.with_name("verbose_one_verb.py").write_text("import a_package_that_is_absent\n")
    assert main(["first"]) == 2
    said = "needs the package 'a_package_that_is_absent', which is not installed: pip install 'one[extra]'"
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("fields", [{"name": "No"}, {"implementation": "a.b:C"}])
def test_a_spec_that_is_wrong(fields):
    with pytest.raises(PluginError):
        CommandSpec(**({"name": "go", "summary": "go", "implementation": "a.b"} | fields))
