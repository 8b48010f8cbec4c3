from __future__ import annotations

from datetime import datetime, timezone

import pytest
from sqlalchemy import insert, select

from jupyter_secure.identity.accounts import Account
from jupyter_secure.identity.devices import Device
from jupyter_secure.identity.enrolments import Enrolment
from jupyter_secure.identity.factors import FactorSet
from jupyter_secure.identity.sessions import Session
from jupyter_secure.store import schema
from jupyter_secure.store.accounts import DatabaseAccounts
from jupyter_secure.store.database import Database
from jupyter_secure.store.devices import DatabaseDevices
from jupyter_secure.store.enrolments import DatabaseEnrolments
from jupyter_secure.store.factors import DatabaseFactors
from jupyter_secure.store.sessions import DatabaseSessions

NOW = datetime(2030, 1, 1, 12, tzinfo=timezone.utc)


@pytest.fixture
def factors(database: Database) -> DatabaseFactors:
    """Return a store with two accounts; each has a session, a device and a begun enrolment."""
    accounts, sessions = DatabaseAccounts(database), DatabaseSessions(database)
    devices, enrolments = DatabaseDevices(database), DatabaseEnrolments(database)
    for name in ("alice", "bob"):
        accounts.add(Account(name, name, b"secret", 7, True, NOW), [name.encode().ljust(32)])
        for public_id in (f"{name}-1", f"{name}-2"):
            digest = public_id.encode().ljust(32)
            sessions.add(Session(digest, public_id, name, NOW, NOW, None, "::1", "x", "run"))
        device = Device(name.encode(), name, name, 0, "Firefox", "::1", NOW, NOW, None)
        devices.put(device, f"{name}-1", 5)
        enrolments.put(Enrolment(name, b"new secret", NOW))
    return DatabaseFactors(database)


def sessions_of(database: Database) -> list[str]:
    return [one.public_id for one in DatabaseSessions(database).of_run("run")]


def generation(database: Database, name: str) -> int:
    account = DatabaseAccounts(database).get(name)
    assert account is not None
    return account.generation


@pytest.mark.parametrize("keep", [None, "alice-2"])
def test_what_a_new_generation_ends(
    factors: DatabaseFactors, database: Database, keep: str | None
) -> None:
    """The account's sessions but one, and its devices, are gone; another's stay."""
    factors.raise_generation("alice", keep)
    kept = [keep] if keep else []
    assert sessions_of(database) == [*kept, "bob-1", "bob-2"]
    assert (generation(database, "alice"), generation(database, "bob")) == (1, 0)
    devices = DatabaseDevices(database)
    assert devices.of_account("alice") == ()
    assert len(devices.of_account("bob")) == 1


def test_an_authenticator_in_force(factors: DatabaseFactors, database: Database) -> None:
    """The new secret, the used step and the end of the enrolment come together, once."""
    assert not factors.put_totp("alice", b"another secret", 9, "alice-1")
    assert generation(database, "alice") == 0
    assert factors.put_totp("alice", b"new secret", 9, "alice-1")
    assert not factors.put_totp("alice", b"new secret", 10, "alice-1")
    account = DatabaseAccounts(database).get("alice")
    assert account is not None
    assert (account.totp_secret_sealed, account.totp_last_step) == (b"new secret", 9)
    assert DatabaseEnrolments(database).get("alice") is None
    assert DatabaseEnrolments(database).get("bob") is not None
    assert sessions_of(database) == ["alice-1", "bob-1", "bob-2"]


def test_the_last_one_is_not_removed(factors: DatabaseFactors, database: Database) -> None:
    """A refused removal changes nothing: no generation goes up and no session ends."""
    assert not factors.remove_totp("alice", None)
    assert not factors.remove_passkey("alice", "none", None)
    assert factors.of("alice") == FactorSet(totp=True, passkeys=0, recovery_codes=1)
    assert generation(database, "alice") == 0
    with database.writing() as connection:
        row = {"credential_id": b"k", "public_id": "k", "username": "alice", "name": "Key"}
        row |= {"credential": b"", "sign_count": 0, "created_at": NOW}
        connection.execute(insert(schema.passkeys), row)
    assert not factors.remove_passkey("bob", "k", None)
    assert factors.remove_totp("alice", None)
    assert not factors.remove_passkey("alice", "k", None)
    assert factors.of("alice") == FactorSet(totp=False, passkeys=1, recovery_codes=1)


def test_recovery_codes_are_replaced_whole(factors: DatabaseFactors, database: Database) -> None:
    """The codes of before are gone, and another account's are not touched."""
    factors.replace_recovery_codes("alice", (b"1" * 32, b"2" * 32))
    assert factors.of("alice").recovery_codes == 2
    accounts = DatabaseAccounts(database)
    assert not accounts.has_recovery_code("alice", b"alice".ljust(32))
    assert accounts.has_recovery_code("alice", b"1" * 32)
    assert accounts.has_recovery_code("bob", b"bob".ljust(32))


def test_a_device_is_kept_for_its_generation_only(
    factors: DatabaseFactors, database: Database
) -> None:
    """What was known before the account changed is not put back, by whatever login."""
    devices = DatabaseDevices(database)
    old = Device(b"old", "old", "alice", 0, "Firefox", "::1", NOW, NOW, None)
    factors.raise_generation("alice", "alice-1")
    devices.put(old, "alice-1", 5)
    assert devices.of_account("alice") == ()
    with database.reading() as connection:
        noted = select(schema.sessions.c.device).where(schema.sessions.c.public_id == "alice-1")
        assert connection.execute(noted).scalar_one() is None
