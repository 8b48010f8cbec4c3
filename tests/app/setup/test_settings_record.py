from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from jupyter_secure.app.setup import settings_file, settings_record
from jupyter_secure.app.setup.settings_file import Change
from jupyter_secure.app.setup.settings_record import RECORD, Record
from jupyter_secure.errors import StateUnusable, StorageFailed

OURS = {"ServerApp": {"port": 1}}


def plan(folder: Path, name: str, before: str | None = None) -> Change:
    path = folder / name
    if before is not None:
        path.write_text(before)
    return settings_file.plan(path, OURS)


def test_read_as_written(tmp_path: Path) -> None:
    """The record comes back as it was written, and is for its owner only."""
    record = Record((plan(tmp_path, "a"), plan(tmp_path, "b", '{"X": {"token": "t"}}')), True)
    settings_record.save(tmp_path, record)
    assert settings_record.load(tmp_path) == record
    assert stat.S_IMODE((tmp_path / RECORD).stat().st_mode) == 0o600


def test_none(tmp_path: Path) -> None:
    """Where there is no record there is none."""
    assert settings_record.load(tmp_path) is None


@pytest.mark.parametrize(
    "text",
    ["", "[]", "null", "{}", '{"version": 2, "changes": [], "in_effect": true}', '{"version": 1}']
    + [
        json.dumps({"version": 1, "in_effect": True, "changes": [change]})
        for change in (1, {}, {"path": "/a", "before": "?", "after": "", "written": {}})
    ],
)
def test_damaged(tmp_path: Path, text: str) -> None:
    """A record that cannot be understood is named, and is not taken for none."""
    (tmp_path / RECORD).write_text(text)
    with pytest.raises(StateUnusable, match=RECORD):
        settings_record.load(tmp_path)


def test_applied_whole_or_not_at_all(tmp_path: Path) -> None:
    """When one file cannot be written, the others are as they were."""
    good = plan(tmp_path, "good", '{"Mine": {}}')
    new = plan(tmp_path, "new")
    (tmp_path / "file").touch()
    bad = Change(tmp_path / "file" / "bad", None, b"{}", OURS)
    with pytest.raises(StorageFailed):
        settings_record.apply([good, new, bad])
    assert (tmp_path / "good").read_text() == '{"Mine": {}}'
    assert not (tmp_path / "new").exists()


def test_taken_back(tmp_path: Path) -> None:
    """Taking back restores every file, keeps the record, and names what someone changed since."""
    changes = (plan(tmp_path, "a", "{}"), plan(tmp_path, "b"))
    settings_record.apply(changes)
    (tmp_path / "b").write_text('{"ServerApp": {"port": 9}}')
    left = settings_record.take_back(tmp_path, Record(changes, in_effect=True))
    assert left == ("ServerApp.port",)
    assert (tmp_path / "a").read_text() == "{}"
    assert settings_record.load(tmp_path) == Record(changes, in_effect=False)


def test_replaced(tmp_path: Path) -> None:
    """A setting that had another value is named with it, one that had the same or none is not."""
    changes = [
        plan(tmp_path, "other", '{"ServerApp": {"port": 9999, "token": "t"}}'),
        plan(tmp_path, "same", '{"ServerApp": {"port": 1}}'),
        plan(tmp_path, "none"),
    ]
    assert settings_record.replaced(changes) == {"ServerApp.port": 9999}
