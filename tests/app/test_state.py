from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import datetime, timezone
from pathlib import Path

import pytest

from jupyter_secure.app.setup import set_up
from jupyter_secure.app.state import State
from jupyter_secure.errors import (
    NotSetUp,
    SecureError,
    StateUnusable,
    UnsupportedFormat,
    VaultSealed,
    WrongCredentials,
)
from jupyter_secure.identity import totp
from jupyter_secure.identity.sessions import SessionPolicy
from jupyter_secure.store.vault_file import load_keyring, save_keyring

PASSWORD = "a red kite over Talgarth at noon"
HERE = "192.0.2.7"
START = datetime(2030, 1, 1, 12, tzinfo=timezone.utc)


@pytest.fixture
def prepared(account_home: Path, cheap_passwords: None) -> set_up.Prepared:  # noqa: ARG001  # fixtures for what they do
    """What was set up in this test's home."""
    prepared = set_up.prepare(set_up.Wishes("alice", PASSWORD), START)
    set_up.commit(prepared)
    return prepared


@pytest.fixture
def folder(prepared: set_up.Prepared, tmp_path: Path) -> Path:  # noqa: ARG001  # a fixture for what it does
    """Its state directory."""
    return tmp_path / "data" / "secure"


def opened(folder: Path) -> State:
    return State.open(folder, SessionPolicy(), lambda: START)


def enter(state: State, prepared: set_up.Prepared) -> str:
    """Log in with both steps; return the cookie's token."""
    pending = state.log_in.first_step("alice", PASSWORD, HERE)
    code = totp.current_code(prepared.totp_secret, START)
    return state.log_in.second_step(pending, code, HERE, "Browser/1")[0]


def execute(folder: Path, statement: str) -> None:
    with closing(sqlite3.connect(folder / "state.db")) as database, database:
        database.execute(statement)


def change_vault(folder: Path, **members: object) -> None:
    path = folder / "vault.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | members))


def test_opens_sealed(folder: Path) -> None:
    """A server starts without any key: the vault is sealed and nobody is logged in."""
    state = opened(folder)
    assert not state.vault.is_open
    assert state.sessions.live() == ()
    with pytest.raises(VaultSealed):
        state.vault.root()
    state.close()


def test_parts_belong_together(folder: Path, prepared: set_up.Prepared) -> None:
    """Logging in to it opens its vault and gives a session that it knows."""
    state = opened(folder)
    session = state.sessions.authenticate(enter(state, prepared))
    assert session is not None
    assert state.vault.is_open
    state.close()
    assert not state.vault.is_open


@pytest.mark.parametrize("stopped", [True, False])
def test_sessions_belong_to_one_run(folder: Path, prepared: set_up.Prepared, stopped: bool) -> None:
    """A session of one run is none in the next, nor in a server beside it."""
    one = opened(folder)
    token = enter(one, prepared)
    if stopped:
        one.close()
    other = opened(folder)
    assert other.sessions.authenticate(token) is None
    assert not other.vault.is_open
    other.close()
    one.close()


def test_changed_password_counts_at_once(folder: Path) -> None:
    """vault.json is read at each login: a password that was taken out lets nobody in."""
    state = opened(folder)
    keyring = load_keyring(folder)
    root = keyring.open_with_password("alice", PASSWORD)
    cost = keyring.slots[0].profile
    changed = keyring.replace_password(root, "alice", "other", profile=cost)
    root.wipe()
    save_keyring(folder, changed)
    with pytest.raises(WrongCredentials):
        state.log_in.first_step("alice", PASSWORD, HERE)
    assert state.log_in.first_step("alice", "other", HERE)
    state.close()


@pytest.mark.parametrize(
    ("spoil", "error", "words"),
    [
        (lambda f: (f / "vault.json").unlink(), NotSetUp, "vault"),
        (lambda f: (f / "state.db").unlink(), NotSetUp, "state database"),
        (lambda f: execute(f, "DELETE FROM accounts"), StateUnusable, "no account"),
        (lambda f: change_vault(f, version=2), UnsupportedFormat, "not known here"),
        (lambda f: change_vault(f, epoch=0), StateUnusable, "damaged"),
        (
            lambda f: execute(f, "UPDATE schema_version SET version = 99"),
            UnsupportedFormat,
            "newer version",
        ),
        (lambda f: (f / "state.db").write_bytes(b"x" * 9999), StateUnusable, "cannot be used"),
    ],
    ids=[
        "no vault",
        "no database",
        "no account",
        "newer vault",
        "damaged vault",
        "newer database",
        "damaged database",
    ],
)
def test_refuses(
    folder: Path, spoil: Callable[[Path], object], error: type[SecureError], words: str
) -> None:
    """A server does not start on a state that it cannot trust, and says what to do."""
    spoil(folder)
    with pytest.raises(error, match=words) as caught:
        opened(folder)
    assert caught.value.remedy
    # Nothing is kept open: where a connection is, its log lies beside the database.
    assert not list(folder.glob("state.db-*"))


def test_never_set_up(tmp_path: Path) -> None:
    """Where nothing was set up it says so, and makes nothing."""
    with pytest.raises(NotSetUp, match="jupyter secure init"):
        opened(tmp_path / "nowhere")
    assert not list(tmp_path.iterdir())
