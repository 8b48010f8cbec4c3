"""The agent: who is answered, for how long, and what attacks on its socket come to."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.gits import Person

from jupyter_secure.app.git import agent as module
from jupyter_secure.app.git import client, protocol, starting
from jupyter_secure.app.git.agent import Agent
from jupyter_secure.app.git.client import AgentRefused, NoAgent
from jupyter_secure.app.git.open_vault import OpenVault
from jupyter_secure.errors import Conflict, InvalidInput, StateUnusable
from jupyter_secure.store.vault_file import load_keyring, save_keyring
from jupyter_secure.vault.envelope import FileClass
from jupyter_secure.vault.keys import RootKey


class Running:
    """An agent in a thread, with a clock to turn."""

    def __init__(self, one: Person, vault: OpenVault) -> None:
        self.now = 0.0
        self.state = str(one.state)
        self.blob = one.vault.seal_bytes(b"content", file_class=FileClass.CONTENT)
        self.agent = Agent(one.state, vault, 60, clock=lambda: self.now)
        self.thread = threading.Thread(target=self.agent.serve)
        self.thread.start()

    def open(self) -> bytes:
        """Ask it to open a file."""
        return client.ask(self.state, protocol.OPEN, self.blob)

    def raw(self) -> socket.socket:
        """Connect as a program of one's own."""
        connection = socket.socket(socket.AF_UNIX)
        folder = protocol.folder(self.state)
        connection.connect(protocol.address(self.state, folder))
        os.close(folder)
        connection.settimeout(20)
        return connection

    def gone(self) -> bool:
        """Wait until it has ended, and say whether it has."""
        self.thread.join(5)
        return not self.thread.is_alive()


@pytest.fixture
def running(alice: Person, opened: OpenVault) -> Iterator[Running]:
    running = Running(alice, opened)
    yield running
    running.agent.end()
    assert running.gone()


def sock(one: Person) -> Path:
    """Where the socket is."""
    return one.state / "git" / "agent.sock"


def test_answers(running: Running, alice: Person) -> None:
    """It opens what it is given; its folder and socket are for this account alone."""
    assert running.open() == b"content"
    assert sock(alice).parent.stat().st_mode & 0o777 == 0o700
    assert sock(alice).stat().st_mode & 0o777 == 0o600


def test_refuses_in_words(running: Running) -> None:
    """What it refuses it explains, and goes on."""
    with pytest.raises(AgentRefused, match="It is damaged"):
        client.ask(running.state, protocol.OPEN, running.blob[:-1])
    assert running.open() == b"content"


def test_ends_when_unused(running: Running, opened: OpenVault, alice: Person) -> None:
    """Use keeps it going; without, it wipes its key and removes its socket."""
    running.now = 50
    assert running.open() == b"content"
    running.now = 109
    assert json.loads(client.ask(running.state, protocol.STATUS)) == {"seconds_left": 1}
    running.now = 110
    with pytest.raises(NoAgent):
        running.open()
    assert running.gone()
    assert not opened._vault.is_open
    assert not sock(alice).exists()


def test_refusals_and_questions_are_no_use(running: Running) -> None:
    """Neither keeps it open."""
    running.now = 40
    with pytest.raises(AgentRefused):
        client.ask(running.state, protocol.OPEN, b"\x89JSEC\r\n\x1a")
    client.ask(running.state, protocol.STATUS)
    running.now = 60
    assert running.gone()


def test_lock(running: Running) -> None:
    """Told to end, it does."""
    assert client.ask(running.state, protocol.LOCK) == b""
    assert running.gone()


def test_ends_with_the_root_key(running: Running, alice: Person) -> None:
    """A new root key in vault.json ends it, though nobody asks it anything."""
    keyring = load_keyring(alice.state)
    new = keyring.with_new_root(alice.root, RootKey.generate(), keyring.epoch + 1)
    save_keyring(alice.state, new)
    assert running.gone()


def test_a_second_one(running: Running, alice: Person) -> None:
    """Two do not serve one state directory; the first goes on."""
    vault = OpenVault(alice.state, alice.root)
    with pytest.raises(Conflict, match="running already"):
        Agent(alice.state, vault, 60)
    vault.close()
    assert running.open() == b"content"


@pytest.mark.parametrize(
    "request_",
    [
        b"",
        b"O",
        b"O\x00",
        b"X\x01" + bytes(8),
        b"O\x01" + b"\xff" * 8,
        b"O\x01" + (1 << 40).to_bytes(8, "big") + b"x",
        b"S\x01" + bytes(8),
        b"S\xff" + bytes(8 * 255),
        b"O\x02" + bytes(16),
    ],
)
def test_nonsense(running: Running, request_: bytes) -> None:
    """A request that is none gets no content, and the next one is answered."""
    answer = b""
    with running.raw() as connection, contextlib.suppress(ConnectionError):
        connection.sendall(request_)
        connection.shutdown(socket.SHUT_WR)
        answer = connection.recv(1)
    assert answer in (b"", protocol.REFUSED)
    assert running.open() == b"content"


def test_slow_clients(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """Programs that connect and say nothing hold nobody up for longer than a request may take."""
    monkeypatch.setattr(module, "_REQUEST_SECONDS", 1.0)
    connections = [running.raw() for _ in range(30)]
    for connection in connections:
        connection.sendall(b"O")
    began = time.monotonic()
    assert running.open() == b"content"
    assert time.monotonic() - began < 20
    for connection in connections:
        connection.close()


def test_another_account(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process of another user is not answered, however it got at the socket."""
    monkeypatch.setattr(protocol, "peer", lambda _: os.geteuid() + 1)
    with running.raw() as connection, contextlib.suppress(ConnectionError, BrokenPipeError):
        connection.sendall(protocol.STATUS + b"\0")
        assert connection.recv(1) == b""


def test_who_is_asked(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor does a driver send anything to a process of another user."""
    monkeypatch.setattr(protocol, "peer", lambda _: os.geteuid() + 1)
    with pytest.raises(NoAgent):
        running.open()


def _path(state: str) -> str:
    folder = os.open(os.path.join(state, "git"), os.O_RDONLY)
    return f"/proc/self/fd/{folder}/agent.sock"


# ── what the drivers do not trust ──────────────────────────────────────────────────────────────


def test_a_link_in_its_place(running: Running, alice: Person) -> None:
    """A link where the socket should be is not followed, though it leads to one that answers."""
    path = sock(alice)
    path.rename(path.with_name("elsewhere"))
    path.symlink_to("elsewhere")
    with pytest.raises(NoAgent):
        running.open()


@pytest.mark.parametrize("spoil", ["mode", "link"])
def test_a_folder_that_is_not_safe(
    running: Running, alice: Person, spoil: str, opened: OpenVault
) -> None:
    """A folder that others may enter, or a link to one, is used by neither driver nor agent."""
    folder = sock(alice).parent
    if spoil == "mode":
        folder.chmod(0o755)
    else:
        folder.rename(folder.with_name("moved"))
        folder.symlink_to("moved")
    with pytest.raises(NoAgent):
        running.open()
    with pytest.raises(StateUnusable, match="only this account"):
        Agent(alice.state, opened, 60)


def test_nothing_there(alice: Person) -> None:
    """Without an agent that is what is said, at once."""
    with pytest.raises(NoAgent):
        client.ask(str(alice.state), protocol.STATUS)
    assert starting.seconds_left(alice.state) is None


# ── the process ────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def started(alice: Person) -> Iterator[Callable[[], int]]:
    """Start the real thing; the function returns its process id."""

    def start() -> int:
        assert starting.start(alice.state, alice.root, 5) == []
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(_path(str(alice.state)))
            facts = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
        return int.from_bytes(facts[:4], "little")

    yield start
    starting.end(alice.state)


def test_its_memory(started: Callable[[], int]) -> None:
    """It is not to be traced, writes no core, and has no key in its environment or arguments."""
    process = Path(f"/proc/{started()}")
    # What is not dumpable belongs to root in /proc; as root its limits tell.
    assert "Max core file size        0                    0" in (process / "limits").read_text()
    assert (process / "cmdline").read_bytes().count(b"\0") < 7
    assert os.readlink(process / "cwd") == "/"


def test_after_a_kill(alice: Person, started: Callable[[], int]) -> None:
    """A killed one leaves its socket: nobody is answered, and the next one takes its place."""
    os.kill(started(), signal.SIGKILL)
    time.sleep(0.2)
    assert sock(alice).exists()
    assert starting.seconds_left(alice.state) is None
    started()
    assert starting.seconds_left(alice.state) is not None


def test_again(started: Callable[[], int]) -> None:
    """Started again it takes the place of the one that runs, with the new time."""
    first = started()
    second = started()
    assert first != second
    until = time.monotonic() + 10
    while _runs(first):
        assert time.monotonic() < until
        time.sleep(0.05)


def _runs(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_the_wrong_key(alice: Person) -> None:
    """Another vault's key starts nothing, and says why."""
    with pytest.raises(StateUnusable, match="another vault"):
        starting.start(alice.state, RootKey.generate(), 5)


@pytest.mark.parametrize("minutes", [0, -1, 1441, float("nan"), float("inf")])
def test_times_that_are_none(alice: Person, minutes: float) -> None:
    """A time must be one."""
    with pytest.raises(InvalidInput, match="at most 1440"):
        starting.start(alice.state, alice.root, minutes)
