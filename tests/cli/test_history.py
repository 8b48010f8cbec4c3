from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.home import PASSWORD, Home

from jupyter_secure.app.content import files
from jupyter_secure.app.history.local_history import LocalHistory, local_history
from jupyter_secure.store.history import keys_folder
from jupyter_secure.vault.envelope import Header

Run = Callable[..., "subprocess.CompletedProcess[str]"]
WORDS = "violet harbour ninety ducks"
STDIN = ["--password-stdin", "--passphrase-stdin"]
BOTH = f"{PASSWORD}\n{WORDS}\n"


def notebook(text: str) -> bytes:
    cell = {
        "cell_type": "code",
        "id": "a",
        "metadata": {},
        "source": text,
        "outputs": [],
        "execution_count": None,
    }
    whole = {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(whole, indent=1).encode()


@pytest.fixture
def opened(
    home: Home, variables: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> Callable[[], object]:
    """Open that home's histories in this process."""

    @contextmanager
    def open_it() -> Iterator[LocalHistory]:
        with monkeypatch.context() as patch:
            for name, value in variables.items():
                patch.setenv(name, value)
            patch.chdir(home.work)
            root = files.root_from_password("alice", PASSWORD)
            with local_history(root, "alice", home.work) as place:
                yield place

    return open_it


@pytest.fixture
def note(home: Home, opened: Callable[[], object]) -> Path:
    """A notebook that was saved three times."""
    path = home.work / "note.ipynb"
    with opened() as place:  # type: ignore[attr-defined]  # a context manager
        for text in ("print(1)", "print(2)", "print(3) \x1b[31m"):
            place.content.write(path, notebook(text), place.actor, seal=True)
    return path


def history(run: Run, *arguments: str, given: str = PASSWORD) -> subprocess.CompletedProcess[str]:
    options = STDIN if given != PASSWORD else ["--password-stdin"]
    return run("history", arguments[0], *options, *arguments[1:], given=given)


def numbers(run: Run, given: str = PASSWORD) -> list[int]:
    done = history(run, "list", "note.ipynb", "--json", given=given)
    assert done.returncode == 0, done.stderr
    return [one["number"] for one in json.loads(done.stdout)]


def test_list_and_show(run: Run, note: Path, home: Home) -> None:
    """Versions are listed newest first, and each is printed as it was saved."""
    assert numbers(run) == [3, 2, 1]
    done = history(run, "list", note.name)
    assert [line.split()[0] for line in done.stdout.splitlines()] == ["3", "2", "1"]
    assert "alice" in done.stdout
    assert history(run, "show", note.name, "1").stdout.encode() == notebook("print(1)")
    done = history(run, "show", note.name, "2", "-o", "old.ipynb")
    assert done.returncode == 0
    assert (home.work / "old.ipynb").read_bytes() == notebook("print(2)")
    assert (home.work / "old.ipynb").stat().st_mode & 0o077 == 0
    assert history(run, "show", note.name, "2", "-o", "old.ipynb").returncode == 1
    done = history(run, "show", note.name, "9")
    assert (done.returncode, done.stdout) == (1, "")
    assert "There is no such version." in done.stderr


def test_diff(run: Run, note: Path) -> None:
    """Two versions are compared as notebooks; what could steer a terminal is drawn instead."""
    done = history(run, "diff", note.name, "1")
    assert done.returncode == 0, done.stderr
    assert "-  print(1)" in done.stdout
    assert "+  print(3) ␛[31m" in done.stdout
    assert "\x1b" not in done.stdout
    done = history(run, "diff", note.name, "1", "2", "--json")
    assert json.loads(done.stdout)[0]["op"] == "patch"


def test_restore(run: Run, note: Path) -> None:
    """A version is put back, and that is a version of its own."""
    done = history(run, "restore", note.name, "1")
    assert done.returncode == 0, done.stderr
    assert "restored version 1" in done.stdout
    done = run("vault", "open", note.name, "--password-stdin", given=PASSWORD)
    assert done.stdout.encode() == notebook("print(1)")
    assert numbers(run) == [4, 3, 2, 1]


def test_deleted(run: Run, note: Path) -> None:
    """What was removed is listed and brought back, by its path or its id."""
    assert "Nothing was deleted" in history(run, "deleted").stdout
    note.unlink()
    done = history(run, "deleted", "--json")
    (gone,) = json.loads(done.stdout)
    assert gone["last"]["path"] == "note.ipynb"
    assert gone["file_id"] in history(run, "deleted").stdout
    assert history(run, "undelete", "other.ipynb").returncode == 1
    done = history(run, "undelete", gone["file_id"], "--to", "found/again.ipynb")
    assert (done.returncode, done.stdout) == (
        0,
        "found/again.ipynb: brought back, as it was saved last\n",
    )
    assert history(run, "undelete", "note.ipynb").returncode == 1
    (note.parent / "found/again.ipynb").unlink()
    assert history(run, "undelete", "found/again.ipynb", "--json").returncode == 0
    assert history(run, "undelete", gone["file_id"], "--to", "../out.ipynb").returncode == 1


def test_verify(run: Run, note: Path, home: Home) -> None:
    """Every version is read; what is damaged is named, here and by `vault verify`."""
    done = history(run, "verify")
    assert (done.returncode, done.stdout) == (
        0,
        "Versions read: 3, of 1 notebooks.\nAll of these versions open.\n",
    )
    (key,) = keys_folder(home.state).iterdir()
    blob = bytearray(key.read_bytes())
    blob[-1] ^= 1
    key.write_bytes(blob)
    for command in (("history", "verify"), ("vault", "verify")):
        done = run(*command, "--password-stdin", "--json", given=PASSWORD)
        assert done.returncode == 1
        found = json.loads(done.stdout)
        assert (
            len(
                found.get("versions", found)["damaged"]
                if command[0] == "vault"
                else found["damaged"]
            )
            == 1
        )
    assert note.exists()


def test_tidy(run: Run, note: Path) -> None:
    """Tidying loses nothing that is to stay."""
    done = history(run, "tidy", "--json")
    assert json.loads(done.stdout)["thinned_out"] == 0
    assert numbers(run) == [3, 2, 1]
    assert history(run, "verify").returncode == 0
    assert note.exists()


def test_sealed_lock(run: Run, note: Path) -> None:
    """Under a passphrase earlier versions need it too, until the lock is off."""
    run("lock", "--mode", "sealed", note.name, *STDIN, "--yes", given=BOTH)
    done = run("history", "list", note.name, "--password-stdin", given=PASSWORD)
    assert done.returncode == 1
    assert history(run, "list", note.name, given=f"{PASSWORD}\nwrong\n").returncode == 1
    assert numbers(run, BOTH) == [3, 2, 1]
    assert "not read: 1" in history(run, "verify").stdout
    assert history(run, "restore", note.name, "1", given=BOTH).returncode == 0
    assert run("unlock", note.name, *STDIN, given=BOTH).returncode == 0
    assert numbers(run) == [4, 3, 2, 1]


def test_deleted_under_a_passphrase(run: Run, note: Path) -> None:
    """What was under a passphrase comes back with it only, and lies under it again."""
    run("lock", "--mode", "sealed", note.name, *STDIN, "--yes", given=BOTH)
    note.unlink()
    assert history(run, "undelete", "note.ipynb", given=f"{PASSWORD}\nwrong\n").returncode == 1
    assert history(run, "undelete", "note.ipynb", given=BOTH).returncode == 0
    assert Header.parse(note.read_bytes()).needs_passphrase


@pytest.mark.parametrize("full", [False, True])
def test_rotate(run: Run, note: Path, home: Home, full: bool) -> None:
    """New keys take the keys of histories along: old versions open, and new ones are kept."""
    (key,) = keys_folder(home.state).iterdir()
    before = key.read_bytes()
    arguments = ["--full"] if full else []
    done = run("vault", "rotate", ".", *arguments, "--password-stdin", given=PASSWORD)
    assert done.returncode == 0, done.stderr
    after = Header.parse(key.read_bytes())
    assert after.stanza.epoch > Header.parse(before).stanza.epoch
    assert (len(key.read_bytes()) > len(before)) is full
    assert history(run, "verify").returncode == 0
    assert history(run, "restore", note.name, "1").returncode == 0
    assert history(run, "show", note.name, "2").stdout.encode() == notebook("print(2)")
    assert history(run, "show", note.name, "4").stdout.encode() == notebook("print(1)")


def test_backup_and_recovery(run: Run, note: Path, home: Home, tmp_path: Path) -> None:
    """A backup holds the versions; with the recovery key and those files alone they open again."""
    backup, unpacked = tmp_path / "backup.tar", tmp_path / "unpacked"
    done = run("vault", "backup", "-o", str(backup))
    assert "history.git (" in done.stdout
    unpacked.mkdir()
    subprocess.run(["tar", "-xf", backup, "-C", unpacked], check=True)
    shutil.rmtree(home.state)
    recovery = home.facts["recovery_key"]
    arguments = ["--recovery-key-stdin", "--password-stdin", "--username", "alice", "--json"]
    given = f"{recovery}\n{PASSWORD}\n"
    done = run("vault", "recover", str(unpacked / "history.git"), *arguments, given=given)
    assert done.returncode == 0, done.stderr
    shutil.move(unpacked / "history.git", home.state / "history.git")
    assert numbers(run) == [3, 2, 1]
    done = run(
        "history", "show", note.name, "1", "--recovery-key-stdin", given=home.facts["recovery_key"]
    )
    assert done.stdout.encode() == notebook("print(1)")


def test_usage(run: Run) -> None:
    """Without a sub-command there is help, and the exit code for wrong usage."""
    done = run("history")
    assert done.returncode == 2
    assert "undelete" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "action", "path", "target"),
    [
        (("list", "note.ipynb"), "version:list", "note.ipynb", None),
        (("show", "note.ipynb", "2"), "version:open", "note.ipynb", "2"),
        (("diff", "note.ipynb", "1", "3"), "file:compare", "note.ipynb", "1"),
        (("restore", "note.ipynb", "1"), "version:restore", "note.ipynb", "1"),
        (("deleted",), "version:list", None, None),
    ],
)
def test_recorded(
    run: Run,
    note: Path,
    home: Home,
    arguments: tuple[str, ...],
    action: str,
    path: str | None,
    target: str | None,
) -> None:
    """What is done with versions is on record under the names that it has over HTTP."""
    done = history(run, *arguments)
    assert done.returncode == 0, done.stderr
    first, last = events(home, action)
    assert (first["outcome"], last["outcome"]) == ("started", "success")
    for event in (first, last):
        assert (event.get("path"), event.get("target")) == (path, target)
        assert event["details"] == {"command": f"history {arguments[0]}"}
    assert note.exists()


def test_undelete_recorded(run: Run, note: Path, home: Home) -> None:
    """What is brought back is on record with what it was and where it came; so is a failure."""
    note.unlink()
    assert history(run, "undelete", "note.ipynb", "--to", "b.ipynb").returncode == 0
    last = events(home, "version:undelete")[-1]
    assert (last["outcome"], last["path"], last["target"]) == ("success", "b.ipynb", "note.ipynb")
    assert history(run, "restore", "b.ipynb", "99").returncode == 1
    last = events(home, "version:restore")[-1]
    assert (last["outcome"], last["reason"]) == ("failure", "not-found")


def events(home: Home, action: str) -> list[dict[str, object]]:
    """Return what was recorded of that action: its outcome, reason, file and target."""
    files = sorted((home.state / "audit").iterdir())
    lines = b"".join(one.read_bytes() for one in files if one.is_file()).splitlines()
    found = []
    for line in lines:
        if f'"event_code":"{action}"'.encode() in line:
            said = json.loads(line)
            found.append(
                {
                    "outcome": {99: "started", 1: "success"}.get(said["status_id"], "failure"),
                    "reason": said.get("status_detail"),
                    "path": said.get("file", {}).get("path"),
                    "target": said.get("user", {}).get("name"),
                    "details": said.get("unmapped"),
                }
            )
    return found
