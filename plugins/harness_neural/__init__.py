"""Plugin `neural`: mutual information by trained critics, all on one training loop."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from harness import Estimate, EstimatorSpec, PairedSamples, Param
from harness import hookimpl as _hookimpl
from harness.quantities import MUTUAL_INFORMATION

HARNESS_API = 1

_POOLE = "B. Poole et al., On Variational Bounds of Mutual Information, ICML 2019, arXiv:1905.06922"

_HIDDEN = Param("hidden", tuple[int, ...], (128, 128), "widths of the hidden layers", low=1)
_LOOP = (
    Param("batch", int, 256, "samples per step", low=2),
    Param("steps", int, 2000, "steps of Adam at most", low=1),
    Param("learning_rate", float, 1e-3, "of Adam", above=0.0),
    Param(
        "patience",
        int,
        8,
        "looks at the validation part, 50 steps apart, without improvement until it stops",
        low=1,
    ),
    Param("device", str, "cpu", "where the networks run", choices=("cpu", "cuda")),
)


def _critic(default: str) -> tuple[Param, ...]:
    return (
        Param(
            "critic",
            str,
            default,
            "one network of both variables, or one each",
            choices=("concat", "separable"),
        ),
        _HIDDEN,
        Param("width", int, 32, "outputs of each network of a separable critic", low=1),
        Param(
            "negatives", int, 2, "mismatched partners of a sample per step, critic=concat", low=1
        ),
        *_LOOP,
    )


def _estimator(
    name: str, summary: str, implementation: str, params: tuple[Param, ...], **more: Any
) -> EstimatorSpec:
    traits = (
        "permutation-invariant",
        "translation-invariant",
        "scale-invariant",
        *more.pop("bounds", ()),
    )
    return EstimatorSpec(
        name=name,
        summary=summary,
        implementation=f"harness_neural.{implementation}",
        params=params,
        traits=traits,
        reads=PairedSamples,
        gives=Estimate,
        quantity=MUTUAL_INFORMATION,
        requires=("torch",),
        install="infoharness[torch]",
        **more,
    )


@_hookimpl
def harness_estimators() -> Iterable[EstimatorSpec]:
    """Bounds by a critic T(x, y), and by a fitted conditional density q(y|x)."""
    lower, upper = ("lower-bound",), ("upper-bound",)
    yield _estimator(
        "mine",
        "Donsker-Varadhan bound, its gradient with a running mean",
        "estimators:MINE",
        (
            *_critic("concat"),
            Param("rate", float, 0.01, "of the running mean, per step", above=0.0, high=1.0),
        ),
        bounds=lower,
        paper="M. Belghazi et al., Mutual Information Neural Estimation, ICML 2018, arXiv:1801.04062",
    )
    yield _estimator(
        "dv",
        "Donsker-Varadhan bound",
        "estimators:DV",
        _critic("concat"),
        bounds=lower,
        paper="M. Donsker, S. Varadhan, Commun. Pure Appl. Math. 36 (1983)",
    )
    yield _estimator(
        "nwj",
        "bound of Nguyen, Wainwright and Jordan",
        "estimators:NWJ",
        _critic("concat"),
        bounds=lower,
        paper="X. Nguyen, M. Wainwright, M. Jordan, IEEE Trans. Inf. Theory 56 (2010), arXiv:0809.0853",
    )
    yield _estimator(
        "infonce",
        "contrastive bound, never above ln(batch)",
        "estimators:InfoNCE",
        _critic("separable"),
        bounds=lower,
        paper="A. van den Oord, Y. Li, O. Vinyals, arXiv:1807.03748 (2018)",
    )
    yield _estimator(
        "smile",
        "Donsker-Varadhan with clipped scores: less variance, no bound",
        "estimators:SMILE",
        (
            *_critic("concat"),
            Param("tau", float, 5.0, "scores are clipped to +-tau, nats", above=0.0),
        ),
        paper="J. Song, S. Ermon, Limitations of Variational MI Estimators, ICLR 2020, arXiv:1910.06222",
    )
    yield _estimator(
        "club",
        "contrastive log-ratio upper bound, with a fitted Gaussian q(y|x)",
        "likelihood:CLUB",
        (_HIDDEN, *_LOOP),
        bounds=upper,
        paper="P. Cheng et al., CLUB, ICML 2020, arXiv:2006.12013",
    )
    yield _estimator(
        "l1out",
        "leave-one-out bound, with a fitted Gaussian q(y|x)",
        "likelihood:L1Out",
        (_HIDDEN, *_LOOP),
        bounds=upper,
        paper=_POOLE,
    )
