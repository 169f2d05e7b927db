"""Tasks on things seen in several modalities, most with known information, and views of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from harness import (
    Activations,
    ConditionedSamples,
    LabelledSamples,
    Modalities,
    ModelSpec,
    PairedSamples,
    Quantity,
    TaskSpec,
    hookimpl,
)
from harness.quantities import ACCURACY, CONDITIONAL_MUTUAL_INFORMATION, MUTUAL_INFORMATION

HARNESS_API = 1

_MCR = "K. Kontras et al., Balancing Multimodal Training, NeurIPS 2025, arXiv:2411.07335"
CONTRASTIVE_INFORMATION = Quantity(
    "contrastive_information",
    "nats",
    "truth",
    lower=0.0,
    summary="I(X1;X2,Y) + I(X2;X1,Y): what a contrast by classes can find",
)
_KNOWN: dict[str, Any] = {
    "gives": Modalities,
    "quantities": (CONDITIONAL_MUTUAL_INFORMATION, MUTUAL_INFORMATION, CONTRASTIVE_INFORMATION),
    "traits": ("split",),
}
_OPEN: dict[str, Any] = {
    "gives": Modalities,
    "quantities": (ACCURACY,),
    "traits": ("split",),
}
_VIEW: dict[str, Any] = {"reads": Modalities, "traits": ("deterministic", "permutation-invariant")}

GATES = TaskSpec(
    name="gates",
    summary="classes by logical gates of two bits: exact unique, shared and synergistic terms",
    implementation="harness_multimodal.gates:Gates",
    settings="harness_multimodal.settings:Gates",
    paper=_MCR,
    **_KNOWN,
)
GAUSSIAN_MODALITIES = TaskSpec(
    name="gaussian-modalities",
    summary="two noisy readings of one normal number, which is the target; closed forms",
    implementation="harness_multimodal.gaussian:GaussianModalities",
    settings="harness_multimodal.settings:Gaussians",
    paper=_MCR,
    **_KNOWN,
)
MODALITY_BALANCE = TaskSpec(
    name="modality-balance",
    summary="the paper's generator: units whose class both modalities tell, or only one",
    implementation="harness_multimodal.balance:ModalityBalance",
    settings="harness_multimodal.settings:Balance",
    paper=_MCR,
    **_KNOWN,
)
MODALITY_COMPETITION = TaskSpec(
    name="modality-competition",
    summary="a weak modality that is learnt quickly beside a strong one that is learnt slowly",
    implementation="harness_multimodal.competition:ModalityCompetition",
    settings="harness_multimodal.settings:Competition",
    **_KNOWN,
)
DIGIT_HALVES = TaskSpec(
    name="digit-halves",
    summary="left and right halves of handwritten digits, with noise on the right",
    implementation="harness_multimodal.digit_halves:DigitHalves",
    settings="harness_multimodal.settings:Halves",
    requires=("sklearn",),
    install="infoharness[multimodal]",
    **_OPEN,
)
MULTIBENCH = TaskSpec(
    name="multibench",
    summary="CMU-MOSI and CMU-MOSEI features of MultiBench, from a file of the user's",
    implementation="harness_multimodal.features:MultiBench",
    settings="harness_multimodal.settings:MultiBench",
    paper="P. P. Liang et al., MultiBench, NeurIPS 2021, arXiv:2107.07502",
    **_OPEN,
)
CREMAD = TaskSpec(
    name="cremad",
    summary="CREMA-D, emotions of actors in sound and video: features from a file of the user's",
    implementation="harness_multimodal.features:CremaD",
    settings="harness_multimodal.settings:Clips",
    paper="H. Cao et al., CREMA-D, IEEE Trans. Affective Computing 5, 377 (2014)",
    **_OPEN,
)
AVE = TaskSpec(
    name="ave",
    summary="AVE, events heard and seen: features from a file of the user's",
    implementation="harness_multimodal.features:AVE",
    settings="harness_multimodal.settings:Clips",
    paper="Y. Tian et al., Audio-Visual Event Localization, ECCV 2018, arXiv:1803.08842",
    **_OPEN,
)

GIVEN_X2 = ModelSpec(
    name="given-x2",
    summary="the first modality, and the class or target, given all other modalities",
    implementation="harness_multimodal.views:GivenOthers",
    gives=ConditionedSamples,
    **_VIEW,
)
MODALITY_PAIRS = ModelSpec(
    name="modality-pairs",
    summary="all modalities side by side, and the class or target",
    implementation="harness_multimodal.views:Pairs",
    gives=PairedSamples,
    **_VIEW,
)
MODALITY_LABELS = ModelSpec(
    name="modality-labels",
    summary="all modalities side by side, with the class as label",
    implementation="harness_multimodal.views:Labels",
    gives=LabelledSamples,
    **_VIEW,
)
MODALITY_ACTIVATIONS = ModelSpec(
    name="modality-activations",
    summary="one modality as activations of a layer",
    implementation="harness_multimodal.views:OneModality",
    settings="harness_multimodal.settings:Side",
    gives=Activations,
    **_VIEW,
)


@hookimpl
def harness_tasks() -> Iterable[TaskSpec]:
    """Generated data first, then what is read from files."""
    return (
        *(GATES, GAUSSIAN_MODALITIES, MODALITY_BALANCE, MODALITY_COMPETITION, DIGIT_HALVES),
        *(MULTIBENCH, CREMAD, AVE),
    )


@hookimpl
def harness_models() -> Iterable[ModelSpec]:
    """Views for estimators that know no modalities."""
    return GIVEN_X2, MODALITY_PAIRS, MODALITY_LABELS, MODALITY_ACTIVATIONS
