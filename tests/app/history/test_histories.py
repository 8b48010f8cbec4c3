from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from jupyter_secure.app.content.passphrases import Passphrases
from jupyter_secure.app.content.saves import SAVED, Origin, Saved
from jupyter_secure.app.history.histories import Histories
from jupyter_secure.crypto.kdf import OWASP_MINIMUM
from jupyter_secure.errors import CorruptFile, NotFound, PassphraseRequired, VaultSealed
from jupyter_secure.history.thinning import Retention
from jupyter_secure.history.version import Kind
from jupyter_secure.locks import Actor
from jupyter_secure.store.history import GitHistory
from jupyter_secure.vault.envelope import FileClass
from jupyter_secure.vault.passphrase import PassphraseKey

FILE, OTHER = bytes(range(16)), bytes(16)
BY_HAND = Origin(Kind.MANUAL)
ALICE, BOB = Actor("alice", False, "session a"), Actor("bob", False, "session b")


@dataclass
class Kept:
    """Histories, and what they lie on."""

    histories: Histories
    repository: GitHistory
    passphrases: Passphrases


@pytest.fixture
def kept(place, tmp_path: Path) -> Kept:  # tests/app/conftest.py
    place.enter()
    repository, passphrases = GitHistory(tmp_path), Passphrases()
    histories = Histories(
        repository=repository,
        vault=place.vault,
        passphrases=passphrases,
        clock=place.clock,
        retention=Retention(),
    )
    return Kept(histories, repository, passphrases)


def saved(content: bytes, *, actor: Actor = ALICE, path: str = "a.ipynb", **more: object) -> Saved:
    return Saved(FILE, path, content, actor, **more)  # type: ignore[arg-type]


def test_keeps(kept: Kept, place) -> None:
    """Each save that changed something is a version, with who and when."""
    kept.histories.keep(saved(b"one"), SAVED)
    place.wait(minutes=1)
    kept.histories.keep(saved(b"two", actor=BOB, path="b.ipynb"), BY_HAND)
    second, first = kept.histories.versions(FILE, ALICE)
    assert (first.number, first.account, first.path, first.kind) == (
        1,
        "alice",
        "a.ipynb",
        Kind.AUTOMATIC,
    )
    assert (second.number, second.account, second.path, second.kind) == (
        2,
        "bob",
        "b.ipynb",
        Kind.MANUAL,
    )
    assert second.at - first.at == timedelta(minutes=1)
    assert kept.histories.content(FILE, 1, ALICE) == b"one"


def test_the_same_again(kept: Kept) -> None:
    """Saving the same again is no version; by hand, it makes the last one kept by hand."""
    kept.histories.keep(saved(b"one"), SAVED)
    kept.histories.keep(saved(b"one"), SAVED)
    assert [one.kind for one in kept.histories.versions(FILE, ALICE)] == [Kind.AUTOMATIC]
    kept.histories.keep(saved(b"one"), BY_HAND)
    kept.histories.keep(saved(b"one"), SAVED)
    assert [one.kind for one in kept.histories.versions(FILE, ALICE)] == [Kind.MANUAL]


def test_restored(kept: Kept) -> None:
    """Putting a version back is a version of its own, which says of which."""
    kept.histories.keep(saved(b"one"), BY_HAND)
    kept.histories.keep(saved(b"two"), BY_HAND)
    kept.histories.keep(saved(b"one"), Origin(Kind.RESTORED, 1))
    newest = kept.histories.versions(FILE, ALICE)[0]
    assert (newest.number, newest.kind, newest.restored) == (3, Kind.RESTORED, 1)


def test_clock_set_back(kept: Kept, place) -> None:
    """A clock that was set back does not put a new version before an older one."""
    kept.histories.keep(saved(b"one"), SAVED)
    place.wait(hours=-3)
    kept.histories.keep(saved(b"two"), SAVED)
    second, first = kept.histories.versions(FILE, ALICE)
    assert second.at >= first.at


def test_without_history(kept: Kept) -> None:
    """A notebook that was never saved here has no versions."""
    assert kept.histories.versions(FILE, ALICE) == []
    with pytest.raises(NotFound):
        kept.histories.content(FILE, 1, ALICE)


def test_deleted(kept: Kept) -> None:
    """What no live file is any more is found among the deleted, with its last content."""
    kept.histories.keep(saved(b"one"), SAVED)
    kept.histories.keep(Saved(OTHER, "b.ipynb", b"other", ALICE), SAVED)
    assert [one.path for one in kept.histories.deleted({FILE})] == ["b.ipynb"]
    assert kept.histories.deleted({FILE, OTHER}) == []
    assert kept.histories.content(OTHER, 1, ALICE) == b"other"


def test_thin(kept: Kept, place) -> None:
    """Automatic versions go as they age; what was saved by hand and the newest stay."""
    for minute in range(30):
        kind = Kind.MANUAL if minute == 7 else Kind.AUTOMATIC
        kept.histories.keep(saved(b"%d" % minute), Origin(kind))
        place.wait(minutes=2)
    assert kept.histories.thin(FILE) == 0
    place.wait(days=2)
    assert kept.histories.thin(FILE) == 28
    assert [one.number for one in kept.histories.versions(FILE, ALICE)] == [30, 8]
    assert kept.histories.content(FILE, 8, ALICE) == b"7"
    assert kept.histories.thin(FILE) == 0


def test_sealed_vault(kept: Kept, place) -> None:
    """While the vault is sealed nothing is kept and nothing opened."""
    kept.histories.keep(saved(b"one"), SAVED)
    place.vault.seal()
    for look in (
        lambda: kept.histories.keep(saved(b"two"), SAVED),
        lambda: kept.histories.versions(FILE, ALICE),
        lambda: kept.histories.content(FILE, 1, ALICE),
    ):
        with pytest.raises(VaultSealed):
            look()


@pytest.fixture
def passphrase() -> Callable[[str], PassphraseKey]:
    return lambda text: PassphraseKey.new(text, profile=OWASP_MINIMUM)


def test_under_a_passphrase(kept: Kept, passphrase: Callable[[str], PassphraseKey]) -> None:
    """Under a sealed lock old versions need the passphrase too, and no longer once it is off."""
    kept.histories.keep(saved(b"before"), BY_HAND)
    key = passphrase("four unrelated words")
    kept.histories.keys.resealing(FILE, ALICE.session, key)()
    with pytest.raises(PassphraseRequired):
        kept.histories.content(FILE, 1, ALICE)
    with pytest.raises(PassphraseRequired):
        kept.histories.keep(saved(b"after"), BY_HAND)
    kept.passphrases.hold(ALICE.session, FILE, key)
    kept.histories.keep(saved(b"after", passphrase=key), BY_HAND)
    assert kept.histories.content(FILE, 1, ALICE) == b"before"
    with pytest.raises(PassphraseRequired):
        kept.histories.versions(FILE, BOB)
    kept.histories.keys.resealing(FILE, ALICE.session, None)()
    assert kept.histories.content(FILE, 2, BOB) == b"after"


def test_begun_under_a_passphrase(kept: Kept, passphrase: Callable[[str], PassphraseKey]) -> None:
    """A history that begins under a sealed lock is under its passphrase from the first version."""
    key = passphrase("four unrelated words")
    kept.passphrases.hold(ALICE.session, FILE, key)
    kept.histories.keep(saved(b"secret", passphrase=key), BY_HAND)
    with pytest.raises(PassphraseRequired):
        kept.histories.content(FILE, 1, BOB)
    assert kept.histories.content(FILE, 1, ALICE) == b"secret"


def test_planted_key(kept: Kept, place) -> None:
    """A key that was planted is refused: what is saved next would be sealed for whoever has it."""
    kept.histories.keep(saved(b"one"), BY_HAND)
    kept.histories.keep(Saved(OTHER, "b.ipynb", b"x", ALICE), BY_HAND)
    another = kept.repository.sealed_key(OTHER)
    assert another is not None
    seal = place.vault.seal_bytes
    for planted in (
        another,
        seal(os.urandom(32), file_class=FileClass.HISTORY, file_id=FILE),
        seal(os.urandom(31), file_class=FileClass.HISTORY_KEY, file_id=FILE),
    ):
        kept.repository.set_sealed_key(FILE, planted)
        with pytest.raises(CorruptFile):
            kept.histories.keep(saved(b"two"), BY_HAND)


def test_passphrase_that_goes_first(kept: Kept, passphrase: Callable[[str], PassphraseKey]) -> None:
    """Whoever saves and logs out at once loses no version, though the key of the session is gone.

    The key that was kept for it is wiped once it is done.
    """
    key = passphrase("four unrelated words")
    kept.passphrases.hold(ALICE.session, FILE, key)
    told: list[tuple[Saved, BaseException | None]] = []
    kept.histories.keep_soon(saved(b"last", passphrase=key), SAVED, lambda *both: told.append(both))
    kept.passphrases.keep_only(())
    with pytest.raises(PassphraseRequired):
        kept.histories.content(FILE, 1, ALICE)
    ((one, failed),) = told
    assert failed is None
    assert [version.size for version in kept.repository.versions(FILE)] == [4]
    assert one.passphrase is not None
    with pytest.raises(PassphraseRequired):
        kept.histories.keys.resealing(FILE, "another", one.passphrase)
