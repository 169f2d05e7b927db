"""The command line in processes of its own: what it prints, where, and its exit status."""

import json
import signal
import sqlite3
import subprocess
import sys
import time

import pytest

from harness.records import Record


def ok(process):
    assert process.returncode == 0, process.stderr
    return process


NORMALS = ("run", "--task", "normals", "--estimator", "mean")


def test_run_prints_a_table_and_says_how_it_went(command):
    first = ok(command(*NORMALS))
    assert "toy/normals: entropy [nats]" in first.stdout
    assert "normal-2" in first.stdout
    assert "3 computed" in first.stderr
    again = ok(command(*NORMALS))
    assert again.stdout == first.stdout
    assert "nothing to compute; 3 found in the store" in again.stderr
    assert "0 computed, 3 taken from the store" in again.stderr
    assert "3 computed" in ok(command(*NORMALS, "--no-cache")).stderr


def test_json_is_one_record_a_line_and_nothing_else(command):
    printed = command(*NORMALS, "--estimator", "boom", "--format", "json")
    assert printed.returncode == 1
    records = [Record.from_json(line) for line in printed.stdout.splitlines()]
    assert len(records) == 6
    assert all(json.loads(line, parse_constant=pytest.fail) for line in printed.stdout.splitlines())
    assert "3 failed" in printed.stderr


@pytest.mark.parametrize(
    ("how", "part"),
    [
        ("markdown", "| normal-0 |"),
        ("latex", r"\toprule"),
        ("csv", "key,task,case,models,estimator,seed,status"),
    ],
)
def test_formats(command, how, part):
    assert part in ok(command(*NORMALS, "--format", how)).stdout


def test_bits_are_for_printing(command):
    nats = ok(command(*NORMALS, "--format", "markdown")).stdout
    bits = ok(command(*NORMALS, "--format", "markdown", "--unit", "bits")).stdout
    assert "[bits]" in bits
    value = [float(out.splitlines()[4].split("|")[3].split("±")[0]) for out in (nats, bits)]
    assert value[1] == pytest.approx(value[0] / 0.6931471805599453, rel=1e-3)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("run",), "nothing asked for: name a --plugin, a --task or an --estimator"),
        (("rum",), "unknown verb 'rum': did you mean 'run'?"),
        (("run", "--tsk", "a"), "unknown option '--tsk': did you mean --task?"),
        (("run", "--task", "normels"), "unknown task 'normels': did you mean normals"),
        (
            ("run", "--task", "normals", "--set", "mean"),
            "--set 'mean'; wanted NAME.PARAMETER=VALUE",
        ),
        ((*NORMALS, "--set", "mean.scale=big"), "toy/mean.scale: 'big'; wanted a number"),
        ((*NORMALS, "--set", "mean.scale=0"), "toy/mean.scale: 0.0; wanted more than 0"),
        ((*NORMALS, "--seeds", "a"), "--seeds 'a'; wanted numbers from 0 up"),
        ((*NORMALS, "--seeds", "3:3"), "--seeds '3:3'"),
        ((*NORMALS, "--shard", "3"), "--shard '3'; wanted I/M"),
        ((*NORMALS, "--shard", "5/3"), "--shard 5/3; wanted I/M with I from 1 to M"),
        ((*NORMALS, "--workers", "-2"), "--workers -2"),
        ((*NORMALS, "--workers", "two"), "argument --workers: invalid int value: 'two'"),
        ((*NORMALS, "--workers", "0", "--timeout", "1"), "needs a worker process"),
        ((*NORMALS, "--no-plugin", "toi"), "unknown plugin 'toi': did you mean toy"),
        (("show", "meen"), "unknown component 'meen': did you mean mean"),
        (("results",), "no store here yet"),
        (("verify",), "no store here yet"),
        (("board", "show", "nothing"), "unknown board"),
    ],
)
def test_what_is_wrong_is_one_line_and_status_2(command, words, message):
    ran = command(*words)
    assert ran.returncode == 2
    assert ran.stdout == ""
    (line,) = ran.stderr.strip().splitlines()
    assert line.startswith("harness: ")
    assert message in line


def test_debug_shows_the_traceback(command):
    ran = command("run", "--debug", "--task", "normels")
    assert "Traceback" in ran.stderr
    ran = command(*NORMALS[:3], "--estimator", "boom", "--debug")
    assert "Traceback" in ran.stderr
    assert "ValueError: boom" in ran.stderr


def test_a_store_that_is_none(command, tmp_path):
    (tmp_path / "notes.txt").write_text("my notes " * 500)
    ran = command(*NORMALS, "--store", tmp_path / "notes.txt")
    assert ran.returncode == 2
    assert "not a harness store" in ran.stderr
    assert (tmp_path / "notes.txt").read_text() == "my notes " * 500


def test_dry_run_and_plan(command):
    dry = ok(command(*NORMALS, "--dry-run"))
    assert dry.stdout == "toy/normals ▸ toy/mean\n"
    why = ok(command("plan", "--task", "normals", "--why-not"))
    assert (
        "not toy/best on toy/normals: gives a Selection, which toy/normals does not score"
        in why.stdout
    )
    lines = [
        json.loads(x)
        for x in ok(command("plan", "--task", "normals", "--format", "json")).stdout.splitlines()
    ]
    assert {"task": "toy/normals", "models": [], "estimator": "toy/mean", "seed": 0} in lines


def test_warnings_of_plugins_are_shown_once_and_kept(command):
    job = (*NORMALS, "--set", "mean.scale=200", "--format", "json")
    for ran in (command(*job), command(*job)):
        assert ok(ran).stderr.count("a scale of 200 is large") == 1
        assert Record.from_json(ran.stdout.splitlines()[0]).notes == ("a scale of 200 is large",)


def test_list_and_show(command):
    assert "toy/mean" in ok(command("list", "estimators")).stdout
    names = [
        json.loads(x)["name"]
        for x in ok(
            command("list", "tasks", "--plugin", "toy", "--format", "json")
        ).stdout.splitlines()
    ]
    assert names == ["toy/bends", "toy/broken", "toy/choice", "toy/normals"]
    every = [json.loads(x) for x in ok(command("list", "--format", "json")).stdout.splitlines()]
    assert {"estimator", "model", "task", "report"} <= {c["role"] for c in every}
    assert all(c["reads"] and c["gives"] is None for c in every if c["role"] == "report")
    shown = ok(command("show", "toy/mean")).stdout
    assert "Samples → Estimate" in shown
    assert "    scale = 1.0\n        factor (a number, more than 0)\n" in shown
    assert "(needs no_such_package)" in ok(command("list", "--all")).stdout


def test_results_and_store(command, tmp_path):
    ok(command(*NORMALS, "--store", tmp_path / "a"))
    ok(command("run", "--task", "normals", "--estimator", "noise", "--store", tmp_path / "b"))
    ok(command("store", "merge", tmp_path / "b", "--store", tmp_path / "a"))
    assert (
        "6 results, 0 superseded" in ok(command("store", "info", "--store", tmp_path / "a")).stdout
    )
    only = ok(
        command("results", "--estimator", "noise", "--store", tmp_path / "a", "--format", "json")
    ).stdout
    assert {Record.from_json(line).estimator for line in only.splitlines()} == {"toy/noise"}
    ok(command(*NORMALS, "--no-cache", "--store", tmp_path / "a"))
    assert (
        "3 results removed, 6 left" in ok(command("store", "gc", "--store", tmp_path / "a")).stderr
    )
    assert command("results", "--estimator", "nothing", "--store", tmp_path / "a").returncode == 2


def test_results_are_removed_by_filter_after_a_count(command, tmp_path):
    store = ("--store", tmp_path / "a")
    ok(command(*NORMALS, "--estimator", "noise", *store))
    ok(command(*NORMALS, "--estimator", "noise", "--no-cache", *store))
    for number in range(2):
        counted = command("store", "rm", "--estimator", "noise", *store)
        assert "6 results would be removed; --yes removes them" in ok(counted).stderr, number
    assert command("store", "rm", "--yes", *store).returncode == 2  # no filter is no request
    removed = ok(command("store", "rm", "--estimator", "noise", "--yes", *store))
    assert "toy/normals: 6 ok" in removed.stdout
    assert "6 results removed, 3 left" in removed.stderr
    assert command("store", "rm", "--estimator", "noise", *store).returncode == 2
    kept = ok(command("results", "--format", "json", *store)).stdout.splitlines()
    assert {Record.from_json(line).estimator for line in kept} == {"toy/mean"}
    assert "sound" in ok(command("store", "check", *store)).stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--model", ""), "unknown model ''"),
        (("--task", ""), "unknown task ''"),
        (("--estimator", ""), "unknown estimator ''"),
        (("--task", "pairs", "--set", "pairs.path=nowhere/x.csv", "--estimator", "ksg"), "nowhere/x.csv: No such file"),
        (("--save", "/proc/no-folder"), "/proc/no-folder: "),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_said_and_leaves_nothing_behind(command, tmp_path, words, said):
    base = () if "--task" in words and "pairs" in words else NORMALS[1:]
    ran = command("run", *base, *words, cwd=tmp_path)
    assert ran.returncode == 2
    assert said in ran.stderr
    assert not (tmp_path / "nowhere").exists()
    stored = command("results", "--format", "json").stdout.splitlines()
    assert {Record.from_json(line).status.value for line in stored} <= {"ok"}


def test_values_of_units_for_a_folder_that_does_not_exist_make_none(command, tmp_path):
    ok(command(*NORMALS))
    ran = command("results", "--local", tmp_path / "nowhere" / "x.csv")
    assert ran.returncode == 2
    assert "wanted one that does" in ran.stderr
    assert not (tmp_path / "nowhere").exists()


def test_verify_recomputes_and_reports_drift(command, tmp_path):
    ok(command(*NORMALS, "--estimator", "noise", "--store", tmp_path / "a"))
    assert "6 same" in ok(command("verify", "--store", tmp_path / "a")).stderr
    db = sqlite3.connect(tmp_path / "a")
    (key, text) = db.execute("SELECT key, record FROM records LIMIT 1").fetchone()
    record = json.loads(text) | {"value": 99.0}
    db.execute("UPDATE records SET record = ? WHERE key = ?", [json.dumps(record), key])
    db.commit()
    db.close()
    drifted = command("verify", "--store", tmp_path / "a")
    assert drifted.returncode == 1
    assert "drift" in drifted.stdout
    assert "99.00 →" in drifted.stdout


def test_doctor_names_what_is_missing(command):
    ran = command("doctor")
    assert ran.returncode == 1
    assert "pip install 'no-such-package'" in ran.stdout


def test_ctrl_c_keeps_what_is_finished_and_says_how_to_go_on(tmp_path, command, environment):
    log = tmp_path / "log"
    words = ("run", "--task", "normals", "--estimator", "slow", "--set", "normals.count=60", "--set", f"slow.log={log}",
             "--set", "slow.seconds=0.05", "--format", "json")  # fmt: skip
    # A script's job in the background inherits SIGINT as ignored, and would hand that on.
    inherited = signal.signal(signal.SIGINT, signal.default_int_handler)
    process = subprocess.Popen(
        [sys.executable, "-m", "harness", *words], env=environment,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    signal.signal(signal.SIGINT, inherited)
    while not log.exists() or log.read_text().count("\n") < 5:
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    out, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "stored, the same command goes on from here" in said
    statuses = [Record.from_json(line).status.value for line in out.splitlines()]
    done = statuses.count("ok")
    assert done >= 4
    assert statuses.count("interrupted") <= 1
    resumed = ok(command(*words))
    assert f"{60 - done} computed, {done} taken from the store" in resumed.stderr


INTERRUPTED = """
import os, signal, sys

class Interrupts:
    def find_spec(self, name, path=None, target=None):
        if name == WHEN:
            sys.meta_path.remove(self)
            os.kill(os.getpid(), signal.SIGINT)

WHEN, sys.argv = sys.argv[1], ["harness", "list"]
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.meta_path.insert(0, Interrupts())
from harness.__main__ import main
sys.exit(main())
"""


@pytest.mark.parametrize(
    "when", ["harness.cli", "argparse", "harness.verbs", "harness.cli.list_", "numpy"]
)
def test_ctrl_c_while_it_starts_is_no_traceback(when, environment):
    """Sent as a module begins to be imported, so that no clock decides when it comes."""
    words = [sys.executable, "-c", INTERRUPTED, when]
    ran = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
    assert ran.returncode in (130, -signal.SIGINT), ran.stderr
    assert "Traceback" not in ran.stderr
    assert "toy" not in ran.stdout


def test_a_reader_that_has_seen_enough(environment):
    line = f"{sys.executable} -m harness list | head -1"
    ran = subprocess.run(["bash", "-c", f"set -o pipefail; {line}"], capture_output=True, text=True, check=False,
                         env=environment)  # fmt: skip
    assert "Traceback" not in ran.stderr


def test_curves_are_written_as_csv(command, tmp_path):
    ok(command("run", "--task", "bends", "--estimator", "bend"))
    ok(command(*NORMALS))
    file = tmp_path / "curves.csv"
    assert "3 points in" in ok(command("results", "--curves", file)).stderr
    assert file.read_text().splitlines() == [
        "task,case,models,estimator,seed,name_x,x,name_y,y,stderr",
        "toy/bends,bend,,toy/bend,0,rate,0.0,nats,inf,0.0",
        "toy/bends,bend,,toy/bend,0,rate,1.0,nats,1.0,0.1",
        "toy/bends,bend,,toy/bend,0,rate,2.0,nats,4.0,0.2",
    ]
    none = command("results", "--task", "normals", "--curves", file)
    assert none.returncode == 2
    assert "none of these results has a curve" in none.stderr


def test_a_device_that_is_not_there_is_one_line_and_status_2(command):
    """On a machine with a GPU the path runs there, or would."""
    asked = ("run", "--task", "normals", "--estimator", "on-device", "--device")
    refused = command(*asked, "tpu")
    assert refused.returncode == 2
    assert "toy/on-device.device: 'tpu'; wanted one of 'cpu', 'cuda'" in refused.stderr
    assert (
        "--gpu-workers 0; wanted 1 or more" in command(*asked, "cpu", "--gpu-workers", "0").stderr
    )


def test_results_tell_settings_and_history_apart(command, tmp_path):
    store = ("--store", tmp_path / "a")
    ok(command(*NORMALS, *store))
    ok(command(*NORMALS, "--set", "mean.scale=2", *store))
    ok(command(*NORMALS, "--no-cache", *store))
    both = ok(command("results", *store)).stdout
    assert "mean (scale=1)" in both
    assert "mean (scale=2)" in both

    def count(*words):
        found = command("results", *store, "--format", "json", *words)
        return len(ok(found).stdout.splitlines())

    assert count() == 6
    assert count("--history") == 9
    assert count("--set", "mean.scale=2.0") == 3
    assert count("--set", "normals.n=50") == 6
    one = Record.from_json(
        ok(command("results", *store, "--format", "json")).stdout.splitlines()[0]
    )
    assert count("--fingerprint", one.fingerprint[7:19]) == 2
    assert count("--since", one.started[:10]) == 6
    for nothing in (("--since", "2999-01-01"), ("--set", "mean.scale=3"), ("--fingerprint", "no")):
        assert command("results", *store, *nothing).returncode == 2
    assert " of 20" in ok(command("results", "--history", *store)).stdout
