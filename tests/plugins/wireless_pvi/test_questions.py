"""Questions from passages: all that is taken stands in its passage, all else has a reason."""

import json
import re
from dataclasses import asdict

import numpy as np
import pytest

import harness
from harness import UsageError, single_threaded, stream
from harness.cli import main
from harness_wireless_pvi.questions import command, grounding
from harness_wireless_pvi.questions.grounding import Passage, Rejected
from harness_wireless_pvi.questions.loop import Loop

RNG = np.random.default_rng
TEXTS = (
    "Precoding uses channel state information. Channel state information comes from pilot symbols. "
    "Massive MIMO needs precoding. MIMO improves throughput.",
    "The relay amplifies weak signals. Weak signals carry noise. A relay extends coverage.",
    "Interleavers spread error bursts. Error bursts do not harm polar codes.",
)
LINES = (
    "Precoding | uses | channel state information\nchannel state information | comes from | pilot symbols\n"
    "massive MIMO | needs | precoding\nMIMO | improves | throughput",
    "The relay | amplifies | weak signals\nweak signals | carry | noise\nrelay | extends | coverage",
    "Interleavers | spread | error bursts\nError bursts | harm | polar codes",
)
MOST = 2
PASSAGES = [Passage(str(i + 1), text) for i, text in enumerate(TEXTS)]
FACTS = {
    (subject, relation): thing
    for line in "\n".join(LINES).replace("The relay", "relay").casefold().split("\n")
    for subject, relation, thing in [line.split(" | ")]
}


def after(prompt, label):
    """What stands after the last such label of a prompt, to the end of the line."""
    return prompt.rsplit(f"\n{label}: ", 1)[1].split("\n", 1)[0]


class Scripted:
    """Agents that follow their prompts to the letter; ``spoil`` changes what they write."""

    def __init__(self, spoil=lambda stage, text: text):
        self.spoil, self.asked = spoil, []

    def __call__(self, prompts):
        self.asked += prompts
        return [self.one(prompt) for prompt in prompts]

    def one(self, prompt):
        if prompt.startswith("List the facts"):
            return self.spoil("fact", LINES[TEXTS.index(after(prompt, "Passage"))])
        if prompt.startswith("Answer"):
            return self.spoil("curation", self.answer(prompt))
        facts, start = after(prompt, "Facts"), after(prompt, "From")
        relations = []
        for sentence in facts.rstrip(".").split(". "):
            (relation,) = {r for s, r in FACTS if sentence.casefold().startswith(f"{s} {r} ")}
            relations.append(relation)
        chain = " something that ".join(relations)
        if "\nStatement:" in prompt:
            return self.spoil(
                "question", f" {start} {chain} {after(prompt, 'To')}.\n\nFacts: and so on"
            )
        wrong = "; ".join(after(prompt, "Others").split("; ")[:3])
        return self.spoil("question", f"{start} {chain} what?\nWrong: {wrong}")

    def answer(self, prompt):
        """By the facts themselves: what follows on the start and the relations."""
        said = after(prompt, "Question").removeprefix("True or false: ").casefold()
        (start,) = {s for s, r in FACTS if said.startswith(f"{s} {r}")}
        rest = said[len(start) + 1 :]
        for relation in rest.split(" something that "):
            ((r, thing),) = [
                (r, FACTS[s, r]) for s, r in FACTS if s == start and relation.startswith(r)
            ]
            end = relation[len(r) + 1 :]
            start = thing
        if "\nA) " not in prompt:
            return f" {'True' if end.rstrip('.') == start else 'False'}."
        (letter,) = re.findall(r"^([A-D])\) " + re.escape(start) + "$", prompt, re.M | re.I)
        return f"{letter}) {start}"


def made(form, spoil=lambda stage, text: text, seed=0, **more):
    loop = Loop(Scripted(spoil), form, **more)
    loop.run(PASSAGES, RNG(seed))
    return loop


def reasons(loop):
    return [(r.stage, r.reason) for r in loop.rejected]


def complete(loop):
    """Every question asked for is accepted or rejected, once; those accepted are grounded."""
    lost = [r for r in loop.rejected if r.stage in ("question", "curation")]
    assert loop.asked == len(loop.accepted) + len(lost)
    for q in loop.accepted:
        passage = Passage("", q.context)
        assert q.context in TEXTS
        assert all(grounding.names(q.context, entity) for entity in q.entities)
        assert set(grounding.content(q.question)) - grounding.stems("true false") <= (
            passage.stems | {s for o in TEXTS for s in grounding.stems(o)}
        )
        assert all(sentence in q.context for sentence in re.split(r"(?<=\.) ", q.rationale))


@pytest.mark.parametrize("form", ["tf", "mcq"])
def test_agents_that_do_what_they_are_told_have_all_taken(form):
    loop = made(form, hops=3, most=20)
    complete(loop)
    # The denied fact of the third passage, and the others of too few hops, are all that is lost.
    assert reasons(loop) == [
        ("fact", "the sentence denies something, the relation does not"),
        *[r for r in reasons(loop) if r[0] == "question"],
    ]
    by_hops = [sum(q.hops == hops for q in loop.accepted) for hops in (1, 2, 3)]
    lost = len([r for r in loop.rejected if r.stage == "question"])
    assert sum(by_hops) + lost == loop.asked == 8 + 3 + 1
    assert by_hops[1:] == [3, 1]
    for q in loop.accepted:
        start = q.entities[0].casefold()
        relations = [r for e in q.entities[:-1] for s, r in FACTS if s == e.casefold()]
        assert relations
        if form == "mcq":
            assert q.options["ABCD".index(q.answer)] == q.entities[-1]
            assert len(set(q.options)) == 4
        else:
            named = q.question.casefold().rstrip(".").endswith(q.entities[-1].casefold())
            assert named == (q.answer == "true")
        assert start in q.question.casefold()


def test_answers_are_balanced_whatever_the_length_of_the_chain():
    answers = {hops: [] for hops in (1, 2)}
    for seed in range(30):
        for q in made("tf", seed=seed).accepted:
            answers[q.hops].append(q.answer == "true")
    for found in answers.values():
        assert abs(np.mean(found) - 0.5) < 4 * 0.5 / np.sqrt(len(found))


SPOILED = [
    ("tf", "fact", lambda t: "I am a model.", "not of the form subject | relation | object"),
    ("tf", "fact", lambda t: "", "nothing was written"),
    ("tf", "fact", lambda t: "laser | uses | light", "the passage does not name the subject"),
    ("tf", "fact", lambda t: f"{t}\n{t}", "repeats an earlier fact"),
    ("tf", "fact", lambda t: t.replace(" | uses", " | hates"), "the sentence has other words than the relation"),
    ("tf", "question", lambda t: "", "no statement that ends with '.'"),
    ("tf", "question", lambda t: t.replace(".", " not.", 1), "denies something that its facts do not"),
    ("tf", "question", lambda t: t.replace(".", " quickly and often at night in Rome.", 1), "words that the passage does not have"),
    ("tf", "question", lambda t: " Lamps are on.", "does not name the ends of its facts"),
    ("tf", "question", lambda t: t.replace(" something that", " channel state information that"), "names an entity between the ends"),
    ("tf", "question", lambda t: re.sub("uses|comes from|needs|amplifies|carry", "is", t), "a relation of its facts is missing"),
    ("mcq", "question", lambda t: t.split("\n")[0], "not three wrong answers after 'Wrong:'"),
    ("mcq", "question", lambda t: re.sub("Wrong: .*", "Wrong: a; b; c", t), "a wrong answer is an entity of no passage"),
    ("mcq", "question", lambda t: re.sub("Wrong: ([^;]*); .*", r"Wrong: \1; \1; \1", t), "a wrong answer is right, is in the chain or is there twice"),
    ("tf", "curation", lambda t: " False." if "True" in t else " True.", "the curator answers otherwise"),
    ("tf", "curation", lambda t: "unknown", "the curator finds no answer in the passage"),
    ("mcq", "curation", lambda t: "42", "the curator's answer is none of the classes"),
]  # fmt: skip


@pytest.mark.parametrize(("form", "stage", "how", "reason"), SPOILED)
def test_what_is_wrong_is_rejected_with_its_reason_and_what_was_written(form, stage, how, reason):
    loop = made(form, lambda at, text: how(text) if at == stage else text)
    complete(loop)
    found = [r for r in loop.rejected if r.reason == reason]
    assert found
    assert all(r.stage == stage for r in found)
    if stage == "curation":
        assert not loop.accepted
        assert all(how(" True.").strip() in r.written or form == "tf" for r in found)


def test_the_curator_does_not_see_the_key():
    loop = made("tf")
    asked = [p for p in loop.generate.asked if p.startswith("Answer")]
    keys = {q.question: q.answer for q in loop.accepted}
    assert set(keys.values()) == {"true", "false"}
    for prompt in asked:
        assert not re.search("\\b(?:true|false)\\b", prompt.rsplit("True or false:", 1)[1])


def test_entities_within_others_are_not_named():
    assert grounding.mentioned("Massive MIMO needs it", ["MIMO", "massive MIMO"]) == [
        "massive MIMO"
    ]
    with pytest.raises(Rejected, match="does not name the object"):
        grounding.fact(PASSAGES[0], "precoding | uses | information state")


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "passages.jsonl"
    path.write_text("".join(json.dumps({"body": text}) + "\n" for text in (*TEXTS, TEXTS[0], " ")))
    return path


def transcript():
    """What the verb asks with its seed, what the scripted agents write, and what is then taken."""
    said = {}

    def remembered(prompts):
        written = [agents.one(prompt) for prompt in prompts]
        said.update(zip(prompts, written, strict=True))
        return written

    agents = Scripted()
    loop = Loop(remembered, "mcq", most=MOST)
    loop.run(PASSAGES, stream(0, "questions"))
    return said, loop


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory):
    """Folders of a causal model with random weights, and of the same model after it has learnt by
    heart what the scripted agents write."""
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    from harness_wireless_pvi.predictors.hf_causal import answer_loss

    said = transcript()[0]
    raw = Tokenizer(models.BPE())
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    raw.train_from_iterator(
        [*said, *said.values()],
        trainers.BpeTrainer(
            vocab_size=600, special_tokens=["<end>"], initial_alphabet=alphabet, show_progress=False
        ),
    )
    words = transformers.PreTrainedTokenizerFast(tokenizer_object=raw, eos_token="<end>")
    config = transformers.GPT2Config(
        vocab_size=len(words), n_positions=512, n_embd=64, n_layer=2, n_head=2, bos_token_id=0, eos_token_id=0,
        resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0,
    )  # fmt: skip
    folders = [tmp_path_factory.mktemp(name) for name in ("random", "taught")]
    with single_threaded("cpu", RNG(0)):
        network = transformers.GPT2LMHeadModel(config)
        network.save_pretrained(folders[0])
        prompts = [words(p)["input_ids"] for p in said]
        answers = [[*words(a)["input_ids"], 0] for a in said.values()]
        optimiser = torch.optim.Adam(network.parameters(), lr=5e-3)
        for _ in range(400):
            loss = answer_loss(network, prompts, answers, 0, "cpu")
            if loss.max() < 0.02:
                break
            optimiser.zero_grad()
            loss.mean().backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimiser.step()
        assert loss.max() < 0.1, "the model has not learnt what it was taught"
        network.save_pretrained(folders[1])
    for folder in folders:
        words.save_pretrained(folder)
    return [str(folder) for folder in folders]


def run(file, model, tmp_path, *more):
    """The status of the verb, its questions and what it rejected."""
    out = tmp_path / "made.jsonl"
    words = ["questions", str(file), "--text", "body", "--model", model, "--out", str(out), *more]
    status = main(words)
    found = (out, tmp_path / "made-rejected.jsonl")
    return status, *([json.loads(row) for row in f.read_text().splitlines()] for f in found)


def test_a_model_of_random_weights_has_everything_rejected(file, checkpoints, tmp_path, capsys):
    status, rows, rejected = run(
        file, checkpoints[0], tmp_path, "--new-tokens", "48", "--temperature", "1"
    )
    assert status == 1
    assert rows == []
    said = capsys.readouterr().out
    assert "5 passages, 0 facts, 0 questions asked for: 0 accepted, 0 rejected" in said
    assert {r["passage"] for r in rejected} == {"1", "2", "3", "4", "5"}
    last = [(r["passage"], r["reason"]) for r in rejected if r["stage"] == "passage"]
    assert last == [("4", "repeats an earlier passage"), ("5", "no words")]
    wrong = [r for r in rejected if r["stage"] == "fact"]
    assert all(r["reason"] and r["written"] for r in wrong)
    assert f"{len(wrong)}  fact: not of the form subject | relation | object" in said
    # Where nothing more fits into the model, the passage is refused, not cut.
    rejected = run(file, checkpoints[0], tmp_path, "--new-tokens", "500")[2]
    assert {r["reason"] for r in rejected if r["passage"] in "123"} == {
        "longer than the model reads"
    }


def test_a_trained_model_makes_a_file_that_labelled_text_reads(file, checkpoints, tmp_path, capsys):
    """The checkpoint is loaded as any other; what it writes is what it was taught."""
    status, rows, rejected = run(
        file, checkpoints[1], tmp_path, "--form", "mcq", "--most", str(MOST)
    )
    assert status == 0
    wanted = transcript()[1]
    assert len(rows) >= 4
    assert rows == json.loads(json.dumps([asdict(q) for q in wanted.accepted]))
    kept = [r for r in rejected if r["stage"] != "passage"]
    assert [r["reason"] for r in kept] == [r.reason for r in wanted.rejected]
    assert f"{len(rows)} accepted" in capsys.readouterr().out
    made = str(tmp_path / "made.jsonl")
    (case,) = harness.task("labelled-text", path=made, label="answer", context="options").cases(
        seed=0
    )
    data = case.load()
    assert data.n == len(rows)
    assert data.texts[0].startswith(TEXTS[0])
    assert data.contexts[0] == " ".join(
        f"{a}) {o}" for a, o in zip("ABCD", rows[0]["options"], strict=False)
    )


def test_passages_of_files(tmp_path):
    text = tmp_path / "notes.txt"
    text.write_text("One\nline.\n\n\nTwo.")
    assert [(p.id, p.text) for p in command.passages(text, "text")] == [
        ("1", "One\nline."),
        ("2", "Two."),
    ]
    table = tmp_path / "notes.csv"
    table.write_text("text,n\nOne,1\n")
    assert command.passages(table, "text")[0].text == "One"
    with pytest.raises(UsageError, match="wanted --text COLUMN"):
        command.passages(table, "body")
    text.write_text(" ")
    with pytest.raises(UsageError, match="no passages"):
        command.passages(text, "text")
    with pytest.raises(UsageError, match="unknown kind of file"):
        command.passages(tmp_path / "notes.docx", "text")


def test_options_that_cannot_be(file, tmp_path, capsys):
    out = ["--model", "nowhere/at-all", "--out", str(tmp_path / "made.jsonl")]
    assert main(["questions", str(file), "--hops", "0", *out]) == 2
    assert "--hops 0; wanted 1 or more" in capsys.readouterr().err
    assert main(["questions", str(file), "--rejected", out[-1], *out]) == 2
    assert "wanted another file" in capsys.readouterr().err
