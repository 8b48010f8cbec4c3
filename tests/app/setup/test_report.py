from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from jupyter_secure.app.content import files, in_place
from jupyter_secure.app.setup import set_up, traces
from jupyter_secure.app.setup.report import Finding, report
from jupyter_secure.identity import totp

PASSWORD = "a red kite over Talgarth at noon"
NOW = datetime.now(timezone.utc)


class Place:
    """A home that is set up, and ways to spoil it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.state = path / "data/secure"
        self.work = path / "work"
        self.work.mkdir()

    def configure(self, name: str, trait: str, value: Any) -> None:
        config = self.path / "config/jupyter_server_config.json"
        settings = json.loads(config.read_text())
        settings.setdefault(name, {})[trait] = value
        config.write_text(json.dumps(settings))

    def finding(self, name: str, now: datetime = NOW) -> Finding:
        return next(one for one in report(self.work, now).findings if one.name == name)


@pytest.fixture
def empty(account_home: Path, cheap_passwords: None) -> Place:  # noqa: ARG001  # a fixture for what it does
    return Place(account_home)


@pytest.fixture
def place(empty: Place) -> Place:
    prepared = set_up.prepare(set_up.Wishes("alice", PASSWORD), NOW)
    confirmed = prepared.confirm(totp.current_code(prepared.totp_secret, NOW), NOW)
    assert confirmed is not None
    set_up.commit(confirmed)
    return empty


def test_nothing_set_up(empty: Place) -> None:
    """Before the set-up the report says so, and what to run."""
    found = report(empty.work, NOW)
    assert not found.configured
    assert not found.all_on
    assert [one.remedy for one in found.findings] == ["Run `jupyter secure init`."]


def test_all_on(place: Place) -> None:
    """After the set-up everything is on and nothing is to do."""
    found = report(place.work, NOW)
    assert found.all_on
    # Begun by `init` itself, which these tests are below.
    assert {one.name for one in found.findings if one.level != "ok"} == {"record"}
    assert {one.name for one in found.findings} == {
        "settings",
        "connection",
        "two-factor",
        "vault",
        "encryption",
        "permissions",
        "traces",
        "record",
    }


@pytest.mark.parametrize(
    ("name", "spoil", "words"),
    [
        (
            "settings",
            lambda p: p.configure("ServerApp", "identity_provider_class", "my.Provider"),
            "ServerApp.identity_provider_class is my.Provider",
        ),
        (
            "settings",
            lambda p: p.configure(
                "ServerApp", "contents_manager_class", "my.EncryptedContentsManager"
            ),
            "ServerApp.contents_manager_class",
        ),
        (
            "settings",
            lambda p: (p.path / "config/jupyter_lab_config.py").write_text(
                "c.ServerApp.identity_provider_class = 'my.Provider'"
            ),
            "my.Provider",
        ),
        (
            "settings",
            lambda p: (p.path / "config/jupyter_server_config.py").write_text("nonsense"),
            "NameError",
        ),
        (
            "settings",
            lambda p: p.configure("SecureConfig", "state_dir", "/elsewhere"),
            "SecureConfig.state_dir is /elsewhere",
        ),
        (
            "connection",
            lambda p: p.configure("SecureConfig", "require_https", False),
            "plain HTTP is allowed",
        ),
        (
            "connection",
            lambda p: p.configure("ServerApp", "trust_xheaders", True),
            "trust_xheaders",
        ),
        ("connection", lambda p: p.configure("ServerApp", "certfile", "/gone.pem"), "/gone.pem"),
        ("connection", lambda p: (p.state / "tls/key.pem").unlink(), "key.pem"),
        ("two-factor", lambda p: (p.state / "state.db").write_text("x" * 9999), "state.db"),
        ("two-factor", lambda p: (p.state / "state.db").unlink(), "state.db"),
        ("vault", lambda p: (p.state / "vault.json").write_text("{}"), "vault.json"),
        ("permissions", lambda p: p.state.chmod(0o755), "0755"),
        ("permissions", lambda p: (p.state / "vault.json").chmod(0o644), "vault.json"),
        ("permissions", lambda p: (p.state / "state.db").chmod(0o640), "state.db"),
    ],
)
def test_off(place: Place, name: str, spoil: Callable[[Place], None], words: str) -> None:
    """Each thing that is off is found, named, and comes with a remedy."""
    spoil(place)
    whole = report(place.work, NOW)
    found = next(one for one in whole.findings if one.name == name)
    assert found.level == "bad"
    assert words in found.summary
    assert found.remedy
    assert not whole.all_on


def test_class_by_its_full_path(place: Place) -> None:
    """A Python settings file may name our class by its full path."""
    place.configure(
        "ServerApp",
        "identity_provider_class",
        "jupyter_secure.server.identity_provider.TwoFactorIdentityProvider",
    )
    assert place.finding("settings").level == "ok"


@pytest.mark.parametrize(
    ("days", "level"), [(0, "ok"), (366, "ok"), (368, "warn"), (396, "warn"), (398, "bad")]
)
def test_certificate_over_time(place: Place, days: int, level: str) -> None:
    """The certificate is fine until thirty days before its end, and off after it."""
    assert place.finding("connection", NOW + timedelta(days=days)).level == level


def test_files(place: Place) -> None:
    """Sealed and plain notebooks and checkpoints are counted, the plain ones with a remedy."""
    for name in ("a.ipynb", "sub/b.IPYNB", "sub/.ipynb_checkpoints/b-checkpoint.ipynb", "c.txt"):
        path = place.work / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("{}")
    (place.work / "gone.ipynb").symlink_to("nowhere")
    root = files.root_from_password("alice", PASSWORD)
    in_place.seal_in_place(files.vault_here(root), place.work / "a.ipynb")
    found = place.finding("encryption")
    assert found.level == "warn"
    assert found.summary.startswith("1 of 3 sealed")
    assert "1 could not be read" in found.summary
    assert "1 plain checkpoint" in found.summary
    assert "vault seal" in found.remedy


def test_patterns(place: Place) -> None:
    """The administrator's patterns decide what is counted."""
    (place.work / "a.csv").write_text("1")
    (place.work / "a.ipynb").write_text("{}")
    place.configure("SecureConfig", "encrypt", ["*.csv"])
    assert place.finding("encryption").summary.startswith("0 of 1 sealed")


def test_traces(place: Place) -> None:
    """What others leave in plain is named: IPython's history on, its database, copies."""
    documents = place.work / ".virtual_documents"
    documents.mkdir()
    found = place.finding("traces")
    assert found.level == "warn"
    assert found.remedy.startswith(f"Delete it: rm -r {documents}\n")
    documents.rmdir()
    assert place.finding("traces").level == "ok"
    traces.page_settings().unlink()
    found = place.finding("traces")
    assert "debugger is on" in found.summary
    assert found.remedy.endswith(traces.DEBUGGER_OFF)
    traces.ipython_history().touch()
    assert "history.sqlite" in place.finding("traces").summary
    traces.ipython_settings().write_text("{}")
    assert "records every cell" in place.finding("traces").summary


def test_unconfirmed(empty: Place) -> None:
    """An enrolment that nobody has confirmed is something to do, and nothing is off."""
    set_up.commit(set_up.prepare(set_up.Wishes("alice", PASSWORD), NOW))
    assert empty.finding("two-factor").level == "warn"
    assert report(empty.work, NOW).all_on


def test_changes_nothing(place: Place) -> None:
    """Looking leaves every file as it was."""
    before = {p: p.read_bytes() for p in place.path.rglob("*") if p.is_file()}
    report(place.work, NOW)
    after = {p: p.read_bytes() for p in place.path.rglob("*") if p.is_file()}
    assert after == before


def test_runs_nothing_from_the_current_folder(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A module planted in the folder one stands in is not imported to read the settings."""
    (place.work / "json.py").write_text(f"open({str(place.path / 'planted')!r}, 'w')")
    (place.work / "jupyter_core.py").write_text(f"open({str(place.path / 'planted')!r}, 'w')")
    monkeypatch.chdir(place.work)
    assert place.finding("settings").level == "ok"
    assert not (place.path / "planted").exists()
