from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy import insert

from jupyter_secure.app.accounts.join import Join, Joined
from jupyter_secure.errors import (
    Conflict,
    InvalidInput,
    LinkUnusable,
    StorageFailed,
    TooManyTries,
    WeakPassword,
    WrongCode,
    WrongCredentials,
)
from jupyter_secure.identity.links import Purpose
from jupyter_secure.identity.roles import Role
from jupyter_secure.store import schema, vault_file

from .conftest import HERE, NEW, OWNER, Office


def test_nothing_is_written_before_the_code(office: Office) -> None:
    """A person who stops half-way leaves nothing but the link."""
    ticket = office.invite(role=Role.VIEWER)
    begun = office.begin(ticket)
    with pytest.raises(WrongCode):
        office.join.second_step(ticket, "000000", HERE)
    assert office.names() == [OWNER]
    assert not office.opens("bob")
    done = office.finish(ticket, begun)
    assert (done.username, len(done.recovery_codes)) == ("bob", 10)
    account = office.team.accounts.get("bob")
    assert account is not None
    assert (account.role, account.confirmed) == (Role.VIEWER, True)
    assert not office.team.accounts.accept_step("bob", account.totp_last_step), "replayed"
    assert office.opens("bob")
    assert not office.team.pending()


def test_links_and_steps_end(office: Office) -> None:
    """A step waits for a quarter of an hour, a link for a day, also by a clock set back."""
    ticket = office.invite()
    begun = office.begin(ticket)
    office.wait(minutes=16)
    with pytest.raises(InvalidInput, match="too long"):
        office.finish(ticket, begun)
    begun = office.begin(ticket)
    office.wait(minutes=-60)
    with pytest.raises(LinkUnusable):
        office.finish(ticket, begun)
    office.wait(hours=25)
    with pytest.raises(LinkUnusable):
        office.join.link(ticket, HERE)
    office.join.sweep()
    assert office.team.links.list() == ()


def test_wrong_links_are_counted(office: Office) -> None:
    """An address that guesses has to wait, and then a right link waits as well."""
    ticket = office.invite()
    for number in range(20):
        with pytest.raises(LinkUnusable):
            office.join.link(f"wrong{number}", HERE)
    with pytest.raises(TooManyTries):
        office.join.link(ticket, HERE)
    assert office.join.link(ticket, "192.0.2.8").username == "bob"


@pytest.mark.parametrize(
    "changed",
    [
        {"role": "owner"},
        {"username": "mallory"},
        {"purpose": Purpose.PASSWORD},
        {"created_by": ""},
    ],
)
def test_a_changed_row_opens_nothing(office: Office, changed: dict[str, object]) -> None:
    """Who may write state.db makes no owner of an invited editor."""
    ticket = office.invite()
    [link] = office.team.links.list()
    forged = replace(link, **changed)  # type: ignore[arg-type]  # a table's values
    with office.database.writing() as connection:
        connection.execute(schema.links.delete())
        values = {**forged.__dict__, "purpose": forged.purpose.value}
        connection.execute(insert(schema.links), values)
    with pytest.raises(LinkUnusable):
        office.join.link(ticket, HERE)


def test_one_account_of_many_requests(
    office: Office, in_parallel: Callable[[int, Callable[[], object]], list[object]]
) -> None:
    """Of any number of requests with one link one gets the account."""
    ticket = office.invite()
    begun = office.begin(ticket)
    outcomes = in_parallel(10, lambda: office.finish(ticket, begun))
    assert sum(isinstance(one, Joined) for one in outcomes) == 1
    assert {type(one) for one in outcomes} <= {Joined, LinkUnusable, InvalidInput}
    assert office.names() == [OWNER, "bob"]
    assert office.opens("bob")


def test_a_weak_or_mistyped_password(office: Office) -> None:
    """It is refused in the first step, where it can be typed again."""
    ticket = office.invite()
    with pytest.raises(WeakPassword):
        office.join.first_step(ticket, "bob", "bob", HERE)
    with pytest.raises(InvalidInput, match="differ"):
        office.join.first_step(ticket, NEW, NEW + "x", HERE)
    assert office.join.enrolment(ticket) is None


def test_the_name_was_taken_meanwhile(office: Office) -> None:
    """Whoever comes second is told, and changes nothing of the account that is there."""
    ticket = office.invite()
    begun = office.begin(ticket)
    with office.database.writing() as connection:  # past the rule that ends the invitation
        link = dict(connection.execute(schema.links.select()).one()._mapping)
    office.add("bob", Role.VIEWER)
    with office.database.writing() as connection:
        connection.execute(insert(schema.links), link)
    with pytest.raises(Conflict, match="already"):
        office.finish(ticket, begun)
    account = office.team.accounts.get("bob")
    assert account is not None
    assert account.role is Role.VIEWER


def test_a_full_disk_gives_the_link_back(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where vault.json cannot be written nothing has changed, and the link can be tried again."""
    ticket = office.invite()
    begun = office.begin(ticket)

    def full(*_: object, **__: object) -> None:
        raise StorageFailed("The disk is full.")

    with monkeypatch.context() as patch:
        patch.setattr(vault_file, "write_atomically", full)
        with pytest.raises(StorageFailed):
            office.finish(ticket, begun)
    assert office.names() == [OWNER]
    assert office.finish(ticket, begun).username == "bob"
    assert office.opens("bob")


def test_a_new_password(office: Office) -> None:
    """It replaces the slot; the second factor is as it was, and the link is used up."""
    begun = office.add("bob")
    before = office.team.accounts.get("bob")
    made = office.team.reset(office.root, "Bob", Purpose.PASSWORD, OWNER)
    ticket = Join.ticket(made.token)
    new = "a heron above Glasbury"
    joined = office.join.first_step(ticket, new, new, HERE)
    assert joined is not None
    assert joined.purpose is Purpose.PASSWORD
    after = office.team.accounts.get("bob")
    assert before is not None
    assert after is not None
    assert after.totp_secret_sealed == before.totp_secret_sealed == begun.sealed
    assert after.generation > before.generation
    assert (office.opens("bob", new), office.opens("bob")) == (True, False)
    with pytest.raises(LinkUnusable):
        office.join.first_step(ticket, NEW, NEW, HERE)


def test_a_new_second_factor(office: Office) -> None:
    """The link holds no key: only with the password does it lead to a new secret."""
    old = office.add("bob")
    made = office.team.reset(office.root, "bob", Purpose.TWO_FACTOR, OWNER)
    ticket = Join.ticket(made.token)
    with pytest.raises(WrongCredentials):
        office.join.first_step(ticket, "not his password", "", HERE)
    assert office.join.first_step(ticket, NEW, "", HERE) is None
    begun = office.join.enrolment(ticket)
    assert begun is not None
    done = office.finish(ticket, begun)
    account = office.team.accounts.get("bob")
    assert account is not None
    assert account.totp_secret_sealed == begun.sealed != old.sealed
    assert not office.team.accounts.use_recovery_code("bob", old.digests[0])
    assert len(done.recovery_codes) == office.team.accounts.remaining_recovery_codes("bob") == 10
