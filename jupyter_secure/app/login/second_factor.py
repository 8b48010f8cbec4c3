"""Accepting a second factor: a one-time code, or a recovery code in its place."""

from __future__ import annotations

from datetime import datetime

from jupyter_secure.crypto.aead import InvalidSeal
from jupyter_secure.errors import StateUnusable
from jupyter_secure.identity import recovery_codes, totp
from jupyter_secure.identity.accounts import AccountStore


def accept(accounts: AccountStore, username: str, code: str, key: bytes, now: datetime) -> bool:
    """Use up ``code`` for ``username``; say whether it was right and unused.

    ``key`` is what the root key derives for ``totp.SECRET_PURPOSE``. Of any number of callers with
    the same code one gets ``True``. Raises ``StateUnusable`` if the account, or its secret, is not
    what the key belongs to.
    """
    account = accounts.get(username)
    if account is None:
        raise StateUnusable(
            f"The account “{username}” has a password but no second factor.",
            why="vault.json and state.db do not belong together.",
            remedy="Put both back from the same backup.",
        )
    # Authenticators show a code in two groups, and people type what they see.
    typed = "".join(code.split())
    if totp.is_code(typed):
        try:
            secret = totp.open_secret(key, username, account.totp_secret_sealed)
        except InvalidSeal:
            raise StateUnusable(
                f"The second factor of “{username}” cannot be read.",
                why="state.db was altered, or does not belong to vault.json.",
                remedy="Put both back from the same backup.",
            ) from None
        step = totp.matching_step(secret, typed, now)
        return step is not None and accounts.accept_step(username, step)
    digest = recovery_codes.digest(code)
    return digest is not None and accounts.use_recovery_code(username, digest)
