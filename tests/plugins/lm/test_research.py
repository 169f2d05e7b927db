"""`hf-research`: retrieval, plan, channels of workers and the answer, on tiny checkpoints."""

import math

import numpy as np
import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
tokenizers = pytest.importorskip("tokenizers")

import harness  # noqa: E402
from harness import ChannelLogLikelihoods, Contexts, Incompatible, stream  # noqa: E402
from harness_lm import research  # noqa: E402
from harness_lm.operations import operations  # noqa: E402
from harness_lm.retrieval import best, bm25, passages  # noqa: E402

TEXTS = (
    "The tree of Arden is oak. The tool of Arden is saw.",
    "The tree of Belmar is elm. The tool of Belmar is saw.",
    "Nothing grows in Corvo.",
)
GIVEN = Contexts(
    TEXTS,
    ("yes",) * 3,
    query="Same tool?\n- What is the tool of Arden?\n- What is the tool of Belmar?",
    options=("yes", "no"),
)
PARAMS = {"passages": 2, "draws": 3, "max_tokens": 6, "words": 6}


def make(folder, seed, width=16, window=700):
    torch.manual_seed(seed)
    alphabet = sorted(tokenizers.pre_tokenizers.ByteLevel.alphabet())
    core = tokenizers.Tokenizer(
        tokenizers.models.BPE({c: i for i, c in enumerate(alphabet)} | {"<e>": 256}, [])
    )
    core.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.decoder = tokenizers.decoders.ByteLevel()
    fast = transformers.PreTrainedTokenizerFast(tokenizer_object=core, eos_token="<e>")
    config = transformers.GPT2Config(
        vocab_size=257,
        n_positions=window,
        n_embd=width,
        n_layer=1,
        n_head=2,
        bos_token_id=256,
        eos_token_id=256,
    )
    model = transformers.GPT2LMHeadModel(config)
    for p in model.parameters():
        p.data.mul_(6.0)
    model.save_pretrained(folder)
    fast.save_pretrained(folder)
    return str(folder)


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    root = tmp_path_factory.mktemp("models")
    return [make(root / str(seed), seed, width=16 + 8 * seed) for seed in range(3)]


def run(models, data=GIVEN, seed=0, **more):
    params = PARAMS | {"workers": tuple(models[:2]), "predictor": models[2]} | more
    return harness.model("hf-research", **params).transform(
        data, to=ChannelLogLikelihoods, rng=stream(seed)
    )


def test_bm25_by_hand():
    """Three texts of 2, 3 and 4 words; "b" is in two of them, "a" in one."""
    texts = ("a b", "b b c", "c d e f")
    idf_a, idf_b = math.log1p(2.5 / 1.5), math.log1p(1.5 / 2.5)
    short = 1.2 * (0.25 + 0.75 * 2 / 3)
    wanted = [
        (idf_a + idf_b) * 2.2 / (1 + short),
        idf_b * 2 * 2.2 / (2 + 1.2),
        0.0,
    ]
    np.testing.assert_allclose(bm25("A b, b?", texts), wanted, rtol=1e-12)
    assert best("zebra", texts, 2)[0].tolist() == [0, 1]


def test_passages_keep_every_word_and_cut_at_sentences():
    text = "One two. Three four five.\n\nSix. " + " ".join(map(str, range(9)))
    found = passages(text, 5)
    assert found == ["One two. Three four five.", "Six.", "0 1 2 3 4", "5 6 7 8"]
    assert passages(" \n\n ", 5) == []


def test_a_plan_is_read_from_what_was_written():
    assert research.divided("Why?\n- a?\n-  b?\n") == ("Why?", ("a?", "b?"))
    assert research.divided("Why?\nReally?") == ("Why?\nReally?", ())
    assert research.planned("1. a?\n\n- b?\n2) a?\n ... \nc?\nd?", 3) == ("a?", "b?", "c?")


def test_each_sub_query_has_its_worker_and_its_passages(models, monkeypatch):
    """The channel is that of the sub-query's worker, and its law is the one that is scored."""
    seen, honest = [], research.score

    def score(model, prompts, continuations, **more):
        seen.append((model.config.hidden_size, len(prompts)))
        return honest(model, prompts, continuations, **more)

    monkeypatch.setattr(research, "score", score)
    first, second = (run(models, channel=channel) for channel in (0, 1))
    assert seen == [(16, 2), (24, 2)]
    for found, query in ((first, "Arden"), (second, "Belmar")):
        assert found.query == f"What is the tool of {query}?"
        assert found.log_p.shape == (2, 3, 2)
        assert found.exact
        value = harness.estimator("agentic-mi").estimate(found, rng=stream(0)).value
        assert value <= math.log(2) + 1e-12
    assert first == run(models)
    assert first != run(models, seed=1)
    with pytest.raises(Incompatible, match=r"2 sub-queries.*channel=2"):
        run(models, channel=2)


def test_the_answer_is_of_a_run_and_the_work_adds_up(models):
    """Sums over passages, draws and channels are the operations of one answer for each run."""
    found = [run(models, channel=channel) for channel in (0, 1)]
    assert set(found[0].correct[0]) <= {0.0, 1.0}
    assert (found[0].correct[1] == -1.0).all()
    told = harness.estimator("answer-accuracy").estimate(found[0], rng=stream(0)).diagnostics
    assert told["known"] == 1
    assert told["compressor_weights"] < told["predictor_weights"]
    # By bytes: the report of a run is at least both sub-queries, and at most that with 4 summaries.
    config = transformers.AutoConfig.from_pretrained(models[2])
    few, many = (
        3 * operations(found[0].weights[1], config.n_layer, config.n_embd, tokens)
        for tokens in (60, 60 + 2 * 30 + 4 * 8 * 6)
    )
    spent = sum(one.flops[:, :, 1].sum() for one in found)
    assert few < spent < many


def test_the_predictor_divides_a_question_without_sub_queries(models):
    """A plan of a real generation; planning costs, and a plan is the same in all channels."""
    open_question = Contexts(TEXTS, ("yes",) * 3, query="Same tool?", options=("yes", "no"))
    found = run(models, open_question, plan_tokens=24, subqueries=1)
    assert found.query
    assert found == run(models, open_question, plan_tokens=24, subqueries=1)
    assert found.query not in ("Same tool?", GIVEN.query)
    longer = run(models, open_question, plan_tokens=24, subqueries=1, draws=1)
    assert longer.query == found.query


def test_refusals(models):
    with pytest.raises(Incompatible, match="workers or predictor are empty"):
        harness.model("hf-research").transform(GIVEN, to=ChannelLogLikelihoods, rng=stream(0))
    several = Contexts(TEXTS, ("yes", "no", "no"), query="?", options=("yes", "no"))
    with pytest.raises(Incompatible, match="2 different answers"):
        run(models, several)
    unanswered = run(models, Contexts(TEXTS, None, query=GIVEN.query))
    assert unanswered.correct is None
    with pytest.raises(Incompatible, match="sees 700"):
        run(models, words=2000, data=Contexts(("a " * 800, "b."), None, query=GIVEN.query))
