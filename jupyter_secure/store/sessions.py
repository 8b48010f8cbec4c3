"""Sessions in the database."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict
from datetime import datetime

from sqlalchemy import bindparam, delete, insert, select, update

from jupyter_secure.identity.sessions import Session
from jupyter_secure.store import schema
from jupyter_secure.store.database import Database
from jupyter_secure.store.direct import Kept, Statement

_sessions = schema.sessions.c
_BY_DIGEST = Statement(select(schema.sessions).where(_sessions.id_digest == bindparam("wanted")))
#: As many are kept in memory.
MOST_KEPT = 1000
_BY_PREVIOUS = Statement(
    select(schema.sessions).where(_sessions.previous_digest == bindparam("wanted"))
)


class DatabaseSessions:
    """Implements ``identity.sessions.SessionStore``."""

    def __init__(self, database: Database) -> None:
        self._database = database
        # Every request asks for one.
        self._kept: Kept[dict[bytes, Session]] = Kept(database.direct, dict)

    def add(self, session: Session, generation: int | None = None) -> bool:
        """See ``SessionStore.add``."""
        present = select(schema.accounts.c.generation).where(
            schema.accounts.c.username == session.username
        )
        with self._database.writing() as connection:
            if generation not in (None, connection.execute(present).scalar_one_or_none()):
                return False
            connection.execute(insert(schema.sessions), asdict(session))
        return True

    def by_digest(self, id_digest: bytes) -> Session | None:
        """See ``SessionStore.by_digest``."""
        kept = self._kept.get()
        session = kept.get(id_digest)
        if session is None and (rows := self._database.direct.rows(_BY_DIGEST, (id_digest,))):
            session = Session(*rows[0])
            # What is not there is not kept: anyone may ask for as much of that as they like.
            if len(kept) < MOST_KEPT:
                kept[id_digest] = session
        return session

    def by_previous_digest(self, id_digest: bytes) -> Session | None:
        """See ``SessionStore.by_previous_digest``."""
        rows = self._database.direct.rows(_BY_PREVIOUS, (id_digest,))
        return Session(*rows[0]) if rows else None

    def rotate(
        self, session: Session, id_digest: bytes, now: datetime, elevated_until: datetime | None
    ) -> bool:
        """See ``SessionStore.rotate``. One statement compares and sets."""
        values: dict[str, object] = {
            "id_digest": id_digest,
            "previous_digest": session.id_digest,
            "rotated_at": now,
        }
        if elevated_until is not None:
            values["elevated_until"] = elevated_until
        statement = (
            update(schema.sessions)
            .where(
                _sessions.public_id == session.public_id,
                _sessions.id_digest == session.id_digest,
            )
            .values(**values)
        )
        with self._database.writing() as connection:
            return connection.execute(statement).rowcount == 1

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

    def remove_many(self, public_ids: Collection[str]) -> None:
        """See ``SessionStore.remove_many``. One transaction: each would wait for the disk."""
        statement = delete(schema.sessions).where(_sessions.public_id == bindparam("wanted"))
        if public_ids:
            with self._database.writing() as connection:
                connection.execute(statement, [{"wanted": one} for one in public_ids])

    def remove_created_before(self, moment: datetime) -> int:
        """See ``SessionStore.remove_created_before``."""
        statement = delete(schema.sessions).where(_sessions.created_at < moment)
        with self._database.writing() as connection:
            return connection.execute(statement).rowcount

    def all(self) -> tuple[Session, ...]:
        """Return the sessions of every run, oldest first; some may have ended with theirs."""
        statement = select(schema.sessions).order_by(_sessions.created_at, _sessions.public_id)
        with self._database.reading() as connection:
            return tuple(Session(*row) for row in connection.execute(statement))

    def of_run(self, run_id: str) -> tuple[Session, ...]:
        """See ``SessionStore.of_run``."""
        statement = (
            select(schema.sessions)
            .where(_sessions.run_id == run_id)
            .order_by(_sessions.created_at, _sessions.public_id)
        )
        with self._database.reading() as connection:
            return tuple(Session(*row) for row in connection.execute(statement))
