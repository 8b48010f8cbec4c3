"""Sessions as a command sees them, which has no part in a run of a server.

What it finds are the rows: those of a server that was killed stay until the next one starts, and
let nobody in. Ending a session is removing its row; the server that it belongs to sees to the rest.
"""

from __future__ import annotations

from collections.abc import Collection
from contextlib import closing

from jupyter_secure.errors import NotFound
from jupyter_secure.identity.accounts import normalise_username
from jupyter_secure.identity.sessions import Session
from jupyter_secure.store import places
from jupyter_secure.store.database import Database
from jupyter_secure.store.sessions import DatabaseSessions


def find(username: str | None = None) -> tuple[Session, ...]:
    """Return the sessions of one account or of all, oldest first. Raises ``NotSetUp``."""
    name = None if username is None else normalise_username(username)
    with closing(Database.open(places.state_dir() / places.DATABASE_FILE)) as database:
        return tuple(
            one for one in DatabaseSessions(database).all() if name in (None, one.username)
        )


def end(ids: Collection[str] | None, username: str | None = None) -> tuple[Session, ...]:
    """End the sessions with these public ids; with ``None`` all, of one account or of everybody.

    Raises ``NotFound`` for an id that there is not, and then none has ended.
    """
    found = find(username)
    if ids is not None:
        for missing in set(ids) - {one.public_id for one in found}:
            raise NotFound(f"There is no session “{missing}”.", remedy="It may have ended already.")
        found = tuple(one for one in found if one.public_id in ids)
    with closing(Database.open(places.state_dir() / places.DATABASE_FILE)) as database:
        store = DatabaseSessions(database)
        return tuple(one for one in found if store.remove(one.public_id))
