"""Which of several stored results of one request stands."""

import itertools

from harness.history import latest
from harness.records import Status
from harness.testing import record


def made(value, **fields):
    number = next(COUNT)
    common = {
        "key": str(number),
        "value": value,
        "fingerprint": "sha256:one",
        "sources": {"p": "1"},
    }
    return record("t/task", "e/estimator", **common | fields)


COUNT = itertools.count()
FAILED = {"status": Status.ERROR, "fingerprint": None}


def values(*records):
    return [r.value for r in latest(records)]


def test_an_edited_file_replaces_its_old_version():
    assert values(made(1.0), made(2.0, fingerprint="sha256:two")) == [2.0]


def test_changed_code_replaces_what_the_old_one_gave():
    assert values(made(1.0), made(2.0, sources={"p": "2"})) == [2.0]


def test_other_settings_seeds_and_cases_stand_beside_each_other():
    params = {"task": {}, "models": [], "estimator": {"h": 0.1}}
    found = values(made(1.0), made(2.0, params=params), made(3.0, seed=1), made(4.0, case="other"))
    assert found == [1.0, 2.0, 3.0, 4.0]


def test_a_file_by_two_paths_is_one():
    def by(path, value, print_):
        params = {"task": {"path": path}, "models": [], "estimator": {}}
        return made(value, params=params, fingerprint=print_)

    assert values(by("a/g.csv", 1.0, "x"), by("/home/a/g.csv", 1.5, "x")) == [1.5]
    assert values(by("a/g.csv", 1.0, "x"), by("b/g.csv", 1.5, "y")) == [1.0, 1.5]


def test_a_success_replaces_failures_and_is_not_replaced_by_them():
    interrupted = made(None, **FAILED | {"status": Status.INTERRUPTED})
    assert values(interrupted, made(1.0)) == [1.0]
    assert values(made(1.0), made(None, **FAILED)) == [1.0]
    newer = made(None, **FAILED | {"sources": {"p": "2"}})
    assert values(made(1.0), newer) == [None]  # the new code fails: the old value is no answer


def test_what_could_not_list_its_cases_did_later():
    assert values(made(None, case="*", **FAILED), made(1.0)) == [1.0]
