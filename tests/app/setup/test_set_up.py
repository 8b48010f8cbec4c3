from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from traitlets.config import Config

from jupyter_secure.app.setup import disable, set_up, settings_record, state_folder, traces
from jupyter_secure.crypto.kdf import RFC_9106_LOW_MEMORY
from jupyter_secure.errors import Conflict, SecureError, StateUnusable, StorageFailed, WeakPassword
from jupyter_secure.identity import recovery_codes, totp
from jupyter_secure.store import places
from jupyter_secure.store.accounts import DatabaseAccounts
from jupyter_secure.store.database import Database
from jupyter_secure.store.vault_file import load_keyring
from jupyter_secure.vault.recovery_key import decode_recovery_key

PASSWORD = "a red kite over Talgarth at noon"
NOW = datetime(2026, 5, 4, 12, tzinfo=timezone.utc)
WISHES = set_up.Wishes("Alice", PASSWORD)


@pytest.fixture
def home(account_home: Path, cheap_passwords: None) -> Path:  # noqa: ARG001  # a fixture for what it does
    """An empty home in which passwords are quickly checked."""
    return account_home


def everything_in(home: Path) -> dict[str, bytes | None]:
    return {
        str(path.relative_to(home)): path.read_bytes() if path.is_file() else None
        for path in home.rglob("*")
    }


def test_preparing_writes_nothing(home: Path) -> None:
    """Until it is committed a set-up exists in memory only."""
    set_up.prepare(WISHES, NOW)
    assert everything_in(home) == {}


def test_what_was_shown_is_what_opens_it(home: Path) -> None:
    """Password, recovery key, authenticator and recovery codes that were shown all work."""
    prepared = set_up.prepare(WISHES, NOW)
    set_up.commit(prepared)
    state = home / "data/secure"
    keyring = load_keyring(state)
    root = keyring.open_with_password("alice", PASSWORD)
    assert keyring.verify_root(decode_recovery_key(prepared.recovery_key))
    database = Database.open(state / "state.db")
    accounts = DatabaseAccounts(database)
    account = accounts.get("alice")
    assert account is not None
    assert (account.display_name, account.confirmed) == ("Alice", False)
    key = root.derive(totp.SECRET_PURPOSE)
    secret = totp.open_secret(key, "alice", account.totp_secret_sealed)
    assert secret == prepared.totp_secret
    assert prepared.totp_secret in prepared.totp_uri
    used = [
        accounts.use_recovery_code("alice", recovery_codes.digest(code) or b"")
        for code in prepared.recovery_codes
    ]
    database.close()
    assert used == [True] * 10


@pytest.mark.usefixtures("account_home")
def test_what_a_guess_costs() -> None:
    """The password of a real set-up costs what RFC 9106 recommends."""
    prepared = set_up.prepare(WISHES, NOW)
    assert [slot.profile for slot in prepared.keyring.slots] == [RFC_9106_LOW_MEMORY]


def test_confirming(home: Path) -> None:
    """A right code confirms the account and uses up its step; a wrong one does neither."""
    prepared = set_up.prepare(WISHES, NOW)
    code = totp.current_code(prepared.totp_secret, NOW)
    assert prepared.confirm(code, NOW + timedelta(minutes=5)) is None
    assert prepared.confirm("", NOW) is None
    confirmed = prepared.confirm(code, NOW)
    assert confirmed is not None
    assert confirmed.account.confirmed
    assert confirmed.account.totp_last_step == int(NOW.timestamp()) // 30
    assert not prepared.account.confirmed
    assert everything_in(home) == {}


def test_no_secret_in_a_plain_file(home: Path) -> None:
    """Neither password, recovery key and codes nor the second factor's secret lie on the disk."""
    prepared = set_up.prepare(WISHES, NOW)
    set_up.commit(prepared)
    secrets = [PASSWORD, prepared.totp_secret, prepared.recovery_key, *prepared.recovery_codes]
    secrets += [secret.replace("-", "") for secret in secrets]
    for content in everything_in(home).values():
        assert not any(secret.encode() in (content or b"") for secret in secrets)


@pytest.mark.parametrize(
    "error", [StorageFailed("The disk is full."), KeyboardInterrupt(), OSError(28, "No space left")]
)
@pytest.mark.parametrize(
    "step",
    [
        "jupyter_secure.app.setup.set_up.Database.create",
        "jupyter_secure.app.setup.set_up.DatabaseAccounts.add",
        "jupyter_secure.app.setup.set_up.write_atomically",
        "jupyter_secure.app.setup.set_up.save_keyring",
        "jupyter_secure.app.setup.state_folder.finish",
        "jupyter_secure.app.setup.settings_record.save",
        "jupyter_secure.app.setup.settings_file.write",
        "pathlib.Path.chmod",
    ],
)
def test_failure_in_the_middle(
    home: Path, monkeypatch: pytest.MonkeyPatch, step: str, error: BaseException
) -> None:
    """Whatever fails at whichever step, everything is as it was before."""
    config = home / "config/jupyter_server_config.json"
    config.parent.mkdir()
    config.write_text('{"ServerApp": {"port": 9999}}')
    before = everything_in(home)
    prepared = set_up.prepare(WISHES, NOW)
    with monkeypatch.context() as patch:
        patch.setattr(step, _once(step, error))
        with pytest.raises((SecureError, KeyboardInterrupt)):
            set_up.commit(prepared)
    assert everything_in(home) == before
    set_up.commit(prepared)
    assert state_folder.is_set_up(places.state_dir())


def _once(step: str, error: BaseException) -> Callable[..., Any]:
    """Fail the first time only: cleaning up may need the same function."""
    from importlib import import_module

    parts = step.split(".")
    split = next(n for n in range(len(parts), 0, -1) if _imports(".".join(parts[:n])))
    real = import_module(".".join(parts[:split]))
    for part in parts[split:]:
        real = getattr(real, part)
    failed: list[bool] = []

    def stand_in(*args: Any, **kwargs: Any) -> Any:
        if not failed:
            failed.append(True)
            raise error
        return real(*args, **kwargs)  # type: ignore[operator]  # a function by now

    return stand_in


def _imports(name: str) -> bool:
    from importlib.util import find_spec

    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:
        return False


def test_second_file_of_settings_fails(home: Path) -> None:
    """When the second settings file cannot be written, the first is put back."""
    (home / "ipython").touch()
    with pytest.raises(SecureError):
        set_up.commit(set_up.prepare(WISHES, NOW))
    assert [name for name, content in everything_in(home).items() if content is not None] == [
        "ipython"
    ]


def test_after_a_kill(home: Path) -> None:
    """What a set-up that was killed has left counts as nothing and makes way for the next."""
    state = places.state_dir()
    (state / ".setting-up").mkdir(parents=True)
    (state / ".setting-up/vault.json").write_text("half")
    (state / "state.db").write_text("half")
    assert not state_folder.is_set_up(state)
    set_up.commit(set_up.prepare(WISHES, NOW))
    assert load_keyring(state).slots[0].name == "alice"
    assert not (state / ".setting-up").exists()
    assert (home / "config").exists()


@pytest.mark.usefixtures("home")
def test_refuses_a_second_time() -> None:
    """A finished set-up is never written over."""
    set_up.commit(set_up.prepare(WISHES, NOW))
    before = (places.state_dir() / "vault.json").read_bytes()
    with pytest.raises(Conflict):
        set_up.prepare(WISHES, NOW)
    assert (places.state_dir() / "vault.json").read_bytes() == before


@pytest.mark.usefixtures("home")
def test_keyring_that_is_missing() -> None:
    """Accounts without vault.json are not written over: it may come back from a backup."""
    set_up.commit(set_up.prepare(WISHES, NOW))
    (places.state_dir() / "vault.json").unlink()
    with pytest.raises(StateUnusable, match=r"vault\.json is missing"):
        set_up.prepare(WISHES, NOW)


@pytest.mark.usefixtures("home")
def test_folder_with_other_files() -> None:
    """A folder that holds other things is not taken for the state directory."""
    places.state_dir().mkdir(parents=True)
    (places.state_dir() / "thesis.tex").touch()
    with pytest.raises(StateUnusable, match=r"thesis\.tex"):
        set_up.prepare(WISHES, NOW)


def test_empty_folder(home: Path) -> None:
    """An empty folder, a mounted volume say, is used and closed to others."""
    places.state_dir().mkdir(parents=True, mode=0o755)
    set_up.commit(set_up.prepare(WISHES, NOW))
    assert state_folder.wrong_permissions(places.state_dir()) == []
    assert (home / "data/secure/vault.json").exists()


@pytest.mark.usefixtures("home")
def test_weak_password() -> None:
    """A password that would be guessed is refused here too, whoever asks."""
    with pytest.raises(WeakPassword):
        set_up.prepare(set_up.Wishes("alice", "password123"), NOW)


def test_says_what_it_replaced(home: Path) -> None:
    """Settings that had another value are named with it, and come back."""
    config = home / "config/jupyter_server_config.json"
    config.parent.mkdir()
    config.write_text('{"ServerApp": {"certfile": "/mine.pem", "port": 1}}')
    done = set_up.commit(set_up.prepare(WISHES, NOW))
    assert done.replaced == {"ServerApp.certfile": "/mine.pem"}


@pytest.mark.parametrize("keep", [True, False])
def test_ipython_history(home: Path, keep: bool) -> None:
    """IPython's history is turned off beside its other settings, or left as it is."""
    path = home / "ipython/profile_default/ipython_kernel_config.json"
    path.parent.mkdir(parents=True)
    path.write_text('{"HistoryManager": {"db_cache_size": 3}}')
    wishes = set_up.Wishes("alice", PASSWORD, keep=frozenset(["ipython-history"] if keep else []))
    set_up.commit(set_up.prepare(wishes, NOW))
    expected = {"db_cache_size": 3} if keep else {"db_cache_size": 3, "enabled": False}
    assert json.loads(path.read_text()) == {"HistoryManager": expected}


@pytest.mark.parametrize("keep", [True, False])
def test_language_servers(home: Path, monkeypatch: pytest.MonkeyPatch, keep: bool) -> None:
    """The real extension finds no language server with what is written, and so writes no copies."""
    manager = pytest.importorskip("jupyter_lsp.manager")
    wishes = set_up.Wishes("alice", PASSWORD, keep=frozenset(["language-servers"] if keep else []))
    done = set_up.commit(set_up.prepare(wishes, NOW))
    server = home / "bin" / "texlab"
    server.parent.mkdir()
    server.write_text("#!/bin/sh\n")
    server.chmod(0o755)
    monkeypatch.setenv("PATH", str(server.parent))
    found = manager.LanguageServerManager(config=Config(json.loads(done.config_file.read_text())))
    found.init_language_servers()
    assert ("texlab" in found.language_servers) == keep


@pytest.mark.parametrize("installed", [True, False])
def test_collaboration(home: Path, monkeypatch: pytest.MonkeyPatch, installed: bool) -> None:
    """Working together is turned off where its extension is there, and comes back afterwards."""
    there = {"jupyter_server_ydoc": object()} if installed else {}
    monkeypatch.setattr(traces, "find_spec", there.get)
    config = home / "config/jupyter_server_config.json"
    config.parent.mkdir()
    config.write_text(before := '{"YDocExtension": {"file_poll_interval": 2}}')
    set_up.commit(set_up.prepare(WISHES, NOW))
    written = json.loads(config.read_text())
    assert written["YDocExtension"] == {
        "file_poll_interval": 2,
        **({"disable_rtc": True} if installed else {}),
    }
    assert "LanguageServerManager" not in written
    disable.disable()
    assert config.read_text() == before


@pytest.mark.parametrize("keep", [True, False])
def test_debugger(home: Path, keep: bool) -> None:
    """The debugger is turned off beside what pages were told before, which comes back."""
    path = home / "config/labconfig/page_config.json"
    path.parent.mkdir(parents=True)
    path.write_text(before := '{"disabledExtensions": {"mine": true}, "appName": "Ours"}')
    wishes = set_up.Wishes("alice", PASSWORD, keep=frozenset(["debugger"] if keep else []))
    set_up.commit(set_up.prepare(wishes, NOW))
    disabled = {"mine": True, **({} if keep else {traces.DEBUGGER: True})}
    assert json.loads(path.read_text()) == {"disabledExtensions": disabled, "appName": "Ours"}
    disable.disable()
    assert path.read_text() == before


def test_pages_that_cannot_be_told(home: Path) -> None:
    """Settings of pages that are not what Jupyter reads are named before the first question."""
    path = home / "config/labconfig/page_config.json"
    path.parent.mkdir(parents=True)
    path.write_text('{"disabledExtensions": []}')
    with pytest.raises(StateUnusable, match=r"page_config\.json"):
        set_up.check(None, None, NOW)


def test_record_that_is_damaged(home: Path) -> None:
    """A damaged record of what was there before is named, and nothing is changed."""
    set_up.commit(set_up.prepare(WISHES, NOW))
    record = home / "data/secure" / settings_record.RECORD
    for content in ("", "[]", '{"version": 2}', '{"version": 1, "changes": [{}]}'):
        record.write_text(content)
        with pytest.raises(StateUnusable, match=r"settings-before\.json"):
            settings_record.load(home / "data/secure")


def test_kill_before_the_settings(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A set-up that was killed just before its settings were written is completed by the next."""
    prepared = set_up.prepare(WISHES, NOW)
    with monkeypatch.context() as patch:
        patch.setattr(settings_record, "apply", lambda _changes: None)
        set_up.commit(prepared)
    assert not (home / "config").exists()
    assert set_up.turn_on_again() is not None
    assert (home / "config/jupyter_server_config.json").exists()
    assert set_up.turn_on_again() is None
