"""Published and measured figures on real data: the official package's values, to 1e-3 nat."""

import math
from itertools import pairwise

import numpy as np
import pytest

from harness import Environments
from harness_msc.baselines import Random
from harness_msc.cover import MinimumSetCover
from harness_msc.measures import Diversity, Entropy


@pytest.mark.parametrize(
    ("h", "entropy", "diversity"),
    [
        (0.005, 6.016148, 6.183514),
        (0.015, 5.913814, 6.108546),
        (0.05, 5.201827, 5.549632),
        (0.2, 2.268186, 2.732843),
    ],
)
def test_molecules(g2, h, entropy, diversity):
    """Values of the official package, six decimals."""
    assert Entropy(h=h).estimate(g2).value == pytest.approx(entropy, abs=1e-6)
    assert Diversity(h=h).estimate(g2).value == pytest.approx(diversity, abs=1e-6)


REAL = {
    "Si": (214, 13233, 5.3110, 8.1678),
    "Li": (241, 11576, 7.3247, 7.9958),
    "Mo": (194, 10087, 5.2605, 7.7358),
    "acac300": (500, 7500, 7.4288, 7.7099),
    "acac600": (500, 7500, 8.3431, 8.4381),
    "ethanol": (1000, 9000, 8.4552, 8.5499),
    "benzene": (1000, 12000, 3.7819, 4.3483),
}


@pytest.mark.data
@pytest.mark.parametrize("name", REAL)
def test_real_data(real, name):
    structures, environments, entropy, diversity = REAL[name]
    data = real(name)
    assert (data.n, len(data.x)) == (structures, environments)
    estimate = Entropy().estimate(data)
    # The figures were printed with four decimals.
    assert estimate.value == pytest.approx(entropy, abs=1e-4)
    assert Diversity().estimate(data).value == pytest.approx(diversity, abs=1e-4)
    assert estimate.diagnostics["efficiency"] == pytest.approx(
        entropy / math.log(environments), abs=1e-4
    )


@pytest.mark.data
@pytest.mark.parametrize("name", ["Si", "Mo", "Li"])
def test_cover_of_real_data_is_the_eager_one(real, ref, name):
    """Nothing underflows in these sets, so plain sums and logarithmic ones choose the same."""
    data = real(name)
    size = round(0.2 * data.n)
    few = Environments(x=data.x, offsets=data.offsets, sizes=(size,))
    expected = plain_sum_cover(data, size)
    assert MinimumSetCover().estimate(few).order.tolist() == expected
    assert MinimumSetCover(reference_ties=True).estimate(few).order.tolist() == expected


def plain_sum_cover(data, size, h=0.015):
    """The greedy cover with plain kernel sums; each step adds the kernel of the newest pick."""
    sets = [np.arange(a, b) for a, b in pairwise(data.offsets)]
    x = data.x - data.x.mean(axis=0)
    squares = (x**2).sum(axis=1)

    def kernel(a, b):
        return np.exp(
            -np.maximum(squares[a][:, None] + squares[b] - 2 * x[a] @ x[b].T, 0) / (2 * h * h)
        )

    entropies = np.array([-np.log(kernel(s, s).mean(axis=1)).mean() for s in sets])
    everything, sums, picks = np.arange(len(x)), np.zeros(len(x)), [int(entropies.argmax())]
    while len(picks) < size:
        sums += kernel(everything, sets[picks[-1]]).sum(axis=1)
        with np.errstate(divide="ignore"):
            scores = -np.log(np.minimum.reduceat(sums, data.offsets[:-1])) + entropies
        scores[picks] = -np.inf
        picks.append(int(scores.argmax()))
    return picks


@pytest.mark.data
def test_cover_keeps_more_diversity_than_chance(real):
    """Silicon at 10 %: by more than 0.3 nat (0.87 measured with the official package)."""
    data = real("Si")
    few = Environments(x=data.x, offsets=data.offsets, sizes=(21,))

    def diversity(order):
        return Diversity().estimate(data.take(order)).value

    chance = [
        diversity(Random().estimate(few, rng=np.random.default_rng(seed)).order)
        for seed in range(5)
    ]
    kept = diversity(MinimumSetCover().estimate(few).order)
    assert kept > np.mean(chance) + 0.3
    assert kept == pytest.approx(6.997, abs=0.05)
