"""Tallies of tries in the database."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime

from sqlalchemy import Connection, delete, insert, or_, select, update

from jupyter_secure.identity import throttle
from jupyter_secure.identity.throttle import AttemptPolicy, Tally
from jupyter_secure.store import schema
from jupyter_secure.store.database import Database

_attempts = schema.attempts.c


class DatabaseAttempts:
    """Implements ``identity.throttle.Attempts``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def reserve(self, key: str, policy: AttemptPolicy, now: datetime) -> Tally:
        """See ``Attempts.reserve``. The write lock is held from the look to the count."""
        with self._database.writing() as connection:
            found = _get(connection, key)
            tally = throttle.reserve(found, policy, now)
            if found is None:
                connection.execute(insert(schema.attempts), {"key": key, **asdict(tally)})
                # New keys are what makes the table grow, so here is where old ones go.
                connection.execute(
                    delete(schema.attempts).where(
                        _attempts.since < now - throttle.LONGEST_MEMORY,
                        or_(_attempts.blocked_until.is_(None), _attempts.blocked_until < now),
                    )
                )
            else:
                _set(connection, key, tally)
        return tally

    def refund(self, key: str, policy: AttemptPolicy, reserved: Tally) -> None:
        """See ``Attempts.refund``."""
        with self._database.writing() as connection:
            found = _get(connection, key)
            if found is not None:
                _set(connection, key, throttle.refund(found, policy, reserved))

    def clear(self, key: str) -> None:
        """See ``Attempts.clear``."""
        with self._database.writing() as connection:
            connection.execute(delete(schema.attempts).where(_attempts.key == key))


def _get(connection: Connection, key: str) -> Tally | None:
    statement = select(_attempts.count, _attempts.since, _attempts.blocked_until)
    row = connection.execute(statement.where(_attempts.key == key)).one_or_none()
    return None if row is None else Tally(*row)


def _set(connection: Connection, key: str, tally: Tally) -> None:
    connection.execute(update(schema.attempts).where(_attempts.key == key).values(**asdict(tally)))
