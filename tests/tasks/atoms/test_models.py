import numpy as np
import pytest

from harness import Environments, Incompatible, Samples, Split
from harness_atoms.models import EnvironmentPoints, StructureMeans


@pytest.fixture
def bags():
    x = np.arange(24.0).reshape(12, 2)
    return Environments(x, [0, 3, 4, 8, 12], split=Split(train=[0, 2], test=[1, 3]))


def run(model, data, seed=0):
    return model.transform(data, to=Samples, rng=np.random.default_rng(seed))


def test_all_environments_are_points(bags):
    got = run(EnvironmentPoints(), bags)
    np.testing.assert_array_equal(got.x, bags.x)
    np.testing.assert_array_equal(got.split.train, [0, 1, 2, 4, 5, 6, 7])
    np.testing.assert_array_equal(got.split.test, [3, 8, 9, 10, 11])


def test_some_of_them(bags):
    got, again, other = (run(EnvironmentPoints(max_points=9), bags, seed) for seed in (0, 0, 1))
    assert got.n == 9
    assert got == again
    assert got != other
    rows = got.x[:, 0] / 2
    assert sorted(set(rows)) == rows.tolist()
    # The split follows the points: structure 1 and 3 are the test part.
    np.testing.assert_array_equal(
        np.isin(rows, [3, 8, 9, 10, 11]), np.isin(np.arange(9), got.split.test)
    )
    assert run(EnvironmentPoints(max_points=50), bags) == run(EnvironmentPoints(), bags)


def test_means(bags):
    got = run(StructureMeans(), bags)
    np.testing.assert_allclose(got.x[:, 0], [2, 6, 11, 19])
    np.testing.assert_array_equal(got.split.train, [0, 2])


def test_too_few_for_samples():
    one = Environments([[1.0]], [0, 1])
    for model in (EnvironmentPoints(), StructureMeans()):
        with pytest.raises(Incompatible, match="at least 2"):
            run(model, one)


def test_a_part_that_is_lost_is_said():
    bags = Environments(np.zeros((40, 1)), [0, 1, 40], split=Split(train=[0], test=[1]))
    with pytest.raises(Incompatible, match="max_points=2 left nothing of the train part"):
        run(EnvironmentPoints(max_points=2), bags)
