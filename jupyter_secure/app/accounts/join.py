"""What a one-time link leads through: a password, an authenticator, recovery codes.

Nothing changes before the last step. What a person has done by then waits in memory, by a ticket
that their browser holds: two people with one link do not see each other's secrets, and one of them
gets in.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from jupyter_secure.app.accounts import slots
from jupyter_secure.app.accounts.enrolment import Enrolment
from jupyter_secure.app.accounts.team import new_account
from jupyter_secure.app.login.budget import Budget
from jupyter_secure.crypto.kdf import RFC_9106_LOW_MEMORY, Argon2idProfile
from jupyter_secure.errors import InvalidInput, LinkUnusable, WrongCode, WrongCredentials, WrongKey
from jupyter_secure.identity import links as rules
from jupyter_secure.identity import passwords, totp
from jupyter_secure.identity.clock import Clock
from jupyter_secure.identity.links import Link, LinkStore, Purpose
from jupyter_secure.identity.roles import Role
from jupyter_secure.identity.sessions import new_token
from jupyter_secure.identity.team import TeamStore
from jupyter_secure.identity.throttle import Attempts
from jupyter_secure.store.vault_file import load_keyring
from jupyter_secure.vault.keys import RootKey

#: How long a step waits for the next one.
WAITS = timedelta(minutes=15)
#: More browsers than anyone has at hand do not wait with one link.
_PER_LINK = 5


@dataclass(frozen=True)
class Joined:
    """What came of the last step: codes to show once, none where only the password is new."""

    username: str
    purpose: Purpose
    recovery_codes: tuple[str, ...] = field(repr=False, default=())


@dataclass(frozen=True)
class _Waiting:
    link: Link
    enrolment: Enrolment
    #: Of an invitation: the new account's, whose slot is made with it.
    password: str = field(repr=False)
    #: For a new second factor: what the present password opened.
    root: RootKey | None
    until: datetime

    def is_current(self, now: datetime) -> bool:
        # A clock that was set back ends it, rather than giving it more time.
        return self.until - WAITS <= now < self.until

    def wipe(self) -> None:
        if self.root is not None:
            self.root.wipe()


class Join:
    """Takes people through their links; safe for several threads. Methods block."""

    def __init__(
        self,
        *,
        directory: Path,
        links: LinkStore,
        team: TeamStore,
        attempts: Attempts,
        clock: Clock,
        profile: Argon2idProfile = RFC_9106_LOW_MEMORY,
    ) -> None:
        self._directory = directory
        self._links = links
        self._team = team
        self._budget = Budget(attempts, clock)
        self._clock = clock
        self._profile = profile
        self._lock = threading.Lock()
        self._waiting: dict[bytes, _Waiting] = {}

    @staticmethod
    def ticket(token: str) -> str:
        """Return what a browser that brought ``token`` is to hold: no other has the same."""
        return f"{token}.{new_token()}"

    def link(self, ticket: str, address: str) -> Link:
        """Return the link of a ticket.

        Raises ``LinkUnusable``; wrong ones are counted by address, so also ``TooManyTries``.
        """
        with self._budget.one_try(None, address):
            return self._open(ticket)[0]

    def enrolment(self, ticket: str) -> Enrolment | None:
        """Return what waits to be confirmed in the browser of this ticket, if anything does."""
        waiting = self._find(ticket)
        return None if waiting is None else waiting.enrolment

    def first_step(self, ticket: str, password: str, again: str, address: str) -> Joined | None:
        """Take a password: the new one, twice, or for a new second factor the present one.

        Returns ``None`` where an authenticator is to be set up next. Raises ``LinkUnusable``,
        ``TooManyTries``, ``WeakPassword``, ``InvalidInput`` or ``WrongCredentials``.
        """
        with self._budget.one_try(None, address):
            link, root = self._open(ticket)
        if link.purpose is Purpose.TWO_FACTOR:
            with self._budget.one_try(link.username, address):
                root = self._by_password(link.username, password)
        else:
            if again != password:
                raise InvalidInput("The two passwords differ.", remedy="Type them again.")
            passwords.check_strength(password, link.username)
        assert root is not None
        try:
            if link.purpose is Purpose.PASSWORD:
                return self._new_password(link, root, password)
            enrolment = Enrolment.begin(root.derive(totp.SECRET_PURPOSE), link.username)
            invited = link.purpose is Purpose.INVITATION
            self._keep(
                ticket,
                _Waiting(
                    link,
                    enrolment,
                    password if invited else "",
                    None if invited else root.copy(),
                    self._clock() + WAITS,
                ),
            )
        finally:
            root.wipe()
        return None

    def second_step(self, ticket: str, code: str, address: str) -> Joined:
        """Take a code of the new authenticator, and make what the link is for.

        Of any number of requests with one link one gets it. Raises ``WrongCode``, ``LinkUnusable``,
        ``Conflict`` if the name was taken meanwhile, ``TooManyTries``.
        """
        with self._budget.one_try(None, address):
            link, root = self._open(ticket)
        try:
            waiting = self._find(ticket)
            if waiting is None or waiting.link != link:
                raise InvalidInput("That took too long.", remedy="Begin again with your password.")
            now = self._clock()
            enrolment = waiting.enrolment.confirm(code, now)
            if enrolment is None:
                raise WrongCode
            if link.purpose is Purpose.INVITATION:
                assert root is not None
                self._new_account(link, root, enrolment, waiting.password, now)
            else:
                assert waiting.root is not None
                # Done before the link is used up; doing it twice changes nothing.
                passkeys = self._team.passkeys_of(link.username)
                slots.remove_passkey_slots(self._directory, waiting.root, passkeys)
                self._team.use_for_factor(link, now, enrolment.factor)
        finally:
            if root is not None:
                root.wipe()
        self._forget(ticket)
        return Joined(link.username, link.purpose, enrolment.recovery_codes)

    def sweep(self) -> None:
        """Forget what waited too long, and links that have expired. Call it every few seconds."""
        now = self._clock()
        with self._lock:
            for key, waiting in list(self._waiting.items()):
                if not waiting.is_current(now):
                    self._waiting.pop(key).wipe()
        self._links.remove_expired(now)

    def close(self) -> None:
        """Forget everything that waits."""
        with self._lock:
            for waiting in self._waiting.values():
                waiting.wipe()
            self._waiting.clear()

    def _open(self, ticket: str) -> tuple[Link, RootKey | None]:
        token = ticket.partition(".")[0]
        if len(token) > rules.MAX_TOKEN:
            raise LinkUnusable
        link = self._links.get(rules.digest_of(token))
        if link is None or not link.is_current(self._clock()):
            raise LinkUnusable
        keyring = load_keyring(self._directory)
        held = rules.opened(link, token, keyring.vault_id)
        if not held:
            return link, None
        root = RootKey.from_bytes(held)
        if not keyring.verify_root(root):
            root.wipe()
            raise LinkUnusable  # the root key was changed since
        return link, root

    def _by_password(self, username: str, password: str) -> RootKey:
        if not passwords.is_acceptable_size(password):
            raise WrongCredentials
        try:
            return load_keyring(self._directory).open_with_password(username, password)
        except WrongKey:
            raise WrongCredentials from None

    def _new_password(self, link: Link, root: RootKey, password: str) -> Joined:
        # Used up first: of two who have the link, the slower one changes nothing.
        self._team.use_for_password(link, self._clock())
        try:
            slots.put_slot(self._directory, root, link.username, password, profile=self._profile)
        except BaseException:
            self._team.put_back(link)
            raise
        # Once more: of a login with the old password that began in between.
        self._team.end_everything(link.username, None)
        return Joined(link.username, link.purpose)

    def _new_account(
        self, link: Link, root: RootKey, enrolment: Enrolment, password: str, now: datetime
    ) -> None:
        account = new_account(enrolment, Role(link.role), now, link.username)
        self._team.accept(link, now, account, enrolment.digests)
        try:
            slots.put_slot(self._directory, root, link.username, password, profile=self._profile)
        except BaseException:
            self._team.take_back(account, link)
            raise

    def _find(self, ticket: str) -> _Waiting | None:
        with self._lock:
            waiting = self._waiting.get(rules.digest_of(ticket))
        return waiting if waiting is not None and waiting.is_current(self._clock()) else None

    def _keep(self, ticket: str, waiting: _Waiting) -> None:
        self._forget(ticket)
        with self._lock:
            same = [k for k, one in self._waiting.items() if one.link.digest == waiting.link.digest]
            for key in same[: max(0, len(same) - _PER_LINK + 1)]:
                self._waiting.pop(key).wipe()
            self._waiting[rules.digest_of(ticket)] = waiting

    def _forget(self, ticket: str) -> None:
        with self._lock:
            waiting = self._waiting.pop(rules.digest_of(ticket), None)
        if waiting is not None:
            waiting.wipe()
