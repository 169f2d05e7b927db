"""The command line: one module per verb, imported only when its verb is used.

A verb module has ``add_arguments(parser)`` and ``run(args) -> exit status``; plugins add their own
(`harness.verbs`). Results go to standard output, talk to standard error. Exit status: 0 all ran,
1 some path failed, 2 the request was wrong, 3 an error of our own, 130 interrupted.
"""

from __future__ import annotations

import argparse
import contextlib
import difflib
import importlib
import os
import signal
import sys
import threading
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NoReturn

from harness import verbs

if TYPE_CHECKING:
    from harness.verbs import Verbs


class _Parser(argparse.ArgumentParser):
    """Errors in one line with the nearest match, exit status 2."""

    def error(self, message: str) -> NoReturn:
        print(f"harness: {message}", file=sys.stderr)
        raise SystemExit(2)

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if action.choices is not None and value not in action.choices:
            what = "verb" if action.dest == "verb" else "word"
            known = {str(choice): repr(choice) for choice in action.choices}
            self.unknown(what, str(value), known)

    def unknown(self, what: str, word: str, known: Mapping[str, str]) -> NoReturn:
        """End with the nearest of the known words, printed as ``known`` has it."""
        near = difflib.get_close_matches(word, known, n=1)
        hint = f"did you mean {known[near[0]]}?" if near else f"see {self.prog} --help"
        self.error(f"unknown {what} {word!r}: {hint}")


def parser(verb: str | None = None, known: Verbs | None = None) -> argparse.ArgumentParser:
    """The parser; only the chosen verb's own arguments are filled in.

    Raises `PluginError` where the module of a plugin's verb cannot be imported.
    """
    import harness

    known = known or verbs.known()
    top = _Parser(
        prog="harness",
        description="Run every way to measure information on every task it fits, "
        "and put them in one table.",
        epilog="Start with: harness run --plugin msc --task colabfit",
        allow_abbrev=False,
    )
    top.add_argument("--version", action="version", version=f"infoharness {harness.__version__}")
    below = top.add_subparsers(dest="verb", metavar="VERB", required=True, parser_class=_Parser)
    for name, (summary, module) in known.items():
        one = below.add_parser(
            name,
            help=summary.replace("%", "%%"),
            description=f"{summary[0].upper()}{summary[1:]}.",
            allow_abbrev=False,
        )
        if name == verb:
            one.add_argument("--debug", action="store_true", help="show tracebacks")
            _imported(name, module).add_arguments(one)
    return top


def _imported(verb: str, module: str) -> Any:
    """The module of a verb."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        from harness import registry
        from harness.errors import MissingDependency, PluginError

        _, spec = registry.load().commands.get(verb, (None, None))
        if spec and spec.install and isinstance(error, ModuleNotFoundError) and error.name:
            raise MissingDependency(error.name, f"pip install '{spec.install}'") from error
        raise PluginError(f"verb {verb!r}: cannot import {module}: {error}") from error


def _parsed(words: list[str], verb: str | None) -> tuple[argparse.Namespace, str]:
    """The arguments, and the module that acts on them."""
    known = verbs.host() if verb in verbs.HOST else verbs.known()
    if verb is not None and verb not in known:  # it may have come since the plugins were asked
        known = verbs.known(fresh=True)
    top = parser(verb, known)
    args, rest = top.parse_known_args(words)
    if rest:
        one = next(iter(_below(top)))[args.verb]
        one.unknown("option", rest[0], {option: option for option in _options(one)})
    return args, known[args.verb][1]


def _below(parser: argparse.ArgumentParser) -> Iterator[Mapping[str, _Parser]]:
    """The parsers of its verbs, or of the words of a verb."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            yield action.choices


def _options(parser: argparse.ArgumentParser) -> Iterator[str]:
    """The options of a parser and of those below it."""
    for action in parser._actions:
        yield from action.option_strings
    for choices in _below(parser):
        for inner in choices.values():
            yield from _options(inner)


def main(argv: list[str] | None = None) -> int:
    """Entry point of the command ``harness``."""
    from harness.errors import HarnessError
    from harness.plain import shown

    words = sys.argv[1:] if argv is None else argv
    debug = "--debug" in words
    try:
        with _interruptible():
            return _run(words)
    except SystemExit as stop:
        return int(stop.code or 0)
    except HarnessError as error:
        if debug:
            raise
        print(f"harness: {shown(error)}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("harness: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # The reader (head, say) has seen enough.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        if debug:
            raise
        print(
            f"harness: internal error: {type(error).__name__}: {shown(error)}; --debug shows where",
            file=sys.stderr,
        )
        return 3


def _run(words: list[str]) -> int:
    if words[:1] == ["help"]:
        words = [*words[1:2], "--help"]
    elif words == ["version"]:
        words = ["--version"]
    verb = next((w for w in words if not w.startswith("-")), None)
    args, module = _parsed(words, verb)
    status = int(importlib.import_module(module).run(args))
    sys.stdout.flush()
    return status


@contextlib.contextmanager
def _interruptible() -> Iterator[None]:
    """Within ``with``, a request to end (of a shell, a queue, a closed terminal) is Ctrl-C."""

    def interrupt(number: int, frame: Any) -> NoReturn:
        raise KeyboardInterrupt

    numbers = [getattr(signal, name, None) for name in ("SIGINT", "SIGTERM", "SIGHUP")]
    changed = []
    if threading.current_thread() is threading.main_thread():
        # Who ignores them (nohup) goes on to do so.
        changed = [n for n in numbers if n is not None and signal.getsignal(n) is signal.SIG_DFL]
    for number in changed:
        signal.signal(number, interrupt)
    try:
        yield
    finally:
        for number in changed:
            signal.signal(number, signal.SIG_DFL)
