"""Git itself on sealed notebooks: what it shows, merges and stores, alone and for two people."""

from __future__ import annotations

import json
import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.gits import CANARY, Person, cell, edited, notebook, objects, person, vault_for_two
from support.home import PASSWORD, set_up
from support.live_server import Client, running

from jupyter_secure.crypto.kdf import OWASP_MINIMUM as CHEAP
from jupyter_secure.store.vault_file import load_keyring
from jupyter_secure.vault.envelope import is_sealed

pytestmark = pytest.mark.integration

FIRST = notebook(
    cell("import math", "a"), cell(f"x = '{CANARY}'\ny = 2\nz = 3", "b", output=CANARY)
)
NAME = "a.ipynb"


@pytest.fixture
def alice(tmp_path: Path) -> Iterator[Person]:
    """Alice, with the drivers in a new repository, one sealed notebook, and the vault open."""
    alice = person("alice", tmp_path / "alice", *vault_for_two())
    alice.git("init", "-qb", "main")
    alice.set_up()
    alice.commit(NAME, FIRST)
    alice.unlock()
    yield alice
    alice.lock()


@pytest.fixture
def both(alice: Person, tmp_path: Path) -> Iterator[tuple[Person, Person]]:
    """Alice, and Bob with a slot in the same vault and a clone at a machine of his own."""
    remote = tmp_path / "remote.git"
    alice.git("init", "-q", "--bare", "-b", "main", str(remote))
    alice.git("remote", "add", "origin", str(remote))
    alice.git("push", "-qu", "origin", "main")
    bob = person("bob", tmp_path / "bob", load_keyring(alice.state), alice.root)
    bob.git("clone", "-q", str(remote), ".")
    bob.set_up()
    bob.unlock()
    yield alice, bob
    bob.lock()


def branches(one: Person, ours: dict[str, object], theirs: dict[str, object]) -> None:
    """Let the notebook become ``theirs`` on a branch, and ``ours`` here."""
    one.git("checkout", "-qb", "theirs")
    one.commit(NAME, theirs)
    one.git("checkout", "-q", "main")
    one.commit(NAME, ours)


SHOWING = [
    ("log", "-p"),
    ("show",),
    ("diff", "HEAD~1"),
    ("diff", "HEAD~1", "HEAD"),
    ("blame", NAME),
    ("grep", "--textconv", "math", "HEAD"),
]


@pytest.mark.parametrize("command", SHOWING, ids=" ".join)
def test_git_shows_what_is_in_it(alice: Person, command: tuple[str, ...]) -> None:
    """While the vault is open, cells are seen; without it, nothing of them, and no failure."""
    alice.commit(NAME, edited(FIRST, 0, "import math, cmath"))
    assert "import math, cmath" in alice.git(*command)
    alice.lock()
    closed = alice.run("git", *command).stdout
    assert "math" not in closed
    assert CANARY not in closed
    if command[0] in ("log", "show", "diff"):
        assert "+sealed file, version 2, " in closed
        assert "bytes; `jupyter secure git unlock` shows it" in closed


def test_nothing_readable_is_stored(both: tuple[Person, Person]) -> None:
    """After merges, conflicts, stashes and a look at all of it, no file holds a word of it."""
    alice, bob = both
    branches(alice, edited(FIRST, 0, CANARY + "1"), edited(FIRST, 0, CANARY + "2"))
    assert alice.run("git", "merge", "theirs").returncode == 1
    alice.git("commit", "-qam", "conflicts and all")
    alice.save(NAME, edited(FIRST, 1, CANARY * 2))
    alice.git("stash", "-q")
    alice.git("stash", "pop", "-q")
    alice.git("commit", "-qam", "more")
    assert CANARY in alice.git("log", "-p")
    alice.git("push", "-q")
    alice.git("gc", "-q")
    bob.git("pull", "-q")
    assert CANARY in bob.git("show")
    everything = [alice.home, bob.home, alice.home.parent / "remote.git"]
    found = [data for folder in everything[2:] for data in objects(folder)]
    found += objects(alice.clone) + objects(bob.clone)
    for folder in everything:
        found += [path.read_bytes() for path in folder.rglob("*") if path.is_file()]
    assert len(found) > 50
    assert not [data for data in found if CANARY.encode() in data]


def test_nothing_readable_is_written_on_the_way(alice: Person) -> None:
    """While it merges and compares, no temporary file holds any of it."""
    seen: set[str] = set()
    leaks: list[str] = []
    over = threading.Event()

    def watch() -> None:
        while not over.is_set():
            for folder in (alice.temporary, alice.clone):
                for path in folder.rglob("*"):
                    try:
                        data = path.read_bytes()
                    except OSError:
                        continue
                    seen.add(path.name)
                    if CANARY.encode() in data:
                        leaks.append(path.name)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        branches(alice, edited(FIRST, 1, CANARY + "1"), edited(FIRST, 1, CANARY + "2"))
        alice.run("git", "merge", "theirs")
        alice.git("commit", "-qam", "conflict")
        alice.set_up("--by-cell")
        assert CANARY in alice.git("diff", "HEAD~1")
    finally:
        over.set()
        watcher.join()
    assert any(name.startswith(".merge_file") for name in seen)  # it did see what came and went
    assert not leaks


def test_a_merge(alice: Person) -> None:
    """Changes of different cells come together, sealed, as the version after both."""
    branches(alice, edited(FIRST, 0, "import cmath"), edited(FIRST, 1, "x = 9"))
    alice.git("merge", "-q", "theirs", "-m", "merged")
    assert alice.sources(NAME) == ["import cmath", "x = 9"]
    assert alice.version(NAME) == 3
    assert alice.git("status", "--porcelain") == ""


def test_lines_of_one_cell(alice: Person) -> None:
    """Changes of different lines of one cell come together too."""
    source = FIRST["cells"][1]["source"]
    branches(
        alice,
        edited(FIRST, 1, source.replace("x", "xx")),
        edited(FIRST, 1, source.replace("3", "33")),
    )
    alice.git("merge", "-q", "theirs", "-m", "merged")
    assert alice.sources(NAME)[1] == f"xx = '{CANARY}'\ny = 2\nz = 33"


def test_a_conflict(alice: Person) -> None:
    """A conflict is marked in its cell, in a sealed notebook that opens; and it is resolved."""
    branches(alice, edited(FIRST, 1, "x\ny = 7"), edited(FIRST, 1, "x\ny = 8"))
    done = alice.run("git", "merge", "theirs")
    assert done.returncode == 1
    assert "a.ipynb: conflicts." in done.stderr
    assert is_sealed((alice.clone / NAME).read_bytes())
    marked = alice.sources(NAME)[1]
    assert marked == "x\n<<<<<<< local\ny = 7\n=======\ny = 8\n>>>>>>> remote\n"
    alice.save(NAME, edited(FIRST, 1, "x\ny = 15"))
    alice.git("commit", "-qam", "resolved")
    assert "y = 15" in alice.git("show", "HEAD:./", "--", NAME) + alice.git("log", "-p", "-m", "-1")


def test_a_merge_while_it_is_closed(alice: Person) -> None:
    """Without the vault nothing is merged or lost; with it, one command merges the same."""
    branches(alice, edited(FIRST, 0, "import cmath"), edited(FIRST, 1, "x = 9"))
    before = (alice.clone / NAME).read_bytes()
    alice.lock()
    done = alice.run("git", "merge", "theirs")
    assert done.returncode == 1
    assert "The vault is not open for Git. Run `jupyter secure git unlock`." in done.stderr
    assert "git checkout --merge -- a.ipynb" in done.stderr
    assert (alice.clone / NAME).read_bytes() == before
    alice.unlock()
    alice.git("checkout", "--merge", "--", NAME)
    assert alice.sources(NAME) == ["import cmath", "x = 9"]


@pytest.mark.parametrize("command", ["rebase", "cherry-pick", "stash"])
def test_what_merges_too(alice: Person, command: str) -> None:
    """Rebasing, picking a commit and bringing back a stash merge as well."""
    ours, theirs = edited(FIRST, 0, "import cmath"), edited(FIRST, 1, "x = 9")
    if command == "stash":
        alice.save(NAME, theirs)
        alice.git("stash", "-q")
        alice.commit(NAME, ours)
        alice.git("stash", "pop")
    else:
        branches(alice, ours, theirs)
        alice.git(command, "theirs")
    assert alice.sources(NAME) == ["import cmath", "x = 9"]
    assert alice.version(NAME) == 3


def test_two_people(both: tuple[Person, Person]) -> None:
    """What each pushes the other reads and merges; it is no finding for either's catalogue."""
    alice, bob = both
    for one in both:
        assert accepting(one) == 0
    bob.commit(NAME, edited(FIRST, 1, "x = 'by Bob'"))
    bob.git("push", "-q")
    alice.commit(NAME, edited(FIRST, 0, "import cmath"))
    alice.git("pull", "-q", "--no-rebase", "--no-edit")
    assert alice.sources(NAME) == ["import cmath", "x = 'by Bob'"]
    alice.git("push", "-q")
    bob.git("pull", "-q")
    assert bob.sources(NAME) == alice.sources(NAME)
    assert "+x = 'by Bob'" in alice.git("log", "-p", "--author=bob")
    for one in both:
        assert accepting(one) == 0


def accepting(one: Person) -> int:
    """Return how ``vault accept --dry-run`` ends: with 1 if a file is not as it was left."""
    given = {"alice": "correct horse battery", "bob": "staple paper clip"}[one.name]
    arguments = ("vault", "accept", "--dry-run", "--username", one.name, "--password-stdin")
    return one.secure(*arguments, given=given).returncode


def test_who_has_no_slot_sees_nothing(both: tuple[Person, Person], tmp_path: Path) -> None:
    """Somebody with a vault of their own gets a line for each version, and no merge."""
    alice, _ = both
    eve = person("alice", tmp_path / "eve", *vault_for_two())
    eve.git("clone", "-q", str(tmp_path / "remote.git"), ".")
    eve.set_up()
    eve.unlock()
    shown = eve.git("log", "-p", "--", NAME)
    assert "It was sealed by another vault." in shown
    assert CANARY not in shown
    eve.lock()
    assert alice.git("log", "-p").count(CANARY)


def test_plain_and_sealed(alice: Person) -> None:
    """A branch on which the notebook is still plain merges into the sealed one, which stays so."""
    alice.git("checkout", "-qb", "theirs")
    (alice.clone / NAME).write_text(json.dumps(edited(FIRST, 1, "x = 9")))
    alice.git("commit", "-qam", "plain")
    alice.git("checkout", "-q", "main")
    alice.commit(NAME, edited(FIRST, 0, "import cmath"))
    alice.git("merge", "-q", "theirs", "-m", "merged")
    assert alice.sources(NAME) == ["import cmath", "x = 9"]
    assert alice.version(NAME) == 3


def test_a_damaged_one(alice: Person) -> None:
    """A damaged version has its line in the log, and is merged with nothing."""
    branches(alice, edited(FIRST, 0, "import cmath"), edited(FIRST, 1, "x = 9"))
    alice.git("checkout", "-q", "theirs")
    path = alice.clone / NAME
    path.write_bytes(path.read_bytes()[:-1])
    alice.git("commit", "-qam", "cut short")
    alice.git("checkout", "-q", "main")
    assert "It is damaged" in alice.git("log", "-p", "theirs")
    before = path.read_bytes()
    done = alice.run("git", "merge", "theirs")
    assert done.returncode == 1
    assert "was not merged" in done.stderr
    assert path.read_bytes() == before


def test_a_commit_in_plain_text_is_refused(alice: Person) -> None:
    """With the hook, a plain notebook is named and not committed; a sealed one is."""
    alice.set_up("--hook")
    (alice.clone / "plain one.ipynb").write_text(CANARY)
    alice.git("add", "-A")
    done = alice.run("git", "commit", "-qm", "oh")
    assert done.returncode == 1
    assert "plain one.ipynb: staged in plain text" in done.stderr
    alice.git("rm", "-qf", "plain one.ipynb")
    alice.commit(NAME, edited(FIRST, 0, "fine"))


def test_a_name_that_is_not_plain(alice: Person) -> None:
    """Names with spaces, quotes and leading dashes get through to the drivers."""
    for name in ("-a b'c\"$(x).ipynb", "ünï.ipynb"):
        alice.commit(name, FIRST)
        assert CANARY in alice.git("show")


def test_fifty_versions(alice: Person) -> None:
    """The log of fifty versions comes within the time that a person waits."""
    for number in range(50):
        alice.commit(NAME, edited(FIRST, 0, f"step {number}"))
    began = time.monotonic()
    shown = alice.git("log", "-p")
    assert shown.count("+step ") == 50
    assert time.monotonic() - began < 40  # 3 s where nothing else runs; much may run beside it


def test_the_drivers_taken_out(alice: Person) -> None:
    """--remove leaves the repository as it was, with what others wrote in the same files."""
    (alice.clone / ".gitattributes").write_text(
        "*.png binary\n" + (alice.clone / ".gitattributes").read_text()
    )
    alice.set_up("--hook")
    alice.set_up("--remove")
    assert (alice.clone / ".gitattributes").read_text() == "*.png binary\n"
    assert not (alice.clone / ".gitignore").exists()
    assert "jupyter-secure" not in (alice.clone / ".git" / "config").read_text()
    assert not (alice.clone / ".git" / "hooks" / "pre-commit").exists()
    assert CANARY not in alice.git("log", "-p")


def test_a_folder_of_modules_in_the_repository(alice: Person) -> None:
    """A repository that holds modules with the names of Python's own has them run by no driver."""
    for name in ("json", "argparse", "sqlite3", "nbdime", "socket", "_socket", "encodings"):
        (alice.clone / f"{name}.py").write_text(f"open('{alice.home}/ran', 'w')")
    branches(alice, edited(FIRST, 0, "import cmath"), edited(FIRST, 1, "x = 9"))
    alice.git("merge", "-q", "theirs", "-m", "merged")
    alice.git("log", "-p")
    alice.set_up("--by-cell", "--hook")
    alice.git("diff", "HEAD~1")
    alice.git("commit", "-q", "--allow-empty", "-m", "x")
    assert not (alice.home / "ran").exists()
    shutil.rmtree(alice.clone / ".git")


# ── beside a server ────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[Client, Person, Person]]:
    """A server's user, and somebody with a slot in the same vault who works on another machine."""
    (tmp_path / "home").mkdir()
    home = set_up(tmp_path / "home")
    with running(home) as server:
        client = server.logged_in()
        keyring = load_keyring(home.state)
        root = keyring.open_with_password(home.username, PASSWORD)
        alice = Person("alice", tmp_path / "alice", root)
        alice.variables |= {"JUPYTER_SECURE_DIR": str(home.state)}
        alice.state, alice.clone = home.state, home.work
        for_both = keyring.add_password_slot(root, "bob", "staple paper clip", profile=CHEAP)
        yield client, alice, person("bob", tmp_path / "bob", for_both, root)


def test_what_a_server_says(served: tuple[Client, Person, Person], tmp_path: Path) -> None:
    """What is pulled or merged opens without a question; an older branch is asked about once."""
    client, alice, bob = served
    assert client.save("a.ipynb", FIRST).ok
    alice.git("init", "-qb", "main")
    alice.set_up()
    alice.git("add", "-A")
    alice.git("commit", "-qm", "first")
    remote = str(tmp_path / "remote.git")
    alice.git("init", "-q", "--bare", "-b", "main", remote)
    alice.git("remote", "add", "origin", remote)
    alice.git("push", "-qu", "origin", "main")
    bob.git("clone", "-q", remote, ".")
    bob.commit("a.ipynb", edited(FIRST, 0, "by Bob"))
    bob.git("push", "-q")
    alice.git("pull", "-q")
    assert source(client) == "by Bob"
    # Both go on from there; the merge is the newest for everyone.
    bob.commit("a.ipynb", edited(edited(FIRST, 0, "by Bob"), 1, "Bob again"))
    bob.git("push", "-q")
    assert client.save("a.ipynb", edited(FIRST, 0, "by Alice")).ok
    alice.git("commit", "-qam", "hers")
    password = ("--username", "alice", "--password-stdin")
    assert alice.secure("git", "unlock", *password, given=PASSWORD).returncode == 0
    alice.git("pull", "-q", "--no-rebase", "--no-edit")
    answer = client.get("/api/contents/a.ipynb").json()["content"]["cells"]
    assert [one["source"] for one in answer] == ["by Alice", "Bob again"]
    # An older commit: another version than the last one, and one action for the whole tree.
    alice.git("checkout", "-q", "HEAD~2")
    assert client.get("/api/contents/a.ipynb").status_code == 409
    accepted = alice.secure("vault", "accept", "--yes", *password, given=PASSWORD)
    assert accepted.stdout.endswith("1 file accepted.\n")
    assert source(client) != "by Alice"
    alice.lock()


def source(client: Client) -> str:
    """Return the first cell of the notebook, as the server gives it."""
    answer = client.get("/api/contents/a.ipynb")
    assert answer.status_code == 200, answer.text
    return str(answer.json()["content"]["cells"][0]["source"])
