from __future__ import annotations

import os
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

import pytest

from jupyter_secure.app.content import tree
from jupyter_secure.app.content.in_place import Hooks
from jupyter_secure.app.trees.migrate import Migrated, Migration
from jupyter_secure.app.trees.wanted import Candidate, ToOpen, ToSeal, Tree
from jupyter_secure.errors import InvalidInput, NotFound, SecureError, Swapped
from jupyter_secure.identity.accounts import Account
from jupyter_secure.locks import Lock, LockMode
from jupyter_secure.store.accounts import DatabaseAccounts
from jupyter_secure.store.database import Database
from jupyter_secure.store.locks import DatabaseLocks
from jupyter_secure.vault.catalogue_rows import Sealing
from jupyter_secure.vault.envelope import FileClass, Header, is_sealed
from jupyter_secure.vault.keyring import Keyring
from jupyter_secure.vault.keys import RootKey
from jupyter_secure.vault.vault import Vault

LONG_AGO = 1_000_000_000_123_456_789  # ns since the epoch
NOW = datetime(2030, 1, 1, tzinfo=timezone.utc)
CHECKPOINT = ".ipynb_checkpoints/a-checkpoint.ipynb"


@dataclass
class Place:
    """A folder, a vault, and locks."""

    folder: Path
    vault: Vault
    locks: DatabaseLocks

    def put(self, name: str, data: bytes | None = None) -> Path:
        """Write a file of long ago that only its group may read as well."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode() if data is None else data)
        path.chmod(0o640)
        os.utime(path, ns=(LONG_AGO, LONG_AGO))
        return path

    def to_seal(self, *patterns: str, marked: tuple[str, ...] = ()) -> ToSeal:
        """Return what is to be sealed here."""
        return ToSeal(self.tree(), self.vault, patterns or ("*.ipynb",), marked)

    def to_open(self) -> ToOpen:
        """Return what is to be opened here."""

        def vault_for(header: Header) -> Vault | None:
            return self.vault if header.vault_id == self.vault.vault_id else None

        return ToOpen(self.tree(), vault_for, self.locks)

    def tree(self) -> Tree:
        """Return all of it but the state directory."""
        return Tree(self.folder, self.folder, (self.folder / "state",))

    def seal(self, *patterns: str, marked: tuple[str, ...] = (), jobs: int = 2) -> Migrated:
        """Seal everything."""
        return Migration(self.to_seal(*patterns, marked=marked), jobs=jobs).run()

    def open(self, jobs: int = 2) -> Migrated:
        """Open everything."""
        return Migration(self.to_open(), jobs=jobs).run()

    def sealed(self) -> set[str]:
        """Return the names of the sealed files."""
        return {
            path.relative_to(self.folder).as_posix()
            for path in self.folder.rglob("*")
            if path.is_file() and is_sealed(path.read_bytes())
        }

    def contents(self) -> dict[str, bytes]:
        """Return what each file holds, opened if it is sealed."""
        found = {}
        for path in self.folder.rglob("*"):
            if path.is_file() and not path.is_symlink():
                blob = path.read_bytes()
                if is_sealed(blob):
                    expect = Header.parse(blob).file_class
                    blob = self.vault.open_bytes(blob, expect=expect).data
                found[path.relative_to(self.folder).as_posix()] = blob
        return found

    def header(self, name: str) -> Header:
        """Return the header of a sealed file."""
        return Header.parse((self.folder / name).read_bytes())


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    root = RootKey(bytes(range(32)))
    vault = Vault(Keyring.from_root(root, bytes(16), 1))
    vault.unseal(root)
    database = Database.create(tmp_path / "state.db")
    DatabaseAccounts(database).add(Account("alice", "", b"sealed", -1, True, NOW), ())
    (tmp_path / "work").mkdir()
    yield Place(tmp_path / "work", vault, DatabaseLocks(database))
    database.close()
    vault.seal()


def messages(done: Migrated) -> list[str]:
    return [str(failure.error) for failure in done.failures]


@pytest.mark.parametrize("jobs", [1, 2, 5])
def test_there_and_back(place: Place, jobs: int) -> None:
    """What the patterns want is sealed, checkpoints too, and opened again; times and modes stay."""
    names = ["a.ipynb", "sub/b.IPYNB", "sub/deep/c.ipynb", "data.csv", CHECKPOINT]
    for name in names:
        place.put(name)
    before = place.contents()
    done = place.seal(jobs=jobs)
    assert place.sealed() == set(names) - {"data.csv"}
    assert place.contents() == before
    assert (done.files_done, done.files_total, done.skipped, done.failures) == (4, 4, 0, [])
    assert done.bytes_done == done.bytes_total == sum(len(before[name]) for name in place.sealed())
    opened = place.open(jobs=jobs)
    assert place.sealed() == set()
    assert place.contents() == before
    assert (opened.files_done, opened.files_total, opened.failures) == (4, 4, [])
    assert opened.bytes_done == opened.bytes_total
    for name in names:
        facts = (place.folder / name).stat()
        assert facts.st_mtime_ns == LONG_AGO
        assert stat.S_IMODE(facts.st_mode) == 0o640


def test_marked_folders(place: Place) -> None:
    """In a marked folder every file is sealed, whatever its name; beside it those that match."""
    for name in ("data/x.csv", "data/deep/y.bin", "database/z.csv", "a.ipynb"):
        place.put(name)
    place.seal(marked=("data",))
    assert place.sealed() == {"data/x.csv", "data/deep/y.bin", "a.ipynb"}


def test_again(place: Place) -> None:
    """What is done is passed over, byte for byte; what came since is done."""
    place.put("a.ipynb")
    place.seal()
    before = (place.folder / "a.ipynb").read_bytes()
    place.put("b.ipynb")
    done = place.seal()
    assert (done.files_done, done.files_total, done.skipped) == (1, 1, 1)
    assert (place.folder / "a.ipynb").read_bytes() == before


def test_a_checkpoint_is_one_of_its_file(place: Place) -> None:
    """A checkpoint is sealed as one, with the identity of its file; alone with one of its own."""
    place.put("a.ipynb")
    place.put(CHECKPOINT)
    lonely = ".ipynb_checkpoints/gone-checkpoint.ipynb"
    place.put(lonely)
    place.seal(jobs=4)
    assert place.header(CHECKPOINT).file_class is FileClass.HISTORY
    assert place.header(CHECKPOINT).file_id == place.header("a.ipynb").file_id
    assert place.header(lonely).file_class is FileClass.HISTORY
    assert place.header(lonely).file_id != place.header("a.ipynb").file_id


def test_what_is_left_out(place: Place, tmp_path: Path) -> None:
    """Hidden files and folders, the state, links and what they lead to stay as they are."""
    outside = tmp_path / "outside.ipynb"
    outside.write_bytes(b"outside")
    for name in (".hidden/a.ipynb", ".a.ipynb", "state/a.ipynb", "a.ipynb"):
        place.put(name)
    (place.folder / "link.ipynb").symlink_to(outside)
    (place.folder / "folder").symlink_to(tmp_path)
    os.mkfifo(place.folder / "pipe.ipynb")
    done = place.seal()
    assert place.sealed() == {"a.ipynb"}
    assert (done.files_total, done.failures) == (1, [])
    assert outside.read_bytes() == b"outside"


def test_hidden_ones_are_opened(place: Place) -> None:
    """Whatever this vault sealed is opened, hidden too; the state directory is never touched."""
    for name in (".hidden/a.txt", "state/a.txt", "data.bin"):
        sealed = place.vault.seal_bytes(name.encode(), file_class=FileClass.CONTENT)
        place.put(name, sealed)
    done = place.open()
    assert done.files_done == 2
    assert place.sealed() == {"state/a.txt"}


def test_another_vaults(place: Place) -> None:
    """Another vault's file, and what is sealed and no document, is passed over."""
    root = RootKey(bytes(32))
    other = Vault(Keyring.from_root(root, b"o" * 16, 1))
    other.unseal(root)
    place.put("a.ipynb", other.seal_bytes(b"x", file_class=FileClass.CONTENT))
    place.put("b.ipynb", place.vault.seal_bytes(b"x", file_class=FileClass.STAGING))
    done = place.open()
    assert (done.files_total, done.skipped, done.failures) == (0, 2, [])
    assert len(place.sealed()) == 2


def test_a_damaged_file(place: Place) -> None:
    """A file that does not open is named and stays; the others are opened."""
    place.put("a.ipynb")
    place.put("b.ipynb", b"x" * 50_000)
    place.seal()
    path = place.folder / "b.ipynb"
    blob = path.read_bytes()
    path.write_bytes(blob[:-1] + bytes([blob[-1] ^ 1]))
    damaged = path.read_bytes()
    done = place.open()
    assert (done.files_done, done.files_total) == (1, 2)
    assert [failure.path for failure in done.failures] == [path]
    assert path.read_bytes() == damaged
    assert done.bytes_done < done.bytes_total


def test_hard_links(place: Place) -> None:
    """A file with other names is reported in both directions, and stays."""
    place.put("b.ipynb")
    place.put("a.ipynb").with_suffix(".txt").hardlink_to(place.folder / "a.ipynb")
    done = place.seal()
    assert done.files_done == 1
    assert "hard links" in messages(done)[0]
    assert place.sealed() == {"b.ipynb"}
    (place.folder / "c.ipynb").hardlink_to(place.folder / "b.ipynb")
    assert len(place.open().failures) == 2
    assert place.sealed() == {"b.ipynb", "c.ipynb"}


@pytest.mark.parametrize("mode", LockMode)
def test_locked_ones_stay_sealed(place: Place, mode: LockMode) -> None:
    """What is locked, its copies and its checkpoints are not opened, but named with the remedy."""
    for name in ("a.ipynb", CHECKPOINT, "free.ipynb"):
        place.put(name)
    place.seal()
    place.put("copy.ipynb", (place.folder / "a.ipynb").read_bytes())
    place.put("other.ipynb", place.vault.seal_bytes(b"x", file_class=FileClass.CONTENT))
    place.locks.put(Lock("a.ipynb", place.header("a.ipynb").file_id, mode, "alice", NOW))
    place.locks.put(Lock("other.ipynb", None, mode, "alice", NOW))
    done = place.open()
    assert place.sealed() == {"a.ipynb", CHECKPOINT, "copy.ipynb", "other.ipynb"}
    assert done.files_done == 1
    for message in messages(done):
        assert "alice" in message
        assert mode.value in message
        assert "jupyter secure unlock" in message


def test_locked_while_it_is_opened(place: Place) -> None:
    """A lock that comes while the file is in hand holds."""
    place.put("a.ipynb")
    place.seal()
    lock = Lock("a.ipynb", place.header("a.ipynb").file_id, LockMode.PRIVATE, "alice", NOW)

    @contextmanager
    def writing() -> Iterator[None]:
        place.locks.put(lock)
        yield

    done = Migration(place.to_open(), hooks=Hooks(writing=writing)).run()
    assert "locked" in messages(done)[0]
    assert place.sealed() == {"a.ipynb"}


@pytest.mark.parametrize("direction", ["seal", "open"])
def test_count(place: Place, direction: str) -> None:
    """A dry run names what would be done and what would be refused, and changes nothing at all."""
    for name in ("a.ipynb", "b.ipynb", "c.csv"):
        place.put(name)
    if direction == "open":
        place.seal()
        lock = Lock("b.ipynb", None, LockMode.READ_ONLY, "alice", NOW)
        place.locks.put(lock)
    else:
        (place.folder / "b.txt").hardlink_to(place.folder / "b.ipynb")
    debris = place.put(".~jsec-0123456789abcdef")
    wanted = place.to_open() if direction == "open" else place.to_seal()

    def facts() -> dict[Path, tuple[int, ...]]:
        stats = {path: path.stat() for path in place.folder.rglob("*")}
        return {path: (one.st_ino, one.st_mtime_ns, one.st_ctime_ns) for path, one in stats.items()}

    before = facts()
    found: list[Candidate] = []
    done = Migration(wanted).count(found.append)
    assert [one.path.name for one in found] == ["a.ipynb", "b.ipynb"]
    assert (done.files_total, done.files_done, len(done.failures)) == (2, 0, 1)
    assert facts() == before
    assert debris.exists()


def test_debris_goes(place: Place) -> None:
    """What killed runs left half-written is removed, also where nothing else is to be done."""
    for name in ("one/x.csv", "two/a.ipynb"):
        place.put(name)
    left = [place.put(f"{folder}/.~jsec-0123456789abcdef") for folder in ("one", "two", "three")]
    place.seal()
    assert [path for path in left if path.exists()] == []


def test_not_as_it_was_left(place: Place) -> None:
    """A plain file that was put where a sealed one was is reported, not sealed as if it were it."""
    place.put("a.ipynb")
    place.put("b.ipynb")
    told: list[tuple[Path, Sealing | None]] = []

    def check(path: Path, _: Sealing | None) -> None:
        if path.name == "a.ipynb":
            raise Swapped("Somebody put another one there.")

    hooks = Hooks(check=check, left=lambda *what: told.append(what))
    done = Migration(place.to_seal(), hooks=hooks).run()
    assert [failure.path.name for failure in done.failures] == ["a.ipynb"]
    assert [path.name for path, _ in told] == ["b.ipynb"]


def test_vault_sealed_on_the_way(place: Place) -> None:
    """When the keys go it ends with that as the reason; every file is plain or sealed, whole."""
    for number in range(20):
        place.put(f"{number:02}.ipynb", os.urandom(10_000))
    before = place.contents()

    def progress(done: Migrated) -> None:
        if done.files_done == 3:
            place.vault.seal()

    done = Migration(place.to_seal(), jobs=2, progress=progress).run()
    assert done.stopped
    assert 3 <= done.files_done < 20
    assert all("The vault is sealed" in message for message in messages(done))
    assert 1 <= len(done.failures) <= 2
    place.vault.unseal(RootKey(bytes(range(32))))
    assert place.contents() == before
    assert place.seal().skipped == done.files_done


@pytest.mark.parametrize("when", ["counting", "a big file", "between files"])
def test_stopped(place: Place, when: str) -> None:
    """It can be stopped while it counts, in the middle of a file, and between two."""
    for number in range(5):
        place.put(f"{number}.ipynb", os.urandom(3 << 20 if when == "a big file" else 100))
    before = place.contents()
    migration = Migration(place.to_seal(), jobs=1)

    def progress(done: Migrated) -> None:
        if (
            (when == "counting" and done.files_total == 2)
            or (when == "a big file" and done.bytes_done > 4 << 20)
            or (when == "between files" and done.files_done == 2)
        ):
            migration.stop()

    migration._progress = progress
    done = migration.run()
    assert done.stopped
    assert done.files_done == {"counting": 0, "a big file": 1, "between files": 2}[when]
    assert done.failures == []
    assert len(place.sealed()) == done.files_done
    assert place.contents() == before
    assert list(place.folder.rglob(".~jsec-*")) == []


def test_removed_meanwhile(place: Place) -> None:
    """A file that is removed before it is its turn is no failure."""
    place.put("a.ipynb")
    place.put("b.ipynb")

    def progress(done: Migrated) -> None:
        if done.counted:
            (place.folder / "b.ipynb").unlink(missing_ok=True)

    done = Migration(place.to_seal(), jobs=1, progress=progress).run()
    assert (done.files_done, done.failures) == (1, [])


def test_a_bug_is_not_swallowed(place: Place) -> None:
    """An error that nobody expects ends it and is raised, whichever thread it came up in."""
    for number in range(10):
        place.put(f"{number}.ipynb")
    main = threading.current_thread()

    def left(_: Path, __: Sealing | None) -> None:
        if threading.current_thread() is not main:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        Migration(place.to_seal(), hooks=Hooks(left=left), jobs=8).run()


@pytest.mark.parametrize("direction", [Place.to_seal, Place.to_open])
@pytest.mark.parametrize(
    ("folder", "error"),
    [("missing", NotFound), ("a.ipynb", InvalidInput), ("state/x", InvalidInput)],
)
def test_no_folder(
    place: Place,
    direction: Callable[[Place], ToSeal | ToOpen],
    folder: str,
    error: type[SecureError],
) -> None:
    """What is no folder, or holds the keys, is refused before anything is done."""
    place.put("a.ipynb")
    place.put("state/x/b.ipynb")
    wanted = direction(place)
    wanted._tree = Tree(place.folder / folder, place.folder, (place.folder / "state",))
    with pytest.raises(error):
        Migration(wanted).run()
    with pytest.raises(error):
        Migration(wanted).count()


def test_names_count_from_the_root(place: Place) -> None:
    """Below a folder of the root, patterns with a slash mean what they mean for the server."""
    for name in ("patients/x.csv", "other/x.csv"):
        place.put(name)
    for folder in ("patients", "other"):
        wanted = ToSeal(Tree(place.folder / folder, place.folder), place.vault, ("patients/*",))
        Migration(wanted).run()
    assert place.sealed() == {"patients/x.csv"}


@pytest.mark.parametrize("what", ["folder", "file"])
@pytest.mark.parametrize("when", ["listed", "looked at", "read"])
def test_what_becomes_a_link_meanwhile(
    place: Place, monkeypatch: pytest.MonkeyPatch, what: str, when: str
) -> None:
    """Whoever may write the folder cannot lead it out of there: other places stay as they are."""
    elsewhere = place.folder.parent / "elsewhere"
    elsewhere.mkdir()
    secret = elsewhere / "b.ipynb"
    secret.write_bytes(place.vault.seal_bytes(b"somebody else's", file_class=FileClass.CONTENT))
    before = secret.read_bytes()
    place.put("a/a.ipynb")
    place.put("shared/b.ipynb", before)

    def swap(*_: object) -> None:
        shared = place.folder / "shared"
        if shared.is_symlink() or (shared / "b.ipynb").is_symlink():
            return
        if what == "folder":
            shared.rename(place.folder / "away")
            shared.symlink_to(elsewhere)
        else:
            (shared / "b.ipynb").unlink()
            (shared / "b.ipynb").symlink_to(secret)

    wanted = place.to_open()
    true_is_temporary, true_turn, rounds = tree.is_temporary, wanted.turn, iter((False, True))

    def is_temporary(name: str) -> bool:
        if name == "b.ipynb" and next(rounds):  # after the counting
            swap()
        return true_is_temporary(name)

    def turn(candidate: Candidate, hooks: Hooks) -> bool:
        swap()
        return true_turn(candidate, hooks)

    if when == "listed":
        monkeypatch.setattr(tree, "is_temporary", is_temporary)
    elif when == "looked at":
        monkeypatch.setattr(wanted, "turn", turn)
    hooks = Hooks(writing=lambda: nullcontext(swap())) if when == "read" else Hooks()
    Migration(wanted, hooks=hooks, jobs=1).run()
    shared = place.folder / "shared"
    assert shared.is_symlink() or (shared / "b.ipynb").is_symlink()
    assert secret.read_bytes() == before
    assert not [one for one in elsewhere.iterdir() if one != secret]
