"""A place for writers that are killed: a vault, a database and content whose versions are known.

``python -m support.crash FOLDER`` is the midwife: it has everything imported and the vault open,
and for each line that it is sent it forks a writer, kills it, and says how it ended. A fork costs
milliseconds where a process costs a second.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from functools import partial
from pathlib import Path
from typing import Any

from support import migrating
from support.traps import killing, trapped

from jupyter_secure.app.content.content import Content
from jupyter_secure.app.content.provenance import Provenance
from jupyter_secure.app.content.uploads import FIRST, LAST, Uploads
from jupyter_secure.app.setup import set_up
from jupyter_secure.identity.accounts import Account
from jupyter_secure.identity.sessions import Session
from jupyter_secure.identity.throttle import PER_ADDRESS
from jupyter_secure.locks import Actor, Lock, LockMode
from jupyter_secure.store.accounts import DatabaseAccounts
from jupyter_secure.store.atomic import write_atomically
from jupyter_secure.store.attempts import DatabaseAttempts
from jupyter_secure.store.catalogue import DatabaseCatalogue
from jupyter_secure.store.database import Database
from jupyter_secure.store.locks import DatabaseLocks
from jupyter_secure.store.sessions import DatabaseSessions
from jupyter_secure.store.vault_file import load_keyring, save_keyring
from jupyter_secure.vault.catalogue import Catalogue
from jupyter_secure.vault.keyring import Keyring
from jupyter_secure.vault.vault import Vault

CANARY = "canary-51c4e7"
USER, PASSWORD = "alice", "a red kite over Talgarth at noon"
ALICE = Actor(USER, elevated=True, session="s1")
NOW = datetime(2030, 1, 1, tzinfo=timezone.utc)
#: In bytes: less than a sealed chunk, around one, some, and many.
_SIZES = (10, 16_200, 16_500, 300_000, 1_500_000)
_LOCKED = tuple(f"folder-0/{name}.ipynb" for name in "abc")


def data_of(name: str, version: int) -> bytes:
    """Return the content of a file in one version: it says which, and how long it must be."""
    size = _SIZES[version % len(_SIZES)]
    text = {
        "canary": CANARY,
        "name": name,
        "version": version,
        "filler": "0123456789" * (size // 10),
    }
    return json.dumps(text).encode()


def version_of(data: bytes, name: str) -> int:
    """Return the version that ``data`` is, whole; fails for anything else."""
    version = int(json.loads(data)["version"])
    assert data == data_of(name, version), f"{name} is no whole version"
    return version


@dataclass
class Place:
    """A folder with notebooks, keys and a database."""

    folder: Path
    keyring: Keyring = field(repr=False)
    vault: Vault = field(repr=False)

    @classmethod
    def open(cls, folder: Path) -> Place:
        """Open the keys; the database is each process's own."""
        keyring = load_keyring(folder / "state")
        vault = Vault(keyring)
        vault.unseal(keyring.open_with_password(USER, PASSWORD))
        return cls(folder, keyring, vault)

    @property
    def root(self) -> Path:
        """The folder of the notebooks."""
        return self.folder / "root"

    @property
    def tree(self) -> Path:
        """A folder that is sealed and opened as a whole; see ``support.migrating``."""
        return self.folder / "tree"

    @property
    def notes(self) -> Path:
        """What writers note down: when they begin to write something, and when it is written."""
        return self.folder / "notes"

    def database(self) -> Database:
        """Open the database anew."""
        return Database.open(self.folder / "state" / "state.db")

    def content(self, database: Database) -> Content:
        """Return the guard of the notebooks."""
        return Content(
            root=self.root,
            vault=self.vault,
            locks=DatabaseLocks(database),
            provenance=Provenance(Catalogue(DatabaseCatalogue(database), self.vault.derive)),
            encrypt=("*.ipynb",),
        )


@dataclass
class Writer:
    """One life of a process that writes."""

    place: Place
    version: int
    notes: int = field(init=False)
    content: Content = field(init=False)

    def __post_init__(self) -> None:
        self.notes = os.open(self.place.notes, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        self.database = self.place.database()
        self.content = self.place.content(self.database)
        self.uploads = Uploads(self.content, idle_seconds=3600)

    def noted(self, name: str, work: Callable[[int], object]) -> None:
        """Do ``work`` for the next version of ``name`` between two notes."""
        self.version += 1
        self._note("begun", name)
        work(self.version)
        self._note("done", name)

    def _note(self, what: str, name: str) -> None:
        # One write, so that a note is there or not. It outlives the process, not the machine.
        _write(self.notes, f"{what} {name} {self.version}\n".encode())

    def close(self) -> None:
        """End this life in peace."""
        self.database.close()
        os.close(self.notes)

    def path(self, name: str) -> Path:
        return self.place.root / name

    # ── what it does ────────────────────────────────────────────────────────────────────────────

    def save(self, name: str = "saved.ipynb") -> None:
        """Save a notebook."""
        self.noted(
            name, lambda version: self.content.write(self.path(name), data_of(name, version), ALICE)
        )

    def upload(self) -> None:
        """Send a notebook in parts."""
        name = "uploaded.ipynb"

        def work(version: int) -> None:
            data = data_of(name, version)
            step = len(data) // 4
            parts = [data[at : at + step] for at in range(0, len(data), step)]
            for number, part in enumerate(parts[:-1], FIRST):
                self.uploads.take(self.path(name), number, part, ALICE)
            self.uploads.take(self.path(name), LAST, parts[-1], ALICE)

        self.noted(name, work)

    def checkpoint(self) -> None:
        """Save a notebook and keep a checkpoint of it."""
        self.save("kept.ipynb")
        self.noted(
            "checkpoint",
            lambda _: self.content.checkpoints.keep(
                self.path("kept.ipynb"), self.path("kept-checkpoint.ipynb"), ALICE
            ),
        )

    def restore(self) -> None:
        """Put the checkpoint back."""
        self.content.checkpoints.restore(
            self.path("kept-checkpoint.ipynb"), self.path("restored.ipynb"), ALICE
        )

    def rename(self) -> None:
        """Give a notebook its other name, as the contents manager does."""
        names = ["moved-0.ipynb", "moved-1.ipynb"]
        if self.path(names[1]).exists():
            names.reverse()
        old, new = map(self.path, names)
        move = self.content.moving.begin(old, new, ALICE)
        os.rename(old, new)
        move.finish()

    def seal(self) -> None:
        """Seal a plain file in place, which locking does. It holds no secret before."""
        path = self.path("plain.csv")
        if path.read_bytes() != PLAIN:
            write_atomically(path, PLAIN)
        self.content.hooks.left(path, None)
        self.content.seal_in_place(path)

    def copy_folder(self) -> None:
        """Copy a folder with plain and sealed files in it."""
        self.version += 1
        self.content.moving.copy_folder(self.path("folder"), self.path(f"copy-{self.version}"))

    def keys(self) -> None:
        """Write vault.json with one account more, and as it was."""
        keyring = self.place.keyring
        without = keyring.remove_slot(self.place.vault.root(), "bob")
        save_keyring(self.place.folder / "state", without)
        save_keyring(self.place.folder / "state", keyring)

    def seal_tree(self, jobs: int = 1) -> None:
        """Seal a whole folder."""
        migrating.turn(self.place.tree, self.place.vault, "seal", jobs=jobs)

    def open_tree(self, jobs: int = 1) -> None:
        """Open a whole folder for good."""
        migrating.turn(self.place.tree, self.place.vault, "open", jobs=jobs)

    def seal_trees(self) -> None:
        """Seal it, several files at a time."""
        self.seal_tree(jobs=3)

    def open_trees(self) -> None:
        """Open it, several files at a time."""
        self.open_tree(jobs=3)

    # ── the database ────────────────────────────────────────────────────────────────────────────

    def move_locks(self) -> None:
        """Move the locks of a folder."""
        locks = DatabaseLocks(self.database)
        ends = ["folder-0", "folder-1"]
        if all(locks.under(end) for end in ends):  # a life before this one ended between the two
            locks.forget(ends[1])
        if locks.under(ends[1]):
            ends.reverse()
        locks.copy(*ends)
        locks.forget(ends[0])

    def log_in(self) -> None:
        """Use up a code and begin a session."""

        def work(version: int) -> None:
            DatabaseAttempts(self.database).reserve(f"address:{version}", PER_ADDRESS, NOW)
            assert DatabaseAccounts(self.database).accept_step(USER, version)
            sessions = DatabaseSessions(self.database)
            sessions.add(session(version))
            assert sessions.elevate(str(version), NOW + timedelta(minutes=10))

        self.noted("step", work)

    def add_account(self) -> None:
        """Add an account with its recovery codes."""

        def work(version: int) -> None:
            account = Account(f"u{version}", "", b"sealed", -1, False, NOW)
            digests = [f"{version}-{code}".encode() for code in range(10)]
            DatabaseAccounts(self.database).add(account, digests)

        self.noted("account", work)


_write = os.write  # that of the notes is never trapped
PLAIN = b"a,b\n1,2\n" * 10_000
FILES = ("save", "upload", "checkpoint", "restore", "rename", "seal", "copy_folder", "keys")
DATABASE = ("move_locks", "log_in", "add_account")


def session(version: int) -> Session:
    """Return a session that tells its version."""
    number = str(version)
    return Session(number.encode(), number, USER, NOW, NOW, None, "::1", "Browser/1", "run")


def furnish(folder: Path, keyring: Keyring) -> Place:
    """Make a place in which everything that is written later is there once."""
    for name in ("root/folder", "state"):
        (folder / name).mkdir(parents=True)
    save_keyring(folder / "state", keyring)
    database = Database.create(folder / "state" / "state.db")
    DatabaseAccounts(database).add(Account(USER, "", b"sealed", -1, True, NOW), ())
    locks = DatabaseLocks(database)
    for path in _LOCKED:
        locks.put(Lock(path, path.encode()[:16].ljust(16), LockMode.PRIVATE, USER, NOW))
    place = Place.open(folder)
    content = place.content(database)
    for file, name in (
        ("saved.ipynb", "saved.ipynb"),
        ("uploaded.ipynb", "uploaded.ipynb"),
        ("kept.ipynb", "kept.ipynb"),
        ("moved-0.ipynb", "moved.ipynb"),
        ("folder/inner.ipynb", "inner.ipynb"),
    ):
        content.write(place.root / file, data_of(name, 0), ALICE)
    # The same file at another place, for which the checkpoints are good as well.
    shutil.copy(place.root / "kept.ipynb", place.root / "restored.ipynb")
    content.checkpoints.keep(place.root / "kept.ipynb", place.root / "kept-checkpoint.ipynb", ALICE)
    (place.root / "plain.csv").write_bytes(PLAIN)
    (place.root / "folder" / "plain.csv").write_bytes(PLAIN)
    database.close()
    return place


# ── the midwife ─────────────────────────────────────────────────────────────────────────────────


def _live(place: Place, prepared: set_up.Prepared, wish: dict[str, Any]) -> None:
    """Do one thing and die in the middle of it, or many until the end comes from outside."""
    works: list[Callable[[], object]]
    if wish["works"] == ["init"]:
        works = [partial(set_up.commit, prepared)]
    else:
        writer = Writer(place, wish["version"])
        works = [getattr(writer, name) for name in wish["works"]]
    if "kill_at" in wish:
        with trapped(killing(wish["kill_at"])):
            works[0]()
        return
    rng = random.Random(wish["version"])
    while works:
        rng.choice(works)()
        if wish["works"] == ["init"]:
            return


def _life(place: Place, prepared: set_up.Prepared, wish: dict[str, Any]) -> int:
    """Fork a writer, kill it when its time is up; return how it ended, negative for a signal."""
    child = os.fork()
    if child == 0:
        try:
            _live(place, prepared, wish)
        except BaseException:  # noqa: BLE001  # a fork must never go on as its parent
            traceback.print_exc()
            os._exit(70)
        os._exit(0)
    if "delay" in wish:
        time.sleep(wish["delay"])
        os.kill(child, signal.SIGKILL)  # not waited for yet, so the number is still its own
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def main(folder: str) -> None:
    place = Place.open(Path(folder))
    prepared = set_up.prepare(set_up.Wishes(USER, PASSWORD), NOW)
    place.database().close()  # what SQLAlchemy loads at its first use, each life would load again
    print("ready", flush=True)  # noqa: T201  # the answer on a pipe
    for line in sys.stdin:
        print(_life(place, prepared, json.loads(line)), flush=True)  # noqa: T201  # as above


if __name__ == "__main__":
    main(*sys.argv[1:])
