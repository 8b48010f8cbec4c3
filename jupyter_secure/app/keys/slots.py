"""Key files among the ways to open the vault: add one, take one away.

Accounts' own slots are changed with their passwords (``change_password``).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from jupyter_secure.errors import InvalidInput, NotFound, Refused
from jupyter_secure.identity.accounts import normalise_username
from jupyter_secure.store import places
from jupyter_secure.store.key_file import make_key_file, read_key_file
from jupyter_secure.store.vault_file import change_keyring
from jupyter_secure.vault.keyring import Keyring
from jupyter_secure.vault.keyring_passkeys import without_passkeys
from jupyter_secure.vault.keys import RootKey

DEFAULT_NAME = "key file"


@dataclass(frozen=True)
class Added:
    """The slot that was added, and whether its key file was made for it."""

    name: str
    made: bool


def add_key_file(root: RootKey, path: Path, name: str = DEFAULT_NAME) -> Added:
    """Let a key file open the vault; make the file if there is none, and never overwrite one.

    Raises ``WrongKey`` for another vault's root key, ``Conflict`` for a name or a key that has a
    slot, ``InvalidInput`` for a name that cannot be one or a file in the state directory, and what
    ``read_key_file`` and ``make_key_file`` do. Then nothing has changed, and no file was made.
    """
    name = normalise_username(name)  # the same rules: it is listed among the accounts
    state = places.state_dir()
    if path.resolve().is_relative_to(state.resolve()):
        raise InvalidInput(
            "The key file would lie in the state directory.",
            why="Whoever copied that folder could open every sealed file.",
            remedy="Put it where backups of the state do not go, best another disk.",
        )
    try:
        make_key_file(path).wipe()
        made = True
    except FileExistsError:
        made = False
    try:
        # Read from the disk in either case: what is to open the vault is what lies there.
        key = read_key_file(path)
        try:
            change_keyring(state, lambda keyring: keyring.add_key_file(root, name, key))
        finally:
            key.wipe()
    except BaseException:
        if made:
            path.unlink(missing_ok=True)
        raise
    return Added(name, made)


def remove_slot(root: RootKey, name: str) -> None:
    """Let a key file or a passkey open the vault no more; the file stays, and so does the passkey.

    The recovery key needs no slot, and an account's slot is its login, so neither goes. Raises
    ``NotFound``, ``Refused`` for an account's slot, ``WrongKey`` for another vault's root key.
    """

    def change(keyring: Keyring) -> Keyring:
        key_files = {slot.name for slot in keyring.key_files}
        passkeys = {slot.name for slot in keyring.passkeys}
        known = key_files | passkeys
        accounts = {slot.name for slot in keyring.slots}
        # As it stands in the list, or as a person types it.
        found = next((one for one in (name, _normal(name)) if one in known | accounts), None)
        if found is None:
            listed = ", ".join(sorted(known)) or "none"
            raise NotFound(
                f"The vault has no slot “{name}”.",
                remedy=f"Its key files and passkeys are: {listed}.",
            )
        if found in accounts:
            raise Refused(
                f"“{found}” is an account, and its slot is its password.",
                why="Without it nobody could log in as that account any more.",
                remedy="Change the password with `jupyter secure vault password`.",
            )
        if found in passkeys:
            return without_passkeys(keyring, root, {found})
        return keyring.remove_key_file(root, found)

    change_keyring(places.state_dir(), change)


def _normal(name: str) -> str:
    try:
        return normalise_username(name)
    except InvalidInput:
        return name
