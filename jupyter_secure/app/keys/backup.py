"""Everything in the state directory as one tar file, as it is: what is wrapped stays wrapped.

Passwords are not in it, and neither is any key to the files but in slots that need one. The
certificate's private key is, as it is on the disk: the backup is made for its owner only.
"""

from __future__ import annotations

import io
import os
import secrets
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from jupyter_secure.app.setup.settings_record import RECORD
from jupyter_secure.errors import InvalidInput, StateUnusable
from jupyter_secure.store import places
from jupyter_secure.store.atomic import AtomicFile, Buffer
from jupyter_secure.store.database import Database
from jupyter_secure.store.history import DIRECTORY
from jupyter_secure.store.history_copy import files_to_copy
from jupyter_secure.store.links import leave_out_links
from jupyter_secure.store.temporary import TEMPORARY_PREFIX
from jupyter_secure.store.vault_file import load_keyring


def back_up(target: Path) -> tuple[str, ...]:
    """Write the backup, mode 0600, all at once or not at all; return the names in it.

    May be done while a server runs. Raises ``NotSetUp``, ``StateUnusable``, ``InvalidInput`` or
    ``StorageFailed``.
    """
    state = places.state_dir()
    if target.absolute().is_relative_to(state):
        raise InvalidInput(
            "The backup would lie in the state directory.",
            why="It would be lost together with what it is a backup of.",
            remedy="Write it to another place, best another disk.",
        )
    # A keyring that cannot be read is not worth keeping: the backup before this one may be better.
    load_keyring(state)
    contents = {places.VAULT_FILE: _read(state / places.VAULT_FILE)}
    contents[places.DATABASE_FILE] = _database(state)
    others = [state / RECORD, *sorted((state / places.TLS_DIRECTORY).glob("*.pem"))]
    for path in others:
        if path.is_file():
            contents[path.relative_to(state).as_posix()] = _read(path)
    with (
        files_to_copy(state) as history,
        AtomicFile(target, mode=0o600) as file,
        tarfile.open(fileobj=_Written(file), mode="w|", format=tarfile.PAX_FORMAT) as tar,
    ):
        _add_folder(tar, places.TLS_DIRECTORY)
        for name, content in contents.items():
            _add(tar, name, io.BytesIO(content), len(content))
        count = _add_history(tar, state, history)
    return (*contents, f"{DIRECTORY} ({count} files)") if count else tuple(contents)


class _Written(io.RawIOBase):
    """An ``AtomicFile`` as ``tarfile`` writes to it."""

    def __init__(self, file: AtomicFile) -> None:
        super().__init__()
        self._file = file

    def writable(self) -> bool:
        return True

    def write(self, data: Buffer) -> int:  # type: ignore[override]  # what it is given
        self._file.write(data)
        return len(data)


def _add_history(tar: tarfile.TarFile, state: Path, history: Iterator[Path]) -> int:
    """Add the versions as they are, sealed, whatever their size; return how many files it took."""
    count, known = 0, {state}
    for path in history:
        try:
            with path.open("rb") as file:
                name = path.relative_to(state)
                for folder in reversed(name.parents):
                    if state / folder not in known:
                        known.add(state / folder)
                        _add_folder(tar, folder.as_posix())
                _add(tar, name.as_posix(), file, os.fstat(file.fileno()).st_size)
                count += 1
        except FileNotFoundError:
            continue  # a branch that was packed just now: it comes with the packed ones
        except OSError as error:
            raise _unreadable(path, error) from None
    return count


def _add_folder(tar: tarfile.TarFile, name: str) -> None:
    folder = tarfile.TarInfo(name)
    folder.type, folder.mode, folder.mtime = tarfile.DIRTYPE, 0o700, int(time.time())
    tar.addfile(folder)


def _add(tar: tarfile.TarFile, name: str, file: IO[bytes], size: int) -> None:
    member = tarfile.TarInfo(name)
    # Unpacked by anyone, it is the owner's alone again.
    member.size, member.mode, member.mtime = size, 0o600, int(time.time())
    tar.addfile(member, file)


def _database(state: Path) -> bytes:
    database = Database.open(state / places.DATABASE_FILE)
    # Beside the original, so that it is nowhere that is less well kept.
    copy = state / f"{TEMPORARY_PREFIX}{secrets.token_hex(8)}"
    try:
        copy.touch(mode=0o600, exist_ok=False)
        database.copy_to(copy)
        leave_out_links(copy)
        return copy.read_bytes()
    except OSError as error:
        raise StateUnusable(
            f"The state database {database.path} could not be copied.",
            why=f"{error.strerror}.",
            remedy="See that the state directory can be written and the disk is not full.",
        ) from None
    finally:
        copy.unlink(missing_ok=True)
        database.close()


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise _unreadable(path, error) from None


def _unreadable(path: Path, error: OSError) -> StateUnusable:
    return StateUnusable(
        f"{path} could not be read.",
        why=f"{error.strerror}.",
        remedy="Make it readable for the account that runs Jupyter.",
    )
