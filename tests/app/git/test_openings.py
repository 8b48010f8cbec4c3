"""What is opened for Git is on record, and does not drown the rest."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path

import pytest
from support.gits import Person

from jupyter_secure.app.audit.read import oldest_first
from jupyter_secure.app.git import openings
from jupyter_secure.app.git.open_vault import OpenVault
from jupyter_secure.audit.events import Event, Outcome
from jupyter_secure.audit.filters import Wanted
from jupyter_secure.errors import CorruptFile, Locked, RecordUnwritable
from jupyter_secure.locks import Lock, LockMode
from jupyter_secure.store.database import Database
from jupyter_secure.store.locks import DatabaseLocks
from jupyter_secure.store.places import system_account
from jupyter_secure.vault.envelope import FileClass, Header


def sealed(one: Person, content: bytes = b"content", **members: object) -> bytes:
    return one.vault.seal_bytes(content, file_class=FileClass.CONTENT, **members)  # type: ignore[arg-type]


def told(alice: Person) -> list[Event]:
    return [one.event for one in oldest_first(alice.state / "audit", Wanted(what="file:open"))]


def test_once_for_each_file(alice: Person, opened: OpenVault) -> None:
    """All versions of a file that are opened together are one event, which names the file."""
    first = sealed(alice, b"1")
    file_id = Header.parse(first).file_id
    for blob in (first, sealed(alice, b"2", file_id=file_id, file_version=2), sealed(alice, b"3")):
        for _ in range(20):
            opened.open(blob)
    events = told(alice)
    assert len(events) == 2
    assert events[0].file_id == file_id.hex()
    assert events[0].who.username == f"cli:{system_account()}"
    assert (events[0].outcome, events[0].details) == (Outcome.SUCCESS, {"by": "git"})


def test_again_after_a_while(
    alice: Person, opened: OpenVault, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Later it is told again, with how many openings there were in between."""
    blob, now = sealed(alice), 1000.0
    monkeypatch.setattr(openings.time, "monotonic", lambda: now)
    for _ in range(5):
        opened.open(blob)
    now += 601
    opened.open(blob)
    assert [one.details for one in told(alice)] == [
        {"by": "git"},
        {"by": "git", "others_before": 4},
    ]


def test_what_a_lock_refuses(alice: Person, opened: OpenVault) -> None:
    """A refusal is an event of its own, also where the file was opened before."""
    blob = sealed(alice)
    opened.open(blob)
    database = Database.open(alice.state / "state.db")
    now, file_id = datetime.now(timezone.utc), Header.parse(blob).file_id
    DatabaseLocks(database).put(Lock("a.ipynb", file_id, LockMode.PRIVATE, "alice", now))
    database.close()
    for _ in range(3):
        with pytest.raises(Locked):
            opened.open(blob)
    assert [(one.outcome, one.reason) for one in told(alice)] == [
        (Outcome.SUCCESS, ""),
        (Outcome.REFUSED, "locked"),
    ]


def test_what_is_no_opening(alice: Person, opened: OpenVault) -> None:
    """A file that does not open leaves no event, and the next one that does leaves its own."""
    blob = bytearray(sealed(alice))
    blob[-1] ^= 1
    with pytest.raises(CorruptFile):
        opened.open(bytes(blob))
    opened.open(sealed(alice))
    assert len(told(alice)) == 1


def test_unrecorded_is_unopened(alice: Person, opened: OpenVault) -> None:
    """Where the record cannot be written nothing is given away, until it can."""
    blob, folder = sealed(alice), Path(alice.state) / "audit"
    folder.write_text("no folder")
    with pytest.raises(RecordUnwritable):
        opened.open(blob)
    folder.unlink()
    assert opened.open(blob) == b"content"
    assert len(told(alice)) == 1
