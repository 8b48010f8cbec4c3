"""Authenticators that are being set up, in the database."""

from __future__ import annotations

from dataclasses import asdict

from sqlalchemy import delete, insert, select

from jupyter_secure.identity.enrolments import Enrolment
from jupyter_secure.store import schema
from jupyter_secure.store.database import Database

_enrolments = schema.enrolments.c


class DatabaseEnrolments:
    """Implements ``identity.enrolments.EnrolmentStore``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, username: str) -> Enrolment | None:
        """See ``EnrolmentStore.get``."""
        statement = select(schema.enrolments).where(_enrolments.username == username)
        with self._database.reading() as connection:
            row = connection.execute(statement).one_or_none()
        return None if row is None else Enrolment(*row)

    def put(self, enrolment: Enrolment) -> None:
        """See ``EnrolmentStore.put``."""
        mine = _enrolments.username == enrolment.username
        with self._database.writing() as connection:
            connection.execute(delete(schema.enrolments).where(mine))
            connection.execute(insert(schema.enrolments), asdict(enrolment))

    def remove(self, username: str) -> None:
        """See ``EnrolmentStore.remove``."""
        with self._database.writing() as connection:
            connection.execute(delete(schema.enrolments).where(_enrolments.username == username))
