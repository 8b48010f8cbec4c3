from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, NoReturn

import pytest

from jupyter_secure.errors import NotFound, StateUnusable
from jupyter_secure.identity.sessions import SessionPolicy
from jupyter_secure.locks import NOBODY, Actor
from jupyter_secure.store import schema

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from conftest import Place
    from sqlalchemy import Connection

HERE = "192.0.2.7"


@pytest.mark.parametrize("token", ["", "nonsense", "x" * 100_000, "\udc80", "é"])
def test_unknown_tokens(place: Place, token: str) -> None:
    """A token that was not given out finds no session, whatever it looks like."""
    place.enter()
    assert place.sessions.authenticate(token) is None


@pytest.mark.parametrize(
    ("waits", "live"),
    [
        ({"minutes": 59.9}, True),
        ({"minutes": 60}, False),
        ({"minutes": -10}, False),
    ],
)
def test_idle_limit(place: Place, waits: dict[str, float], *, live: bool) -> None:
    """A session that nobody uses ends, and one whose clock was set back too."""
    token, _ = place.enter()
    place.wait(**waits)
    assert (place.sessions.authenticate(token) is not None) is live


def test_touch_keeps_it_alive_until_the_absolute_limit(place: Place) -> None:
    """Use renews the idle limit and not the absolute one."""
    token, _ = place.enter()
    for _ in range(23):
        place.wait(minutes=30)
        session = place.sessions.authenticate(token)
        assert session is not None
        place.sessions.touch(session, "198.51.100.1")
    assert session is not None
    place.wait(minutes=29)
    assert place.sessions.seconds_left(session) == 60
    place.wait(minutes=1)
    assert place.sessions.authenticate(token) is None


def test_what_is_listed_is_live(place: Place) -> None:
    """Neither a session that ran out, nor a row that nobody logged in for, is listed or ended."""
    _, session = place.enter()
    assert place.sessions.live() == (session,)
    planted = replace(session, id_digest=bytes(32), public_id="planted")
    assert place.store.add(planted)
    assert place.sessions.live("alice") == (session,)
    with pytest.raises(NotFound):
        place.sessions.require("planted", None)
    place.wait(minutes=60)
    assert place.sessions.live() == ()
    with pytest.raises(NotFound):
        place.sessions.require(session.public_id, "alice")


def test_lowered(place: Place) -> None:
    """What was elevated is not any more, by the store too."""
    token, session = place.enter()
    place.wait(seconds=30)
    token, session = place.elevate(session, place.code())
    place.sessions.lower(session)
    found = place.sessions.authenticate(token)
    assert found is not None
    assert place.sessions.elevated_seconds_left(found) == 0


def test_touch_is_written_rarely(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Within half a minute a session is not written twice, however busy it is."""
    token, _ = place.enter()
    written = []
    real = place.store.touch
    monkeypatch.setattr(place.store, "touch", lambda *a: written.append(a) or real(*a))
    for _ in range(61):
        session = place.sessions.authenticate(token)
        assert session is not None
        place.sessions.touch(session, HERE)
        place.wait(seconds=1)
    assert len(written) == 2


def test_touch_revives_nothing(place: Place) -> None:
    """Neither a session that ran out nor one that was ended comes back by being used."""
    token, session = place.enter()
    place.wait(minutes=61)
    place.sessions.touch(session, HERE)
    assert place.sessions.authenticate(token) is None
    place.sessions.end(session.public_id)
    place.sessions.touch(session, HERE)
    assert place.store.of_run("run") == ()


def test_sessions_end_with_their_run(place: Place) -> None:
    """After a restart no earlier session counts, as the vault is sealed again."""
    token, _ = place.enter()
    again = place.restarted()
    assert again.sessions.authenticate(token) is None
    assert again.sessions.live() == ()
    assert not again.vault.is_open
    again.close()


def test_two_servers_share_the_state(place: Place) -> None:
    """A second server on the same state neither knows nor ends the first one's sessions."""
    token, _ = place.enter()
    other = type(place)(place.path, place.foundation, run_id="other", now=place.now)
    assert other.sessions.authenticate(token) is None
    assert other.sessions.end_all() == ()
    assert other.sessions.sweep() == ()
    other.wait(seconds=30)
    other.enter()
    assert place.sessions.authenticate(token) is not None
    assert place.vault.is_open
    other.close()


def test_old_rows_go(place: Place) -> None:
    """What a killed server left is removed by a later login."""
    place.enter()
    again = place.restarted()
    again.wait(hours=13)
    again.enter()
    assert again.store.of_run("run") == ()
    again.close()


def test_vault_is_sealed_after_the_last_session(place: Place) -> None:
    """The vault stays open while anyone is logged in, and not a moment longer."""
    _, alice = place.enter()
    _, bob = place.enter("bob")
    assert place.sessions.end(alice.public_id) == (alice,)
    assert place.vault.is_open
    assert place.sessions.end(bob.public_id) == (bob,)
    assert not place.vault.is_open


def test_sweep_ends_what_ran_out(place: Place) -> None:
    """The sweep reports each ended session once and seals the vault."""
    token, session = place.enter()
    assert place.sessions.sweep() == ()
    place.wait(minutes=60)
    assert place.vault.is_open
    assert place.sessions.sweep() == (session,)
    assert not place.vault.is_open
    assert place.sessions.sweep() == ()
    place.wait(minutes=-60)
    assert place.sessions.authenticate(token) is None


def test_sweep_notices_anothers_hand(place: Place) -> None:
    """A session whose row another process removed is reported, so its sockets can be closed."""
    token, session = place.enter()
    place.store.remove(session.public_id)
    assert place.sessions.authenticate(token) is None
    assert place.sessions.sweep() == (session,)
    assert not place.vault.is_open


def test_end_all_of_one_account(place: Place) -> None:
    """Ending one account's sessions leaves the others'."""
    first, _ = place.enter()
    place.wait(seconds=30)
    second, _ = place.enter()
    other, _ = place.enter("bob")
    assert len(place.sessions.end_all("alice")) == 2
    assert [place.sessions.authenticate(one) is None for one in (first, second, other)] == [
        True,
        True,
        False,
    ]
    assert len(place.sessions.end_all()) == 1


def test_others_sessions_are_not_found(place: Place) -> None:
    """Nobody can name another account's session, a made-up one, or one that has ended."""
    _, alice = place.enter()
    assert place.sessions.require(alice.public_id, "alice") == alice
    for public_id, name in [(alice.public_id, "bob"), ("made up", "alice")]:
        with pytest.raises(NotFound):
            place.sessions.require(public_id, name)
    place.sessions.end(alice.public_id)
    with pytest.raises(NotFound):
        place.sessions.require(alice.public_id, "alice")


def test_actor(place: Place) -> None:
    """The locks see who asks, in which session, and whether a second factor is fresh."""
    _, session = place.enter()
    assert place.sessions.actor(None) is NOBODY
    assert place.sessions.actor(session) == Actor("alice", False, session.public_id)
    _, elevated = place.sessions.elevate(session)
    assert place.sessions.actor(elevated) == Actor("alice", True, session.public_id)
    place.wait(minutes=10)
    assert place.sessions.actor(elevated) == Actor("alice", False, session.public_id)


def test_what_a_client_says_of_itself(place: Place) -> None:
    """An overlong or malformed user agent is kept as far as it fits."""
    pending = place.log_in.first_step("alice", place.person("alice").password, HERE)
    agent = "a\0b\udc80" + "x" * 10_000
    token, session = place.log_in.second_step(pending, place.code(), HERE, agent)
    assert session.user_agent.startswith("ab?xxx")
    assert len(session.user_agent) < 300
    assert place.sessions.authenticate(token) == session


def test_broken_database_lets_nobody_in(place: Place) -> None:
    """A session that cannot be looked up is an error, never a session."""
    token, _ = place.enter()
    place.database.close()
    place.path.write_bytes(b"no database at all" * 1000)
    for leftover in place.path.parent.glob("state.db-*"):
        leftover.unlink()
    with pytest.raises(StateUnusable):
        place.sessions.authenticate(token)


def test_short_limits(place: Place) -> None:
    """Limits of fractions of a minute hold."""
    quick = type(place)(
        place.path, place.foundation, "quick", place.now, SessionPolicy(0.05, 1, 0.05)
    )
    token, session = quick.enter()
    assert quick.sessions.elevated_seconds_left(quick.sessions.elevate(session)[1]) == 3
    quick.wait(seconds=3)
    assert quick.sessions.authenticate(token) is None
    quick.close()


def test_use_counts_under_a_short_limit(place: Place) -> None:
    """Where the idle limit is shorter than the time between two writes, use renews it too."""
    quick = type(place)(place.path, place.foundation, "quick", place.now, SessionPolicy(0.4))
    token, _ = quick.enter()
    for _ in range(5):
        quick.wait(seconds=20)
        session = quick.sessions.authenticate(token)
        assert session is not None
        quick.sessions.touch(session, HERE)
    assert quick.sessions.seconds_left(session) == 4
    assert quick.sessions.authenticate(token) is not None
    quick.close()


def test_looking_up_a_session_is_one_read(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every request looks its session up: that reads it once while nothing changes, and no more."""
    token, session = place.enter()
    reads, direct = [], place.database.direct
    real = direct.rows
    monkeypatch.setattr(direct, "rows", lambda *a: reads.append(a) or real(*a))
    monkeypatch.setattr(place.database, "reading", lambda: pytest.fail("read otherwise"))
    monkeypatch.setattr(place.database, "writing", lambda: pytest.fail("written"))
    for _ in range(3):
        assert place.sessions.authenticate(token) == session
    assert len(reads) == 1


def test_stays_open_with_a_key_file(place: Place) -> None:
    """Opened by a key file, the vault is not sealed with the last session."""
    place.sessions.stays_open = True
    _, session = place.enter()
    place.sessions.end(session.public_id)
    assert place.vault.is_open
    place.enter("bob")
    place.wait(hours=13)
    assert len(place.sessions.sweep()) == 1
    assert place.vault.is_open


def test_the_vault_stays_open_for_what_needs_it_elsewhere(place: Place) -> None:
    """With the last session the keys stay while a kernel needs them, and go with that need."""
    needed = True
    place.sessions.needed_elsewhere = lambda: needed
    _, session = place.enter()
    place.sessions.end(session.public_id)
    assert place.vault.is_open
    needed = False
    place.sessions.sweep()
    assert not place.vault.is_open


def test_what_needs_an_open_vault_opens_none(place: Place) -> None:
    """A need alone brings no keys: only a login does."""
    place.sessions.needed_elsewhere = lambda: True
    place.sessions.sweep()
    assert not place.vault.is_open


def test_many_end_in_one_go(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many sessions are over, or are ended, nobody waits for the disk once for each."""
    _, session = place.enter()
    digests = [bytes([n]) * 32 for n in range(200)]
    rows = [replace(session, id_digest=one, public_id=one.hex()[:16]) for one in digests]
    with place.database.writing() as connection:
        connection.execute(schema.sessions.insert(), [asdict(one) for one in rows])
    writing, writes = place.database.writing, []

    def counted(**options: bool) -> AbstractContextManager[Connection]:
        writes.append(1)
        return writing(**options)

    monkeypatch.setattr(place.database, "writing", counted)
    place.sessions.sweep()
    assert place.store.of_run("run") == (session,)
    assert len(writes) == 1
    place.sessions.sweep()
    assert len(writes) == 1  # nothing to do: nothing is written
    place.sessions._known |= {one.public_id: one for one in rows}
    with writing() as connection:
        connection.execute(schema.sessions.insert(), [asdict(one) for one in rows])
    assert len(place.sessions.end_all("alice")) == 201
    assert len(writes) == 2
    assert not place.vault.is_open


def test_limits_hold_while_the_database_cannot_be_read(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A session ends on time, and the vault closes after it, though nothing can be asked."""
    _, session = place.enter()

    def unreadable(*_: object) -> NoReturn:
        raise StateUnusable("The state database cannot be used.")

    monkeypatch.setattr(place.store, "of_run", unreadable)
    monkeypatch.setattr(place.store, "remove_many", unreadable)
    assert place.sessions.sweep() == ()
    assert place.vault.is_open
    place.wait(minutes=61)
    assert [one.public_id for one in place.sessions.sweep()] == [session.public_id]
    assert not place.vault.is_open
