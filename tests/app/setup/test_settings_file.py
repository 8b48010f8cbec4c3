from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_secure.app.setup import settings_file
from jupyter_secure.app.setup.settings_file import Change
from jupyter_secure.errors import StateUnusable, StorageFailed

OURS = {"ServerApp": {"certfile": "/c.pem", "port": 1}}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "config" / "settings.json"


def put(path: Path, content: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(content)


def test_new_file(path: Path) -> None:
    """A file that was not there is made for its owner only, and is gone after restoring."""
    change = settings_file.plan(path, OURS)
    assert not path.parent.exists()
    settings_file.write(change)
    assert json.loads(path.read_text()) == OURS
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert settings_file.restore(change) == ()
    assert not path.exists()


@pytest.mark.parametrize(
    "before",
    [
        "{}",
        '{"ServerApp":{"port":9999,"token":"t"},\r\n\t"Other":{"a":[1,2,{"b":null}]}}',
        '{\n  "ServerApp": {"certfile": "/old.pem"}\n}\n\n',
        '{"ServerApp": {"root_dir": "/Übung/\\u00fc"}}',
        '{"version": 1, "Other": {"a": 1}}',
    ],
)
def test_restores_to_the_byte(path: Path, before: str) -> None:
    """Whatever was there comes back to the byte, and everything else stays while ours is in."""
    put(path, before)
    path.chmod(0o640)
    change = settings_file.plan(path, OURS)
    settings_file.write(change)
    now = json.loads(path.read_text())
    assert now["ServerApp"] == {**json.loads(before).get("ServerApp", {}), **OURS["ServerApp"]}
    assert now.get("Other") == json.loads(before).get("Other")
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert settings_file.restore(change) == ()
    assert path.read_bytes() == before.encode()


@pytest.mark.parametrize(
    ("edit", "after", "left"),
    [
        # The person's own settings stay.
        ({"Mine": {"a": 1}}, {"ServerApp": {"port": 9999}, "Mine": {"a": 1}}, ()),
        # One of ours that the person changed stays, and is reported.
        (
            {"ServerApp": {"certfile": "/mine.pem", "port": 1}},
            {"ServerApp": {"certfile": "/mine.pem", "port": 9999}},
            ("ServerApp.certfile",),
        ),
        # One of ours that the person removed: what was there before comes back.
        ({"ServerApp": {"certfile": "/c.pem"}}, {"ServerApp": {"port": 9999}}, ()),
    ],
)
def test_restores_around_an_edit(
    path: Path, edit: dict[str, Any], after: dict[str, Any], left: tuple[str, ...]
) -> None:
    """In a file that was edited since, only our settings are taken back."""
    put(path, '{"ServerApp": {"port": 9999}}')
    change = settings_file.plan(path, OURS)
    settings_file.write(change)
    put(path, json.dumps({**json.loads(path.read_text()), **edit}))
    assert settings_file.restore(change) == left
    assert json.loads(path.read_text()) == after


def test_restoring_a_file_that_is_gone(path: Path) -> None:
    """A file that someone has deleted is left deleted."""
    change = settings_file.plan(path, OURS)
    settings_file.write(change)
    path.unlink()
    assert settings_file.restore(change) == ()
    assert not path.exists()


def test_restoring_what_was_never_written(path: Path) -> None:
    """A change that was planned and never made restores to the same file."""
    put(path, '{"ServerApp": {"port": 9999}}')
    assert settings_file.restore(settings_file.plan(path, OURS)) == ()
    assert path.read_text() == '{"ServerApp": {"port": 9999}}'


@pytest.mark.parametrize(
    "content", ["", "{", '{"a": {},}', "// hi\n{}", "[]", '"x"', '{"ServerApp": 3}', "\xff{}"]
)
def test_refuses_what_it_cannot_parse(path: Path, content: str) -> None:
    """A file that is not what Jupyter reads is named and left alone."""
    path.parent.mkdir()
    path.write_bytes(content.encode("latin-1"))
    with pytest.raises(StateUnusable, match=r"settings\.json"):
        settings_file.plan(path, OURS)
    assert path.read_bytes() == content.encode("latin-1")


def test_refuses_to_restore_what_it_cannot_parse(path: Path) -> None:
    """A file that was broken since is left for its owner to mend."""
    change = settings_file.plan(path, OURS)
    settings_file.write(change)
    put(path, "{")
    with pytest.raises(StateUnusable):
        settings_file.restore(change)
    assert path.read_text() == "{"


def test_follows_links(path: Path, tmp_path: Path) -> None:
    """A link into someone's dotfiles stays a link, and its target is changed and restored."""
    path.parent.mkdir()
    target = tmp_path / "dotfiles.json"
    target.write_text("{}")
    path.symlink_to(target)
    change = settings_file.plan(path, OURS)
    settings_file.write(change)
    assert path.is_symlink()
    assert json.loads(target.read_text()) == OURS
    settings_file.restore(change)
    assert target.read_text() == "{}"


def test_folder_in_the_way(path: Path, tmp_path: Path) -> None:
    """A folder that cannot be made is named with the remedy."""
    (tmp_path / "config").touch()
    with pytest.raises(StateUnusable):
        settings_file.plan(path, OURS)
    with pytest.raises(StorageFailed, match="JUPYTER_CONFIG_DIR"):
        settings_file.write(Change(path, None, b"{}", {}))


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=4,
)
names = st.text(max_size=4)
settings = st.dictionaries(names, st.dictionaries(names, values, max_size=4), max_size=4)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("any")


@given(before=st.none() | settings, ours=settings)
def test_any_change_is_taken_back(folder: Path, before: Any, ours: Any) -> None:
    """For any file and any settings: written and restored is as if nothing had been."""
    path = folder / "settings.json"
    text = None if before is None else json.dumps(before, indent=3)
    path.unlink(missing_ok=True)
    if text is not None:
        path.write_text(text)
    change = Change.from_json(json.loads(json.dumps(settings_file.plan(path, ours).to_json())))
    settings_file.write(change)
    for name, traits in ours.items():
        assert json.loads(path.read_text())[name].items() >= traits.items()
    settings_file.restore(change)
    assert (path.read_text() if path.exists() else None) == text
