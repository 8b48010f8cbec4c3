"""Read every sealed file below a folder to its end, and say which do not open.

Nothing is changed and no content is kept: pieces are opened, found authentic, and dropped.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from jupyter_secure.app.content import files
from jupyter_secure.app.content.coverage import CHECKPOINTS, must_seal
from jupyter_secure.app.content.tree import regular_files, unreadable
from jupyter_secure.errors import NotFound, PassphraseRequired, SecureError, WrongPassphrase
from jupyter_secure.vault.envelope import FileClass, Header
from jupyter_secure.vault.passphrase import PassphraseKey
from jupyter_secure.vault.vault import Vault


@dataclass(frozen=True)
class Failure:
    """A file that did not open, or a folder that could not be looked into, and why."""

    path: Path
    error: SecureError


@dataclass
class Verified:
    """What was found: sealed files ``read`` (``bytes`` on the disk), of them ``checkpoints``.

    ``plain`` files match the patterns and are not sealed. ``need_passphrase`` counts those whose
    passphrase was not given: their headers are authentic, and they were not read. What is in
    ``failures`` counts as read when it is a sealed file.
    """

    read: int = 0
    bytes: int = 0
    checkpoints: int = 0
    plain: int = 0
    need_passphrase: int = 0
    failures: list[Failure] = field(default_factory=list)


def verify(
    folder: Path,
    vault_for: Callable[[Header], Vault],
    patterns: Sequence[str],
    progress: Callable[[Verified], None] = lambda _: None,
    passphrase_for: Callable[[Header], PassphraseKey | None] = lambda _: None,
) -> Verified:
    """Read what is sealed below ``folder``, in constant memory.

    ``vault_for`` gives the unsealed vault for a header, or raises; ``passphrase_for`` the key to
    try on one that needs a passphrase, None for none. ``progress`` is called after each piece. A
    file must be what its place says: below a folder of checkpoints a checkpoint, elsewhere a live
    document. Raises ``NotFound`` when there is no ``folder``.
    """
    found = Verified()

    def failed(path: Path, error: SecureError) -> None:
        found.failures.append(Failure(path, error))

    for path in regular_files(folder, failed):
        try:
            _verify_one(folder, path, vault_for, patterns, found, progress, passphrase_for)
        except NotFound:
            continue  # removed while we were on the way to it
        except SecureError as error:
            failed(path, error)
        except OSError as error:
            failed(path, unreadable(path, error))
        progress(found)
    return found


def _verify_one(
    folder: Path,
    path: Path,
    vault_for: Callable[[Header], Vault],
    patterns: Sequence[str],
    found: Verified,
    progress: Callable[[Verified], None],
    passphrase_for: Callable[[Header], PassphraseKey | None],
) -> None:
    with files.open_file(path) as file:
        # Our hold on the open file outlives a save that replaces it: we read one version, whole.
        try:
            header = files.head(file, str(path)).header
        except SecureError:
            found.read += 1
            raise
        if header is None:
            found.plain += must_seal(_below(folder, path), patterns)
            return
        found.read += 1
        is_checkpoint = CHECKPOINTS in path.absolute().parts
        found.checkpoints += is_checkpoint
        expect = FileClass.HISTORY if is_checkpoint else FileClass.CONTENT
        vault, passphrase = vault_for(header), passphrase_for(header)
        try:
            opener = vault.opener(header, expect=expect, name=str(path), passphrase=passphrase)
        except (PassphraseRequired, WrongPassphrase):
            found.read -= 1
            found.checkpoints -= is_checkpoint
            found.need_passphrase += 1
            return
        found.bytes += file.tell()
        for piece in files.pieces(file):
            opener.update(piece)
            found.bytes += len(piece)
            progress(found)
        opener.finalize()


def _below(folder: Path, path: Path) -> str:
    # A file that was named itself lies below nothing.
    return path.name if path == folder else path.relative_to(folder).as_posix()
