"""Second factors in the database."""

from __future__ import annotations

from sqlalchemy import Connection, delete, func, insert, select, update

from jupyter_secure.identity.factors import FactorSet
from jupyter_secure.store import schema
from jupyter_secure.store.database import Database
from jupyter_secure.store.generation import raise_generation

_accounts, _passkeys, _codes = schema.accounts.c, schema.passkeys.c, schema.recovery_codes.c
_NO_SECRET, _NO_STEP = b"", -1


class DatabaseFactors:
    """Implements ``identity.factors.FactorStore``.

    Each method looks and changes under one write lock, so that two who remove one factor each, in
    any two processes, do not both find the other one there.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, username: str) -> FactorSet:
        """See ``FactorStore.of``."""
        with self._database.snapshot() as connection:
            return _of(connection, username)

    def raise_generation(self, username: str, keep: str | None) -> None:
        """See ``FactorStore.raise_generation``."""
        with self._database.writing() as connection:
            raise_generation(connection, username, keep)

    def put_totp(self, username: str, sealed: bytes, step: int, keep: str | None) -> bool:
        """See ``FactorStore.put_totp``."""
        with self._database.writing() as connection:
            begun = connection.execute(
                delete(schema.enrolments).where(
                    schema.enrolments.c.username == username,
                    schema.enrolments.c.secret_sealed == sealed,
                )
            )
            if begun.rowcount != 1:
                return False
            connection.execute(
                update(schema.accounts)
                .where(_accounts.username == username)
                .values(totp_secret_sealed=sealed, totp_last_step=step, confirmed=True)
            )
            raise_generation(connection, username, keep)
        return True

    def remove_totp(self, username: str, keep: str | None) -> bool:
        """See ``FactorStore.remove_totp``."""
        with self._database.writing() as connection:
            found = _of(connection, username)
            if not found.totp or found.count < 2:  # one must be left
                return False
            connection.execute(
                update(schema.accounts)
                .where(_accounts.username == username)
                .values(totp_secret_sealed=_NO_SECRET, totp_last_step=_NO_STEP)
            )
            raise_generation(connection, username, keep)
        return True

    def remove_passkey(self, username: str, public_id: str, keep: str | None) -> bool:
        """See ``FactorStore.remove_passkey``."""
        with self._database.writing() as connection:
            if _of(connection, username).count < 2:  # one must be left
                return False
            removed = connection.execute(
                delete(schema.passkeys).where(
                    _passkeys.username == username, _passkeys.public_id == public_id
                )
            )
            if removed.rowcount:
                raise_generation(connection, username, keep)
        return removed.rowcount == 1

    def replace_recovery_codes(self, username: str, digests: tuple[bytes, ...]) -> None:
        """See ``FactorStore.replace_recovery_codes``."""
        with self._database.writing() as connection:
            connection.execute(delete(schema.recovery_codes).where(_codes.username == username))
            connection.execute(
                insert(schema.recovery_codes),
                [{"username": username, "digest": one} for one in digests],
            )


def _of(connection: Connection, username: str) -> FactorSet:
    secret = connection.execute(
        select(_accounts.totp_secret_sealed).where(_accounts.username == username)
    ).scalar_one_or_none()
    passkeys = select(func.count()).where(_passkeys.username == username)
    codes = select(func.count()).where(_codes.username == username)
    return FactorSet(
        totp=bool(secret),
        passkeys=connection.execute(passkeys).scalar_one(),
        recovery_codes=connection.execute(codes).scalar_one(),
    )
