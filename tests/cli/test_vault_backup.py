from __future__ import annotations

import os
import shutil
import sqlite3
import stat
import subprocess
import tarfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from support.home import PASSWORD, Home

Run = Callable[..., "subprocess.CompletedProcess[str]"]


def contents(path: Path) -> dict[str, bytes]:
    with tarfile.open(path) as tar:
        files = [(member.name, tar.extractfile(member)) for member in tar.getmembers()]
        return {name: file.read() for name, file in files if file is not None}


def kept(state: Path) -> dict[str, bytes]:
    return {
        path.name: path.read_bytes()
        for path in state.rglob("*.[jp]*")
        if path.parent.name != "audit"
    }


def test_put_back(run: Run, home: Home, tmp_path: Path) -> None:
    """A backup put back with tar is the state again: the password opens, accounts are there.

    The record is not in it, and a new one begins: old keys of it could rewrite what came later.
    """
    note = home.work / "a.ipynb"
    note.write_text("{}")
    run("vault", "seal", note.name, "--password-stdin", given=PASSWORD)
    backup = tmp_path / "backup.tar"
    done = run("vault", "backup", "-o", str(backup))
    assert (done.returncode, done.stderr) == (0, "")
    assert "vault.json, state.db, settings-before.json, tls/cert.pem, tls/key.pem" in done.stdout
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    before = kept(home.state)
    shutil.rmtree(home.state)
    home.state.mkdir(mode=0o700)
    subprocess.run(["tar", "-xf", backup, "-C", home.state], check=True)
    assert kept(home.state) == before
    assert not (home.state / "audit").exists()
    opened = run("vault", "open", note.name, "--password-stdin", given=PASSWORD)
    assert (opened.returncode, opened.stdout) == (0, "{}")
    status = run("status")
    assert status.returncode == 0, status.stdout


def test_while_someone_writes(run: Run, home: Home, tmp_path: Path) -> None:
    """What is not yet in the database's main file is in the backup; nothing else is left behind."""
    with closing(sqlite3.connect(home.state / "state.db")) as database, database:
        database.execute("UPDATE accounts SET display_name = 'Alicia'")
        database.commit()
        database.execute("PRAGMA wal_checkpoint(PASSIVE)")
        database.execute("UPDATE accounts SET display_name = 'Alissa'")
        database.commit()
        # The connection stays open: the log is not written back.
        assert (home.state / "state.db-wal").stat().st_size > 0
        assert run("vault", "backup", "-o", str(tmp_path / "b.tar")).returncode == 0
    copy = tmp_path / "copy.db"
    copy.write_bytes(contents(tmp_path / "b.tar")["state.db"])
    with closing(sqlite3.connect(copy)) as database:
        assert database.execute("SELECT display_name FROM accounts").fetchall() == [("Alissa",)]
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert not [name for name in os.listdir(home.state) if name.startswith(".~")]


def test_holds_no_secret_in_the_clear(run: Run, home: Home, tmp_path: Path) -> None:
    """Neither password, recovery key and codes nor the second factor's secret stand in it."""
    assert run("vault", "backup", "-o", str(tmp_path / "b.tar")).returncode == 0
    blob = (tmp_path / "b.tar").read_bytes()
    secrets = [
        PASSWORD,
        home.facts["recovery_key"],
        home.authenticator.secret,
        *home.facts["recovery_codes"],
    ]
    assert [secret for secret in secrets if secret.encode() in blob] == []


def test_replaces_nothing_unasked(run: Run, home: Home, tmp_path: Path) -> None:  # noqa: ARG001  # a fixture for what it does
    """An existing file is replaced with --force only."""
    out = tmp_path / "b.tar"
    out.write_text("mine")
    done = run("vault", "backup", "-o", str(out))
    assert done.returncode == 1
    assert "--force" in done.stderr
    assert out.read_text() == "mine"
    assert run("vault", "backup", "-o", str(out), "--force").returncode == 0
    assert "vault.json" in contents(out)


@pytest.mark.parametrize("damage", ["vault.json", "state.db"])
def test_damaged_state(run: Run, home: Home, tmp_path: Path, damage: str) -> None:
    """Of a damaged state no backup is made that would replace a good one."""
    (home.state / damage).write_bytes(b"not what it was")
    out = tmp_path / "b.tar"
    out.write_text("the good one")
    done = run("vault", "backup", "-o", str(out), "--force")
    assert done.returncode == 1
    assert damage in done.stderr
    assert out.read_text() == "the good one"


def test_not_into_the_state_itself(run: Run, home: Home) -> None:
    """A backup beside the original is refused: it would be lost with it."""
    done = run("vault", "backup", "-o", str(home.state / "b.tar"))
    assert done.returncode == 1
    assert "another place" in done.stderr
