"""Whether vault.json and state.db tell of the same accounts, in words for whoever looks after them.

Each is written whole; a kill, or a backup of one of them, can come between the two. What is left
then lets nobody in (``app.accounts.slots``), and is said, as only somebody with a key can mend it.
"""

from __future__ import annotations

from collections.abc import Iterable

from jupyter_secure.errors import shown
from jupyter_secure.vault.keyring import Keyring


def differences(keyring: Keyring, usernames: Iterable[str]) -> tuple[str, ...]:
    """Return a sentence for each account that one of the two does not know."""
    have, known = {slot.name for slot in keyring.slots}, set(usernames)
    without_slot = (
        f"“{shown(name)}” has no password and cannot log in: give it one with `jupyter secure user "
        f"reset-password`, or remove it with `jupyter secure user remove`."
        for name in sorted(known - have)
    )
    without_account = (
        f"vault.json has a password for “{shown(name)}”, who has no account and cannot log in; on "
        f"this machine it opens the vault: take it away with `jupyter secure user remove`."
        for name in sorted(have - known)
    )
    return (*without_slot, *without_account)
