from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.passphrases import twin
from support.traps import killing, trapped

from jupyter_secure.app.content.content import Content
from jupyter_secure.app.content.provenance import Provenance
from jupyter_secure.crypto.kdf import OWASP_MINIMUM
from jupyter_secure.errors import Conflict, PassphraseRequired, RolledBack, StorageFailed
from jupyter_secure.locks import Actor
from jupyter_secure.store.atomic import remove_debris
from jupyter_secure.store.catalogue import DatabaseCatalogue
from jupyter_secure.store.database import Database
from jupyter_secure.store.locks import DatabaseLocks
from jupyter_secure.vault.catalogue import Catalogue
from jupyter_secure.vault.envelope import FileClass, Flags, Header
from jupyter_secure.vault.passphrase import PassphraseKey

if TYPE_CHECKING:
    from conftest import Foundation, Place

HERE, ELSEWHERE = Actor("alice", False, "s1"), Actor("alice", True, "s2")
MADE = [PassphraseKey.new("violet harbour ninety ducks", profile=OWASP_MINIMUM) for _ in "12"]
DATA = b"canary " * 300_000


@pytest.fixture
def key() -> PassphraseKey:
    """Return the key of the passphrase."""
    return twin(MADE[0])


@pytest.fixture
def other() -> PassphraseKey:
    """Return the key of another."""
    return twin(MADE[1])


@pytest.fixture
def content(place: Place, foundation: Foundation, tmp_path: Path) -> Content:
    root = foundation.keyring.open_with_password("alice", foundation.people["alice"].password)
    place.vault.unseal(root)
    folder = tmp_path / "root"
    folder.mkdir()
    return Content(
        root=folder,
        vault=place.vault,
        locks=DatabaseLocks(place.database),
        provenance=Provenance(Catalogue(DatabaseCatalogue(place.database), place.vault.derive)),
        encrypt=("*.ipynb",),
    )


@pytest.fixture
def notebook(content: Content, tmp_path: Path) -> Path:
    """A sealed notebook."""
    path = tmp_path / "root" / "a.ipynb"
    content.write(path, DATA, HERE, flags=Flags.VALID)
    return path


@pytest.fixture
def kept(content: Content, notebook: Path) -> Path:
    """Its checkpoint."""
    path = notebook.parent / ".ipynb_checkpoints" / "a-checkpoint.ipynb"
    path.parent.mkdir()
    content.checkpoints.keep(notebook, path, HERE)
    return path


def header(path: Path) -> Header:
    return Header.parse(path.read_bytes())


def test_the_same_file_under_a_passphrase(
    content: Content, key: PassphraseKey, notebook: Path, kept: Path
) -> None:
    """File and checkpoint keep content, identity, flags and times, and need the passphrase."""
    os.utime(notebook, ns=(10**18, 10**18))
    before, old = header(notebook), notebook.stat()
    content.reseal(notebook, [kept, kept.with_name("none")], key, HERE)
    after = header(notebook)
    assert (after.file_id, after.flags) == (before.file_id, Flags.VALID)
    assert after.file_version == before.file_version + 1
    assert header(kept).stanza.derivation == after.stanza.derivation == key.derivation
    assert (notebook.stat().st_mtime_ns, notebook.stat().st_mode) == (old.st_mtime_ns, old.st_mode)
    with pytest.raises(PassphraseRequired):
        content.read(notebook, HERE)
    with pytest.raises(PassphraseRequired):
        content.checkpoints.restore(kept, notebook, HERE)
    content.passphrases.hold(HERE.session, after.file_id, key)
    assert content.read(notebook, HERE).data == DATA
    content.checkpoints.restore(kept, notebook, HERE)
    content.checkpoints.keep(notebook, kept, HERE)
    assert header(notebook).needs_passphrase
    assert header(kept).needs_passphrase
    with pytest.raises(PassphraseRequired):
        content.read(notebook, ELSEWHERE)


def test_and_out_from_under_it(
    content: Content, key: PassphraseKey, other: PassphraseKey, notebook: Path, kept: Path
) -> None:
    """Taking it off, or changing it, takes who has it open; and it is closed afterwards."""
    content.reseal(notebook, [kept], key, HERE)
    for new in (other, None):
        with pytest.raises(PassphraseRequired):
            content.reseal(notebook, [kept], new, HERE)
        held = header(notebook).stanza.derivation
        content.passphrases.hold(
            HERE.session, header(notebook).file_id, key if held == key.derivation else other
        )
        content.reseal(notebook, [kept], new, HERE)
    assert content.read(notebook, ELSEWHERE).data == DATA
    content.checkpoints.restore(kept, notebook, ELSEWHERE)


def test_nothing_of_the_old_data_key_is_left(
    content: Content, key: PassphraseKey, notebook: Path
) -> None:
    """The header from before the lock, put over the file, does not open what it holds now."""
    before = notebook.read_bytes()
    content.reseal(notebook, [], key, HERE)
    after = notebook.read_bytes()
    assert before[180:236] != after[280:336]
    assert before[236:1236] not in after


def test_a_plain_checkpoint_is_taken_along(
    content: Content, key: PassphraseKey, notebook: Path, kept: Path
) -> None:
    """A checkpoint from before encryption is sealed under the passphrase too."""
    kept.write_bytes(b"plain canary")
    content.reseal(notebook, [kept], key, HERE)
    assert header(kept).needs_passphrase
    assert header(kept).file_class is FileClass.HISTORY
    assert header(kept).file_id == header(notebook).file_id


def test_a_checkpoint_of_an_earlier_file_is_taken_along(
    content: Content, key: PassphraseKey, notebook: Path, kept: Path
) -> None:
    """What was sealed as another file that was here before goes under the passphrase and back."""
    earlier = header(kept)
    (notebook.parent / "a.ipynb").unlink()
    content.moving.deleted("a.ipynb")
    content.write(notebook, b"a new file", HERE)
    assert header(notebook).file_id != earlier.file_id
    content.reseal(notebook, [kept, kept], key, HERE)
    assert header(kept).needs_passphrase
    assert header(kept).file_id == earlier.file_id
    content.passphrases.hold(HERE.session, header(notebook).file_id, twin(MADE[0]))
    content.reseal(notebook, [kept], None, HERE)
    assert not header(kept).needs_passphrase


def test_a_checkpoint_under_another_passphrase_stays(
    content: Content, key: PassphraseKey, other: PassphraseKey, notebook: Path, kept: Path
) -> None:
    """It is as closed as a lock could make it, so it is no reason to refuse one."""
    content.reseal(notebook, [kept], key, HERE)
    content.passphrases.hold(HERE.session, header(notebook).file_id, twin(MADE[0]))
    content.reseal(notebook, [], None, HERE)
    before = kept.read_bytes()
    content.reseal(notebook, [kept], other, HERE)
    assert kept.read_bytes() == before


@pytest.mark.parametrize("sealed", [True, False])
def test_a_file_with_other_names(
    content: Content, key: PassphraseKey, notebook: Path, *, sealed: bool
) -> None:
    """Is neither sealed nor put under a passphrase: under its other names it would stay."""
    if not sealed:
        notebook = notebook.with_name("plain.csv")
        notebook.write_bytes(b"plain")
    before = notebook.read_bytes()
    notebook.with_name("second").hardlink_to(notebook)
    with pytest.raises(Conflict, match="other name") as caught:
        content.seal_in_place(notebook)
        content.reseal(notebook, [], key, HERE)
    assert "samefile" in caught.value.remedy
    assert notebook.read_bytes() == before


def damaged(content: Content, kept: Path) -> None:
    del content
    kept.write_bytes(kept.read_bytes()[:-20])


def no_checkpoint(content: Content, kept: Path) -> None:
    del content
    kept.write_bytes((kept.parent.parent / "a.ipynb").read_bytes())


def linked(content: Content, kept: Path) -> None:
    del content
    kept.with_name("other name").hardlink_to(kept)


@pytest.mark.parametrize("spoil", [damaged, no_checkpoint, linked])
def test_a_checkpoint_that_cannot_come_along(
    content: Content,
    key: PassphraseKey,
    notebook: Path,
    kept: Path,
    spoil: Callable[[Content, Path], None],
) -> None:
    """Is named with what to do, and nothing is changed, nor anything left behind."""
    spoil(content, kept)
    before = {path: path.read_bytes() for path in notebook.parent.rglob("*") if path.is_file()}
    with pytest.raises(Conflict, match="because of its checkpoint") as caught:
        content.reseal(notebook, [kept], key, HERE)
    assert "Delete the checkpoint" in caught.value.remedy
    after = {path: path.read_bytes() for path in notebook.parent.rglob("*") if path.is_file()}
    assert after == before


def test_a_file_that_was_rolled_back_is_not_locked(
    content: Content, key: PassphraseKey, notebook: Path
) -> None:
    """What is not as it was left is told first: a lock must not bless it."""
    first = notebook.read_bytes()
    content.write(notebook, b"second", HERE)
    notebook.write_bytes(first)
    with pytest.raises(RolledBack):
        content.reseal(notebook, [], key, HERE)
    assert notebook.read_bytes() == first


@pytest.mark.parametrize("fails_at", [1, 40])
def test_a_full_disk_changes_nothing(
    content: Content,
    key: PassphraseKey,
    notebook: Path,
    kept: Path,
    monkeypatch: pytest.MonkeyPatch,
    fails_at: int,
) -> None:
    """Both files stay as they were when there is no room for the new ones."""
    before = {path: path.read_bytes() for path in (notebook, kept)}
    written = 0
    write = os.write

    def refuse(descriptor: int, data: memoryview) -> int:
        nonlocal written
        written += len(data)
        if written > fails_at * 100_000:
            raise OSError(28, "No space left on device")
        return write(descriptor, data)

    monkeypatch.setattr("jupyter_secure.store.atomic.os.write", refuse)
    with pytest.raises((StorageFailed, Conflict)):
        content.reseal(notebook, [kept], key, HERE)
    monkeypatch.undo()
    assert {path: path.read_bytes() for path in before} == before
    assert sorted(os.listdir(notebook.parent)) == [".ipynb_checkpoints", "a.ipynb"]
    assert os.listdir(kept.parent) == [kept.name]


def test_a_save_that_began_before_the_lock(
    content: Content, key: PassphraseKey, notebook: Path
) -> None:
    """Content that comes in parts does not undo a lock that came meanwhile, nor its removal."""
    begun = content.begin(notebook, HERE)
    begun.update(b"half")
    content.reseal(notebook, [], key, HERE)
    with pytest.raises(PassphraseRequired):
        begun.commit()
    begun.abort()
    content.passphrases.hold(HERE.session, header(notebook).file_id, key)
    under = content.begin(notebook, HERE)
    content.reseal(notebook, [], None, HERE)
    with pytest.raises(Conflict, match="was changed while"):
        under.commit()
    under.abort()
    assert content.read(notebook, ELSEWHERE).data == DATA


def test_a_save_that_begins_under_a_passphrase_stays_under_it(
    content: Content, key: PassphraseKey, notebook: Path
) -> None:
    """Saving in parts works for who has it open, and the passphrase stays."""
    content.reseal(notebook, [], key, HERE)
    content.passphrases.hold(HERE.session, header(notebook).file_id, key)
    for data in (b"one", b"two"):
        writing = content.begin(notebook, HERE)
        writing.update(data)
        writing.commit()
        assert header(notebook).needs_passphrase
        with content.download(notebook, HERE) as download:
            assert b"".join(download.parts()) == data
        with pytest.raises(PassphraseRequired):
            content.download(notebook, ELSEWHERE)


def test_the_size_in_a_listing(content: Content, key: PassphraseKey, notebook: Path) -> None:
    """The size of the content is told from the header's own length."""
    content.reseal(notebook, [], key, HERE)
    assert content.facts(notebook).size == len(DATA)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize("lock", [True, False])
def test_killed_anywhere(
    place: Place, content: Content, notebook: Path, kept: Path, *, lock: bool
) -> None:
    """File and checkpoint are whole, before or after; nothing is plain; it can be done again."""
    file_id, notebook_names = header(notebook).file_id, sorted(os.listdir(notebook.parent))

    def turn(content: Content, *, under: bool) -> None:
        content.passphrases.hold(HERE.session, file_id, twin(MADE[0]))
        content.reseal(notebook, [kept], twin(MADE[0]) if under else None, HERE)

    for at in range(1, 500):
        if header(notebook).needs_passphrase == lock or header(kept).needs_passphrase == lock:
            turn(content, under=not lock)
        pid = os.fork()
        if pid == 0:
            # Nothing of the parent's database is touched, and nothing is tidied up.
            database = Database.open(place.path)
            own = Content(
                root=notebook.parent,
                vault=place.vault,
                locks=DatabaseLocks(database),
                provenance=Provenance(Catalogue(DatabaseCatalogue(database), place.vault.derive)),
                encrypt=("*.ipynb",),
            )
            try:
                with trapped(killing(at)):
                    turn(own, under=lock)
            except BaseException:  # noqa: BLE001  # told by the exit code
                os._exit(1)
            os._exit(0)
        _, status = os.waitpid(pid, 0)
        for path in notebook.parent.rglob("*"):
            assert not path.is_file() or b"canary" not in path.read_bytes()
        for folder in (notebook.parent, kept.parent):
            remove_debris(folder)
        assert sorted(os.listdir(notebook.parent)) == notebook_names
        assert os.listdir(kept.parent) == [kept.name]
        content.passphrases.hold(HERE.session, file_id, twin(MADE[0]))
        assert content.read(notebook, HERE).data == DATA
        assert content.read(kept, HERE, expect=FileClass.HISTORY).data == DATA
        if status == 0:
            assert at > 10
            return
        assert os.WIFSIGNALED(status)
    raise AssertionError("it never came to its end")
