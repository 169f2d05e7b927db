"""The terms of the loss, on batches: logits and latent vectors, in nats."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

LN2 = math.log(2.0)
Finish = Callable[[Tensor], Tensor]


class _Divergence(torch.autograd.Function):
    """Value and gradients in one pass: what autograd does for it in thirty it does in ten.

    With g_c = (ln p_c - ln m_c) / 2, the gradient by the logits of p is p_c (g_c - sum of p g).
    """

    @staticmethod
    def forward(ctx: Any, own: Tensor, other: Tensor) -> Tensor:
        a, b = torch.log_softmax(own, -1), torch.log_softmax(other, -1)
        p, q = a.exp(), b.exp()
        # Where both are zero, so is what the logarithm is multiplied with.
        middle = (p + q).clamp_min_(torch.finfo(p.dtype).tiny).log_().sub_(LN2)
        left, right = (a - middle).mul_(p), b.sub_(middle).mul_(q)
        from_left, from_right = left.sum(-1, keepdim=True), right.sum(-1, keepdim=True)
        ctx.save_for_backward(left.sub_(p * from_left), right.sub_(q.mul_(from_right)))
        return 0.5 * (from_left + from_right)[..., 0]

    @staticmethod
    def backward(ctx: Any, *slopes: Tensor) -> tuple[Tensor, Tensor]:
        left, right = ctx.saved_tensors
        slope = 0.5 * slopes[0][..., None]
        return (slope * left).sum(1, keepdim=True), slope * right


def divergence(own: Tensor, other: Tensor) -> Tensor:
    """Jensen-Shannon divergence ``(n, k)`` of the predictions by logits ``own (n, 1, c)`` and
    ``other (n, k, c)``: 0 to ln 2.
    """
    found: Tensor = _Divergence.apply(own, other)  # type: ignore[no-untyped-call]
    return found


def subsets(modalities: int) -> list[tuple[int, ...]]:
    """What is exchanged together: each modality; of three, each pair besides."""
    return [
        chosen
        for size in range(1, max(2, modalities))
        for chosen in itertools.combinations(range(modalities), size)
    ]


def exchange(parts: Sequence[Tensor], chosen: tuple[int, ...], donors: Tensor | None) -> Tensor:
    """Sums ``(n, k, h)`` of what the modalities add, those ``chosen`` being the donors'.

    Each part ``(n, h)`` was computed once; donors ``(n, k)`` pick rows of it. None is for all units
    as donors of each, ``k = n``.
    """
    own = [p for m, p in enumerate(parts) if m not in chosen]
    moved = sum((parts[m] for m in chosen[1:]), parts[chosen[0]])
    # An embedding gathers rows, and its gradient adds them up faster than that of an index.
    moved = moved[None] if donors is None else nn.functional.embedding(donors, moved)
    return sum(own[1:], own[0])[:, None] + moved if own else moved


def informations(
    parts: Sequence[Tensor], finish: Finish, donors: Sequence[Tensor] | None
) -> dict[tuple[int, ...], Tensor]:
    """For each set of modalities, the mean divergence of own and exchanged predictions.

    Parameters
    ----------
    parts : what each modality adds ``(n, h)`` to the sum that ``finish`` makes logits of.
    donors : positions ``(n, k)`` for each modality; None for all units.
    """
    own = finish(sum(parts[1:], parts[0]))[:, None]
    found = {}
    for chosen in subsets(len(parts)):
        picked = None if donors is None else donors[chosen[0]]
        found[chosen] = divergence(own, finish(exchange(parts, chosen, picked))).mean()
    return found


def played(
    parts: Sequence[Tensor], finish: Finish, donors: Sequence[Tensor] | None, game: int
) -> Tensor:
    """The loss of the game (Kontras et al. 2025, eqs. 12-13), to be lowered.

    The gradient of modality m's own part is that of minus its information, minus ``game`` times the
    information of the others: everything else is held still while m moves. So with ``game`` -1 the
    value is always 0, and only the gradients mean anything.
    """
    leaves = [part.detach().requires_grad_() for part in parts]
    values = informations(leaves, finish, donors)
    slopes = {
        chosen: torch.autograd.grad(value, leaves, retain_graph=True)
        for chosen, value in values.items()
    }
    loss = parts[0].new_zeros(())
    for player, part in enumerate(parts):
        # The value of a term, and the gradient of this part alone.
        moved = part - part.detach()
        for chosen, value in values.items():
            sign = 1 if player in chosen else game
            loss = loss - sign * (value.detach() + (slopes[chosen][player] * moved).sum())
    return loss


def contrast(latents: Sequence[Tensor], y: Tensor, temperature: float) -> Tensor | None:
    """Supervised contrast over all modalities (eq. 9, as NTXent), the mean over positive pairs.

    Positives are all other latent vectors of the class, in any modality; the denominator holds the
    pair itself and the vectors of other classes. None where the batch has one class, and so no
    negatives.
    """
    z = nn.functional.normalize(torch.cat(list(latents)), dim=1)
    labels = y.repeat(len(latents))
    same = labels[:, None] == labels
    if same.all():
        return None
    scores = z @ z.T / temperature
    against = torch.logsumexp(scores.masked_fill(same, -torch.inf), dim=1, keepdim=True)
    pairs = same & ~torch.eye(len(z), dtype=torch.bool, device=z.device)
    return nn.functional.softplus(against - scores)[pairs].mean()


def rebuilt(latents: Sequence[Tensor], decoder: nn.Module, source: Tensor) -> Tensor:
    """Mean squared error of all latent vectors rebuilt from ``source (n, c)`` (eq. 11)."""
    return nn.functional.mse_loss(decoder(source), torch.cat(list(latents), dim=1))
