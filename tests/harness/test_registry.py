"""The host keeps working beside every kind of broken plugin, and says what fixes it."""

import importlib
import subprocess
import sys

import pytest

from harness import MissingDependency, PluginError, UsageError, registry
from harness.registry import Registry

GOOD = """
from harness import Estimate, EstimatorSpec, Quantity, Samples, hookimpl

HARNESS_API = 1

def spec(name, quantity=Quantity("gain", "", "higher"), **more):
    return EstimatorSpec(name=name, summary="fits", implementation=__name__ + ":Fit", reads=Samples, gives=Estimate,
        quantity=quantity, **more)

@hookimpl
def harness_estimators():
    return [spec("fit")]
"""


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Put a module with a hand-made ``dist-info`` on the path, as pip would."""
    monkeypatch.syspath_prepend(tmp_path)
    before = set(sys.modules)

    def install(plugin, source, *, distribution=None, module=None, version="1.2"):
        module = module or "fake_" + plugin.replace("-", "_")
        distribution = distribution or f"dist-{plugin}"
        if source is not None:
            (tmp_path / f"{module}.py").write_text(source)
        info = tmp_path / f"{distribution.replace('-', '_')}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n"
        )
        (info / "entry_points.txt").write_text(f"[harness]\n{plugin} = {module}\n")
        importlib.invalidate_caches()

    yield install
    for name in set(sys.modules) - before:
        if name.startswith("fake_"):
            del sys.modules[name]


def test_a_good_plugin_with_its_origin(install, tmp_path):
    install("good", GOOD)
    found = registry.load()
    plugin = found.plugins["good"]
    assert (plugin.state, plugin.distribution, plugin.version) == ("ok", "dist-good", "1.2")
    assert plugin.location == str(tmp_path)
    assert found.one("estimator", "good/fit").spec.name == "fit"
    assert len(found.source_digest("good")) == 16


BROKEN = {
    "import error": (
        "raise RuntimeError('no GPU')",
        "import-failed",
        "RuntimeError: no GPU",
        "--no-plugin bad",
    ),
    "absent package": ("import not_there", "import-failed", "not_there", "pip install not_there"),
    "syntax": ("def (", "import-failed", "SyntaxError", "pip install --upgrade dist-bad"),
    "leaves the process": ("raise SystemExit(3)", "import-failed", "SystemExit", "--no-plugin bad"),
    "no module": (None, "import-failed", "fake_bad", "--no-plugin bad"),
    "no contract": (
        GOOD.replace("HARNESS_API = 1", ""),
        "api-mismatch",
        "states no HARNESS_API",
        "--upgrade dist-bad",
    ),
    "other contract": (
        GOOD.replace("_API = 1", "_API = 99"),
        "api-mismatch",
        "for contract 99",
        "--upgrade dist-bad",
    ),
    "unknown hook": (
        GOOD.replace("harness_estimators", "harness_estimator"),
        "unknown-hook",
        "did you mean harness_estimators",
        "rename it in fake_bad",
    ),
    "unknown argument": (
        GOOD + "\n@hookimpl\ndef harness_run_finished(summary, colour):\n    pass\n",
        "invalid",
        "colour",
        "fix",
    ),
    "garbage": (
        GOOD.replace('[spec("fit")]', "[42]"),
        "invalid",
        "gave int; wanted EstimatorSpec",
        "fix harness_est",
    ),
    "no iterable": (
        GOOD.replace('[spec("fit")]', "None"),
        "invalid",
        "TypeError",
        "fix harness_estimators",
    ),
    "bad name": (
        GOOD.replace('"fit"', '"Fit it"'),
        "invalid",
        "not a valid component name",
        "fix",
    ),
    "duplicate component": (
        GOOD.replace('[spec("fit")]', '[spec("fit"), spec("fit")]'),
        "invalid",
        "two estimators are named 'fit'",
        "fix",
    ),
    "raises half-way": (
        GOOD.replace('return [spec("fit")]', 'yield spec("fit")\n    raise OSError("half")'),
        "invalid",
        "harness_estimators: OSError: half",
        "fix harness_estimators in fake_bad",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_plugin_is_a_row_that_says_what_fixes_it(install, name):
    source, state, problem, fix = BROKEN[name]
    install("bad", source)
    install("good", GOOD)
    found = registry.load()
    row = found.plugins["bad"]
    assert row.state == state
    assert problem in row.problem
    assert fix in row.fix
    assert found.plugins["good"].state == "ok"
    assert found.one("estimator", "good/fit")


def test_what_came_before_the_failure_of_a_generator_can_be_used(install):
    install("bad", BROKEN["raises half-way"][0])
    found = registry.load()
    assert [c.name for c in found.of_plugin("bad", "estimator")] == ["bad/fit"]


def test_components_of_a_plugin_that_did_not_load_say_so(install):
    install("bad", "import not_there")
    found = registry.load()
    with pytest.raises(UsageError, match=r"plugin 'bad' did not load .*pip install not_there"):
        found.one("estimator", "bad/fit")
    with pytest.raises(UsageError, match="did not load"):
        found.of_plugin("bad", "estimator")


def test_two_distributions_with_one_plugin_name(install):
    install("twin", GOOD, distribution="first-dist", module="fake_one")
    install("twin", GOOD, distribution="second-dist", module="fake_two")
    found = registry.load()
    assert found.plugins["twin"].state == "ok"
    (second,) = [p for p in found.plugins.values() if p.state == "duplicate"]
    assert "taken by first-dist" in second.problem
    assert second.fix == "pip uninstall second-dist"
    assert [c.plugin for c in found.components["estimator"].values()].count("twin") == 1


def test_a_quantity_declared_otherwise_is_refused_by_name(install):
    install("aaa", GOOD)
    install("bbb", GOOD.replace('"higher"', '"lower"'))
    found = registry.load()
    assert found.plugins["aaa"].state == "ok"
    assert found.plugins["bbb"].state == "invalid"
    assert "'gain' is declared otherwise by aaa/fit" in found.plugins["bbb"].problem
    assert found.quantity("gain").better == "higher"


def test_a_missing_dependency_is_listed_and_names_the_command(install):
    source = GOOD.replace(
        'spec("fit")', 'spec("fit", requires=("not_there",), install="dist-lazy[all]")'
    )
    install("lazy", source)
    component = registry.load().one("estimator", "lazy/fit")
    assert str(component.missing()).endswith("pip install 'dist-lazy[all]'")
    with pytest.raises(MissingDependency, match="not_there"):
        component.build({})


def test_a_reference_that_leads_nowhere_names_the_component(install):
    install("good", GOOD)
    with pytest.raises(PluginError, match="good/fit: cannot import fake_good:Fit"):
        registry.load().one("estimator", "good/fit").build({})


def test_blocked_plugins_are_not_imported(install):
    install("bad", "raise RuntimeError")
    row = registry.load(blocked=["bad"]).plugins["bad"]
    assert (row.state, row.problem) == ("blocked", "left out by --no-plugin")
    with pytest.raises(UsageError, match="unknown plugin 'bat': did you mean bad"):
        registry.load(blocked=["bat"])


def test_autoload_can_be_turned_off(install, monkeypatch):
    install("good", GOOD)
    install("bad", "raise RuntimeError")
    monkeypatch.setenv("HARNESS_DISABLE_PLUGIN_AUTOLOAD", "1")
    found = registry.load()
    assert {p.state for p in found.plugins.values()} == {"blocked"}
    assert found.plugins["good"].fix == "name it with --plugin good"
    named = registry.load(only=["go*"])
    assert named.plugins["good"].state == "ok"
    assert named.plugins["bad"].state == "blocked"
    assert "fake_bad" not in sys.modules


def test_modules_can_be_plugins_without_an_entry_point(install, tmp_path):
    (tmp_path / "harness_own_thing.py").write_text(GOOD)
    found = registry.load(modules=["harness_own_thing"])
    assert found.plugins["own-thing"].state == "ok"
    assert found.loaded_with["modules"] == ("harness_own_thing",)


def test_names(install):
    install("aaa", GOOD.replace('[spec("fit")]', '[spec("fit"), spec("fitness")]'))
    install("bbb", GOOD)
    found = registry.load(blocked=[p for p in registry.load().plugins if p not in ("aaa", "bbb")])

    def names(pattern):
        return [c.name for c in found.matching("estimator", pattern)]

    assert names("fitness") == ["aaa/fitness"]
    assert names("bbb/fit") == ["bbb/fit"]
    assert names("fit*") == ["aaa/fit", "aaa/fitness", "bbb/fit"]
    assert names("*/fit") == ["aaa/fit", "bbb/fit"]
    assert names("aaa/*") == ["aaa/fit", "aaa/fitness"]
    with pytest.raises(UsageError, match="estimator 'fit' is ambiguous: aaa/fit or bbb/fit"):
        names("fit")
    with pytest.raises(UsageError, match="unknown estimator 'fitnes': did you mean fitness"):
        names("fitnes")
    with pytest.raises(UsageError, match="unknown estimator 'zzz'"):
        names("zzz*"[:-1])
    with pytest.raises(UsageError, match="matches several"):
        found.one("estimator", "fit*")
    with pytest.raises(UsageError, match="unknown plugin 'aab': did you mean aaa"):
        found.of_plugin("aab", "estimator")


def test_watchers_are_called_alone_with_the_arguments_they_name(install, tmp_path):
    log = tmp_path / "log"
    watcher = "\n@hookimpl\ndef harness_run_started(total):\n    with open({!r}, 'a') as log:\n"
    watcher += "        log.write(f'{{__name__}} {{total}} ')\n"
    install("aaa", GOOD + watcher.format(str(log)))
    install("bbb", GOOD + "\n@hookimpl\ndef harness_run_started(plan):\n    raise KeyError(plan)\n")
    install("ccc", GOOD + watcher.format(str(log)))
    problems = registry.load().notify("harness_run_started", plan="the plan", total=7, cached=0)
    assert problems == ["plugin bbb: harness_run_started: KeyError: 'the plan'"]
    assert sorted(log.read_text().split()) == ["7", "7", "fake_aaa", "fake_ccc"]


def test_an_object_watches_for_the_length_of_a_block():
    from harness import hookimpl

    class Watcher:
        seen = ()

        @hookimpl
        def harness_run_finished(self, summary):
            self.seen += (summary,)

    found, watcher = Registry(), Watcher()
    with found.watch(watcher):
        assert found.notify("harness_run_finished", summary={"n": 1}) == []
    found.notify("harness_run_finished", summary={"n": 2})
    assert watcher.seen == ({"n": 1},)


def test_the_source_digest_changes_with_the_source_alone(install, tmp_path):
    install("good", GOOD)
    before = registry.load().source_digest("good")
    assert registry.load().source_digest("good") == before
    (tmp_path / "fake_good.py").write_text(GOOD + "# changed\n")
    assert registry.load().source_digest("good") != before


def test_the_commands_work_beside_broken_plugins(install, tmp_path):
    """Every row is printed, nothing else fails, and each broken row names the command that fixes it."""
    install("bad", "import not_there")
    install("old", GOOD.replace("_API = 1", "_API = 0"))
    install("good", GOOD)
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); from harness.cli import main; sys.exit(main())"

    def command(*words):
        return subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True)

    listed = command("plugin", "list")
    assert listed.returncode == 0
    rows = {line.split()[0]: line for line in listed.stdout.splitlines()}
    assert "fix: pip install not_there, or leave it out with --no-plugin bad" in rows["bad"]
    assert "fix: pip install --upgrade dist-old or infoharness" in rows["old"]
    assert " ok " in rows["good"]
    assert "dist-good 1.2" in rows["good"]
    traced = command("plugin", "list", "--debug")
    assert "Traceback" in traced.stderr
    assert "Traceback" not in listed.stderr
    components = command("list", "estimators")
    assert components.returncode == 0
    assert "good/fit" in components.stdout
    assert "2 plugins have problems (bad, old)" in components.stderr


def test_the_digest_covers_what_computes_and_not_reports(tmp_path, monkeypatch):
    from harness import sources

    monkeypatch.syspath_prepend(tmp_path)
    package = tmp_path / "fake_package"
    for folder in ("", "reports", "inner/reports"):
        (package / folder).mkdir(parents=True, exist_ok=True)
        (package / folder / "__init__.py").write_text("")
        (package / folder / "part.py").write_text("x = 1\n")
    before = sources.digest("fake_package")
    (package / "reports" / "part.py").write_text("x = 2\n")
    assert sources.digest("fake_package") == before
    for name in ("part.py", "inner/reports/part.py"):
        (package / name).write_text("x = 2\n")
        changed = sources.digest("fake_package")
        assert changed != before
        before = changed


def test_several_names_in_one_are_told_apart():
    with pytest.raises(UsageError, match=r"at a time: --estimator ksg --estimator gaussian$"):
        registry.load().matching("estimator", "ksg, gaussian")
