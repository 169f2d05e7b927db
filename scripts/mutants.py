"""Mutation testing of the numerical modules: ``make mutants``.

Cosmic Ray makes the mutants; ``tests/mutants.toml`` says of which modules, and which tests have to
fail. A mutant is imported in place of its module in a fork of this process, which has the libraries
loaded already: no file is touched, and a mutant costs little more than its tests.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import gc
import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import os
import random
import signal
import sys
import tempfile
import time
import tomllib
import traceback
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType
from typing import Any, NoReturn

import pytest
from cosmic_ray import plugins
from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code

ROOT = Path(__file__).parent.parent
SETTINGS = ROOT / "tests" / "mutants.toml"
ALLOWED = 0.05
"""Share of mutants that may survive without an explanation."""
ARGUMENTS = ("-x", "-q", "--no-header", "--assert=plain", "-p", "no:cacheprovider")
ARGUMENTS += ("-p", "no:unraisableexception", "-p", "no:threadexception")  # collect garbage twice
LOADED = "modules that were loaded:"
BINARY = ("Add_Sub", "Sub_Add", "Mul_Div", "Div_Mul", "FloorDiv_Mul", "Mod_Add", "Pow_Mul")
COMPARISONS = (
    *("Lt_LtE", "Lt_GtE", "LtE_Lt", "LtE_Gt", "Gt_GtE", "Gt_LtE", "GtE_Gt", "GtE_Lt"),
    *("Eq_NotEq", "NotEq_Eq", "Is_IsNot", "IsNot_Is"),
)
OPERATORS = (
    "ReplaceBinaryOperator_BitOr_BitAnd",
    "ReplaceBinaryOperator_BitAnd_BitOr",
    *(f"ReplaceBinaryOperator_{pair}" for pair in BINARY),
    *(f"ReplaceComparisonOperator_{pair}" for pair in COMPARISONS),
    "ReplaceUnaryOperator_Delete_USub",
    "ReplaceUnaryOperator_Delete_Not",
    "ReplaceUnaryOperator_Delete_Invert",
    "ReplaceTrueWithFalse",
    "ReplaceFalseWithTrue",
    "ReplaceAndWithOr",
    "ReplaceOrWithAnd",
    "ReplaceBreakWithContinue",
    "ReplaceContinueWithBreak",
    "AddNot",
    "NumberReplacer",
    "ZeroIterationForLoop",
)
"""Each operator of the language is replaced by its nearest other, comparisons by their opposite
too: what an error would look like. Every one by every other would say the same ten times."""


@dataclass(frozen=True)
class Mutant:
    """A module's text with one change: the line before and after it, stripped."""

    source: str
    line: int
    before: str
    after: str


@dataclass
class Module:
    """What is asked of the tests of a module: its table in the settings."""

    name: str
    tests: list[str]
    sample: int = 0
    equivalent: list[dict[str, str]] = field(default_factory=list)

    @property
    def path(self) -> Path:
        """Its file."""
        found = importlib.util.find_spec(self.name.partition(".")[0])
        assert found is not None
        assert found.origin is not None
        return Path(found.origin).parent.joinpath(*self.name.split(".")[1:]).with_suffix(".py")

    def why(self, mutant: Mutant) -> str | None:
        """Why this mutant cannot be told from the module, where the settings say so."""
        for known in self.equivalent:
            if (known["before"], known["after"]) == (mutant.before, mutant.after):
                return known["why"]
        return None


def mutants(source: str) -> Iterator[Mutant]:
    """All mutants of a module's text that differ from it as compiled code, without annotations."""
    seen = {_code(source)}
    for name in OPERATORS:
        operator = plugins.get_operator(f"core/{name}")()
        count = sum(len(list(operator.mutation_positions(n))) for n in ast_nodes(get_ast(source)))
        for i in range(count):
            changed = mutate_code(source, operator, i)
            try:
                code = _code(changed)
            except SyntaxError:
                continue
            if code in seen:
                continue
            seen.add(code)
            lines = zip(source.splitlines(), changed.splitlines(), strict=False)
            line, (before, after) = next((k, p) for k, p in enumerate(lines, 1) if p[0] != p[1])
            yield Mutant(changed, line, before.strip(), " ".join(after.split()))


def _code(source: str) -> str:
    """A module's syntax tree as text, without annotations: they are not evaluated."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.AnnAssign | ast.arg):
            node.annotation = None if isinstance(node, ast.arg) else ast.Constant(None)
        elif isinstance(node, ast.FunctionDef):
            node.returns = None
        elif isinstance(node, ast.Call):
            node.keywords = [k for k in node.keywords if k.arg != "strict"]  # another guard
        elif isinstance(node, ast.ClassDef):
            node.decorator_list = []  # that instances are frozen is a guard, and changes no value
        elif isinstance(node, ast.arguments):  # which may be given by name is no question of values
            node.args = [*node.posonlyargs, *node.args, *node.kwonlyargs]
            node.defaults = [*node.defaults, *filter(None, node.kw_defaults)]
            node.posonlyargs, node.kwonlyargs, node.kw_defaults = [], [], []
    return ast.dump(tree)


class Replaced(importlib.abc.MetaPathFinder, importlib.machinery.SourceFileLoader):
    """Imports one module from a changed text."""

    def __init__(self, module: Module, source: str) -> None:
        importlib.machinery.SourceFileLoader.__init__(self, module.name, str(module.path))
        self.source = source

    def find_spec(self, name: str, path: Any, target: Any = None) -> Any:
        """Of this module only."""
        return importlib.util.spec_from_loader(name, self) if name == self.name else None

    def get_code(self, fullname: str) -> CodeType:
        """Of the changed text, never from a cache."""
        return compile(self.source, self.path, "exec", dont_inherit=True)


def tested(module: Module, source: str, limit: float) -> tuple[bool, str]:
    """Whether the tests pass with this text of the module, within ``limit`` seconds; and what they
    printed.
    """
    with tempfile.TemporaryFile() as printed:
        child = os.fork()
        if not child:
            _run(module, source, printed.fileno())
        end = time.monotonic() + limit
        while not (ended := os.waitpid(child, os.WNOHANG))[0]:
            if time.monotonic() > end:
                os.killpg(child, signal.SIGKILL)
                ended = os.waitpid(child, 0)
                break
            time.sleep(0.02)
        printed.seek(0)
        return ended[1] == 0, printed.read().decode(errors="replace")


def _run(module: Module, source: str, printed: int) -> NoReturn:
    passed = False
    try:
        os.setsid()
        os.dup2(printed, 1)
        os.dup2(printed, 2)
        sys.meta_path.insert(0, Replaced(module, source))
        passed = pytest.main([*ARGUMENTS, *module.tests]) == pytest.ExitCode.OK
        print(LOADED, *sys.modules)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0 if passed else 1)


def load(printed: str) -> None:
    """Load the libraries and modules of the host that tests had loaded; plugins, and so the one
    that is mutated, are left to the forks.
    """
    for name in printed.rpartition(LOADED)[2].split():
        top = name.partition(".")[0]
        if top in ("__main__", "conftest", "tests") or top.startswith(("harness_", "test_")):
            continue
        with contextlib.suppress(Exception):
            importlib.import_module(name)
    gc.freeze()  # forks share this memory, and do not search it


def judge(module: Module, seed: int, say: Any) -> tuple[int, int, list[Mutant], list[Mutant]]:
    """Number of mutants, of those tried, and the survivors: explained and not."""
    source = module.path.read_text(encoding="utf-8")
    for _ in range(2):  # the first time compiles kernels, and shows which libraries to load
        start = time.monotonic()
        passed, printed = tested(module, source, 600.0)
        took = time.monotonic() - start
        if not passed:
            sys.exit(f"{module.name}: the tests fail without a mutant:\n{printed}")
        load(printed)
    every = list(mutants(source))
    chosen = every
    if module.sample and module.sample < len(every):
        kept = sorted(random.Random(seed).sample(range(len(every)), module.sample))  # noqa: S311
        chosen = [every[i] for i in kept]
    say(f"{module.name}: {len(chosen)} of {len(every)} mutants, tests {took:.1f} s")
    explained, survivors = [], []
    for mutant in chosen:
        if module.why(mutant):
            explained.append(mutant)
        elif tested(module, mutant.source, 10 * took + 10)[0]:
            survivors.append(mutant)
            say(f"  {module.path.name}:{mutant.line}\n    - {mutant.before}\n    + {mutant.after}")
    stale = [k for k in module.equivalent if not any(_same(k, m) for m in every)]
    for known in stale:
        say(f"  explained, but no mutant any more: {known['before']} -> {known['after']}")
    return len(every), len(chosen), explained, survivors


def _same(known: dict[str, str], mutant: Mutant) -> bool:
    return (known["before"], known["after"]) == (mutant.before, mutant.after)


def table(rows: Iterable[tuple[str, ...]]) -> str:
    """Rows as Markdown."""
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def main() -> int:
    """Table of modules and survivors; 1 where more than `ALLOWED` survive unexplained."""
    with SETTINGS.open("rb") as file:
        settings = tomllib.load(file)
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("module", nargs="*", help="names that contain one of these; all")
    parser.add_argument("--sample", type=int, help="mutants of a module at most; 0: all")
    parser.add_argument("--seed", type=int, default=settings["seed"])
    options = parser.parse_args()
    os.chdir(ROOT)
    rows, tried, left = [], 0, 0
    for name, table_of in settings["module"].items():
        if options.module and not any(part in name for part in options.module):
            continue
        module = Module(name, **{"sample": settings["sample"], **table_of})
        if options.sample is not None:
            module.sample = options.sample
        every, chosen, explained, survivors = judge(
            module, options.seed, lambda text: print(text, flush=True)
        )
        killed = chosen - len(explained) - len(survivors)
        rows.append((name, *map(str, (every, chosen, killed, len(explained), len(survivors)))))
        tried, left = tried + chosen, left + len(survivors)
    heads = ("module", "mutants", "tried", "killed", "cannot matter", "survived")
    print(table([heads, ("---",) * len(heads), *rows]))
    print(f"{left} of {tried} mutants survive")
    return int(left > ALLOWED * tried)


if __name__ == "__main__":
    sys.exit(main())
