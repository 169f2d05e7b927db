"""A Slurm of this machine, where its programs are: the drill with one killed job, and one shard."""

import pytest

drills = pytest.importorskip("drills.slurm", reason="needs the folder of the repository")
pytest.importorskip("submitit")


@pytest.mark.slow
@pytest.mark.skipif(bool(drills.missing()), reason=f"no Slurm here: {', '.join(drills.missing())}")
def test_records_survive_a_killed_job_and_a_killed_shard():
    found, passed = drills.drill(1)
    assert passed, found
