"""``harness run --plugin msc --task colabfit``, as users run it."""

import pytest

from harness.records import Record, Records

JOB = ("run", "--plugin", "msc", "--task", "colabfit")
SELECTORS = {"msc", "random", "k-means", "k-means-entropy", "mean-fps", "fps", "max-entropy"}


def records(process):
    assert process.returncode == 0, process.stderr
    return Records(Record.from_json(line) for line in process.stdout.splitlines())


def values(found):
    return {(r.case, r.estimator, r.seed): (r.value, dict(r.scores), r.fingerprint) for r in found}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("main-job")


def test_embedded_data(command, place):
    """No network, no data: the table, the same with two workers, nothing computed the second time."""
    job = (*JOB, "--set", "colabfit.dataset=copper", "--set", "colabfit.rates=0.1,0.5")
    first = command(*job, "--store", place / "one", "--format", "json", "--seeds", "0:2")
    found = records(first)
    assert {r.estimator.removeprefix("msc/") for r in found if r.scores} == SELECTORS
    assert {r.case for r in found} == {"copper", "copper@10%", "copper@50%"}
    two = command(
        *job, "--store", place / "two", "--format", "json", "--seeds", "0:2", "--workers", "2"
    )
    assert values(records(two)) == values(found)
    again = command(*job, "--store", place / "one", "--seeds", "0:2")
    assert "nothing to compute" in again.stderr
    overview = again.stdout.split("\n\n")[0]
    assert "diversity kept ↑" in overview
    assert all(name in again.stdout for name in SELECTORS)
    by_rate = {
        rate: {
            r.estimator: r.scores["diversity_kept"]
            for r in found
            if r.facts.get("rate") == rate and r.seed == 0
        }
        for rate in (0.1, 0.5)
    }
    assert by_rate[0.5]["msc/msc"] > by_rate[0.5]["msc/random"]


@pytest.mark.slow
@pytest.mark.data
def test_real_file(command, tmp_path, data_folder):
    """ColabFit's own format; the orderings that the plugin's page calls robust."""
    file = data_folder / "atoms" / "colabfit_mlearn_Mo_train"
    job = (
        *JOB,
        "--set",
        f"colabfit.dataset={file}",
        "--set",
        "colabfit.rates=0.1,0.2",
        "--estimator",
        "msc",
    )
    found = records(command(*job, "--seeds", "0:3", "--workers", "2", "--format", "json"))
    for rate in (0.1, 0.2):
        at = [r for r in found if r.facts.get("rate") == rate]
        mean = {
            (name, score): sum(r.scores[score] for r in at if r.estimator == f"msc/{name}") / 3
            for name in ("msc", "random", "k-means")
            for score in ("diversity_kept", "tail_recall", "q99_ratio")
        }
        assert mean["msc", "diversity_kept"] > max(
            mean["random", "diversity_kept"], mean["k-means", "diversity_kept"]
        )
        assert mean["msc", "tail_recall"] > 2 * mean["random", "tail_recall"]
        assert mean["msc", "q99_ratio"] >= 1


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("colabfit.dataset=nowhere.extxyz", "nowhere.extxyz: no such file or folder"),
        ("colabfit.dataset=coper", "unknown data set 'coper': did you mean copper?"),
        ("colabfit.rates=0.1,1.5", "atoms/colabfit.rates: 1.5; wanted"),
        ("colabfit.rates=0", "atoms/colabfit.rates: 0.0; wanted more than 0"),
        ("colabfit.rates=half", "atoms/colabfit.rates: 'half'; wanted a number"),
        (
            "colabfit.dataste=copper",
            "unknown parameter of atoms/colabfit 'dataste': did you mean dataset",
        ),
        ("msc.h=0", "msc/msc.h: 0.0; wanted more than 0"),
    ],
)
def test_wrong_requests_are_one_line_and_status_2(command, setting, message):
    ran = command(*JOB, "--set", setting)
    assert ran.returncode == 2
    assert ran.stdout == ""
    (line,) = ran.stderr.strip().splitlines()
    assert message in line


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("garbage\n", "wanted whole frames of extended XYZ"),
        (
            '2\nProperties=species:S:1:pos:R:3 pbc="F F F"\nH 0 0 0\n',
            "wanted whole frames of extended XYZ",
        ),
        (
            '1\nLattice="0 0 0 0 0 0 0 0 0" Properties=species:S:1:pos:R:3 pbc="T T T"\nCu 0 0 0\n',
            "no volume",
        ),
        ('1\nProperties=species:S:1:pos:R:3 pbc="F F F"\nCu nan 0 0\n', "NaN"),
    ],
)
def test_files_that_cannot_be_read_are_one_line_and_status_2(command, tmp_path, content, message):
    (tmp_path / "mine.extxyz").write_text(content)
    ran = command(
        *JOB, "--estimator", "random", "--set", f"colabfit.dataset={tmp_path / 'mine.extxyz'}"
    )
    assert ran.returncode == 2
    assert ran.stdout == ""
    lines = ran.stderr.strip().splitlines()
    lines = [line for line in lines if "to compute" not in line and " done" not in line]
    assert len(lines) == 1
    assert "mine.extxyz" in lines[0]
    assert message in lines[0]


def test_coincident_atoms_are_named(command, tmp_path):
    frames = '2\nProperties=species:S:1:pos:R:3 pbc="F F F"\nH 0 0 0\nH 0 0 1\n' * 3
    (tmp_path / "mine.extxyz").write_text(
        frames + '2\nProperties=species:S:1:pos:R:3 pbc="F F F"\nH 0 0 0\nH 0 0 0\n'
    )
    ran = command(
        *JOB, "--estimator", "random", "--set", f"colabfit.dataset={tmp_path / 'mine.extxyz'}"
    )
    assert ran.returncode == 1
    assert "structure 3" in ran.stderr or "row 3" in ran.stderr
