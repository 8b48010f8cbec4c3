"""The second factors of an account: what it has, and that the last one stays.

A second factor is an authenticator (TOTP) or a passkey. Recovery codes stand in for one and are
none: an account that had only those would have no second factor once they are used up.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from jupyter_secure.errors import Conflict


@dataclass(frozen=True)
class FactorSet:
    """What one account has."""

    totp: bool
    passkeys: int
    recovery_codes: int

    @property
    def count(self) -> int:
        """How many second factors there are."""
        return self.passkeys + self.totp


class FactorStore(Protocol):
    """Where second factors are kept. Every method may raise ``StateUnusable``.

    What changes them also ends every other session of the account and forgets its devices, in the
    same moment: its generation goes up. ``keep`` is the public id of the session that stays.
    """

    def of(self, username: str) -> FactorSet:
        """Return what the account has; nothing for one that does not exist."""
        ...

    def raise_generation(self, username: str, keep: str | None) -> None:
        """End what is bound to the account's password and factors, but for the session ``keep``."""
        ...

    def put_totp(self, username: str, sealed: bytes, step: int, keep: str | None) -> bool:
        """Put the authenticator of an enrolment in force and end that; ``step`` is used up.

        False if no enrolment with that secret is there: of any number of callers one gets ``True``.
        """
        ...

    def remove_totp(self, username: str, keep: str | None) -> bool:
        """Remove the authenticator unless it is the last factor; say whether it was removed."""
        ...

    def remove_passkey(self, username: str, public_id: str, keep: str | None) -> bool:
        """Remove one passkey unless it is the last factor; say whether it was removed."""
        ...

    def replace_recovery_codes(self, username: str, digests: tuple[bytes, ...]) -> None:
        """Keep these recovery codes in the place of all that there were."""
        ...


def last_factor() -> Conflict:
    """Return the refusal to remove what is the only second factor."""
    return Conflict(
        "This is the last second factor of the account.",
        why="Without one the password alone would open it.",
        remedy="Add another one first.",
    )
