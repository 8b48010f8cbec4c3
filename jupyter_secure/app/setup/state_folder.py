"""The state directory as a whole: may it be used, and making it all at once or not at all."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from jupyter_secure.app.setup.settings_record import RECORD
from jupyter_secure.errors import Conflict, StateUnusable
from jupyter_secure.store.audit_folder import AUDIT_DIRECTORY
from jupyter_secure.store.in_use import IN_USE_FILE
from jupyter_secure.store.one_writer import WRITING_FILE
from jupyter_secure.store.places import DATABASE_FILE, TLS_DIRECTORY, VAULT_FILE

# While a set-up is being written this folder stands in the state directory. Whoever finds it knows
# that the set-up never finished: it is removed at the very end, after vault.json is in place.
_BUILDING = ".setting-up"
_OURS = frozenset(
    {
        VAULT_FILE,
        DATABASE_FILE,
        f"{DATABASE_FILE}-wal",
        f"{DATABASE_FILE}-shm",
        TLS_DIRECTORY,
        RECORD,
        IN_USE_FILE,
        WRITING_FILE,
        AUDIT_DIRECTORY,
        _BUILDING,
    }
)


def is_set_up(state: Path) -> bool:
    """Return whether a finished set-up lives here."""
    return (state / VAULT_FILE).exists() and not (state / _BUILDING).exists()


def check_free(state: Path) -> None:
    """Raise unless a set-up can be written here: Conflict, or StateUnusable with the remedy."""
    if is_set_up(state):
        raise Conflict(
            f"This account is set up already, in {state}.",
            remedy="See what is there with `jupyter secure status`.",
        )
    names = _names(state)
    if _BUILDING not in names and names & {DATABASE_FILE, VAULT_FILE}:
        raise StateUnusable(
            f"{state / VAULT_FILE} is missing, and accounts are there.",
            why="It holds the key to every sealed file. A new one would not open them.",
            remedy="Restore it from a backup. If nothing was sealed yet, move the folder away.",
        )
    if names - _OURS:
        raise StateUnusable(
            f"The state directory {state} holds other files.",
            why=f"{min(names - _OURS)!r} is not one of jupyter-secure's.",
            remedy="Set JUPYTER_SECURE_DIR to a new or an empty folder.",
        )
    _check_writable(state)


@contextmanager
def building(state: Path) -> Iterator[Path]:
    """Give a folder to build the state in.

    The body calls `finish` when it has written everything, and may do more afterwards. When the
    body raises, also by Ctrl-C, everything is taken away again, the folders that were made too.
    """
    check_free(state)
    made = _make(state)
    try:
        if (state / _BUILDING).exists():
            _remove(state)
        state.chmod(0o700)
        new = state / _BUILDING
        new.mkdir(mode=0o700)
        yield new
    except BaseException as error:
        # All of it is ours: the folder was free when we began.
        _remove(state)
        for folder in reversed(made):
            # One that someone else began to use meanwhile stays.
            if folder.exists() and not any(folder.iterdir()):
                folder.rmdir()
        if isinstance(error, OSError):
            raise _unwritable(state, error) from None
        raise


def finish(state: Path) -> None:
    """Move what was built into place; the keyring, which everything else hangs on, comes last."""
    new = state / _BUILDING
    for path in sorted(new.iterdir(), key=lambda path: path.name == VAULT_FILE):
        path.rename(state / path.name)
    new.rmdir()


def wrong_permissions(state: Path) -> list[tuple[Path, int]]:
    """Return what in the state directory is open to other accounts, with its mode."""
    if os.name != "posix":
        return []
    return [
        (path, stat.S_IMODE(path.lstat().st_mode))
        for path in (state, *sorted(state.rglob("*")))
        if not path.is_symlink() and stat.S_IMODE(path.lstat().st_mode) & 0o077
    ]


def _names(state: Path) -> set[str]:
    try:
        return {path.name for path in state.iterdir()}
    except FileNotFoundError:
        return set()
    except OSError as error:
        raise _unwritable(state, error) from None


def _check_writable(state: Path) -> None:
    # Asked before the first question, so that nobody scans a QR code in vain.
    place = state
    while not place.exists() and place != place.parent:
        place = place.parent
    if not place.is_dir():
        raise _unwritable(state, NotADirectoryError(20, "Not a directory"))
    if not os.access(place, os.W_OK | os.X_OK):
        raise _unwritable(state, PermissionError(13, "Permission denied"))


def _make(state: Path) -> list[Path]:
    """Make the folder and those above it; return what was made, outermost first."""
    made: list[Path] = []
    missing = [path for path in (state, *state.parents) if not path.exists()]
    try:
        for path in reversed(missing):
            path.mkdir(mode=0o700)
            made.append(path)
    except OSError as error:
        for path in reversed(made):
            path.rmdir()
        raise _unwritable(state, error) from None
    return made


def _remove(state: Path) -> None:
    # What says that the rest is unfinished goes last.
    for name in sorted(_OURS, key=lambda name: name == _BUILDING):
        path = state / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def _unwritable(state: Path, error: OSError) -> StateUnusable:
    return StateUnusable(
        f"The state directory {state} cannot be written.",
        why=f"{error.strerror or type(error).__name__}.",
        remedy="Correct its permissions, or set JUPYTER_SECURE_DIR to a folder of your own.",
    )
