from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING

import pytest
from support.passphrases import twin

from jupyter_secure.app.content.passphrases import Passphrases, new_key, opening_key
from jupyter_secure.crypto import kdf
from jupyter_secure.crypto.kdf import OWASP_MINIMUM
from jupyter_secure.errors import (
    InvalidInput,
    PassphraseRequired,
    VaultSealed,
    WeakPassword,
    WrongPassphrase,
)
from jupyter_secure.locks import Actor, Lock, LockMode
from jupyter_secure.vault.envelope import FileClass, Header
from jupyter_secure.vault.passphrase import PassphraseKey

if TYPE_CHECKING:
    from conftest import Foundation, Place

WORDS = "violet harbour ninety ducks"
WHEN = datetime(2030, 1, 1, tzinfo=timezone.utc)
HERE, ELSEWHERE = Actor("alice", False, "s1"), Actor("alice", True, "s2")
ID, OTHER_ID = b"1" * 16, b"2" * 16
KEYS = [PassphraseKey.new(WORDS, profile=OWASP_MINIMUM) for _ in range(2)]


def is_wiped(key: PassphraseKey) -> bool:
    return not key._key


def header(place: Place, key: PassphraseKey | None, file_id: bytes = ID) -> Header:
    blob = place.vault.seal_bytes(
        b"x", file_class=FileClass.CONTENT, file_id=file_id, passphrase=key
    )
    return Header.parse(blob)


@pytest.fixture(autouse=True)
def _opened(place: Place, foundation: Foundation) -> None:
    root = foundation.keyring.open_with_password("alice", foundation.people["alice"].password)
    place.vault.unseal(root)


def test_a_key_is_found_by_session_file_and_salt(place: Place) -> None:
    """What was given in a session opens this file there, and nothing else."""
    held, key = Passphrases(), KEYS[0]
    held.hold("s1", ID, key)
    assert held.find("s1", header(place, key)) is key
    assert held.find("s2", header(place, key)) is None
    assert held.find("s1", header(place, key, OTHER_ID)) is None
    assert held.find("s1", header(place, KEYS[1])) is None
    assert held.find("s1", header(place, None)) is None
    assert held.find("s1", None) is None


def test_copies_under_different_passphrases(place: Place) -> None:
    """Two files of one identity can be open at once, each with its own passphrase."""
    held = Passphrases()
    for key in KEYS:
        held.hold("s1", ID, key)
    for key in KEYS:
        assert held.find("s1", header(place, key)) is key


@pytest.mark.parametrize(
    ("there", "locked_as", "held", "expected"),
    [
        # the file's own stanza decides, lock or no lock
        (0, None, [(ID, 0)], 0),
        (0, None, [], PassphraseRequired),
        (0, None, [(ID, 1)], PassphraseRequired),
        (0, ID, [(ID, 1)], PassphraseRequired),
        (0, ID, [(ID, 0), (ID, 1)], 0),
        (None, None, [(ID, 0)], None),
        # a locked place keeps its passphrase, whatever was put there
        (None, ID, [(ID, 0)], 0),
        (None, ID, [], PassphraseRequired),
        ("nothing", ID, [(ID, 1)], 1),
        ("nothing", None, [(ID, 1)], None),
        (0, OTHER_ID, [(ID, 0)], PassphraseRequired),
        (0, OTHER_ID, [(OTHER_ID, 1)], 1),
    ],
)
def test_what_new_content_lies_under(
    place: Place,
    there: int | str | None,
    locked_as: bytes | None,
    held: list[tuple[bytes, int]],
    expected: int | type[Exception] | None,
) -> None:
    """New content never comes out from under the passphrase of what it replaces."""
    passphrases = Passphrases()
    for file_id, number in held:
        passphrases.hold("s1", file_id, KEYS[number])
    key = KEYS[there] if isinstance(there, int) else None
    before = None if there == "nothing" else header(place, key)
    lock = Lock("a", locked_as, LockMode.SEALED, "alice", WHEN) if locked_as else None
    if isinstance(expected, type):
        with pytest.raises(expected):
            passphrases.to_write(HERE, before, lock, "a")
        return
    found = passphrases.to_write(HERE, before, lock, "a")
    assert found is (None if expected is None else KEYS[expected])


def test_the_rules_are_told_of_this_session_only() -> None:
    """Who has the file open is told for sealed locks, by session."""
    held = Passphrases()
    held.hold("s1", ID, KEYS[0])
    lock = Lock("a", ID, LockMode.SEALED, "alice", WHEN)
    assert held.informed(HERE, lock).has_passphrase
    assert not held.informed(ELSEWHERE, lock).has_passphrase
    assert not held.informed(HERE, Lock("b", OTHER_ID, LockMode.SEALED, "x", WHEN)).has_passphrase
    for other in (None, Lock("a", ID, LockMode.PRIVATE, "alice", WHEN)):
        assert held.informed(HERE, other) is HERE


def test_keys_are_wiped_with_their_session() -> None:
    """What a session held is overwritten when it has ended; what others hold stays."""
    held, mine, shared, others = Passphrases(), *(twin(KEYS[0]) for _ in range(3))
    held.hold("s1", ID, mine)
    held.hold("s1", OTHER_ID, shared)
    held.hold("s2", OTHER_ID, shared)
    held.hold("s2", ID, others)
    held.keep_only({"s2"})
    assert [is_wiped(key) for key in (mine, shared, others)] == [True, False, False]
    held.forget(OTHER_ID)
    assert [is_wiped(key) for key in (shared, others)] == [True, False]
    held.keep_only(())
    assert is_wiped(others)


def test_sessions_that_end_take_their_passphrases_along(place: Place) -> None:
    """Logging out, running out and stopping the server each wipe the keys."""
    held = place.sessions._passphrases
    for end in ("logout", "idle", "stop"):
        _, session = place.enter("alice")
        key = twin(KEYS[0])
        held.hold(session.public_id, ID, key)
        place.sessions.sweep()
        assert not is_wiped(key)
        if end == "logout":
            place.sessions.end(session.public_id)
        elif end == "idle":
            place.wait(hours=24)
            place.sessions.sweep()
        else:
            place.sessions.end_all()
        assert is_wiped(key)
        assert not place.vault.is_open
        place.wait(minutes=2)


@pytest.mark.parametrize(
    ("passphrase", "error", "says"),
    [
        ("short", WeakPassword, "The passphrase is too short"),
        ("password1234", WeakPassword, "The passphrase would be guessed"),
        ("qwertyuiop1234", WeakPassword, "The passphrase would be guessed"),
        ("x" * 200, InvalidInput, "The passphrase is too long"),
        ("violet harbour \ud800", InvalidInput, "not text"),
    ],
)
def test_a_new_passphrase_must_be_strong(
    passphrase: str, error: type[Exception], says: str
) -> None:
    """The rules for passwords hold, in words for passphrases."""
    with pytest.raises(error, match=says):
        new_key(passphrase, "alice")


def test_one_that_nobody_can_have_set_costs_nothing(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A passphrase that is far too long is wrong without any work."""
    locked = header(place, KEYS[0])
    monkeypatch.setattr(kdf, "argon2id", lambda *_: pytest.fail("it was derived"))
    with pytest.raises(WrongPassphrase):
        opening_key(place.vault, locked, "x" * 100_000, "It")


def test_opening(place: Place) -> None:
    """Only the right passphrase gives a key; composed otherwise it is still the same."""
    key = PassphraseKey.new("pâté de campagne", profile=OWASP_MINIMUM)
    sealed = header(place, key)
    for words in ("pâté de campagne", "pa\u0302te\u0301 de campagne"):
        assert opening_key(place.vault, sealed, words, "a").derivation == key.derivation
    for words in ("pate de campagne", "", "x" * 5000, "pâté de campagne\ud800"):
        with pytest.raises(WrongPassphrase, match="does not open a"):
            opening_key(place.vault, sealed, words, "a")
    with pytest.raises(InvalidInput):
        opening_key(place.vault, header(place, None), "x", "a")
    place.vault.seal()
    with pytest.raises(VaultSealed):
        opening_key(place.vault, sealed, "pâté de campagne", "a")
