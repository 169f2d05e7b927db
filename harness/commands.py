"""The door for plugins that add verbs: what the host's own verbs are made of.

Plugins that only measure need none of it; they import from `harness` itself.
"""

from harness import figures, plain
from harness.cli import options
from harness.cli.progress import watcher
from harness.cli.run import add_execution, close, execution
from harness.files import whole
from harness.functions import NAME as FUNCTION
from harness.identity import RECIPE, are_current, path_sources, plugin_of, record_key, row_key
from harness.jobs import expand
from harness.plan import Path, Plan, Request
from harness.plan import make as make_plan
from harness.plots import interval
from harness.reading import SCHEMA, from_setup, shared
from harness.records import Status
from harness.registry import Registry, load
from harness.runner import Options
from harness.runner import run as run_plan
from harness.specs import NAME, ROLES
from harness.stages import listening
from harness.verification import Check, comparable, sample, verify

__all__ = [
    "FUNCTION",
    "NAME",
    "RECIPE",
    "ROLES",
    "SCHEMA",
    "Check",
    "Options",
    "Path",
    "Plan",
    "Registry",
    "Request",
    "Status",
    "add_execution",
    "are_current",
    "close",
    "comparable",
    "execution",
    "expand",
    "figures",
    "from_setup",
    "interval",
    "listening",
    "load",
    "make_plan",
    "options",
    "path_sources",
    "plain",
    "plugin_of",
    "record_key",
    "row_key",
    "run_plan",
    "sample",
    "shared",
    "verify",
    "watcher",
    "whole",
]
