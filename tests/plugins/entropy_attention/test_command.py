"""``harness layers``: a row per layer, a mark per head, and what the model needs for a token."""

import re

import numpy as np
import pytest

from harness import Estimate
from harness.cli import main
from harness_entropy_attention.command import closing, shaded


@pytest.fixture
def model(tmp_path):
    """A GPT-2 of two blocks whose weights are all zero but for norms: every head is uniform."""
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    from tokenizers import Regex, Tokenizer, models, pre_tokenizers

    letters = {chr(c): i for i, c in enumerate(range(32, 127))}
    tokenizer = Tokenizer(models.WordLevel({**letters, "[U]": 95}, unk_token="[U]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(""), "isolated")
    folder = str(tmp_path / "model")
    transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, unk_token="[U]", eos_token="~"
    ).save_pretrained(folder)
    torch.manual_seed(0)
    config = transformers.GPT2Config(
        vocab_size=97,
        n_positions=64,
        n_embd=16,
        n_layer=2,
        n_head=2,
        bos_token_id=94,
        eos_token_id=94,
    )
    made = transformers.GPT2LMHeadModel(config)
    with torch.no_grad():
        for block in made.transformer.h:
            block.attn.c_attn.weight[:, :32] = 0  # queries and keys
    made.save_pretrained(folder)
    text = tmp_path / "corpus.txt"
    rng = np.random.default_rng(0)
    text.write_text(" ".join("".join(map(chr, rng.integers(97, 123, 5))) for _ in range(300)))
    return [folder, "--text", str(text), "--window", "32", "--windows", "4", "--tokens", "200"]


def test_uniform_heads_are_full_marks(model, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    assert main(["layers", *model, "--autoencoders", "never"]) == 0
    said = capsys.readouterr().out
    assert max(map(len, said.splitlines()[1:])) <= 80  # the title holds a long folder
    highest = np.log(np.arange(1, 33)).mean()
    rows = re.findall(r"^([12]) +(\d\.\d+) +(█+) +([\d.]+) +([\d.]+) +([\d.]+)$", said, re.M)
    assert [(layer, marks) for layer, _, marks, *_ in rows] == [("1", "██"), ("2", "██")]
    assert [float(row[1]) for row in rows] == pytest.approx([highest, highest], abs=1e-3)
    assert all(1 < float(v) <= 16 for row in rows for v in row[3:5])
    assert "Of 4 heads 4 are nearly uniform" in " ".join(said.split())


def test_autoencoders_and_the_figure(model, tmp_path, capsys):
    pytest.importorskip("matplotlib")
    file = tmp_path / "layers.svg"
    assert main(["layers", *model, "--plot", str(file)]) == 0
    assert "features: by a sparse autoencoder" in " ".join(capsys.readouterr().out.split())
    assert file.read_text().lstrip().startswith("<?xml")


def test_features_that_are_left_out_are_said_to_be(model, capsys, monkeypatch):
    monkeypatch.setattr("harness_entropy_attention.command.NARROW", 8)
    assert main(["layers", *model]) == 0
    out, told = capsys.readouterr()
    assert "sparse autoencoder" not in out
    assert "3 layers of 16 units, and above 8 an autoencoder for each takes minutes" in told
    assert "--autoencoders always trains them" in told


def test_a_text_or_a_model_that_is_not_there_is_named(model, tmp_path, capsys):
    assert main(["layers", model[0], "--text", str(tmp_path / "none.txt")]) == 2
    assert "none.txt" in capsys.readouterr().err
    assert main(["layers", str(tmp_path), *model[1:]]) == 2
    assert "cannot be loaded" in capsys.readouterr().err


def test_marks_and_the_closing_sentence():
    assert shaded(np.array([0.0, 0.5, 1.0, np.nan])) == "▁▅█?"
    assert shaded(np.zeros(30)) == "▁" * 24 + "…"
    said = closing(Estimate(np.log(8)), np.array([[0.95, 0.05], [0.5, 0.5]]))
    assert said.startswith("Cross-entropy 2.079 nats per token (3.000 bits, perplexity 8.000).")
    assert "1 are nearly uniform" in said
