import hashlib

import numpy as np
import pytest

from harness import UsageError
from harness_atoms.sources import EMBEDDED, resolve


def names(request, **kw):
    return [source.name for source in resolve(request, **kw)]


def test_nothing_asked_for_gives_the_embedded_sets():
    assert names("") == names(" , ") == list(EMBEDDED)
    assert names("metals") == ["metals"]


def test_files_folders_and_lists(few, write_parquet, tmp_path):
    few.save(tmp_path / "sets" / "a.npz")
    few.save(tmp_path / "sets" / "b.npz")
    (tmp_path / "sets" / "README.md").touch()
    repository = write_parquet(tmp_path / "sets" / "mlearn" / "co" / "co_0.parquet", few).parents[1]
    assert names(str(tmp_path / "sets")) == ["a", "b", "mlearn"]
    assert names(f"{tmp_path}/sets/b.npz, {repository}") == ["b", "mlearn"]
    assert names(f"{repository}") == names(f"{repository}/co") == ["mlearn"]
    assert resolve(f"{repository}/co")[0].load() == few


def test_one_path_with_a_comma(few, tmp_path):
    few.save(tmp_path / "a,b.npz")
    assert names(str(tmp_path / "a,b.npz")) == ["a,b"]


def test_parts_are_in_the_order_of_their_numbers(few, write_parquet, tmp_path):
    for i in range(11):
        write_parquet(tmp_path / "set" / "co" / f"co_{i}.parquet", few.take([i]))
    assert resolve(str(tmp_path / "set"))[0].load() == few.take(np.arange(11))


def test_equal_names_are_told_apart(few, tmp_path):
    for folder in "xyz":
        few.save(tmp_path / folder / "train.npz")
    asked = ",".join(str(tmp_path / folder / "train.npz") for folder in "xyz")
    assert names(asked) == ["train", "train-2", "train-3"]


def test_stamp_is_of_the_contents(few, tmp_path):
    path = tmp_path / "a.npz"
    few.save(path)
    first = resolve(str(path))[0]
    (tmp_path / "b.npz").write_bytes(path.read_bytes())
    assert resolve(str(tmp_path / "b.npz"))[0].stamp == first.stamp
    assert first.load() == few
    few.take([0, 1]).save(path)
    second = resolve(str(path))[0]
    assert second.stamp != first.stamp
    assert second.load() == few.take([0, 1])


def test_resolving_reads_no_structures(few, tmp_path):
    path = tmp_path / "broken.npz"
    path.write_bytes(b"no archive")
    source = resolve(str(path))[0]
    with pytest.raises(UsageError, match="broken"):
        source.load()


def test_subsamples_are_seeded():
    whole = resolve("copper")[0].load()
    first, again, other = (resolve("copper", limit=20, seed=seed)[0].load() for seed in (1, 1, 2))
    assert first.n == 20
    assert first == again
    assert first != other
    # Distinct structures, in their old order.
    energies = whole.energies.tolist()
    at = [energies.index(e) for e in first.energies]
    assert at == sorted(set(at))
    assert resolve("copper", limit=whole.n)[0].load() == whole


def test_only_a_commit_pins_the_hub():
    commit = "0123456789abcdef0123456789abcdef01234567"
    assert resolve("colabfit/x", revision="main")[0].stamp is None
    assert resolve("colabfit/x", revision=commit)[0].stamp == f"colabfit/x@{commit}"
    assert names("colabfit/mlearn_Si_train") == ["mlearn_Si_train"]


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ("coper", "unknown data set 'coper': did you mean copper?"),
        (
            "mlearn_Si_trian",
            "unknown data set 'mlearn_Si_trian': did you mean colabfit/mlearn_Si_train?",
        ),
        (
            "qqq",
            "unknown data set 'qqq': wanted a file, a folder, colabfit/NAME, or copper, "
            "copper-gold, metals",
        ),
        ("copper,missing.xyz", "missing.xyz: no such file or folder; wanted"),
        ("./data/silicon", "./data/silicon: no such file or folder; wanted"),
    ],
)
def test_unknown_names(request_, message):
    with pytest.raises(UsageError) as error:
        resolve(request_)
    assert str(error.value).startswith(message)


def test_a_folder_without_structures(tmp_path):
    (tmp_path / "notes.txt").touch()
    with pytest.raises(UsageError, match=r"no structures in this folder; wanted files \.extxyz"):
        resolve(str(tmp_path))


def test_an_unreadable_file(few, tmp_path, monkeypatch):
    def refuse(*_args):
        raise PermissionError(13, "Permission denied")

    few.save(tmp_path / "a.npz")
    monkeypatch.setattr(hashlib, "file_digest", refuse)
    with pytest.raises(
        UsageError, match=r"a\.npz: Permission denied; wanted a file that can be read"
    ):
        resolve(str(tmp_path / "a.npz"))
