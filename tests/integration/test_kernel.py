"""A real kernel, over wss, and what it can and cannot see of the server."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import websocket
from support.home import PASSWORD, set_up
from support.live_server import Client, LiveServer, run_cell, running

pytestmark = pytest.mark.integration

NOBODY = 65534
# Root may read everything, so as root all of this is done as nobody. Changing the account closes a
# process's memory by itself; PR_SET_DUMPABLE (4) opens it again, as every process's is at first.
BECOME_ORDINARY = f"""
import ctypes, os, resource, sys
from jupyter_secure.crypto.memory import protect_process
if os.geteuid() == 0:
    os.setgid({NOBODY})
    os.setuid({NOBODY})
    ctypes.CDLL(None).prctl(4, 1, 0, 0, 0)
"""
WAIT = "print('up', flush=True); sys.stdin.read()"
READ_MEMORY = """
try:
    process = f"/proc/{sys.argv[1]}"
    with open(f"{process}/mem", "rb") as memory, open(f"{process}/maps") as maps:
        memory.seek(int(maps.readline().split("-")[0], 16))
        memory.read(16)
    print("read")
except PermissionError:
    print("refused")
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    home = set_up(tmp_path_factory.mktemp("home"))
    home.variables["JUPYTER_TOKEN"] = "canary-token"
    with running(home) as server:
        yield server


@pytest.fixture(scope="module")
def client(server: LiveServer) -> Client:
    return server.logged_in()


@pytest.fixture(scope="module")
def kernel(client: Client) -> str:
    answer = client.post("/api/kernels", json={"name": "python3"})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def channels(client: Client, kernel: str) -> websocket.WebSocket:
    return client.socket(f"/api/kernels/{kernel}/channels?session_id=s")


def test_a_cell_runs(client: Client, kernel: str) -> None:
    """Code runs on a real kernel through the gate."""
    assert run_cell(channels(client, kernel), "print(6 * 7)").strip() == "42"


def test_the_kernels_environment_holds_no_secret(
    server: LiveServer, client: Client, kernel: str
) -> None:
    """Neither a token, nor a password, a code or a session's identifier is handed to a kernel."""
    printed = run_cell(
        channels(client, kernel), "import os, json; print(json.dumps(dict(os.environ)))"
    )
    environment = json.loads(printed)
    assert "JUPYTER_TOKEN" not in environment
    secrets = [PASSWORD, "canary-token", server.home.authenticator.secret]
    secrets += [server.home.facts["recovery_key"], *(cookie.value for cookie in client.cookies)]
    assert [one for one in secrets if one and one in printed] == []


def test_the_kernel_finds_ciphertext(server: LiveServer, client: Client, kernel: str) -> None:
    """Code that opens a sealed notebook itself, as the server's own account, sees it sealed."""
    body = {"type": "file", "format": "text", "content": "canary-kernel"}
    assert client.put("/api/contents/k.ipynb", json=body).status_code == 201
    path = str(server.home.work / "k.ipynb")
    assert "b'\\x89JSEC" in run_cell(
        channels(client, kernel), f"print(open({path!r}, 'rb').read(8))"
    )


def test_the_kernel_survives_the_logout(server: LiveServer, client: Client, kernel: str) -> None:
    """Logging out closes the channel and leaves the computation running."""
    leaving = server.logged_in()
    channel = channels(leaving, kernel)
    assert run_cell(channel, "import time; began = time.time(); print('there')").strip() == "there"
    began = time.monotonic()
    leaving.post("/logout")
    with pytest.raises((websocket.WebSocketException, OSError)):
        while True:
            channel.recv()
    assert time.monotonic() - began < 1
    assert run_cell(channels(client, kernel), "print(began > 0)").strip() == "True"


def test_a_terminal_ends_with_its_session(server: LiveServer, client: Client) -> None:
    """A terminal's socket is closed too: nothing can be typed into it any more."""
    leaving = server.logged_in()
    name = leaving.post("/api/terminals").json()["name"]
    terminal = leaving.socket(f"/terminals/websocket/{name}")
    leaving.post("/logout")
    with pytest.raises((websocket.WebSocketException, OSError)):
        while True:
            terminal.recv()
            terminal.send('["stdin", "x"]')
    client.delete(f"/api/terminals/{name}")


def test_no_core_is_written(server: LiveServer) -> None:
    """A crash would not write the keys into a file."""
    limits = Path(f"/proc/{server.process.pid}/limits").read_text()
    assert re.search(r"^Max core file size +0 +0 ", limits, re.MULTILINE)


def read_memory(program: str) -> str:
    """Run ``program``, let another process of the same account read it, and say what came of it."""
    command = [sys.executable, "-c", BECOME_ORDINARY + program + WAIT]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == b"up\n"
        reader = [sys.executable, "-c", BECOME_ORDINARY + READ_MEMORY, str(process.pid)]
        done = subprocess.run(reader, capture_output=True, text=True, check=True)
        process.stdin.close()
    return done.stdout.strip()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/proc is Linux's")
def test_another_process_of_the_account_reads_no_keys() -> None:
    """The server's memory is closed to other processes of its own account."""
    if read_memory("") == "refused":
        pytest.skip("this system closes every process's memory (kernel.yama.ptrace_scope)")
    assert read_memory("protect_process(); ") == "refused"


def test_the_server_protects_itself(server: LiveServer) -> None:
    """The running server has done so, and nothing of it failed."""
    assert "less protected" not in server.log
    # Files of a process that may not be dumped belong to root, whoever it runs as.
    assert os.stat(f"/proc/{server.process.pid}/environ").st_uid == 0
