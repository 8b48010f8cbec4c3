"""Killed at any moment: what is on the disk afterwards is whole, sealed, and not less than told."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from support.crash import (
    CANARY,
    DATABASE,
    FILES,
    PASSWORD,
    PLAIN,
    USER,
    Place,
    furnish,
    version_of,
)
from support.home import bare_variables

from jupyter_secure.app.setup import set_up, state_folder
from jupyter_secure.app.state import State
from jupyter_secure.crypto.kdf import OWASP_MINIMUM
from jupyter_secure.identity.sessions import SessionPolicy
from jupyter_secure.store.accounts import DatabaseAccounts
from jupyter_secure.store.atomic import remove_debris
from jupyter_secure.store.locks import DatabaseLocks
from jupyter_secure.store.sessions import DatabaseSessions
from jupyter_secure.store.vault_file import load_keyring
from jupyter_secure.vault.envelope import MAGIC, FileClass
from jupyter_secure.vault.keyring import Keyring

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(sys.platform == "win32", reason="there is no fork and no SIGKILL"),
]

KILLED = -9
SEED = 20263


@dataclass
class Midwife:
    """Gives life to one writer after the other, and takes it."""

    place: Place
    home: Path
    process: subprocess.Popen[str] = field(repr=False)
    lives: int = 0
    #: The last version of each thing whose writer lived to see the end of it.
    answered: dict[str, int] = field(default_factory=dict)
    #: That, or what was found on the disk since.
    told: dict[str, int] = field(default_factory=dict)
    #: The version that was being written when the end came.
    begun: dict[str, int] = field(default_factory=dict)

    def life(self, *works: str, **end: float) -> bool:
        """Let a writer live; return whether it was killed, False if it was done before."""
        self.lives += 1
        self.place.notes.unlink(missing_ok=True)
        wish = {"works": works, "version": self.lives * 100_000, **end}
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(wish) + "\n")
        self.process.stdin.flush()
        status = int(self.process.stdout.readline())
        assert status in (0, KILLED), "the writer failed of something else; see above"
        self._take_notes()
        return status == KILLED

    def _take_notes(self) -> None:
        if not self.place.notes.exists():
            return
        *lines, _torn = self.place.notes.read_text().split("\n")
        for line in lines:
            what, name, version = line.split()
            if what == "done":
                self.told[name] = self.answered[name] = int(version)
            else:
                self.begun[name] = int(version)

    def check(self, name: str, version: int) -> None:
        """Check that what is found is what was told last, or what was being written."""
        told = self.told.get(name, 0)
        assert version in {told, max(told, self.begun.get(name, 0))}, f"{name} went back, or ahead"
        self.told[name] = version  # and there it stays


@pytest.fixture(scope="module")
def keyring() -> Keyring:
    keyring, root = Keyring.create(USER, PASSWORD, profile=OWASP_MINIMUM)
    return keyring.add_password_slot(root, "bob", PASSWORD + "!", profile=OWASP_MINIMUM)


@pytest.fixture(scope="module")
def midwife(keyring: Keyring, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Midwife]:
    place = furnish(tmp_path_factory.mktemp("place"), keyring)
    home = tmp_path_factory.mktemp("home")
    process = subprocess.Popen(
        [sys.executable, "-m", "support.crash", str(place.folder)],
        env=bare_variables(home),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield Midwife(place, home, process)


# ── what must hold after every kill ─────────────────────────────────────────────────────────────


def check_files(midwife: Midwife) -> int:
    """Check every file of the place, clear up, and return how many temporary files there were."""
    root = midwife.place.root
    left = [path for path in root.rglob(".~jsec-*") if path.is_file()]
    for path in left:
        # Whatever there is of it begins as a sealed file does, or is of the file that is plain.
        held = path.read_bytes()
        assert MAGIC.startswith(held[: len(MAGIC)]) or PLAIN.startswith(held), f"{path} is plain"
    removed = sum(remove_debris(path) for path in (root, *folders(root)))
    assert removed == len(left), "what a dead writer left was not recognised"
    moved = list(root.glob("moved-*.ipynb"))
    assert len(moved) == 1
    assert version_in(midwife, moved[0], "moved.ipynb") == 0
    for name in ("saved.ipynb", "uploaded.ipynb", "kept.ipynb"):
        midwife.check(name, version_in(midwife, root / name, name))
    version_in(midwife, root / "kept-checkpoint.ipynb", "kept.ipynb", FileClass.HISTORY)
    version_in(midwife, root / "restored.ipynb", "kept.ipynb")
    for path in (root / "plain.csv", *root.glob("copy-*/plain.csv")):
        blob = path.read_bytes()
        if blob.startswith(MAGIC):
            blob = midwife.place.vault.open_bytes(blob, expect=FileClass.CONTENT).data
        assert blob == PLAIN
    for copy in root.glob("copy-*"):
        for path in copy.glob("*.ipynb"):
            assert version_in(midwife, path, "inner.ipynb") == 0
        shutil.rmtree(copy)
    kept_keys = load_keyring(midwife.place.folder / "state")
    assert {slot.name for slot in kept_keys.slots} in ({USER}, {USER, "bob"})
    state = midwife.place.folder / "state"
    assert all(path.name[:7] != ".~jsec-" or remove_debris(state) for path in state.iterdir())
    return len(left)


def folders(root: Path) -> list[Path]:
    return [path for path in root.rglob("*") if path.is_dir()]


def version_in(midwife: Midwife, path: Path, name: str, kind: FileClass = FileClass.CONTENT) -> int:
    """Return which version a file is; fails unless it is sealed, authentic and whole."""
    blob = path.read_bytes()
    assert blob.startswith(MAGIC)
    return version_of(midwife.place.vault.open_bytes(blob, expect=kind).data, name)


def check_database(midwife: Midwife) -> None:
    """Check that what belongs together is there together, and that what was told is there."""
    database = midwife.place.database()  # which asks SQLite whether it is whole
    try:
        locks = DatabaseLocks(database)
        held = sorted(len(locks.under(f"folder-{end}")) for end in (0, 1))
        assert held in ([0, 3], [3, 3]), "all of them at one end at least"
        accounts = DatabaseAccounts(database)
        account = accounts.get(USER)
        assert account is not None
        # A code that was used, and answered for, stays used.
        told = midwife.answered.get("step")
        midwife.check("step", max(account.totp_last_step, 0))
        if told is not None:
            (last,) = (
                one
                for one in DatabaseSessions(database).of_run("run")
                if one.public_id == str(told)
            )
            assert last.elevated_until is not None
        for one in accounts.list():
            if one.username != USER:
                assert accounts.remaining_recovery_codes(one.username) == 10
        if (added := midwife.answered.get("account")) is not None:
            assert accounts.get(f"u{added}") is not None
    finally:
        database.close()


def holding_canary(folder: Path) -> list[Path]:
    return [
        path
        for path in folder.rglob("*")
        if path.is_file() and CANARY.encode() in path.read_bytes()
    ]


# ── at every step ───────────────────────────────────────────────────────────────────────────────


def each_step(midwife: Midwife, work: str) -> Iterator[int]:
    """Kill a writer at its first call, the next one at its second, until one is done before."""
    for step in range(1, 1000):
        if not midwife.life(work, kill_at=step):
            assert step > 1, "nothing was trapped"
            return
        yield step
    raise AssertionError("it never ends")


@pytest.mark.parametrize("work", FILES)
def test_killed_at_each_step(midwife: Midwife, work: str) -> None:
    """Wherever in its calls to the system a writer dies, each file is whole, old or new."""
    left = sum(check_files(midwife) for _ in each_step(midwife, work))
    check_files(midwife)
    assert holding_canary(midwife.place.folder) == []
    # It did die in the middle of things.
    assert left or work in ("rename", "keys")


def init_survived(midwife: Midwife) -> bool:
    """Check what a killed `init` left: nothing that is in the way, or all of it."""
    state = midwife.home / "data" / "secure"
    settings = midwife.home / "config" / "jupyter_server_config.json"
    assert not settings.exists() or json.loads(settings.read_bytes())
    if not state_folder.is_set_up(state):
        state_folder.check_free(state)
        assert not settings.exists(), "settings that lead to no state"
        return False
    opened = State.open(state, SessionPolicy())
    assert [account.username for account in opened.accounts.list()] == [USER]
    opened.close()
    return True


@pytest.fixture
def here(midwife: Midwife, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let this process find the midwife's home as its own."""
    for name in ("data", "config", "ipython"):
        shutil.rmtree(midwife.home / name, ignore_errors=True)
    for name, value in bare_variables(midwife.home).items():
        if name.startswith(("JUPYTER", "IPYTHON", "HOME")):
            monkeypatch.setenv(name, value)
    return midwife.home


def test_init_killed_at_each_step(midwife: Midwife, here: Path) -> None:
    """Wherever `init` dies, it can be run again, or is complete but for settings it then adds."""
    outcomes = set()
    for step in each_step(midwife, "init"):
        survived = init_survived(midwife)
        outcomes.add(survived)
        if survived:
            set_up.turn_on_again()
        elif step % 8:
            continue  # the next one begins on top of what this one left
        else:
            assert not midwife.life("init")
            assert init_survived(midwife)
        assert set_up.turn_on_again() is None, "its settings are not in effect"
        for name in ("data", "config", "ipython"):
            shutil.rmtree(here / name, ignore_errors=True)
    assert outcomes == {True, False}


# ── at any moment ───────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("works", "kills", "longest"),
    [(FILES, 150, 0.06), (("save",), 100, 0.03), (("upload",), 50, 0.03), (DATABASE, 100, 0.04)],
    ids=["everything", "saves", "uploads", "database"],
)
def test_killed_at_any_moment(
    midwife: Midwife, works: tuple[str, ...], kills: int, longest: float
) -> None:
    """Hundreds of deaths at random moments leave whole versions, none older than was told."""
    rng = random.Random(SEED)
    left = 0
    for _ in range(kills):
        assert midwife.life(*works, delay=rng.uniform(0, longest))
        left += check_files(midwife)
        if works == DATABASE:
            check_database(midwife)
    assert holding_canary(midwife.place.folder) == []
    assert midwife.told, "no writer came far enough to be killed while writing"
    assert left or works == DATABASE
