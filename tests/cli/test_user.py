"""`jupyter secure user` and `session`: a team's accounts without a server."""

from __future__ import annotations

import json
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from urllib.parse import parse_qs, urlsplit

import pytest
from support.home import PASSWORD, Home
from support.terminal import Terminal

Run = Callable[..., "subprocess.CompletedProcess[str]"]

NEW = "an otter under Hay bridge"
AS_ALICE = ("--password-stdin", "--json")


def rows(home: Home, sql: str, *values: object) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(home.state / "state.db")) as database:
        return database.execute(sql, values).fetchall()


def slots(home: Home) -> list[str]:
    vault = json.loads((home.state / "vault.json").read_text())
    return [slot["name"] for slot in vault["slots"] if slot["kind"] == "password"]


def add_bob(run: Run, *options: str) -> dict[str, object]:
    done = run("user", "add", "Bob", "--now", *AS_ALICE, *options, given=f"{PASSWORD}\n{NEW}\n")
    assert done.returncode == 0, done.stderr
    facts: dict[str, object] = json.loads(done.stdout)
    return facts


def test_an_invitation_is_a_link(run: Run, home: Home) -> None:
    """It is printed once, with the address asked for; the state holds no more than its digest."""
    url = "https://lab.example.org:8888/team/"
    done = run("user", "add", "Bob", "--url", url, "--hours", "2", *AS_ALICE, given=PASSWORD)
    assert done.returncode == 0, done.stderr
    facts = json.loads(done.stdout)
    assert facts["username"] == "bob"
    assert facts["link"].startswith(f"{url}jupyter-secure/join?link=")
    [token] = parse_qs(urlsplit(facts["link"]).query)["link"]
    assert not home.files_holding(token.encode())
    assert slots(home) == ["alice"]
    listed = json.loads(run("user", "list", "--json").stdout)
    assert [one["username"] for one in listed["users"]] == ["alice"]
    [link] = listed["links"]
    assert (link["username"], link["purpose"], link["role"]) == ("bob", "invitation", "editor")
    assert "invited as editor" in run("user", "list").stdout
    said = run("user", "add", "carol", "--password-stdin", given=PASSWORD).stdout
    assert "/jupyter-secure/join?link=" in said


def test_an_account_at_once(run: Run, home: Home) -> None:
    """It gets a slot of its own, and its second factor is printed as `init` prints one."""
    facts = add_bob(run, "--role", "viewer")
    assert facts["username"] == "bob"
    assert len(facts["recovery_codes"]) == 10  # type: ignore[arg-type]  # a list
    assert str(facts["totp_uri"]).startswith("otpauth://totp/")
    assert slots(home) == ["alice", "bob"]
    assert rows(home, "SELECT display_name, role FROM accounts WHERE username='bob'") == [
        ("Bob", "viewer")
    ]
    note = home.work / "a.ipynb"
    note.write_text("{}")
    run("vault", "seal", note.name, "--username", "alice", "--password-stdin", given=PASSWORD)
    opened = run("vault", "open", note.name, "--username", "bob", "--password-stdin", given=NEW)
    assert (opened.returncode, opened.stdout) == (0, "{}")


@pytest.mark.parametrize(
    ("arguments", "given", "says"),
    [
        (("add", "Alice"), PASSWORD, "There is an account “alice” already."),
        (("add", "a1ice"), PASSWORD, "looks like “alice”"),
        (("add", "аlice"), PASSWORD, "looks like “alice”"),  # a Cyrillic letter
        (("add", "b/b"), PASSWORD, "cannot be used"),
        (("add", "bob", "--hours", "0"), PASSWORD, "must live a while"),
        (("add", "bob", "--hours", "1000"), PASSWORD, "cannot live that long"),
        (("add", "bob", "--hours", "nan"), PASSWORD, "must live a while"),
        (("add", "bob", "--url", "http://lab"), PASSWORD, "not the address of a server"),
        (("add", "bob"), "not the password", "does not open the vault"),
        (("add", "bob", "--now"), f"{PASSWORD}\npassword12\n", "password"),
        (("role", "alice", "viewer", "--myself"), PASSWORD, "the last owner"),
        (("role", "alice", "viewer"), PASSWORD, "You are about to change your own role."),
        (("role", "bob", "viewer"), PASSWORD, "There is no account “bob”."),
        (("remove", "alice", "--locks", "remove", "--myself"), PASSWORD, "the last owner"),
        (("remove", "bob", "--locks", "take"), PASSWORD, "There is no account “bob”."),
        (("reset-password", "bob"), PASSWORD, "There is no account “bob”."),
        (("reset-2fa", "bob", "--now"), PASSWORD, "There is no account “bob”."),
        (("add", "x" * 10_000), PASSWORD, "too long"),
    ],
)
def test_refused(run: Run, home: Home, arguments: tuple[str, ...], given: str, says: str) -> None:
    """What cannot be done says why, and changes nothing."""
    before = (home.state / "vault.json").read_bytes(), rows(home, "SELECT * FROM accounts")
    done = run("user", *arguments, "--password-stdin", given=given)
    assert done.returncode == 1
    assert says in done.stderr
    after = (home.state / "vault.json").read_bytes(), rows(home, "SELECT * FROM accounts")
    assert after == before
    assert not rows(home, "SELECT * FROM links")


@pytest.mark.usefixtures("home")
def test_only_owners_act(run: Run) -> None:
    """An editor's password opens the vault, and makes no accounts."""
    add_bob(run)
    done = run("user", "add", "carol", "--as", "bob", "--password-stdin", given=NEW)
    assert done.returncode == 1
    assert "“bob” is no owner." in done.stderr


def test_role_and_removal(run: Run, home: Home) -> None:
    """A changed role ends sessions and links of an owner; a removed account leaves nothing."""
    add_bob(run, "--role", "owner")
    two = run("user", "add", "carol", "--password-stdin", given=PASSWORD)
    assert "Add --as: alice, bob." in two.stderr
    run("user", "add", "carol", "--as", "bob", "--password-stdin", given=NEW)
    with closing(sqlite3.connect(home.state / "state.db")) as database, database:
        database.execute(
            "INSERT INTO locks (path, mode, owner, created_at) VALUES ('a.ipynb','private','bob',0)"
        )
        database.execute(
            "INSERT INTO sessions (id_digest, public_id, username, created_at, last_seen_at,"
            " address, user_agent, run_id) VALUES (x'00', 'b0b', 'bob', 0, 0, '::1', 'UA', 'run')"
        )
    assert "b0b  bob" in run("session", "list").stdout
    assert [one["id"] for one in sessions(run, "--user", "bob")] == ["b0b"]
    done = run("user", "role", "bob", "editor", "--as", "alice", *AS_ALICE, given=PASSWORD)
    assert json.loads(done.stdout) == {"username": "bob", "role": "editor"}
    assert sessions(run) == []
    assert not rows(home, "SELECT * FROM links")
    assert rows(home, "SELECT generation FROM accounts WHERE username='bob'") == [(1,)]
    done = run("user", "remove", "bob", "--locks", "take", *AS_ALICE, given=PASSWORD)
    assert json.loads(done.stdout) == {"removed": "bob", "locks": 1, "heir": "alice"}
    assert rows(home, "SELECT owner FROM locks") == [("alice",)]
    assert slots(home) == ["alice"]
    add_bob(run)
    assert rows(home, "SELECT generation FROM accounts WHERE username='bob'") == [(0,)]
    assert rows(home, "SELECT owner FROM locks") == [("alice",)]


def sessions(run: Run, *options: str) -> list[dict[str, str]]:
    found: list[dict[str, str]] = json.loads(run("session", "list", "--json", *options).stdout)[
        "sessions"
    ]
    return found


def test_removal_of_locks(run: Run, home: Home) -> None:
    """Locks go with the account where that is chosen; without a choice nothing happens."""
    add_bob(run)
    with closing(sqlite3.connect(home.state / "state.db")) as database, database:
        database.execute(
            "INSERT INTO locks (path, mode, owner, created_at) VALUES ('a.ipynb','private','bob',0)"
        )
    assert run("user", "remove", "bob", "--password-stdin", given=PASSWORD).returncode == 2
    assert len(rows(home, "SELECT * FROM locks")) == 1
    done = run("user", "remove", "bob", "--locks", "remove", "--password-stdin", given=PASSWORD)
    assert "Its lock is removed." in done.stdout
    assert not rows(home, "SELECT * FROM locks")


def test_an_invitation_is_taken_back(run: Run, home: Home) -> None:
    """Removing somebody who never came takes the invitation back."""
    run("user", "add", "bob", "--password-stdin", given=PASSWORD)
    done = run("user", "remove", "bob", "--locks", "remove", "--password-stdin", given=PASSWORD)
    assert done.returncode == 0, done.stderr
    assert not rows(home, "SELECT * FROM links")


def test_the_only_owner_forgot_the_password(run: Run, home: Home) -> None:
    """The recovery key sets a new one; the old one opens nothing, the second factor stays."""
    before = rows(home, "SELECT totp_secret_sealed FROM accounts")
    given = f"{home.facts['recovery_key']}\n{NEW}\n"
    done = run("user", "reset-password", "alice", "--now", "--recovery-key-stdin", given=given)
    assert (done.returncode, done.stderr) == (0, "")
    assert rows(home, "SELECT totp_secret_sealed FROM accounts") == before
    note = home.work / "a.ipynb"
    note.write_text("{}")
    assert run("vault", "seal", note.name, "--password-stdin", given=NEW).returncode == 0
    assert run("vault", "open", note.name, "--password-stdin", given=PASSWORD).returncode == 1


@pytest.mark.usefixtures("home")
def test_another_vaults_recovery_key(run: Run) -> None:
    """A recovery key of another vault makes nothing."""
    from jupyter_secure.vault.keys import RootKey
    from jupyter_secure.vault.recovery_key import encode_recovery_key

    foreign = encode_recovery_key(RootKey.generate())
    done = run(
        "user",
        "reset-password",
        "alice",
        "--now",
        "--recovery-key-stdin",
        given=f"{foreign}\n{NEW}\n",
    )
    assert done.returncode == 1
    assert "belongs to another vault" in done.stderr


@pytest.mark.parametrize("key", ["password", "recovery key"])
def test_the_only_owner_lost_the_phone(run: Run, home: Home, key: str) -> None:
    """A new authenticator is printed; the old one and its recovery codes are worthless."""
    given, option = (
        (PASSWORD, "--password-stdin")
        if key == "password"
        else (home.facts["recovery_key"], "--recovery-key-stdin")
    )
    old = rows(home, "SELECT digest FROM recovery_codes")
    done = run("user", "reset-2fa", "alice", "--now", option, "--json", given=given)
    assert done.returncode == 0, done.stderr
    facts = json.loads(done.stdout)
    assert home.authenticator.secret not in facts["totp_uri"]
    assert len(facts["recovery_codes"]) == 10
    new = rows(home, "SELECT digest FROM recovery_codes")
    assert len(new) == 10
    assert not set(new) & set(old)


def test_dropped_slots_get_a_password_again(run: Run, home: Home) -> None:
    """`rotate --full --drop-other-slots` leaves an account without a password, and no link."""
    add_bob(run)
    run("user", "add", "carol", "--password-stdin", given=PASSWORD)
    done = run(
        "vault",
        "rotate",
        "--full",
        "--drop-other-slots",
        "--username",
        "alice",
        "--password-stdin",
        ".",
        given=PASSWORD,
    )
    assert done.returncode == 0, done.stderr
    assert not rows(home, "SELECT * FROM links")
    listed = run("user", "list")
    assert "bob" in listed.stdout
    assert "no password" in listed.stdout
    assert "“bob” has no password and cannot log in" in listed.stderr
    done = run(
        "user",
        "reset-password",
        "bob",
        "--now",
        "--password-stdin",
        given=f"{PASSWORD}\n{NEW} again\n",
    )
    assert done.returncode == 0, done.stderr
    assert slots(home) == ["alice", "bob"]
    assert run("user", "list").stderr == ""


def test_a_slot_without_an_account(run: Run, home: Home) -> None:
    """What a backup of one file brings back is told of, and removed by its name."""
    add_bob(run)
    vault = (home.state / "vault.json").read_bytes()
    run("user", "remove", "bob", "--locks", "take", "--password-stdin", given=PASSWORD)
    (home.state / "vault.json").write_bytes(vault)
    assert "vault.json has a password for “bob”" in run("user", "list").stderr
    done = run("user", "remove", "bob", "--locks", "take", "--password-stdin", given=PASSWORD)
    assert done.returncode == 0, done.stderr
    assert slots(home) == ["alice"]


def test_unlock(run: Run, home: Home) -> None:
    """Tallies of the account are gone, others' are not."""
    from jupyter_secure.identity import throttle

    with closing(sqlite3.connect(home.state / "state.db")) as database, database:
        for key in (
            *throttle_keys("alice"),
            throttle.account_key("bob"),
            throttle.address_key("192.0.2.1"),
        ):
            database.execute("INSERT INTO attempts (key, count, since) VALUES (?, 7, 0)", (key,))
    assert run("user", "unlock", "Alice").returncode == 0
    assert "There is no account “bob”." in run("user", "unlock", "bob").stderr
    left = {str(key) for (key,) in rows(home, "SELECT key FROM attempts")}
    assert left == {throttle.account_key("bob"), throttle.address_key("192.0.2.1")}


def throttle_keys(name: str) -> list[str]:
    from jupyter_secure.identity import throttle

    return [key(name) for key in throttle.ACCOUNT_KEYS]


def test_sessions_end(run: Run, home: Home) -> None:
    """One, those of an account, or all; an id that there is not ends none."""
    with closing(sqlite3.connect(home.state / "state.db")) as database, database:
        for number in range(4):
            database.execute(
                "INSERT INTO sessions (id_digest, public_id, username, created_at, last_seen_at,"
                " address, user_agent, run_id)"
                " VALUES (?, ?, 'alice', 0, 0, '::1', 'U\x1b[2J', 'r')",
                (bytes([number]), f"id{number}"),
            )
    assert "\x1b" not in run("session", "list").stdout
    wrong = run("session", "end", "id0", "nothing")
    assert (wrong.returncode, len(sessions(run))) == (1, 4)
    assert run("session", "end", "id0", "id1").stdout == "Sessions ended: 2.\n"
    assert run("session", "end", "--user", "bob").stdout == "Sessions ended: 0.\n"
    done = run("session", "end", "--all", "--json")
    assert json.loads(done.stdout) == {"ended": ["id2", "id3"]}
    assert run("session", "list").stdout == "Nobody is logged in.\n"
    assert run("session", "end").returncode == 2


def test_a_role_that_is_not_known(run: Run, home: Home) -> None:
    """What a later version wrote is mended by the command that the message names."""
    add_bob(run)
    with closing(sqlite3.connect(home.state / "state.db")) as database, database:
        database.execute("UPDATE accounts SET role='guest' WHERE username='bob'")
    assert "jupyter secure user role" in run("user", "list").stderr
    done = run("user", "role", "bob", "viewer", "--password-stdin", given=PASSWORD)
    assert done.returncode == 0, done.stderr
    assert "bob    viewer" in run("user", "list").stdout


@pytest.mark.parametrize("command", ["user", "session"])
def test_help(run: Run, command: str) -> None:
    """Without a sub-command it says which there are, as wrong usage."""
    done = run(command)
    assert done.returncode == 2
    assert "commands:" in done.stderr


@pytest.mark.integration
def test_adding_at_a_terminal(home: Home) -> None:
    """A person is asked for both passwords, and confirms the new authenticator."""
    with Terminal("user", "add", "bob", "--now", variables=home.variables, cwd=home.work) as one:
        one.wait_for("Password of alice: ")
        one.type(PASSWORD)
        for question in ("Password for bob: ", "The same again: "):
            one.wait_for(question)
            one.type(NEW)
        one.wait_for("Code from the app")
        one.type("000000")
        one.wait_for("That is not the current code")
    assert slots(home) == ["alice"]
