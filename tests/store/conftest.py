"""Stores on a real database, each also on one that is reopened before every single use."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Connection

from jupyter_secure.store.database import Database


class Reopened(Database):
    """Drops its connections before each use: what a store then finds was on the disk."""

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Read through a new connection."""
        self.close()
        with super().reading() as connection:
            yield connection

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """Read through a new connection."""
        self.close()
        with super().snapshot() as connection:
            yield connection

    @contextmanager
    def writing(self, *, durable: bool = True) -> Iterator[Connection]:
        """Write through a new connection."""
        self.close()
        with super().writing(durable=durable) as connection:
            yield connection


@pytest.fixture(params=[Database, Reopened], ids=["kept open", "reopened"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """Return an empty database."""
    opened: Database = request.param.create(tmp_path / "state.db")
    yield opened
    opened.close()
