from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from jupyter_secure.app.setup import state_folder
from jupyter_secure.errors import Conflict, SecureError, StateUnusable


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """Where the state will be: two folders deep, neither of them there."""
    return tmp_path / "data" / "secure"


def build(state: Path) -> None:
    with state_folder.building(state) as new:
        (new / "state.db").touch(0o600)
        (new / "vault.json").touch(0o600)
        assert not state_folder.is_set_up(state)
        state_folder.finish(state)


def test_built(state: Path) -> None:
    """What was built is there as a whole, for its owner only."""
    state_folder.check_free(state)
    assert not state.parent.exists()
    build(state)
    assert state_folder.is_set_up(state)
    assert sorted(os.listdir(state)) == ["state.db", "vault.json"]
    assert stat.S_IMODE(state.stat().st_mode) == 0o700
    assert state_folder.wrong_permissions(state) == []


@pytest.mark.parametrize("error", [ZeroDivisionError, KeyboardInterrupt])
@pytest.mark.parametrize("finished", [False, True])
def test_failure_leaves_nothing(
    state: Path, tmp_path: Path, error: type[BaseException], finished: bool
) -> None:
    """A set-up that fails, before or after it is in place, takes away the folders it made."""
    with pytest.raises(error), state_folder.building(state) as new:
        (new / "vault.json").touch()
        if finished:
            state_folder.finish(state)
        raise error
    assert os.listdir(tmp_path) == []


def test_failure_keeps_others_files(state: Path) -> None:
    """A folder above that someone else began to use meanwhile stays."""
    with pytest.raises(ZeroDivisionError), state_folder.building(state):
        (state.parent / "theirs").touch()
        raise ZeroDivisionError
    assert os.listdir(state.parent) == ["theirs"]


@pytest.mark.parametrize("vault_is_in_place", [False, True])
def test_after_a_kill(state: Path, vault_is_in_place: bool) -> None:
    """What an unfinished set-up left is no set-up, and the next one replaces it."""
    (state / ".setting-up").mkdir(parents=True)
    (state / "state.db").write_text("of the unfinished one")
    if vault_is_in_place:
        (state / "vault.json").touch()
    assert not state_folder.is_set_up(state)
    build(state)
    assert (state / "state.db").read_text() == ""


@pytest.mark.parametrize(
    ("spoil", "error", "words"),
    [
        (lambda s: (s / "vault.json").touch(), Conflict, "set up already"),
        (lambda s: (s / "state.db").touch(), StateUnusable, "vault.json is missing"),
        (lambda s: (s / "thesis.tex").touch(), StateUnusable, "'thesis.tex'"),
        (lambda s: (s.rmdir(), s.touch()), StateUnusable, "cannot be written"),
    ],
    ids=["set up", "no keyring", "others' files", "a file"],
)
def test_not_free(
    state: Path, spoil: Callable[[Path], object], error: type[SecureError], words: str
) -> None:
    """A place that holds anything else is refused, and stays as it is."""
    state.mkdir(parents=True)
    spoil(state)
    before = sorted(state.parent.rglob("*"))
    with pytest.raises(error) as caught:
        build(state)
    assert words in f"{caught.value.what} {caught.value.why}"
    assert sorted(state.parent.rglob("*")) == before


def test_wrong_permissions(state: Path) -> None:
    """Everything that others may read or write is listed; a link's own mode means nothing."""
    build(state)
    (state / "tls").mkdir(mode=0o700)
    (state / "tls" / "key.pem").touch()
    (state / "tls" / "key.pem").chmod(0o604)
    (state / "link").symlink_to("vault.json")
    state.chmod(0o710)
    assert state_folder.wrong_permissions(state) == [
        (state, 0o710),
        (state / "tls" / "key.pem", 0o604),
    ]
