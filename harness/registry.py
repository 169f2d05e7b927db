"""Find plugins, load and call each one alone, keep the host alive when one is broken.

Plugins are entry points of the group ``harness``. Whatever goes wrong with one becomes its row of
``harness plugin list``, with the command that fixes it. Plugins run with the rights of the user.
"""

from __future__ import annotations

import contextlib
import fnmatch
import functools
import importlib
import importlib.metadata
import importlib.util
import os
from collections.abc import Callable, Iterable, Iterator
from contextvars import ContextVar
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import pluggy

from harness import hookspecs, verbs
from harness.components import Component, Plugin
from harness.errors import PluginError, UsageError, unknown_name
from harness.specs import API, OFFERS, ROLES, CommandSpec, Quantity, Role, TaskSpec

GROUP = "harness"
OWN = "infoharness"


class _Manager(pluggy.PluginManager):
    """Looks at the functions of a module only: most names of one are specs, kinds and imports."""

    def parse_hookimpl_opts(self, plugin: object, name: str) -> Any:
        if isinstance(plugin, ModuleType) and not isinstance(vars(plugin).get(name), FunctionType):
            return None
        return super().parse_hookimpl_opts(plugin, name)


class Registry:
    """The plugins and components of this process."""

    def __init__(self) -> None:
        self.plugins: dict[str, Plugin] = {}
        self.components: dict[Role, dict[str, Component]] = {role: {} for role in OFFERS}
        self.commands: dict[str, tuple[str, CommandSpec]] = {}
        self.loaded_with: dict[str, tuple[str, ...]] = {}
        self._quantities: dict[str, tuple[Quantity, str]] = {}
        self._digests: dict[str, str] = {}
        self._open: frozenset[str] | None = None
        self._manager = _Manager("harness")
        self._manager.add_hookspecs(hookspecs)

    def add(self, plugin: Plugin, load: Callable[[], ModuleType]) -> None:
        """Load one plugin in a guard: import, contract version, hook names, specs."""
        first = self.plugins.get(plugin.name)
        if first is not None:
            plugin.fail(
                "duplicate",
                f"the name {plugin.name!r} is taken by {first.distribution or first.module}",
                f"pip uninstall {plugin.distribution or first.distribution}",
            )
            self.plugins[f"{plugin.name} ({plugin.distribution or plugin.module})"] = plugin
            return
        self.plugins[plugin.name] = plugin
        module = self._import(plugin, load)
        if (
            module is not None
            and self._hooks_known(plugin, module)
            and self._registered(plugin, module)
        ):
            for role in OFFERS:
                add = functools.partial(self._add_component, plugin, role)
                self._collect(plugin, f"harness_{role}s", add)
            add = functools.partial(self._add_command, plugin)
            self._collect(plugin, "harness_commands", add)

    def _import(self, plugin: Plugin, load: Callable[[], ModuleType]) -> ModuleType | None:
        off = f"leave it out with --no-plugin {plugin.name}"
        again = (
            f"pip install --upgrade {plugin.distribution}"
            if plugin.distribution
            else f"fix {plugin.module}"
        )
        try:
            module = load()
        except KeyboardInterrupt:
            raise
        except ModuleNotFoundError as error:
            plugin.fail(
                "import-failed",
                f"ModuleNotFoundError: {error}",
                f"pip install {error.name}, or {off}",
            )
            return None
        except BaseException as error:
            plugin.fail("import-failed", f"{type(error).__name__}: {error}", f"{again}, or {off}")
            return None
        plugin.location = str(Path(getattr(module, "__file__", None) or ".").parent)
        stated = getattr(module, "HARNESS_API", None)
        if stated != API:
            said = (
                "states no HARNESS_API" if stated is None else f"was written for contract {stated}"
            )
            plugin.fail(
                "api-mismatch",
                f"{said}; this host has contract {API}",
                f"{again} or infoharness, or {off}",
            )
            return None
        return module

    def _hooks_known(self, plugin: Plugin, module: ModuleType) -> bool:
        marked = [
            n for n in dir(module) if self._manager.parse_hookimpl_opts(module, n) is not None
        ]
        known = [n for n in dir(hookspecs) if n.startswith("harness_")]
        for name in marked:
            if name not in known:
                plugin.fail(
                    "unknown-hook",
                    str(unknown_name("hook", name, known)),
                    f"rename it in {plugin.module}",
                )
                return False
        return True

    def _registered(self, plugin: Plugin, module: ModuleType) -> bool:
        try:
            self._manager.register(module, plugin.name)
        except pluggy.PluginValidationError as error:
            self._manager.unregister(name=plugin.name)
            plugin.fail(
                "invalid",
                str(error).replace("\n", " "),
                f"fix the arguments of that hook in {plugin.module}",
            )
            return False
        return True

    def _collect(self, plugin: Plugin, hook: str, add: Callable[[Any], None]) -> None:
        for implementation in getattr(self._manager.hook, hook).get_hookimpls():
            if implementation.plugin_name != plugin.name:
                continue
            try:
                for spec in implementation.function():
                    add(spec)
            except KeyboardInterrupt:
                raise
            except BaseException as error:
                problem = f"{hook}: {type(error).__name__}: {error}"
                plugin.fail("invalid", problem, f"fix {hook} in {plugin.module}")

    def _add_command(self, plugin: Plugin, spec: Any) -> None:
        if not isinstance(spec, CommandSpec):
            raise PluginError(f"gave {type(spec).__name__}; wanted CommandSpec")
        first, _ = self.commands.get(spec.name, ("", spec))
        if first or spec.name in verbs.HOST:
            owner = f"plugin {first!r}" if first else "infoharness itself"
            raise PluginError(
                f"the verb {spec.name!r} of plugin {plugin.name!r} is taken by {owner}"
            )
        self.commands[spec.name] = plugin.name, spec

    def _add_component(self, plugin: Plugin, role: Role, spec: Any) -> None:
        if not isinstance(spec, OFFERS[role]):
            raise PluginError(f"gave {type(spec).__name__}; wanted {OFFERS[role].__name__}")
        self.adopt(plugin, Component(role, plugin.name, spec))

    def adopt(self, plugin: Plugin, component: Component) -> None:
        """Take in a component. Raises `PluginError` for a name or quantity that clashes."""
        role, spec = component.role, component.spec
        if component.name in self.components[role]:
            raise PluginError(f"two {role}s are named {spec.name!r}")
        measured = (
            spec.quantities if isinstance(spec, TaskSpec) else [getattr(spec, "quantity", None)]
        )
        for quantity in filter(None, measured):
            first, owner = self._quantities.setdefault(quantity.name, (quantity, component.name))
            if first != quantity:
                raise PluginError(
                    f"{spec.name}: the quantity {quantity.name!r} is declared otherwise by {owner}"
                )
        self.components[role][component.name] = component
        plugin.components.append(component)

    def quantity(self, name: str) -> Quantity:
        """The declaration of a quantity; a bare one where nobody installed declares it."""
        return self._quantities[name][0] if name in self._quantities else Quantity(name)

    def open_tasks(self, names: Iterable[str]) -> set[str]:
        """From now on only those tasks can be had that these components list in ``uses``.

        So do those that they use. In the processes that run models and estimators, where the truth
        is not in the room. Gives the packages of all that can be had.
        """
        reached, left = set(names), list(names)
        while left:
            for component in self.called(left.pop()):
                new = set(component.spec.uses) - reached
                reached |= new
                left += new
        self._open = frozenset(reached)
        specs = [component.spec for name in reached for component in self.called(name)]
        return {spec.implementation.partition(".")[0].partition(":")[0] for spec in specs}

    def matching(self, role: Role, pattern: str) -> list[Component]:
        """Components by full name, bare name or glob, sorted.

        Raises `UsageError` where none matches, and for a bare name (no glob) that several plugins
        use, with the full names. A function, ``package.module:name``, needs no plugin.
        """
        if role == "estimator" and ":" in pattern:
            from harness import functions

            return [functions.component(self, pattern)]
        known = {n: c for n, c in self.components[role].items() if ":" not in n}
        tried = [
            n
            for n in known
            if fnmatch.fnmatchcase(n if "/" in pattern else n.rpartition("/")[2], pattern)
        ]
        if not tried:
            self._explain_absent(role, pattern)
            raise unknown_name(role, pattern, [*known, *{n.rpartition("/")[2] for n in known}])
        if len(tried) > 1 and not set(pattern) & set("*?["):
            raise UsageError(f"{role} {pattern!r} is ambiguous: {' or '.join(sorted(tried))}")
        return [known[n] for n in sorted(tried)]

    def _explain_absent(self, role: Role, pattern: str) -> None:
        """Say so where there are several names, or that of a plugin that did not load."""
        if "," in pattern:
            each = " ".join(f"--{role} {name.strip()}" for name in pattern.split(","))
            raise UsageError(f"{role} {pattern!r}: wanted one name at a time: {each}")
        plugin = self.plugins.get(pattern.partition("/")[0])
        if plugin is not None and plugin.state != "ok":
            raise UsageError(
                f"plugin {plugin.name!r} did not load ({plugin.problem}): {plugin.fix}"
            )

    def one(self, role: Role, name: str) -> Component:
        """The component with this full or bare name. Raises `UsageError`."""
        if name in self.components[role]:  # full names, as on every path, need no search
            found = [self.components[role][name]]
        else:
            found = self.matching(role, name)
        if len(found) > 1:
            raise UsageError(f"{role} {name!r} matches several: {', '.join(c.name for c in found)}")
        if role == "task" and self._open is not None and found[0].name not in self._open:
            raise UsageError(
                f"task {found[0].name} cannot be had by a model or estimator: it knows the truth; "
                "one whose data are needed is listed in `uses` of the spec"
            )
        return found[0]

    def called(self, name: str) -> list[Component]:
        """The components with this full name, at most one in each role."""
        return [known[name] for role in ROLES if name in (known := self.components[role])]

    def of_plugin(self, name: str, role: Role) -> list[Component]:
        """The components of one role that a plugin (a name or glob) offers."""
        names = [n for n in self.plugins if fnmatch.fnmatchcase(n, name)]
        if not names:
            raise unknown_name("plugin", name, self.plugins)
        for plugin in (self.plugins[n] for n in names):
            if plugin.state != "ok" and not plugin.components:
                raise UsageError(
                    f"plugin {plugin.name!r} did not load ({plugin.problem}): {plugin.fix}"
                )
        return sorted(
            (c for n in names for c in self.plugins[n].components if c.role == role),
            key=lambda c: c.name,
        )

    def notify(self, hook: str, **arguments: Any) -> list[str]:
        """Call a watcher hook of every plugin, each alone; the problems, in words."""
        problems = []
        for implementation in getattr(self._manager.hook, hook).get_hookimpls():
            wanted = {name: arguments[name] for name in implementation.argnames}
            try:
                implementation.function(**wanted)
            except Exception as error:
                problems.append(
                    f"plugin {implementation.plugin_name}: {hook}: {type(error).__name__}: {error}"
                )
        return problems

    @contextlib.contextmanager
    def watch(self, watcher: object) -> Iterator[None]:
        """Register an object with watcher hooks for the length of a ``with`` block."""
        self._manager.register(watcher)
        try:
            yield
        finally:
            self._manager.unregister(watcher)

    def source_digest(self, plugin: str) -> str:
        """Digest of what computes in a plugin (`harness.sources`). Enters every cache key."""
        if plugin not in self._digests:
            self._digests[plugin] = self.plugins[plugin].digest()
        return self._digests[plugin]


def load(
    *,
    blocked: Iterable[str] = (),
    only: Iterable[str] = (),
    modules: Iterable[str | ModuleType] = (),
    functions: Iterable[str] = (),
) -> Registry:
    """Load the installed plugins.

    Parameters
    ----------
    blocked : names that are not imported (``--no-plugin``).
    only : under ``HARNESS_DISABLE_PLUGIN_AUTOLOAD`` the names that are loaded all the same.
    modules : modules that are plugins without an entry point.
    functions : functions that are estimators without a plugin, ``package.module:name``.
    """
    registry = Registry()
    blocked, only, switch = set(blocked), set(only), "HARNESS_DISABLE_PLUGIN_AUTOLOAD"
    manual = bool(os.environ.get(switch))
    extra = tuple(m.__name__ if isinstance(m, ModuleType) else m for m in modules)
    registry.loaded_with = {"blocked": tuple(blocked), "only": tuple(only), "modules": extra}
    # A distribution parses its whole metadata at each question.
    described = functools.cache(lambda d: (d.name, d.version) if d else ("", ""))
    entries = [
        (entry.name, *described(entry.dist), entry)
        for entry in importlib.metadata.entry_points(group=GROUP)
    ]
    known = {name for name, *_ in entries}
    for name in blocked - known:
        raise unknown_name("plugin", name, known)
    # Those of the host's own distribution come first: nobody displaces a built-in plugin.
    entries.sort(key=lambda e: (e[0], e[1] != OWN, e[1]))
    for name, distribution, version, entry in entries:
        plugin = Plugin(name, entry.module, distribution, version)
        if name in blocked or (manual and not any(fnmatch.fnmatchcase(name, o) for o in only)):
            plugin.state = "blocked"
            said = "left out by --no-plugin" if name in blocked else f"{switch} is set"
            plugin.problem = said
            plugin.fix = f"name it with --plugin {name}" if manual else f"drop --no-plugin {name}"
            registry.plugins.setdefault(name, plugin)
        else:
            registry.add(plugin, entry.load)
    for module in extra:
        name = module.rpartition(".")[2].removeprefix("harness_").replace("_", "-")
        registry.add(Plugin(name, module), functools.partial(importlib.import_module, module))
    for function in functions:
        registry.one("estimator", function)
    return registry


_in_use: ContextVar[Registry | None] = ContextVar("harness registry", default=None)


def default() -> Registry:
    """The registry of the run that this code is part of; outside of runs the installed plugins."""
    return _in_use.get() or _installed()


@functools.cache
def _installed() -> Registry:
    """The installed plugins, scanned once per process."""
    return load()


@contextlib.contextmanager
def using(registry: Registry) -> Iterator[None]:
    """Within ``with``, `default` is this registry: ``--no-plugin`` holds for calls by name."""
    token = _in_use.set(registry)
    try:
        yield
    finally:
        _in_use.reset(token)
