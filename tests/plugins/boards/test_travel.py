"""Boards sent to a repository and brought back: a folder, and the client of the Hub against calls on loopback."""

import base64
import hashlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlparse

import pytest

from harness.cli import main
from harness_boards import definition


class Hub(ThreadingHTTPServer):
    """The calls that a dataset repository needs, in memory: each repository a list of commits, each of these its files by name."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Calls)
        self.repos, self.private, self.thread = {}, {}, threading.Thread(target=self.serve_forever)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *error):
        self.shutdown()
        self.thread.join()
        self.server_close()


def sha(name, commits):
    return hashlib.sha1(f"{name}{len(commits)}".encode()).hexdigest()


def blob(content):
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


class Calls(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *words):
        pass

    def body(self):
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def answer(self, value, status=200, **headers):
        content = value if isinstance(value, bytes) else json.dumps(value).encode()
        self.send_response(status)
        for name, text in {
            "Content-Length": len(content),
            "Content-Type": "application/json",
            **headers,
        }.items():
            self.send_header(name.replace("_", "-"), str(text))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def absent(self, what="RepoNotFound"):
        self.answer({"error": what}, 404, X_Error_Code=what, X_Error_Message=what)

    def do_POST(self):
        words, body = unquote(urlparse(self.path).path).strip("/").split("/"), self.body()
        if words == ["api", "repos", "create"]:
            said = json.loads(body)
            name = f"{said['organization']}/{said['name']}"
            assert said["type"] == "dataset"
            if name in self.server.repos:
                return self.answer(
                    {
                        "error": "You already created this dataset repo",
                        "url": f"{self.server.url}/datasets/{name}",
                    },
                    409,
                )
            self.server.repos[name] = [{}]
            self.server.private[name] = said.get("visibility") == "private" or said.get(
                "private", False
            )
            return self.answer({"url": f"{self.server.url}/datasets/{name}"})
        commits = self.server.repos.get("/".join(words[2:4]))
        if words[:2] != ["api", "datasets"] or commits is None:
            return self.absent()
        name = "/".join(words[2:4])
        if words[4] == "preupload":
            files = [
                {
                    "path": f["path"],
                    "uploadMode": "regular",
                    "shouldIgnore": False,
                    "oid": blob(commits[-1][f["path"]]) if f["path"] in commits[-1] else None,
                }
                for f in json.loads(body)["files"]
            ]
            return self.answer({"files": files})
        assert words[4] == "commit"
        lines = [json.loads(line) for line in body.splitlines()]
        assert {line["key"] for line in lines} <= {"header", "file"}
        new = {
            x["value"]["path"]: base64.b64decode(x["value"]["content"])
            for x in lines
            if x["key"] == "file"
        }
        commits.append(commits[-1] | new)
        oid = sha(name, commits)
        return self.answer(
            {
                "success": True,
                "commitOid": oid,
                "commitUrl": f"{self.server.url}/datasets/{name}/commit/{oid}",
            }
        )

    def do_GET(self):
        words = unquote(urlparse(self.path).path).strip("/").split("/")
        words = words[1:] if words[0] == "api" else words
        name = "/".join(words[1:3])
        commits = self.server.repos.get(name)
        if words[0] != "datasets" or commits is None:
            return self.absent()
        known = {sha(name, commits[:n]): files for n, files in enumerate(commits, 1)} | {
            "main": commits[-1]
        }
        files = known.get(words[4])
        if files is None:
            return self.absent("RevisionNotFound")
        commit = next(k for k, v in known.items() if v is files)
        if words[3] == "revision":
            return self.answer(
                {
                    "id": name,
                    "sha": commit,
                    "siblings": [{"rfilename": n} for n in files],
                    "private": True,
                }
            )
        if words[3] == "tree":
            return self.answer(
                [
                    {"type": "file", "path": n, "size": len(c), "oid": blob(c)}
                    for n, c in files.items()
                ]
            )
        assert words[3] == "resolve"
        file = "/".join(words[5:])
        if file not in files:
            return self.absent("EntryNotFound")
        return self.answer(files[file], ETag=f'"{blob(files[file])}"', X_Repo_Commit=commit)

    do_HEAD = do_GET


@pytest.fixture
def hub(monkeypatch):
    """An empty Hub that the client talks to, without any token of this machine."""
    constants = pytest.importorskip("huggingface_hub.constants")
    with Hub() as server:
        template = constants.HUGGINGFACE_CO_URL_TEMPLATE.replace(constants.ENDPOINT, server.url)
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
        monkeypatch.setattr(constants, "ENDPOINT", server.url)
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        monkeypatch.setattr(constants, "HF_HUB_DISABLE_IMPLICIT_TOKEN", True)
        monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
        monkeypatch.delenv("HF_TOKEN", raising=False)
        yield server


@pytest.fixture
def boards(board, record):
    """A folder with two boards, the first of two plugins."""
    made = board([record(), record(plugin="f", value=1.5)], name="toys")
    board([record(case="two")], name="more")
    (made.folder / "index.html").write_text("made again by build")
    return made.folder.parent


def contents(root):
    """What boards are made from, by name: everything but what is generated."""
    files = [f for f in root.rglob("*") if f.is_file() and f.name != "index.html"]
    return {f.relative_to(root).as_posix(): f.read_bytes() for f in files}


def run(*words):
    return main(["board", *map(str, words)])


def test_folder_and_back(boards, tmp_path, capsys):
    there, back = tmp_path / "there", tmp_path / "back"
    assert run("push", there, "--boards", boards) == 0
    assert contents(there) == contents(boards)
    assert len(contents(there)) == 7
    assert not list(there.rglob("index.html"))
    assert run("pull", there, "toys", "--boards", back) == 0
    assert contents(back) == {k: v for k, v in contents(boards).items() if k.startswith("toys/")}
    assert run("pull", there, "--boards", back) == 0
    assert contents(back) == contents(boards)
    assert "7 files of 2 boards, 3 of them new or changed" in capsys.readouterr().err
    assert run("pull", there, "toyz", "--boards", back) == 2
    assert "toys" in capsys.readouterr().err


def test_hub_and_back(boards, tmp_path, hub, capsys):
    back, old = tmp_path / "back", tmp_path / "old"
    assert run("push", "me/boards", "toys", "--boards", boards) == 0
    assert hub.private == {"me/boards": True}
    first = hub.repos["me/boards"][-1]
    assert first == {k: v for k, v in contents(boards).items() if k.startswith("toys/")}
    assert run("push", "me/boards", "--boards", boards) == 0
    assert hub.repos["me/boards"][-1] == contents(boards)
    assert run("pull", "me/boards", "--boards", back) == 0
    assert contents(back) == contents(boards)
    assert [b.name for b in definition.every(back)] == ["more", "toys"]
    commit = sha("me/boards", hub.repos["me/boards"][:2])
    assert run("pull", "me/boards", "--revision", commit, "--boards", old) == 0
    assert contents(old) == first
    for words, said in (
        (["no/where"], "no/where"),
        (["me/boards", "--revision", "none"], "Revision"),
    ):
        assert run("pull", *words, "--boards", tmp_path / "none") == 2
        assert said in capsys.readouterr().err
    assert not (tmp_path / "none").exists()


def test_nothing_here_is_lost(boards, tmp_path, capsys):
    there, back = tmp_path / "there", tmp_path / "back"
    run("push", there, "--boards", boards)
    run("pull", there, "--boards", back)
    mine = back / "toys" / "board.toml"
    mine.write_text(mine.read_text().replace("Toys", "Mine"))
    (back / "more" / "board.lock.json").unlink()
    before = contents(back)
    assert run("pull", there, "--boards", back) == 2
    assert "toys/board.toml" in capsys.readouterr().err
    assert contents(back) == before
    assert run("pull", there, "--overwrite", "--boards", back) == 0
    assert contents(back) == contents(boards)


@pytest.mark.parametrize("fault", ["changed", "link", "foreign"])
def test_broken_boards_do_not_arrive(boards, tmp_path, capsys, fault):
    there, back = tmp_path / "there", tmp_path / "back"
    run("push", there, "--boards", boards)
    file = there / "toys" / "records" / "e.jsonl"
    if fault == "changed":
        file.write_bytes(file.read_bytes().replace(b'"value": 1.0', b'"value": 1.1'))
        said = "sha256 differs"
    elif fault == "link":
        file.rename(tmp_path / "elsewhere")
        file.symlink_to(tmp_path / "elsewhere")
        said = "regular file"
    else:
        file.rename(file.with_name("Setup.py"))
        said = "wanted only files named PLUGIN.jsonl"
    assert run("pull", there, "--boards", back) == 2
    assert said in capsys.readouterr().err
    assert not back.exists()
