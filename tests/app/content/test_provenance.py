"""Files that change behind the server's back: what is found, and what stays convenient."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from app.conftest import Place

from jupyter_secure.app.content import review as reviewing
from jupyter_secure.app.content.content import Content
from jupyter_secure.app.content.provenance import Provenance
from jupyter_secure.errors import (
    Conflict,
    CorruptFile,
    NotAsLeft,
    RolledBack,
    Swapped,
    Unchecked,
    Unsealed,
    VaultSealed,
    WrongKey,
)
from jupyter_secure.locks import Actor
from jupyter_secure.store.catalogue import DatabaseCatalogue
from jupyter_secure.store.locks import DatabaseLocks
from jupyter_secure.store.one_writer import OneWriter
from jupyter_secure.vault.catalogue import Catalogue, Finding
from jupyter_secure.vault.envelope import FileClass, Header
from jupyter_secure.vault.keyring import Keyring
from jupyter_secure.vault.vault import Vault

ALICE = Actor("alice", elevated=True, session="s1")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return the folder that is served."""
    root = tmp_path / "root"
    root.mkdir()
    return root


@pytest.fixture
def content(place: Place, root: Path) -> Content:
    """Return the guard of an empty folder, with the vault open."""
    alice = place.person("alice")
    place.vault.unseal(place.foundation.keyring.open_with_password("alice", alice.password))
    return Content(
        root=root,
        vault=place.vault,
        locks=DatabaseLocks(place.database),
        provenance=place.provenance,
        encrypt=("*.ipynb",),
    )


def save(content: Content, path: Path, text: bytes) -> Path:
    """Save a file as a person does."""
    content.write(path, text, ALICE)
    return path


@pytest.fixture
def a(content: Content, root: Path) -> Path:
    """Return a file that was saved three times; ``a.1`` and so on are what it was."""
    path = root / "a.ipynb"
    for number in (1, 2, 3):
        save(content, path, b"a%d" % number)
        shutil.copy(path, root.parent / f"a.{number}")
    return path


@pytest.fixture
def b(content: Content, root: Path) -> Path:
    """Return another file."""
    return save(content, root / "b.ipynb", b"b1")


def old(path: Path, number: int) -> Path:
    """Return what ``path`` was after that many saves."""
    return path.parent.parent / f"a.{number}"


def ways_to_read(content: Content, path: Path) -> tuple[Callable[[], object], ...]:
    """Return every way by which content leaves."""
    return (
        lambda: content.read(path, ALICE),
        lambda: content.download(path, ALICE),
        lambda: content.checkpoints.keep(path, path.with_suffix(".kept"), ALICE),
    )


def swap(a: Path, b: Path) -> None:
    """Let two files change places."""
    between = a.with_suffix(".between")
    a.rename(between)
    b.rename(a)
    between.rename(b)


ATTACKS: dict[str, tuple[Callable[[Path, Path], object], type[NotAsLeft]]] = {
    "swapped": (swap, Swapped),
    "another put over it": (lambda a, b: shutil.copy(b, a), Swapped),
    "rolled back": (lambda a, _: shutil.copy(old(a, 2), a), RolledBack),
    "rolled back to the first": (lambda a, _: shutil.copy(old(a, 1), a), RolledBack),
    "plain file planted": (lambda a, _: a.write_bytes(b"planted"), Unsealed),
    "emptied": (lambda a, _: a.write_bytes(b""), Unsealed),
}


@pytest.mark.parametrize(("attack", "error"), ATTACKS.values(), ids=ATTACKS)
def test_found_on_every_way(
    content: Content, a: Path, b: Path, attack: Callable[[Path, Path], object], error: type
) -> None:
    """What is not what was left there is given out on no way, and told in words."""
    attack(a, b)
    for read in ways_to_read(content, a):
        with pytest.raises(error) as caught:
            read()
        assert "“a.ipynb”" in caught.value.what
        assert caught.value.why
        assert "accept" in caught.value.remedy


@pytest.mark.parametrize(("attack", "_error"), ATTACKS.values(), ids=ATTACKS)
def test_never_read_at_once(
    content: Content, a: Path, b: Path, attack: Callable[[Path, Path], object], _error: type
) -> None:
    """What was read at once a moment ago is not any more when something else lies there."""
    assert content.read_at_once(a, ALICE) is not None
    attack(a, b)
    assert content.read_at_once(a, ALICE) is None


def test_read_at_once_is_read(content: Content, a: Path, root: Path) -> None:
    """What is read at once is what reading gives; a copy and a link are looked at in full."""
    assert content.read_at_once(a, ALICE) == content.read(a, ALICE)
    copy, link = root / "copy.ipynb", root / "link.ipynb"
    shutil.copy(a, copy)
    link.symlink_to(a)
    for path in (copy, link):
        assert content.read_at_once(path, ALICE) is None
        assert content.read(path, ALICE).data == b"a3"
    assert content.read_at_once(copy, ALICE) is not None  # known by now
    assert content.read_at_once(link, ALICE) is None


def test_read_at_once_with_a_catalogue_that_nobody_looked_at(
    a: Path, root: Path, place: Place
) -> None:
    """All rows are looked at before anything is believed; that is not done at once."""
    catalogue = Catalogue(DatabaseCatalogue(place.database), place.vault.derive)
    anew = Content(
        root=root,
        vault=place.vault,
        locks=DatabaseLocks(place.database),
        provenance=Provenance(catalogue),
        encrypt=("*.ipynb",),
    )
    assert anew.read_at_once(a, ALICE) is None
    assert anew.read(a, ALICE).data == b"a3"
    assert anew.read_at_once(a, ALICE) is not None


@pytest.mark.parametrize(("attack", "error"), ATTACKS.values(), ids=ATTACKS)
def test_saving_mends(
    content: Content, a: Path, b: Path, attack: Callable[[Path, Path], object], error: type
) -> None:
    """Whoever has the file open saves it as the file it was, whatever was put there meanwhile."""
    before = Header.parse(a.read_bytes())
    attack(a, b)
    assert issubclass(error, NotAsLeft)
    save(content, a, b"a4")
    after = Header.parse(a.read_bytes())
    assert content.read(a, ALICE).data == b"a4"
    assert after.file_id == before.file_id
    assert after.file_version == before.file_version + 1


def test_checkpoint_put_in_its_place(content: Content, a: Path, root: Path) -> None:
    """A checkpoint is no live file, wherever it lies."""
    content.checkpoints.keep(a, root / "kept", ALICE)
    shutil.copy(root / "kept", a)
    with pytest.raises(CorruptFile, match="is a checkpoint"):
        content.read(a, ALICE)


def test_checkpoint_of_another(content: Content, a: Path, b: Path, root: Path) -> None:
    """The checkpoint of one file is not put back into another."""
    content.checkpoints.keep(b, root / "kept", ALICE)
    assert not content.checkpoints.can_restore(root / "kept", a)
    with pytest.raises(Swapped, match="checkpoint"):
        content.checkpoints.restore(root / "kept", a, ALICE)
    assert content.read(a, ALICE).data == b"a3"


def test_restoring_the_last_good_one(content: Content, a: Path, b: Path, root: Path) -> None:
    """The file's own checkpoint can be restored over whatever was put in its place."""
    content.checkpoints.keep(a, root / "kept", ALICE)
    shutil.copy(b, a)
    assert content.checkpoints.can_restore(root / "kept", a)
    content.checkpoints.restore(root / "kept", a, ALICE)
    assert content.read(a, ALICE).data == b"a3"


def test_damaged_is_damaged(content: Content, a: Path) -> None:
    """A file that does not open is called damaged, not another version that could be accepted."""
    blob = bytearray(a.read_bytes())
    blob[50] ^= 1  # of its version number
    a.write_bytes(blob)
    for read in ways_to_read(content, a):
        with pytest.raises(CorruptFile):
            read()


def test_another_vaults(content: Content, a: Path) -> None:
    """Another vault's file in its place does not open, and cannot be accepted."""
    keyring, key = Keyring.create("eve", "eve's own long password")
    eve = Vault(keyring)
    eve.unseal(key)
    a.write_bytes(eve.seal_bytes(b"eve", file_class=FileClass.CONTENT))
    with pytest.raises(WrongKey):
        content.read(a, ALICE)


def replaced_by_link(a: Path, target: Path) -> None:
    """Let a link take the place of a file."""
    a.unlink()
    a.symlink_to(target)


LINKS: dict[str, tuple[Callable[[Path, Path], object], type[NotAsLeft]]] = {
    "to another file": (lambda _, b: b, Swapped),
    "to an older version": (
        lambda a, _: shutil.copy(old(a, 1), a.with_name("hidden")),
        RolledBack,
    ),
    "to a plain file": (lambda a, _: shutil.copy(__file__, a.with_name("hidden")), Unsealed),
}


@pytest.mark.parametrize(("target", "error"), LINKS.values(), ids=LINKS)
def test_replaced_by_a_link(
    place: Place,
    content: Content,
    a: Path,
    b: Path,
    target: Callable[[Path, Path], Path],
    error: type[NotAsLeft],
) -> None:
    """A link in the place of a file is asked for what was left there; accepted, it is a link."""
    replaced_by_link(a, target(a, b))
    for read in ways_to_read(content, a):
        with pytest.raises(error):
            read()
    for start in (a, a.parent):
        found = reviewing.review(start, place.provenance, place.vault).found
        assert (a, error.reason) in [(one.path, one.finding.value) for one in found]
    reviewing.accept([a], place.provenance, place.vault)
    assert content.read(a, ALICE).data == content.read(a.resolve(), ALICE).data


def test_a_folder_replaced_by_a_link(place: Place, content: Content, root: Path) -> None:
    """A folder that was put back under another name does not pass by a link to it."""
    folder = root / "f"
    folder.mkdir()
    one = save(content, folder / "one.ipynb", b"1")
    shutil.copytree(folder, root / "g")
    save(content, one, b"2")
    shutil.rmtree(folder)
    folder.symlink_to("g")
    with pytest.raises(RolledBack):
        content.read(one, ALICE)
    for start in (one, folder, root):
        found = reviewing.review(start, place.provenance, place.vault).found
        assert one in [each.path for each in found]


def test_moved_and_something_in_its_place(content: Content, a: Path, b: Path, root: Path) -> None:
    """What was put in the place of a file does not make an older version elsewhere a copy."""
    shutil.copy(old(a, 1), root / "new.ipynb")
    for puts in (lambda: a.write_bytes(b""), lambda: shutil.copy(b, a), a.unlink):
        puts()
        with pytest.raises(RolledBack):
            content.read(root / "new.ipynb", ALICE)


def test_the_place_that_a_file_left(content: Content, a: Path, root: Path) -> None:
    """What was planted where a file was moved away from is found after that was opened, too."""
    a.rename(root / "moved.ipynb")
    a.write_bytes(b"planted")
    assert content.read(root / "moved.ipynb", ALICE).data == b"a3"
    with pytest.raises(Unsealed):
        content.read(a, ALICE)


def test_a_planted_header(content: Content, a: Path, root: Path) -> None:
    """Content is not sealed as another file, and as newer, because a planted header says so."""
    blob = bytearray(a.read_bytes())
    blob[44:52] = (1 << 60).to_bytes(8, "big")
    planted = root / "planted.ipynb"
    planted.write_bytes(blob)
    save(content, planted, b"not for a")
    upload = content.begin(planted, ALICE)
    upload.update(b"not for a either")
    upload.commit()
    assert content.read(planted, ALICE).data == b"not for a either"
    planted.replace(a)
    with pytest.raises(Swapped):
        content.read(a, ALICE)


def test_saved_over_a_newer_one(place: Place, content: Content, a: Path) -> None:
    """What is saved over a newer version from elsewhere is newer; a planted one counts for none."""
    header = Header.parse(a.read_bytes())
    newer = place.vault.seal_bytes(
        b"a9", file_class=FileClass.CONTENT, file_id=header.file_id, file_version=9
    )
    a.write_bytes(newer)
    save(content, a, b"a10")
    assert Header.parse(a.read_bytes()).file_version == 10
    a.write_bytes(newer)
    with pytest.raises(RolledBack):
        content.read(a, ALICE)
    a.write_bytes(newer[:44] + (1 << 60).to_bytes(8, "big") + newer[52:])
    save(content, a, b"a11")
    assert Header.parse(a.read_bytes()).file_version == 11


@pytest.mark.parametrize(("attack", "error"), ATTACKS.values(), ids=ATTACKS)
def test_copying_a_folder(
    content: Content, root: Path, attack: Callable[[Path, Path], object], error: type
) -> None:
    """A folder is not copied with what is not as it was left: the copy would open unasked."""
    folder = root / "f"
    folder.mkdir()
    a, b = folder / "a.ipynb", folder / "b.ipynb"
    for number in (1, 2, 3):
        save(content, a, b"a%d" % number)
        shutil.copy(a, root.parent / f"a.{number}")
        shutil.copy(a, root / f"a.{number}")
    save(content, b, b"b1")
    attack(a, b)
    with pytest.raises(error):
        content.moving.copy_folder(folder, root / "copy")
    assert not (root / "copy").exists()
    save(content, a, b"a4")
    save(content, b, b"b2")
    content.moving.copy_folder(folder, root / "copy")
    assert content.read(root / "copy" / "a.ipynb", ALICE).data == b"a4"


def test_copying_a_folder_while_nothing_is_believed(
    place: Place, content: Content, a: Path, root: Path
) -> None:
    """Nor while the catalogue itself is in doubt."""
    with place.database.writing() as connection:
        connection.exec_driver_sql("DELETE FROM catalogue")
    assert not place.provenance.is_whole(again=True)
    (root / "f").mkdir()
    shutil.copy(a, root / "f" / "a.ipynb")
    with pytest.raises(Unchecked):
        content.moving.copy_folder(root / "f", root / "copy")
    (root / "kept").write_bytes(b"planted")
    with pytest.raises(Unchecked):
        content.checkpoints.restore(root / "kept", a, ALICE)


def test_a_plain_checkpoint(content: Content, a: Path, root: Path) -> None:
    """A plain checkpoint is not put back over what is encrypted; over a plain file it is."""
    (root / "kept").write_bytes(b"planted")
    with pytest.raises(Unsealed, match="checkpoint"):
        content.checkpoints.restore(root / "kept", a, ALICE)
    assert content.read(a, ALICE).data == b"a3"
    (root / "plain.txt").write_bytes(b"now")
    content.checkpoints.restore(root / "kept", root / "plain.txt", ALICE)
    assert content.read(root / "plain.txt", ALICE).data == b"planted"


# ── what stays convenient ───────────────────────────────────────────────────────────────────────


def test_copies_and_moves(content: Content, a: Path, root: Path) -> None:
    """A copy, a moved file and a moved folder open without a question, and can be saved."""
    copy, moved = root / "copy.ipynb", root / "x" / "moved.ipynb"
    shutil.copy(a, copy)
    assert content.read(copy, ALICE).data == b"a3"
    moved.parent.mkdir()
    a.rename(moved)
    assert content.read(moved, ALICE).data == b"a3"
    moved.parent.rename(root / "y")
    assert content.read(root / "y" / "moved.ipynb", ALICE).data == b"a3"
    save(content, root / "y" / "moved.ipynb", b"a4")
    save(content, copy, b"copy 2")
    assert content.read(copy, ALICE).data == b"copy 2"


def test_moved_and_rolled_back(content: Content, a: Path, root: Path) -> None:
    """An older version is found at a new place as well, if the file is gone from the old one."""
    shutil.copy(old(a, 1), root / "new.ipynb")
    a.unlink()
    with pytest.raises(RolledBack):
        content.read(root / "new.ipynb", ALICE)


def test_newer_from_elsewhere(place: Place, content: Content, a: Path) -> None:
    """A newer version by this vault's own keys, as a synchronised folder brings, is no finding."""
    header = Header.parse(a.read_bytes())
    newer = place.vault.seal_bytes(
        b"a9", file_class=FileClass.CONTENT, file_id=header.file_id, file_version=9
    )
    a.write_bytes(newer)
    assert content.read(a, ALICE).data == b"a9"
    shutil.copy(old(a, 3), a)
    with pytest.raises(RolledBack):
        content.read(a, ALICE)


def test_same_number(place: Place, content: Content, a: Path) -> None:
    """Of two versions with one number, as two machines make them, only the one saved here opens."""
    header = Header.parse(a.read_bytes())
    a.write_bytes(
        place.vault.seal_bytes(
            b"other 3", file_class=FileClass.CONTENT, file_id=header.file_id, file_version=3
        )
    )
    with pytest.raises(RolledBack):
        content.read(a, ALICE)


def test_links(content: Content, a: Path, root: Path) -> None:
    """A file is one file by whatever link it is opened and saved."""
    (root / "link.ipynb").symlink_to(a)
    save(content, root / "link.ipynb", b"a4")
    assert content.read(a, ALICE).data == b"a4"
    content.moving.deleted(content.moving.check(root / "link.ipynb", ALICE))
    shutil.copy(old(a, 3), a)
    with pytest.raises(RolledBack):
        content.read(a, ALICE)


def test_moved_and_linked(content: Content, a: Path, root: Path) -> None:
    """A file, or its folder, that was moved and linked to from where it was just opens."""
    (root / "new").mkdir()
    a.rename(root / "new" / "a.ipynb")
    a.symlink_to("new/a.ipynb")
    assert content.read(a, ALICE).data == b"a3"
    save(content, a, b"a4")
    (root / "new").rename(root / "newer")
    (root / "new").symlink_to("newer")
    for path in (a, root / "new" / "a.ipynb", root / "newer" / "a.ipynb"):
        assert content.read(path, ALICE).data == b"a4"


def test_saves_during_an_upload(content: Content, a: Path) -> None:
    """An upload that ends after others have saved is the file then, and no older version."""
    upload = content.begin(a, ALICE)
    upload.update(b"uploaded")
    save(content, a, b"a4")
    shutil.copy(a, a.with_name("a4"))
    save(content, a, b"a5")
    upload.commit()
    assert content.read(a, ALICE).data == b"uploaded"
    a.with_name("a4").replace(a)
    with pytest.raises(RolledBack):
        content.read(a, ALICE)


def test_deleted_from_outside_and_saved(content: Content, root: Path) -> None:
    """What was sealed, though no pattern wants it, is sealed again if it is saved again."""
    text = root / "a.txt"
    text.write_bytes(b"1")
    content.seal_in_place(text)
    for number, begins in enumerate((False, True)):
        text.unlink()
        if begins:
            upload = content.begin(text, ALICE)
            upload.update(b"%d" % number)
            upload.commit()
        else:
            save(content, text, b"%d" % number)
        assert content.sealed(text)
        assert content.read(text, ALICE).data == b"%d" % number


def test_encrypted_during_a_plain_upload(content: Content, root: Path) -> None:
    """What began in plain text does not come in the place of what was encrypted since."""
    text = root / "a.txt"
    text.write_bytes(b"1")
    upload = content.begin(text, ALICE)
    upload.update(b"2")
    content.seal_in_place(text)
    with pytest.raises(Conflict, match="encrypted"):
        upload.commit()
    upload.abort()
    assert content.read(text, ALICE).data == b"1"


def test_copying_beside_an_upload(content: Content, a: Path, root: Path) -> None:
    """An upload that has not ended is no part of the folder, and no finding in it."""
    (root / "f").mkdir()
    inside = root / "f" / "a.ipynb"
    a.rename(inside)
    upload = content.begin(inside, ALICE)
    upload.update(b"half")
    inside.rename(a)
    content.moving.copy_folder(root / "f", root / "copy")
    upload.abort()
    assert list((root / "copy").iterdir()) == []


def test_moved_by_us(content: Content, root: Path) -> None:
    """What we move or delete ourselves is followed: neither its old nor its new place is a trap."""
    folder = root / "f"
    folder.mkdir()
    one = save(content, folder / "one.ipynb", b"1")
    move = content.moving.begin(folder, root / "g", ALICE)
    folder.rename(root / "g")
    move.finish()
    folder.mkdir()
    save(content, one, b"new")
    assert content.read(one, ALICE).data == b"new"
    moved = root / "g" / "one.ipynb"
    assert content.read(moved, ALICE).data == b"1"
    assert Header.parse(one.read_bytes()).file_id != Header.parse(moved.read_bytes()).file_id
    key = content.moving.check(moved, ALICE)
    moved.unlink()
    content.moving.deleted(key)
    moved.write_bytes(b"{}")
    assert content.read(moved, ALICE).data == b"{}"


def test_a_reader_beside_a_writer(content: Content, a: Path) -> None:
    """Nobody who reads while another saves is told of an attack."""
    stop, problems = threading.Event(), []

    def read() -> None:
        while not stop.is_set():
            try:
                content.read(a, ALICE)
                content.download(a, ALICE).close()
            except NotAsLeft as error:
                problems.append(error)

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for number in range(60):
        save(content, a, b"%d" % number)
        upload = content.begin(a, ALICE)
        upload.update(b"upload")
        upload.commit()
    stop.set()
    for reader in readers:
        reader.join()
    assert problems == []


def test_two_servers(place: Place, root: Path, tmp_path: Path) -> None:
    """Nor is anybody while two servers on one state save the same file."""
    alice = place.person("alice")
    place.vault.unseal(place.foundation.keyring.open_with_password("alice", alice.password))
    servers = [
        Content(
            root=root,
            vault=place.vault,
            locks=DatabaseLocks(place.database),
            provenance=Provenance(Catalogue(DatabaseCatalogue(place.database), place.vault.derive)),
            encrypt=("*.ipynb",),
            one_writer=OneWriter(tmp_path),
        )
        for _ in range(2)
    ]
    path = save(servers[0], root / "a.ipynb", b"first")
    problems: list[NotAsLeft] = []

    def work(content: Content) -> None:
        for number in range(40):
            try:
                save(content, path, b"%d" % number)
                content.read(path, ALICE)
            except NotAsLeft as error:
                problems.append(error)

    threads = [threading.Thread(target=work, args=(content,)) for content in servers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    assert servers[0].read(path, ALICE).data == b"39"


def test_an_upload_that_ends_after_the_keys_went(place: Place, content: Content, a: Path) -> None:
    """What could not be written down any more does not come in place."""
    upload = content.begin(a, ALICE)
    upload.update(b"late")
    before = a.read_bytes()
    place.vault.seal()
    with pytest.raises(VaultSealed):
        upload.commit()
    upload.abort()
    assert a.read_bytes() == before


# ── looking over and accepting ──────────────────────────────────────────────────────────────────


def test_accepting_a_tree(place: Place, content: Content, root: Path) -> None:
    """A tree that was brought back as it once was is accepted in one go, and then just opens."""
    paths = [root / "sub" / f"{number}.ipynb" for number in range(8)]
    paths[0].parent.mkdir()
    for path in paths:
        save(content, path, b"old")
    shutil.copytree(root, root.parent / "backup")
    for path in paths[:6]:
        save(content, path, b"new")
    shutil.rmtree(root)
    shutil.copytree(root.parent / "backup", root)

    reviewed = reviewing.review(root, place.provenance, place.vault)
    assert [(one.path, one.finding) for one in reviewed.found] == [
        (path, Finding.ROLLED_BACK) for path in paths[:6]
    ]
    assert reviewed.complete
    done = reviewing.accept([one.path for one in reviewed.found], place.provenance, place.vault)
    assert (done.accepted, done.failures) == (6, [])
    assert reviewing.review(root, place.provenance, place.vault).found == ()
    for path in paths:
        assert content.read(path, ALICE).data == b"old"
    save(content, paths[0], b"newest")
    assert Header.parse(paths[0].read_bytes()).file_version == 3, "the abandoned 2 stays unused"


@pytest.mark.parametrize(("attack", "error"), ATTACKS.values(), ids=ATTACKS)
def test_reviewed_and_accepted(
    place: Place,
    content: Content,
    a: Path,
    b: Path,
    attack: Callable[[Path, Path], object],
    error: type[NotAsLeft],
) -> None:
    """Each kind is found without opening anything, and opens as it is once it is accepted."""
    attack(a, b)
    found = {
        one.path: one for one in reviewing.review(a.parent, place.provenance, place.vault).found
    }
    assert isinstance(found[a].error, error)
    assert found[a].finding.value == error.reason
    reviewing.accept(list(found), place.provenance, place.vault)
    assert content.read(a, ALICE)


def test_what_cannot_be_accepted(place: Place, a: Path, b: Path) -> None:
    """What does not open is not accepted; it is named, and the rest is accepted."""
    a.write_bytes(a.read_bytes()[:-1])
    shutil.copy(b, b.with_name("c.ipynb"))
    done = reviewing.accept([a, b], place.provenance, place.vault)
    assert done.accepted == 1
    assert [path for path, _ in done.failures] == [a]


def test_an_altered_catalogue(place: Place, content: Content, a: Path, b: Path) -> None:
    """While the catalogue itself is in doubt nothing opens, until it is begun anew in one go."""
    with place.database.writing() as connection:
        connection.exec_driver_sql("DELETE FROM catalogue")
    assert not place.provenance.is_whole(again=True)
    with pytest.raises(Unchecked):
        content.read(b, ALICE)
    reviewing.accept([], place.provenance, place.vault)
    assert content.read(b, ALICE).data == b"b1"
    assert content.read(a, ALICE).data == b"a3"


def test_a_limit_of_time(place: Place, a: Path) -> None:
    """Looking that was cut short says so."""
    assert not reviewing.review(a.parent, place.provenance, place.vault, seconds=-1).complete


def test_closed_folders(place: Place, a: Path) -> None:
    """What is closed to everyone is not looked into."""
    shutil.copy(old(a, 1), a)
    assert not reviewing.review(a.parent, place.provenance, place.vault, closed=[a.parent]).found
    assert os.path.exists(a)
