"""Declarations: what a plugin offers, as plain data that costs nothing to make.

An implementation is named by a lazy reference, ``"package.module:Class"``, and imported only
when a path that needs it runs. It is a frozen dataclass that inherits its settings class (its
parameters, `harness.settings`), with one method:

=========  =======================================================================
estimator  ``estimate(data, *, rng) -> Output``
model      ``transform(data, *, to, rng) -> Kind``
task       ``cases(*, seed) -> Iterable[Case]``; and ``score(case, output) ->
           {quantity: float}`` where outputs other than `Estimate` are to be scored
=========  =======================================================================

An estimator may have ``warm_up()``, which is called once per process before it is timed: for
compilation, or for imports that take long. Where the data do not suit the method, it raises
`harness.Incompatible` with the reason.
"""

from __future__ import annotations

import functools
import importlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from harness.errors import PluginError
from harness.settings import Param, declared

if TYPE_CHECKING:
    from harness.kinds import Kind
    from harness.outputs import Output

API = 1
"""The version of this contract. A plugin module states the one it was written for."""

NAME = re.compile(r"[a-z0-9]+([-_.][a-z0-9]+)*")
REFERENCE = re.compile(r"[\w.]+:\w+")


@dataclass(frozen=True)
class Quantity:
    """What is measured, and how to read it.

    ``better`` says which value wins: nearest the ``truth``, ``higher``, ``lower``, or ``none``
    (reported, not ranked). A value outside ``lower .. upper`` counts as a bound violation on
    boards; it is never corrected. ``reading`` is a sentence that says what one value means, with
    ``{value}`` and diagnostics of the estimator in braces; tables print it for each case.
    """

    name: str
    unit: str = ""
    better: Literal["truth", "higher", "lower", "none"] = "truth"
    lower: float | None = None
    upper: float | None = None
    summary: str = ""
    reading: str = ""


@dataclass(frozen=True, kw_only=True)
class Spec:
    """What the three specs share.

    Attributes
    ----------
    name : lower case, digits, ``-``; the full name is ``plugin/name``.
    summary : one line that says what it is.
    implementation : lazy reference ``"package.module:Class"``.
    settings : the settings class that the implementation inherits, or a lazy reference to it
        (then it is imported when its parameters are asked for); None where it has no parameters.
    params : the same as a tuple of `Param` beside the fields of the implementation; in use until
        contract 2, give ``settings`` instead.
    traits : what the host and the conformance suite may rely on: ``deterministic`` (ignores its
        rng), ``lower-bound``, ``upper-bound``, ``permutation-invariant`` (the order of units),
        ``translation-invariant``, ``scale-invariant``, ``local-mean`` (the mean of the local
        values is the value), and for tasks what their data have (``split`` ...).
    requires : top-level packages that it imports beyond numpy; ``install`` is the pip
        requirement that brings them, such as ``"infoharness[atoms]"``.
    uses : components (full names) that its code calls through `harness.task`, `harness.model` or
        `harness.estimator`; their sources enter the cache key, as do those of components that a
        parameter names.
    paper : where it comes from.
    """

    name: str
    summary: str
    implementation: str
    settings: type | str | None = None
    params: tuple[Param, ...] = ()
    traits: tuple[str, ...] = ()
    requires: tuple[str, ...] = ()
    install: str = ""
    uses: tuple[str, ...] = ()
    paper: str = ""

    def __post_init__(self) -> None:
        if not NAME.fullmatch(self.name):
            raise PluginError(
                f"{self.name!r} is not a valid component name: lower case, digits and - only"
            )
        for what, reference in (
            ("implementation", self.implementation),
            ("settings", self.settings),
        ):
            if isinstance(reference, str) and not REFERENCE.fullmatch(reference):
                raise PluginError(
                    f"{self.name}: {what} {reference!r} is not 'package.module:Class'"
                )
        if self.settings is not None and self.params:
            raise PluginError(f"{self.name}: both settings and params; settings alone are enough")

    @property
    def settings_class(self) -> Any:
        """The settings class, imported where the spec names it by reference; None without one."""
        if isinstance(self.settings, str):
            return resolve(self.settings, f"settings of {self.name}")
        return self.settings

    @functools.cached_property
    def parameters(self) -> tuple[Param, ...]:
        """The parameters, in order. Raises `PluginError` where the settings class cannot be had."""
        return self.params if self.settings is None else declared(self.settings_class)


def resolve(reference: str, what: str) -> Any:
    """What a lazy reference names. Raises `PluginError`."""
    module, _, name = reference.partition(":")
    try:
        return getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise PluginError(f"{what}: cannot import {reference}: {error}") from error


@dataclass(frozen=True, kw_only=True)
class EstimatorSpec(Spec):
    """Reads one kind (or any of several), gives an output.

    ``quantity`` is what an `Estimate` measures; None for outputs that the task scores.
    ``needs`` lists traits that the task must declare, such as ``split``. One that ``asks`` (kinds
    of question and answer) is called with ``respond``, a function from the one to the other: the
    task answers, knowing what the estimator must not see, and gives None when it has had enough.
    """

    reads: type[Kind] | tuple[type[Kind], ...]
    gives: type[Output]
    quantity: Quantity | None = None
    needs: tuple[str, ...] = ()
    asks: tuple[type[Kind], type[Kind]] | None = None


@dataclass(frozen=True, kw_only=True)
class ModelSpec(Spec):
    """Maps one kind to another.

    ``keep`` stores its output as an artifact for later runs. Without ``plan`` the planner never
    places it by itself: it stands on a path where a request names it.
    """

    reads: type[Kind] | tuple[type[Kind], ...]
    gives: type[Kind]
    needs: tuple[str, ...] = ()
    keep: bool = False
    plan: bool = True


@dataclass(frozen=True, kw_only=True)
class TaskSpec(Spec):
    """Hands out cases of one kind.

    Attributes
    ----------
    quantities : those it has truths or scores for; the first scored one ranks.
    scores : output types that the implementation's ``score`` reads.
    baselines : estimators (full names) that join every run of the task.
    answers : kinds of question and answer, where estimators may ask while they run: then the
        implementation has ``respond(case, transcript, question, *, rng) -> answer | None``.
    plan : whether it joins requests that name no task. One that only reads files of the user does
        not: it stands on a path where a request names it, or sets one of its parameters.
    files : by parameter, the endings of the files of the user that it names (``.csv``), and ``/``
        where it may be a folder: ``harness list --mine FILE`` finds the task by them.
    takes : lazy reference to a function ``(object, folder) -> parameters | None``, which writes an
        object in memory to a file of the folder, for ``harness.run(data=...)``; None where the
        object is not of its kind.
    """

    gives: type[Kind]
    quantities: tuple[Quantity, ...] = ()
    scores: tuple[type[Output], ...] = ()
    baselines: tuple[str, ...] = ()
    answers: tuple[type[Kind], type[Kind]] | None = None
    plan: bool = True
    files: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    takes: str = ""


@dataclass(frozen=True, kw_only=True)
class ReportSpec(Spec):
    """Makes a figure, a table of findings or a page from records.

    The implementation has one method, ``make(records) -> Document``. ``reads`` are globs of the
    full names of tasks and estimators: records of others are left out before, and it is an error
    where none is left.
    """

    reads: tuple[str, ...] = ()


Role = Literal["estimator", "model", "task", "report"]
ROLES: dict[Role, type[Spec]] = {"estimator": EstimatorSpec, "model": ModelSpec, "task": TaskSpec}
"""What stands on paths."""
OFFERS: dict[Role, type[Spec]] = ROLES | {"report": ReportSpec}
"""What has a full name: parts of paths, and reports."""


@dataclass(frozen=True, kw_only=True)
class CommandSpec:
    """A verb of the command line.

    Attributes
    ----------
    name : the verb, unique among all plugins.
    summary : one line for ``harness --help``.
    implementation : lazy reference ``"package.module"``; the module has ``add_arguments(parser)``
        and ``run(args) -> exit status``.
    install : what pip installs for the packages that the module imports, such as
        ``infoharness[boards]``; named where one of them is absent.
    """

    name: str
    summary: str
    implementation: str
    install: str = ""

    def __post_init__(self) -> None:
        if not NAME.fullmatch(self.name):
            raise PluginError(f"{self.name!r} is not a valid verb: lower case, digits and - only")
        if not re.fullmatch(r"\w+(\.\w+)*", self.implementation):
            raise PluginError(
                f"{self.name}: implementation {self.implementation!r} is not 'package.module'"
            )


@dataclass(frozen=True)
class Case:
    """One data set of a task.

    Attributes
    ----------
    id : unique within the task and seed.
    data : the data, or a function without arguments that loads them.
    source : names the data; cases of one source share them, and an estimator runs once for all
        of them. The id where not given.
    cluster : names what is independent of all else: cases of one cluster (shapes of one family,
        rates of one data set) share their errors, and boards count them as one. The source where
        not given.
    truth : known values by quantity name.
    facts : the coordinates of the case (data set, rate, dimension ...): columns of tables and
        axes of plots.
    accepts : output types that the case is for; empty for any.
    stamp : where given, the data are a pure function of the task's code, its parameters, the
        seed and this string (a digest of the file, say), so that a cached path needs no loading.
    hidden : what only the task sees, when it scores or answers (masks, labels of the test part);
        or a function without arguments that loads it.
    transcript : questions and answers of the estimator that is scored.
    """

    id: str
    data: Kind | Callable[[], Kind]
    source: str = ""
    cluster: str = ""
    truth: Mapping[str, float] = field(default_factory=dict)
    facts: Mapping[str, str | int | float] = field(default_factory=dict)
    accepts: tuple[type[Output], ...] = ()
    stamp: str | None = None
    hidden: Kind | Callable[[], Kind] | None = None
    transcript: tuple[tuple[Kind, Kind | None], ...] = ()

    def __post_init__(self) -> None:
        if not self.source:
            object.__setattr__(self, "source", self.id)

    def load(self) -> Kind:
        """The data, loaded now if they were not."""
        return self.data() if callable(self.data) else self.data

    def reveal(self) -> Kind:
        """What is hidden, loaded now if it was not. Raises `PluginError` where nothing is."""
        if self.hidden is None:
            raise PluginError(f"case {self.id}: nothing is hidden")
        return self.hidden() if callable(self.hidden) else self.hidden
