"""Turning one file from plain to sealed, or back, where it is.

The file is complete at every moment, the one or the other. The new form is on the disk and was read
back from there, and found to hold the same content, before it takes the place of the old one.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from jupyter_secure.app.content import files
from jupyter_secure.app.content.opening import sealing_in
from jupyter_secure.errors import Conflict, CorruptFile, StorageFailed
from jupyter_secure.store.atomic import AtomicFile, Buffer
from jupyter_secure.vault.catalogue_rows import Sealing
from jupyter_secure.vault.envelope import FileClass, Header
from jupyter_secure.vault.passphrase import PassphraseKey
from jupyter_secure.vault.vault import Vault


@dataclass(frozen=True)
class Hooks:
    """What may take part while a file is turned.

    ``read`` is told of every piece, in bytes, and may raise to stop; the file then stays as it was.
    ``writing`` is entered while the new form takes the place of the old: whoever else writes these
    files in this process holds it as well. For a live file, none of the checkpoints: ``check`` is
    given the sealing that was found, None for a plain file, and raises if the file is not to be
    taken for what was left there; ``left`` is told, within ``writing``, of the new one.
    ``ended`` is told after the last of many.
    """

    read: Callable[[int], None] = lambda _: None
    writing: Callable[[], AbstractContextManager[object]] = nullcontext
    check: Callable[[Path, Sealing | None], None] = lambda _, __: None
    left: Callable[[Path, Sealing | None], None] = lambda _, __: None
    ended: Callable[[], None] = lambda: None


NO_HOOKS = Hooks()


@dataclass(frozen=True)
class Bound:
    """What a file is sealed as: its class and identity, a new one if ``file_id`` is None."""

    file_class: FileClass = FileClass.CONTENT
    file_id: bytes | None = None


CONTENT = Bound()


def seal_in_place(
    vault: Vault,
    path: Path,
    *,
    bound: Bound = CONTENT,
    hooks: Hooks = NO_HOOKS,
    parting: bool = False,
    place: Path | None = None,
) -> Header | None:
    """Seal a file where it is; None, having changed nothing, when it is sealed already.

    Times and permissions stay. Raises ``Conflict`` for a file that has other names (hard links),
    under which the plain content lives on, unless they are to be parted; or that was changed
    meanwhile, or does not lie at ``place`` (a real path) after every link is followed.
    """
    with files.open_file(path) as file:
        facts = os.fstat(file.fileno())
        begin = files.head(file, str(path))
        if begin.header is not None:
            return None
        if not parting:
            check_only_name(path, facts)
        if bound.file_class is FileClass.CONTENT:
            hooks.check(path, None)
        sealer = vault.sealer(file_class=bound.file_class, file_id=bound.file_id)
        digest = hashlib.sha256()

        def sealed() -> Iterator[bytes]:
            yield sealer.header
            for piece in _followed(chain((begin.first,), files.pieces(file)), digest, hooks.read):
                yield sealer.update(piece)
            yield sealer.finalize()

        header = Header.parse(sealer.header, name=str(path))

        def check(written: Path) -> Sealing | None:
            with open(written, "rb") as back:
                found = files.head(back, str(path)).header
                sealing = sealing_in(back, found)
                pieces = files.opened_pieces(vault, header, back, str(path))
                _check_same(digest, pieces if found == header else ())
            return sealing

        _replace(path, place, sealed(), facts, hooks, check, bound.file_class)
        return header


def open_in_place(
    vault_for: Callable[[Header], Vault],
    path: Path,
    *,
    hooks: Hooks = NO_HOOKS,
    passphrase_for: Callable[[Vault, Header, str], PassphraseKey | None] = lambda *_: None,
    place: Path | None = None,
) -> bool:
    """Turn a sealed file back into a plain one; False when it is plain already.

    ``vault_for`` gives the unsealed vault for a header, or raises, ``passphrase_for`` the key for
    one that needs a passphrase. Times and permissions stay. Raises ``WrongKey``, ``CorruptFile`` or
    ``PassphraseRequired``, with the file as it was; ``Conflict`` if it was changed meanwhile, or
    does not lie at ``place`` (a real path) after every link is followed.
    """
    with files.open_file(path) as file:
        facts = os.fstat(file.fileno())
        header = files.head(file, str(path)).header
        if header is None:
            return False
        vault = vault_for(header)
        if header.file_class is FileClass.CONTENT:
            hooks.check(path, sealing_in(file, header))
        passphrase = passphrase_for(vault, header, str(path))
        opened = files.opened_pieces(vault, header, file, str(path), passphrase)
        digest = hashlib.sha256()

        def check(written: Path) -> None:
            with open(written, "rb") as back:
                _check_same(digest, files.pieces(back))

        pieces = _followed(opened, digest, hooks.read)
        _replace(path, place, pieces, facts, hooks, check, header.file_class)
        return True


def check_only_name(path: Path, facts: os.stat_result) -> None:
    """Raise ``Conflict`` if the file of these facts has other names than ``path``."""
    if facts.st_nlink > 1:
        raise Conflict(
            f"{path} has other names: {facts.st_nlink - 1} (hard links).",
            why="Under those its content would stay as it is.",
            remedy="Remove them first: find . -samefile FILE shows them.",
        )


def _replace(
    path: Path,
    place: Path | None,
    pieces: Iterable[Buffer],
    facts: os.stat_result,
    hooks: Hooks,
    check: Callable[[Path], Sealing | None],
    file_class: FileClass,
) -> None:
    """Write ``pieces``, let ``check`` read them back from the disk, and put them in place."""
    target = AtomicFile(path, unchanged=facts)
    try:
        # Asked of what will be replaced, which is the file that was opened or nothing is done: who
        # may write the folder could have put a link to another place on the way there meanwhile.
        if place is not None and target.place != place:
            raise Conflict(
                f"{path} became a link just now, or lies behind one.",
                why=f"It leads to {target.place}.",
                remedy="Find out who did that; the file was left alone.",
            )
        for piece in pieces:
            target.write(piece)
        target.keep_times(facts)
        try:
            sealing = check(target.finish())
        except (OSError, CorruptFile) as error:
            said = error.strerror if isinstance(error, OSError) else None
            raise StorageFailed(
                f"{path} could not be replaced; it is as it was before.",
                why=f"What was written could not be read back: {said or 'it is damaged'}.",
                remedy="Check the disk, and the machine's memory.",
            ) from error
        live = file_class is FileClass.CONTENT
        with hooks.writing():
            # Told of before it is plain: a kill in between must not leave a plain file where a
            # sealed one is remembered. The other way round there is no such file.
            if live and sealing is None:
                hooks.left(path, None)
            target.commit()
            if live and sealing is not None:
                hooks.left(path, sealing)
    finally:
        target.abort()  # nothing to do after the commit


def _followed(
    pieces: Iterable[Buffer], digest: hashlib._Hash, read: Callable[[int], None]
) -> Iterator[Buffer]:
    for piece in pieces:
        digest.update(piece)
        read(len(piece))
        yield piece


def _check_same(digest: hashlib._Hash, pieces: Iterable[Buffer]) -> None:
    """Raise ``CorruptFile`` unless ``pieces`` are what ``digest`` was made from."""
    found = hashlib.sha256()
    for piece in pieces:
        found.update(piece)
    if found.digest() != digest.digest():
        raise CorruptFile("What was read back is not what was written.")
