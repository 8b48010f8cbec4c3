"""Access tokens in the database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, fields
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, func, insert, or_, select, update

from jupyter_secure.errors import Conflict, NotFound, StateUnusable
from jupyter_secure.identity.access_tokens import AccessToken
from jupyter_secure.identity.roles import Right, Role
from jupyter_secure.store import schema
from jupyter_secure.store.database import Database
from jupyter_secure.store.direct import Statement

_tokens = schema.access_tokens.c
_COLUMNS = [_tokens[field.name] for field in fields(AccessToken)]
# One read answers both: a role that was just changed counts at the next request.
_WITH_ROLE = select(*_COLUMNS, schema.accounts.c.role).join_from(
    schema.access_tokens, schema.accounts
)
_BY_DIGEST = Statement(_WITH_ROLE.where(_tokens.digest == bindparam("wanted")))
_BY_PUBLIC_ID = Statement(_WITH_ROLE.where(_tokens.public_id == bindparam("wanted")))


class DatabaseAccessTokens:
    """Implements ``identity.access_tokens.AccessTokenStore``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, token: AccessToken, most: int) -> None:
        """See ``AccessTokenStore.add``."""
        mine = _tokens.username == token.username
        with self._database.writing() as connection:
            known = connection.execute(
                select(schema.accounts.c.username).where(
                    schema.accounts.c.username == token.username
                )
            )
            if known.first() is None:
                raise NotFound(f"There is no account “{token.username}” any more.")
            count = select(func.count()).select_from(schema.access_tokens).where(mine)
            if connection.execute(count).scalar_one() >= most:
                raise Conflict(
                    f"“{token.username}” has {most} access tokens already.",
                    remedy="Revoke those that nothing uses any more.",
                )
            connection.execute(insert(schema.access_tokens), _values(token))

    def by_digest(self, digest: bytes) -> tuple[AccessToken, Role] | None:
        """See ``AccessTokenStore.by_digest``."""
        return self._one(_BY_DIGEST, digest)

    def by_public_id(self, public_id: str) -> tuple[AccessToken, Role] | None:
        """See ``AccessTokenStore.by_public_id``."""
        return self._one(_BY_PUBLIC_ID, public_id)

    def _one(self, statement: Statement, wanted: bytes | str) -> tuple[AccessToken, Role] | None:
        rows = self._database.direct.rows(statement, (wanted,))
        if not rows:
            return None
        *values, role = rows[0]
        try:
            return _token(values), Role(role)
        except ValueError:
            raise StateUnusable(
                "An access token or its account has a right or role that this version does not "
                "know.",
                remedy="Revoke the token: `jupyter secure token revoke`.",
            ) from None

    def list(self, username: str | None = None) -> tuple[AccessToken, ...]:
        """See ``AccessTokenStore.list``."""
        statement = select(*_COLUMNS).order_by(
            _tokens.username, _tokens.created_at, _tokens.public_id
        )
        if username is not None:
            statement = statement.where(_tokens.username == username)
        with self._database.reading() as connection:
            return tuple(_token(row) for row in connection.execute(statement))

    def remove(self, public_id: str, username: str | None) -> bool:
        """See ``AccessTokenStore.remove``."""
        statement = delete(schema.access_tokens).where(_tokens.public_id == public_id)
        if username is not None:
            statement = statement.where(_tokens.username == username)
        with self._database.writing() as connection:
            return connection.execute(statement).rowcount == 1

    def remove_expired(self, moment: datetime) -> int:
        """See ``AccessTokenStore.remove_expired``."""
        statement = delete(schema.access_tokens).where(_tokens.expires_at < moment)
        with self._database.writing() as connection:
            return connection.execute(statement).rowcount

    def note_use(self, public_id: str, now: datetime, address: str) -> None:
        """See ``AccessTokenStore.note_use``."""
        older = or_(_tokens.last_used_at.is_(None), _tokens.last_used_at <= now)
        statement = (
            update(schema.access_tokens)
            .where(_tokens.public_id == public_id, older)
            .values(last_used_at=now, address=address)
        )
        with self._database.writing(durable=False) as connection:
            connection.execute(statement)


def _values(token: AccessToken) -> dict[str, Any]:
    rights = ",".join(sorted(right.value for right in token.rights))
    return {**asdict(token), "rights": rights}


def _token(row: Sequence[Any]) -> AccessToken:
    values = dict(zip((field.name for field in fields(AccessToken)), row, strict=True))
    values["rights"] = frozenset(Right(one) for one in values["rights"].split(",") if one)
    return AccessToken(**values)
