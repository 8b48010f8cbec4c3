from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timezone
from pathlib import Path

import pytest

from jupyter_secure.app.content.passphrases import Passphrases
from jupyter_secure.app.locking.lock_notebook import LockNotebooks
from jupyter_secure.crypto.kdf import OWASP_MINIMUM
from jupyter_secure.errors import (
    Conflict,
    ElevationRequired,
    InvalidInput,
    NotFound,
    PassphraseRequired,
    Refused,
    SecureError,
    VaultSealed,
)
from jupyter_secure.locks import NOBODY, Actor, Lock, LockMode
from jupyter_secure.store.database import Database
from jupyter_secure.store.locks import DatabaseLocks
from jupyter_secure.vault.envelope import Core, FileClass, Flags, Header
from jupyter_secure.vault.passphrase import PassphraseKey
from jupyter_secure.vault.stanza import Derivation, Stanza

NOW = datetime(2030, 1, 1, tzinfo=timezone.utc)
PRIVATE, READ_ONLY, SEALED = LockMode.PRIVATE, LockMode.READ_ONLY, LockMode.SEALED
ALICE, ALICE_ELEVATED = Actor("alice", False), Actor("alice", True)
ALICE_HERE, BOB_HERE = Actor("alice", False, "s1"), Actor("bob", True, "s2")
BOB_ELEVATED = Actor("bob", True)

Give = Callable[..., None]


class Files:
    """Files in memory: names, which of them are the same content, and what was sealed."""

    def __init__(self) -> None:
        self.ids = {"a.ipynb": b"1" * 16, "copy of a.ipynb": b"1" * 16, "b.ipynb": b"2" * 16}
        self.sealed: list[str] = []
        self.under: dict[str, Derivation] = {}
        self.vault_is_open = True

    def key(self, path: str | Path) -> str:
        """Resolve the one symbolic link there is."""
        return "a.ipynb" if str(path) == "link.ipynb" else str(path)

    def exists(self, path: str | Path) -> bool:
        """Say whether there is such a file."""
        return self.key(path) in self.ids

    def seal_in_place(self, path: str | Path) -> bytes:
        """Note that the file was sealed."""
        if not self.vault_is_open:
            raise VaultSealed
        self.sealed.append(self.key(path))
        return self.ids[self.key(path)]

    def header(self, path: str | Path) -> Header | None:
        """Return a header, plain files having none until they are sealed."""
        name = self.key(path)
        core = Core(FileClass.CONTENT, Flags.NONE, b"v" * 16, self.ids[name], 1)
        return Header(core, Stanza(1, b"f" * 8, b"", self.under.get(name)))

    def reseal(
        self,
        path: str | Path,
        checkpoints: Sequence[Path],
        passphrase: PassphraseKey | None,
        actor: Actor,
    ) -> None:
        """Note under which passphrase the file lies now."""
        del checkpoints, actor
        self.under.pop(self.key(path), None)
        if passphrase is not None:
            self.under[self.key(path)] = passphrase.derivation


@pytest.fixture(scope="module")
def passphrase() -> PassphraseKey:
    """Return the key of a passphrase."""
    return PassphraseKey.new("violet harbour ninety ducks", profile=OWASP_MINIMUM)


@pytest.fixture
def passphrases() -> Passphrases:
    """Return where the passphrases that were given are kept."""
    return Passphrases()


@pytest.fixture
def files() -> Files:
    """Return three files."""
    return Files()


@pytest.fixture
def locks(tmp_path: Path) -> Iterator[DatabaseLocks]:
    """Return an empty store."""
    database = Database.create(tmp_path / "state.db")
    yield DatabaseLocks(database)
    database.close()


@pytest.fixture
def locking(files: Files, locks: DatabaseLocks, passphrases: Passphrases) -> LockNotebooks:
    """Return what is tested."""
    return LockNotebooks(locks=locks, files=files, clock=lambda: NOW, passphrases=passphrases)


@pytest.mark.parametrize("mode", [PRIVATE, READ_ONLY])
@pytest.mark.parametrize("path", ["a.ipynb", "link.ipynb"])
def test_lock(
    locking: LockNotebooks, locks: DatabaseLocks, files: Files, mode: LockMode, path: str
) -> None:
    """Locking seals the real file and keeps the lock under its name and its content's."""
    lock = locking.lock(path, mode, ALICE)
    assert lock == Lock("a.ipynb", b"1" * 16, mode, "alice", NOW)
    assert locks.list() == (lock,)
    assert files.sealed == ["a.ipynb"]


@pytest.mark.parametrize(
    ("held", "path", "mode", "actor", "error"),
    [
        (None, "none.ipynb", PRIVATE, ALICE, NotFound),
        (None, "a.ipynb", PRIVATE, NOBODY, Refused),
        (PRIVATE, "a.ipynb", PRIVATE, BOB_ELEVATED, Conflict),
        (READ_ONLY, "a.ipynb", READ_ONLY, BOB_ELEVATED, Conflict),
        (READ_ONLY, "link.ipynb", PRIVATE, BOB_ELEVATED, Conflict),
        (READ_ONLY, "copy of a.ipynb", PRIVATE, BOB_ELEVATED, Conflict),
        (PRIVATE, "a.ipynb", READ_ONLY, ALICE, ElevationRequired),
        (PRIVATE, "a.ipynb", READ_ONLY, ALICE_ELEVATED, None),
        (PRIVATE, "a.ipynb", PRIVATE, ALICE, None),
        (READ_ONLY, "a.ipynb", PRIVATE, ALICE, None),
        (PRIVATE, "copy of a.ipynb", READ_ONLY, ALICE, None),
        (PRIVATE, "b.ipynb", PRIVATE, BOB_ELEVATED, None),
    ],
)
def test_who_may_lock(
    locking: LockNotebooks,
    locks: DatabaseLocks,
    *,
    held: LockMode | None,
    path: str,
    mode: LockMode,
    actor: Actor,
    error: type[SecureError] | None,
) -> None:
    """With a lock of Alice's on a.ipynb, this is who may lock what; a refusal changes nothing."""
    if held is not None:
        locking.lock("a.ipynb", held, ALICE)
    before = locks.list()
    if error is None:
        lock = locking.lock(path, mode, actor)
        assert lock in locks.list()
        return
    with pytest.raises(error) as caught:
        locking.lock(path, mode, actor)
    assert type(caught.value) is error
    assert locks.list() == before


def test_sealed_vault(locking: LockNotebooks, locks: DatabaseLocks, files: Files) -> None:
    """While the vault is sealed nothing is locked: the file could not be sealed."""
    files.vault_is_open = False
    with pytest.raises(VaultSealed):
        locking.lock("a.ipynb", PRIVATE, ALICE)
    assert locks.list() == ()


@pytest.mark.parametrize(
    ("held", "actor", "error"),
    [
        (None, ALICE_ELEVATED, NotFound),
        (READ_ONLY, ALICE, None),
        (READ_ONLY, BOB_ELEVATED, Refused),
        (READ_ONLY, NOBODY, Refused),
        (PRIVATE, ALICE, ElevationRequired),
        (PRIVATE, ALICE_ELEVATED, None),
        (PRIVATE, BOB_ELEVATED, Refused),
    ],
)
def test_who_may_unlock(
    locking: LockNotebooks,
    locks: DatabaseLocks,
    *,
    held: LockMode | None,
    actor: Actor,
    error: type[SecureError] | None,
) -> None:
    """Only the owner unlocks, and a private file only when elevated."""
    if held is not None:
        locking.lock("a.ipynb", held, ALICE)
    before = locks.list()
    if error is None:
        locking.unlock("link.ipynb", actor)
        assert locks.list() == ()
        return
    with pytest.raises(error) as caught:
        locking.unlock("a.ipynb", actor)
    assert type(caught.value) is error
    assert locks.list() == before


def test_unlock_what_was_deleted(
    locking: LockNotebooks, locks: DatabaseLocks, files: Files
) -> None:
    """A lock whose file is gone can be taken off."""
    locking.lock("a.ipynb", READ_ONLY, ALICE)
    del files.ids["a.ipynb"]
    locking.unlock("a.ipynb", ALICE)
    assert locks.list() == ()


# ── sealed locks ────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def give(passphrases: Passphrases, files: Files, passphrase: PassphraseKey) -> Give:
    """Return a function that gives the passphrase of a file in a session."""

    def give(actor: Actor, path: str = "a.ipynb") -> None:
        passphrases.hold(actor.session, files.ids[path], passphrase)

    return give


def test_a_sealed_lock(
    locking: LockNotebooks, locks: DatabaseLocks, files: Files, passphrase: PassphraseKey
) -> None:
    """Puts the file under the passphrase, which it cannot do without."""
    with pytest.raises(InvalidInput, match="needs a passphrase"):
        locking.lock("a.ipynb", SEALED, ALICE_HERE)
    assert (locks.list(), files.sealed, files.under) == ((), [], {})
    lock = locking.lock("link.ipynb", SEALED, ALICE_HERE, passphrase=passphrase)
    assert (lock.path, lock.mode) == ("a.ipynb", SEALED)
    assert files.under == {"a.ipynb": passphrase.derivation}


@pytest.mark.parametrize(
    ("mode", "with_passphrase", "given", "actor", "error"),
    [
        (PRIVATE, False, False, ALICE_HERE, PassphraseRequired),
        (READ_ONLY, False, False, ALICE_HERE, PassphraseRequired),
        (SEALED, True, False, ALICE_HERE, PassphraseRequired),
        (SEALED, True, True, BOB_HERE, Conflict),
        (SEALED, False, False, BOB_HERE, Conflict),
        (PRIVATE, False, True, ALICE_HERE, None),
        (READ_ONLY, False, True, ALICE_HERE, None),
        (SEALED, True, True, ALICE_HERE, None),
        (SEALED, False, False, ALICE_HERE, None),
    ],
)
def test_changing_a_sealed_lock(
    locking: LockNotebooks,
    files: Files,
    passphrase: PassphraseKey,
    give: Give,
    *,
    mode: LockMode,
    with_passphrase: bool,
    given: bool,
    actor: Actor,
    error: type[SecureError] | None,
) -> None:
    """To its owner, who has it open; another mode takes the passphrase off."""
    locking.lock("a.ipynb", SEALED, ALICE_HERE, passphrase=passphrase)
    if given:
        give(actor)
    new = (
        PassphraseKey.new("another set of words", profile=OWASP_MINIMUM)
        if with_passphrase
        else None
    )
    if error is not None:
        with pytest.raises(error):
            locking.lock("a.ipynb", mode, actor, passphrase=new)
        assert files.under == {"a.ipynb": passphrase.derivation}
        return
    assert locking.lock("a.ipynb", mode, actor, passphrase=new).mode is mode
    expected = (new or passphrase).derivation if mode is SEALED else None
    assert files.under.get("a.ipynb") == expected


def test_locking_again_closes_it(
    locking: LockNotebooks, passphrases: Passphrases, passphrase: PassphraseKey, give: Give
) -> None:
    """Without a new passphrase a sealed lock stays as it is, and is closed in every session."""
    lock = locking.lock("a.ipynb", SEALED, ALICE_HERE, passphrase=passphrase)
    give(ALICE_HERE)
    give(BOB_HERE)
    locking.lock("a.ipynb", SEALED, ALICE_HERE)
    for actor in (ALICE_HERE, BOB_HERE):
        assert not passphrases.informed(actor, lock).has_passphrase


@pytest.mark.parametrize(
    ("given", "actor", "error"),
    [
        (True, ALICE_HERE, None),
        (False, ALICE_HERE, PassphraseRequired),
        (True, BOB_HERE, Refused),
    ],
)
def test_who_may_take_off_a_sealed_lock(
    locking: LockNotebooks,
    locks: DatabaseLocks,
    files: Files,
    passphrase: PassphraseKey,
    give: Give,
    *,
    given: bool,
    actor: Actor,
    error: type[SecureError] | None,
) -> None:
    """Its owner, who has it open; the passphrase goes with it."""
    locking.lock("a.ipynb", SEALED, ALICE_HERE, passphrase=passphrase)
    if given:
        give(actor)
    if error is None:
        locking.unlock("a.ipynb", actor)
        assert (locks.list(), files.under) == ((), {})
        return
    with pytest.raises(error):
        locking.unlock("a.ipynb", actor)
    assert len(locks.list()) == len(files.under) == 1


@pytest.mark.parametrize("exists", [True, False])
def test_a_sealed_lock_that_lost_its_file(
    locking: LockNotebooks,
    locks: DatabaseLocks,
    files: Files,
    passphrase: PassphraseKey,
    *,
    exists: bool,
) -> None:
    """Where nothing lies under the passphrase any more, the owner takes it off with a code."""
    locking.lock("a.ipynb", SEALED, ALICE_HERE, passphrase=passphrase)
    files.under.clear()
    if not exists:
        del files.ids["a.ipynb"]
    with pytest.raises(ElevationRequired):
        locking.unlock("a.ipynb", ALICE_HERE)
    locking.unlock("a.ipynb", ALICE_ELEVATED)
    assert locks.list() == ()


def test_what_was_brought_here_under_its_passphrase(
    locking: LockNotebooks,
    locks: DatabaseLocks,
    files: Files,
    passphrase: PassphraseKey,
    give: Give,
) -> None:
    """Belongs to nobody: who opens it may lock it anew, or take the passphrase off."""
    files.under["b.ipynb"] = passphrase.derivation
    for mode in LockMode:
        with pytest.raises(PassphraseRequired):
            locking.lock("b.ipynb", mode, BOB_HERE)
    give(BOB_HERE, "b.ipynb")
    locking.unlock("b.ipynb", BOB_HERE)
    assert (locks.list(), files.under) == ((), {})


def test_a_private_lock_over_it_comes_off_alone(
    locking: LockNotebooks, locks: DatabaseLocks, files: Files, passphrase: PassphraseKey
) -> None:
    """A file that came under a passphrase elsewhere, in place of a private one, stays under it."""
    locking.lock("a.ipynb", PRIVATE, ALICE)
    files.under["a.ipynb"] = passphrase.derivation
    locking.unlock("a.ipynb", ALICE_ELEVATED)
    assert locks.list() == ()
    assert files.under


def test_a_copy_is_locked_as_it_is(
    locking: LockNotebooks, locks: DatabaseLocks, files: Files, passphrase: PassphraseKey
) -> None:
    """The copy of a file under a passphrase gets a lock of its own; others do not."""
    files.under["b.ipynb"] = passphrase.derivation
    for path in ("a.ipynb", "b.ipynb"):
        locking.lock_copy(path, ALICE_HERE)
    assert [(lock.path, lock.mode, lock.owner) for lock in locks.list()] == [
        ("b.ipynb", SEALED, "alice")
    ]
