"""That all randomness comes from the rng, and none from where nobody sees it."""

from __future__ import annotations

import contextlib
import random
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np

from harness.testing.contents import contents, difference
from harness.testing.report import Failed, ensure
from harness.testing.subject import Subject

GENERATORS = ("default_rng", "RandomState", "SeedSequence", "PCG64", "MT19937", "Philox", "SFC64")
"""Of `numpy.random`: what makes a generator from a seed."""
SEEDS = (int, str, list, tuple, np.ndarray)


def equal_seeds(subject: Subject) -> None:
    """Equal seeds give equal outputs."""
    _, output = subject.settled()
    if changed := difference(contents(output), contents(subject.again)):
        raise Failed(
            f"{subject.name}, run twice with equal seeds",
            changed,
            "equal outputs: all randomness from rng, no state",
        )


def deterministic(subject: Subject) -> None:
    """The trait: other seeds give equal outputs."""
    data, output = subject.settled()
    for seed in (1, 2, 3):
        if changed := difference(contents(output), contents(subject.run(data, seed))):
            raise Failed(
                f"{subject.name} under seeds 0 and {seed}",
                changed,
                "equal outputs, or no trait 'deterministic'",
            )


def own_seed(subject: Subject) -> None:
    """A method that draws random numbers, and yet the same under every seed, hides its spread."""
    data, output = subject.settled()
    if difference(contents(output), contents(subject.run(data, 1))):
        return
    noted = []
    with _scrambled(3) as before:
        for seed in (0, 1):
            with seeding(subject.package) as calls:
                subject.run(data, seed)
            noted.append(calls)
        if _global_states() != before:
            return  # what the check 'global-rng' says
    if own := [call for call in noted[0] if call in noted[1]]:
        raise Failed(
            f"{subject.name} under seeds 0 and 1",
            f"equal outputs, from a generator of its own: {own[0]}",
            "draws from rng, or the trait 'deterministic'",
        )


def global_rng(subject: Subject) -> None:
    """The global generators are neither used nor changed, nor seeded and put back."""
    data, output = subject.settled()
    for salt in (1, 2):
        with _scrambled(salt) as before:
            with _setting(subject.package) as calls:
                again = subject.run(data)
            after = _global_states()
        used = [name for name in before if before[name] != after[name]]
        ensure(
            not used,
            subject.name,
            f"used the global generator of {' and '.join(used)}",
            "draws from rng only",
        )
        ensure(
            not calls,
            subject.name,
            f"sets the global generator by {' and '.join(dict.fromkeys(calls))} and puts it back",
            "draws from rng only",
        )
        if changed := difference(contents(output), contents(again)):
            raise Failed(
                f"{subject.name} under other global random states",
                changed,
                "equal outputs: draws from rng only",
            )


def _global_states() -> dict[str, Any]:
    """The state of every global generator that is loaded."""
    numpy_state: Any = np.random.get_state()  # noqa: NPY002 - the global generator is the point
    name, words, *rest = numpy_state
    states: dict[str, Any] = {"numpy": (name, words.tobytes(), *rest), "random": random.getstate()}
    if (torch := sys.modules.get("torch")) is not None:
        states["torch"] = torch.get_rng_state().numpy().tobytes()
    return states


@contextlib.contextmanager
def _scrambled(salt: int) -> Iterator[dict[str, Any]]:
    """Within ``with``, the global generators are in other states, which are given."""
    kept = _global_states()
    np.random.seed(salt)  # noqa: NPY002
    random.seed(salt)
    if (torch := sys.modules.get("torch")) is not None:
        torch.manual_seed(salt)
    try:
        yield _global_states()
    finally:
        _restore(kept)


def _restore(states: dict[str, Any]) -> None:
    random.setstate(states["random"])
    name, words, *rest = states["numpy"]
    np.random.set_state((name, np.frombuffer(words, np.uint32), *rest))  # noqa: NPY002
    if "torch" in states:
        torch = sys.modules["torch"]
        torch.set_rng_state(torch.frombuffer(bytearray(states["torch"]), dtype=torch.uint8))


@contextlib.contextmanager
def seeding(package: str) -> Iterator[list[str]]:
    """Within ``with``, note each generator that ``package`` or the host makes from a seed."""
    torch = sys.modules.get("torch")
    places: list[tuple[Any, str]] = [(np.random, name) for name in GENERATORS]
    places += [(random, "Random")]
    places += [(torch, "manual_seed")] if hasattr(torch, "manual_seed") else []
    calls: list[str] = []
    with _replaced(places, calls, package):
        yield calls


@contextlib.contextmanager
def _setting(package: str) -> Iterator[list[str]]:
    """Within ``with``, note each call that sets a global generator."""
    calls: list[str] = []
    places = [(np.random, "seed"), (np.random, "set_state"), (random, "seed"), (random, "setstate")]
    with _replaced(places, calls, package, arguments=False):
        yield calls


@contextlib.contextmanager
def _replaced(
    places: list[tuple[Any, str]], calls: list[str], package: str, *, arguments: bool = True
) -> Iterator[None]:
    """Functions and classes that note their calls, by whatever name the package knows them."""
    noting = {}
    for module, name in places:
        original = getattr(module, name)
        noting[id(original)] = _noting(original, f"{module.__name__}.{name}", calls, arguments)
    changed = []
    modules = [m for n, m in sys.modules.items() if n.partition(".")[0] in (package, "harness")]
    for module in [*dict.fromkeys(module for module, _ in places), *modules]:
        for name, value in list(getattr(module, "__dict__", {}).items()):
            if id(value) in noting:
                changed.append((module, name, value))
    for module, name, value in changed:
        setattr(module, name, noting[id(value)])
    try:
        yield
    finally:
        for module, name, value in changed:
            setattr(module, name, value)


def _noting(original: Any, name: str, calls: list[str], arguments: bool) -> Any:
    def note(*values: Any, **named: Any) -> Any:
        if not arguments:
            calls.append(name)
        # A generator that is handed on says nothing of where it came from.
        elif given := [repr(v)[:60] for v in (*values, *named.values()) if isinstance(v, SEEDS)]:
            calls.append(f"{name}({', '.join(given)})")
        return original(*values, **named)

    if not isinstance(original, type):
        return note

    # A class is asked for its instances, too.
    class Meta(type):
        def __call__(cls, *values: Any, **named: Any) -> Any:
            return note(*values, **named)

        def __instancecheck__(cls, instance: Any) -> bool:
            return isinstance(instance, original)

        def __subclasscheck__(cls, other: type) -> bool:
            return issubclass(other, original)

    return Meta(original.__name__, (), {"__doc__": original.__doc__})
