"""What Git is told, and how it is taken back."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.gits import Person

from jupyter_secure.app.git import blocks
from jupyter_secure.app.git.plaintext import Plain, find_plain
from jupyter_secure.app.git.repository import Repository
from jupyter_secure.app.git.set_up import (
    Wishes,
    attribute_patterns,
    installed,
    put_hook,
    remove,
    set_up,
)
from jupyter_secure.errors import Conflict, NotFound


@pytest.fixture
def repository(alice: Person, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """An empty repository, with Alice's settings of Git and nobody else's."""
    for name, value in alice.variables.items():
        monkeypatch.setenv(name, value)
    alice.git("init", "-q")
    return Repository.at(alice.clone)


def test_twice(repository: Repository, alice: Person) -> None:
    """Doing it again changes nothing; nothing that was converted is ever kept."""
    set_up(repository, alice.state, Wishes())
    files = [alice.clone / ".gitattributes", alice.clone / ".gitignore"]
    before = [path.read_bytes() for path in files]
    set_up(repository, alice.state, Wishes())
    assert [path.read_bytes() for path in files] == before
    assert alice.git("config", "diff.jupyter-secure.cachetextconv") == "false\n"
    assert installed(repository).complete
    assert installed(repository).attributes


def test_by_cell_and_back(repository: Repository, alice: Person) -> None:
    """What is not wished for any more is taken out."""
    set_up(repository, alice.state, Wishes(by_cell=True))
    assert repository.setting("diff.jupyter-secure.command")
    set_up(repository, alice.state, Wishes())
    assert not repository.setting("diff.jupyter-secure.command")


def test_an_environment_that_is_gone(repository: Repository, alice: Person) -> None:
    """A driver that cannot start any more counts for nothing."""
    set_up(repository, alice.state, Wishes())
    command = repository.setting("diff.jupyter-secure.textconv")
    repository.put_setting("diff.jupyter-secure.textconv", command.replace("driver.py", "gone.py"))
    assert not installed(repository).complete


def test_for_the_account(repository: Repository, alice: Person) -> None:
    """With --global it holds in every repository, and --remove takes it out everywhere."""
    everywhere = Repository(None)
    set_up(everywhere, alice.state, Wishes())
    assert installed(repository).complete
    (alice.clone / "a.ipynb").write_bytes(b"x")
    assert "diff: jupyter-secure" in alice.git("check-attr", "diff", "a.ipynb")
    remove(everywhere)
    assert not installed(repository).complete
    assert "diff: unspecified" in alice.git("check-attr", "diff", "a.ipynb")


def test_anothers_hook(repository: Repository, alice: Person) -> None:
    """A hook that is there stays as it is; what to add to it is said."""
    hook = alice.clone / ".git" / "hooks" / "pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\n")
    with pytest.raises(Conflict, match=r"git check --staged \|\| exit 1"):
        put_hook(repository)
    remove(repository)
    assert hook.read_text() == "#!/bin/sh\n"


def test_no_repository(tmp_path: Path) -> None:
    """Outside of one it says so."""
    for folder in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(NotFound):
            Repository.at(folder)


@pytest.mark.parametrize(
    "before", ["", "*.png binary\n", "no end", "a\n\n# jupyter-secure: begin\nold\n"]
)
def test_lines_among_others(tmp_path: Path, before: str) -> None:
    """Our lines come and go; those of others stay in their order."""
    path = tmp_path / ".gitattributes"
    path.write_text(before)
    others = [line for line in before.splitlines() if "jupyter" not in line and line != "old"]
    blocks.put(path, ["ours"])
    assert path.read_text().splitlines()[-3:-1] == ["# jupyter-secure: begin", "ours"]
    assert path.read_text().splitlines()[:-3] == others
    blocks.put(path, [])
    assert (path.read_text().splitlines() if path.exists() else []) == others


@pytest.mark.parametrize(
    ("encrypt", "marked", "root", "top", "wanted"),
    [
        (["*.ipynb"], [], "w", "w", ["*.ipynb"]),
        (["*.ipynb"], ["data"], "w", "w", ["*.ipynb", "/data/**"]),
        (["*.ipynb"], ["p/data"], "w", "w/p", ["*.ipynb", "/data/**"]),
        (["*.ipynb"], ["p"], "w", "w/p/q", ["*.ipynb", "**"]),
        (["*.ipynb"], ["other"], "w", "w/p", ["*.ipynb"]),
        (["p/*.csv"], [], "w", "w", ["/p/*.csv", "/p/**.csv"]),
        (["*.my data"], [], "w", "w", ['"*.my data"']),
        ([], [], "w", "w", ["*.ipynb"]),
    ],
)
def test_patterns(
    tmp_path: Path, encrypt: list[str], marked: list[str], root: str, top: str, wanted: list[str]
) -> None:
    """What a server seals is what .gitattributes name, seen from the repository's top."""
    found = attribute_patterns(encrypt, marked, tmp_path / root, tmp_path / top)
    assert sorted(found) == sorted(wanted)


def test_finding_plain_text(repository: Repository, alice: Person) -> None:
    """Plain notebooks are found where they are: staged, committed, or only in the history."""
    set_up(repository, alice.state, Wishes(("*.ipynb", "/data/**")))
    (alice.clone / "data").mkdir()
    for name in ("a.ipynb", "b.ipynb", "data/x.csv", "fine.csv", "empty.ipynb"):
        (alice.clone / name).write_text("" if "empty" in name else "plain text")
    alice.git("add", "-A")
    alice.git("commit", "-qm", "1")
    (alice.clone / "a.ipynb").unlink()
    alice.commit("a.ipynb", {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": []})
    alice.git("rm", "-q", "--cached", "b.ipynb")
    assert find_plain(repository, committed=False, history=False) == [Plain("data/x.csv", "staged")]
    found = find_plain(repository, committed=True, history=True)
    assert [one.path for one in found if one.where == "committed"] == ["b.ipynb", "data/x.csv"]
    assert [one.path for one in found if one.where == "history"] == [
        "a.ipynb",
        "b.ipynb",
        "data/x.csv",
    ]
