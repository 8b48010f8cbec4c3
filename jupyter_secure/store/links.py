"""One-time links in the database."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Row, delete, select

from jupyter_secure.errors import StateUnusable
from jupyter_secure.identity.links import Link, Purpose
from jupyter_secure.store import schema
from jupyter_secure.store.database import Database

_links = schema.links.c


class DatabaseLinks:
    """Implements ``identity.links.LinkStore``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, digest: bytes) -> Link | None:
        """See ``LinkStore.get``."""
        statement = select(schema.links).where(_links.digest == digest)
        with self._database.reading() as connection:
            row = connection.execute(statement).one_or_none()
        return None if row is None else _link(row)

    def list(self) -> tuple[Link, ...]:
        """See ``LinkStore.list``."""
        statement = select(schema.links).order_by(_links.username, _links.created_at)
        with self._database.reading() as connection:
            return tuple(_link(row) for row in connection.execute(statement))

    def remove_expired(self, now: datetime) -> int:
        """See ``LinkStore.remove_expired``. Nobody waits to write where nothing has expired."""
        expired = _links.expires_at <= now
        with self._database.reading() as connection:
            if connection.execute(select(_links.digest).where(expired).limit(1)).first() is None:
                return 0
        with self._database.writing() as connection:
            return connection.execute(delete(schema.links).where(expired)).rowcount


def leave_out_links(copy: Path) -> None:
    """Take the links out of a copy of ``state.db``, which is in nobody's use.

    A copy is kept for years, and whoever finds a link in an old mail must not open the root key of
    before with it. Raises ``StateUnusable``.
    """
    try:
        with closing(sqlite3.connect(copy)) as database:
            database.execute("PRAGMA secure_delete=ON").close()
            database.execute("PRAGMA journal_mode=MEMORY").close()  # no second copy of the rows
            with database:
                database.execute("DELETE FROM links").close()
    except sqlite3.Error:
        raise StateUnusable(
            "The links could not be left out of a copy of the state database.",
            remedy="See that the state directory can be written and the disk is not full.",
        ) from None


def values_of(link: Link) -> dict[str, Any]:
    """Return the row of ``link``."""
    return {**asdict(link), "purpose": link.purpose.value}


def _link(row: Row[Any]) -> Link:
    values = row._asdict()
    try:
        purpose = Purpose(values.pop("purpose"))
    except ValueError:
        raise StateUnusable(
            "A one-time link is for something that this version does not know.",
            remedy="Install the newer version again, or remove the row.",
        ) from None
    return Link(**values, purpose=purpose)
