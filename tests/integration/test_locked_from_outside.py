"""What another process locks, or ends, counts at the running server's very next request."""

from __future__ import annotations

import subprocess
import sys

import pytest
from support.home import PASSWORD
from support.live_server import Client, LiveServer, notebook
from support.reaching import READS

pytestmark = pytest.mark.integration

CANARY = "canary-outside-31"
_MAIN = "from jupyter_secure.cli.main import main; exit(main())"


@pytest.fixture(scope="module")
def client(server: LiveServer) -> Client:
    return server.logged_in()


def command(server: LiveServer, action: str, *arguments: str) -> None:
    """Run `jupyter secure lock` or `unlock`, as beside a server that runs."""
    home = server.home
    account = ["--username", home.username, "--password-stdin", "--root", str(home.work)]
    subprocess.run(
        [sys.executable, "-c", _MAIN, action, *account, *arguments],
        input=PASSWORD.encode(),
        env=home.variables,
        cwd=home.work,
        check=True,
    )


@pytest.mark.parametrize("way", ["contents", "as text", "hash", "files", "copy"])
def test_a_lock_from_outside_withholds_at_the_next_request(
    server: LiveServer, client: Client, way: str
) -> None:
    """However often it was read before, it is withheld at the next request."""
    path = f"{way.replace(' ', '-')}.ipynb"
    assert client.save(path, notebook(CANARY)).status_code == 201
    for _ in range(3):
        assert READS[way](client, path).ok
    command(server, "lock", path)
    answer = READS[way](client, path)
    assert answer.status_code == 423, answer.text[:300]
    assert CANARY not in answer.text


def test_a_read_only_lock_from_outside_holds_at_the_next_save(
    server: LiveServer, client: Client
) -> None:
    """A notebook that was just saved is not saved any more."""
    path = "fixed.ipynb"
    for _ in range(3):
        assert client.save(path, notebook(CANARY)).status_code in (200, 201)
    command(server, "lock", "--mode", "read-only", path)
    assert client.save(path, notebook("other")).status_code == 423
    assert client.get(f"/api/contents/{path}").json()["writable"] is False
    command(server, "unlock", path)
    assert client.save(path, notebook("other")).status_code == 200
