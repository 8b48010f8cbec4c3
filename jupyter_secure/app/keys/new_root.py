"""A new root key for the vault: every file encrypted again, so that the old keys open nothing.

In ``vault.json`` the new key comes first, with the old one wrapped by it until the last file is
done; so a change that was cut short is finished by running it again. Why in this order, and what is
left to the person: ``docs/adr/0004-a-new-root-key-in-one-step.md``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from jupyter_secure.app.content.provenance import Provenance
from jupyter_secure.app.keys.reencrypt import Renewed, newest_epoch, reencrypt_all
from jupyter_secure.app.keys.rekey_state import rekey_state, require_whole
from jupyter_secure.crypto.kdf import RFC_9106_LOW_MEMORY, Argon2idProfile
from jupyter_secure.errors import Conflict
from jupyter_secure.identity.accounts import normalise_username
from jupyter_secure.store import places
from jupyter_secure.store.catalogue import DatabaseCatalogue
from jupyter_secure.store.database import Database
from jupyter_secure.store.history import with_keys
from jupyter_secure.store.in_use import alone
from jupyter_secure.store.key_file import read_key_file
from jupyter_secure.store.vault_file import change_keyring, load_keyring
from jupyter_secure.vault.catalogue import Catalogue
from jupyter_secure.vault.key_file import FileKey
from jupyter_secure.vault.keyring import Keyring
from jupyter_secure.vault.keys import RootKey
from jupyter_secure.vault.recovery_key import encode_recovery_key

Show = Callable[[str, bool], None]


@dataclass(frozen=True)
class Kept:
    """Who opens the vault afterwards: the account that does it, and key files.

    Other slots cannot be kept, as nobody here knows what opens them; ``drop_others`` lets them go.
    Those of passkeys always go: that locks nobody out, and their owners let them open the vault
    again.
    """

    username: str
    password: str = field(repr=False)
    key_files: tuple[Path, ...] = ()
    drop_others: bool = False


def passkeys_that_open() -> int:
    """Return how many passkeys open the vault, and will not after a change of the root key."""
    return len(load_keyring(places.state_dir()).passkeys)


def begin(
    kept: Kept,
    folders: Sequence[Path],
    show: Show,
    *,
    progress: Callable[[Renewed], None] = lambda _: None,
    leave_behind: bool = False,
    profile: Argon2idProfile = RFC_9106_LOW_MEMORY,
) -> Renewed:
    """Give the vault a new root key, and encrypt every sealed file below ``folders`` again.

    ``show`` is given the new recovery key before anything has changed; what it raises ends it all,
    with nothing changed. Raises ``Conflict`` if a server runs, other slots would be lost, or a
    change was begun already; ``WrongKey``, ``NotFound``, ``StateUnusable`` or ``StorageFailed``.
    """
    state = places.state_dir()
    with alone(state):
        keyring = load_keyring(state)
        if keyring.previous is not None:
            raise Conflict(
                "A change of the root key was begun before.", remedy="Run the same command again."
            )
        name = normalise_username(kept.username)
        old, new = keyring.open_with_password(name, kept.password), RootKey.generate()
        try:
            require_whole(state, old)
            changed = _with_new_root(keyring, kept, name, old, new, folders, profile)
            show(encode_recovery_key(new), True)
            change_keyring(state, lambda now: _unless_changed(now, keyring, changed))
            return _finish(changed, old, new, folders, progress, leave_behind)
        finally:
            old.wipe()
            new.wipe()


def resume(
    root: RootKey,
    folders: Sequence[Path],
    show: Show,
    *,
    progress: Callable[[Renewed], None] = lambda _: None,
    leave_behind: bool = False,
) -> Renewed:
    """Go on with a change that was cut short. ``root`` is the new root key, by whatever slot.

    ``show`` is given the new recovery key again. Raises as ``begin`` does.
    """
    state = places.state_dir()
    with alone(state):
        keyring = load_keyring(state)
        old = keyring.previous_root(root)
        if old is None:
            raise Conflict("The change of the root key is finished already.")
        try:
            show(encode_recovery_key(root), False)
            return _finish(keyring, old, root, folders, progress, leave_behind)
        finally:
            old.wipe()


def settle(root: RootKey) -> None:
    """Bring ``state.db`` to the new root key where a change was cut short before that.

    ``root`` is the new one. For what has to ask the catalogue in the middle of a change: under the
    old key it would seem to have been changed from outside. Raises ``WrongKey``, ``StateUnusable``.
    """
    state = places.state_dir()
    old = load_keyring(state).previous_root(root)
    if old is None:
        return
    try:
        with closing(Database.open(state / places.DATABASE_FILE)) as database:
            rekey_state(database, old, root)
    finally:
        old.wipe()


def _with_new_root(
    keyring: Keyring,
    kept: Kept,
    name: str,
    old: RootKey,
    new: RootKey,
    folders: Sequence[Path],
    profile: Argon2idProfile,
) -> Keyring:
    keys = [read_key_file(path) for path in kept.key_files]
    try:
        named = {name, *_names_of(keyring, keys, kept.key_files)}
        named |= {slot.name for slot in keyring.passkeys}
        lost = [one for one in keyring.names if one not in named]
        if lost and not kept.drop_others:
            raise Conflict(
                f"The vault is also opened by {', '.join(f'“{one}”' for one in lost)}.",
                why="A new root key cannot be wrapped for them: that takes their passwords, or "
                "their key files.",
                remedy="Add --keep-key-file PATH for a key file. Add --drop-other-slots to lock "
                "the others out; those accounts then get a new password by `jupyter secure user "
                "reset-password`.",
            )
        sealed_in = with_keys(folders, places.state_dir())
        changed = keyring.with_new_root(old, new, newest_epoch(old, keyring, sealed_in) + 1)
        changed = changed.add_password_slot(new, name, kept.password, profile=profile)
        # Tried before the old slots are given up: what does not open locks everyone out.
        changed.open_with_password(name, kept.password).wipe()
        for key in keys:
            slot = keyring.slot_of(key)
            assert slot is not None
            changed = changed.add_key_file(new, slot.name, key)
        return changed
    finally:
        for key in keys:
            key.wipe()


def _names_of(keyring: Keyring, keys: Sequence[FileKey], paths: Sequence[Path]) -> list[str]:
    names = []
    for key, path in zip(keys, paths, strict=True):
        slot = keyring.slot_of(key)
        if slot is None:
            raise Conflict(f"The key file {path} does not open the vault now.")
        names.append(slot.name)
    return names


def _unless_changed(now: Keyring, before: Keyring, changed: Keyring) -> Keyring:
    if now != before:
        raise Conflict("vault.json was changed by another program just now.", remedy="Try again.")
    return changed


def _finish(
    keyring: Keyring,
    old: RootKey,
    new: RootKey,
    folders: Sequence[Path],
    progress: Callable[[Renewed], None],
    leave_behind: bool,
) -> Renewed:
    state = places.state_dir()
    database = Database.open(state / places.DATABASE_FILE)
    try:
        rekey_state(database, old, new)
        catalogue = Catalogue(DatabaseCatalogue(database), new.derive)
        sealed_in = with_keys(folders, state)
        done = reencrypt_all(keyring, old, new, sealed_in, Provenance(catalogue), progress)
        # Nothing is left to change; but it waits until what the catalogue was told is on the disk.
        rekey_state(database, old, new)
    finally:
        database.close()
    if not done.failures or leave_behind:
        change_keyring(state, lambda now: now.without_previous(new))
        done.finished = True
    return done
