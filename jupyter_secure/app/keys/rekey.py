"""A new key epoch: ``vault.json`` first, then the header of every sealed file, one by one.

The root key opens files of every epoch, so everything can be opened at every moment, and a rotation
that was cut short is finished by running it again. What it costs, and what it does not do, stands
in ``docs/adr/0003-rotation-replaces-whole-files.md``.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from jupyter_secure.app.content import files
from jupyter_secure.app.content.tree import regular_files, unreadable
from jupyter_secure.app.trees.each_file import change_each
from jupyter_secure.errors import Conflict, NotFound, SecureError
from jupyter_secure.store import places
from jupyter_secure.store.atomic import AtomicFile
from jupyter_secure.store.history import with_keys
from jupyter_secure.store.vault_file import change_keyring
from jupyter_secure.vault.keyring import Keyring
from jupyter_secure.vault.keys import RootKey
from jupyter_secure.vault.vault import Vault
from jupyter_secure.vault.wrapping import root_key_fits

_Counted = Literal["plain", "others", "current", "rewrapped"]


@dataclass
class Rotated:
    """What came of it. Sealed files of this vault below the folders are counted.

    ``rewrapped`` were brought to ``epoch`` now, ``current`` were there already; ``others`` belong
    to another vault, ``plain`` are not sealed. What is in ``failures`` remains as it was, and opens
    as before if it did. ``began`` is False where this finished an earlier rotation.
    """

    epoch: int = 0
    began: bool = False
    behind: int = 0
    rewrapped: int = 0
    current: int = 0
    others: int = 0
    plain: int = 0
    failures: list[SecureError] = field(default_factory=list)


def rotate(
    root: RootKey,
    folders: Sequence[Path],
    *,
    new: bool = False,
    progress: Callable[[Rotated], None] = lambda _: None,
) -> Rotated:
    """Bring every sealed file below ``folders``, and the keys of histories, to the newest epoch.

    A new epoch begins if all of them are of the newest one already, or with ``new``; otherwise this
    finishes what was begun. ``progress`` is called after each file. Raises ``WrongKey`` for another
    vault's root key, ``NotFound`` for a folder that does not exist, ``NotSetUp``, ``StateUnusable``
    or ``StorageFailed``, and then no file was touched.
    """
    done = Rotated()
    # Whoever has the keys of histories has all earlier versions.
    folders = with_keys(folders, places.state_dir())

    def change(keyring: Keyring) -> Keyring:
        newest, done.behind, done.current = _look(root, keyring, folders)
        done.began = new or not done.behind
        if done.began:
            newest, done.behind, done.current = newest + 1, done.behind + done.current, 0
        done.epoch = newest
        return keyring.with_epoch(root, newest)

    # First, so that a server that unseals meanwhile seals under the new epoch already.
    vault = Vault(change_keyring(places.state_dir(), change))
    vault.unseal(root)
    done.current = 0
    try:
        _rewrap_all(vault, folders, done, progress)
    finally:
        vault.seal()
    return done


def _look(root: RootKey, keyring: Keyring, folders: Sequence[Path]) -> tuple[int, int, int]:
    """Return the newest epoch there is, and how many files are behind it and not."""
    epochs: dict[int, int] = {}
    for path in _files_in(folders, lambda _, __: None):
        try:
            with files.open_file(path) as file:
                header = files.head(file, str(path)).header
        except (SecureError, OSError):
            continue  # told of when it is its turn
        if (
            header is not None
            and header.vault_id == keyring.vault_id
            and root_key_fits(root, header)
        ):
            epochs[header.stanza.epoch] = epochs.get(header.stanza.epoch, 0) + 1
    # A vault.json from a backup may be older than the files.
    newest = max((keyring.epoch, *epochs))
    current = epochs.get(newest, 0)
    return newest, sum(epochs.values()) - current, current


def _rewrap_all(
    vault: Vault, folders: Sequence[Path], done: Rotated, progress: Callable[[Rotated], None]
) -> None:
    outcomes = change_each(
        folders,
        lambda path: _outcome(vault, path, done.epoch),
        lambda _, error: done.failures.append(error),
    )
    for _, outcome in outcomes:
        if isinstance(outcome, SecureError):
            done.failures.append(outcome)
        else:
            setattr(done, outcome, getattr(done, outcome) + 1)
        progress(done)


def _outcome(vault: Vault, path: Path, epoch: int) -> _Counted | SecureError:
    try:
        return _rewrap(vault, path, epoch)
    except NotFound:
        return "plain"  # removed meanwhile
    except SecureError as error:
        return error
    except OSError as error:
        return unreadable(path, error)


def _rewrap(vault: Vault, path: Path, epoch: int) -> _Counted:
    with files.open_file(path) as file:
        facts = os.fstat(file.fileno())
        header = files.head(file, str(path)).header
        if header is None:
            return "plain"
        if header.vault_id != vault.vault_id:
            return "others"
        if header.stanza.epoch == epoch:
            return "current"
        new = vault.rewrap(header, name=str(path))
        if facts.st_nlink > 1:
            raise Conflict(
                f"{path} has {facts.st_nlink - 1} other names (hard links).",
                why="Replacing it would part them, and leave the old header under the others.",
                remedy="Remove them first: find . -samefile FILE shows them.",
            )
        # The whole file, though 124 bytes change: written in place, a power cut could leave half a
        # header, and with it the only copy of the file's key would be gone.
        with AtomicFile(path, unchanged=facts, folder_later=True) as target:
            target.write(bytes(new))
            for piece in files.pieces(file):
                target.write(piece)
            target.keep_times(facts)
    return "rewrapped"


def _files_in(
    folders: Sequence[Path], failed: Callable[[Path, SecureError], None]
) -> Iterator[Path]:
    for folder in folders:
        yield from regular_files(folder, failed)
