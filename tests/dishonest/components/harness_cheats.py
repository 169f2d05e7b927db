"""A plugin of honest components and of dishonest ones: each breaks one promise."""

from harness import (
    Estimate,
    EstimatorSpec,
    LabelledSamples,
    ModelSpec,
    PairedSamples,
    Prediction,
    Quantity,
    Samples,
    TaskSpec,
    hookimpl,
)
from harness.quantities import ENTROPY, MUTUAL_INFORMATION

HARNESS_API = 1
HITS = Quantity("hits", "", "higher", lower=0.0, upper=1.0, summary="share of hits")
INFORMATION = [
    "honest",
    "clips",
    "clips-just-above",
    "sure",
    "bits",
    "bits-of-codes",
    "bits-of-vectors",
    "bits-of-many",
    "bits-above",
    "both-bounds",
    "far-below",
    "zero-below",
    "own-seed",
    "own-random",
    "own-stream",
    "puts-back",
    "puts-python-back",
    "global-noise",
    "system-noise",
    "secret-noise",
    "clock-noise",
    "sorts-many",
    "breaks-on-many",
    "environment",
    "environment-once",
    "floating-point",
    "print-options",
    "folder",
    "threads",
    "file-here",
    "file-at-home",
    "file-aside",
    "thread",
    "child",
    "prints",
    "complains",
    "filters",
    "search-path",
    "signals",
    "umask",
    "recursion",
    "keeps",
    "fifty",
]
TRAITS = {
    "system-noise": ("deterministic",),
    "bits-above": ("upper-bound",),
    "both-bounds": ("lower-bound", "upper-bound"),
    "far-below": ("lower-bound",),
    "zero-below": ("lower-bound",),
}


def names(name):
    """What all specs of a component share."""
    return {
        "name": name,
        "summary": f"a component, {name.replace('-', ' ')}",
        "implementation": f"cheats:{name.title().replace('-', '')}",
    }


@hookimpl
def harness_estimators():
    """Mutual information, and predictions."""
    for name in INFORMATION:
        yield EstimatorSpec(
            **names(name),
            traits=TRAITS.get(name, ()),
            reads=PairedSamples,
            gives=Estimate,
            quantity=MUTUAL_INFORMATION,
        )
    for name in ("prior", "knows"):
        yield EstimatorSpec(
            **names(name), reads=LabelledSamples, gives=Prediction, needs=("split",)
        )


@hookimpl
def harness_models():
    """Maps of labelled vectors."""
    for name in ("centred", "learns-all", "copies-labels"):
        yield ModelSpec(
            **names(name), reads=LabelledSamples, gives=LabelledSamples, needs=("split",)
        )


@hookimpl
def harness_tasks():
    """Gaussian pairs, and two with truths in bits."""
    for name in (
        "pairs",
        "same-every-seed",
        "truth-in-bits",
        "truth-below-zero",
        "score-above-one",
    ):
        yield TaskSpec(
            **names(name),
            gives=PairedSamples,
            quantities=(MUTUAL_INFORMATION, HITS),
            scores=(Prediction,),
        )
    for name, gives, quantity in (
        ("entropy-in-bits", Samples, ENTROPY),
        ("labels-in-bits", LabelledSamples, MUTUAL_INFORMATION),
    ):
        yield TaskSpec(**names(name), gives=gives, quantities=(quantity,))
