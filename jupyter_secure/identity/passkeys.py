"""Passkeys: what is kept of them, and where.

What a passkey is checked against lies sealed under a key derived from the root key, bound to its
account: whoever may write ``state.db`` and has not got that key can neither add a passkey of their
own nor move one to another account.
"""

from __future__ import annotations

import base64
import binascii
import json
import secrets
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from jupyter_secure.crypto import aead
from jupyter_secure.errors import InvalidInput, StateUnusable

#: What the key that seals what is known of a passkey is derived from the root key for.
PURPOSE = b"jsec/passkey/v1"
#: More than anyone has, and few enough for any authenticator to look through.
MAX_PER_ACCOUNT = 20
MAX_NAME_LENGTH = 64
#: W3C Web Authentication, section 5.8.3 allows 64 at most; random, so that it tells nothing.
USER_HANDLE_BYTES = 32
# Control, format, surrogate, private use, unassigned, separators of lines and paragraphs.
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


@dataclass(frozen=True)
class Credential:
    """What a passkey is checked against.

    ``rp_id`` is the host name that it was made for, and it works nowhere else; ``user_handle``
    names the account to the authenticator; ``data`` is the attested credential data (W3C Web
    Authentication, section 6.5.2), with the public key; ``transports`` is how the browser reaches
    it.
    """

    rp_id: str
    user_handle: bytes
    data: bytes
    transports: tuple[str, ...] = ()


@dataclass(frozen=True)
class Passkey:
    """One passkey of an account, as it is kept.

    ``public_id`` names it to people and programs and grants nothing. ``credential`` is a
    ``Credential``, sealed. ``sign_count`` is the newest that was seen; 0 for a passkey that does
    not count.
    """

    credential_id: bytes
    public_id: str
    username: str
    name: str
    credential: bytes
    sign_count: int
    created_at: datetime
    last_used_at: datetime | None = None


class PasskeyStore(Protocol):
    """Where passkeys are kept. Every method may raise ``StateUnusable``."""

    def add(self, passkey: Passkey, most: int, keep: str | None) -> None:
        """Keep a new passkey, and end what is bound to the factors that the account had.

        That is its other sessions and its devices (``FactorStore``); ``keep`` is the public id of
        the session that stays. Raises ``Conflict`` if its credential is kept already, or the
        account has ``most`` of them.
        """
        ...

    def get(self, credential_id: bytes) -> Passkey | None:
        """Return the passkey with that credential."""
        ...

    def of_account(self, username: str) -> tuple[Passkey, ...]:
        """Return the passkeys of an account, oldest first."""
        ...

    def use(self, credential_id: bytes, sign_count: int, now: datetime) -> bool:
        """Note a use if ``sign_count`` is higher than any before, or both are 0.

        Atomic: of any number of callers with one count above 0, one gets ``True``.
        """
        ...

    def rename(self, username: str, public_id: str, name: str) -> bool:
        """Give a passkey of an account another name; say whether it has one with that id."""
        ...


def new_public_id() -> str:
    """Return a fresh public id."""
    return secrets.token_hex(8)


def new_user_handle() -> bytes:
    """Return a fresh user handle, ``USER_HANDLE_BYTES`` long."""
    return secrets.token_bytes(USER_HANDLE_BYTES)


def checked_name(text: str) -> str:
    """Return the name of a passkey as it is kept. Raises ``InvalidInput``."""
    name = unicodedata.normalize("NFC", text.strip()) if len(text) <= 4 * MAX_NAME_LENGTH else ""
    if not 1 <= len(name) <= MAX_NAME_LENGTH:
        raise InvalidInput(
            "The name of a passkey has 1 to 64 characters.", remedy="Choose another one."
        )
    if any(unicodedata.category(one) in _HIDDEN for one in name):
        raise InvalidInput(
            "The name holds a character that does not show.", remedy="Choose another one."
        )
    return name


def seal(key: bytes, username: str, credential_id: bytes, credential: Credential) -> bytes:
    """Seal ``credential`` with the 32-byte key that the root key derives for ``PURPOSE``.

    Bound to the account and the credential's id: moved to another row, it does not open.
    """
    text = json.dumps(
        {
            "rp_id": credential.rp_id,
            "user_handle": _encode(credential.user_handle),
            "data": _encode(credential.data),
            "transports": credential.transports,
        }
    )
    return aead.seal(key, _context(username, credential_id), text.encode())


def unseal(key: bytes, passkey: Passkey) -> Credential:
    """Open what :func:`seal` made. Raises ``StateUnusable`` if it is not that."""
    context = _context(passkey.username, passkey.credential_id)
    try:
        members = json.loads(aead.open_sealed(key, context, passkey.credential))
        return Credential(
            rp_id=str(members["rp_id"]),
            user_handle=base64.b64decode(members["user_handle"]),
            data=base64.b64decode(members["data"]),
            transports=tuple(members["transports"]),
        )
    except (aead.InvalidSeal, ValueError, KeyError, TypeError, binascii.Error):
        raise StateUnusable(
            f"The passkey “{passkey.name}” of “{passkey.username}” cannot be read.",
            why="state.db was altered, or does not belong to vault.json.",
            remedy="Put both back from the same backup.",
        ) from None


def _context(username: str, credential_id: bytes) -> bytes:
    name = username.encode()
    # The length keeps a name and an id apart from another name and another id.
    return PURPOSE + len(name).to_bytes(2, "big") + name + credential_id


def _encode(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
