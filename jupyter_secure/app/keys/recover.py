"""Find out, from the recovery key and the files alone, which vault it was.

The vault's id and the key epoch stand in every sealed file, so what ``vault.json`` held can be made
again, apart from the accounts: those are set up anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from jupyter_secure.app.content import files
from jupyter_secure.app.content.tree import regular_files, unreadable
from jupyter_secure.errors import Conflict, NotFound, SecureError, WrongKey
from jupyter_secure.vault.envelope import Header
from jupyter_secure.vault.keyring import Keyring
from jupyter_secure.vault.keys import RootKey
from jupyter_secure.vault.wrapping import root_key_fits


@dataclass(frozen=True)
class Recovered:
    """The vault that was found: its keyring without accounts, and what spoke for it.

    ``fitting`` sealed files belong to it, ``others`` are of other vaults or cannot be told, and
    ``failures`` could not be read.
    """

    keyring: Keyring
    fitting: int
    others: int
    failures: tuple[SecureError, ...]


@dataclass
class _Search:
    epochs: dict[bytes, int] = field(default_factory=dict)
    fitting: int = 0
    others: int = 0
    failures: list[SecureError] = field(default_factory=list)

    def take(self, root: RootKey, header: Header) -> None:
        # Tells by a fingerprint that only who has the root key can make: no planted file can choose
        # the id or the epoch of the vault that is set up.
        if not root_key_fits(root, header):
            self.others += 1
            return
        self.fitting += 1
        known = self.epochs.get(header.vault_id, 0)
        self.epochs[header.vault_id] = max(known, header.stanza.epoch)


def find_vault(root: RootKey, places: Sequence[Path]) -> Recovered:
    """Look at the header of every sealed file below ``places``, folders or files.

    The epoch is the newest that was found. Raises ``NotFound`` when nothing there is sealed,
    ``WrongKey`` when nothing fits the key, ``Conflict`` when the files are of several vaults with
    this root key.
    """
    search = _Search()
    for place in places:
        for path in regular_files(place, lambda _, error: search.failures.append(error)):
            try:
                with files.open_file(path) as file:
                    header = files.head(file, str(path)).header
            except SecureError as error:
                search.failures.append(error)
            except OSError as error:
                search.failures.append(unreadable(path, error))
            else:
                if header is not None:
                    search.take(root, header)
    if not search.fitting:
        raise _nothing_fits(search)
    if len(search.epochs) > 1:
        ids = ", ".join(sorted(vault_id.hex()[:8] for vault_id in search.epochs))
        raise Conflict(
            f"The files belong to several vaults ({ids}).", remedy="Name those of one vault only."
        )
    [(vault_id, epoch)] = search.epochs.items()
    keyring = Keyring.from_root(root, vault_id, epoch)
    return Recovered(keyring, search.fitting, search.others, tuple(search.failures))


def _nothing_fits(search: _Search) -> SecureError:
    if search.others:
        return WrongKey(
            f"That recovery key opens none of the {search.others} sealed files.",
            why="They belong to another vault, or their headers are damaged.",
            remedy="Use the recovery key that was shown when that vault was set up.",
        )
    failed = f"{len(search.failures)} could not be read. " if search.failures else ""
    return NotFound(
        "There is no sealed file.",
        why=f"{failed}Which vault it was is read from its files.",
        remedy="Name the folder that they are in; to start without any, run `jupyter secure init`.",
    )
