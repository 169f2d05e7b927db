"""How good a prediction is: accuracy for nodes; Hits@k, MRR and AUC for links."""

from __future__ import annotations

import numpy as np

from harness import Case, Floats, Graph, Incompatible, Ints, Links, Prediction


class Classified:
    """A task of node classification."""

    def score(self, case: Case, output: Prediction) -> dict[str, float]:
        """The accuracy on the test nodes."""
        data = case.load()
        assert isinstance(data, Graph)
        return accuracy(data, output)


class Ranked:
    """A task of link prediction."""

    def score(self, case: Case, output: Prediction) -> dict[str, float]:
        """Hits@k, MRR and AUC of the test pairs."""
        data = case.load()
        assert isinstance(data, Links)
        return ranking(data, output)


def accuracy(data: Graph, output: Prediction) -> dict[str, float]:
    """Share of test nodes of the right class.

    Values are labels, or a score for each class that occurs, in the order of labels. Raises
    `Incompatible` for another number of columns.
    """
    assert data.split is not None
    assert data.labels is not None
    test = data.split.test
    values = _of_test(output, test)
    if values.ndim == 1:
        return {"accuracy": float((np.rint(values) == data.labels[test]).mean())}
    if values.shape[1] != data.n_classes:
        raise Incompatible(
            f"{values.shape[1]} columns predicted; wanted one for each of {data.n_classes} classes"
        )
    return {"accuracy": float((values.argmax(1) == data.codes[test]).mean())}


def ranking(data: Links, output: Prediction) -> dict[str, float]:
    """Scores of a number per test pair, higher for likelier links.

    ``hits`` is the share of links strictly above the k-th greatest non-link; ``mrr`` the mean of 1
    / rank of each link among the non-links, ties sharing the middle rank; ``auc`` the probability
    that a link is above a non-link.
    """
    assert data.split is not None
    test = data.split.test
    values = _of_test(output, test)
    if values.ndim == 2:
        if values.shape[1] != 2:
            raise Incompatible(
                f"{values.shape[1]} columns predicted; wanted one number per pair, or one for "
                "unlinked and one for linked"
            )
        values = values[:, 1]
    linked, unlinked = values[data.y[test] == 1], np.sort(values[data.y[test] == 0])
    if data.k > len(unlinked):
        raise Incompatible(
            f"Hits@{data.k} needs {data.k} unlinked test pairs or more; there are {len(unlinked)}"
        )
    below = np.searchsorted(unlinked, linked, "left")
    ties = np.searchsorted(unlinked, linked, "right") - below
    above = len(unlinked) - below - ties
    return {
        "hits": hits(linked, unlinked, data.k),
        "mrr": float((1.0 / (1.0 + above + ties / 2)).mean()),
        "auc": float(((below + ties / 2) / len(unlinked)).mean()),
    }


def hits(linked: Floats, unlinked: Floats, k: int) -> float:
    """Share of ``linked`` strictly above the k-th greatest of ``unlinked``."""
    return float((linked > np.partition(unlinked, len(unlinked) - k)[len(unlinked) - k]).mean())


def _of_test(output: Prediction, test: Ints) -> Floats:
    """Predicted values in the order of the test part. Raises `Incompatible` if any is missing."""
    order = np.argsort(output.index, kind="stable")
    spot = np.searchsorted(output.index[order], test)
    spot = np.minimum(spot, max(len(order) - 1, 0))
    if not len(order) or (output.index[order[spot]] != test).any():
        raise Incompatible("not every unit of the test part is predicted; wanted a value for each")
    values: Floats = output.values[order[spot]]
    return values
