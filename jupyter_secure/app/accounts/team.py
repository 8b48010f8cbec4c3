"""What an owner does to accounts: add, list, remove, change the role, reset, unlock."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from jupyter_secure.app.accounts import slots
from jupyter_secure.app.accounts.enrolment import Enrolment
from jupyter_secure.app.login.budget import clear_tries
from jupyter_secure.crypto.kdf import RFC_9106_LOW_MEMORY, Argon2idProfile
from jupyter_secure.errors import NotFound, Refused
from jupyter_secure.identity import links as rules
from jupyter_secure.identity import passwords, totp
from jupyter_secure.identity.accounts import Account, AccountStore, normalise_username
from jupyter_secure.identity.clock import Clock
from jupyter_secure.identity.links import Link, LinkStore, Purpose
from jupyter_secure.identity.roles import Role
from jupyter_secure.identity.team import TeamStore
from jupyter_secure.identity.throttle import Attempts
from jupyter_secure.store.vault_file import load_keyring
from jupyter_secure.vault.keys import RootKey


@dataclass(frozen=True)
class Member:
    """One account as an owner sees it; ``has_password`` is whether it has a slot of its own."""

    account: Account
    has_password: bool
    recovery_codes: int


@dataclass(frozen=True)
class MadeLink:
    """A link, and the token that is given to the person; it is not kept."""

    token: str = field(repr=False)
    link: Link


@dataclass(frozen=True)
class Team:
    """The accounts of one state directory. Methods block, those with a password for a while.

    ``by`` is the owner who does it, or ``None`` for the holder of the recovery key; see
    ``identity.team``.
    """

    directory: Path
    accounts: AccountStore
    links: LinkStore
    store: TeamStore
    attempts: Attempts
    clock: Clock
    profile: Argon2idProfile = RFC_9106_LOW_MEMORY

    def members(self) -> tuple[Member, ...]:
        """Return all accounts, by name."""
        keyring = load_keyring(self.directory)
        return tuple(
            Member(
                account,
                slots.has_password(keyring, account.username),
                self.accounts.remaining_recovery_codes(account.username),
            )
            for account in self.accounts.list()
        )

    def pending(self) -> tuple[Link, ...]:
        """Return the links that still count."""
        now = self.clock()
        return tuple(link for link in self.links.list() if link.is_current(now))

    def invite(
        self,
        root: RootKey,
        username: str,
        role: Role,
        by: str | None,
        *,
        hours: float = rules.DEFAULT_HOURS,
    ) -> MadeLink:
        """Make a link by which a person gets an account of that name and role.

        Raises ``InvalidInput`` for a name that cannot be one, ``Conflict`` for one that is taken or
        looks like another.
        """
        name = normalise_username(username)
        slots.require_free(load_keyring(self.directory), name)
        return self._make(Purpose.INVITATION, name, role.value, root, by, hours)

    def reset(
        self,
        root: RootKey,
        username: str,
        what: Purpose,
        by: str | None,
        *,
        hours: float = rules.DEFAULT_HOURS,
    ) -> MadeLink:
        """Make a link by which the person sets a new password, or a new second factor.

        Until it is used, everything stays as it is. Raises ``NotFound``.
        """
        return self._make(what, normalise_username(username), "", root, by, hours)

    def enrol(self, root: RootKey, username: str) -> Enrolment:
        """Begin a second factor for an account that is, or is to be."""
        return Enrolment.begin(root.derive(totp.SECRET_PURPOSE), normalise_username(username))

    def add(
        self,
        root: RootKey,
        enrolment: Enrolment,
        shown_as: str,
        role: Role,
        password: str,
        by: str | None,
    ) -> None:
        """Add an account at once, without a link.

        Raises ``Conflict``, ``WeakPassword`` or ``InvalidInput``; and then nothing has changed.
        """
        account = new_account(enrolment, role, self.clock(), shown_as)
        passwords.check_strength(password, account.username)
        slots.require_free(load_keyring(self.directory), account.username)
        self.store.add(account, enrolment.digests, by)
        try:
            slots.put_slot(self.directory, root, account.username, password, profile=self.profile)
        except BaseException:
            self.store.take_back(account, None)
            raise

    def remove(
        self,
        root: RootKey,
        username: str,
        by: str | None,
        *,
        heir: str | None = None,
        myself: bool = False,
    ) -> int:
        """Remove an account and all that is its own; return how many locks it had.

        The locks go to ``heir``, or else with the account. Raises ``NotFound``, ``Refused`` for the
        last owner, and for oneself unless ``myself`` says that this is known. What was cut short
        is finished by doing it again.
        """
        name = normalise_username(username)
        self._not_by_accident(name, by, myself, "remove your own account")
        if heir == name:
            raise Refused("An account cannot inherit its own locks.", remedy="Choose another.")
        try:
            self.store.begin_removal(name, by)
        except NotFound:
            # Somebody who was invited and never came; or a slot without an account, of a backup.
            withdrawn = self.withdraw(name, by)
            if not (slots.remove_slots(self.directory, root, name) or withdrawn):
                raise
            return 0
        slots.remove_slots(self.directory, root, name, self.store.passkeys_of(name))
        locks = self.store.finish_removal(name, heir)
        self._forget_tries(name)
        return locks

    def withdraw(self, username: str, by: str | None) -> int:
        """Take back the links for an account, or for one that is to be; return how many."""
        return self.store.remove_links(normalise_username(username), by)

    def set_role(self, username: str, role: Role, by: str | None, *, myself: bool = False) -> None:
        """Give an account another role; its sessions end.

        Raises ``NotFound``, ``Refused`` for the last owner, and for oneself unless ``myself``.
        """
        name = normalise_username(username)
        self._not_by_accident(name, by, myself, "change your own role")
        self.store.set_role(name, role, by)

    def set_password(self, root: RootKey, username: str, password: str, by: str | None) -> None:
        """Give an account a new password at once; its sessions end. Raises ``NotFound``."""
        name = normalise_username(username)
        passwords.check_strength(password, name)
        self.store.end_everything(name, by)
        slots.put_slot(self.directory, root, name, password, profile=self.profile)
        # Once more: of a login with the old password that began in between.
        self.store.end_everything(name, None)

    def set_factor(self, root: RootKey, enrolment: Enrolment, by: str | None) -> None:
        """Replace every second factor of an account; its sessions end. Raises ``NotFound``."""
        passkeys = self.store.passkeys_of(enrolment.username)
        slots.remove_passkey_slots(self.directory, root, passkeys)
        self.store.replace_factor(enrolment.username, enrolment.factor, by)
        self._forget_tries(enrolment.username)

    def unlock(self, username: str) -> None:
        """Forget the account's wrong tries, so that nobody has to wait for another's guesses.

        Raises ``NotFound``: a name that was mistyped has nothing to forget.
        """
        name = normalise_username(username)
        if self.accounts.get(name) is None:
            raise NotFound(
                f"There is no account “{name}”.", remedy="`jupyter secure user list` shows them."
            )
        self._forget_tries(name)

    def _forget_tries(self, name: str) -> None:
        clear_tries(self.attempts, name, self.store.devices_of(name))

    def _make(
        self, purpose: Purpose, name: str, role: str, root: RootKey, by: str | None, hours: float
    ) -> MadeLink:
        lives = rules.lifetime(hours)
        now = self.clock()
        self.links.remove_expired(now)
        token, link = rules.make(
            purpose=purpose,
            username=name,
            role=role,
            # The password opens the slot that is there: such a link needs no key.
            root=b"" if purpose is Purpose.TWO_FACTOR else root.expose(),
            vault_id=load_keyring(self.directory).vault_id,
            created_by=by or "",
            now=now,
            lives=lives,
        )
        self.store.add_link(link)
        return MadeLink(token, link)

    @staticmethod
    def _not_by_accident(name: str, by: str | None, myself: bool, what: str) -> None:
        if name == by and not myself:
            raise Refused(
                f"You are about to {what}.",
                why="Your sessions end with it, and what only your role may do you may no more.",
                remedy='If that is meant, say so: `--myself`, or {"myself": true}.',
            )


def new_account(enrolment: Enrolment, role: Role, now: datetime, shown_as: str) -> Account:
    """Return the account that an enrolment is for."""
    return Account(
        username=enrolment.username,
        display_name=shown_as.strip(),
        totp_secret_sealed=enrolment.sealed,
        totp_last_step=enrolment.step,
        confirmed=enrolment.confirmed,
        created_at=now,
        role=role,
    )
