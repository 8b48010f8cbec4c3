"""Seal and open single files without a server, of any size, with little memory (see ``in_place``).

A key comes from an account's password, or from the recovery key, which needs nothing but the files.
"""

from __future__ import annotations

import io
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, BinaryIO, cast

from jupyter_secure.errors import (
    CorruptFile,
    InvalidInput,
    NotFound,
    SecureError,
    StorageFailed,
    WrongKey,
)
from jupyter_secure.identity.accounts import normalise_username
from jupyter_secure.store import places
from jupyter_secure.store.atomic import AtomicFile
from jupyter_secure.store.key_file import read_key_file
from jupyter_secure.store.vault_file import load_keyring
from jupyter_secure.vault.envelope import FileClass, Header, is_sealed, read_prefix
from jupyter_secure.vault.keyring import Keyring
from jupyter_secure.vault.keys import RootKey
from jupyter_secure.vault.passphrase import PassphraseKey
from jupyter_secure.vault.recovery_key import decode_recovery_key
from jupyter_secure.vault.vault import Vault
from jupyter_secure.vault.wrapping import root_key_fits

#: Bytes that are read, sealed or opened, and written at a time.
PIECE_BYTES = 256 * 1024


@dataclass(frozen=True)
class Head:
    """The beginning of a file that was looked at: its header, None for one that is not sealed."""

    header: Header | None
    first: bytes


def account_names() -> tuple[str, ...]:
    """Return the names whose passwords open this account's vault; NotSetUp when there is none."""
    return tuple(slot.name for slot in load_keyring(places.state_dir()).slots)


def root_from_password(username: str, password: str) -> RootKey:
    """Return the root key; WrongKey for a wrong name or password alike."""
    name = normalise_username(username)
    return load_keyring(places.state_dir()).open_with_password(name, password)


def root_from_key_file(path: Path) -> RootKey:
    """Return the root key; raises as ``read_key_file`` and ``Keyring.open_with_key_file`` do."""
    key = read_key_file(path)
    try:
        return load_keyring(places.state_dir()).open_with_key_file(key)[0]
    finally:
        key.wipe()


def root_from_recovery_key(text: str) -> RootKey:
    """Return the root key that a recovery key is; InvalidInput, saying where, if it is mistyped."""
    return decode_recovery_key(text)


def sealed_vault_here() -> Vault:
    """Return this account's vault without its keys; NotSetUp when there is none."""
    return Vault(load_keyring(places.state_dir()))


def vault_here(root: RootKey) -> Vault:
    """Return this account's vault, unsealed; WrongKey for the key of another one."""
    vault = sealed_vault_here()
    vault.unseal(root)
    return vault


def vault_of(root: RootKey, header: Header) -> Vault:
    """Return the vault that sealed a file, unsealed, from the root key and the file alone.

    Raises WrongKey for the key of another vault.
    """
    if not root_key_fits(root, header):
        old = _previous_root(root, header)
        if old is not None and root_key_fits(old, header):
            return vault_of(old, header)
        raise WrongKey(
            "That key does not belong to the vault that sealed this file.",
            why=f"The file belongs to vault {header.vault_id.hex()[:8]}.",
            remedy="Use the recovery key that was shown when that vault was set up.",
        )
    keyring = Keyring.from_root(root, header.vault_id, header.stanza.epoch)
    vault = Vault(keyring)
    vault.unseal(root)
    return vault


def _previous_root(root: RootKey, header: Header) -> RootKey | None:
    """Return the root key before this one, while this account's vault is between the two."""
    try:
        keyring = load_keyring(places.state_dir())
        return keyring.previous_root(root) if keyring.vault_id == header.vault_id else None
    except SecureError:
        return None  # on another machine, or of another vault: the file stands for itself


def head(file: IO[bytes], name: str) -> Head:
    """Read the beginning of ``file``; raises CorruptFile or UnsupportedFormat."""
    first = read_prefix(partial(_read_exactly, file))
    return Head(Header.parse(first, name=name) if is_sealed(first) else None, first)


def pieces(file: IO[bytes]) -> Iterator[memoryview]:
    """Yield what is left of ``file`` piece by piece, each in the memory of the one before.

    So each must be used before the next. The system is asked for new memory for every piece
    otherwise, which takes longer than sealing it. Raises ``StorageFailed`` for a file that has
    nothing at the moment, and may go on.
    """
    memory = bytearray(PIECE_BYTES)
    view = memoryview(memory)
    while (count := cast(io.BufferedReader, file).readinto(memory)) != 0:
        if count is None:
            raise StorageFailed(
                "The input could not be read to its end.",
                why="It does not wait for what is to come (it is in non-blocking mode).",
                remedy="Give it through a pipe: cat … | jupyter secure …",
            )
        yield view[:count]


def sealed_pieces(vault: Vault, first: bytes, rest: IO[bytes]) -> Iterator[bytes]:
    """Yield the sealed form of content that begins with ``first`` and goes on in ``rest``."""
    sealer = vault.sealer(file_class=FileClass.CONTENT)
    yield sealer.header
    yield sealer.update(first)
    for piece in pieces(rest):
        yield sealer.update(piece)
    yield sealer.finalize()


def opened_pieces(
    vault: Vault,
    header: Header,
    rest: IO[bytes],
    name: str,
    passphrase: PassphraseKey | None = None,
) -> Iterator[bytes]:
    """Yield the content of a sealed file whose header was read from ``rest`` already.

    Every piece is authentic; that the file is complete is known when the last one was yielded, so
    a reader must not act on what came before an error. Checkpoints and the like open too: on the
    command line the person names the file, and nothing can be passed off as another.
    """
    opener = vault.opener(header, expect=header.file_class, name=name, passphrase=passphrase)
    for piece in pieces(rest):
        yield opener.update(piece)
    yield opener.finalize()


def open_file(path: Path) -> BinaryIO:
    """Open a regular file for reading; NotFound, InvalidInput or StorageFailed when it is none."""
    try:
        # Opening a pipe would wait for a writer; O_NONBLOCK means nothing for a regular file.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    except FileNotFoundError:
        raise NotFound(f"There is no file {path}.", remedy="Check the path.") from None
    except OSError as error:
        raise StorageFailed(
            f"{path} cannot be read.", why=f"{error.strerror}.", remedy="Check its permissions."
        ) from None
    kind = os.fstat(descriptor).st_mode
    if stat.S_ISREG(kind):
        return os.fdopen(descriptor, "rb")
    os.close(descriptor)
    if stat.S_ISDIR(kind):
        remedy = "Name the files in it, such as FOLDER/*.ipynb."
        raise InvalidInput(f"{path} is a folder.", remedy=remedy)
    raise InvalidInput(f"{path} is not a regular file.", remedy="Use - to read from a pipe.")


def replace_file(path: Path, pieces: Iterator[bytes]) -> None:
    """Write ``path`` all at once or not at all; a new file is for its owner only."""
    with AtomicFile(path, mode=None if path.exists() else 0o600) as target:
        for piece in pieces:
            target.write(piece)


def require_sealed(begin: Head, name: str) -> Header:
    """Return the header of a sealed file; CorruptFile for one that is not sealed."""
    if begin.header is None:
        raise CorruptFile(
            f"{name} is not a sealed file.", remedy="It can be read as it is; nothing was done."
        )
    return begin.header


def _read_exactly(file: IO[bytes], size: int) -> bytes:
    # A pipe gives what it has: only an empty answer means the end.
    parts = []
    while size and (piece := file.read(size)):
        parts.append(piece)
        size -= len(piece)
    return b"".join(parts)
