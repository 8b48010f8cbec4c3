"""The tables of ``state.db``, and how their values are written.

``VERSION`` goes up with every change that an older program would misread. Times are kept as whole
microseconds since 1970 in UTC, so that they compare as they should in every database.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

VERSION = 3

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_MICROSECOND = timedelta(microseconds=1)


class Moment(TypeDecorator[datetime]):
    """An aware time, exact to the microsecond."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(
        self,
        value: datetime | None,
        dialect: Dialect,  # noqa: ARG002  # SQLAlchemy's signature
    ) -> int | None:
        """Write a time. A naive one raises ``TypeError``: its zone would be anybody's guess."""
        return None if value is None else (value - _EPOCH) // _MICROSECOND

    def process_result_value(
        self,
        value: Any | None,
        dialect: Dialect,  # noqa: ARG002  # SQLAlchemy's signature
    ) -> datetime | None:
        """Read a time, in UTC."""
        return None if value is None else _EPOCH + value * _MICROSECOND


metadata = MetaData()

schema_version = Table("schema_version", metadata, Column("version", Integer, nullable=False))

accounts = Table(
    "accounts",
    metadata,
    Column("username", String, primary_key=True),
    Column("display_name", String, nullable=False),
    Column("totp_secret_sealed", LargeBinary, nullable=False),
    Column("totp_last_step", BigInteger, nullable=False),
    Column("confirmed", Boolean, nullable=False),
    Column("created_at", Moment, nullable=False),
    # With defaults, so that a database of an earlier version can be given them.
    Column("role", String, nullable=False, server_default="owner"),
    Column("generation", Integer, nullable=False, server_default="0"),
)


def _account_name(*, primary_key: bool = False) -> Column[str]:
    """Return a column whose rows go when the account goes."""
    key = ForeignKey("accounts.username", ondelete="CASCADE")
    return Column("username", String, key, primary_key=primary_key, nullable=False)


recovery_codes = Table(
    "recovery_codes",
    metadata,
    _account_name(primary_key=True),
    Column("digest", LargeBinary(32), primary_key=True),
)

sessions = Table(
    "sessions",
    metadata,
    Column("id_digest", LargeBinary(32), primary_key=True),
    Column("public_id", String, nullable=False, unique=True),
    _account_name(),
    Column("created_at", Moment, nullable=False),
    Column("last_seen_at", Moment, nullable=False),
    Column("elevated_until", Moment),
    Column("address", String, nullable=False),
    Column("user_agent", String, nullable=False),
    Column("run_id", String, nullable=False, index=True),
    Column("previous_digest", LargeBinary(32), index=True),
    Column("rotated_at", Moment),
    Column("device", String),
)

# A second factor that was begun to be set up and is not in force before a code confirms it.
enrolments = Table(
    "enrolments",
    metadata,
    _account_name(primary_key=True),
    Column("secret_sealed", LargeBinary, nullable=False),
    Column("began_at", Moment, nullable=False),
)

passkeys = Table(
    "passkeys",
    metadata,
    Column("credential_id", LargeBinary, primary_key=True),
    Column("public_id", String, nullable=False, unique=True),
    _account_name(),
    Column("name", String, nullable=False),
    Column("credential", LargeBinary, nullable=False),
    Column("sign_count", BigInteger, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("last_used_at", Moment),
)

devices = Table(
    "devices",
    metadata,
    Column("digest", LargeBinary(32), primary_key=True),
    Column("public_id", String, nullable=False, unique=True),
    _account_name(),
    Column("generation", Integer, nullable=False),
    Column("name", String, nullable=False),
    Column("address", String, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("last_used_at", Moment, nullable=False),
    Column("trusted_until", Moment),
)

access_tokens = Table(
    "access_tokens",
    metadata,
    Column("digest", LargeBinary(32), primary_key=True),
    Column("public_id", String, nullable=False, unique=True),
    _account_name(),
    Column("name", String, nullable=False),
    Column("rights", String, nullable=False),
    Column("folder", String, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("last_used_at", Moment),
    Column("address", String, nullable=False),
)

# One-time links: an invitation, or the way back for who lost a password or a second factor.
links = Table(
    "links",
    metadata,
    Column("digest", LargeBinary(32), primary_key=True),
    Column("public_id", String, nullable=False, unique=True),
    Column("purpose", String, nullable=False),
    Column("username", String, nullable=False, index=True),
    Column("role", String, nullable=False),
    Column("root_sealed", LargeBinary, nullable=False),
    Column("created_by", String, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
)

attempts = Table(
    "attempts",
    metadata,
    Column("key", String, primary_key=True),
    Column("count", Integer, nullable=False),
    Column("since", Moment, nullable=False, index=True),
    Column("blocked_until", Moment),
)

locks = Table(
    "locks",
    metadata,
    Column("path", String, primary_key=True),
    Column("file_id", LargeBinary(16), index=True),
    Column("mode", String, nullable=False),
    Column("owner", String, nullable=False),
    Column("created_at", Moment, nullable=False),
)

# Paths here are bytes, as the operating system has them: a name need not be text.
catalogue = Table(
    "catalogue",
    metadata,
    Column("path", LargeBinary, primary_key=True),
    Column("file_id", LargeBinary(16), nullable=False, index=True),
    Column("file_version", LargeBinary(8), nullable=False),
    Column("highest", LargeBinary(8), nullable=False),
    Column("salt", LargeBinary(24), nullable=False),
    Column("tag", LargeBinary(32), nullable=False),
)

# One row, or none while the catalogue is empty.
catalogue_head = Table(
    "catalogue_head",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
)

sealed_folders = Table("sealed_folders", metadata, Column("path", String, primary_key=True))

#: The tables that came with each later version: what an older database lacks is made.
ADDED: dict[int, tuple[Table, ...]] = {
    2: (catalogue, catalogue_head, sealed_folders),
    3: (enrolments, passkeys, devices, access_tokens, links),
}
#: The columns that came with each later version. Each may be empty or has a default.
ADDED_COLUMNS: dict[int, tuple[Column[Any], ...]] = {
    3: (
        accounts.c.role,
        accounts.c.generation,
        sessions.c.previous_digest,
        sessions.c.rotated_at,
        sessions.c.device,
    )
}
