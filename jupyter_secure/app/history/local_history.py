"""Versions without a server: the same histories, of the same files."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from jupyter_secure.app.at_work import at_work
from jupyter_secure.app.content import files
from jupyter_secure.app.content.content import Content
from jupyter_secure.app.content.passphrases import Passphrases, opening_keys
from jupyter_secure.app.content.provenance import Provenance
from jupyter_secure.app.history.histories import Histories
from jupyter_secure.app.history.keeping import Keeping
from jupyter_secure.app.history.kept import SESSION, histories_of
from jupyter_secure.app.history.versions import Gone, Versions
from jupyter_secure.app.setup.effective_settings import EffectiveSettings, effective_settings
from jupyter_secure.app.trees.served_root import served_root
from jupyter_secure.errors import InvalidInput, NotFound
from jupyter_secure.history.thinning import Retention
from jupyter_secure.identity.clock import utc_now
from jupyter_secure.locks import Actor
from jupyter_secure.store import places
from jupyter_secure.store.catalogue import DatabaseCatalogue
from jupyter_secure.store.database import Database
from jupyter_secure.store.locks import DatabaseLocks
from jupyter_secure.store.one_writer import OneWriter
from jupyter_secure.vault.catalogue import Catalogue
from jupyter_secure.vault.keys import RootKey
from jupyter_secure.vault.vault import Vault


def retention_of(settings: EffectiveSettings) -> Retention:
    """Return how long a server of this account keeps versions. Raises ``InvalidInput``."""

    def number(name: str, default: float) -> float:
        return float(settings.get("SecureConfig", name, default))

    try:
        return Retention(
            timedelta(hours=number("history_keep_all_hours", 1)),
            timedelta(days=number("history_hourly_days", 1)),
            timedelta(days=number("history_daily_days", 30)),
        )
    except (TypeError, ValueError, OverflowError):
        raise InvalidInput(
            "The settings for how long versions are kept make no sense.",
            remedy="Correct SecureConfig.history_… in jupyter_server_config.",
        ) from None


@dataclass(frozen=True)
class LocalHistory:
    """Versions of files below one root. Paths are the operating system's."""

    root: Path
    versions: Versions
    histories: Histories
    content: Content
    actor: Actor
    _vault: Vault

    def needs_passphrase(self, path: Path) -> bool:
        """Say whether the file at ``path``, or what was kept of it, lies under a passphrase."""
        header = self.content.header(self._checked(path))
        kept = self.histories.header(header.file_id) if header is not None else None
        return any(one is not None and one.needs_passphrase for one in (header, kept))

    def give(self, path: Path, passphrase: str) -> None:
        """Open the file at ``path``, and what was kept of it. Raises ``WrongPassphrase``."""
        header = self.content.header(self._checked(path))
        if header is None:
            return
        kept = self.histories.header(header.file_id)
        closed = [one for one in (header, kept) if one is not None and one.needs_passphrase]
        for key in opening_keys(self._vault, closed, passphrase, f"“{path}”"):
            self.content.passphrases.hold(self.actor.session, header.file_id, key)

    def give_deleted(self, gone: Gone, passphrase: str) -> None:
        """Open what was kept of a deleted notebook. Raises ``WrongPassphrase``."""
        file_id = gone.version.file_id
        header = self.histories.header(file_id)
        if header is not None and header.needs_passphrase:
            for key in opening_keys(self._vault, [header], passphrase, f"“{gone.version.path}”"):
                self.content.passphrases.hold(self.actor.session, file_id, key)

    def place(self, path: str) -> Path:
        """Return where a path below the root lies."""
        return self._checked(self.root / path)

    def _checked(self, path: Path) -> Path:
        if not path.resolve().is_relative_to(self.root.resolve()):
            raise InvalidInput(
                f"{path} does not lie below {self.root}.",
                why="Versions go by the path below the folder that the server serves.",
                remedy="Name that folder with --root.",
            )
        return path


@contextmanager
def local_history(
    root: RootKey, username: str | None, folder: Path | None
) -> Iterator[LocalHistory]:
    """Open the state of this account for the block; ``username`` is ``None`` for the recovery key.

    ``folder`` is what the server serves; None for the configured one, or else where we are. Raises
    ``NotSetUp``, ``StateUnusable``, ``UnsupportedFormat``, or ``WrongKey`` for another's root key.
    """
    settings = effective_settings()
    served = served_root(Path.cwd(), settings) if folder is None else folder.absolute()
    if not served.is_dir():
        raise NotFound(f"There is no folder {served}.")
    with at_work():
        vault = files.vault_here(root)
        try:
            with closing(Database.open(places.state_dir() / places.DATABASE_FILE)) as database:
                locks, passphrases = DatabaseLocks(database), Passphrases()
                histories = histories_of(vault, passphrases, retention_of(settings))
                keeping = Keeping(
                    histories, keeps=bool(settings.get("SecureConfig", "keep_history", True))
                )
                provenance = Provenance(Catalogue(DatabaseCatalogue(database), vault.derive))
                content = Content(
                    root=served,
                    vault=vault,
                    locks=locks,
                    provenance=provenance,
                    encrypt=(),
                    closed=(places.state_dir(),),
                    passphrases=passphrases,
                    one_writer=OneWriter(places.state_dir()),
                    saves=keeping,
                )
                versions = Versions(
                    histories=histories,
                    keeping=keeping,
                    content=content,
                    root=served,
                    vault=vault,
                    locks=locks,
                    provenance=provenance,
                    clock=utc_now,
                )
                # No code is asked for: with the password and the files everything can be opened
                # here anyway.
                actor = Actor(username, elevated=True, session=SESSION)
                try:
                    yield LocalHistory(served, versions, histories, content, actor, vault)
                finally:
                    passphrases.keep_only(())
        finally:
            vault.seal()
