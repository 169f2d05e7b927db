"""``harness board`` as a maintainer and a contributor use it, and every way to tamper with a board."""

import dataclasses
import json
import shutil
import subprocess

import pytest

from harness.identity import record_key
from harness.records import Records
from harness_boards import submission

TOML = 'title = "Toys"\ntasks = ["normals"]\nestimators = ["mean"]\nseeds = [0, 1]\n'
GENERATED = ("table.md", "table.csv", "table.tex", "board.json", "index.html")


def ok(process):
    assert process.returncode == 0, process.stderr
    return process


@pytest.fixture(scope="module")
def first(tmp_path_factory):
    """Where the first test that needs the board leaves it, and its store, to all others."""
    return tmp_path_factory.mktemp("first")


@pytest.fixture
def folder(command, tmp_path, first):
    """A board that was run: two rows of the toy plugin on its three cases."""
    folder = tmp_path / "leaderboards" / "toys"
    if any(first.iterdir()):
        shutil.copytree(first, tmp_path, dirs_exist_ok=True)
        return folder
    folder.mkdir(parents=True)
    (folder / "board.toml").write_text(TOML)
    ok(command("board", "run", "toys", *where(folder)))
    ok(command("board", "lock", "toys", *where(folder)))
    shutil.copytree(tmp_path, first, dirs_exist_ok=True)
    return folder


def where(folder):
    return "--boards", folder.parent


def rewritten(folder, change):
    """The toy plugin's records, each changed, in a file that is otherwise in order."""
    path = folder / "records" / "toy.jsonl"
    old = submission.read(path)
    submission.write(
        path.parent,
        dataclasses.replace(old, records=Records(filter(None, map(change, old.records)))),
    )


def test_run_build_check_show(command, folder):
    assert {f.name for f in folder.iterdir()} == {
        "board.toml",
        "board.lock.json",
        "records",
        *GENERATED,
    }
    assert ok(command("board", "check", "toys", *where(folder))).stderr == ""
    before = {name: (folder / name).read_bytes() for name in GENERATED}
    for name in GENERATED:
        (folder / name).unlink()
    ok(command("board", "build", "toys", *where(folder)))
    assert {name: (folder / name).read_bytes() for name in GENERATED} == before
    assert "mean" in ok(command("board", "show", "toys", *where(folder))).stdout
    for how, name in (
        ("markdown", "table.md"),
        ("csv", "table.csv"),
        ("latex", "table.tex"),
        ("json", "board.json"),
    ):
        assert (
            ok(command("board", "show", "toys", "--format", how, *where(folder))).stdout.encode()
            == before[name]
        )


def test_a_second_run_computes_nothing_and_changes_nothing(command, folder):
    before = (folder / "records" / "toy.jsonl").read_bytes()
    again = ok(command("board", "run", "toys", *where(folder)))
    assert "0 computed" in again.stderr
    assert (folder / "records" / "toy.jsonl").read_bytes() == before


def test_all_boards_and_their_index(command, folder):
    ok(command("board", "build", *where(folder)))
    assert "[Toys](toys/" in (folder.parent / "README.md").read_text()
    assert ok(command("board", "check", *where(folder))).stderr == ""
    (folder.parent / "README.md").write_text("nothing")
    stale = command("board", "check", *where(folder))
    assert stale.returncode == 1
    assert "README.md is stale: harness board build" in stale.stderr


@pytest.mark.parametrize("name", GENERATED)
def test_stale_files_are_named(command, folder, name):
    file = folder / name
    file.write_bytes(file.read_bytes().replace(b"mean", b"MEAN", 1))
    found = command("board", "check", "toys", *where(folder))
    assert found.returncode == 1
    assert f"{name} is stale: harness board build toys" in found.stderr


def tampered(command, folder):
    ok(command("board", "build", "toys", *where(folder)))
    return command("board", "check", "toys", *where(folder))


def test_a_missing_seed(command, folder):
    rewritten(folder, lambda r: None if (r.case, r.seed) == ("normal-1", 1) else r)
    found = tampered(command, folder)
    assert found.returncode == 1
    assert "toy: toy/normals:normal-1 ▸ toy/mean: no record for seed 1" in found.stderr


def test_a_seed_and_a_task_that_nobody_asked_for(command, folder):
    def strange(r):
        moved = dataclasses.replace(r, seed=7) if r.seed == 1 else r
        return dataclasses.replace(moved, key=record_key(moved))

    rewritten(folder, strange)
    assert "seed 7; the board's are 0, 1" in tampered(command, folder).stderr
    (folder / "board.toml").write_text(
        TOML.replace("normals", "choice").replace('"mean"', '"best"')
    )
    assert (
        "belongs to another board.toml; `harness board lock toys`"
        in tampered(command, folder).stderr
    )
    ok(command("board", "lock", "toys", *where(folder)))
    assert "this board asks for no such task" in tampered(command, folder).stderr


def test_a_key_that_is_not_the_records_own(command, folder):
    rewritten(
        folder,
        lambda r: dataclasses.replace(r, n=r.n, params={**r.params, "estimator": {"scale": 2.0}}),
    )
    found = tampered(command, folder)
    assert found.returncode == 1
    assert "the key is not that of the record's own fields" in found.stderr


def test_made_up_values_are_found_by_recomputing(command, folder):
    """Everything about these records is in order, except that they were never measured."""
    rewritten(folder, lambda r: dataclasses.replace(r, value=r.value + 0.25))
    assert tampered(command, folder).returncode == 0
    found = command("board", "check", "toys", "--reproduce", "3", *where(folder))
    assert found.returncode == 1
    assert found.stdout.count("drift") == 3
    assert "0 of 3 records reproduced" in found.stderr


def test_honest_values_are_reproduced(command, folder):
    found = ok(command("board", "check", "toys", "--reproduce", "3", *where(folder)))
    assert "3 of 3 records reproduced" in found.stderr


def test_strange_files_in_the_folder(command, folder):
    (folder / "notes.txt").write_text("x")
    assert (
        "notes.txt belongs to no board" in command("board", "check", "toys", *where(folder)).stderr
    )
    (folder / "records" / "x.csv").write_text("x")
    assert (
        "wanted only files named PLUGIN.jsonl"
        in command("board", "check", "toys", *where(folder)).stderr
    )


def test_a_contribution_comes_from_the_store(command, folder):
    path = folder / "records" / "toy.jsonl"
    before = path.read_bytes()
    path.unlink()
    ok(command("board", "submit", "toys", "--plugin", "toy", *where(folder)))
    assert path.read_bytes() == before
    (folder / "board.toml").write_text(TOML.replace('["mean"]', '["mean", "noise"]'))
    missing = command("board", "submit", "toys", "--plugin", "toy", *where(folder))
    assert missing.returncode == 2
    assert "2 of 4 paths have no result of the installed code in the store" in missing.stderr
    assert path.read_bytes() == before


def test_a_stranger_contributes_all_estimators_that_fit(command, folder):
    """The board names none of this plugin's: the plugin `other` brings a row of its own."""
    (folder / "board.toml").write_text(TOML.replace('["mean"]', '["classics/kl"]'))
    ok(
        command(
            "run",
            "--task",
            "normals",
            "--estimator",
            "classics/gaussian-entropy",
            "--estimator",
            "kl",
            "--seeds",
            "0,1",
        )
    )
    shutil.rmtree(folder / "records")
    ok(command("board", "lock", "toys", *where(folder)))
    ok(command("board", "submit", "toys", "--plugin", "classics", *where(folder)))
    assert "| kl" in (folder / "table.md").read_text()
    (folder / "board.toml").write_text(TOML)
    ok(command("board", "lock", "toys", *where(folder)))
    partial = command("board", "submit", "toys", "--plugin", "classics", *where(folder))
    assert partial.returncode == 2  # all estimators of classics that fit, and most were not run
    assert "have no result of the installed code" in partial.stderr
    unknown = command("board", "submit", "toys", "--plugin", "klassics", *where(folder))
    assert "klassics" in unknown.stderr


def test_difference_of_two_versions(command, folder, tmp_path):
    old = tmp_path / "old"
    shutil.copytree(folder.parent, old)
    assert "no row changed" in ok(command("board", "diff", old, folder.parent)).stdout
    (folder / "board.toml").write_text(TOML.replace('["mean"]', '["mean", "noise"]'))
    ok(command("board", "run", "toys", *where(folder)))
    changed = ok(command("board", "diff", old, folder.parent, "--format", "markdown")).stdout
    row = next(line for line in changed.splitlines() if "| noise" in line)
    assert [cell.strip() for cell in row.split("|")][3] == "–"
    assert ok(command("board", "diff", old / "toys", folder)).returncode == 0
    assert "no such folder" in command("board", "diff", old / "none", folder).stderr
    # A header without its traits, and runs that take no time, show beside the figures.
    path = folder / "records" / "toy.jsonl"
    now = submission.read(path)
    bare = {n: dataclasses.replace(d, traits=()) for n, d in now.estimators.items()}
    quick = Records(dataclasses.replace(r, wall_s=2e-5, prefix_s=0.0) for r in now.records)
    shutil.copytree(folder.parent, tmp_path / "before")
    submission.write(path.parent, dataclasses.replace(now, records=quick, estimators=bare))
    said = ok(command("board", "diff", tmp_path / "before", folder.parent)).stdout
    row = next(line for line in said.splitlines() if "mean" in line)
    assert "deterministic" in row
    assert "2e-05 s" in row


@pytest.mark.slow
def test_plan_says_what_a_resolution_needs(command, folder):
    (folder / "board.toml").write_text(TOML.replace('["mean"]', '["mean", "noise"]'))
    ok(command("board", "run", "toys", *where(folder)))
    printed = ok(command("board", "plan", "toys", "--gap", "0.5", *where(folder))).stdout
    assert "4 paths with 2 seeds" in printed
    assert (
        "2 rows on 3 clusters resolve mean ranks 1.13 apart; 0.5 apart needs 16 clusters" in printed
    )  # 1.96^2 * 6 / (6 * 0.25)
    assert (
        "wanted a number above 0"
        in command("board", "plan", "toys", "--gap", "0", *where(folder)).stderr
    )
    new = '\n[[sections]]\nkind = "overview"\ntitle = "new"\nestimators = ["median"]\n'
    (folder / "board.toml").write_text((folder / "board.toml").read_text() + new)
    found = command("board", "plan", "toys", *where(folder))
    assert "4 paths with 2 seeds" in ok(found).stdout
    assert "no resolution yet: section 'new': no record" in found.stderr


@pytest.mark.slow
def test_older_records_are_upgraded(command, folder):
    path = folder / "records" / "toy.jsonl"
    before = path.read_bytes()
    path.write_text("".join(r.to_json() + "\n" for r in submission.read(path).records))
    found = command("board", "check", "toys", *where(folder))
    assert found.returncode == 1
    assert "schema 0; `harness board upgrade toys` rewrites it" in found.stderr
    ok(command("board", "upgrade", "toys", *where(folder)))
    assert path.read_bytes() == before
    ok(command("board", "check", "toys", *where(folder)))


def test_a_page_needs_no_plugin(command, folder):
    """What reading the records needs is in them: the toy plugin is not loaded here."""
    hidden = ("--no-plugin", "toy")
    assert ok(command("board", "check", "toys", *hidden, *where(folder))).stderr == ""


def test_site(command, folder, tmp_path):
    ok(command("board", "site", "--out", tmp_path / "site", *where(folder)))
    assert (tmp_path / "site" / "index.html").exists()
    assert b"href='../index.html'" in (tmp_path / "site" / "toys" / "index.html").read_bytes()
    assert (tmp_path / "site" / "toys" / "table.csv").read_bytes() == (
        folder / "table.csv"
    ).read_bytes()
    assert json.loads((tmp_path / "site" / "toys" / "board.json").read_text())["board"] == "toys"


@pytest.mark.parametrize(
    ("toml", "says"),
    [
        ("tasks = 3\n", "tasks is int; wanted list"), ("task = []\n", "unknown key 'task': did you mean tasks?"),
        ("tasks = [3]\n", "tasks is [3]; wanted a list of names"), ("seeds = [-1]\n", "wanted whole numbers from 0 up"),
        ("timeout = 0\n", "timeout is 0; wanted at least 1"), ("x = \n", "board.toml: "),
        ('tasks = ["a"]\n[[paths]]\ntasks = ["b"]\n', "tasks beside [[paths]]; wanted one or the other"),
        ("[[paths]]\nseeds = [1]\n", "unknown key 'seeds'"),
        ('[[sections]]\nkind = "best"\n', "kind is 'best'; wanted accuracy, curves, emergence, foretelling, overview, ranking or validity"),
        ('[[sections]]\nkind = "validity"\n', "a validity section names its outcome"),
        ('[[sections]]\nkind = "accuracy"\n', "an accuracy section needs a quantity"),
        ('[[sections]]\nkind = "ranking"\nquantity = "x"\noutcome = "y"\n', "outcome belongs to emergence and validity sections; this one is ranking"),
        ('[[sections]]\nkind = "validity"\noutcome = "y"\nper = "seed"\n', "per is 'seed'; wanted case, path, or parameters"),
    ],
)  # fmt: skip
def test_what_is_wrong_in_a_definition(command, tmp_path, toml, says):
    folder = tmp_path / "leaderboards" / "odd"
    folder.mkdir(parents=True)
    (folder / "board.toml").write_text(toml)
    found = command("board", "show", "odd", "--boards", tmp_path / "leaderboards")
    assert found.returncode == 2
    assert says in found.stderr


def test_a_section_that_names_nothing(command, folder):
    (folder / "board.toml").write_text(
        TOML + '[[sections]]\nkind = "ranking"\nquantity = "entropie"\n'
    )
    assert (
        "unknown quantity of a section 'entropie': did you mean entropy?"
        in command("board", "show", "toys", *where(folder)).stderr
    )
    (folder / "board.toml").write_text(
        TOML + '[[sections]]\nkind = "ranking"\nquantity = "entropy"\n'
    )
    assert (
        "nothing says whether higher or lower is better"
        in command("board", "show", "toys", *where(folder)).stderr
    )


@pytest.mark.slow
def test_the_documented_recipe_passes_its_own_check(command, folder):
    """From a fresh clone: run, check against the commit that it began from, commit. The index is
    made anew with the board."""
    root = folder.parent
    (folder / "board.toml").write_text('tasks = ["normals"]\nestimators = ["mean"]\n')
    ok(command("board", "run", "toys", *where(folder)))
    ok(command("board", "lock", "toys", *where(folder)))
    ok(command("board", "build", *where(folder)))
    (root.parent / ".gitignore").write_text("*\n!leaderboards/\n!leaderboards/**\n")
    name = ("-c", "user.name=t", "-c", "user.email=t@example.org")
    for words in (("init", "-q"), ("add", "-A"), (*name, "commit", "-qm", "base")):
        subprocess.run(["git", "-C", root.parent, *words], check=True)
    ok(command("board", "run", "toys", "--plugin", "classics", *where(folder)))
    since = ("--base", "HEAD", "--seed-from", "HEAD")
    found = ok(command("board", "check", *since, "--reproduce", "5", *where(folder)))
    records = submission.read(folder / "records" / "classics.jsonl").records
    assert f"toys: {len(records)} of {len(records)} records reproduced" in found.stderr
    assert command("board", "requirements", "--base", "HEAD", *where(folder)).stdout == ""
    (folder / "board.toml").write_text((folder / "board.toml").read_text() + "timeout = 9\n")
    ok(command("board", "lock", "toys", *where(folder)))
    refused = command("board", "check", *since, *where(folder))
    assert "board.toml is changed: a submission changes records/classics.jsonl" in refused.stderr
    ok(command("board", "build", "toys", *where(folder)))
    ok(command("board", "check", *since, "--maintainer", *where(folder)))


def test_what_was_reproduced_is_marked(command, folder):
    """Of six records, three; one that changes is no longer verified."""
    ok(command("board", "check", "toys", "--reproduce", "3", "--mark", *where(folder)))
    ok(command("board", "check", "toys", *where(folder)))
    assert b"3 of 6" in (folder / "index.html").read_bytes()
    row = json.loads((folder / "board.json").read_text())["sections"][0]["rows"][0]
    assert row["verified"] == [3, 6]
    rewritten(folder, lambda r: dataclasses.replace(r, wall_s=r.wall_s * 2))
    ok(command("board", "build", "toys", *where(folder)))
    assert b"0 of 6" in (folder / "index.html").read_bytes()


def test_rows_of_one_estimator_are_run_again_and_the_others_stay(command, folder):
    """Each estimator of one plugin, marked by its time; only what was named loses the mark."""
    (folder / "board.toml").write_text('tasks = ["normals"]\nestimators = ["mean", "noise"]\n')
    ok(command("board", "run", "toys", *where(folder)))
    rewritten(folder, lambda r: dataclasses.replace(r, wall_s=1234.0))
    ok(command("board", "run", "toys", "--estimator", "no*", *where(folder)))
    records = submission.read(folder / "records" / "toy.jsonl").records
    assert {r.estimator for r in records if r.wall_s == 1234.0} == {"toy/mean"}
    assert {r.estimator for r in records} == {"toy/mean", "toy/noise"}
    refused = command("board", "run", "toys", "--estimator", "gaussian", *where(folder))
    assert "--estimator gaussian: no path of this board ends in it" in refused.stderr
