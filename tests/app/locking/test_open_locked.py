from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.passphrases import twin

from jupyter_secure.app.content.content import Content
from jupyter_secure.app.content.provenance import Provenance
from jupyter_secure.app.locking.open_locked import OpenLocked
from jupyter_secure.crypto.kdf import OWASP_MINIMUM
from jupyter_secure.errors import (
    Conflict,
    CorruptFile,
    InvalidInput,
    NotFound,
    PassphraseRequired,
    Refused,
    SecureError,
    TooManyTries,
    VaultSealed,
    WrongPassphrase,
)
from jupyter_secure.locks import NOBODY, Actor, Lock, LockMode
from jupyter_secure.store.catalogue import DatabaseCatalogue
from jupyter_secure.store.locks import DatabaseLocks
from jupyter_secure.vault.catalogue import Catalogue
from jupyter_secure.vault.passphrase import PassphraseKey

if TYPE_CHECKING:
    from conftest import Foundation, Place

WORDS = "violet harbour ninety ducks"
MADE = PassphraseKey.new(WORDS, profile=OWASP_MINIMUM)
ALICE, BOB = Actor("alice", False, "s1"), Actor("bob", False, "s2")


@pytest.fixture
def content(place: Place, foundation: Foundation, tmp_path: Path) -> Content:
    root = foundation.keyring.open_with_password("alice", foundation.people["alice"].password)
    place.vault.unseal(root)
    (tmp_path / "root").mkdir()
    return Content(
        root=tmp_path / "root",
        vault=place.vault,
        locks=DatabaseLocks(place.database),
        provenance=Provenance(Catalogue(DatabaseCatalogue(place.database), place.vault.derive)),
        encrypt=("*.ipynb",),
    )


@pytest.fixture
def locked(content: Content, tmp_path: Path) -> Path:
    path = tmp_path / "root" / "a.ipynb"
    content.write(path, b"canary", ALICE)
    content.reseal(path, [], twin(MADE), ALICE)
    return path


@pytest.fixture
def give(place: Place, content: Content) -> OpenLocked:
    return OpenLocked(
        vault=place.vault,
        locks=DatabaseLocks(place.database),
        passphrases=content.passphrases,
        attempts=place.attempts,
        clock=place.clock,
    )


def test_whoever_knows_it_opens_it(content: Content, locked: Path, give: OpenLocked) -> None:
    """In the session where it is given, by whichever account, and in no other."""
    give(content, locked, WORDS, BOB)
    assert content.read(locked, BOB).data == b"canary"
    with pytest.raises(PassphraseRequired):
        content.read(locked, ALICE)


def test_it_counts_as_locked_without_a_lock(content: Content, locked: Path) -> None:
    """A file that was brought here under its passphrase is shown as what it is."""
    lock = content.guard.lock_on(locked)
    assert lock is not None
    assert (lock.mode, lock.owner) == (LockMode.SEALED, "")
    assert not content.guard.is_open(lock, ALICE)


def test_what_is_saved_over_it_lies_under_it(
    content: Content, locked: Path, give: OpenLocked
) -> None:
    """New content of a locked file needs the passphrase as the old one did."""
    with pytest.raises(PassphraseRequired):
        content.write(locked, b"new", BOB)
    give(content, locked, WORDS, BOB)
    content.write(locked, b"new", BOB)
    assert content.read(locked, BOB).data == b"new"
    with pytest.raises(PassphraseRequired):
        content.read(locked, ALICE)


@pytest.mark.parametrize("given", [False, True])
def test_what_was_begun_before_the_lock(
    content: Content, tmp_path: Path, give: OpenLocked, given: bool
) -> None:
    """Parts that came before a file was locked do not take the passphrase off it."""
    path = tmp_path / "root" / "a.ipynb"
    content.write(path, b"canary", ALICE)
    writing = content.begin(path, BOB)
    writing.update(b"new")
    content.reseal(path, [], twin(MADE), ALICE)
    if given:
        give(content, path, WORDS, BOB)
    with pytest.raises(Conflict if given else PassphraseRequired):
        writing.commit()
    give(content, path, WORDS, BOB)
    assert content.read(path, BOB).data == b"canary"


def test_guesses_are_counted_for_each_account(
    content: Content, locked: Path, give: OpenLocked, place: Place
) -> None:
    """Five wrong ones, then a wait; another account has tries of its own, and so has logging in."""
    outcomes = []
    for number in range(50):
        try:
            give(content, locked, f"guess {number}", ALICE)
        except SecureError as error:
            outcomes.append(type(error))
    assert outcomes == [WrongPassphrase] * 5 + [TooManyTries] * 45
    with pytest.raises(TooManyTries):
        give(content, locked, WORDS, ALICE)
    give(content, locked, WORDS, BOB)
    place.enter("alice")
    place.wait(minutes=20)
    give(content, locked, WORDS, ALICE)


def test_right_ones_are_not(content: Content, locked: Path, give: OpenLocked) -> None:
    """A right one gives its try back, and not those of the wrong ones before it."""
    for _ in range(8):
        give(content, locked, WORDS, ALICE)
    for wrong in range(4):
        with pytest.raises(WrongPassphrase):
            give(content, locked, f"guess {wrong}", ALICE)
    give(content, locked, WORDS, ALICE)
    with pytest.raises(WrongPassphrase):
        give(content, locked, "the fifth", ALICE)
    with pytest.raises(TooManyTries):
        give(content, locked, WORDS, ALICE)


def test_what_cannot_be_opened(
    content: Content, locked: Path, give: OpenLocked, place: Place
) -> None:
    """Each is told for what it is, and none is counted as a wrong passphrase."""
    plain = locked.with_name("b.ipynb")
    content.write(plain, b"x", ALICE)
    with pytest.raises(InvalidInput, match="not locked with a passphrase"):
        give(content, plain, WORDS, ALICE)
    with pytest.raises(NotFound):
        give(content, locked.with_name("none"), WORDS, ALICE)
    with pytest.raises(Refused):
        give(content, locked, WORDS, NOBODY)
    when = datetime(2030, 1, 1, tzinfo=timezone.utc)
    DatabaseLocks(place.database).put(Lock("b.ipynb", b"1" * 16, LockMode.SEALED, "alice", when))
    with pytest.raises(Conflict, match="not under its passphrase any more"):
        give(content, plain, WORDS, ALICE)
    place.vault.seal()
    for _ in range(6):
        with pytest.raises(VaultSealed):
            give(content, locked, "wrong", ALICE)


def test_damage_is_no_wrong_passphrase(content: Content, locked: Path, give: OpenLocked) -> None:
    """A header that was altered is told apart from a mistyped passphrase."""
    blob = bytearray(locked.read_bytes())
    blob[100] ^= 1  # the cost of its derivation
    locked.write_bytes(blob)
    with pytest.raises(CorruptFile):
        give(content, locked, WORDS, ALICE)
