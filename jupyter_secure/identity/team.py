"""What is done to other people's accounts, each all or nothing.

``by`` is the owner who does it; that it is one is looked up in the same transaction, so that nobody
acts with a role that was just taken away. ``None`` stands for the holder of the recovery key, who
has everything anyway. There is always an owner left.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from jupyter_secure.identity.accounts import Account
from jupyter_secure.identity.links import Link
from jupyter_secure.identity.roles import Role


@dataclass(frozen=True)
class NewFactor:
    """A second factor that takes the place of all that an account had."""

    totp_secret_sealed: bytes
    totp_last_step: int
    confirmed: bool
    recovery_digests: tuple[bytes, ...]


class TeamStore(Protocol):
    """Every method may raise ``StateUnusable``; and ``Refused`` where ``by`` is no owner."""

    def passkeys_of(self, username: str) -> tuple[str, ...]:
        """Return the public ids of the account's passkeys, which name their slots."""
        ...

    def devices_of(self, username: str) -> tuple[bytes, ...]:
        """Return the digests of the account's known devices, which name their tallies."""
        ...

    def add_link(self, link: Link) -> None:
        """Keep a link in place of what the account had for that; ``created_by`` is who does it.

        Raises ``Conflict`` for an invitation to a name that is taken or looks like one that is,
        ``NotFound`` for another link of an account that is not there.
        """
        ...

    def remove_links(self, username: str, by: str | None) -> int:
        """Take back the links for an account, or for one that is to be; return how many."""
        ...

    def add(self, account: Account, recovery_digests: Iterable[bytes], by: str | None) -> None:
        """Keep a new account; invitations to its name end. Raises ``Conflict``."""
        ...

    def accept(self, link: Link, now: datetime, account: Account, digests: Iterable[bytes]) -> None:
        """Use up an invitation and keep the account. Of any number of callers one succeeds.

        Raises ``LinkUnusable``, or ``Conflict`` if the name was taken meanwhile.
        """
        ...

    def take_back(self, account: Account, link: Link | None) -> None:
        """Undo ``add`` or ``accept``: what comes after it failed."""
        ...

    def use_for_password(self, link: Link, now: datetime) -> None:
        """Use up a link for a new password; the account's sessions end. Raises ``LinkUnusable``."""
        ...

    def put_back(self, link: Link) -> None:
        """Undo the use of a link."""
        ...

    def use_for_factor(self, link: Link, now: datetime, factor: NewFactor) -> None:
        """Use up a link for a new second factor, and replace it. Raises ``LinkUnusable``."""
        ...

    def replace_factor(self, username: str, factor: NewFactor, by: str | None) -> None:
        """Replace every second factor; the account's sessions end. Raises ``NotFound``."""
        ...

    def end_everything(self, username: str, by: str | None) -> None:
        """End the account's sessions, devices and links. Raises ``NotFound``."""
        ...

    def set_role(self, username: str, role: Role, by: str | None) -> None:
        """Change the role; the account's sessions end. Raises ``NotFound``, ``Refused``."""
        ...

    def begin_removal(self, username: str, by: str | None) -> None:
        """Let the account do nothing any more; say so before its slot goes.

        Raises ``NotFound``, ``Refused`` for the last owner.
        """
        ...

    def finish_removal(self, username: str, heir: str | None) -> int:
        """Forget the account and all that is its own; return how many locks it had.

        They go to ``heir``, or with it. Raises ``NotFound`` if that is no account.
        """
        ...
