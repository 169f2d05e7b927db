"""The hub's code path on local folders of the same layout: no network."""

import pytest

from harness import MissingDependency, UsageError
from harness_atoms import hub

datasets = pytest.importorskip("datasets")


@pytest.fixture(autouse=True)
def offline(monkeypatch, tmp_path):
    import huggingface_hub.constants

    hub.load.cache_clear()
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def repository(few, write_parquet, tmp_path):
    """Laid out like a repository on the hub, with the configuration ``default``."""
    folder = tmp_path / "colabfit" / "mini"
    write_parquet(folder / "co" / "co_0.parquet", few.take(range(6)))
    write_parquet(folder / "co" / "co_1.parquet", few.take(range(6, few.n)))
    (folder / "README.md").write_text(
        "---\nconfigs:\n- config_name: default\n  data_files: co/*.parquet\n"
        "- config_name: info\n  data_files: ds.parquet\n---\n"
    )
    write_parquet(folder / "ds.parquet", [{"name": "mini", "license": "cc0-1.0"}])
    return str(folder)


def test_the_configurations_of_a_repository(repository, few):
    assert hub.load(repository) == few


def test_a_repository_without_the_config_default(few, write_parquet, tmp_path):
    folder = tmp_path / "colabfit" / "old"
    write_parquet(folder / "main" / "main_0.parquet", few)
    (folder / "README.md").write_text(
        "---\nconfigs:\n- config_name: main\n  data_files: main/*.parquet\n---\n"
    )
    assert hub.load(str(folder)) == few


def test_a_limit_takes_a_seeded_part(repository, few, monkeypatch):
    from datasets.packaged_modules.parquet.parquet import Parquet

    # The library waits five seconds for its threads after every stream that is left early.
    monkeypatch.setattr(Parquet, "SLEEP_ON_THREADS_SHUTDOWNS", False, raising=False)
    first = hub.load(repository, limit=5, seed=3)
    hub.load.cache_clear()
    again, other = hub.load(repository, limit=5, seed=3), hub.load(repository, limit=5, seed=4)
    assert first.n == other.n == 5
    assert first == again
    assert first != other
    assert set(first.energies) < set(few.energies)


def test_only_what_is_needed_is_read(repository, monkeypatch):
    asked = []
    plain = datasets.IterableDataset.select_columns

    def spy(self, columns):
        asked.extend(columns)
        return plain(self, columns)

    monkeypatch.setattr(datasets.IterableDataset, "select_columns", spy)
    hub.load(repository)
    assert "property_id" not in asked
    assert {"atomic_numbers", "positions", "atomic_forces"} <= set(asked)


def test_arguments_to_the_library(few, records, monkeypatch):
    """Streaming, the pinned revision, the only split there is, and no code from the repository."""
    calls = []

    class Table:
        column_names = None

        def __iter__(self):
            return iter(records(few))

        def select_columns(self, columns):
            return self

    def load_dataset(*args, **kw):
        calls.append((args, kw))
        return Table()

    monkeypatch.setattr(datasets, "load_dataset", load_dataset)
    assert hub.load("colabfit/mini", revision="v2") == few
    assert calls == [
        (("colabfit/mini", "default"), {"split": "train", "streaming": True, "revision": "v2"})
    ]


def test_another_schema(write_parquet, tmp_path):
    folder = tmp_path / "colabfit" / "odd"
    write_parquet(folder / "data.parquet", [{"text": "a"}])
    with pytest.raises(UsageError, match="no column 'atomic_numbers'; wanted ColabFit's schema"):
        hub.load(str(folder))


def test_offline_names_the_repository_and_the_cache():
    with pytest.raises(UsageError) as error:
        hub.load("colabfit/mlearn_Si_trian")
    text = str(error.value)
    assert "\n" not in text
    assert text.startswith(
        "colabfit/mlearn_Si_trian@main: cannot be loaded from the Hugging Face hub"
    )
    assert "did you mean colabfit/mlearn_Si_train?" in text
    assert "HF_HOME" in text


def test_without_the_library(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "datasets", None)
    with pytest.raises(MissingDependency, match=r"pip install 'infoharness\[hub\]'"):
        hub.load("colabfit/mini")
