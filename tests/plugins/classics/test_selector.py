"""`MutualInformationSelector` as scikit-learn expects a selector to be."""

import numpy as np
import pytest

pytest.importorskip("sklearn")

from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from harness import UsageError
from harness_classics.selector import MutualInformationSelector


@pytest.fixture
def data():
    """Column 2 tells the class, column 4 half of it by its square alone; column 5 is constant."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, 6))
    x[:, 5] = 1.0
    return x, np.where(x[:, 2] + 0.8 * (x[:, 4] ** 2 - 1) > 0, "yes", "no")


def test_the_columns_that_tell_are_kept_in_a_pipeline(data):
    x, y = data
    made = make_pipeline(MutualInformationSelector(k=2), LogisticRegression()).fit(x, y)
    selector = made[0]
    assert selector.get_support(indices=True).tolist() == [2, 4]
    assert selector.scores_[5] == 0.0
    assert np.array_equal(selector.transform(x), x[:, [2, 4]])
    assert made.score(x, y) > 0.7


def test_it_is_cloned_searched_and_names_its_columns(data):
    x, y = data
    search = GridSearchCV(
        make_pipeline(MutualInformationSelector(), LogisticRegression()),
        {"mutualinformationselector__k": [1, 2]},
        cv=2,
    ).fit(x, y)
    assert search.best_params_["mutualinformationselector__k"] in (1, 2)
    again = clone(MutualInformationSelector(k=3, seed=4))
    assert again.get_params() == {"k": 3, "estimator": "classics/mixed-ksg", "seed": 4}
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(x, columns=list("abcdef"))
    again = MutualInformationSelector(k=1).fit(frame, y)
    assert again.get_feature_names_out().tolist() == ["c"]


def test_no_columns_are_refused(data):
    with pytest.raises(UsageError, match="wanted 1 or more"):
        MutualInformationSelector(k=0).fit(*data)
