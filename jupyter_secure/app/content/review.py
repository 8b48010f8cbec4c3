"""Looking over a folder for files that are not as they were left, and accepting them."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from jupyter_secure.app.content.coverage import CHECKPOINTS
from jupyter_secure.app.content.download import Download
from jupyter_secure.app.content.opening import at_once, explained, header_of, sealing_in
from jupyter_secure.app.content.provenance import Provenance, not_as_left
from jupyter_secure.app.content.tree import regular_files
from jupyter_secure.errors import NotAsLeft, PassphraseRequired, SecureError
from jupyter_secure.vault.catalogue import Finding
from jupyter_secure.vault.catalogue_rows import Sealing
from jupyter_secure.vault.envelope import Header
from jupyter_secure.vault.vault import Vault


@dataclass(frozen=True)
class Found:
    """A file that is not as it was left."""

    path: Path
    finding: Finding

    @property
    def error(self) -> NotAsLeft:
        """Why it is thought so, in words."""
        return not_as_left(self.path, self.finding)


@dataclass(frozen=True)
class Reviewed:
    """What was found, and whether everything was looked at in the time there was."""

    found: tuple[Found, ...] = ()
    complete: bool = True


@dataclass
class Accepted:
    """What came of it: how many files were ``accepted``, and what could not be, with the reason."""

    accepted: int = 0
    failures: list[tuple[Path, SecureError]] = field(default_factory=list)


def review(
    start: Path,
    provenance: Provenance,
    vault: Vault,
    *,
    closed: Iterable[Path] = (),
    seconds: float = math.inf,
) -> Reviewed:
    """Look at each file below ``start``, or at ``start`` itself.

    Only the beginning of each file is read; what cannot be read is left to be found at its opening.
    ``closed`` are folders that are not looked into. Raises ``NotFound`` when there is no ``start``,
    and ``VaultSealed``.
    """
    until = time.monotonic() + seconds
    survey = provenance.survey()
    left_out = tuple(one.resolve() for one in closed)
    found: list[Found] = []
    for path in regular_files(start.resolve(), lambda _, __: None):
        if time.monotonic() > until:
            return Reviewed(tuple(found), complete=False)
        if CHECKPOINTS in path.parts or any(path.is_relative_to(one) for one in left_out):
            continue
        try:
            sealing, ours = _look(path, vault)
        except (SecureError, OSError):
            continue
        finding = survey.finding(path, sealing)
        # Another vault's file is news only where one of this vault was.
        if finding is not None and (ours or finding is Finding.SWAPPED):
            found.append(Found(path, finding))
    for path in survey.replaced_by_links(start):
        if any(path.resolve().is_relative_to(one) for one in left_out):
            continue
        with suppress(SecureError, OSError):
            finding = survey.finding(path, _look(path, vault)[0])
            if finding is not None:
                found.append(Found(path, finding))
    return Reviewed(tuple(found))


def accept(
    paths: Iterable[Path],
    provenance: Provenance,
    vault: Vault,
    vault_for: Callable[[Header], Vault] | None = None,
) -> Accepted:
    """Take each file, once it proves authentic, for what should be at its place.

    ``vault_for`` gives the vault for a file while the root key is being changed, when one file is
    under the new one and the next is not. An altered catalogue is begun anew. Raises
    ``VaultSealed`` or ``StateUnusable``.
    """
    if not provenance.is_whole(again=True):
        provenance.begin_anew()
    done = Accepted()
    for path in paths:
        try:
            with explained(path), open(path, "rb", opener=at_once) as file:
                header = header_of(file, path.name)
                sealing = sealing_in(file, header)
                # Its header and its last chunk open with our key, so it is whole and ours. What
                # lies under a passphrase has shown its header by then, which says what it is.
                with suppress(PassphraseRequired):
                    own = vault_for(header) if vault_for and header else vault
                    Download(file, header, own, name=f"“{path.name}”")
            provenance.accepted(path, sealing)
            done.accepted += 1
        except SecureError as error:
            done.failures.append((path, error))
    return done


def _look(path: Path, vault: Vault) -> tuple[Sealing | None, bool]:
    with open(path, "rb", opener=at_once) as file:
        header = header_of(file, path.name)
        return sealing_in(file, header), header is None or header.vault_id == vault.vault_id
