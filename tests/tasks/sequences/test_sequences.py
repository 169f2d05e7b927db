import itertools
import json
import math

import numpy as np
import pytest

import harness
from harness import (
    Curve,
    DataError,
    Incompatible,
    PairedSequences,
    RateProblem,
    TokenLaws,
    UsageError,
)
from harness.testing import conformance
from harness_sequences.channels import KnownChannels, hidden_rate
from harness_sequences.dialogues import DialogueTurns
from harness_sequences.flow import PromptFlow, chains
from harness_sequences.models import Lagged, SourceLikelihoods, SourcesAndTokens
from harness_sequences.patterns import RandomPatterns
from harness_sequences.rates import KnownRate, KnownRates, gauss_markov, problems
from harness_sequences.series import GaussianSeries, same_step

RNG = np.random.default_rng


@conformance("sequences")
def test_conformance(check):
    check()


def bits(task, case, quantity):
    (found,) = (c for c in task.cases(seed=0) if c.id == case)
    return found.truth[quantity] / math.log(2)


@pytest.mark.parametrize(
    ("case", "quantity", "value"),
    [
        ("feedback", "directed_information", 0.357751),
        ("feedback", "reverse_information", 0.104818),
        ("feedback", "mutual_information_rate", 0.462569),
        ("feedback", "transfer_entropy", 0.0),
        ("hidden", "directed_information", 0.236114),
        ("memoryless", "directed_information", 0.500084),
        ("copy", "transfer_entropy", 0.500084),
        ("copy", "mutual_information", 0.0),
        ("driver", "transfer_entropy", 0.319923),
        ("driver-seen", "transfer_entropy", 0.0),
    ],
)
def test_truths_of_the_channels_in_bits(case, quantity, value):
    assert bits(KnownChannels(), case, quantity) == pytest.approx(value, abs=5e-7)


def test_the_rate_of_a_misread_chain():
    """With next to no errors of reading it is that of the chain; with a half it is one bit."""
    h = -(0.3 * math.log(0.3) + 0.7 * math.log(0.7))
    assert hidden_rate(0.3, 1e-12) == pytest.approx(h, abs=1e-9)
    assert hidden_rate(0.3, 0.5) == pytest.approx(math.log(2), abs=1e-12)
    assert hidden_rate(0.3, 0.2, 15) == pytest.approx(hidden_rate(0.3, 0.2), abs=1e-11)


def enumerated(step, depth=6):
    """Directed information and reverse (nats) of the last of some steps, over all paths.

    ``step(x_past, y_past) -> (x, y) law`` as nested dictionaries.
    """
    paths = {((), ()): 1.0}
    for _ in range(depth):
        following = {}
        for (xs, ys), p in paths.items():
            for (x, y), q in step(xs, ys).items():
                key = (*xs, x), (*ys, y)
                following[key] = following.get(key, 0.0) + p * q
        paths = following

    def entropy(key):
        law = {}
        for path, p in paths.items():
            law[key(*path)] = law.get(key(*path), 0.0) + p
        return -sum(p * math.log(p) for p in law.values() if p > 0)

    def conditional(of, given):
        return entropy(lambda x, y: (of(x, y), given(x, y))) - entropy(given)

    forward = conditional(lambda x, y: y[-1], lambda x, y: y[:-1]) - conditional(
        lambda x, y: y[-1], lambda x, y: (x, y[:-1])
    )
    back = conditional(lambda x, y: x[-1], lambda x, y: x[:-1]) - conditional(
        lambda x, y: x[-1], lambda x, y: (x[:-1], y[:-1])
    )
    return forward, back


def test_feedback_by_enumeration():
    def step(xs, ys):
        law = {}
        for x, y in itertools.product((0, 1), repeat=2):
            back = 0.5 if not ys else (0.2 if x != ys[-1] else 0.8)
            law[x, y] = back * (0.1 if x != y else 0.9)
        return law

    forward, back = enumerated(step)
    assert forward == pytest.approx(0.357751 * math.log(2), abs=1e-6)
    assert back == pytest.approx(0.104818 * math.log(2), abs=1e-6)


def test_what_is_drawn_has_the_laws_that_are_stated():
    """Shares of errors over 20,000 steps, within 5 standard deviations of their own."""
    (case,) = KnownChannels(only=("feedback",)).cases(seed=3)
    data = case.load()
    x, y = data.x[:, 0], data.y[:, 0]
    for share, p in (((x != y).mean(), 0.1), ((x[1:] != y[:-1]).mean(), 0.2)):
        assert share == pytest.approx(p, abs=5 * math.sqrt(p * (1 - p) / 20_000))


@pytest.mark.parametrize(("number", "value"), list(enumerate((0.346574, 0.162952, 0.232832, 0.0))))
def test_truths_of_the_series(number, value):
    case = list(GaussianSeries().cases(seed=0))[number]
    assert case.truth["transfer_entropy"] == pytest.approx(value, abs=5e-7)
    assert ("conditional_mutual_information" in case.truth) == (case.facts["a"] == 0)


def test_series_that_are_refused():
    with pytest.raises(UsageError, match=r"a = 1, b = 0.5 has spectral radius 1"):
        list(
            GaussianSeries(a=(1.0,), b=(0.5,), c=(1.0,), noise_x=(1.0,), noise_y=(1.0,)).cases(
                seed=0
            )
        )
    with pytest.raises(UsageError, match="1, 4, 4, 4, 4 values"):
        list(GaussianSeries(a=(0.5,)).cases(seed=0))
    with pytest.raises(UsageError, match="did you mean feedback"):
        list(KnownChannels(only=("feedbak",)).cases(seed=0))
    with pytest.raises(UsageError, match="did you mean markov"):
        list(KnownRates(only=("markow",)).cases(seed=0))


@pytest.mark.parametrize(
    ("problem", "d", "value"),
    [
        ("bernoulli", 0.05, 0.594894),
        ("bernoulli", 0.2, 0.159363),
        ("uniform", 0.1, 2.250269),
        ("uniform", 0.6, 0.344636),
        ("gaussian", 0.25, 1.0),
        ("erasure", 0.3, 0.7),
        ("markov", 0.05, 0.491614),
        ("markov", 0.1, 0.357751),
        ("markov", 0.2, 0.182453),
    ],
)
def test_known_rates_in_bits(problem, d, value):
    assert problems()[problem].rate(d) / math.log(2) == pytest.approx(value, abs=5e-7)


@pytest.mark.parametrize(
    ("reward", "divergence"), [(1.9999319, 1.60869), (1.350056, 0.32283), (0.762307, 0.00314)]
)
def test_known_divergence_of_the_bandit(reward, divergence):
    assert problems()["bandit"].rate(-reward) == pytest.approx(divergence, abs=1e-4)


def test_scores_of_curves():
    task = KnownRates(only=("bernoulli",))
    (case,) = task.cases(seed=0)
    rate = problems()["bernoulli"].rate
    exact = Curve(
        np.array([0.1, 0.2]), np.array([rate(0.1), rate(0.2) + 0.01]), "distortion", "rate"
    )
    assert task.score(case, exact)["rate_error"] == pytest.approx(0.01)
    rewards = Curve(np.array([-0.2, -0.1]), np.array([rate(0.2), rate(0.1)]), "reward", "rate")
    assert task.score(case, rewards)["rate_error"] == pytest.approx(0.0, abs=1e-15)


def test_flow_by_enumeration():
    """I(prompt; sequence) over all sequences, worked out from the chains one symbol at a time."""
    first, step = chains()
    law = np.zeros((4, 3, 3, 3))
    for i, a, b, c in np.ndindex(law.shape):
        law[i, a, b, c] = first[i, a] * step[i, a, b] * step[i, b, c] / 4
    marginal = law.sum(0)
    information = (law * np.log(4 * law / marginal)).sum()
    (case,) = PromptFlow(n=50, length=3, temperatures=(1.0,)).cases(seed=0)
    assert case.truth["mutual_information"] == pytest.approx(information, abs=1e-12)
    assert case.truth["evidence_bound"] == pytest.approx(
        (marginal * np.log(marginal)).sum(), abs=1e-12
    )
    data = case.load()
    for i in range(3):
        a, b, c = data.ids[3 * i : 3 * i + 3]
        assert data.under[i] == pytest.approx(np.log(4 * law[:, a, b, c]), abs=1e-12)
        assert data.blind[3 * i + 2, c] == pytest.approx(
            np.log(marginal[a, b, c] / marginal[a, b].sum()), abs=1e-12
        )


def test_lagged_samples():
    x, y, z = np.arange(5.0)[:, None], 10 + np.arange(5.0)[:, None], 20 + np.arange(5.0)[:, None]
    data = PairedSequences(x, y, np.array([0, 3, 5]))
    found = Lagged().transform(data, to=None, rng=RNG(0))
    assert found.x.ravel().tolist() == [0, 1, 3]
    assert found.y.ravel().tolist() == [11, 12, 14]
    assert found.z.ravel().tolist() == [10, 11, 13]
    one = PairedSequences(x, y, np.array([0, 5]), z=z)
    driven = Lagged(source_lags=2).transform(one, to=None, rng=RNG(0))
    assert driven.x.tolist() == [[1, 0], [2, 1], [3, 2]]
    assert driven.z.tolist() == [[11, 21, 20], [12, 22, 21], [13, 23, 22]]
    with pytest.raises(Incompatible, match="1 steps have a past of 4"):
        Lagged(source_lags=4).transform(
            PairedSequences(x, y, np.array([0, 5])), to=None, rng=RNG(0)
        )


def test_codes_that_are_conditioned_on_beside_numbers_are_mixed():
    x = np.arange(6.0)[:, None]
    data = PairedSequences(x, x, np.array([0, 6]), "discrete", "discrete", x / 2)
    assert Lagged().transform(data, to=None, rng=RNG(0)).z_kind == "mixed"


def test_sources_are_needed_for_pairs_of_sources():
    plain = TokenLaws(
        np.log(np.full((4, 2), 0.5)),
        np.log(np.full((4, 2), 0.5)),
        np.zeros(4, int),
        np.array([0, 2, 4]),
    )
    for model in (SourcesAndTokens(), SourceLikelihoods()):
        with pytest.raises(Incompatible, match="not known"):
            model.transform(plain, to=None, rng=RNG(0))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: RateProblem([0.5, 0.4], np.eye(2), [1.0]), "sum to 0.9"),
        (lambda: RateProblem([1.5, -0.5], np.eye(2), [1.0]), "negative probability"),
        (lambda: RateProblem([0.5, 0.5], np.eye(2), [1.0], [[1.0, 0.0], [0.6, 0.6]]), "RateProblem.law.*row 1|row 1"),
        (lambda: RateProblem([0.5, 0.5], np.eye(2), [1.0, -1.0]), "slope -1"),
        (lambda: RateProblem([0.5, 0.5], [[0.0, np.nan], [1.0, 0.0]], [1.0]), "NaN"),
        (lambda: PairedSequences(np.zeros((3, 1)), np.zeros((4, 1)), [0, 3]), "axis items of length 4"),
        (lambda: PairedSequences(np.full((3, 1), 0.5), np.zeros((3, 1)), [0, 3], "discrete"), "a fraction"),
        (lambda: TokenLaws(np.zeros((2, 2)), np.zeros((2, 2)), [0, 1], [0, 2]), "sum to 2"),
        (lambda: TokenLaws(np.log(np.full((1, 2), 0.5)), np.log(np.full((1, 2), 0.5)), [2], [0, 1]), "tokens from 0 to 1"),
    ],
)  # fmt: skip
def test_bad_data_are_refused(make, message):
    with pytest.raises(DataError, match=message):
        make()


def test_impossible_tokens_have_a_number():
    with np.errstate(divide="ignore"):
        log_p = np.log(np.array([[1.0, 0.0]]))
    laws = TokenLaws.of(log_p, log_p, [0], [0, 1])
    assert laws.full[0, 1] == TokenLaws.IMPOSSIBLE


UTTERANCES = [
    {"speaker": "a", "t": 2, "text": "two"},
    {"speaker": "b", "t": 1, "text": "one"},
    {"speaker": "b", "t": 3, "text": "three"},
    {"speaker": "b", "t": 4, "text": "four"},
]


def read(path, **settings):
    (case,) = DialogueTurns(dataset=str(path), **settings).cases(seed=0)
    data = case.load()
    return list(zip(data.texts, data.references, strict=True)), data.groups


def test_dialogues_of_json_lines_are_ordered_and_change_speakers(tmp_path):
    file = tmp_path / "talk.jsonl"
    file.write_text("\n".join(map(json.dumps, UTTERANCES)) + "\n")
    assert read(file) == ([("one", "two"), ("two", "three")], ("all", "all"))
    file.write_text('{"text": "one"}\nnot json\n')
    with pytest.raises(UsageError, match=r"talk.jsonl:2: .*wanted one JSON value a line"):
        read(file)
    file.write_text('{"said": "one"}\n')
    with pytest.raises(UsageError, match=r"no text or list 'text' in said; set dialogues.text"):
        read(file)
    for rows in (
        '{"text": ["one", "two"]}\n{"text": "three"}',
        '{"text": "one"}\n{"text": ["two"]}',
    ):
        file.write_text(rows)
        with pytest.raises(UsageError, match="row 2: texts and lists in one column 'text'"):
            read(file)
    file.write_text('{"text": "one"}\n')
    with pytest.raises(UsageError, match="no utterance that another speaker replies to"):
        read(file)
    with pytest.raises(UsageError, match=r"wanted a file in .jsonl or .parquet"):
        list(DialogueTurns(dataset="nowhere.csv").cases(seed=0))


def test_times_of_dialogues_are_numbers_or_of_one_kind(tmp_path):
    path = tmp_path / "chat.jsonl"

    def read(*times):
        rows = [{"speaker": "ab"[i % 2], "t": t, "text": f"said {t}"} for i, t in enumerate(times)]
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        (case,) = DialogueTurns(dataset=str(path)).cases(seed=0)
        return case.load().texts

    assert read("9", "10") == ("said 9",)
    assert read("2026-02-01", "2026-01-01") == ("said 2026-01-01",)
    with pytest.raises(
        UsageError, match=r"dialogue 'all': times in the column 't' cannot be compared"
    ):
        read(1, "soon")


def test_dialogues_of_parquet_with_a_list_for_each(tmp_path):
    parquet, arrow = pytest.importorskip("pyarrow.parquet"), pytest.importorskip("pyarrow")
    file = tmp_path / "daily.parquet"
    parquet.write_table(arrow.table({"dialog": [["a", "b", "c"], ["d", "e"]]}), file)
    pairs, groups = read(file, text="dialog")
    assert pairs == [("a", "b"), ("b", "c"), ("d", "e")]
    assert groups == ("1", "1", "2")


def test_patterns():
    cases = {c.id: c for c in RandomPatterns(n=10).cases(seed=0)}
    assert cases["dimensions-5"].truth == {"memory_capacity": 2.0}
    assert cases["dimensions-20"].load().x.shape == (10, 20)


def test_other_peoples_estimators_run_on_the_tasks_by_plan_alone():
    """Codes of prompts and tokens, transfer entropy, and x and y of the same step."""
    found = harness.run(
        tasks=["flow"],
        estimators=["plug-in", "agentic-mi"],
        params={"flow": {"n": 300, "length": 2, "temperatures": (1.0,)}},
    )
    assert {(r.estimator, r.status) for r in found} == {
        ("classics/plug-in", "ok"),
        ("agentic/agentic-mi", "ok"),
    }
    for record in found:
        # 300 sequences: standard error below 0.04, bias of the counts below 0.05.
        assert record.value == pytest.approx(record.truth, abs=0.2)
    lagged = harness.run(
        tasks=["known-channels"],
        models=["lagged"],
        estimators=["plug-in-cmi"],
        params={"known-channels": {"n": 5000}},
    )
    assert len(lagged) == 6
    for record in lagged:
        # 5,000 steps: standard error below 0.01 nats, bias of 32 cells 0.002.
        assert record.value == pytest.approx(record.truth, abs=0.05)
    series = harness.run(
        tasks=["gaussian-series"],
        models=["lagged", "same-time"],
        estimators=["frenzel-pompe", "ksg"],
        params={"gaussian-series": {"n": 2000}},
    )
    told = [r for r in series if r.truth is not None]
    assert {(r.estimator, r.status) for r in told} == {
        ("classics/frenzel-pompe", "ok"),
        ("classics/ksg", "ok"),
    }
    for record in told:
        assert record.value == pytest.approx(record.truth, abs=0.1)
    (network,) = harness.run(
        tasks=["known-channels"],
        models=["same-time"],
        estimators=["infonce"],
        params={
            "known-channels": {"n": 2000, "only": ("memoryless",)},
            "infonce": {"steps": 200},
        },
    )
    assert network.status == "ok"
    assert network.value == pytest.approx(network.truth, abs=0.1)


@pytest.mark.parametrize(
    ("a", "b", "c", "su", "sv"), [(0.9, 0.5, 0.4, 1.0, 2.0), (-0.5, 0.8, 1.0, 0.3, 1.0)]
)
def test_information_of_one_step_from_the_covariance_of_the_system(a, b, c, su, sv):
    step, covariance = np.array([[a, 0.0], [c, b]]), np.zeros((2, 2))
    for _ in range(2000):
        covariance = step @ covariance @ step.T + np.diag([su, sv])
    known = 0.5 * math.log(covariance.diagonal().prod() / np.linalg.det(covariance))
    assert same_step(a, b, c, su, sv) == pytest.approx(known, abs=1e-12)


@pytest.mark.parametrize(("d", "rate"), [(0.1, 1.717147), (0.5, 0.745285), (1.0, 0.427995)])
def test_gauss_markov_in_bits(d, rate):
    assert gauss_markov(d) / math.log(2) == pytest.approx(rate, abs=5e-7)
    assert gauss_markov(1 / (1 - 0.9**2)) == pytest.approx(0.0, abs=1e-12)
    assert gauss_markov(d, 0.0) == pytest.approx(max(0.0, -0.5 * math.log(d)), abs=1e-12)


def test_the_closed_form_as_a_curve():
    """Its points are on the known curve, where it has the slopes that are asked for."""
    task = KnownRates()
    found = {c.id: KnownRate().estimate(c.data) for c in task.cases(seed=0)}
    for case in task.cases(seed=0):
        assert task.score(case, found[case.id])["rate_error"] < 1e-12
    slopes = np.array(task.slopes)[::-1]
    assert found["bernoulli"].x == pytest.approx(1 / (1 + np.exp(slopes)), abs=1e-7)
    assert found["gaussian"].x == pytest.approx(1 / (2 * slopes), abs=1e-7)
    assert (found["erasure"].x, found["erasure"].y) == ([0.0], pytest.approx(math.log(2)))
    tilt = np.array([0.5, 0.3, 0.2]) * np.exp(slopes[::-1, None] * np.arange(3))
    reward = (tilt / tilt.sum(1, keepdims=True)) @ np.arange(3)
    assert found["bandit"].x == pytest.approx(reward, abs=1e-6)
    other = RateProblem([0.4, 0.6], 1.0 - np.eye(2), [1.0])
    with pytest.raises(Incompatible, match="no closed form is known"):
        KnownRate().estimate(other)
