"""What a database refuses, in words."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from jupyter_secure.errors import StateUnusable

# By SQLite's own words (sqlite3_errstr): its numeric codes reach Python from 3.11 on only.
_EXPLANATIONS: tuple[tuple[str, str, str], ...] = (
    (
        "locked",
        "Another program keeps it locked.",
        "End that program (another server, a backup, a database viewer) and try again.",
    ),
    ("full", "The disk is full.", "Make room on the disk and try again."),
    (
        "readonly",
        "It cannot be written.",
        "Give the server's account write access to it and to its directory.",
    ),
    (
        "unable to open",
        "It, or its directory, cannot be read and written.",
        "Give the server's account access to it and to its directory.",
    ),
    ("malformed", "It is damaged.", "Put it back from a backup."),
    ("not a database", "It is damaged, or something else.", "Put it back from a backup."),
    (
        "disk i/o error",
        "The disk failed, or the file was removed or cut short while in use.",
        "Check the disk; if the file is damaged, put it back from a backup.",
    ),
)


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Raise ``StateUnusable`` for what the database at ``path`` refuses.

    ``IntegrityError`` passes through: what a duplicate means is the store's to say.
    """
    try:
        yield
    except (IntegrityError, sqlite3.IntegrityError):
        raise
    except (DBAPIError, sqlite3.Error, PoolTimeout, OSError) as error:
        said = str(getattr(error, "orig", error)).lower()
        why, remedy = next(
            ((why, remedy) for words, why, remedy in _EXPLANATIONS if words in said),
            ("The database refused.", "Check the file, its directory and the disk."),
        )
        # `from None`: SQLAlchemy's error quotes the statement's parameters, so a traceback
        # would put digests and names into the log.
        raise StateUnusable(
            f"The state database {path} cannot be used.", why=why, remedy=remedy
        ) from None
