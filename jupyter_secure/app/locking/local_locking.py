"""Locking and unlocking without a server: the same locks, on the same files."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from jupyter_secure.app.at_work import at_work
from jupyter_secure.app.content import files
from jupyter_secure.app.content.checkpoint_names import checkpoint_beside
from jupyter_secure.app.content.content import Content
from jupyter_secure.app.content.passphrases import Passphrases, new_key, opening_key
from jupyter_secure.app.content.provenance import Provenance
from jupyter_secure.app.history.histories import Histories
from jupyter_secure.app.history.keeping import Keeping
from jupyter_secure.app.history.kept import histories_of
from jupyter_secure.app.locking.lock_notebook import LockNotebooks
from jupyter_secure.app.setup.effective_settings import effective_settings
from jupyter_secure.app.trees.served_root import served_root
from jupyter_secure.errors import Conflict, InvalidInput, NotFound
from jupyter_secure.identity.accounts import normalise_username
from jupyter_secure.identity.clock import utc_now
from jupyter_secure.locks import Actor, LockMode
from jupyter_secure.store import places
from jupyter_secure.store.catalogue import DatabaseCatalogue
from jupyter_secure.store.database import Database
from jupyter_secure.store.locks import DatabaseLocks
from jupyter_secure.store.one_writer import OneWriter
from jupyter_secure.vault.catalogue import Catalogue
from jupyter_secure.vault.envelope import Header
from jupyter_secure.vault.keys import RootKey
from jupyter_secure.vault.vault import Vault


class LocalLocking:
    """Locks files below one root for one account. Paths are the operating system's."""

    def __init__(
        self,
        root: Path,
        vault: Vault,
        username: str,
        content: Content,
        locks: DatabaseLocks,
        histories: Histories,
    ) -> None:
        self._histories = histories
        self._root = root.resolve()
        self._vault = vault
        self._content = content
        # No code is asked for: with the password and the files everything can be opened here
        # anyway, and a lock that says otherwise would only seem to hold.
        self._actor = Actor(username, elevated=True, session="command line")
        self._notebooks = LockNotebooks(
            locks=locks, files=content, clock=utc_now, passphrases=content.passphrases
        )

    def needs_passphrase(self, path: Path) -> bool:
        """Say whether the file at ``path`` lies under a passphrase. False if there is none."""
        header = self._header(path) if path.exists() else None
        return header is not None and header.needs_passphrase

    def lock(self, path: Path, mode: LockMode, passphrase: str | None) -> None:
        """Lock a file; a sealed lock takes a new ``passphrase``, whose strength is checked.

        Raises ``Conflict`` for one that lies under a passphrase already, and what
        ``LockNotebooks.lock`` does.
        """
        header = self._header(path)
        if header is not None and header.needs_passphrase:
            raise Conflict(
                f"{path} is locked with a passphrase.", remedy="Unlock it first, or leave it so."
            )
        key = None
        if mode is LockMode.SEALED and passphrase is not None:
            key = new_key(passphrase, self._actor.username or "")
            self._open_versions(path, header, passphrase)
        self._notebooks.lock(
            path, mode, self._actor, passphrase=key, checkpoints=_checkpoints(path)
        )

    def unlock(self, path: Path, passphrase: str | None) -> None:
        """Take the lock off; ``passphrase`` is that of a file that lies under one.

        Raises ``WrongPassphrase``, and what ``LockNotebooks.unlock`` does.
        """
        self._check_below(path)
        header = self._header(path) if path.exists() else None
        if header is not None and header.needs_passphrase and passphrase is not None:
            key = opening_key(self._vault, header, passphrase, f"“{path}”")
            self._content.passphrases.hold(self._actor.session, header.file_id, key)
            self._open_versions(path, header, passphrase)
        self._notebooks.unlock(path, self._actor, checkpoints=_checkpoints(path))

    def _open_versions(self, path: Path, header: Header | None, passphrase: str) -> None:
        """Open earlier versions that lie under the passphrase while the file does not.

        So it is where locking it was cut short, or unlocking. Raises ``WrongPassphrase``.
        """
        kept = self._histories.header(header.file_id) if header is not None else None
        if header is None or kept is None or not kept.needs_passphrase:
            return
        if kept.stanza.derivation != header.stanza.derivation:
            key = opening_key(self._vault, kept, passphrase, f"the history of “{path}”")
            self._content.passphrases.hold(self._actor.session, header.file_id, key)

    def _header(self, path: Path) -> Header | None:
        self._check_below(path)
        if not path.is_file():
            problem = InvalidInput if path.exists() else NotFound
            raise problem(f"There is no file {path}.", remedy="Check the path.")
        return self._content.header(path)

    def _check_below(self, path: Path) -> None:
        if not path.resolve().is_relative_to(self._root):
            raise InvalidInput(
                f"{path} does not lie below {self._root}.",
                why="Locks go by the path below the folder that the server serves.",
                remedy="Name that folder with --root.",
            )


@contextmanager
def local_locking(root: RootKey, username: str, folder: Path | None) -> Iterator[LocalLocking]:
    """Open the state of this account for the block.

    ``folder`` is what the server serves; None for the configured one, or else where we are. Raises
    ``NotSetUp``, ``StateUnusable``, ``UnsupportedFormat``, or ``WrongKey`` for another's root key.
    """
    served = served_root(Path.cwd(), effective_settings()) if folder is None else folder
    if not served.is_dir():
        raise NotFound(f"There is no folder {served}.")
    with at_work():
        vault = files.vault_here(root)
        try:
            with closing(Database.open(places.state_dir() / places.DATABASE_FILE)) as database:
                locks, passphrases = DatabaseLocks(database), Passphrases()
                histories = histories_of(vault, passphrases)
                content = Content(
                    root=served,
                    vault=vault,
                    locks=locks,
                    provenance=Provenance(Catalogue(DatabaseCatalogue(database), vault.derive)),
                    encrypt=(),
                    closed=(places.state_dir(),),
                    passphrases=passphrases,
                    one_writer=OneWriter(places.state_dir()),
                    saves=Keeping(histories),
                )
                try:
                    name = normalise_username(username)
                    yield LocalLocking(served, vault, name, content, locks, histories)
                finally:
                    content.passphrases.keep_only(())
        finally:
            vault.seal()


def _checkpoints(path: Path) -> list[Path]:
    return [checkpoint_beside(one) for one in dict.fromkeys((path, path.resolve()))]
