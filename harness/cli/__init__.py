"""The command line: one module per verb, imported only when its verb is used.

A verb module has ``add_arguments(parser)`` and ``run(args) -> exit status``. Results go to
standard output, talk to standard error. Exit status: 0 all ran, 1 some path failed, 2 the request was
wrong, 3 an error of our own, 130 interrupted.
"""

from __future__ import annotations

import argparse
import difflib
import importlib
import os
import sys
from typing import NoReturn

VERBS = {
    "run": "run every legal path of a request",
    "plan": "show the legal paths, and why others are not",
    "list": "list estimators, models and tasks",
    "show": "show a component: parameters, kinds, paper",
    "results": "look at stored results",
    "verify": "recompute a sample of stored results and report drift",
    "board": "leaderboards: show, run, build, check, submit",
    "plugin": "plugins: list, new, check",
    "store": "the result store: info, merge, gc",
    "doctor": "what is installed, and what is missing",
}


class _Parser(argparse.ArgumentParser):
    """Errors in one line with the nearest match, exit status 2."""

    def error(self, message: str) -> NoReturn:
        words = message.split("'")
        if "invalid choice" in message and len(words) > 1:
            near = difflib.get_close_matches(
                words[1], VERBS if self.prog == "harness" else words[3::2], n=1
            )
            hint = f"did you mean {near[0]!r}?" if near else f"see {self.prog} --help"
            message = f"unknown {'verb' if self.prog == 'harness' else 'word'} {words[1]!r}: {hint}"
        elif message.startswith("unrecognized arguments: "):
            wrong = message.partition(": ")[2].split()[0]
            near = difflib.get_close_matches(wrong, _options(sys.argv), n=1)
            message = f"unknown option {wrong!r}: " + (
                f"did you mean {near[0]}?" if near else f"see {self.prog} --help"
            )
        print(f"harness: {message}", file=sys.stderr)
        raise SystemExit(2)


def parser(verb: str | None = None) -> argparse.ArgumentParser:
    """The parser; only the chosen verb's own arguments are filled in."""
    import harness

    top = _Parser(
        prog="harness",
        description="Run every way to measure information on every task it fits, and put them in one table.",
        epilog="Start with: harness run --plugin msc --task colabfit",
        allow_abbrev=False,
    )
    top.add_argument("--version", action="version", version=f"infoharness {harness.__version__}")
    verbs = top.add_subparsers(dest="verb", metavar="VERB", required=True, parser_class=_Parser)
    for name, summary in VERBS.items():
        one = verbs.add_parser(
            name, help=summary, description=summary.capitalize() + ".", allow_abbrev=False
        )
        if name == verb:
            one.add_argument("--debug", action="store_true", help="show tracebacks")
            module(name).add_arguments(one)
    return top


def _options(words: list[str]) -> list[str]:
    """The options of the verb that was typed."""
    verb = next((w for w in words[1:] if w in VERBS), None)
    if verb is None:
        return []
    one = _Parser(add_help=False)
    module(verb).add_arguments(one)
    return [option for action in one._actions for option in action.option_strings]


def module(verb: str):  # type: ignore[no-untyped-def]  # noqa: ANN201 - a verb module, see above
    """The module of a verb."""
    return importlib.import_module(
        f"harness.cli.{verb}_" if verb in ("list",) else f"harness.cli.{verb}"
    )


def main(argv: list[str] | None = None) -> int:
    """Entry point of the command ``harness``."""
    words = sys.argv[1:] if argv is None else argv
    verb = next((w for w in words if not w.startswith("-")), None)
    try:
        args = parser(verb).parse_args(words)
    except SystemExit as stop:
        return int(stop.code or 0)
    from harness.errors import HarnessError

    try:
        status = int(module(args.verb).run(args))
        sys.stdout.flush()
        return status
    except HarnessError as error:
        if args.debug:
            raise
        print(f"harness: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("harness: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # The reader (head, say) has seen enough.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        if args.debug:
            raise
        print(
            f"harness: internal error: {type(error).__name__}: {error}; --debug shows where",
            file=sys.stderr,
        )
        return 3
