"""Make docs/command-line.md from the parsers: ``python scripts/command_line_page.py``."""

import argparse
import os
from pathlib import Path

PAGE = Path(__file__).parent.parent / "docs" / "command-line.md"
HEAD = """# The command line

Made from the commands' own help (`python scripts/command_line_page.py`). Results go to standard
output, talk to standard error. Exit status: 0 all ran, 1 some path failed (or a check did), 2 the
request was wrong, 3 an error of ours, 130 interrupted.

| variable | meaning |
| --- | --- |
| `HARNESS_STORE` | the result store, where `--store` does not name one |
| `HARNESS_DISABLE_PLUGIN_AUTOLOAD` | load only the plugins that `--plugin` names |
| `HARNESS_WATCH` | trackers of results, such as `mlflow` ([watchers](plugins/watchers.md)) |
| `NO_COLOR` | plain tables |
"""


def page() -> str:
    """The page as it should be."""
    os.environ["COLUMNS"] = "100"
    from harness import verbs
    from harness.cli import parser

    parts = [HEAD]
    for verb in verbs.known():
        parts.append(f"\n## harness {verb}\n")
        top = parser(verb)
        one = next(a for a in top._actions if isinstance(a, argparse._SubParsersAction)).choices[
            verb
        ]
        parts.append(f"\n```text\n{one.format_help()}```\n")
        for action in one._actions:
            if isinstance(action, argparse._SubParsersAction):
                parts += [
                    f"\n```text\n{inner.format_help()}```\n" for inner in action.choices.values()
                ]
    return "".join(parts)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
