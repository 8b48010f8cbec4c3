from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.passphrases import twin

from jupyter_secure.app.content.content import Content
from jupyter_secure.app.content.passphrases import Passphrases
from jupyter_secure.app.content.saves import Origin, Saved
from jupyter_secure.app.history.histories import Histories
from jupyter_secure.app.history.housekeeping import Housekeeping
from jupyter_secure.app.history.keeping import Keeping
from jupyter_secure.app.history.versions import Versions
from jupyter_secure.app.locking.lock_notebook import LockNotebooks
from jupyter_secure.crypto.kdf import OWASP_MINIMUM
from jupyter_secure.errors import Conflict, Locked, NotFound, PassphraseRequired, StateUnusable
from jupyter_secure.history.thinning import Retention
from jupyter_secure.history.version import Kind
from jupyter_secure.locks import Actor, LockMode
from jupyter_secure.store.history import GitHistory
from jupyter_secure.store.locks import DatabaseLocks
from jupyter_secure.vault.passphrase import PassphraseKey

ALICE = Actor("alice", elevated=True, session="a")


@dataclass
class Here:
    """A folder of notebooks with their histories."""

    root: Path
    repository: GitHistory
    histories: Histories
    keeping: Keeping
    content: Content
    versions: Versions
    locking: LockNotebooks
    passphrases: Passphrases
    warned: list[str]

    @property
    def note(self) -> Path:
        return self.root / "note.ipynb"

    def save(self, *contents: bytes, path: str = "note.ipynb") -> None:
        for content in contents:
            self.content.write(self.root / path, content, ALICE)

    def file_id(self) -> bytes:
        header = self.content.header(self.note)
        assert header is not None
        return header.file_id


@pytest.fixture(params=[False, True], ids=["at once", "soon"])
def here(place, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Here]:
    # Of tests/app/conftest.py: the place.
    place.enter()
    root, state = tmp_path / "root", tmp_path / "state"
    root.mkdir(), state.mkdir()
    repository, passphrases, warned = GitHistory(state), Passphrases(), []
    histories = Histories(
        repository=repository,
        vault=place.vault,
        passphrases=passphrases,
        clock=place.clock,
        retention=Retention(),
    )
    soon = request.param
    keeping = Keeping(histories, soon=soon, most=lambda _: 100_000, warn=warned.append)
    locks = DatabaseLocks(place.database)
    content = Content(
        root=root,
        vault=place.vault,
        locks=locks,
        provenance=place.provenance,
        encrypt=("*.ipynb",),
        passphrases=passphrases,
        saves=keeping,
    )
    versions = Versions(
        histories=histories,
        keeping=keeping,
        content=content,
        root=root,
        vault=place.vault,
        locks=locks,
        provenance=place.provenance,
        clock=place.clock,
    )
    locking = LockNotebooks(locks=locks, files=content, clock=place.clock, passphrases=passphrases)
    yield Here(
        root, repository, histories, keeping, content, versions, locking, passphrases, warned
    )
    histories.settle()


@pytest.fixture
def passphrase() -> Callable[[str], PassphraseKey]:
    return lambda text: PassphraseKey.new(text, profile=OWASP_MINIMUM)


def numbers(here: Here) -> list[int]:
    return [one.number for one in here.versions.listing(here.note, ALICE).versions]


def test_unkept_is_kept_before_restoring(here: Here) -> None:
    """What came past the history, as an upload does, is a version before it is replaced."""
    here.save(b"one", b"two")
    writing = here.content.begin(here.note, ALICE)
    writing.update(b"uploaded")
    writing.commit()
    here.versions.restore(here.note, 1, ALICE)
    assert here.versions.open(here.note, 3, ALICE)[1] == b"uploaded"
    assert here.content.read(here.note, ALICE).data == b"one"


def test_too_large(here: Here) -> None:
    """Of a file that is too large no version is kept, and that is no problem."""
    here.save(b"small", b"x" * 100_001)
    assert numbers(here) == [1]
    assert here.keeping.problems == ()


def test_switched_off(here: Here) -> None:
    """Switched off, no version is added, and those that there are can be put back."""
    here.save(b"one", b"two")
    here.keeping.keeps = False
    here.save(b"three")
    assert numbers(here) == [2, 1]
    here.versions.restore(here.note, 1, ALICE)
    assert here.content.read(here.note, ALICE).data == b"one"


def test_what_cannot_be_kept(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever goes wrong with the history, the file is saved, and it is told until mended."""
    for error in (
        OSError("disk"),
        StateUnusable("gone"),
        RuntimeError("unforeseen"),
        MemoryError(),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(here.repository, "keep", _raising(error))
            here.save(b"saved in spite of %r" % str(error).encode())
            here.histories.settle()
        assert len(here.keeping.problems) == 1
        assert here.warned
    here.save(b"again")
    here.histories.settle()
    assert here.keeping.problems == ()


def _raising(error: Exception) -> Callable[..., None]:
    def fail(*_: object, **__: object) -> None:
        raise error

    return fail


def test_by_hand_after_by_itself(here: Here) -> None:
    """What was saved and then kept by hand is one version, and that was kept by hand."""
    here.save(b"one")
    here.content.checkpoints.keep(here.note, here.root / "checkpoint", ALICE)
    here.save(b"two", b"three")
    here.content.checkpoints.keep(here.note, here.root / "checkpoint", ALICE)
    kinds = [(one.number, one.kind) for one in here.versions.listing(here.note, ALICE).versions]
    assert kinds == [(3, Kind.MANUAL), (2, Kind.AUTOMATIC), (1, Kind.MANUAL)]


def test_saved_and_deleted_at_once(here: Here) -> None:
    """A private notebook that is deleted right after its first save stays its owner's."""
    here.save(b"one")
    here.locking.lock(here.note, LockMode.PRIVATE, ALICE)
    file_id, key = here.file_id(), here.content.moving.check(here.note, ALICE)
    here.note.unlink()
    here.content.moving.deleted(key)
    (gone,) = here.versions.deleted()
    assert gone.withheld is LockMode.PRIVATE
    with pytest.raises(Locked):
        here.versions.undelete(
            file_id, Actor("bob", elevated=True, session="b"), place=lambda path: here.root / path
        )


def test_passphrase_right_after_saving(
    here: Here, passphrase: Callable[[str], PassphraseKey]
) -> None:
    """What was saved before a passphrase was put on is under it, and opens with it."""
    here.save(b"one", b"two")
    key = passphrase("four unrelated words")
    here.locking.lock(here.note, LockMode.SEALED, ALICE, passphrase=key)
    with pytest.raises(PassphraseRequired):
        here.versions.listing(here.note, ALICE)
    here.passphrases.hold(ALICE.session, here.file_id(), key)
    assert numbers(here) == [2, 1]
    assert here.keeping.problems == ()


def test_by_hand_answers(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who saves by hand is told at once that no version was kept."""
    here.save(b"one")
    monkeypatch.setattr(here.repository, "keep", _raising(StateUnusable("The disk is full.")))
    with pytest.raises(StateUnusable, match="disk"):
        here.content.checkpoints.keep(here.note, here.root / "checkpoint", ALICE)


def test_undeleted_is_newer(here: Here) -> None:
    """An older copy, put in place of a notebook that was brought back, does not pass for newer."""
    here.save(b"one", b"two", b"three")
    copy, file_id = here.note.read_bytes(), here.file_id()
    key = here.content.moving.check(here.note, ALICE)
    here.note.unlink()
    here.content.moving.deleted(key)
    here.versions.undelete(file_id, ALICE, place=lambda path: here.root / path)
    assert here.content.read(here.note, ALICE).data == b"three"
    here.note.write_bytes(copy)
    with pytest.raises(Conflict):
        here.content.read(here.note, ALICE)


def test_not_deleted(here: Here) -> None:
    """What is there is not brought back a second time, and what never was is not found."""
    here.save(b"one")
    with pytest.raises(Conflict):
        here.versions.undelete(here.file_id(), ALICE, place=lambda path: here.root / path)
    with pytest.raises(NotFound):
        here.versions.undelete(os.urandom(16), ALICE, place=lambda path: here.root / path)


class Killed(BaseException):
    """The process ends here."""


def test_locking_killed(
    here: Here, passphrase: Callable[[str], PassphraseKey], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed in the middle of locking, no version opens without the passphrase, and with it all."""
    here.save(b"one", b"two")
    here.histories.settle()
    key = passphrase("four unrelated words")
    other = twin(key)
    steps = []
    put = here.repository.set_sealed_key

    def record(file_id: bytes, sealed: bytes) -> None:
        put(file_id, sealed)
        header = here.content.header(here.note)
        assert header is not None
        steps.append(header.needs_passphrase)
        raise Killed

    monkeypatch.setattr(here.repository, "set_sealed_key", record)
    with pytest.raises(Killed):
        here.locking.lock(here.note, LockMode.SEALED, ALICE, passphrase=key)
    monkeypatch.undo()
    assert steps == [False]  # the history first
    with pytest.raises(PassphraseRequired):
        here.versions.listing(here.note, ALICE)
    here.save(b"three")
    here.histories.settle()
    assert len(here.keeping.problems) == 1
    with pytest.raises(PassphraseRequired):
        here.locking.lock(here.note, LockMode.SEALED, ALICE, passphrase=passphrase("others"))
    here.passphrases.hold(ALICE.session, here.file_id(), key)
    here.locking.lock(here.note, LockMode.SEALED, ALICE, passphrase=key)
    with pytest.raises(PassphraseRequired):
        here.versions.listing(here.note, ALICE)
    here.passphrases.hold(ALICE.session, here.file_id(), other)
    assert numbers(here) == [2, 1]


def test_unlocking_killed(
    here: Here, passphrase: Callable[[str], PassphraseKey], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed in the middle of unlocking, the versions open with the passphrase still."""
    here.save(b"one")
    key = passphrase("four unrelated words")
    here.locking.lock(here.note, LockMode.SEALED, ALICE, passphrase=key)
    here.passphrases.hold(ALICE.session, here.file_id(), key)
    monkeypatch.setattr(here.repository, "set_sealed_key", _raising(Killed()))  # type: ignore[arg-type]  # as good as an error here
    with pytest.raises(Killed):
        here.locking.unlock(here.note, ALICE)
    monkeypatch.undo()
    header = here.content.header(here.note)
    assert header is not None
    assert not header.needs_passphrase
    assert numbers(here) == [1]


def test_a_key_from_before_the_lock(here: Here, passphrase: Callable[[str], PassphraseKey]) -> None:
    """Who has the key of before the lock opens nothing that was kept since."""
    here.save(b"one")
    here.histories.settle()
    before = here.histories.keys.find(here.file_id(), "")
    assert before is not None
    key = passphrase("four unrelated words")
    here.locking.lock(here.note, LockMode.SEALED, ALICE, passphrase=key)
    here.passphrases.hold(ALICE.session, here.file_id(), key)
    here.save(b"two")
    here.histories.settle()
    errors = dict(here.repository.check(before, here.file_id()))
    assert errors[1] is None
    assert errors[2] is not None
    assert numbers(here) == [2, 1]


def test_housekeeping(here: Here, place) -> None:
    """What has aged is thinned out, beside whoever saves; no save waits for it for long."""
    for number in range(40):
        here.save(b"%d" % number)
        place.wait(minutes=1)
    here.histories.settle()
    place.wait(days=3)
    keeper = Housekeeping(here.histories, here.keeping, warn=here.warned.append)
    longest, stop = [0.0], threading.Event()

    def save() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            begin = time.perf_counter()
            here.save(b"other %d" % number, path="other.ipynb")
            longest[0] = max(longest[0], time.perf_counter() - begin)

    saving = threading.Thread(target=save)
    saving.start()
    try:
        keeper.once(everyone=False)
        here.histories.tidy(everything=True)
    finally:
        stop.set()
        saving.join()
    assert here.warned == []
    assert numbers(here) == [40]
    assert longest[0] < 5
    found = here.histories.verify()
    assert (found.damaged, found.notebooks) == ([], 2)


def test_housekeeping_goes_on(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever goes wrong is said, and ends nobody's housekeeping."""

    def unforeseen(**_: object) -> int:
        raise ValueError("not a number")

    monkeypatch.setattr(here.repository, "tidy", unforeseen)
    Housekeeping(here.histories, here.keeping, warn=here.warned.append).once(everyone=True)
    assert here.warned == ["The history could not be tidied up: ValueError."]


@settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(path=st.text(max_size=80), account=st.text(max_size=40), content=st.binary(max_size=2000))
def test_wild(here: Here, path: str, account: str, content: bytes) -> None:
    """Whatever a notebook is called, who saved it and what it holds: it comes back as it was."""
    file_id = os.urandom(16)
    saved = Saved(file_id, path, content, Actor(account, elevated=False, session="w"))
    here.histories.keep(saved, Origin(Kind.MANUAL))
    version, found = here.histories.version(file_id, 1, ALICE)
    assert (version.path, version.account, found) == (path, account, content)
    assert next(here.histories.said(file_id)) == version
