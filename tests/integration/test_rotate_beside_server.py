"""A rotation while someone works: what is saved meanwhile stays, and everything opens."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest
from support.home import PASSWORD, set_up
from support.live_server import Client, notebook, running

from jupyter_secure.store.vault_file import load_keyring
from jupyter_secure.vault.envelope import FileClass, Header
from jupyter_secure.vault.vault import Vault

pytestmark = pytest.mark.integration

_COMMAND = [sys.executable, "-c", "from jupyter_secure.cli.main import main; exit(main())"]
_BUSY, _QUIET = 6, 120


class Saving(threading.Thread):
    """Saves some notebooks in turn, without a pause, and remembers what was answered for."""

    def __init__(self, client: Client) -> None:
        super().__init__()
        self._client = client
        self._end = threading.Event()
        self.saved: dict[str, int] = {}
        self.refused: list[str] = []

    def run(self) -> None:
        number = 0
        while not self._end.is_set():
            number += 1
            name = f"busy-{number % _BUSY}.ipynb"
            answer = self._client.save(name, notebook(f"save {number}"))
            if answer.status_code in (200, 201):
                self.saved[name] = number
            else:
                self.refused.append(answer.text)

    def stop(self) -> None:
        self._end.set()
        self.join()


def test_saving_meanwhile(tmp_path: Path) -> None:
    """Every save is kept, every file opens, and two runs bring all of them to the new epoch."""
    home = set_up(tmp_path)
    keyring = load_keyring(home.state)
    root = keyring.open_with_password("alice", PASSWORD)
    vault = Vault(keyring)
    vault.unseal(root)
    for number in range(_QUIET):
        blob = vault.seal_bytes(b"%d" % number, file_class=FileClass.CONTENT)
        (home.work / f"quiet-{number:03}.txt").write_bytes(blob)

    def rotate() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*_COMMAND, "vault", "rotate", ".", "--password-stdin"],
            input=PASSWORD,
            env=home.variables,
            cwd=home.work,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    with running(home) as server:
        saving = Saving(server.logged_in())
        saving.start()
        done = [rotate() for _ in range(3)]
        saving.stop()
        assert saving.refused == []
        assert len(saving.saved) == _BUSY
        reader = server.logged_in()
        for name, number in saving.saved.items():
            content = reader.get(f"/api/contents/{name}").json()["content"]
            assert content["cells"][0]["source"] == f"save {number}", f"{name}: a save was lost"
    for one in done:
        # A file that was saved at that very moment is named, and left for the next run.
        assert "changed by another program" in one.stderr or not one.stderr
    last = rotate()
    assert (last.returncode, last.stderr) == (0, "")
    newest = load_keyring(home.state)
    assert newest.epoch > 1
    now = Vault(newest)
    now.unseal(root)
    for path in (*home.work.glob("*.ipynb"), *home.work.glob("*.txt")):
        blob = path.read_bytes()
        assert Header.parse(blob).stanza.epoch == newest.epoch
        opened = now.open_bytes(blob, expect=FileClass.CONTENT)
        if path.name.startswith("quiet"):
            assert opened.data == b"%d" % int(path.stem[6:])
