"""Accounts: what is known of a person besides the password.

The password is not here: checking it is opening the account's slot in the vault's keyring, so
there is no second hash to attack (decision record 0002).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from jupyter_secure.errors import InvalidInput
from jupyter_secure.identity.roles import Role

MAX_USERNAME_LENGTH = 64


@dataclass(frozen=True)
class Account:
    """One person who may log in.

    ``username`` is in the form that :func:`normalise_username` returns; ``display_name`` is as it
    was typed. ``totp_secret_sealed`` opens only with a key derived from the root key.
    ``totp_last_step`` is the newest TOTP time step that was accepted: only later ones will be.
    ``confirmed`` says whether a code has ever shown that the authenticator holds the secret; an
    account without an authenticator has an empty ``totp_secret_sealed``. ``generation`` goes up
    with every change of the password or of a second factor: what is bound to it (a known device)
    ends with that.
    """

    username: str
    display_name: str
    totp_secret_sealed: bytes
    totp_last_step: int
    confirmed: bool
    created_at: datetime
    role: Role = Role.OWNER
    generation: int = 0


class AccountStore(Protocol):
    """Where accounts are kept. Every method may raise ``StateUnusable``."""

    def get(self, username: str) -> Account | None:
        """Return the account of that normalised name, or ``None``."""
        ...

    def add(self, account: Account, recovery_digests: Iterable[bytes]) -> None:
        """Keep a new account and the digests of its recovery codes, all or nothing.

        Raises ``Conflict`` if the name is taken.
        """
        ...

    def accept_step(self, username: str, step: int) -> bool:
        """Accept a code of ``step`` if no code of that step or a later one was accepted before.

        Atomic: of any number of callers, in any number of processes, one gets ``True``. Accepting
        also confirms the enrolment, as the code shows that the authenticator holds the secret.
        """
        ...

    def use_recovery_code(self, username: str, digest: bytes) -> bool:
        """Use up the recovery code with that digest; atomic, like :meth:`accept_step`."""
        ...

    def has_recovery_code(self, username: str, digest: bytes) -> bool:
        """Say whether the recovery code with that digest is unused; it stays so."""
        ...

    def remaining_recovery_codes(self, username: str) -> int:
        """Return how many recovery codes are left."""
        ...

    def list(self) -> tuple[Account, ...]:
        """Return all accounts, by name."""
        ...


def normalise_username(text: str) -> str:
    """Return the one form under which a name is kept and looked up.

    NFKC, stripped, case-folded: ``Alice`` and ``ＡＬＩＣＥ`` are one account, so nobody can take a
    name that looks the same. Raises ``InvalidInput`` for a name that is empty, longer than 64
    characters, or holds ``/`` or characters that do not show (control, format, bidirectional,
    private use, unassigned, line separators).
    """
    name = text
    # Case folding can undo NFKC and the other way round; two rounds reach the fixed point
    # (Unicode, section 3.13, toNFKC_Casefold).
    for _ in range(2):
        name = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    name = name.strip()
    if not name:
        raise InvalidInput("The user name is empty.", remedy="Choose one of 1 to 64 characters.")
    if len(name) > MAX_USERNAME_LENGTH:
        raise InvalidInput(
            "The user name is too long.", remedy=f"Use at most {MAX_USERNAME_LENGTH} characters."
        )
    if any(c == "/" or unicodedata.category(c) in _HIDDEN for c in name) or _BLANK.search(name):
        raise InvalidInput(
            "The user name holds a character that cannot be used.",
            why="A slash, or one that does not show.",
            remedy="Use letters, digits, spaces and ordinary punctuation.",
        )
    return name


# Letters and marks that Unicode nevertheless does not draw (Default_Ignorable_Code_Point): joiners,
# fillers, vowel placeholders and variation selectors.
_BLANK = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
# Control, format (the bidirectional controls among them), surrogate, private use, unassigned, and
# the line and paragraph separators: two names that differ only in these look alike.
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
