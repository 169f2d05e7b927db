"""Arithmetic problems about NOMA with golden answers from a solver: claims, choices, numbers."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from functools import partial

import numpy as np

from harness import Case, Floats, LabelledText, ReferencedText, Split, UsageError, stream
from harness_text import noma_users, parts
from harness_text.known import noise_information
from harness_text.noma_rates import Downlink
from harness_text.noma_users import SYSTEMS, Problem, distinct
from harness_text.settings import Answers, Problems, Shared

LETTERS = ("A", "B", "C", "D")
FORMS = ("claim", "choice")

Solve = Callable[[Downlink], float]
Draw = Callable[[np.random.Generator], Problem]
QUESTIONS: dict[str, tuple[str, Solve, tuple[Solve, ...]]] = {
    "far": (
        "rate of the far user",
        Downlink.far_rate,
        (
            Downlink.near_rate,
            lambda d: math.log2(1 + d.share * d.power * d.far / d.noise),  # interference forgotten
            lambda d: d.far_rate() * math.log(2),  # in nats
            lambda d: d.divided_rate(d.far),
        ),
    ),
    "near": (
        "rate of the near user after interference cancellation",
        Downlink.near_rate,
        (
            Downlink.far_rate,
            lambda d: math.log2(1 + d.share * d.power * d.near / d.noise),  # the other user's share
            lambda d: d.near_rate() * math.log(2),
            lambda d: d.divided_rate(d.near),
        ),
    ),
    "cancel": (
        "highest rate of the far user's signal that the near user can decode and cancel",
        Downlink.cancel_rate,
        (
            Downlink.far_rate,
            lambda d: math.log2(1 + d.share * d.power * d.near / d.noise),
            lambda d: d.cancel_rate() * math.log(2),
            Downlink.near_rate,
        ),
    ),
    "sum": (
        "sum of the rates of both users",
        Downlink.sum_rate,
        (
            lambda d: d.cancel_rate() + d.near_rate(),
            lambda d: d.sum_rate() * math.log(2),
            lambda d: d.divided_rate(d.far) + d.divided_rate(d.near),
            Downlink.near_rate,
        ),
    ),
}
"""Name: words, solver, and mistakes (swapped users, no interference, natural logarithm, OMA)."""


class Noma(Problems):
    """Is the claimed rate right? Which of four rates is it? Wrong values come of usual mistakes.

    The words tell nothing about the answer, the numbers everything: bags of words can use nothing
    of it, and predictors that compute the rates (the model ``noma-features``) all of it.
    """

    def cases(self, *, seed: int) -> Iterable[Case]:
        """A case for each form, system, number of users and share of wrong labels.

        The truth is the information of an unlimited observer in nats, `noise_information`. Raises
        `UsageError` for an unknown form, and as `_drawers`.
        """
        drawers = _drawers(self, "noma")
        for form in self.forms:
            if form not in FORMS:
                raise UsageError(f"noma.forms: {form!r}; wanted {' or '.join(FORMS)}")
            for kind, (draw, facts) in drawers.items():
                for noise in self.noise:
                    k = 4 if form == "choice" else 2
                    yield Case(
                        form + kind + (f"-noise-{noise:g}" if noise else ""),
                        partial(self._draw, draw, form, kind, noise, seed),
                        truth={"mutual_information": noise_information(k, noise)},
                        facts={"form": form, "noise": noise, "n": self.n, **facts},
                        stamp="",
                    )

    def _draw(self, draw: Draw, form: str, kind: str, noise: float, seed: int) -> LabelledText:
        rng = stream(seed, "noma", form + kind, f"{noise:g}")
        texts, contexts, labels, groups = [], [], [], []
        for _ in range(self.n):
            problem = draw(rng)
            right, wrong = problem.right, problem.wrong
            texts.append(f"{problem.setting} What is the {problem.asked}?")
            if form == "claim":
                label = int(rng.integers(2))
                value = right if label else wrong[rng.integers(len(wrong))]
                contexts.append(f"It is {value:.4f} bit/s/Hz.")
            else:
                label = int(rng.integers(4))
                values = [wrong[i] for i in rng.permutation(len(wrong))[:3]]
                values.insert(label, right)
                options = [f"{a}) {v:.4f}" for a, v in zip(LETTERS, values, strict=True)]
                contexts.append(" ".join(options))
            labels.append(label)
            groups.append(problem.name)
        classes = LETTERS if form == "choice" else ("false", "true")
        y, wrong_label = parts.flipped(np.array(labels), len(classes), noise, rng)
        split = parts.stratified(y, self.test_share, rng)
        return LabelledText(
            tuple(texts),
            y,
            classes,
            tuple(contexts),
            groups=tuple(groups),
            wrong=wrong_label,
            split=split,
        )


class NomaAnswers(Answers):
    """The same problems with the number as the text that is wanted."""

    def cases(self, *, seed: int) -> Iterable[Case]:
        """A case for each system and number of users. Raises as `_drawers`."""
        for kind, (draw, facts) in _drawers(self, "noma-answers").items():
            yield Case(
                f"numbers{kind}",
                partial(self._draw, draw, kind, seed),
                facts={"n": self.n, **facts},
                stamp="",
            )

    def _draw(self, draw: Draw, kind: str, seed: int) -> ReferencedText:
        rng = stream(seed, f"noma-answers{kind}")
        texts, references, groups = [], [], []
        for _ in range(self.n):
            problem = draw(rng)
            texts.append(f"{problem.setting} What is the {problem.asked}, in bit/s/Hz?")
            references.append(f"{problem.right:.4f}")
            groups.append(problem.name)
        split = halves(self.n, self.test_share, rng)
        return ReferencedText(tuple(texts), tuple(references), tuple(groups), split=split)


def halves(n: int, share: float, rng: np.random.Generator) -> Split:
    """A random split with ``share`` of the rows for testing.

    Raises `UsageError` where a part would be empty.
    """
    order, cut = rng.permutation(n), round(share * n)
    if not 0 < cut < n:
        raise UsageError(
            f"a test share of {share} of {n} texts; wanted one that leaves texts in both parts"
        )
    return Split(np.sort(order[cut:]), np.sort(order[:cut]))


def _drawers(shared: Shared, task: str) -> dict[str, tuple[Draw, dict[str, str | int]]]:
    """How problems are drawn, and facts, by the end of the case id.

    That of two users of a downlink, the first that there was, is empty, and adds no facts. Raises
    `UsageError` for unknown systems.
    """
    found: dict[str, tuple[Draw, dict[str, str | int]]] = {}
    for system in shared.systems:
        if system not in SYSTEMS:
            raise UsageError(f"{task}.systems: {system!r}; wanted {' or '.join(SYSTEMS)}")
        for users in shared.users:
            if (system, users) == ("downlink", 2):
                found[""] = _problem, {}
            else:
                draw = partial(noma_users.draw, system, users)
                found[f"-{system}-{users}"] = draw, {"system": system, "users": users}
    return found


def _problem(rng: np.random.Generator) -> Problem:
    """A problem of two users of a downlink, who are called far and near."""
    while True:
        power = float(rng.choice([1, 2, 5, 10, 20, 50, 100]))
        far = round(float(rng.uniform(0.05, 0.6)), 2)
        near = round(far * float(rng.uniform(2.0, 12.0)), 2)
        problem = Downlink(
            power,
            round(float(rng.uniform(0.55, 0.9)), 2),
            far,
            near,
            float(rng.choice([0.5, 1.0, 2.0])),
        )
        name = str(rng.choice(list(QUESTIONS)))
        asked, solve, mistakes = QUESTIONS[name]
        right = solve(problem)
        wrong = distinct(right, [mistake(problem) for mistake in mistakes])
        if len(wrong) >= 3:
            return Problem(_setting(problem), name, asked, right, wrong)


def _setting(d: Downlink) -> str:
    return (
        f"A base station with power {d.power:g} serves two users by power-domain NOMA. "
        f"The far user has channel gain {d.far:g} and the near user {d.near:g}. "
        f"The far user gets the share {d.share:g} of the power, "
        f"and the noise power is {d.noise:g}."
    )


def distances(text: str, context: str, numbers: Callable[[str], list[float]]) -> Floats | None:
    """|ln(stated / golden)| of every rate in the context (m,); None for texts of other tasks."""
    right = _golden(text, numbers(text))
    if right is None:
        return None
    ratios: Floats = np.maximum(numbers(context), 1e-12) / right
    return np.abs(np.log(ratios))


def _golden(text: str, found: list[float]) -> float | None:
    """The answer to a problem, from its words and numbers; None for other texts."""
    asked = [name for name, (words, _, _) in QUESTIONS.items() if f"What is the {words}?" in text]
    if not asked or len(found) != 5:
        return noma_users.golden(text, found)
    power, far, near, share, noise = found
    return QUESTIONS[asked[0]][1](Downlink(power, share, far, near, noise))
