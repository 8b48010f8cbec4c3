"""Records made for tests."""

from __future__ import annotations

from pathlib import Path

from jupyter_secure.app.audit.setup_key import setup_key
from jupyter_secure.audit.events import Event, Outcome, Who, encode
from jupyter_secure.audit.verification_key import VerificationKey
from jupyter_secure.store.audit_segments import RecordFiles

ALICE = Who("alice", session="s" * 22)


def event(number: int = 0, action: str = "file:save", **said: object) -> Event:
    said = {"path": f"project/notebook-{number}.ipynb", **said}
    return Event(action, Outcome.SUCCESS, ALICE, "192.0.2.7", **said)  # type: ignore[arg-type]


def make_record(
    folder: Path, *, events: int = 40, segment_bytes: int = 4096
) -> tuple[VerificationKey, RecordFiles]:
    """Begin a record with a key and write to it, one event at a time, over several segments."""
    key = setup_key(folder)
    files = RecordFiles(folder, segment_bytes=segment_bytes)
    for number in range(events):
        files.append([encode(event(number))])
    return key, files


def copy_record(source: Path, target: Path) -> Path:
    target.mkdir(parents=True)
    for path in source.iterdir():
        (target / path.name).write_bytes(path.read_bytes())
    return target
