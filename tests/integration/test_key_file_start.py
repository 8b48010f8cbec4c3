"""A server that starts without a person: its vault is open from the start, and stays open."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.home import PASSWORD, Home, set_up
from support.live_server import Client, LiveServer, notebook, refusal, running

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(sys.platform == "win32", reason="modes are POSIX's"),
]

_COMMAND = [sys.executable, "-c", "from jupyter_secure.cli.main import main; exit(main())"]


def secure(home: Home, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run ``jupyter secure`` in that home, with the password on standard input."""
    return subprocess.run(
        [*_COMMAND, *arguments],
        input=PASSWORD,
        env=home.variables,
        cwd=home.work,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = set_up(tmp_path_factory.mktemp("home"))
    for path in (home.path / "vault.key", home.work / "served.key"):
        adding = ("add", "--key-file", str(path), "--name", path.stem, "--password-stdin")
        done = secure(home, "vault", "slots", *adding)
        assert done.returncode == 0, done.stderr
    return home


@pytest.fixture(scope="module")
def server(home: Home) -> Iterator[LiveServer]:
    with running(home, f"--SecureConfig.key_file={home.work / 'served.key'}") as server:
        yield server


def save_until(client: Client, path: Path, epoch: int) -> None:
    """Save until the file is sealed in that epoch."""
    until = time.monotonic() + 30
    while True:
        assert client.save(path.name, notebook("2")).status_code in (200, 201)
        if int.from_bytes(path.read_bytes()[60:68], "big") >= epoch:
            return
        assert time.monotonic() < until, "the server did not take the new epoch"
        time.sleep(0.5)


def test_open_without_a_session(server: LiveServer, home: Home) -> None:
    """The end of the last session does not seal the vault, and the panel says so in words."""
    client = server.logged_in()
    assert client.save("a.ipynb", notebook("1")).status_code == 201
    rows = client.get("/jupyter-secure/api/status").json()["protections"]
    (row,) = (row for row in rows if row["name"] == "encryption")
    assert row["summary"].startswith("vault open by a key file, also when nobody is logged in")
    assert row["level"] == "ok"
    client.get("/logout")
    # With nobody there it follows a new key epoch all the same, as only an open vault does.
    assert secure(home, "vault", "rotate", ".", "--password-stdin").returncode == 0
    time.sleep(6)
    client = server.logged_in()
    save_until(client, home.work / "b.ipynb", 2)


def test_nobody_gets_in_without_logging_in(server: LiveServer) -> None:
    """An open vault is no open door: who is not logged in is asked to."""
    stranger = server.client()
    assert stranger.get("/api/contents").status_code in (302, 401, 403)
    assert stranger.get("/files/a.ipynb").status_code in (302, 401, 403)


def test_key_file_is_not_served(server: LiveServer) -> None:
    """Below the root by mistake, it can be neither read, copied nor replaced through the server."""
    client = server.logged_in()
    assert client.get("/api/contents/served.key?content=1").status_code == 403
    assert client.get("/files/served.key").status_code == 403
    body = {"type": "file", "format": "text", "content": "x"}
    assert client.put("/api/contents/served.key", json=body).status_code == 403
    assert client.delete("/api/contents/served.key").status_code == 403


def test_full_rotation_waits(server: LiveServer, home: Home) -> None:  # noqa: ARG001  # it has to run
    """A new root key is refused while a server runs, and changes nothing."""
    before = (home.state / "vault.json").read_bytes()
    arguments = ("--full", "--drop-other-slots", "--password-stdin")
    done = secure(home, "vault", "rotate", ".", *arguments)
    assert done.returncode == 1
    assert "A server" in done.stderr
    assert "Stop it first" in done.stderr
    assert (home.state / "vault.json").read_bytes() == before


@pytest.mark.parametrize(
    ("content", "mode", "says"),
    [
        (None, 0o600, "There is no key file"),
        (b"", 0o600, "It is empty"),
        (b"jsec-key-file-1:00", 0o600, "cut short"),
        (b"jsec-key-file-1:" + b"00" * 32 + b"\n", 0o600, "does not open the vault"),
        ("right", 0o640, "is not safe"),
    ],
    ids=["missing", "empty", "cut", "of another vault", "open to others"],
)
def test_fails_closed(
    home: Home, tmp_path: Path, content: bytes | str | None, mode: int, says: str
) -> None:
    """With a key file that cannot be used the server does not start, and says why."""
    path = tmp_path / "wrong.key"
    if content == "right":
        shutil.copy(home.path / "vault.key", path)
    elif isinstance(content, bytes):
        path.write_bytes(content)
    if content is not None:
        path.chmod(mode)
    said = refusal(home, f"--SecureConfig.key_file={path}")
    assert says in said
    assert "This server does not start" in said


def test_status(home: Home) -> None:
    """`status` names the key file when it is set, and says so when no server would start by it."""
    home.configure(SecureConfig={"key_file": str(home.path / "vault.key")})
    assert "keep it open" in secure(home, "status").stdout
    home.configure(SecureConfig={"key_file": str(home.path / "missing.key")})
    done = secure(home, "status")
    assert done.returncode == 1
    assert "There is no key file" in done.stdout
    home.configure(SecureConfig={"key_file": ""})
