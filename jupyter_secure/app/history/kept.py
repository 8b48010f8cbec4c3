"""What this account keeps of all files, without a server; none of it needs the database."""

from __future__ import annotations

from collections.abc import Callable

from jupyter_secure.app.content.passphrases import Passphrases
from jupyter_secure.app.history.histories import Damaged, Histories, Verified
from jupyter_secure.errors import SecureError
from jupyter_secure.history.thinning import Retention
from jupyter_secure.identity.clock import utc_now
from jupyter_secure.store import places
from jupyter_secure.store.history import GitHistory
from jupyter_secure.vault.envelope import Header
from jupyter_secure.vault.passphrase import PassphraseKey
from jupyter_secure.vault.vault import Vault

#: Whose the passphrases are that a command has been given.
SESSION = "command line"


def histories_of(
    vault: Vault, passphrases: Passphrases, retention: Retention | None = None
) -> Histories:
    """Return the histories of this account."""
    return Histories(
        repository=GitHistory(places.state_dir()),
        vault=vault,
        passphrases=passphrases,
        clock=utc_now,
        retention=retention or Retention(),
    )


def verify_kept(
    vault_for: Callable[[Header], Vault],
    passphrase_for: Callable[[Header], PassphraseKey | None],
    progress: Callable[[Verified], None] = lambda _: None,
) -> Verified:
    """Read every version that this account keeps; see ``Histories.verify``.

    ``vault_for`` gives the unsealed vault for the header of a key, or raises; ``passphrase_for``
    what to try on one that needs a passphrase, ``None`` for nothing.
    """
    found = Verified()
    repository = GitHistory(places.state_dir())
    for file_id in repository.file_ids():
        passphrases = Passphrases()
        try:
            header = Header.parse(
                repository.sealed_key(file_id) or b"", name="The key of a history"
            )
            key = passphrase_for(header)
            if key is not None:
                passphrases.hold(SESSION, file_id, key)
            histories = histories_of(vault_for(header), passphrases)
            histories.verify(SESSION, progress, of=[file_id], found=found)
        except SecureError as error:
            found.damaged.append(Damaged(file_id, "", None, error))
        finally:
            passphrases.keep_only(())
    return found
