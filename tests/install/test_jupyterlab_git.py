"""The real jupyterlab-git beside us: comparing, for who may see a notebook and who may not."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from support.home import set_up
from support.live_server import Client, LiveServer, notebook, running
from support.team import invite, join

pytestmark = [pytest.mark.install, pytest.mark.xdist_group("jupyterlab-git")]

CANARY = "the tide turns at Porlock"
API = "/jupyter-secure/api"
HEAD, WORKING, INDEX = {"git": "HEAD"}, {"special": "WORKING"}, {"special": "INDEX"}


@pytest.fixture(scope="module")
def server(
    tmp_path_factory: pytest.TempPathFactory, program: Callable[[str], str]
) -> Iterator[LiveServer]:
    """A server with it, on a folder that is a repository with one notebook in it."""
    site = tmp_path_factory.mktemp("site")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", site]
    # What they need besides is here already. Enabled for this server only.
    subprocess.run([*pip, "jupyterlab-git>=0.52", "jupyterlab-git-core>=0.52"], check=True)
    home = set_up(tmp_path_factory.mktemp("home"))
    paths = (str(site), home.variables.get("PYTHONPATH", ""))
    home.variables["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
    home.configure(ServerApp={"jpserver_extensions": {"jupyterlab_git": True}})
    git = program("git")
    with running(home) as server:
        owner = server.logged_in()
        assert owner.save("a.ipynb", notebook(f"print('{CANARY} one')")).status_code == 201
        for command in (
            ("init", "-qb", "main"),
            ("config", "user.name", "alice"),
            ("config", "user.email", "alice@example.org"),
            ("add", "a.ipynb"),
            ("commit", "-qm", "one"),
        ):
            subprocess.run([git, *command], cwd=home.work, check=True, env=home.variables)
        assert owner.save("a.ipynb", notebook(f"print('{CANARY} two')")).status_code == 200
        yield server


@pytest.fixture(scope="module")
def owner(server: LiveServer) -> Client:
    return server.logged_in()


def content(client: Client, reference: dict[str, str], name: str = "a.ipynb") -> Any:
    body = {"filename": name, "reference": reference}
    return client.post("/git/content", json=body)


def test_is_the_real_one(server: LiveServer, owner: Client) -> None:
    """It is there, found our repository, and sees ciphertext as Git does."""
    answer = owner.post("/git/status")
    assert answer.status_code == 200, answer.text
    assert [one["to"] for one in answer.json()["files"] if one["y"] == "M"] == ["a.ipynb"]
    git = ("git", "show", "HEAD:a.ipynb")
    stored = subprocess.run(git, cwd=server.home.work, capture_output=True, check=True).stdout
    assert CANARY.encode() not in stored


def test_both_sides_of_a_comparison(owner: Client) -> None:
    """What was committed, what is staged and what is in the folder come as notebooks to compare."""
    for reference, text in ((HEAD, "one"), (INDEX, "one"), (WORKING, "two")):
        answer = content(owner, reference)
        assert answer.status_code == 200, answer.text
        found = json.loads(answer.json()["content"])
        assert f"{CANARY} {text}" in found["cells"][0]["source"]


def test_compares_them_as_notebooks(owner: Client) -> None:
    """Its comparison of notebooks names the cell that was changed."""
    before, after = (content(owner, one).json()["content"] for one in (HEAD, WORKING))
    body = {"previousContent": before, "currentContent": after}
    answer = owner.post("/git/diffnotebook", json=body)
    assert answer.status_code == 200, answer.text
    assert [one["key"] for one in answer.json()["diff"]] == ["cells"]


def test_locked(server: LiveServer, owner: Client) -> None:
    """A private notebook's past is shown to its owner after a code, and to nobody else."""
    assert owner.elevate().status_code == 200
    bob = join(server, invite(owner, "bob")).elevated(server)
    assert CANARY in content(bob, HEAD).text
    assert owner.put(f"{API}/locks/a.ipynb", json={"mode": "private"}).status_code == 200
    for client in (bob, owner):
        for reference in (HEAD, INDEX, WORKING):
            answer = content(client, reference)
            assert answer.status_code >= 400
            assert CANARY not in answer.text
    assert owner.elevate().status_code == 200
    assert CANARY in content(owner, HEAD).text
    assert owner.delete(f"{API}/locks/a.ipynb").status_code == 204


def test_nobody(server: LiveServer) -> None:
    """Without a session none of its routes answers."""
    assert content(server.client(), HEAD).status_code in (401, 403)


def test_nothing_readable_is_left(server: LiveServer, owner: Client) -> None:
    """After all of that no file of the account holds a word of the notebook."""
    assert CANARY in content(owner, HEAD).text
    assert server.home.files_holding(CANARY.encode()) == []
