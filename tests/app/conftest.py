"""A whole place without a server: real vault, real database, two accounts, a clock to turn."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from jupyter_secure.app.content.provenance import Provenance
from jupyter_secure.app.login.devices import Devices
from jupyter_secure.app.login.drift import Drift
from jupyter_secure.app.login.elevate import Elevate
from jupyter_secure.app.login.enrolments import Enrolments
from jupyter_secure.app.login.factors import Factors
from jupyter_secure.app.login.log_in import LogIn
from jupyter_secure.app.login.passkey_answers import PasskeyAnswers
from jupyter_secure.app.login.sessions import Sessions
from jupyter_secure.crypto.kdf import OWASP_MINIMUM
from jupyter_secure.errors import SecureError
from jupyter_secure.identity import recovery_codes, totp
from jupyter_secure.identity.accounts import Account
from jupyter_secure.identity.sessions import Session, SessionPolicy
from jupyter_secure.store.accounts import DatabaseAccounts
from jupyter_secure.store.attempts import DatabaseAttempts
from jupyter_secure.store.catalogue import DatabaseCatalogue
from jupyter_secure.store.database import Database
from jupyter_secure.store.devices import DatabaseDevices
from jupyter_secure.store.enrolments import DatabaseEnrolments
from jupyter_secure.store.factors import DatabaseFactors
from jupyter_secure.store.passkeys import DatabasePasskeys
from jupyter_secure.store.sessions import DatabaseSessions
from jupyter_secure.vault.catalogue import Catalogue
from jupyter_secure.vault.keyring import Keyring
from jupyter_secure.vault.vault import Vault

PASSWORDS = {"alice": "correct horse battery", "bob": "staple paper clip"}
START = datetime(2030, 1, 1, 12, 0, 5, tzinfo=timezone.utc)
HERE = "192.0.2.7"


@dataclass(frozen=True)
class Person:
    """What one user holds in head and hand."""

    name: str
    password: str
    secret: str
    recovery_codes: tuple[str, ...]


@dataclass(frozen=True)
class Foundation:
    """What a set-up made, shared by all tests because each derivation takes its time."""

    keyring: Keyring
    people: dict[str, Person]
    sealed: dict[str, bytes]


@dataclass
class Place:
    """One run of a server on a state directory."""

    path: Path
    foundation: Foundation
    run_id: str = "run"
    now: datetime = START
    policy: SessionPolicy = field(default_factory=SessionPolicy)

    def __post_init__(self) -> None:
        self.database = Database.create(self.path)
        self.vault = Vault(self.foundation.keyring)
        self.catalogue = Catalogue(DatabaseCatalogue(self.database), self.vault.derive)
        self.provenance = Provenance(self.catalogue)
        self.accounts = DatabaseAccounts(self.database)
        self.attempts = DatabaseAttempts(self.database)
        self.store = DatabaseSessions(self.database)
        self.sessions = Sessions(
            store=self.store,
            vault=self.vault,
            policy=self.policy,
            run_id=self.run_id,
            clock=self.clock,
        )
        self.passkeys = DatabasePasskeys(self.database)
        self.passkey_answers = PasskeyAnswers(store=self.passkeys, clock=self.clock)
        self.drift = Drift()
        self.devices = Devices(
            store=DatabaseDevices(self.database),
            accounts=self.accounts,
            clock=self.clock,
            trusted_days=self.policy.trusted_device_days,
        )
        self.factor_store = DatabaseFactors(self.database)
        self.factors = Factors(store=self.factor_store, sessions=self.sessions)
        self.enrolments = Enrolments(
            vault=self.vault,
            store=DatabaseEnrolments(self.database),
            factors=self.factor_store,
            attempts=self.attempts,
            sessions=self.sessions,
            clock=self.clock,
        )
        self.log_in = LogIn(
            keyring=lambda: self.foundation.keyring,
            accounts=self.accounts,
            attempts=self.attempts,
            sessions=self.sessions,
            clock=self.clock,
            passkey_answers=self.passkey_answers,
            devices=self.devices,
            drift=self.drift,
        )
        self.elevate = Elevate(
            vault=self.vault,
            accounts=self.accounts,
            attempts=self.attempts,
            sessions=self.sessions,
            clock=self.clock,
            passkey_answers=self.passkey_answers,
            drift=self.drift,
        )

    def clock(self) -> datetime:
        """Tell the time."""
        return self.now

    def wait(self, **span: float) -> None:
        """Let time go by, or back."""
        self.now += timedelta(**span)

    def person(self, name: str) -> Person:
        """Return what that user holds."""
        return self.foundation.people[name]

    def code(self, name: str = "alice", *, steps: int = 0) -> str:
        """Return the code that the user's authenticator shows, or will in that many steps."""
        then = self.now + timedelta(seconds=30 * steps)
        return totp.current_code(self.person(name).secret, then)

    def wrong_code(self) -> str:
        """Return six digits that are no code of Alice's around now."""
        right = {self.code(steps=steps) for steps in range(-2, 3)}
        return next(code for code in map("{:06d}".format, range(9)) if code not in right)

    def enter(self, name: str = "alice", code: str | None = None) -> tuple[str, Session]:
        """Log in with both steps."""
        pending = self.log_in.first_step(name, self.person(name).password, HERE)
        return self.log_in.second_step(pending, code or self.code(name), HERE, "Browser/1")

    def restarted(self) -> Place:
        """Return the same place after a restart of the server."""
        self.close()
        return Place(self.path, self.foundation, run_id="next run", now=self.now)

    def close(self) -> None:
        """Stop."""
        self.log_in.close()
        self.database.close()


@pytest.fixture
def account_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty home that this process's environment leads to."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(tmp_path / "config"))
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))  # where it was looked up before
    monkeypatch.delenv("JUPYTER_SECURE_DIR", raising=False)
    return tmp_path


@pytest.fixture(scope="session")
def foundation() -> Foundation:
    """Make the keys of a vault with two accounts."""
    (first, password), *others = PASSWORDS.items()
    keyring, root = Keyring.create(first, password, profile=OWASP_MINIMUM)
    for name, other in others:
        keyring = keyring.add_password_slot(root, name, other, profile=OWASP_MINIMUM)
    people = {
        name: Person(name, password, totp.new_secret(), recovery_codes.generate())
        for name, password in PASSWORDS.items()
    }
    key = root.derive(totp.SECRET_PURPOSE)
    sealed = {one.name: totp.seal_secret(key, one.name, one.secret) for one in people.values()}
    root.wipe()
    return Foundation(keyring, people, sealed)


@pytest.fixture
def place(tmp_path: Path, foundation: Foundation) -> Iterator[Place]:
    """Return a place that has just been set up and started."""
    place = Place(tmp_path / "state.db", foundation)
    for name, person in foundation.people.items():
        account = Account(name, name.title(), foundation.sealed[name], totp.NO_STEP, False, START)
        place.accounts.add(account, recovery_codes.digests(person.recovery_codes))
    yield place
    place.close()


@pytest.fixture
def in_parallel() -> Callable[[int, Callable[[], object]], list[object]]:
    """Return a function that runs work in many threads at once and collects what came of each."""

    def run(count: int, work: Callable[[], object]) -> list[object]:
        start, outcomes = threading.Barrier(count), []

        def one() -> None:
            start.wait()
            try:
                outcomes.append(work())
            except SecureError as error:
                outcomes.append(error)

        threads = [threading.Thread(target=one) for _ in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(outcomes) == count, "a thread died of something else"
        return outcomes

    return run
