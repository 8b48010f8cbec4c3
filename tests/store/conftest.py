"""Stores on a real database, each also on one that is reopened before every single use."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection

from jupyter_secure.store.database import Database
from jupyter_secure.store.direct import Direct, Statement, Transaction


class Reopened(Database):
    """Drops its connections before each use: what a store then finds was on the disk."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.direct = ReopenedDirect(self._connected, self._explained, self._writing)

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


class ReopenedDirect(Direct):
    """Drops its connections before each use, too."""

    def version(self) -> tuple[int, int]:
        """Ask over a new connection."""
        self.close()
        return super().version()

    def rows(self, statement: Statement, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Read through a new connection."""
        self.close()
        return super().rows(statement, values)

    @contextmanager
    def writing(self) -> Iterator[Transaction]:
        """Write through a new connection."""
        self.close()
        with super().writing() as transaction:
            yield transaction


@pytest.fixture(params=[Database, Reopened], ids=["kept open", "reopened"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """Return an empty database."""
    opened: Database = request.param.create(tmp_path / "state.db")
    yield opened
    opened.close()
