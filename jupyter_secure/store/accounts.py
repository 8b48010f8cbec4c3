"""Accounts and recovery codes in the database."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from sqlalchemy import Row, bindparam, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from jupyter_secure.errors import Conflict, StateUnusable
from jupyter_secure.identity.accounts import Account
from jupyter_secure.identity.roles import Role
from jupyter_secure.store import schema
from jupyter_secure.store.database import Database
from jupyter_secure.store.direct import Kept

_accounts = schema.accounts.c
_codes = schema.recovery_codes.c
_GET = select(schema.accounts).where(_accounts.username == bindparam("name"))


class DatabaseAccounts:
    """Implements ``identity.accounts.AccountStore``."""

    def __init__(self, database: Database) -> None:
        self._database = database
        # Every request asks for one.
        self._kept: Kept[dict[str, Account]] = Kept(database.direct, dict)

    def get(self, username: str) -> Account | None:
        """See ``AccountStore.get``."""
        kept = self._kept.get()
        if username in kept:
            return kept[username]
        with self._database.reading() as connection:
            row = connection.execute(_GET, {"name": username}).one_or_none()
        if row is None:
            return None  # not kept: anyone may ask for as many of these as they like
        account = kept[username] = _account(row)
        return account

    def add(self, account: Account, recovery_digests: Iterable[bytes]) -> None:
        """See ``AccountStore.add``."""
        codes = [{"username": account.username, "digest": one} for one in recovery_digests]
        try:
            with self._database.writing() as connection:
                connection.execute(insert(schema.accounts), asdict(account))
                if codes:
                    connection.execute(insert(schema.recovery_codes), codes)
        except IntegrityError:
            raise Conflict(
                f"There is an account “{account.username}” already.",
                remedy="Choose another user name.",
            ) from None

    def accept_step(self, username: str, step: int) -> bool:
        """See ``AccountStore.accept_step``.

        One statement compares and sets, so there is no moment at which two can both have looked.
        """
        statement = (
            update(schema.accounts)
            .where(_accounts.username == username, _accounts.totp_last_step < step)
            .values(totp_last_step=step, confirmed=True)
        )
        with self._database.writing() as connection:
            return connection.execute(statement).rowcount == 1

    def use_recovery_code(self, username: str, digest: bytes) -> bool:
        """See ``AccountStore.use_recovery_code``."""
        statement = delete(schema.recovery_codes).where(
            _codes.username == username, _codes.digest == digest
        )
        with self._database.writing() as connection:
            return connection.execute(statement).rowcount == 1

    def has_recovery_code(self, username: str, digest: bytes) -> bool:
        """See ``AccountStore.has_recovery_code``."""
        statement = select(_codes.digest).where(
            _codes.username == username, _codes.digest == digest
        )
        with self._database.reading() as connection:
            return connection.execute(statement).one_or_none() is not None

    def remaining_recovery_codes(self, username: str) -> int:
        """See ``AccountStore.remaining_recovery_codes``."""
        statement = (
            select(func.count())
            .select_from(schema.recovery_codes)
            .where(_codes.username == username)
        )
        with self._database.reading() as connection:
            return connection.execute(statement).scalar_one()

    def list(self) -> tuple[Account, ...]:
        """See ``AccountStore.list``."""
        statement = select(schema.accounts).order_by(_accounts.username)
        with self._database.reading() as connection:
            return tuple(_account(row) for row in connection.execute(statement))


def _account(row: Row[Any]) -> Account:
    values = row._asdict()
    try:
        role = Role(values.pop("role"))
    except ValueError:
        raise StateUnusable(
            f"The account “{row.username}” has a role that this version does not know.",
            remedy="Give it one: `jupyter secure user role`.",
        ) from None
    return Account(**values, role=role)
