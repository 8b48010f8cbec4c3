"""A team without a server: a state directory with one owner, whose passwords are cheap to try."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from jupyter_secure.app.accounts.enrolment import Enrolment
from jupyter_secure.app.accounts.join import Join, Joined
from jupyter_secure.app.accounts.team import Team
from jupyter_secure.app.accounts.wiring import team_of
from jupyter_secure.crypto.kdf import OWASP_MINIMUM
from jupyter_secure.errors import WrongKey
from jupyter_secure.identity import recovery_codes, totp
from jupyter_secure.identity.accounts import Account
from jupyter_secure.identity.roles import Role
from jupyter_secure.store.attempts import DatabaseAttempts
from jupyter_secure.store.database import Database
from jupyter_secure.store.links import DatabaseLinks
from jupyter_secure.store.team import DatabaseTeam
from jupyter_secure.store.vault_file import load_keyring, save_keyring
from jupyter_secure.vault.keyring import Keyring
from jupyter_secure.vault.keys import RootKey

START = datetime(2030, 1, 1, 12, 0, 5, tzinfo=timezone.utc)
HERE = "192.0.2.7"
OWNER, PASSWORD, NEW = "alice", "a red kite over Talgarth", "an otter under Hay bridge"


@dataclass
class Office:
    """One state directory, and whoever looks after it."""

    path: Path
    root: RootKey
    now: datetime = START
    secrets: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.reopen()

    def reopen(self) -> None:
        """Begin as a new process does."""
        self.database = Database.create(self.path / "state.db")
        attempts = DatabaseAttempts(self.database)
        self.team: Team = replace(
            team_of(self.path, self.database, attempts, self.clock), profile=OWASP_MINIMUM
        )
        self.join = Join(
            directory=self.path,
            links=DatabaseLinks(self.database),
            team=DatabaseTeam(self.database),
            attempts=attempts,
            clock=self.clock,
            profile=OWASP_MINIMUM,
        )

    def clock(self) -> datetime:
        """Tell the time."""
        return self.now

    def wait(self, **span: float) -> None:
        """Let time go by."""
        self.now += timedelta(**span)

    def add(self, name: str, role: Role = Role.EDITOR, *, by: str | None = OWNER) -> Enrolment:
        """Add an account at once."""
        begun = self.team.enrol(self.root, name)
        self.team.add(self.root, begun, name, role, NEW, by)
        return begun

    def invite(self, name: str = "bob", role: Role = Role.EDITOR) -> str:
        """Return a browser's ticket for an invitation."""
        return Join.ticket(self.team.invite(self.root, name, role, OWNER).token)

    def begin(self, ticket: str, password: str = NEW) -> Enrolment:
        """Take the first step of an invitation."""
        assert self.join.first_step(ticket, password, password, HERE) is None
        begun = self.join.enrolment(ticket)
        assert begun is not None
        return begun

    def finish(self, ticket: str, begun: Enrolment) -> Joined:
        """Take the second step."""
        return self.join.second_step(ticket, self.code(begun), HERE)

    def code(self, begun: Enrolment) -> str:
        """Return what an authenticator shows."""
        return totp.current_code(begun.totp_secret, self.now)

    def opens(self, name: str, password: str = NEW) -> bool:
        """Say whether that password opens the vault."""
        try:
            load_keyring(self.path).open_with_password(name, password).wipe()
        except WrongKey:
            return False
        return True

    def names(self) -> list[str]:
        """Return who has an account."""
        return [one.username for one in self.team.accounts.list()]


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    """Return a place with one owner."""
    keyring, root = Keyring.create(OWNER, PASSWORD, profile=OWASP_MINIMUM)
    save_keyring(tmp_path, keyring)
    office = Office(tmp_path, root)
    secret = totp.new_secret()
    sealed = totp.seal_secret(root.derive(totp.SECRET_PURPOSE), OWNER, secret)
    account = Account(OWNER, "Alice", sealed, totp.NO_STEP, True, START, Role.OWNER)
    office.team.accounts.add(account, recovery_codes.digests(recovery_codes.generate()))
    yield office
    office.join.close()
    office.database.close()
    root.wipe()
