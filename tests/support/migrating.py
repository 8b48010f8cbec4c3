"""A tree of files to be sealed and opened as a whole, whose content and facts are known."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable
from pathlib import Path

from jupyter_secure.app.content.in_place import NO_HOOKS, Hooks
from jupyter_secure.app.trees.migrate import Migrated, Migration
from jupyter_secure.app.trees.wanted import ToOpen, ToSeal, Tree
from jupyter_secure.vault.envelope import Header, is_sealed
from jupyter_secure.vault.vault import Vault

#: In bytes: less than a sealed chunk, around one, some, and more than is read at once.
SIZES = {
    "a.ipynb": 10,
    "sub/b.ipynb": 16_384,
    "sub/deep/c.ipynb": 300_000,
    "d.ipynb": 1_500_000,
    ".ipynb_checkpoints/a-checkpoint.ipynb": 5_000,
}
_LONG_AGO = 1_000_000_000_123_456_789  # ns since the epoch
_MODE = 0o640


def content_of(name: str) -> bytes:
    """Return what a file of the tree holds, whatever its form."""
    size = SIZES[name]
    return (hashlib.sha256(name.encode()).digest() * (size // 32 + 1))[:size]


def plant(folder: Path) -> None:
    """Write all of it in plain text, in place of what is there."""
    for name in SIZES:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content_of(name))
        path.chmod(_MODE)
        os.utime(path, ns=(_LONG_AGO, _LONG_AGO))


def to_seal(folder: Path, vault: Vault) -> ToSeal:
    """Return what there is to seal."""
    return ToSeal(Tree(folder, folder), vault, ("*.ipynb",))


def to_open(folder: Path, vault: Vault) -> ToOpen:
    """Return what there is to open."""

    def ours(header: Header) -> Vault | None:
        return vault if header.vault_id == vault.vault_id else None

    return ToOpen(Tree(folder, folder), ours, None)


TURN: dict[str, Callable[[Path, Vault], ToSeal | ToOpen]] = {"seal": to_seal, "open": to_open}


def turn(
    folder: Path, vault: Vault, action: str, *, jobs: int = 1, hooks: Hooks = NO_HOOKS
) -> Migrated:
    """Seal or open all of it."""
    return Migration(TURN[action](folder, vault), jobs=jobs, hooks=hooks).run()


def check(folder: Path, vault: Vault) -> tuple[set[str], list[Path]]:
    """Check that each file is whole, plain or sealed, and as old and as closed as ever.

    Returns the names of the sealed ones, and what a dead process left half-written.
    """
    left = [path for path in folder.rglob(".~jsec-*") if path.is_file()]
    found = {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and path not in left
    }
    assert found == set(SIZES)
    sealed = set()
    for name in SIZES:
        path = folder / name
        blob = path.read_bytes()
        if is_sealed(blob[:8]):
            sealed.add(name)
            blob = vault.open_bytes(blob, expect=Header.parse(blob).file_class).data
        assert blob == content_of(name), f"{name} is no whole file"
        facts = path.stat()
        assert (facts.st_mtime_ns, stat.S_IMODE(facts.st_mode)) == (_LONG_AGO, _MODE), name
    return sealed, left
