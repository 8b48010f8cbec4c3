"""Changes of whole accounts in the database: each in one transaction that holds the write lock."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime

from sqlalchemy import Connection, delete, func, insert, select, update

from jupyter_secure.errors import Conflict, LinkUnusable, NotFound, Refused
from jupyter_secure.identity.accounts import Account
from jupyter_secure.identity.links import Link, Purpose
from jupyter_secure.identity.lookalikes import lookalike
from jupyter_secure.identity.roles import Role
from jupyter_secure.identity.team import NewFactor
from jupyter_secure.store import schema
from jupyter_secure.store.database import Database
from jupyter_secure.store.generation import raise_generation
from jupyter_secure.store.links import values_of

_accounts = schema.accounts.c
_links = schema.links.c
_locks = schema.locks.c
_passkeys, _devices = schema.passkeys.c, schema.devices.c


class DatabaseTeam:
    """Implements ``identity.team.TeamStore``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def passkeys_of(self, username: str) -> tuple[str, ...]:
        """See ``TeamStore.passkeys_of``."""
        statement = select(_passkeys.public_id).where(_passkeys.username == username)
        with self._database.reading() as connection:
            return tuple(connection.execute(statement).scalars())

    def devices_of(self, username: str) -> tuple[bytes, ...]:
        """See ``TeamStore.devices_of``."""
        statement = select(_devices.digest).where(_devices.username == username)
        with self._database.reading() as connection:
            return tuple(connection.execute(statement).scalars())

    def add_link(self, link: Link) -> None:
        """See ``TeamStore.add_link``."""
        with self._database.writing() as connection:
            _require_owner(connection, link.created_by or None)
            if link.purpose is Purpose.INVITATION:
                _require_free(connection, link.username)
            else:
                _require_account(connection, link.username)
            connection.execute(
                delete(schema.links).where(
                    _links.username == link.username, _links.purpose == link.purpose.value
                )
            )
            connection.execute(insert(schema.links), values_of(link))

    def remove_links(self, username: str, by: str | None) -> int:
        """See ``TeamStore.remove_links``."""
        with self._database.writing() as connection:
            _require_owner(connection, by)
            return connection.execute(
                delete(schema.links).where(_links.username == username)
            ).rowcount

    def add(self, account: Account, recovery_digests: Iterable[bytes], by: str | None) -> None:
        """See ``TeamStore.add``."""
        with self._database.writing() as connection:
            _require_owner(connection, by)
            _add(connection, account, recovery_digests, by)

    def accept(self, link: Link, now: datetime, account: Account, digests: Iterable[bytes]) -> None:
        """See ``TeamStore.accept``."""
        with self._database.writing() as connection:
            _use(connection, link, now)
            _add(connection, account, digests, link.created_by or None)

    def take_back(self, account: Account, link: Link | None) -> None:
        """See ``TeamStore.take_back``."""
        with self._database.writing() as connection:
            connection.execute(
                delete(schema.accounts).where(
                    _accounts.username == account.username,
                    # Its own sealed secret, made for it: never an account of the same name.
                    _accounts.totp_secret_sealed == account.totp_secret_sealed,
                )
            )
            if link is not None:
                _put_back(connection, link)

    def put_back(self, link: Link) -> None:
        """See ``TeamStore.put_back``."""
        with self._database.writing() as connection:
            _put_back(connection, link)

    def use_for_password(self, link: Link, now: datetime) -> None:
        """See ``TeamStore.use_for_password``."""
        with self._database.writing() as connection:
            _use(connection, link, now)
            _require_account(connection, link.username)
            _end_access(connection, link.username)

    def use_for_factor(self, link: Link, now: datetime, factor: NewFactor) -> None:
        """See ``TeamStore.use_for_factor``."""
        with self._database.writing() as connection:
            _use(connection, link, now)
            _replace_factor(connection, link.username, factor)

    def replace_factor(self, username: str, factor: NewFactor, by: str | None) -> None:
        """See ``TeamStore.replace_factor``."""
        with self._database.writing() as connection:
            _require_owner(connection, by)
            _replace_factor(connection, username, factor)

    def end_everything(self, username: str, by: str | None) -> None:
        """See ``TeamStore.end_everything``."""
        with self._database.writing() as connection:
            _require_owner(connection, by)
            _require_account(connection, username)
            _end_access(connection, username)
            connection.execute(delete(schema.links).where(_links.username == username))

    def set_role(self, username: str, role: Role, by: str | None) -> None:
        """See ``TeamStore.set_role``."""
        with self._database.writing() as connection:
            _require_owner(connection, by)
            _require_account(connection, username)
            if role is not Role.OWNER:
                _demote(connection, username, role)
            connection.execute(
                update(schema.accounts)
                .where(_accounts.username == username)
                .values(role=role.value)
            )
            _end_access(connection, username)

    def begin_removal(self, username: str, by: str | None) -> None:
        """See ``TeamStore.begin_removal``.

        The role goes first: of two owners who remove each other at once, the second is none any
        more when it is its turn.
        """
        with self._database.writing() as connection:
            _require_owner(connection, by)
            _require_account(connection, username)
            _demote(connection, username, Role.VIEWER)
            _end_access(connection, username)
            connection.execute(delete(schema.links).where(_links.username == username))
            connection.execute(
                delete(schema.access_tokens).where(schema.access_tokens.c.username == username)
            )

    def finish_removal(self, username: str, heir: str | None) -> int:
        """See ``TeamStore.finish_removal``."""
        with self._database.writing() as connection:
            mine = _locks.owner == username
            count = connection.execute(
                select(func.count()).select_from(schema.locks).where(mine)
            ).scalar_one()
            if heir is None:
                connection.execute(delete(schema.locks).where(mine))
            else:
                _require_account(connection, heir)
                connection.execute(update(schema.locks).where(mine).values(owner=heir))
            # What belongs to it by its name goes with the row (ON DELETE CASCADE).
            connection.execute(delete(schema.accounts).where(_accounts.username == username))
            connection.execute(delete(schema.links).where(_links.username == username))
        return count


def _require_owner(connection: Connection, by: str | None) -> None:
    if by is None:
        return
    # Compared as text: a role of a later version must not be in the way of changing it.
    role = connection.execute(
        select(_accounts.role).where(_accounts.username == by)
    ).scalar_one_or_none()
    if role != Role.OWNER.value:
        raise Refused(
            "Only an owner may do that.",
            why=f"“{by}” is none.",
            remedy="Ask an owner of this server.",
        )


def _require_account(connection: Connection, username: str) -> None:
    found = connection.execute(select(_accounts.username).where(_accounts.username == username))
    if found.first() is None:
        raise NotFound(
            f"There is no account “{username}”.", remedy="`jupyter secure user list` shows them."
        )


def _require_free(connection: Connection, username: str) -> None:
    names = connection.execute(select(_accounts.username)).scalars().all()
    other = lookalike(username, names)
    if other == username:
        raise Conflict(
            f"There is an account “{username}” already.", remedy="Choose another user name."
        )
    if other is not None:
        raise Conflict(
            f"The user name “{username}” looks like “{other}”.",
            why="Nobody could tell the two accounts apart.",
            remedy="Choose another user name.",
        )


def _add(
    connection: Connection, account: Account, digests: Iterable[bytes], by: str | None
) -> None:
    name = account.username
    _require_free(connection, name)
    connection.execute(delete(schema.links).where(_links.username == name))
    # An account of the same name inherits nothing: not even a lock that an earlier one was just
    # making when it was removed.
    if by is not None:
        connection.execute(update(schema.locks).where(_locks.owner == name).values(owner=by))
    connection.execute(insert(schema.accounts), {**asdict(account), "role": account.role.value})
    codes = [{"username": name, "digest": one} for one in digests]
    if codes:
        connection.execute(insert(schema.recovery_codes), codes)


def _use(connection: Connection, link: Link, now: datetime) -> None:
    """Compare and delete in one statement: there is no moment at which two can both have looked."""
    used = connection.execute(
        delete(schema.links).where(_links.digest == link.digest, _links.expires_at > now)
    )
    if used.rowcount != 1:
        raise LinkUnusable


def _put_back(connection: Connection, link: Link) -> None:
    connection.execute(delete(schema.links).where(_links.digest == link.digest))
    connection.execute(insert(schema.links), values_of(link))


def _end_access(connection: Connection, username: str) -> None:
    """End sessions and known devices, and a change of factors that was begun."""
    raise_generation(connection, username, keep=None)
    connection.execute(delete(schema.enrolments).where(schema.enrolments.c.username == username))


def _demote(connection: Connection, username: str, role: Role) -> None:
    """Give an account a role that is not an owner's, unless no owner would be left."""
    others = connection.execute(
        select(func.count())
        .select_from(schema.accounts)
        .where(_accounts.role == Role.OWNER.value, _accounts.username != username)
    ).scalar_one()
    if not others:
        raise Refused(
            f"“{username}” is the last owner.",
            why="Without an owner nobody could look after accounts and keys.",
            remedy="Make another account an owner first.",
        )
    connection.execute(
        update(schema.accounts).where(_accounts.username == username).values(role=role.value)
    )
    # What was begun in an owner's name needs an owner.
    connection.execute(delete(schema.links).where(_links.created_by == username))


def _replace_factor(connection: Connection, username: str, factor: NewFactor) -> None:
    _require_account(connection, username)
    for table in (schema.passkeys, schema.recovery_codes):
        connection.execute(delete(table).where(table.c.username == username))
    connection.execute(
        update(schema.accounts)
        .where(_accounts.username == username)
        .values(
            totp_secret_sealed=factor.totp_secret_sealed,
            totp_last_step=factor.totp_last_step,
            confirmed=factor.confirmed,
        )
    )
    codes = [{"username": username, "digest": one} for one in factor.recovery_digests]
    if codes:
        connection.execute(insert(schema.recovery_codes), codes)
    _end_access(connection, username)
