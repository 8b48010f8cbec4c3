"""People with a vault and a clone: real Git, the real drivers, the real agent."""

from __future__ import annotations

import copy
import json
import os
import subprocess
import sys
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from support import in_process

from jupyter_secure.crypto.kdf import OWASP_MINIMUM
from jupyter_secure.store.database import Database
from jupyter_secure.store.vault_file import load_keyring, save_keyring
from jupyter_secure.vault.envelope import FileClass, Flags, Header
from jupyter_secure.vault.keyring import Keyring
from jupyter_secure.vault.keys import RootKey
from jupyter_secure.vault.vault import Vault

PASSWORDS = {"alice": "correct horse battery", "bob": "staple paper clip"}
CANARY = "the tide turns at Kilve"


def cell(source: str, name: str, *, output: str = "") -> dict[str, Any]:
    """Return a code cell."""
    outputs = [{"output_type": "stream", "name": "stdout", "text": output}] if output else []
    return {
        "cell_type": "code",
        "id": name,
        "metadata": {},
        "execution_count": None,
        "outputs": outputs,
        "source": source,
    }


def notebook(*cells: dict[str, Any]) -> dict[str, Any]:
    """Return a notebook."""
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": list(cells)}


@dataclass
class Person:
    """Somebody with a slot in the vault, a state of their own, and a clone."""

    name: str
    home: Path
    root: RootKey = field(repr=False)
    clone: Path = field(init=False)

    def __post_init__(self) -> None:
        self.clone = self.home / "work"
        self.state = self.home / "state"
        self.temporary = self.home / "tmp"
        for folder in (self.clone, self.state, self.temporary):
            folder.mkdir(parents=True, exist_ok=True)
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("JUPYTER", "GIT_", "XDG"))}
        self.variables = kept | {
            "HOME": str(self.home),
            "TMPDIR": str(self.temporary),
            "JUPYTER_SECURE_DIR": str(self.state),
            "JUPYTER_CONFIG_DIR": str(self.home / "config"),
            "JUPYTER_PLATFORM_DIRS": "0",
            "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_EDITOR": "true",
            "GIT_AUTHOR_NAME": self.name,
            "GIT_COMMITTER_NAME": self.name,
            "GIT_AUTHOR_EMAIL": f"{self.name}@example.org",
            "GIT_COMMITTER_EMAIL": f"{self.name}@example.org",
        }

    @property
    def vault(self) -> Vault:
        """The vault, unsealed."""
        vault = Vault(load_keyring(self.state))
        vault.unseal(self.root)
        return vault

    def run(self, *command: str, given: str = "") -> subprocess.CompletedProcess[str]:
        """Run a program in the clone."""
        done = subprocess.run(
            command,
            cwd=self.clone,
            env=self.variables,
            input=given,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return done

    def git(self, *arguments: str) -> str:
        """Run Git, which must succeed; return what it printed."""
        done = self.run("git", *arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def secure(self, *arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
        """Run ``jupyter secure``, in this process; what Git starts of it runs in its own."""
        done = in_process.run(
            arguments, variables=self.variables, cwd=self.clone, given=given.encode()
        )
        said = done.stderr.decode()
        assert "Traceback" not in said, said
        return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), said)

    def unlock(self, *arguments: str) -> None:
        """Open the vault for Git."""
        done = self.secure(
            "git",
            "unlock",
            "--username",
            self.name,
            "--password-stdin",
            *arguments,
            given=PASSWORDS[self.name],
        )
        assert done.returncode == 0, done.stderr

    def lock(self) -> None:
        """Close it."""
        assert self.secure("git", "lock").returncode == 0

    def set_up(self, *arguments: str) -> None:
        """Install the drivers in the clone."""
        done = self.secure("git", "setup", *arguments)
        assert done.returncode == 0, done.stderr

    def save(self, name: str, content: dict[str, Any]) -> None:
        """Seal a notebook, as the next version of the one that is there."""
        path = self.clone / name
        file_id, version = None, 0
        if path.exists():
            header = Header.parse(path.read_bytes())
            file_id, version = header.file_id, header.file_version
        blob = self.vault.seal_bytes(
            json.dumps(content).encode(),
            file_class=FileClass.CONTENT,
            file_id=file_id,
            file_version=version + 1,
            flags=Flags.NONE,
        )
        path.write_bytes(blob)

    def commit(self, name: str, content: dict[str, Any], message: str = "change") -> None:
        """Save and commit."""
        self.save(name, content)
        self.git("add", "-A")
        self.git("commit", "-qm", message)

    def read(self, name: str) -> dict[str, Any]:
        """Return the notebook in a sealed file."""
        opened = self.vault.open_bytes((self.clone / name).read_bytes(), expect=FileClass.CONTENT)
        return dict(json.loads(opened.data))

    def sources(self, name: str) -> list[str]:
        """Return the texts of its cells."""
        return ["".join(one["source"]) for one in self.read(name)["cells"]]

    def version(self, name: str) -> int:
        """Return which version of the file lies there."""
        return Header.parse((self.clone / name).read_bytes()).file_version


def vault_for_two() -> tuple[Keyring, RootKey]:
    """Return a vault that the passwords of both open."""
    keyring, root = Keyring.create("alice", PASSWORDS["alice"], profile=OWASP_MINIMUM)
    keyring = keyring.add_password_slot(root, "bob", PASSWORDS["bob"], profile=OWASP_MINIMUM)
    return keyring, root


def person(name: str, home: Path, keyring: Keyring, root: RootKey) -> Person:
    """Return somebody at a machine of their own, with a copy of vault.json."""
    one = Person(name, home, root)
    save_keyring(one.state, keyring)
    Database.create(one.state / "state.db").close()
    return one


def objects(repository: Path) -> list[bytes]:
    """Return every object of a repository, unpacked, and all other files as they are."""
    command = ["git", "cat-file", "--batch-all-objects", "--batch", "--unordered"]
    everything = subprocess.run(command, cwd=repository, capture_output=True, check=True).stdout
    found = [everything]
    for path in repository.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            found.append(data)
            try:
                found.append(zlib.decompress(data))
            except zlib.error:
                continue
    return found


def edited(content: dict[str, Any], at: int, source: str) -> dict[str, Any]:
    """Return a copy with another text in one cell."""
    changed = copy.deepcopy(content)
    changed["cells"][at]["source"] = source
    return changed
