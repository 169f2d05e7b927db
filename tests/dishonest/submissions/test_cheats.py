"""Submissions that cheat, each with every digest made anew; each is refused for its own reason."""

import dataclasses
import datetime
import hashlib
import json
import math
import shutil
import subprocess

import pytest

from harness import UsageError
from harness.commands import Options, Status, record_key, run_plan
from harness.records import Records
from harness.registry import load
from harness.store import Store
from harness_boards import (
    base,
    belief,
    building,
    checking,
    definition,
    lock,
    recomputing,
    submission,
    submitting,
)
from harness_boards.jsonlines import DECODER
from harness_boards.submission import Declared

TOML = """
title = "Toys"
seeds = [0, 1]
[[paths]]
tasks = ["normals"]
estimators = ["toy/mean", "toy/noise", "toy/slow"]
[[paths]]
tasks = ["choice"]
estimators = ["toy/first"]
[[sections]]
kind = "overview"
"""


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """A board of the toy plugin, run once, with the registry that ran it."""
    folder = tmp_path_factory.mktemp("boards") / "toys"
    folder.mkdir()
    (folder / "board.toml").write_text(TOML)
    with pytest.MonkeyPatch.context() as patch:
        from pathlib import Path

        patch.syspath_prepend(str(Path(__file__).parents[2] / "toy"))
        registry = load()
        board = definition.load(folder)
        lock.write(board, lock.make(board, registry))
        with Store(folder.parent / "store.sqlite", write=True) as store:
            result = run_plan(registry, board.plan(registry), store, Options())
        submitting.replace(board, registry, result.records)
        building.build(board)
        yield folder, registry


@pytest.fixture
def board(ran, tmp_path):
    """A copy of the board that a test may spoil."""
    shutil.copytree(ran[0], tmp_path / "leaderboards" / "toys")
    return definition.load(tmp_path / "leaderboards" / "toys")


def rekeyed(record, **change):
    made = dataclasses.replace(record, **change)
    return dataclasses.replace(made, key=record_key(made))


def spoiled(board, change, **header):
    """The records, each changed (None drops one), written in good order with all digests."""
    old = submission.read(board.records_folder / "toy.jsonl")
    records = Records(r for r in map(change, old.records) if r is not None)
    new = dataclasses.replace(old, records=records, **header)
    submission.write(board.records_folder, new)
    return new


def is_(record, name, case="normal-0", seed=0):
    return record.estimator == f"toy/{name}" and (record.case, record.seed) == (case, seed)


def one(name, **fields):
    """A change of one record alone."""
    return lambda r: rekeyed(r, **fields) if is_(r, name) else r


def test_the_honest_board_passes(board):
    assert checking.problems(board) == []


IN_TEN_YEARS = f"{datetime.datetime.now(datetime.UTC).year + 10}-01-01T00:00:00+00:00"
MANY = 40 * "0123456789abcdef" * 512


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda r: rekeyed(r, case="easy", source="easy") if is_(r, "mean") else r, "case 'easy' is not one of this board's"),
        (lambda r: rekeyed(r, case="normal\u200b-0", source="normal-0") if is_(r, "mean") else r, "holds characters that cannot be seen"),
        (lambda r: rekeyed(r, models=("toy/double",), params=r.params | {"models": [{}]}, sources=r.sources) if is_(r, "mean") else r, "no such path in board.lock.json"),
        (lambda r: rekeyed(r, params=r.params | {"estimator": {"scale": 0.0}}) if r.estimator == "toy/mean" else r, 'wanted [{"scale": 1.0}]'),
        (lambda r: rekeyed(r, params=r.params | {"task": {"count": 3, "n": 9}}) if r.estimator == "toy/mean" else r, "parameters of the task are"),
        (lambda r: rekeyed(r, seed=7) if is_(r, "mean", seed=1) else r, "seed 7; the board's are 0, 1"),
        (lambda r: None if is_(r, "mean", seed=1) else r, "no record for seed 1"),
        (lambda r: None if r.estimator == "toy/mean" and r.case == "normal-2" else r, "toy/normals:normal-2 ▸ toy/mean: no record; every case"),
        (lambda r: None if r.estimator == "toy/noise" else r, "▸ toy/noise: no record; every case"),
        (one("mean", wall_s=1e-7), "wall_s is 1e-07; no call takes less"),
        (one("mean", wall_s=None), "a value without wall_s"),
        (one("mean", fingerprint="sha256:0"), "fingerprint is 'sha256:0'"),
        (one("mean", fingerprint=None), "fingerprint is None"),
        (one("mean", sources={}), "no digest of the source of toy"),
        (lambda r: rekeyed(r, sources=r.sources | {"toy": "mine"}) if is_(r, "mean") else r, "the digest of the source of toy is 'mine'"),
        (lambda r: dataclasses.replace(r, key="0" * 64) if is_(r, "mean") else r, "the key is not that of the record's own fields"),
        (one("mean", machine="best"), "machine is 'best'"),
        (one("mean", started=IN_TEN_YEARS), "to today"),
        (one("mean", started="1999-12-31T00:00:00+00:00"), "wanted a time from 2026-01-01"),
        (one("mean", started="yesterday"), "wanted a time such as"),
        (one("mean", started="2026-11-24T00:12:34"), "without a time zone"),
        (one("mean", truth=2.0), "truth 2; "),
        (one("mean", source="normal-1"), "source 'normal-1'; wanted 'normal-0'"),
        (one("mean", facts={"n": 5_000_000}), "fact "),
        (one("mean", quantity="gain", unit=""), "quantity gain; wanted entropy"),
        (one("mean", n=-1), "n is -1"),
        (one("mean", notes=("\u202eevil",)), "holds characters that cannot be seen"),
        (one("mean", status=Status.INTERRUPTED, value=None, stderr=None, truth=None, error=None, cause="Ctrl-C"), "nothing was computed; run it again"),
        (one("mean", status=Status.MISSING_DEPENDENCY, value=None, stderr=None, truth=None, error=None, cause="x"), "nothing was computed; run it again"),
        (one("mean", diagnostics={"junk": MANY}), "keep diagnostics small"),
    ],
)  # fmt: skip
def test_what_the_board_does_not_expect_is_refused(board, change, says):
    spoiled(board, change)
    found = checking.problems(board)
    assert any(says in problem for problem in found), found


def test_a_diagnostic_of_60_mib(board):
    spoiled(board, one("mean", diagnostics={"junk": "x" * (60 * 2**20)}))
    (found,) = checking.problems(board)
    assert "at most 262144 are read: keep diagnostics small" in found


@pytest.mark.parametrize("name", ["best-ever", "z\u200bero", "other/best"])
def test_an_invented_estimator(board, name):
    """With a declaration of its own in the header."""
    full = name if "/" in name else f"toy/{name}"
    old = submission.read(board.records_folder / "toy.jsonl")
    more = [rekeyed(r, estimator=full) for r in old.records if r.estimator == "toy/mean"]
    declared = old.estimators | {full: Declared("wins", (), "")}
    new = dataclasses.replace(old, records=Records([*old.records, *more]), estimators=declared)
    submission.write(board.records_folder, new)
    (found, *_) = checking.problems(board)
    says = (
        "no such path in board.lock.json" if name == "best-ever" else "wanted names of plugin toy"
    )
    assert says in found


@pytest.mark.parametrize(
    ("what", "change"),
    [("better", {"better": "higher"}), ("lower", {"lower": -9.0}), ("unit", {"unit": "bits"})],
)
def test_a_quantity_declared_otherwise(board, what, change):
    """Lower is better, a bound that nothing violates, or another unit."""
    old = submission.read(board.records_folder / "toy.jsonl")
    entropy = dataclasses.replace(old.quantities["entropy"], **change)

    def unit(r):
        return rekeyed(r, unit=entropy.unit) if r.quantity == "entropy" else r

    spoiled(board, unit, quantities=old.quantities | {"entropy": entropy})
    assert any(f"quantity entropy: {what} is" in p for p in checking.problems(board))


def test_unseen_characters_in_the_header(board):
    old = submission.read(board.records_folder / "toy.jsonl")
    mine = dataclasses.replace(old.estimators["toy/mean"], summary="best\u200b of all")
    spoiled(board, lambda r: r, estimators=old.estimators | {"toy/mean": mine})
    assert any("in the header holds characters" in p for p in checking.problems(board))


def edited(board, change):
    """One record's line as text, changed, with the digest of the file made anew."""
    path = board.records_folder / "toy.jsonl"
    head, *lines = path.read_text().splitlines()
    at = next(i for i, line in enumerate(lines) if '"wall_s"' in line)
    lines[at] = change(lines[at])
    body = "".join(f"{line}\n" for line in lines)
    head = json.loads(head) | {"sha256": hashlib.sha256(body.encode()).hexdigest()}
    path.write_text(json.dumps(head, ensure_ascii=False) + "\n" + body)


@pytest.mark.parametrize(
    ("text", "says"),
    [("1e400", "1e400 is beyond all floats"), ("-1e400", "beyond all floats"), ("1" + 400 * "0", "a whole number of 401 digits"),
     ("1" + 5000 * "0", "a whole number of 5001 digits"), ("NaN", "NaN is no standard JSON")],
)  # fmt: skip
@pytest.mark.parametrize("key", ["wall_s", "diagnostics"])
def test_numbers_beyond_all_bounds_are_no_internal_error(board, key, text, says):
    def change(line):
        value = json.loads(line)
        value[key] = "HERE" if key == "wall_s" else {"x": "HERE"}
        return json.dumps(value).replace('"HERE"', text)

    edited(board, change)
    (found,) = checking.problems(board)
    assert says in found


def test_a_text_that_is_not_as_written(board):
    """A key twice, blanks, or a digit more: nothing that a reader of the file would see."""
    edited(board, lambda line: line.replace('"seed"', '"value":  -1.0, "seed"', 1))
    (found,) = checking.problems(board)
    assert "the text is not that which `harness board submit` writes" in found


@pytest.mark.parametrize("what", ["records", "records/toy.jsonl", "table.md", "board.lock.json"])
def test_links(board, tmp_path, what):
    place = board.folder / what
    place.rename(tmp_path / "elsewhere")
    place.symlink_to(tmp_path / "elsewhere")
    (found, *_) = checking.problems(board)
    assert "is a link" in found or "wanted a regular file" in found


def test_a_lock_of_another_definition(board):
    """Seeds and tasks are those of the lock: neither the definition nor the lock moves alone."""
    (board.folder / "board.toml").write_text(TOML.replace("[0, 1]", "[0]"))
    (found,) = checking.problems(definition.load(board.folder))
    assert "it belongs to another board.toml; `harness board lock toys`" in found
    (board.folder / lock.NAME).write_text('{"schema": 1}')
    (found,) = checking.problems(board)
    assert "not a lock of a board" in found
    (board.folder / lock.NAME).unlink()
    (found,) = checking.problems(board)
    assert "no such file; `harness board lock toys` makes it" in found


# What only a computation shows.


def recomputed(ran, board, change, size=1, seed=0, **header):
    """Verdicts on the records that a change brings, by how they differ from those before."""
    before = submission.read(board.records_folder / "toy.jsonl")
    new = spoiled(board, change, **header)
    building.build(board)
    known = {r.to_json() for r in before.records}
    brought = tuple(r for r in new.records if r.to_json() not in known)
    part = recomputing.Part(new, brought)
    return recomputing.recompute(board, ran[1], part, size, seed, 1e-6)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda r: rekeyed(r, value=r.value + 0.25) if is_(r, "noise", "normal-1", 1) else r, "value "),
        (lambda r: rekeyed(r, value=math.inf) if is_(r, "noise", "normal-1", 1) else r, "value inf"),
        (one("mean", stderr=10.0), "stderr 10.0 → 0.1"),
        (one("mean", stderr=None), "stderr None → 0.1"),
        (one("mean", n=49), "n 49 → 50"),
        (lambda r: rekeyed(r, scores={**r.scores, "cost": 0.0}) if r.estimator == "toy/first" and r.seed == 1 else r, "score cost 0.0 →"),
        (one("mean", status=Status.INCOMPATIBLE, value=None, stderr=None, truth=None, error=None, cause="too hard"), "incompatible → ok"),
        (one("mean", status=Status.TIMEOUT, value=None, stderr=None, truth=None, error=None, cause="slow"), "timeout → ok"),
        (one("slow", wall_s=2e-5), "not the time that it takes"),
        (one("mean", sources={"toy": "0" * 16, "host": "0" * 16}), "not those of the installed code"),
    ],
)  # fmt: skip
def test_what_was_not_computed_is_found(ran, board, change, says):
    """Few records changed: all are computed again, whatever the size of the sample."""
    checks = recomputed(ran, board, change)
    assert checks
    assert all(c.verdict in ("drift", "failed", "changed") for c in checks)
    assert all(says in c.note for c in checks), [c.note for c in checks]


def test_the_honest_records_are_reproduced(ran, board):
    part = recomputing.Part(submission.read(board.records_folder / "toy.jsonl"), None)
    checks = recomputing.recompute(board, ran[1], part, 3, 0, 1e-6)
    assert [c.verdict for c in checks] == 3 * ["same"], [c.note for c in checks]


def test_a_fingerprint_of_this_machine_is_that_of_the_data(ran, board):
    (check,) = recomputed(ran, board, one("mean", fingerprint="sha256:" + 64 * "0"))
    assert (check.verdict, check.note) == ("changed", "the data has changed since")


def test_samples_of_large_files_hold_failures_and_depend_on_the_seed(ran, board, monkeypatch):
    """Bad seeds turned into failures are a group of their own, however many other failures."""
    old = submission.read(board.records_folder / "toy.jsonl")
    made = []
    for i in range(60):
        for seed in (0, 1):
            r = dataclasses.replace(old.records[0], case=f"c{i}", seed=seed, key=f"{i:03}{seed}")
            bad = i % 3 == 0 or (i, seed) == (7, 1)
            made.append(dataclasses.replace(r, status=Status.INCOMPATIBLE) if bad else r)
    part = recomputing.Part(dataclasses.replace(old, records=Records(made)), tuple(made))
    drawn = [{r.key for r in recomputing.chosen(part, 2, seed)} for seed in range(9)]
    assert all(len(keys) == 5 and "0071" in keys for keys in drawn)
    assert len(set(map(frozenset, drawn))) == 9
    few = recomputing.Part(part.one, tuple(made[:100]))
    assert len(recomputing.chosen(few, 2, 0)) == 100


def test_networks_of_another_machine_are_compared_by_their_spread(ran, board, monkeypatch):
    """Within six standard deviations over seeds; a file of one seed cannot be judged."""
    monkeypatch.setattr(recomputing, "comparable", lambda registry, records: [])
    old = submission.read(board.records_folder / "toy.jsonl")
    noise = [r for r in old.records if r.estimator == "toy/noise"]
    spread = recomputing.Spreads(old.records).of(noise[0])["value"]
    moved = recomputed(
        ran, board, lambda r: rekeyed(r, value=r.value + 1e-3 * spread) if r == noise[0] else r
    )
    assert [c.verdict for c in moved] == ["same"]
    far = recomputed(
        ran, board, lambda r: rekeyed(r, value=r.value + 1e3) if r.estimator == "toy/noise" else r
    )
    assert {c.verdict for c in far} == {"drift"}
    alone = dataclasses.replace(old, records=Records(noise[:1]))
    (skipped,) = recomputing.recompute(board, ran[1], recomputing.Part(alone, (noise[0],)), 1, 0, 0)
    assert skipped.verdict == "skipped"


@pytest.mark.parametrize("change", [{"traits": ()}, {"summary": "the best"}, {"paper": "Nature"}])
def test_a_header_that_the_plugin_does_not_declare(ran, board, change):
    """A trait removed, such as the bound that values violate; a praise; a paper."""
    old = submission.read(board.records_folder / "toy.jsonl")
    mine = dataclasses.replace(old.estimators["toy/mean"], **change)
    new = spoiled(board, lambda r: r, estimators=old.estimators | {"toy/mean": mine})
    found = list(recomputing.declared(board, ran[1], lock.read(board), new))
    assert len(found) == 1
    assert "declares estimator toy/mean as" in found[0]


@pytest.fixture
def strange(ran, tmp_path):
    """A board that names no estimator of `toy`'s neighbour `classics`, and its honest rows."""
    folder = tmp_path / "leaderboards" / "open"
    folder.mkdir(parents=True)
    toml = (
        'seeds = [0]\ntasks = ["normals"]\nestimators = ["toy/mean"]\n[params.normals]\nn = [20]\n'
    )
    (folder / "board.toml").write_text(toml.replace("[20]", "20"))
    board = definition.load(folder)
    lock.write(board, lock.make(board, ran[1]))
    with Store(tmp_path / "store.sqlite", write=True) as store:
        made = submitting.contribution(board, ran[1], "classics")
        result = run_plan(ran[1], made, store, Options())
    submitting.replace(board, ran[1], result.records)
    building.build(board)
    return board


def test_a_plugin_that_the_board_does_not_name(ran, strange):
    """Honest rows pass; chosen rows, tuned settings and models of others do not."""
    path = strange.records_folder / "classics.jsonl"
    honest = submission.read(path)
    expected, now = lock.read(strange), datetime.datetime.now(datetime.UTC)

    def offline(records):
        new = dataclasses.replace(honest, records=Records(records))
        return list(belief.problems(expected, new, now))

    def installed(records):
        new = dataclasses.replace(honest, records=Records(records))
        return list(recomputing.declared(strange, ran[1], expected, new))

    assert checking.problems(strange) == []
    assert installed(honest.records) == []
    name = honest.records[0].estimator
    fewer = [r for r in honest.records if r.estimator != name]
    assert any(f"no record of toy/normals ▸ {name} on case" in p for p in installed(fewer))
    kl = [r for r in honest.records if r.estimator == "classics/kl"]
    tuned = [
        rekeyed(r, params=r.params | {"estimator": r.params["estimator"] | {"k": 17}}) for r in kl
    ]
    assert any("gives no such record" in p for p in installed([*fewer, *tuned]))
    picked = [r for r in honest.records if (r.estimator, r.case) != ("classics/kl", "normal-1")]
    assert any(
        "normal-1 ▸ classics/kl: no record; a row has all cases" in p for p in offline(picked)
    )
    helped = [rekeyed(r, models=("toy/double",), params=r.params | {"models": [{}]}) for r in kl]
    assert any(
        "model toy/double with {} is not one of this board's (none)" in p for p in offline(helped)
    )


# What a change may touch.


def git(folder, *words):
    name = ("-c", "user.name=t", "-c", "user.email=t@example.org")
    done = subprocess.run(["git", "-C", folder, *name, *words], capture_output=True, check=True)
    return done.stdout.decode().strip()


@pytest.fixture
def repository(board):
    """The board in git, beside the records of a rival."""
    root = board.folder.parent
    toy = board.records_folder / "toy.jsonl"
    (board.records_folder / "rival.jsonl").write_bytes(toy.read_bytes().replace(b"toy", b"rival"))
    (root / "README.md").write_text("index")
    (root.parent / "code.py").write_text("1\n")
    git(root.parent, "init", "-q")
    git(root.parent, "add", "-A")
    git(root.parent, "commit", "-qm", "base")
    return board


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda f: (f / "records/rival.jsonl").unlink(), "rival.jsonl is deleted: records are withdrawn by the maintainers"),
        (lambda f: (f / "records/rival.jsonl").write_text("{}"), "rival.jsonl is changed: records of another plugin"),
        (lambda f: (f / "records/other.jsonl").write_text("{}"), "records of mine, other: a submission brings those of one plugin"),
        (lambda f: (f / "board.toml").write_text(""), "board.toml is changed: a submission changes records/mine.jsonl alone"),
        (lambda f: (f / "board.lock.json").write_text(""), "board.lock.json is changed: a submission"),
        (lambda f: (f / "verified.json").write_text("{}"), "verified.json is added: a submission"),
        (lambda f: (f.parents[1] / "code.py").write_text("2\n"), "code.py is changed: a submission"),
        (lambda f: (f.parents[1] / "new.py").write_text("2\n"), "new.py is added: a submission"),
        (lambda f: (f / "table.md").unlink(), "table.md is deleted: a submission"),
    ],
)  # fmt: skip
def test_a_submission_touches_one_file(repository, change, says):
    (repository.records_folder / "mine.jsonl").write_text("{}")
    (repository.folder / "table.md").write_text("new")
    (repository.folder.parent / "README.md").write_text("new")
    root = repository.folder.parent
    assert list(base.foreign(base.against(root, "HEAD"), root)) == []
    change(repository.folder)
    found = list(base.foreign(base.against(root, "HEAD"), root))
    assert any(says in problem for problem in found), found


def test_a_change_without_records_is_no_submission(repository):
    root = repository.folder.parent
    (root.parent / "code.py").write_text("2\n")
    assert list(base.foreign(base.against(root, "HEAD"), root)) == []


def test_only_what_a_change_brings_is_judged(repository):
    root = repository.folder.parent
    file = repository.records_folder / "toy.jsonl"
    assert base.against(root, "HEAD").brought(file, submission.read(file)) is None
    new = spoiled(repository, lambda r: rekeyed(r, n=7) if is_(r, "mean") else r)
    (brought,) = base.against(root, "HEAD").brought(file, new)
    assert brought.n == 7
    git(root.parent, "commit", "-qam", "mine")
    assert base.against(root, "HEAD").brought(file, new) is None
    assert base.against(root, "HEAD~1").brought(file, new) == (brought,)
    with pytest.raises(UsageError, match="git rev-parse nothing"):
        base.against(root, "nothing")


HASH = "--hash=sha256:" + 64 * "0"


@pytest.mark.parametrize(
    ("header", "says"),
    [
        ({"distribution": "mine"}, "of the distribution toy, not mine: records of another plugin"),
        ({}, "no pinned version and hash of its distribution 'toy'"),
        ({"requirements": (f"helper==1.0 {HASH}",)}, "no pinned version and hash"),
        ({"requirements": (f"toy==2.0 {HASH}",)}, "made with toy 1.0; pinned is 2.0"),
    ],
)
def test_a_plugin_that_cannot_be_installed_as_it_was(repository, header, says):
    root = repository.folder.parent
    (repository.records_folder / "rival.jsonl").unlink()
    spoiled(repository, lambda r: rekeyed(r, n=7) if is_(r, "mean") else r, **header)
    found = base.origins(base.against(root, "HEAD"), [repository])
    assert any(says in problem for problem in found), found
    spoiled(repository, lambda r: r, distribution="toy", requirements=(f"toy==1.0 {HASH}",))
    assert base.origins(base.against(root, "HEAD"), [repository]) == []


def test_requirements_are_versions_with_hashes(board, tmp_path):
    from harness_boards import requirements

    honest_folder = board.records_folder
    honest = submission.read(honest_folder / "toy.jsonl")
    file = tmp_path / "requirements.txt"
    file.write_text(f"# mine\ntoy==1.0 \\\n    {HASH}\n\nhelper==2  {HASH} # why\n")
    assert requirements.read(file) == (f"toy==1.0 {HASH}", f"helper==2 {HASH}")
    for bad in ("toy", "toy>=1.0", "toy==1.0", f"--index-url=evil {HASH}", f"toy @ file:x {HASH}"):
        file.write_text(bad)
        with pytest.raises(UsageError, match=r"wanted name==1\.2\.3 --hash=sha256"):
            requirements.read(file)
        submission.write(honest_folder, dataclasses.replace(honest, requirements=(bad,)))
        assert "wanted name==1.2.3 --hash=sha256" in checking.problems(board)[0]


def test_numbers_that_are_read():
    assert DECODER.decode("[9223372036854775807, 1e308, -5]") == [2**63 - 1, 1e308, -5]
