"""Files of others: TeleQnA's questions, and tables of surprises."""

import json
import math

import numpy as np
import pytest

import harness
from harness import UsageError

QUESTIONS = {
    f"question {i}": {
        "question": f"What is thing {i}?",
        **{f"option {j}": f"choice {j} of {i}" for j in range(1, (6 if i % 3 == 0 else 5))},
        "answer": f"option {1 + i % 4}: choice {1 + i % 4} of {i}",
        "explanation": "because",
        "category": "Lexicon" if i % 2 else "Standards overview",
    }
    for i in range(40)
}
COLUMNS = {"text": "question", "context": "options", "label": "answer", "group": "category"}


def only(task, **params):
    (case,) = harness.task(task, **params).cases(seed=0)
    return case.load()


def test_teleqna(tmp_path):
    path = tmp_path / "TeleQnA.json"
    path.write_text(json.dumps(QUESTIONS))
    data = only("labelled-text", path=str(path), **COLUMNS)
    assert data.n == 40
    assert data.classes == ("A", "B", "C", "D")
    row = data.texts.index("What is thing 6?")
    assert data.classes[data.y[row]] == "C"
    assert data.contexts[row] == " ".join(f"{a}) choice {j} of 6" for j, a in enumerate("ABCDE", 1))
    assert data.groups[row] == "Standards overview"
    other = QUESTIONS | {"question 7": QUESTIONS["question 7"] | {"answer": "option 9: none"}}
    path.write_text(json.dumps(other))
    with pytest.raises(
        UsageError, match=r"'question 7': 4 options and the answer 'option 9: none'"
    ):
        only("labelled-text", path=str(path), **COLUMNS)


def test_a_table_of_surprises_gives_back_its_pvi_and_its_accuracy(tmp_path):
    rng = np.random.default_rng(0)
    full = rng.dirichlet([1, 1, 1], size=50)
    y = rng.integers(3, size=50)
    null = np.array([0.5, 0.3, 0.2])
    lines = ["sentence1,label,H_yb,H_yx,predicted_label"]
    names = ("no", "maybe", "yes")
    lines += [
        f"text {i},{names[y[i]]},{-math.log2(null[y[i]])!r},{-math.log2(full[i, y[i]])!r},{names[full[i].argmax()]}"
        for i in range(50)
    ]
    path = tmp_path / "pvi.csv"
    path.write_text("\n".join(lines) + "\n")
    data = only("pvi-table", path=str(path))
    rows = np.arange(50)
    pvi = harness.estimator("wireless_pvi/pvi").estimate(data, rng=rng)
    np.testing.assert_allclose(pvi.local, np.log(full[rows, y]) - np.log(null[y]), atol=1e-12)
    accuracy = harness.estimator("wireless_pvi/accuracy").estimate(data, rng=rng)
    assert accuracy.value == (full.argmax(1) == y).mean()
    np.testing.assert_allclose(np.exp(data.log_full).sum(1), 1.0)
    path.write_text("label,H_yb,H_yx,predicted_label\nno,1.0,-0.5,yes\n")
    with pytest.raises(UsageError, match=r"pvi.csv, line 2: '-0\.5' in 'H_yx'; wanted a surprise"):
        only("pvi-table", path=str(path))
    path.write_text('label,H_yb,H_yx,predicted_label\n\n"n\no",1,1,yes\nno,1,x,yes\n')
    with pytest.raises(UsageError, match=r"pvi.csv, line 5: 'x' in 'H_yx'"):  # blank lines count
        only("pvi-table", path=str(path))
    path.write_text("label,H_yb,PVI,predicted_label\nno,1.0,0.5,yes\n")
    with pytest.raises(UsageError, match=r"no column 'H_yx'.*pvi-table\.full="):
        only("pvi-table", path=str(path))
