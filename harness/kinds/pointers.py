"""Attention against rules: the keys that a rule points to, and how much attention goes there."""

from __future__ import annotations

import re
from typing import Any, ClassVar, Self

import numpy as np

from harness.arrays import Bools, Floats, Ints
from harness.errors import DataError, UsageError
from harness.kinds.base import Kind
from harness.kinds.fields import array

NEAR = 16
"""Distances between query and key, from 0, at which `PointedAttention.near` counts attention."""
ROUNDING = 1e-6
"""How far shares and entropies (over the logarithm of the keys) may stand off their limits."""
_OFF = 1e-4
"""How far the sum of a row of a map may stand off one: half precision adds up to this much."""

BYTE_RULES = ("word", "sentence", "paragraph", "bracket", "delimiter")
"""Rules that read tokens as bytes of text."""
RULES = (
    "previous",
    "same-token",
    "same-token-latest",
    "induction",
    "induction-latest",
    "block-K",
    *BYTE_RULES,
)
_GROUPED = ("word", "sentence", "paragraph")
_SPACE = np.isin(np.arange(257), np.frombuffer(b" \t\n\r\f\v", np.uint8))
_STOP = np.isin(np.arange(257), np.frombuffer(b".!?", np.uint8))
_DELIMITER = _SPACE | np.isin(np.arange(257), np.frombuffer(b".,;:!?()[]{}\"'`", np.uint8))
_OPENING = {b"("[0]: b")"[0], b"["[0]: b"]"[0], b"{"[0]: b"}"[0]}
_QUOTE = b'"'[0]


def pointer_targets(ids: Any, rule: str, *, causal: bool = True) -> Bools:
    """The keys that a rule points to: ``(t, t)`` for tokens ``(t,)``, ``(n, t, t)`` for ``(n, t)``.

    Row i are the targets of query i; with ``causal`` none comes after it.

    ==================  ==========================================================================
    previous            the token before
    same-token          all earlier occurrences of the query's token; ``-latest`` the last of them
    induction           the tokens after these; ``-latest`` the token after the last of them
    block-K             tokens whose quotient by K is that of the query, itself among them
    word                bytes of the same word, with the white space before it
    sentence            bytes of the same sentence: white space after ``.``, ``!``, ``?`` ends it
    paragraph           bytes of the same paragraph: an empty line ends it
    bracket             of a bracket or double quote that closes, the one that opened
    delimiter           the last white space or punctuation mark before
    ==================  ==========================================================================

    Raises `UsageError` for a rule that does not exist.
    """
    given = np.asarray(ids)
    rows = np.atleast_2d(given)
    t = rows.shape[1]
    groups = _groups(rows, rule)
    if groups is not None:
        found = groups[:, :, None] == groups[:, None, :]
        if causal:
            found &= np.tri(t, dtype=bool)
    elif rule == "previous":
        found = np.broadcast_to(np.eye(t, k=-1, dtype=bool), (len(rows), t, t)).copy()
    elif rule in ("same-token", "same-token-latest", "induction", "induction-latest"):
        found = (rows[:, :, None] == rows[:, None, :]) & np.tri(t, k=-1, dtype=bool)
        if rule.endswith("latest"):
            found = _latest(found)
        if rule.startswith("induction"):
            found[:, :, 1:] = found[:, :, :-1].copy()
            found[:, :, 0] = False
    elif rule == "delimiter":
        marks = _DELIMITER[np.clip(rows, 0, 256)]
        found = _latest(marks[:, None, :] & np.tri(t, k=-1, dtype=bool))
    elif rule == "bracket":
        found = np.stack([_brackets(row) for row in rows])
    else:
        raise _unknown(rule)
    return np.asarray(found if given.ndim > 1 else found[0])


def pointer_groups(ids: Any, rule: str) -> Ints:
    """The group of each token ``(n, t)`` or ``(t,)``, where a rule divides tokens into groups.

    Raises `UsageError` for any other rule.
    """
    given = np.asarray(ids)
    found = _groups(np.atleast_2d(given), rule)
    if found is None:
        wanted = ", ".join(("block-K", *_GROUPED))
        raise UsageError(
            f"the rule {rule!r} does not divide the tokens into groups; wanted one of {wanted}"
        )
    return found if given.ndim > 1 else found[0]


def _groups(rows: Ints, rule: str) -> Ints | None:
    """The groups ``(n, t)``; None for a rule that has none. Raises `UsageError`."""
    if block := re.fullmatch(r"block-(\d+)", rule):
        if int(block[1]) < 1:
            raise _unknown(rule)
        return np.asarray(rows // int(block[1]), np.int64)
    if rule not in _GROUPED:
        if rule not in RULES or rule == "block-K":
            raise _unknown(rule)
        return None
    codes = np.clip(rows, 0, 256)
    if rule == "word":
        opens = _SPACE[codes]
    elif rule == "sentence":
        opens = _SPACE[codes]
        opens[:, 1:] &= _STOP[codes[:, :-1]]
        opens[:, 0] = False
    else:
        breaks = codes == b"\n"[0]
        opens = np.zeros(codes.shape, bool)
        opens[:, 2:] = breaks[:, :-2] & breaks[:, 1:-1] & ~breaks[:, 2:]
    return np.cumsum(opens, 1)


def _unknown(rule: str) -> UsageError:
    return UsageError(f"unknown rule {rule!r} for pointers; wanted one of {', '.join(RULES)}")


def _latest(found: Bools) -> Bools:
    """Of each row the last key alone."""
    after = np.cumsum(found[..., ::-1], -1)[..., ::-1]
    return np.asarray(found & (after == 1))


def _brackets(row: Ints) -> Bools:
    found = np.zeros((len(row), len(row)), bool)
    waiting: list[tuple[int, int]] = []
    quoted: int | None = None
    for i, code in enumerate(row.tolist()):
        if code in _OPENING:
            waiting.append((i, _OPENING[code]))
        elif waiting and code == waiting[-1][1]:
            found[i, waiting.pop()[0]] = True
        elif code == _QUOTE:
            if quoted is not None:
                found[i, quoted] = True
            quoted = i if quoted is None else None
    return found


class PointedAttention(Kind):
    """What is left of attention when each row is judged by the keys that a rule points to.

    Queries for which the rule has no target have 0 in ``targets``, and 0 wherever targets matter.

    Attributes
    ----------
    entropy (n, layers, heads, t) : of each row, in nats.
    inside : attention on the targets, from 0 to 1.
    inside_entropy, outside_entropy : of the row's two parts, each over its own sum, in nats.
    margin : the least logit of a target less the greatest of another key (over the temperature);
        0 where either is missing.
    argmax : 1 where the largest weight is on a target, else 0.
    targets, visible (n, t) : the number of targets, and of keys that the query sees.
    near (n, layers, heads, r) : attention at the distances 0 to r - 1 between query and key, mean
        over queries.
    log_p, top (n, t) : ln p of the token that came, and of the likeliest token, where known.
    rule : the rule; ``network`` : the model in JSON, as in `AttentionProfile`.
    """

    entropy: Floats = array("n layers heads t")
    inside: Floats = array("n layers heads t")
    inside_entropy: Floats = array("n layers heads t")
    outside_entropy: Floats = array("n layers heads t")
    margin: Floats = array("n layers heads t")
    argmax: Floats = array("n layers heads t")
    targets: Ints = array("n t", np.int64)
    visible: Ints = array("n t", np.int64)
    near: Floats | None = array("n layers heads r", default=None)
    log_p: Floats | None = array("n t", default=None)
    top: Floats | None = array("n t", default=None)
    rule: str = ""
    network: str = ""

    NEAR: ClassVar[int] = NEAR
    BYTE_RULES: ClassVar[tuple[str, ...]] = BYTE_RULES
    PER_ROW: ClassVar[tuple[str, ...]] = (
        "entropy",
        "inside",
        "inside_entropy",
        "outside_entropy",
        "margin",
        "argmax",
    )

    def check(self) -> None:
        """Refuse a rule without any target, and shares and entropies outside their limits."""
        if (self.targets < 0).any() or (self.targets > self.visible).any():
            raise DataError(
                "PointedAttention.targets", "a number outside 0 .. visible", "keys in sight"
            )
        if not self.targets.any():
            raise DataError(
                "PointedAttention.targets",
                f"no query has a target under the rule {self.rule!r}",
                "at least one",
            )
        m, r = self.targets, self.visible - self.targets
        for name, most in (
            ("entropy", np.log(np.maximum(self.visible, 1))),
            ("inside", (m > 0).astype(float)),
            ("inside_entropy", np.log(np.maximum(m, 1))),
            ("outside_entropy", np.log(np.maximum(r, 1))),
            ("argmax", (m > 0).astype(float)),
        ):
            values, limit = getattr(self, name), most[:, None, None]
            wrong = (values < -ROUNDING) | (values > limit + ROUNDING * (1 + limit))
            if wrong.any():
                at = tuple(int(i) for i in np.argwhere(wrong)[0])
                found = f"{values[at]:.6g} in layer {at[1]}, head {at[2]}, query {at[3]}"
                wanted = f"0 to {most[at[0], at[3]]:.6g}"
                raise DataError(f"PointedAttention.{name}", found, wanted, at[0])
        for name in ("log_p", "top"):
            values = getattr(self, name)
            if values is not None and values.max() > 0:
                row = int(np.unravel_index(values.argmax(), values.shape)[0])
                found = f"log-probability {values.max():.6g}"
                raise DataError(f"PointedAttention.{name}", found, "numbers up to 0", row)

    @property
    def pointed(self) -> Bools:
        """Queries that have a target ``(n, t)``."""
        return np.asarray(self.targets > 0)

    @classmethod
    def of_logits(
        cls, z: Any, targets: Any, *, visible: Any = None, near: int = NEAR, **more: Any
    ) -> Self:
        """From logits over temperature ``(n, layers, heads, t, t)`` and targets ``(n, t, t)``.

        ``visible (t, t)`` are the keys that queries see; by default all. Raises `DataError` for a
        visible logit that is NaN or infinite (minus infinity is a weight of 0, and allowed), and
        for a target that is not visible.
        """
        z, targets = np.asarray(z, np.float64), np.asarray(targets, bool)
        t = z.shape[-1]
        seen = np.ones((t, t), bool) if visible is None else np.asarray(visible, bool)
        if (targets & ~seen).any():
            raise DataError("PointedAttention", "a target that is not visible", "visible targets")
        if np.isnan(z[..., seen]).any() or np.isposinf(z[..., seen]).any():
            raise DataError("PointedAttention", "a logit that is NaN or infinite", "finite logits")
        inside, outside = (
            np.where(keys[:, None, None], z, -np.inf) for keys in (targets, seen & ~targets)
        )
        (lse_in, h_in), (_, h_out) = _reduced(inside), _reduced(outside)
        lse, entropy = _reduced(np.where(seen, z, -np.inf))
        m, r = targets.sum(-1), (seen & ~targets).sum(-1)
        with np.errstate(invalid="ignore"):
            share = np.exp(lse_in - lse)
            least = np.where(targets[:, None, None], z, np.inf).min(-1)
            margin = least - outside.max(-1, initial=-np.inf)
        both = (m > 0) & (r > 0)
        a = np.exp(np.where(seen, z, -np.inf) - lse[..., None])
        apart = np.abs(np.subtract.outer(np.arange(t), np.arange(t)))
        shares = [(a * (apart == d)).sum((-2, -1)) / t for d in range(min(near, t))]
        return cls(
            entropy,
            share,
            h_in,
            h_out,
            np.where(both[:, None, None] & np.isfinite(margin), margin, 0.0),
            (inside.max(-1) > outside.max(-1)).astype(np.float64),
            m,
            np.broadcast_to(seen.sum(-1), m.shape),
            near=np.stack(shares, -1),
            **more,
        )

    @classmethod
    def of_maps(cls, a: Any, targets: Any, *, visible: Any = None, **more: Any) -> Self:
        """From attention ``(n, layers, heads, t, t)``; see `of_logits`.

        Raises `DataError` for rows that do not sum to 1, as those that passed dropout do not.
        """
        a = np.asarray(a, np.float64)
        sums = a.sum(-1)
        off = ~(np.abs(sums - 1) <= _OFF) | (a < 0).any(-1)
        if off.any():
            at = tuple(int(i) for i in np.argwhere(off)[0])
            found = f"layer {at[1]}, head {at[2]}, query {at[3]} sums to {sums[at]:.6g}"
            wanted = "rows that sum to 1: call eval(), so that no dropout is active"
            raise DataError("PointedAttention", found, wanted, at[0])
        with np.errstate(divide="ignore"):
            return cls.of_logits(np.log(a), targets, visible=visible, **more)

    @classmethod
    def example(cls, rng: np.random.Generator, n: int = 48) -> Self:
        """Causal rows of two layers of two heads, pointed to the token before."""
        t, seen = 6, np.tri(6, dtype=bool)
        z = np.rint(rng.normal(size=(n, 2, 2, t, t)) * 64) / 64
        log_p = -np.rint(rng.uniform(0.1, 2.0, (n, t)) * 64) / 64
        targets = pointer_targets(np.zeros((n, t), int), "previous")
        top = np.maximum(log_p, -1.0)
        return cls.of_logits(z, targets, visible=seen, log_p=log_p, top=top, rule="previous")


def _reduced(z: Floats) -> tuple[Floats, Floats]:
    """ln of the sum of exp(z), and the entropy of the softmax; minus infinity and 0 where empty."""
    top = z.max(-1, keepdims=True)
    shifted = z - np.where(np.isfinite(top), top, 0.0)
    weights = np.exp(shifted)
    total = weights.sum(-1)
    empty = total == 0
    moment = (weights * np.where(weights > 0, shifted, 0.0)).sum(-1)
    safe = np.where(empty, 1.0, total)
    entropy = np.where(empty, 0.0, np.log(safe) - moment / safe)
    with np.errstate(divide="ignore"):
        return np.log(total) + np.where(empty, 0.0, top[..., 0]), np.maximum(entropy, 0.0)
