"""Kinds of language models: what they refuse, and what resampling does to them."""

import numpy as np
import pytest

from harness import (
    AttentionMaps,
    AttentionProfile,
    ChannelLogLikelihoods,
    DataError,
    HiddenStates,
    Split,
    TokenLogProbabilities,
    TokenSequences,
    stream,
)
from harness.testing import sample


def test_symbols_outside_the_alphabet():
    with pytest.raises(DataError, match=r"ids at row 1: symbol 4; wanted symbols from 0 to 3"):
        TokenSequences(np.array([0, 1, 4]), np.array([0, 2, 3]), 4)
    with pytest.raises(DataError, match="symbol -1"):
        TokenSequences(np.array([0, -1]), np.array([0, 2]), 4)
    with pytest.raises(DataError, match="256, as the symbols are bytes"):
        TokenSequences(np.array([0, 1]), np.array([0, 2]), 4, "bytes")
    with pytest.raises(DataError, match="one of codes, bytes"):
        TokenSequences(np.array([0, 1]), np.array([0, 2]), 4, "letters")
    with pytest.raises(DataError, match="at least one item"):
        TokenSequences(np.array([0, 1]), np.array([0, 2, 2]), 4)


@pytest.mark.parametrize(
    ("log_p", "symbols", "found"),
    [
        ([-1.0, np.nan], [1, 1], "NaN"),
        ([-1.0, -np.inf], [1, 1], "infinity"),
        ([-1.0, 0.25], [1, 1], "log-probability 0.25"),
        ([-1.0, -1.0], [1, -1], "negative count"),
        ([-1.0, -1.0], [0, 0], "no symbols"),
    ],
)
def test_what_is_no_log_probability(log_p, symbols, found):
    with pytest.raises(DataError, match=found):
        TokenLogProbabilities(
            np.array(log_p), np.array(symbols), np.array([0, 1]), np.array([0, 2])
        )


def test_layers_that_are_not_there():
    with pytest.raises(DataError, match="a layer from 0 to 2"):
        HiddenStates(np.zeros((2, 3)), np.array([0, 1]), np.array([0, 2]), 3, 2)


def test_a_profile_above_its_maximum():
    good = np.log(np.arange(1, 5)) * np.ones((1, 1, 1, 1))
    AttentionProfile(good)
    with pytest.raises(DataError, match=r"layer 0, head 0, query 2"):
        AttentionProfile(good + np.array([0, 0, 0.01, 0]))
    AttentionProfile(np.full((1, 1, 1, 4), np.log(4)), causal=False)


def test_contexts_are_taken_as_rows_and_columns():
    data = sample(ChannelLogLikelihoods, stream(0), 6)
    taken = data.take([4, 1, 4])
    assert taken.log_p.shape == (3, 2, 3)
    np.testing.assert_array_equal(taken.log_p[0, :, 1], data.log_p[4, :, 1])
    np.testing.assert_array_equal(taken.log_p[0, :, 0], taken.log_p[0, :, 2])
    np.testing.assert_array_equal(taken.correct, data.correct[[4, 1, 4]])
    with pytest.raises(DataError, match="positions from 0 to 5"):
        data.take([6])


def test_impossible_compressions_are_kept_in_files(tmp_path):
    log_p = np.where(np.eye(3)[:, None] == 1, -1.0, -np.inf)
    data = ChannelLogLikelihoods.of(
        log_p, np.ones((3, 1), int), split=Split(np.array([0, 1]), np.array([2]))
    )
    assert data.log_p.min() == ChannelLogLikelihoods.IMPOSSIBLE
    assert np.exp(data.log_p).sum() == pytest.approx(3 * np.exp(-1.0))
    data.save(tmp_path / "c.npz")
    assert ChannelLogLikelihoods.load(tmp_path / "c.npz") == data
    assert data.part("train").n == 2


def test_fields_that_came_later_leave_older_fingerprints_as_they_were():
    """Results are stored under them. The digests are those of before the fields."""
    rows = np.zeros((2, 1, 1, 4))
    maps = np.broadcast_to(np.eye(4), (2, 1, 1, 4, 4))
    ones = np.ones((2, 1), int)
    for data, known in (
        (AttentionProfile(rows), "fd98b471"),
        (AttentionMaps(maps), "239b75b5"),
        (ChannelLogLikelihoods(-np.ones((2, 1, 2)), ones), "12049b5c"),
    ):
        assert data.fingerprint().startswith(f"sha256:{known}")
    padded = np.zeros((2, 4), bool)
    assert AttentionProfile(rows, padded=padded) != AttentionProfile(rows)
    padded[1, 3] = True
    other = AttentionProfile(rows, padded=padded)
    assert other.take([1]).padded.tolist() == [[False, False, False, True]]


def test_log_densities_may_exceed_zero_where_they_are_said_to_be_densities(tmp_path):
    log_p, lengths = np.array([[[3.0, -1.0]], [[-2.0, 0.5]]]), np.ones((2, 1), int)
    with pytest.raises(
        DataError, match="log-probability 3; wanted numbers up to 0, or density=True"
    ):
        ChannelLogLikelihoods(log_p, lengths)
    data = ChannelLogLikelihoods(log_p, lengths, density=True)
    data.save(tmp_path / "d.npz")
    assert ChannelLogLikelihoods.load(tmp_path / "d.npz") == data
    assert data.take([1, 0]).density
