"""Every sealed file from one root key to the next: the same file, under a new data key."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, Literal

from jupyter_secure.app.content import files
from jupyter_secure.app.content.provenance import Provenance
from jupyter_secure.app.content.tree import regular_files, unreadable
from jupyter_secure.app.history.notebook_keys import with_new_key
from jupyter_secure.app.trees.each_file import change_each
from jupyter_secure.crypto.aead import InvalidSeal
from jupyter_secure.errors import Conflict, CorruptFile, NotFound, SecureError
from jupyter_secure.store.atomic import AtomicFile
from jupyter_secure.vault.catalogue_rows import SALT_BYTES, Sealing
from jupyter_secure.vault.envelope import FileClass, Header
from jupyter_secure.vault.keyring import Keyring
from jupyter_secure.vault.keys import RootKey
from jupyter_secure.vault.vault import Vault
from jupyter_secure.vault.wrapping import rewrap, root_key_fits

_Counted = Literal["plain", "others", "current", "renewed", "under_passphrase"]


@dataclass
class Renewed:
    """What came of it. Sealed files of this vault below the folders are counted.

    ``renewed`` were encrypted again, ``current`` had been before. ``passphrase_files`` need a
    passphrase: their header is under the new root key, their content under the data key that it was
    under, which nobody has without the passphrase. ``others`` belong to another vault, ``plain``
    are not sealed. What is in ``failures`` is as it was, under the old root key. ``finished``: the
    old root key is gone from ``vault.json``.
    """

    epoch: int = 0
    files: int = 0
    renewed: int = 0
    current: int = 0
    under_passphrase: int = 0
    others: int = 0
    plain: int = 0
    passphrase_files: list[Path] = field(default_factory=list)
    failures: list[SecureError] = field(default_factory=list)
    finished: bool = False


def newest_epoch(root: RootKey, keyring: Keyring, folders: Sequence[Path]) -> int:
    """Return the newest epoch that ``vault.json`` or a file of this root key names.

    Raises ``NotFound`` for a folder that does not exist.
    """
    newest = keyring.epoch
    for folder in folders:
        for path in regular_files(folder, lambda _, __: None):
            header = _header(path)
            if header is not None and header.vault_id == keyring.vault_id:
                ours = header.stanza.epoch > newest and root_key_fits(root, header)
                newest = header.stanza.epoch if ours else newest
    return newest


def reencrypt_all(
    keyring: Keyring,
    old: RootKey,
    new: RootKey,
    folders: Sequence[Path],
    provenance: Provenance,
    progress: Callable[[Renewed], None],
) -> Renewed:
    """Encrypt each sealed file below ``folders`` again; ``progress`` is called after each.

    When this returns, everything is on the disk. Raises ``NotFound`` for a folder that does not
    exist, and otherwise nothing for a single file: that is in ``failures``.
    """
    done = Renewed(epoch=keyring.epoch)
    for folder in folders:
        for path in regular_files(folder, lambda _, __: None):
            done.files += _header(path) is not None
    work = _Reencryption(keyring, old, new, provenance)
    try:
        # A second round finds what a program that had begun before us wrote under the old key.
        for _ in range(2):
            before = done.renewed + done.under_passphrase
            _one_round(work, folders, done, progress)
            if done.renewed + done.under_passphrase == before:
                break
    finally:
        work.close()
    return done


def _one_round(
    work: _Reencryption,
    folders: Sequence[Path],
    done: Renewed,
    progress: Callable[[Renewed], None],
) -> None:
    done.current = done.others = done.plain = 0
    done.failures.clear()
    earlier = done.renewed + done.under_passphrase
    outcomes = change_each(folders, work, lambda _, error: done.failures.append(error))
    for path, outcome in outcomes:
        if isinstance(outcome, SecureError):
            done.failures.append(outcome)
        else:
            setattr(done, outcome, getattr(done, outcome) + 1)
            if outcome == "under_passphrase":
                done.passphrase_files.append(path)
        progress(done)
    # Of the second round: what the first one did is not "there already".
    done.current = max(0, done.current - earlier)


class _Reencryption:
    """Does it for one file after the other; safe for several threads."""

    def __init__(
        self, keyring: Keyring, old: RootKey, new: RootKey, provenance: Provenance
    ) -> None:
        self._provenance = provenance
        self._epoch = keyring.epoch
        self._old_root, self._new_root = old, new
        assert keyring.previous is not None
        old_keyring = Keyring.from_root(old, keyring.vault_id, keyring.previous.epoch)
        self._old, self._new = Vault(old_keyring), Vault(keyring)
        self._old.unseal(old)
        self._new.unseal(new)

    def close(self) -> None:
        """Wipe the keys."""
        self._old.seal()
        self._new.seal()

    def __call__(self, path: Path) -> _Counted | SecureError:
        """Return what came of a file."""
        try:
            return self._reencrypt(path)
        except NotFound:
            return "plain"  # removed meanwhile
        except SecureError as error:
            return error
        except OSError as error:
            return unreadable(path, error)

    def _reencrypt(self, path: Path) -> _Counted:
        with files.open_file(path) as file:
            facts = os.fstat(file.fileno())
            header = files.head(file, str(path)).header
            if header is None:
                return "plain"
            if header.vault_id != self._new.vault_id:
                return "others"
            if root_key_fits(self._new_root, header):
                self._told_late(path, header, file)
                return "current"
            if facts.st_nlink > 1:
                raise Conflict(
                    f"{path} has {facts.st_nlink - 1} other names (hard links).",
                    why="Under those it would stay as it is, under the old key.",
                    remedy="Remove them first: find . -samefile FILE shows them.",
                )
            with AtomicFile(path, unchanged=facts, folder_later=True) as target:
                if header.needs_passphrase:
                    self._rewrap(header, file, target)
                    sealing = None
                elif header.file_class is FileClass.HISTORY_KEY:
                    sealing = self._copy_history_key(header, file, target)
                else:
                    sealing = self._copy(header, file, target)
                target.keep_times(facts)
            if sealing is None:
                return "under_passphrase"
            if header.file_class is FileClass.CONTENT:
                self._provenance.saved(path, sealing)
            return "renewed"

    def _told_late(self, path: Path, header: Header, file: IO[bytes]) -> None:
        """Tell the catalogue of a file that was done just before a run was killed.

        Nothing was encrypted again that was not as it had been left, so what differs in nothing
        but the salt, under a key that only such runs have used, is that file.
        """
        left = self._provenance.left_at(path)
        if header.file_class is not FileClass.CONTENT or left is None:
            return
        sealing = Sealing(header.file_id, header.file_version, file.read(SALT_BYTES))
        same = replace(left.sealing, salt=sealing.salt) == sealing
        if same and sealing != left.sealing:
            self._provenance.saved(path, sealing)

    def _copy(self, header: Header, file: IO[bytes], target: AtomicFile) -> Sealing:
        opener = self._old.opener(header, expect=header.file_class, name=str(target.path))
        sealer = self._new.sealer(
            file_class=header.file_class,
            file_id=header.file_id,
            file_version=header.file_version,
            flags=header.flags,
        )
        target.write(sealer.header)
        old_salt = salt = b""
        # Authentic piece by piece; `finalize` knows that none is missing, before the old file goes.
        for piece in files.pieces(file):
            old_salt += bytes(piece[: SALT_BYTES - len(old_salt)])
            sealed = sealer.update(opener.update(piece))
            salt += sealed[: SALT_BYTES - len(salt)]
            target.write(sealed)
        last = sealer.update(opener.finalize()) + sealer.finalize()
        target.write(last)
        salt += last[: SALT_BYTES - len(salt)]
        if header.file_class is FileClass.CONTENT:
            # Known to be authentic now. What is not as it was left is not brought along unseen.
            before = Sealing(header.file_id, header.file_version, old_salt)
            self._provenance.check(target.path, before)
        return Sealing(header.file_id, header.file_version, salt)

    def _copy_history_key(self, header: Header, file: IO[bytes], target: AtomicFile) -> Sealing:
        """Let a history go on under a new key: who knows the one before opens nothing new."""
        sealed = bytes(header) + file.read()
        keys = self._old.open_bytes(sealed, expect=header.file_class, name=str(target.path)).data
        target.write(
            self._new.seal_bytes(
                with_new_key(keys), file_class=header.file_class, file_id=header.file_id
            )
        )
        return Sealing(header.file_id, header.file_version, b"")

    def _rewrap(self, header: Header, file: IO[bytes], target: AtomicFile) -> None:
        try:
            changed = rewrap(header, self._old_root, self._new_root, self._epoch)
        except InvalidSeal:
            raise CorruptFile(
                f"{target.path} is damaged.",
                why="Its header was altered after it was sealed.",
                remedy="Restore it from a checkpoint or a backup; it was left as it is.",
            ) from None
        target.write(bytes(changed))
        for piece in files.pieces(file):
            target.write(piece)


def _header(path: Path) -> Header | None:
    try:
        with files.open_file(path) as file:
            return files.head(file, str(path)).header
    except (SecureError, OSError):
        return None  # told of when it is its turn
