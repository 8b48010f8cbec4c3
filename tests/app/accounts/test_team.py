from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import insert, select

from jupyter_secure.app.accounts.join import Join
from jupyter_secure.app.accounts.wiring import inconsistencies
from jupyter_secure.errors import Conflict, InvalidInput, LinkUnusable, NotFound, Refused
from jupyter_secure.identity.links import Purpose
from jupyter_secure.identity.passkeys import Passkey
from jupyter_secure.identity.roles import Role
from jupyter_secure.identity.throttle import PER_ACCOUNT, account_key
from jupyter_secure.store import schema
from jupyter_secure.store.links import leave_out_links
from jupyter_secure.store.passkeys import DatabasePasskeys
from jupyter_secure.store.vault_file import change_keyring, load_keyring
from jupyter_secure.vault.keyring_passkeys import with_passkey

from .conftest import HERE, NEW, OWNER, START, Office


def lock(office: Office, path: str, owner: str) -> None:
    with office.database.writing() as connection:
        values = {"path": path, "mode": "private", "owner": owner, "created_at": START}
        connection.execute(insert(schema.locks), values)


def locks(office: Office) -> dict[str, str]:
    with office.database.reading() as connection:
        return dict(connection.execute(select(schema.locks.c.path, schema.locks.c.owner)).all())  # type: ignore[arg-type]  # rows are pairs


@pytest.mark.parametrize(("heir", "left"), [(OWNER, {"a.ipynb": OWNER}), (None, {})])
def test_removal_takes_everything(office: Office, heir: str | None, left: dict[str, str]) -> None:
    """Slot, row and what hangs on it are gone; locks go where it was said."""
    office.add("bob")
    lock(office, "a.ipynb", "bob")
    office.team.reset(office.root, "bob", Purpose.PASSWORD, OWNER)
    office.team.attempts.reserve(account_key("bob"), PER_ACCOUNT, office.now)
    assert office.team.remove(office.root, "Bob", OWNER, heir=heir) == 1
    assert office.names() == [OWNER]
    assert not office.opens("bob")
    assert locks(office) == left
    with office.database.reading() as connection:
        for table in (schema.recovery_codes, schema.links, schema.attempts):
            rows = connection.execute(select(table)).mappings().all()
            assert not [row for row in rows if row.get("username", "bob") == "bob"], table.name
    assert inconsistencies(office.team) == ()


def test_a_name_is_used_again(office: Office) -> None:
    """The new account inherits neither password, nor locks that came too late, nor links."""
    office.add("bob")
    made = office.team.reset(office.root, "bob", Purpose.PASSWORD, OWNER)
    office.team.remove(office.root, "bob", OWNER)
    lock(office, "late.ipynb", "bob")  # by a request that was under way
    ticket = office.invite()
    office.finish(ticket, office.begin(ticket, "a heron above Glasbury"))
    assert not office.opens("bob", NEW)
    assert locks(office) == {"late.ipynb": OWNER}
    with pytest.raises(LinkUnusable):
        office.join.link(Join.ticket(made.token), HERE)


def test_the_last_owner_stays(office: Office) -> None:
    """Neither removal nor another role takes the last owner; nor oneself by accident."""
    office.add("bob")
    for by in (OWNER, None):
        with pytest.raises(Refused, match="last owner"):
            office.team.remove(office.root, OWNER, by, myself=True)
        with pytest.raises(Refused, match="last owner"):
            office.team.set_role(OWNER, Role.VIEWER, by, myself=True)
    office.team.set_role("bob", Role.OWNER, OWNER)
    with pytest.raises(Refused, match="your own account"):
        office.team.remove(office.root, OWNER, OWNER)
    with pytest.raises(Refused, match="your own role"):
        office.team.set_role(OWNER, Role.VIEWER, OWNER)
    office.team.set_role(OWNER, Role.VIEWER, OWNER, myself=True)
    with pytest.raises(Refused, match="Only an owner"):
        office.team.set_role("bob", Role.VIEWER, OWNER)
    assert office.opens(OWNER, "a red kite over Talgarth")


def test_two_owners_remove_each_other(
    office: Office, in_parallel: Callable[[int, Callable[[], object]], list[object]]
) -> None:
    """One stays, and has a password."""
    office.add("bob", Role.OWNER)
    pairs = [("bob", OWNER), (OWNER, "bob")] * 3

    def one() -> object:
        name, by = pairs.pop()
        return office.team.remove(office.root, name, by)

    in_parallel(6, one)
    [left] = office.team.members()
    assert left.account.role is Role.OWNER
    assert left.has_password


@pytest.mark.parametrize("by", ["bob", "nobody", ""])
def test_only_owners(office: Office, by: str) -> None:
    """Whoever is no owner, or no account, changes nobody."""
    office.add("bob")
    office.add("carol")
    for change in (
        lambda: office.team.remove(office.root, "carol", by),
        lambda: office.team.set_role("carol", Role.OWNER, by),
        lambda: office.team.set_password(office.root, "carol", "a heron above Glasbury", by),
        lambda: office.team.set_factor(office.root, office.team.enrol(office.root, "carol"), by),
        lambda: office.team.withdraw("carol", by),
        lambda: office.add("dora", by=by),
    ):
        with pytest.raises(Refused):
            change()
    assert office.opens("carol")
    assert office.names() == [OWNER, "bob", "carol"]


def test_an_owner_that_was_made_less(office: Office) -> None:
    """Links that an owner made end with that role, and sessions of the account with any change."""
    office.add("bob", Role.OWNER)
    made = office.team.invite(office.root, "carol", Role.OWNER, "bob")
    office.team.set_role("bob", Role.EDITOR, OWNER)
    with pytest.raises(LinkUnusable):
        office.join.link(Join.ticket(made.token), HERE)


@pytest.mark.parametrize(
    "name", ["ALICE", "a1ice", "\u0430lice", "alicé", "", "a\u202eb", "x" * 65]
)
def test_names_that_are_refused(office: Office, name: str) -> None:
    """Taken, alike, or none: no invitation, and no account."""
    with pytest.raises((Conflict, InvalidInput)):
        office.team.invite(office.root, name, Role.EDITOR, OWNER)
    with pytest.raises((Conflict, InvalidInput)):
        office.add(name)
    assert office.team.pending() == ()
    assert office.names() == [OWNER]


def test_nobody_is_there(office: Office) -> None:
    """What is asked of an account that is not there says so."""
    with pytest.raises(NotFound):
        office.team.reset(office.root, "bob", Purpose.PASSWORD, OWNER)
    with pytest.raises(NotFound):
        office.team.remove(office.root, "bob", OWNER)
    with pytest.raises(NotFound):
        office.team.set_role("bob", Role.VIEWER, OWNER)


def test_a_newer_link_replaces_the_older(office: Office) -> None:
    """One link at a time for one purpose."""
    first = office.invite()
    second = office.invite()
    with pytest.raises(LinkUnusable):
        office.join.link(first, HERE)
    assert office.join.link(second, HERE).username == "bob"
    assert office.team.withdraw("bob", OWNER) == 1
    with pytest.raises(LinkUnusable):
        office.join.link(second, HERE)


def add_passkey(office: Office, name: str, public_id: str) -> None:
    passkey = Passkey(public_id.encode(), public_id, name, "key", b"sealed", 0, START)
    DatabasePasskeys(office.database).add(passkey, 10, None)
    change_keyring(
        office.path, lambda keyring: with_passkey(keyring, office.root, public_id, bytes(32))
    )


@pytest.mark.parametrize("how", ["remove", "set_factor", "link"])
def test_passkeys_open_the_vault_no_more(office: Office, how: str) -> None:
    """Their slots go with the account, and with every other second factor; others' stay."""
    office.add("bob")
    add_passkey(office, "bob", "pk-bob")
    add_passkey(office, OWNER, "pk-alice")
    if how == "remove":
        office.team.remove(office.root, "bob", OWNER)
    elif how == "set_factor":
        office.team.set_factor(office.root, office.team.enrol(office.root, "bob"), OWNER)
    else:
        made = office.team.reset(office.root, "bob", Purpose.TWO_FACTOR, OWNER)
        ticket = Join.ticket(made.token)
        assert office.join.first_step(ticket, NEW, "", HERE) is None
        begun = office.join.enrolment(ticket)
        assert begun is not None
        office.finish(ticket, begun)
    keyring = load_keyring(office.path)
    keyring.require_authentic(office.root)
    assert [slot.name for slot in keyring.passkeys] == ["pk-alice"]
    assert office.team.store.passkeys_of("bob") == ()


def test_a_backup_leaves_links_out(office: Office) -> None:
    """A copy that is kept for years holds no root key that an old mail would open."""
    office.invite()
    [link] = office.team.links.list()
    copy = office.path / "copy.db"
    copy.touch()
    office.database.copy_to(copy)
    assert link.root_sealed in copy.read_bytes()
    leave_out_links(copy)
    assert link.root_sealed not in copy.read_bytes()
    assert link.digest not in copy.read_bytes()
    assert office.team.links.list() == (link,)
