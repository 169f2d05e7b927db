import itertools
import math

import numpy as np
import pytest
from harness_hello.kinds import SpinChains
from harness_hello.spins import Spins

import harness
from harness import DataError, Incompatible, PairedSamples, stream
from harness.testing import conformance


@conformance("hello")
def test_conformance(check):
    check()


@pytest.mark.parametrize("coupling", [0.0, 0.3, -0.7, 2.0])
def test_truths_are_those_of_the_boltzmann_distribution(coupling):
    length = 6
    chains = np.array(list(itertools.product([-1, 1], repeat=length)))
    weights = np.exp(coupling * (chains[:, 1:] * chains[:, :-1]).sum(1))
    p = weights / weights.sum()
    pair = {
        s: p[(chains[:, 2] == s[0]) & (chains[:, 3] == s[1])].sum()
        for s in itertools.product([-1, 1], repeat=2)
    }
    (case,) = Spins(n=1, length=length, couplings=(coupling,)).cases(seed=0)
    assert case.truth["spin_entropy"] == pytest.approx(-(p * np.log(p)).sum() / length)
    assert case.truth["mutual_information"] == pytest.approx(
        sum(q * math.log(q / 0.25) for q in pair.values())
    )


def test_both_paths_find_the_truth():
    records = harness.run(
        tasks=["hello/spins"],
        estimators=["hello/*"],
        params={"hello/spins": {"n": 400}},
        seeds=range(4),
    )
    assert {r.status.value for r in records} == {"ok"}
    assert {(r.models, r.estimator) for r in records} == {
        ((), "hello/neighbours"),
        (("hello/bonds",), "hello/counts"),
    }
    for record in records:
        # The share of agreeing bonds, out of 7600, has variance 1 / (4 cosh^2 K) / 7600; its
        # entropy varies by the slope 2K times that. The mean spin of 400 chains enters in second
        # order, by 1/400 for each entropy.
        coupling = record.facts["coupling"]
        spread = 2 * coupling / (2 * math.cosh(coupling)) / math.sqrt(7600)
        assert abs(record.error) < 5 * spread + 2 / 400, record.path


def test_a_chain_of_equal_spins_has_only_the_entropy_of_its_first():
    half = SpinChains(np.repeat([[-1], [1]], 10, axis=1).repeat(8, axis=0))
    found = harness.estimator("hello/neighbours", correct=False).estimate(half, rng=stream(0))
    assert found.value == pytest.approx(math.log(2) / 10)


def test_bad_spins_are_refused_by_row():
    with pytest.raises(DataError, match="at row 1: the value 0"):
        SpinChains([[1, -1], [1, 0]])


def test_counts_refuse_the_continuous():
    pairs = PairedSamples([[0.1], [0.2]], [[1.0], [2.0]])
    with pytest.raises(Incompatible, match="continuous"):
        harness.estimator("hello/counts").estimate(pairs, rng=stream(0))
