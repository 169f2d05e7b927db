"""Any function as an estimator: ``package.module:function``, without a plugin.

What it reads follows from the arguments that have no default: the kind that annotates a single one,
else one, two or three arrays (n, d) of float64, which are the fields of `Samples` (entropy),
`PairedSamples` (mutual information) and `ConditionedSamples` (conditional mutual information).
It returns a number in nats, or ``(value, standard error)``. Arguments with a default are parameters
where their type can be given on the command line; ``rng``, ``seed`` and ``random_state`` get the
seed of the path.
"""

from __future__ import annotations

import ast
import contextlib
import dataclasses
import functools
import importlib
import importlib.metadata
import importlib.util
import inspect
import math
import numbers
import re
import sys
import types
import typing
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness import sources
from harness.components import Component, Plugin
from harness.errors import PluginError, UsageError, unknown_name
from harness.kinds import ConditionedSamples, Kind, PairedSamples, Samples
from harness.outputs import Estimate
from harness.params import coerce, effective
from harness.quantities import CONDITIONAL_MUTUAL_INFORMATION, ENTROPY, MUTUAL_INFORMATION
from harness.registry import Registry
from harness.settings import Param
from harness.specs import EstimatorSpec, Quantity

if TYPE_CHECKING:
    import numpy as np

NAME = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*")
SEEDS = ("rng", "seed", "random_state")
"""Arguments that get the seed: the generator itself, or a whole number drawn from it."""
BY_NUMBER: Mapping[int, tuple[type[Kind], Quantity]] = {
    1: (Samples, ENTROPY),
    2: (PairedSamples, MUTUAL_INFORMATION),
    3: (ConditionedSamples, CONDITIONAL_MUTUAL_INFORMATION),
}
FIELDS = ("x", "y", "z")


@dataclass(frozen=True, kw_only=True)
class FunctionSpec(EstimatorSpec):
    """The declaration that a signature gives. ``arrays`` counts them; 0 where the kind is given."""

    arrays: int
    seeds: tuple[str, ...]

    def __post_init__(self) -> None:
        """Its names are Python's, not those of components."""


@dataclass(frozen=True)
class FunctionComponent(Component):
    """An estimator that no plugin declares."""

    @property
    def name(self) -> str:
        """``package.module:function``."""
        return str(self.spec.implementation)

    def build(self, params: Mapping[str, Any]) -> Function:
        """The function with ``params`` over its defaults."""
        values = effective(self.spec, self.name, params)
        return Function(self.implementation(), self.spec, values)


@dataclass
class FunctionPlugin(Plugin):
    """A module in the place of a plugin."""

    def digest(self) -> str:
        """Digest of its package; of a script, of the file and those beside it that it imports."""
        root = self.module.partition(".")[0]
        if self.distribution:
            return sources.digest(root)
        folder = Path(self.location)
        return sources.digest_of(_local_files(folder, root), folder)


@dataclass(frozen=True)
class Function:
    """A function with its settings, as an estimator."""

    call: Callable[..., Any]
    spec: FunctionSpec
    values: Mapping[str, Any]

    def estimate(self, data: Kind, *, rng: np.random.Generator) -> Estimate:
        """What it gives for the test part (for all, without a split), or for the kind as it is.

        Raises `PluginError` where that is not a number.
        """
        seeds = {s: rng if s == "rng" else int(rng.integers(2**32)) for s in self.spec.seeds}
        given: list[Any] = [data]
        if self.spec.arrays:
            part = data.evaluated()
            given = [getattr(part, name).copy() for name in FIELDS[: self.spec.arrays]]
        return _estimate(self.call(*given, **seeds, **self.values))


def _estimate(value: Any) -> Estimate:
    if isinstance(value, Estimate):
        return value
    if isinstance(value, tuple) and len(value) == 2:
        return Estimate(_number(value[0]), _number(value[1]))
    return Estimate(_number(value))


def _number(value: Any) -> float:
    if getattr(value, "ndim", None) == 0:
        value = value.item()
    if type(value) is not bool and isinstance(value, numbers.Real):
        return float(value)
    shape = getattr(value, "shape", None)
    found = repr(value) if isinstance(value, bool | complex | None) else type(value).__name__
    raise PluginError(
        f"the function gave {found}{'' if shape is None else f' of shape {tuple(shape)}'}; "
        "wanted a number in nats, or (value, standard error)"
    )


def component(registry: Registry, text: str) -> Component:
    """The function that ``package.module:function`` names, taken into the registry at first use.

    Raises `UsageError` where there is no such function, or where its arguments fit no kind.
    """
    known = registry.components["estimator"]
    if text not in known:
        if not NAME.fullmatch(text):
            raise UsageError(f"function {text!r}; wanted package.module:function")
        module, _, name = text.partition(":")
        if not isinstance(registry.plugins.get(module), FunctionPlugin | None):
            raise UsageError(f"{text}: the module {module!r} has the name of a plugin; rename it")
        imported = _import(module, text)
        spec = _spec(_function(imported, name, text), text)
        plugin = registry.plugins.setdefault(module, _plugin(imported, module))
        registry.adopt(plugin, FunctionComponent("estimator", module, spec))
        registry.loaded_with["functions"] = (*registry.loaded_with.get("functions", ()), text)
    return known[text]


def _import(module: str, text: str) -> types.ModuleType:
    root = module.partition(".")[0]
    if root == "__main__":
        raise UsageError(f"{text}: workers cannot find the running script; name it by its file")
    if root not in sys.modules and importlib.util.find_spec(root) is None:
        # A script in the current directory, which the command `harness` does not have on its path.
        sys.path.append(str(Path.cwd()))
        importlib.invalidate_caches()
    try:
        return importlib.import_module(module)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        absent = error.name if isinstance(error, ModuleNotFoundError) else None
        if absent and f"{module}.".startswith(f"{absent}."):
            said = f"there is no module {absent!r}, neither installed nor in {Path.cwd()}"
        else:
            said = f"{module} cannot be imported: {type(error).__name__}: {error}"
        raise UsageError(f"{text}: {said}") from error


def _function(module: types.ModuleType, name: str, text: str) -> Callable[..., Any]:
    if not hasattr(module, name):
        known = [n for n, value in vars(module).items() if inspect.isroutine(value)]
        place = getattr(module, "__file__", None) or module.__name__
        raise unknown_name(f"function of {place}", name, known)
    found = getattr(module, name)
    if isinstance(found, type) or not callable(found):
        what = "a class" if isinstance(found, type) else type(found).__name__
        raise UsageError(f"{text} is {what}; wanted a function of one to three arrays, or a kind")
    return found  # type: ignore[no-any-return]


def _plugin(module: types.ModuleType, name: str) -> FunctionPlugin:
    root = sys.modules[name.partition(".")[0]]
    owner = next(iter(_owners().get(root.__name__, ())), "")
    version = importlib.metadata.version(owner) if owner else ""
    file = Path(getattr(root, "__file__", None) or module.__file__ or ".")
    folder = file.parent.parent if hasattr(root, "__path__") else file.parent
    return FunctionPlugin(name, name, owner, version, str(folder))


@functools.cache
def _owners() -> Mapping[str, list[str]]:
    """The distributions that top-level packages come from."""
    return importlib.metadata.packages_distributions()


def _local_files(folder: Path, root: str) -> set[Path]:
    """The files of a package or script, and of what lies beside it and is imported by it."""
    found: dict[str, list[Path]] = {}
    todo = [root]
    while todo:
        name = todo.pop()
        package, script = folder / name, folder / f"{name}.py"
        if (package / "__init__.py").exists():
            found[name] = sorted(package.rglob("*.py"))
        else:
            found[name] = [script] if script.exists() else []
        for file in found[name]:
            todo += [n for n in _imported(file) if n not in found and not _installed(n)]
    return {file for files in found.values() for file in files}


def _installed(name: str) -> bool:
    return name in _owners() or name in sys.stdlib_module_names


def _imported(file: Path) -> Iterator[str]:
    """Top-level names that a file imports, whatever they are and whenever it does."""
    for node in ast.walk(ast.parse(file.read_bytes())):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


def _spec(function: Callable[..., Any], text: str) -> FunctionSpec:
    try:
        arguments = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError) as error:
        raise UsageError(
            f"{text} does not say what its arguments are; wrap it in a function that does"
        ) from error
    wanted, seeds, params = [], [], []
    for a in arguments:
        if a.kind in (a.VAR_POSITIONAL, a.VAR_KEYWORD):
            continue
        if a.name in SEEDS and a.kind != a.POSITIONAL_ONLY:
            seeds.append(a.name)
        elif a.default is not a.empty:
            params += [] if a.kind == a.POSITIONAL_ONLY else _param(function, a, text)
        elif a.kind == a.KEYWORD_ONLY:
            raise UsageError(f"{text}: the keyword {a.name} has no default; give it one")
        else:
            wanted.append(a)
    kinds = [_kinds(function, a, text) for a in wanted]
    own = getattr(function, "quantity", None)
    if len(wanted) == 1 and kinds[0]:
        reads, arrays = kinds[0], 0
        usual = next((q for kind, q in BY_NUMBER.values() if reads == (kind,)), None)
        quantity = own or usual or Quantity(text, better="none", summary=f"what {text} gives")
    elif len(wanted) in BY_NUMBER and not any(kinds):
        arrays = len(wanted)
        reads, quantity = (BY_NUMBER[arrays][0],), own or BY_NUMBER[arrays][1]
    else:
        names = ", ".join(a.name for a in wanted) or "none"
        raise UsageError(
            f"{text}: the arguments without a default are {names}; wanted one kind, "
            "or arrays: one (entropy), two (mutual information) or three (conditional)"
        )
    if not isinstance(quantity, Quantity):
        raise UsageError(
            f"{text}.quantity is {type(quantity).__name__}; wanted one of harness.quantities"
        )
    first = (inspect.getdoc(function) or "").strip().partition("\n")[0]
    return FunctionSpec(
        name=text.partition(":")[2], summary=first or f"the function {text}", implementation=text,
        params=tuple(params), reads=reads, gives=Estimate, quantity=quantity, arrays=arrays,
        seeds=tuple(seeds),
    )  # fmt: skip


def _kinds(
    function: Callable[..., Any], argument: inspect.Parameter, text: str
) -> tuple[type[Kind], ...]:
    """The kinds that annotate an argument; none where it is an array."""
    hint = _hint(function, argument)
    if isinstance(hint, str):
        if set(re.findall(r"\w+", hint)) & {kind.__name__ for kind in _subclasses(Kind)}:
            raise UsageError(
                f"{text}: the kind {hint!r} of {argument.name} cannot be looked up; "
                "import it at the head of the module, outside TYPE_CHECKING"
            )
        return ()
    options = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
    return tuple(o for o in options if isinstance(o, type) and issubclass(o, Kind))


def _subclasses(kind: type[Any]) -> Iterator[type[Any]]:
    for one in kind.__subclasses__():
        yield one
        yield from _subclasses(one)


def _hint(function: Callable[..., Any], argument: inspect.Parameter) -> Any:
    """The annotation of an argument; a text where its names cannot be looked up."""
    hint = argument.annotation
    if isinstance(hint, str):
        names = getattr(inspect.unwrap(function), "__globals__", {})
        holder = types.SimpleNamespace(__annotations__={"it": hint})
        with contextlib.suppress(Exception):
            return typing.get_type_hints(holder, names)["it"]
    return hint


def _param(function: Callable[..., Any], argument: inspect.Parameter, text: str) -> list[Param]:
    """The parameter for an argument with a default, typed by annotation or else by the default.

    None for types that the command line cannot give.
    """
    default, name = argument.default, argument.name
    if isinstance(default, float) and not math.isfinite(default):
        return []
    of_default: Any = type(default)
    if isinstance(default, tuple) and len({type(item) for item in default}) == 1:
        of_default = tuple[type(default[0]), ...]  # type: ignore[misc]
    for hint in (_hint(function, argument), of_default):
        plain, choices = _plain(hint)
        for kind in (plain, plain | None) if plain and default is None else (plain,):
            param = Param(name, kind, default, "argument of the function", choices=choices)
            with contextlib.suppress(UsageError):
                value = coerce(param, default, name)
                return [dataclasses.replace(param, default=value)]
    return []


def _plain(hint: Any) -> tuple[Any, tuple[Any, ...]]:
    """A type that a parameter can have, and its choices; None for any other."""
    origin, options = typing.get_origin(hint), typing.get_args(hint)
    if hint in (int, float, str, bool):
        return hint, ()
    if origin is typing.Literal and len({type(o) for o in options}) == 1:
        return _plain(type(options[0]))[0], options
    if origin is tuple and options[1:] == (...,):
        inner, choices = _plain(options[0])
        return inner and types.GenericAlias(tuple, (inner, ...)), choices
    if origin in (types.UnionType, typing.Union) and len(options) == 2 and type(None) in options:
        inner, choices = _plain(next(o for o in options if o is not type(None)))
        return inner and inner | None, choices
    return None, ()
