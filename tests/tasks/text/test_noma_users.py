"""Any number of NOMA users: rates, orders of decoding, and problems made of them."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import harness
from harness import LabelledSamples, UsageError
from harness_text.features import numbers
from harness_text.noma_rates import Downlink, Downlinks, Uplink

RNG = np.random.default_rng

CLAIM = "sha256:6cf0fe35158c482e5ff0564856b73a4250acfac20d3778dc5258f91455763b86"
CHOICE = "sha256:4dcae48939caa74894040837f5b885136c98aae6f18aab12af6536a547879df2"
NUMBERS = "sha256:05aa921da8ba3502c80f8da6ba3260d9746063d9479f884e5e8446895a9a42cf"
positive = st.floats(0.01, 100.0)
sizes = st.integers(2, 5)


@st.composite
def uplinks(draw):
    k = draw(sizes)
    each = st.lists(positive, min_size=k, max_size=k).map(tuple)
    return Uplink(draw(each), draw(each), draw(positive))


@st.composite
def downlinks(draw):
    k = draw(sizes)
    parts = draw(st.lists(st.floats(0.01, 1.0), min_size=k, max_size=k))
    shares = tuple(part / sum(parts) * draw(st.sampled_from((0.5, 1.0))) for part in parts)
    # Gains that differ by a factor of 1.2 or more: what is feasible is then clear.
    steps = draw(st.lists(st.integers(-12, 12), min_size=k, max_size=k, unique=True))
    return Downlinks(draw(positive), shares, tuple(1.2**s for s in steps), draw(positive))


def test_golden_uplink():
    two = Uplink((10, 10), (0.2, 2.0))
    assert two.sum_rate() == pytest.approx(4.52356, abs=1e-5)
    assert two.order == (1, 0)
    # The stronger first: log2(1 + 20 / 3), then the weaker alone, log2(1 + 2).
    assert two.rates() == pytest.approx((math.log2(3), math.log2(23 / 3)))
    assert two.rates((0, 1)) == pytest.approx((math.log2(23 / 21), math.log2(21)))
    assert two.divided_rate(1) == pytest.approx(math.log2(21) / 2)


def test_the_order_shares_out_what_users_want():
    two = Uplink((10, 10), (0.2, 2.0))
    assert two.feasible((1.5, 2.9))
    assert not two.feasible((1.5, 2.9), (0, 1))
    assert two.feasible((0.1, 4.0), (0, 1))
    assert not two.feasible((0.1, 4.0))


@given(uplinks())
def test_every_order_of_the_uplink_has_one_sum_of_rates(system):
    wanted = math.log2(
        1 + sum(p * g for p, g in zip(system.powers, system.gains, strict=True)) / system.noise
    )
    for order in itertools.permutations(range(len(system.gains))):
        assert system.sum_rate(order) == pytest.approx(wanted, rel=1e-9)
        # Each is a corner of the capacity region: the last k decoded have all that they could have.
        for k in range(1, len(order)):
            last = order[-k:]
            received = sum(system.powers[i] * system.gains[i] for i in last)
            assert sum(system.rate(i, order) for i in last) == pytest.approx(
                math.log2(1 + received / system.noise), rel=1e-9
            )


@given(
    positive, st.floats(0.51, 0.99), st.floats(0.01, 1.0), st.floats(1.1, 50.0), st.floats(0.1, 5.0)
)
def test_two_users_are_the_downlink_of_two(power, share, far, ratio, noise):
    two = Downlink(power, share, far, far * ratio, noise)
    many = Downlinks(power, (share, 1 - share), (far, far * ratio), noise)
    assert many.rates() == (two.far_rate(), two.near_rate())
    assert many.cancel_rate(0, 1) == two.cancel_rate()
    assert many.sum_rate() == two.sum_rate()
    assert [many.divided_rate(k) for k in (0, 1)] == [
        two.divided_rate(far),
        two.divided_rate(far * ratio),
    ]


@given(downlinks())
def test_the_downlink_can_be_decoded_where_gains_rise_and_only_there(system):
    rising = tuple(sorted(range(len(system.gains)), key=lambda k: system.gains[k]))
    assert system.order == rising
    for order in itertools.permutations(rising):
        assert system.feasible(order) == (order == rising)


@given(downlinks())
def test_powers_that_add_up_have_rates_that_add_up(system):
    """With one gain for all, the broadcast channel is a single link: the sum is its capacity."""
    same = Downlinks(system.power, system.shares, (0.7,) * len(system.gains), system.noise)
    wanted = math.log2(1 + sum(system.shares) * system.power * 0.7 / system.noise)
    assert same.sum_rate() == pytest.approx(wanted, rel=1e-9)
    assert same.feasible()


def test_systems_that_cannot_be():
    with pytest.raises(ValueError, match="wanted at most 1 in all"):
        Downlinks(1.0, (0.7, 0.4), (1.0, 2.0))
    with pytest.raises(ValueError, match="2 gains and 1 powers"):
        Uplink((1.0,), (1.0, 2.0))
    with pytest.raises(ValueError, match="wanted values above 0"):
        Uplink((1.0, -1.0), (1.0, 2.0))
    with pytest.raises(ValueError, match="names each of the users 0 to 1 once"):
        Uplink((1.0, 1.0), (1.0, 2.0)).rate(0, (0, 0))


def cases(name, **params):
    return {c.id: c for c in harness.task(name, **params).cases(seed=0)}


def test_old_problems_are_what_they_were():
    """Records of boards are of these data, to the bit."""
    found = cases("noma", systems=("downlink", "uplink"), users=(2, 3))
    assert set(cases("noma")) < set(found)
    assert found["claim"].load().fingerprint() == CLAIM
    assert found["choice-noise-0.1"].load().fingerprint() == CHOICE
    assert cases("noma-answers")["numbers"].load().fingerprint() == NUMBERS


@pytest.mark.parametrize("system", ["downlink-3", "downlink-6", "uplink-2", "uplink-6"])
def test_the_right_answer_is_the_one_at_no_distance(system):
    kind, users = system.split("-")
    made = cases("noma", systems=(kind,), users=(int(users),), n=200, noise=(0.0,))
    to_features = harness.model("noma-features").transform
    data = made[f"choice-{system}"].load()
    x = to_features(data, to=LabelledSamples, rng=RNG(0)).x
    np.testing.assert_array_equal(x.argmin(1), data.y)
    assert x.min(1).max() < 1e-3
    assert np.sort(x, 1)[:, 1].min() > 0.04
    assert set(data.groups) == {"rate", "sum", "lowest"}
    data = made[f"claim-{system}"].load()
    x = to_features(data, to=LabelledSamples, rng=RNG(0)).x[:, 0]
    np.testing.assert_array_equal(x < 1e-3, data.y == 1)


def test_answers_of_the_uplink_are_right():
    """Solved here from the words alone, in a line of its own."""
    data = cases("noma-answers", systems=("uplink",), users=(3,), n=60)["numbers-uplink-3"].load()
    checked = 0
    for text, reference in zip(data.texts, data.references, strict=True):
        if "sum of the rates" in text:
            p1, g1, p2, g2, p3, g3, noise = numbers(text)
            total = math.log2(1 + (p1 * g1 + p2 * g2 + p3 * g3) / noise)
            assert float(reference) == pytest.approx(total, abs=1e-4)
            checked += 1
    assert checked > 3


def test_unknown_systems_are_refused():
    with pytest.raises(UsageError, match=r"noma\.systems: 'sidelink'; wanted downlink or uplink"):
        cases("noma", systems=("sidelink",))
    with pytest.raises(UsageError, match="users"):
        cases("noma-answers", users=(7,))
