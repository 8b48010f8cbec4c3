"""Roles and rights: what an account, and an access token of it, may do at all.

A right is asked of every request, in one place, before locks and elevation are.
"""

from __future__ import annotations

from enum import Enum


class Right(str, Enum):
    """One kind of thing that a request does."""

    #: See notebooks and files.
    READ = "read"
    #: Change, add, rename and delete them.
    WRITE = "write"
    #: Run code: kernels and terminals, which run as the server's account.
    EXECUTE = "execute"
    #: See the record of everyone's doings.
    AUDIT = "audit"
    #: Accounts, keys, and the settings of the server.
    MANAGE = "manage"


class Role(str, Enum):
    """What an account is for."""

    OWNER = "owner"
    EDITOR = "editor"
    VIEWER = "viewer"
    AUDITOR = "auditor"

    @property
    def rights(self) -> frozenset[Right]:
        """What accounts of this role may do."""
        return _RIGHTS[self]


_RIGHTS = {
    Role.OWNER: frozenset(Right),
    Role.EDITOR: frozenset({Right.READ, Right.WRITE, Right.EXECUTE}),
    Role.VIEWER: frozenset({Right.READ}),
    Role.AUDITOR: frozenset({Right.AUDIT}),
}
