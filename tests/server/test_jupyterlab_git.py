"""What we put around jupyterlab-git, over a stand-in with the same method and the real Git."""

from __future__ import annotations

import asyncio
import base64
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from support.gits import CANARY, Person, cell, edited, notebook, person, vault_for_two

from jupyter_secure.app.content.content import Content
from jupyter_secure.app.content.provenance import Provenance
from jupyter_secure.errors import ElevationRequired, WrongKey
from jupyter_secure.locks import Actor, Lock, LockMode
from jupyter_secure.server import jupyterlab_git
from jupyter_secure.store.catalogue import DatabaseCatalogue
from jupyter_secure.store.database import Database
from jupyter_secure.store.locks import DatabaseLocks
from jupyter_secure.vault.catalogue import Catalogue
from jupyter_secure.vault.envelope import Header

FIRST = notebook(cell(CANARY, "a"))


class Git:
    """Theirs, as far as it matters: jupyterlab_git_core.git.Git, versions 0.50 to 0.55."""

    async def show(
        self, path: str, ref: str, filename: str | None = None, is_binary: bool = False
    ) -> str:
        """Return what `git show` prints."""
        name = ref if filename is None else f"{ref}:{filename}"
        command = ["git", "show", name]
        done = subprocess.run(command, cwd=path, capture_output=True, check=False)  # noqa: ASYNC221  # theirs is in a thread
        if is_binary:
            return base64.encodebytes(done.stdout).decode("ascii")
        return done.stdout.decode("utf-8")


@dataclass
class Place:
    """A repository below a server's root, and who asks."""

    alice: Person
    locks: DatabaseLocks
    git: Git
    actor: Actor = field(default_factory=lambda: Actor("alice", elevated=False, session="s"))

    def show(self, ref: str, name: str | None = "a.ipynb", *, is_binary: bool = False) -> str:
        path = str(self.alice.clone)
        return asyncio.run(self.git.show(path, ref, name, is_binary=is_binary))


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    alice = person("alice", tmp_path / "alice", *vault_for_two())
    alice.git("init", "-q")
    alice.commit("a.ipynb", FIRST)
    database = Database.open(alice.state / "state.db")
    vault, locks = alice.vault, DatabaseLocks(database)
    content = Content(
        root=alice.clone,
        vault=vault,
        locks=locks,
        provenance=Provenance(Catalogue(DatabaseCatalogue(database), vault.derive)),
        encrypt=("*.ipynb",),
    )
    module: Any = ModuleType("jupyterlab_git_core.git")
    module.Git = type("Git", (Git,), {})
    monkeypatch.setitem(sys.modules, "jupyterlab_git_core", ModuleType("jupyterlab_git_core"))
    monkeypatch.setitem(sys.modules, "jupyterlab_git_core.git", module)
    monkeypatch.setattr(jupyterlab_git, "EncryptedContentsManager", SimpleNamespace)
    runtime = SimpleNamespace(state=SimpleNamespace(vault=vault))
    monkeypatch.setattr(jupyterlab_git, "runtime_of", lambda _: runtime)
    place = Place(alice, locks, module.Git())
    monkeypatch.setattr(jupyterlab_git, "current_actor", lambda: place.actor)
    extensions = {"jupyterlab_git": SimpleNamespace(enabled=True)}
    app = SimpleNamespace(
        extension_manager=SimpleNamespace(extensions=extensions),
        contents_manager=SimpleNamespace(content=content),
    )
    jupyterlab_git.join(app)
    yield place
    vault.seal()
    database.close()


@pytest.mark.parametrize("is_binary", [True, False])
def test_a_sealed_version(place: Place, is_binary: bool) -> None:
    """An earlier version is shown opened, whatever Git takes the file for."""
    place.alice.commit("a.ipynb", edited(FIRST, 0, "new"))
    assert CANARY in place.show("HEAD~1", is_binary=is_binary)
    assert "new" in place.show("HEAD", is_binary=is_binary)


def test_by_its_blob(place: Place) -> None:
    """So is the common ancestor in a conflict, which is asked for by its blob."""
    blob = place.alice.git("rev-parse", "HEAD:a.ipynb").strip()
    assert CANARY in place.show(blob, None)


def test_plain_files(place: Place) -> None:
    """What is not sealed is as theirs gives it."""
    (place.alice.clone / "a.txt").write_text("plain")
    (place.alice.clone / "a.bin").write_bytes(b"\xff\x00")
    place.alice.git("add", "-A")
    place.alice.git("commit", "-qm", "plain")
    assert place.show("HEAD", "a.txt") == "plain"
    assert base64.b64decode(place.show("HEAD", "a.bin", is_binary=True)) == b"\xff\x00"
    assert place.show("HEAD", "nothing") == ""


@pytest.mark.parametrize("by", ["path", "content"])
def test_locks_hold(place: Place, by: str) -> None:
    """A private notebook is withheld by its place or its content, until a code is confirmed."""
    file_id = Header.parse((place.alice.clone / "a.ipynb").read_bytes()).file_id
    path, of = ("a.ipynb", None) if by == "path" else ("elsewhere.ipynb", file_id)
    place.locks.put(Lock(path, of, LockMode.PRIVATE, "alice", datetime.now(timezone.utc)))
    with pytest.raises(ElevationRequired):
        place.show("HEAD")
    place.actor = Actor("alice", elevated=True, session="s")
    assert CANARY in place.show("HEAD")


def test_another_vaults(place: Place, tmp_path: Path) -> None:
    """A file of another vault is refused in words."""
    stranger = person("bob", tmp_path / "bob", *vault_for_two())
    stranger.save("b.ipynb", FIRST)
    (stranger.clone / "b.ipynb").rename(place.alice.clone / "b.ipynb")
    place.alice.git("add", "-A")
    place.alice.git("commit", "-qm", "strange")
    with pytest.raises(WrongKey, match=r"“b\.ipynb” was sealed by another vault"):
        place.show("HEAD", "b.ipynb")


@pytest.mark.parametrize("found", [None, SimpleNamespace(enabled=False)])
def test_where_it_is_not(found: object) -> None:
    """Without the extension nothing is touched."""
    extensions = {"jupyterlab_git": found} if found else {}
    jupyterlab_git.join(SimpleNamespace(extension_manager=SimpleNamespace(extensions=extensions)))
