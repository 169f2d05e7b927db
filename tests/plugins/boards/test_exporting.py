"""Scores of a board in other programs' formats, each against what its public definition demands."""

import copy
import json
import re

import pytest

from harness.cli import main

WORDS, TEXT, NUMBER = (
    {"type": "object", "additionalProperties": {"type": "string"}},
    {"type": "string"},
    {"type": "number"},
)


def thing(required, **more):
    """An object with texts, and what else is said of it."""
    return {
        "type": "object",
        "required": required.split(),
        "properties": dict.fromkeys(required.split(), TEXT) | more,
    }


# The facts of the schema of every-eval-ever, 0.2.1, that files of ours could break.
RESULT = thing("evaluation_name source_data metric_config score_details",
    source_data=thing("dataset_name source_type", source_type={"enum": ["other"]}, additional_details=WORDS),
    metric_config=thing("lower_is_better score_type min_score max_score", evaluation_description=TEXT, min_score=NUMBER, max_score=NUMBER,
        lower_is_better={"type": "boolean"}, score_type={"enum": ["continuous"]}, additional_details=WORDS),
    score_details=thing("score", score=NUMBER, details=WORDS, uncertainty=thing("", num_samples={"type": "integer"},
        confidence_interval=thing("lower upper", lower=NUMBER, upper=NUMBER, method=TEXT, confidence_level=NUMBER))),
)  # fmt: skip
EVERY = thing("schema_version evaluation_id retrieved_timestamp source_metadata model_info eval_library evaluation_results",
    retrieved_timestamp={"type": "string", "pattern": r"\d+"}, evaluation_timestamp=TEXT, evaluation_results={"type": "array", "items": RESULT},
    source_metadata=thing("source_type source_organization_name evaluator_relationship", source_name=TEXT,
        source_type={"enum": ["documentation", "evaluation_run"]}, evaluator_relationship={"enum": ["first_party", "third_party", "collaborative", "other"]}),
    eval_library=thing("name version"), model_info=thing("name id", developer=TEXT, additional_details=WORDS),
) | {"additionalProperties": False}  # fmt: skip
# Those of model-index: hub-docs, modelcard.md.
METRIC = thing("type value", value=NUMBER, name=TEXT, args={"type": "object"}) | {
    "additionalProperties": False
}
INDEX = thing("name results", results={"type": "array", "items": thing("task dataset metrics",
    task=thing("type", name=TEXT), dataset=thing("type name"), metrics={"type": "array", "items": METRIC})})  # fmt: skip

TYPES = {
    "object": dict,
    "array": list,
    "string": str,
    "number": (int, float),
    "integer": int,
    "boolean": bool,
}


def faults(value, schema, where="$"):
    """What a value breaks of a schema: the few words of JSON Schema that are used above."""
    kind = schema.get("type")
    if kind and (
        not isinstance(value, TYPES[kind]) or (isinstance(value, bool) and kind != "boolean")
    ):
        return [f"{where} is no {kind}"]
    found = []
    if "enum" in schema and value not in schema["enum"]:
        found.append(f"{where} is {value!r}")
    if "pattern" in schema and not re.fullmatch(schema["pattern"], value):
        found.append(f"{where} is {value!r}")
    if kind == "object":
        known, more = schema.get("properties", {}), schema.get("additionalProperties", True)
        found += [
            f"{where}.{name} is missing" for name in schema.get("required", []) if name not in value
        ]
        found += [
            f"{where}.{name} is unknown" for name in value if name not in known and more is False
        ]
        for name, one in value.items():
            found += faults(
                one, known.get(name, more if isinstance(more, dict) else {}), f"{where}.{name}"
            )
    if kind == "array":
        found += [
            f for i, one in enumerate(value) for f in faults(one, schema["items"], f"{where}[{i}]")
        ]
    return found


@pytest.fixture
def folder(board, record):
    """Two methods on eight cases, one of them 0.3 nats off; scores that are bounded and that are not; a row without a figure."""
    cases = [f"case-{i}" for i in range(8)]
    rows = [
        record("good", c, value=1.01, scores={"accuracy": 0.9, "gain": 5.0 + i})
        for i, c in enumerate(cases)
    ] + [
        record("bad", c, value=1.3, scores={"accuracy": 0.2, "gain": 1.0 + i})
        for i, c in enumerate(cases)
    ]
    sections = "".join(
        f'[[sections]]\nkind = "{kind}"\nquantity = "{name}"\n'
        for kind, name in (
            ("accuracy", "information"),
            ("ranking", "accuracy"),
            ("ranking", "gain"),
        )
    )
    return board(rows, sections + '[[sections]]\nkind = "curves"\nx = "n"\n').folder


def exported(folder, schema, out):
    assert (
        main(
            [
                "board",
                "export",
                folder.name,
                "--boards",
                str(folder.parent),
                "--schema",
                schema,
                "--out",
                str(out),
            ]
        )
        == 0
    )
    return {
        f.relative_to(out).as_posix(): json.loads(f.read_text())
        for f in sorted(out.rglob("*.json"))
    }


def test_every_eval_ever(folder, tmp_path, capsys):
    files = exported(folder, "every-eval-ever", tmp_path / "out")
    assert "left out: 'along n', a section of kind curves" in capsys.readouterr().err
    assert [re.sub(r"[0-9a-f-]{36}", "UUID", name) for name in files] == [
        "data/toys/e/bad/UUID.json",
        "data/toys/e/good/UUID.json",
    ]
    for content in files.values():
        assert faults(content, EVERY) == []
    good = next(c for c in files.values() if c["model_info"]["id"] == "e/good")
    error, share, gain = good["evaluation_results"]
    assert error["metric_config"]["additional_details"]["unit"] == "nats"
    assert "[nats]" in error["metric_config"]["evaluation_description"]
    assert error["score_details"]["score"] == pytest.approx(0.01)
    assert [error["metric_config"][k] for k in ("lower_is_better", "min_score", "max_score")] == [
        True,
        0,
        1,
    ]
    assert error["score_details"]["details"]["rank"] == "1"
    assert [share["metric_config"][k] for k in ("lower_is_better", "min_score", "max_score")] == [
        False,
        0,
        1,
    ]
    # A gain has no bounds: those of the board are given, and said to be.
    assert [gain["metric_config"][k] for k in ("min_score", "max_score")] == [4.5, 8.5]
    assert (
        gain["metric_config"]["additional_details"]["bounds"]
        == "the least and the largest of this board"
    )
    assert exported(folder, "every-eval-ever", tmp_path / "again") == files


def test_model_index(folder, tmp_path):
    ((name, content),) = exported(folder, "model-index", tmp_path / "out").items()
    assert name == "toys.model-index.json"
    index = content["model-index"]
    assert [f for one in index for f in faults(one, INDEX)] == []
    assert [one["name"] for one in index] == ["good", "bad"]
    metric = index[1]["results"][0]["metrics"][0]
    assert metric["value"] == pytest.approx(0.3)
    assert metric["args"]["unit"] == "nats"
    assert "[nats], cut at 1" in metric["name"]
    card = pytest.importorskip("huggingface_hub.repocard_data")
    for one in index:
        read, results = card.model_index_to_eval_results([one])
        assert read == one["name"]
        assert [r.metric_value for r in results] == [
            m["value"] for r in one["results"] for m in r["metrics"]
        ]
        assert {r.dataset_name for r in results} == {"Toys"}


def test_the_schemas_refuse(folder, tmp_path):
    content = next(iter(exported(folder, "every-eval-ever", tmp_path / "out").values()))
    for path, value in (
        (("extra",), 1), (("retrieved_timestamp",), "2026-01-02"), (("source_metadata", "source_type"), "leaderboard"),
        (("evaluation_results", 0, "score_details", "score"), None), (("evaluation_results", 0, "metric_config", "additional_details", "n"), 3),
    ):  # fmt: skip
        broken = copy.deepcopy(content)
        place = broken
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = value
        assert len(faults(broken, EVERY)) == 1, path
    del content["eval_library"]["version"]
    assert faults(content, EVERY) == ["$.eval_library.version is missing"]


def test_nothing_to_export(board, record, tmp_path, capsys):
    folder = board([record()], '[[sections]]\nkind = "curves"\nx = "n"\n').folder
    words = [
        "board",
        "export",
        str(folder),
        "--schema",
        "model-index",
        "--out",
        str(tmp_path / "out"),
    ]
    assert main(words) == 2
    assert "no row has a score" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
