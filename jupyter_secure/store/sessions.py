"""Sessions in the database."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime

from sqlalchemy import bindparam, delete, insert, select, update

from jupyter_secure.identity.sessions import Session
from jupyter_secure.store import schema
from jupyter_secure.store.database import Database

_sessions = schema.sessions.c
_BY_DIGEST = select(schema.sessions).where(_sessions.id_digest == bindparam("wanted"))


class DatabaseSessions:
    """Implements ``identity.sessions.SessionStore``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, session: Session) -> None:
        """See ``SessionStore.add``."""
        with self._database.writing() as connection:
            connection.execute(insert(schema.sessions), asdict(session))

    def by_digest(self, id_digest: bytes) -> Session | None:
        """See ``SessionStore.by_digest``."""
        with self._database.reading() as connection:
            row = connection.execute(_BY_DIGEST, {"wanted": id_digest}).one_or_none()
        return None if row is None else Session(*row)

    def touch(self, public_id: str, now: datetime, address: str) -> bool:
        """See ``SessionStore.touch``."""
        statement = (
            update(schema.sessions)
            .where(_sessions.public_id == public_id, _sessions.last_seen_at <= now)
            .values(last_seen_at=now, address=address)
        )
        with self._database.writing() as connection:
            return connection.execute(statement).rowcount == 1

    def elevate(self, public_id: str, until: datetime) -> bool:
        """See ``SessionStore.elevate``."""
        statement = (
            update(schema.sessions)
            .where(_sessions.public_id == public_id)
            .values(elevated_until=until)
        )
        with self._database.writing() as connection:
            return connection.execute(statement).rowcount == 1

    def remove(self, public_id: str) -> bool:
        """See ``SessionStore.remove``."""
        statement = delete(schema.sessions).where(_sessions.public_id == public_id)
        with self._database.writing() as connection:
            return connection.execute(statement).rowcount == 1

    def remove_created_before(self, moment: datetime) -> int:
        """See ``SessionStore.remove_created_before``."""
        statement = delete(schema.sessions).where(_sessions.created_at < moment)
        with self._database.writing() as connection:
            return connection.execute(statement).rowcount

    def of_run(self, run_id: str) -> tuple[Session, ...]:
        """See ``SessionStore.of_run``."""
        statement = (
            select(schema.sessions)
            .where(_sessions.run_id == run_id)
            .order_by(_sessions.created_at, _sessions.public_id)
        )
        with self._database.reading() as connection:
            return tuple(Session(*row) for row in connection.execute(statement))
