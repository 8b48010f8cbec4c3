"""Passkeys in the database."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime

from sqlalchemy import func, insert, select, update
from sqlalchemy.exc import IntegrityError

from jupyter_secure.errors import Conflict
from jupyter_secure.identity.passkeys import Passkey
from jupyter_secure.store import schema
from jupyter_secure.store.database import Database
from jupyter_secure.store.generation import raise_generation

_passkeys = schema.passkeys.c


class DatabasePasskeys:
    """Implements ``identity.passkeys.PasskeyStore``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, passkey: Passkey, most: int, keep: str | None) -> None:
        """See ``PasskeyStore.add``. The write lock is held from the count to the new row."""
        count = (
            select(func.count())
            .select_from(schema.passkeys)
            .where(_passkeys.username == passkey.username)
        )
        try:
            with self._database.writing() as connection:
                if connection.execute(count).scalar_one() >= most:
                    raise Conflict(
                        f"The account has {most} passkeys already.",
                        remedy="Remove one that is not used any more.",
                    )
                connection.execute(insert(schema.passkeys), asdict(passkey))
                raise_generation(connection, passkey.username, keep)
        except IntegrityError:
            raise Conflict(
                "That passkey is registered already.", remedy="Nothing needs to be done."
            ) from None

    def get(self, credential_id: bytes) -> Passkey | None:
        """See ``PasskeyStore.get``."""
        statement = select(schema.passkeys).where(_passkeys.credential_id == credential_id)
        with self._database.reading() as connection:
            row = connection.execute(statement).one_or_none()
        return None if row is None else Passkey(**row._asdict())

    def of_account(self, username: str) -> tuple[Passkey, ...]:
        """See ``PasskeyStore.of_account``."""
        statement = (
            select(schema.passkeys)
            .where(_passkeys.username == username)
            .order_by(_passkeys.created_at, _passkeys.public_id)
        )
        with self._database.reading() as connection:
            return tuple(Passkey(**row._asdict()) for row in connection.execute(statement))

    def use(self, credential_id: bytes, sign_count: int, now: datetime) -> bool:
        """See ``PasskeyStore.use``.

        One statement compares and sets, so there is no moment at which two can both have looked.
        """
        statement = (
            update(schema.passkeys)
            .where(
                _passkeys.credential_id == credential_id,
                # One that does not count says 0 each time: Section 7.2, step 22.
                _passkeys.sign_count < sign_count if sign_count else _passkeys.sign_count == 0,
            )
            .values(sign_count=sign_count, last_used_at=now)
        )
        with self._database.writing() as connection:
            return connection.execute(statement).rowcount == 1

    def rename(self, username: str, public_id: str, name: str) -> bool:
        """See ``PasskeyStore.rename``."""
        statement = (
            update(schema.passkeys)
            .where(_passkeys.username == username, _passkeys.public_id == public_id)
            .values(name=name)
        )
        with self._database.writing() as connection:
            return connection.execute(statement).rowcount == 1
