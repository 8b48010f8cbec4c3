from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, create_engine, insert, select

from jupyter_secure.store import schema

# Within years that every zone can be converted in.
MOMENTS = st.datetimes(datetime(2, 1, 1), datetime(9998, 1, 1), timezones=st.timezones())  # noqa: DTZ001  # the zones are drawn


@given(moment=MOMENTS)
def test_moments_are_exact(moment: datetime) -> None:
    """A time of any zone is kept to the microsecond and comes back in UTC."""
    column = schema.Moment()
    dialect = create_engine("sqlite://").dialect
    kept = column.process_bind_param(moment, dialect)
    found = column.process_result_value(kept, dialect)
    # Compared in UTC: Python calls times that a change of the clock skips unequal to any other's.
    assert found == moment.astimezone(timezone.utc)
    assert found.tzinfo is timezone.utc


@given(one=MOMENTS, other=MOMENTS)
def test_moments_compare_as_kept(one: datetime, other: datetime) -> None:
    """What is kept is ordered as the times are: the database may compare it."""
    dialect = create_engine("sqlite://").dialect
    kept = [schema.Moment().process_bind_param(moment, dialect) or 0 for moment in (one, other)]
    utc = [moment.astimezone(timezone.utc) for moment in (one, other)]
    assert (kept[0] < kept[1]) == (utc[0] < utc[1])


def test_naive_time_is_refused() -> None:
    """A time without a zone is an error, not a guess."""
    with pytest.raises(TypeError):
        schema.Moment().process_bind_param(datetime(2030, 1, 1), create_engine("sqlite://").dialect)  # noqa: DTZ001  # the point


def test_no_time() -> None:
    """No time stays no time."""
    dialect = create_engine("sqlite://").dialect
    assert schema.Moment().process_bind_param(None, dialect) is None
    assert schema.Moment().process_result_value(None, dialect) is None


@pytest.mark.parametrize("table", ["recovery_codes", "sessions"])
def test_what_goes_with_an_account(table: str) -> None:
    """An account that is removed takes its codes and sessions with it."""
    now = datetime(2030, 1, 1, tzinfo=timezone.utc)
    engine = create_engine("sqlite://")
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA foreign_keys=ON")
        schema.metadata.create_all(connection)
        _add_account(connection, now)
        found = schema.metadata.tables[table]
        assert connection.execute(select(found)).all()
        connection.execute(schema.accounts.delete())
        assert not connection.execute(select(found)).all()
    engine.dispose()


def _add_account(connection: Connection, now: datetime) -> None:
    connection.execute(
        insert(schema.accounts).values(
            username="alice",
            display_name="Alice",
            totp_secret_sealed=b"",
            totp_last_step=0,
            confirmed=True,
            created_at=now,
        )
    )
    connection.execute(insert(schema.recovery_codes).values(username="alice", digest=bytes(32)))
    connection.execute(
        insert(schema.sessions).values(
            id_digest=bytes(32),
            public_id="a",
            username="alice",
            created_at=now,
            last_seen_at=now + timedelta(seconds=1),
            address="",
            user_agent="",
            run_id="run",
        )
    )
