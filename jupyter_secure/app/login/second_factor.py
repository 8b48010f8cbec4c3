"""Accepting a second factor: a one-time code, or a recovery code in its place."""

from __future__ import annotations

from datetime import datetime

from jupyter_secure.app.login.drift import Drift
from jupyter_secure.crypto.aead import InvalidSeal
from jupyter_secure.errors import StateUnusable, WrongCode
from jupyter_secure.identity import recovery_codes, totp
from jupyter_secure.identity.accounts import Account, AccountStore


def accept(
    accounts: AccountStore,
    username: str,
    code: str,
    key: bytes,
    now: datetime,
    drift: Drift | None = None,
) -> bool:
    """Use up ``code`` for ``username``; say whether it was right and unused.

    ``key`` is what the root key derives for ``totp.SECRET_PURPOSE``. Of any number of callers with
    the same code one gets ``True``. ``drift`` knows which codes were told of before their time.
    Raises ``StateUnusable`` if the account, or its secret, is not what the key belongs to.
    """
    account = _account(accounts, username)
    typed = as_typed(code)
    if totp.is_code(typed):
        secret = _secret(account, key)
        step = None if secret is None else totp.matching_step(secret, typed, now)
        if step is None or (drift is not None and drift.was_told(username, step)):
            return False
        if not accounts.accept_step(username, step):
            return False
        if drift is not None:
            drift.in_step(username)
        return True
    digest = recovery_codes.digest(code)
    return digest is not None and accounts.use_recovery_code(username, digest)


def explain(
    accounts: AccountStore, username: str, code: str, key: bytes, now: datetime, drift: Drift
) -> WrongCode:
    """Return the error for a code that someone who is logged in gave and ``accept`` refused.

    Never at a login: a stranger would learn which guesses come close.
    """
    account, typed = _account(accounts, username), as_typed(code)
    secret = _secret(account, key) if totp.is_code(typed) else None
    return WrongCode(None if secret is None else drift.notice(username, secret, typed, now))


def is_beyond_guessing(code: str) -> bool:
    """Say whether ``code`` has the form of a recovery code, whose 80 bits need no limit on tries.

    So a locked second step still opens to who has one.
    """
    return recovery_codes.digest(code) is not None


def as_typed(code: str) -> str:
    """Return a code without the gaps that authenticators show and people type."""
    return "".join(code.split())


def _account(accounts: AccountStore, username: str) -> Account:
    account = accounts.get(username)
    if account is None:
        raise StateUnusable(
            f"The account “{username}” has a password but no second factor.",
            why="vault.json and state.db do not belong together.",
            remedy="Put both back from the same backup.",
        )
    return account


def _secret(account: Account, key: bytes) -> str | None:
    """Return the authenticator's secret, or ``None`` for an account that has only passkeys."""
    if not account.totp_secret_sealed:
        return None
    try:
        return totp.open_secret(key, account.username, account.totp_secret_sealed)
    except InvalidSeal:
        raise StateUnusable(
            f"The second factor of “{account.username}” cannot be read.",
            why="state.db was altered, or does not belong to vault.json.",
            remedy="Put both back from the same backup.",
        ) from None
