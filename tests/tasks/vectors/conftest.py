import pytest

from harness import Case


@pytest.fixture(scope="session")
def by_id():
    """The cases of a task by their ids."""

    def listed(task, seed=0) -> dict[str, Case]:
        return {case.id: case for case in task.cases(seed=seed)}

    return listed
