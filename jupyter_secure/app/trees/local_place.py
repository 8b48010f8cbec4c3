"""What a command without a server needs to know of the place that a folder belongs to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from jupyter_secure.app.content import files
from jupyter_secure.app.content.bulk_notes import BulkNotes
from jupyter_secure.app.content.in_place import NO_HOOKS, Hooks
from jupyter_secure.app.content.provenance import Provenance
from jupyter_secure.app.content.sealed_folders import NO_MARKS, FolderMarks
from jupyter_secure.app.setup.effective_settings import effective_settings, patterns_of
from jupyter_secure.app.trees.served_root import served_root
from jupyter_secure.app.trees.wanted import ToSeal, Tree
from jupyter_secure.errors import NotSetUp, StateUnusable, WrongKey
from jupyter_secure.locks import LockStore
from jupyter_secure.store import places
from jupyter_secure.store.catalogue import DatabaseCatalogue
from jupyter_secure.store.database import Database
from jupyter_secure.store.locks import DatabaseLocks
from jupyter_secure.store.one_writer import OneWriter
from jupyter_secure.store.sealed_folders import DatabaseSealedFolders
from jupyter_secure.vault.catalogue import Catalogue
from jupyter_secure.vault.envelope import Header
from jupyter_secure.vault.keys import RootKey
from jupyter_secure.vault.vault import Vault
from jupyter_secure.vault.wrapping import root_key_fits


@dataclass(frozen=True)
class LocalPlace:
    """The state of this account as far as it is there: without a database, no locks and marks."""

    locks: LockStore | None
    marks: FolderMarks
    _catalogue: DatabaseCatalogue | None

    def provenance(self, vault: Vault) -> Provenance | None:
        """Return what is known of this account's files; ``vault`` is this account's, unsealed."""
        if self._catalogue is None:
            return None
        return Provenance(Catalogue(self._catalogue, vault.derive))

    def hooks(self, vault: Vault, *, many: bool = True) -> Hooks:
        """Return what takes part when this vault's files are turned: the catalogue is asked, told.

        ``vault`` is this account's, unsealed. With ``many`` files, ``ended`` is to be called.
        """
        provenance = self.provenance(vault)
        if provenance is None:
            return NO_HOOKS
        one_writer = OneWriter(places.state_dir())
        hooks = Hooks(writing=lambda: one_writer, check=provenance.check, left=provenance.accepted)
        return BulkNotes(provenance, hooks).hooks if many else hooks

    @contextmanager
    def telling(self, root: RootKey) -> Iterator[Hooks]:
        """Give hooks for files that a person names: whatever they were, the catalogue is told.

        Where ``root`` is not the key of this account's vault there is nothing to tell.
        """
        try:
            vault = files.vault_here(root)
        except (WrongKey, StateUnusable):
            yield NO_HOOKS
            return
        try:
            yield replace(self.hooks(vault, many=False), check=NO_HOOKS.check)
        finally:
            vault.seal()


@contextmanager
def local_place() -> Iterator[LocalPlace]:
    """Open the state for the block. Raises ``StateUnusable`` or ``UnsupportedFormat``."""
    try:
        database = Database.open(places.state_dir() / places.DATABASE_FILE)
    except NotSetUp:
        yield LocalPlace(None, NO_MARKS, None)
        return
    try:
        yield LocalPlace(
            DatabaseLocks(database), DatabaseSealedFolders(database), DatabaseCatalogue(database)
        )
    finally:
        database.close()


def tree_of(folder: Path, root: Path | None) -> Tree:
    """Return ``folder`` as a part of what a server serves.

    Patterns with a slash, marks and locks are below the server's root: ``root`` where it is given.
    """
    folder, settings = folder.absolute(), effective_settings()
    key_file = str(settings.get("SecureConfig", "key_file", ""))
    root = served_root(folder, settings) if root is None else root.absolute()
    closed = [*never_sealed(), *([Path(key_file).expanduser()] if key_file else [])]
    return Tree(folder, root, tuple(closed))


def never_sealed() -> tuple[Path, ...]:
    """Return the folders that no migration enters: without what is there nothing would open."""
    # The settings: a marked folder may hold them, and no server could read them any more.
    return (places.state_dir(), places.config_dir())


def to_seal(tree: Tree, vault: Vault, place: LocalPlace) -> ToSeal:
    """Return what a server of this account would seal, by its patterns and marked folders."""
    return ToSeal(tree, vault, patterns_of(effective_settings()), place.marks.list())


def vaults_of(root: RootKey) -> Callable[[Header], Vault | None]:
    """Return what gives the vault for a header from the root key alone; None where it is none."""
    vaults: dict[bytes, Vault] = {}

    def vault_for(header: Header) -> Vault | None:
        if header.vault_id not in vaults:
            if not root_key_fits(root, header):
                return None
            vaults[header.vault_id] = files.vault_of(root, header)
        return vaults[header.vault_id]

    return vault_for


def only(vault: Vault) -> Callable[[Header], Vault | None]:
    """Return what gives ``vault`` for its own files and None for others."""
    return lambda header: vault if header.vault_id == vault.vault_id else None
