"""Authenticated encryption of messages of any size by Cobblestone-256.

Cobblestone-256 is the AES-256-GCM instantiation of C2SP chunked-encryption
(https://c2sp.org/chunked-encryption), restated in ``docs/reference/file-format.md``. It derives
single-use keys from a random salt for every message, commits to the key, and makes truncation,
reordering and extension visible; so one key may seal many messages and no caller handles a nonce.
"""

from __future__ import annotations

import io
from typing import Protocol, TypeAlias

from cryptography.cobblestone import Cobblestone256Decryptor, Cobblestone256Encryptor
from cryptography.exceptions import InvalidTag

from jupyter_secure.errors import SecureError

KEY_BYTES = 32
CHUNK_BYTES = 16384
TAG_BYTES = 16
#: Salt (24) and key commitment (32), before the first chunk.
PREFIX_BYTES = 56
_PIECE_BYTES = 256 * 1024

Buffer: TypeAlias = bytes | bytearray | memoryview


class InvalidSeal(SecureError):
    """Another key or context, or bytes that are not what was sealed. Callers say which and why."""

    reason = "invalid-seal"

    def __init__(self) -> None:
        super().__init__("The sealed data does not open.")


def generate_key() -> bytes:
    """Return a new random key of ``KEY_BYTES``."""
    return Cobblestone256Encryptor.generate_key()


class Sealer:
    """Seals one message piece by piece; the concatenation of all returned bytes is the ciphertext.

    ``key`` is ``KEY_BYTES`` of uniformly random bytes; ``context`` is bound and not stored.
    """

    def __init__(self, key: Buffer, context: Buffer) -> None:
        self._encryptor = Cobblestone256Encryptor(key, context)

    def update(self, plaintext: Buffer) -> bytes:
        """Take the next piece of the message, of any size; return ciphertext, possibly none."""
        return self._encryptor.update(plaintext)

    def finalize(self) -> bytes:
        """Return the last ciphertext. Without it the message counts as cut short."""
        return self._encryptor.finalize()


class Opener:
    """Opens one message piece by piece.

    What ``update`` returns is authentic, but it is the whole message only once ``finalize`` has
    returned. After a failure nothing more comes out of it.
    """

    def __init__(self, key: Buffer, context: Buffer) -> None:
        self._decryptor: Cobblestone256Decryptor | None = Cobblestone256Decryptor(key, context)

    def update(self, ciphertext: Buffer) -> bytes:
        """Take the next piece of ciphertext; return plaintext. Raises ``InvalidSeal``."""
        if self._decryptor is None:
            raise InvalidSeal
        try:
            return self._decryptor.update(ciphertext)
        except InvalidTag:
            self._decryptor = None
            raise InvalidSeal from None

    def finalize(self) -> bytes:
        """Return the last plaintext. Raises ``InvalidSeal`` if the message was cut short."""
        if self._decryptor is None:
            raise InvalidSeal
        try:
            return self._decryptor.finalize()
        except InvalidTag:
            self._decryptor = None
            raise InvalidSeal from None


class _Pieces(Protocol):
    def update(self, data: Buffer, /) -> bytes: ...

    def finalize(self) -> bytes: ...


def run_whole(pieces: _Pieces, data: Buffer, *, first: bytes = b"") -> bytes:
    """Return ``first``, and all that a sealer or opener makes of ``data``.

    In small pieces, collected in a buffer that grows: of 20 MB at once and what ``finalize`` adds,
    joining them alone takes four times as long as sealing.
    """
    view = memoryview(data)
    result = io.BytesIO()
    result.write(first)
    for at in range(0, len(view), _PIECE_BYTES):
        result.write(pieces.update(view[at : at + _PIECE_BYTES]))
    result.write(pieces.finalize())
    return result.getvalue()


def seal(key: Buffer, context: Buffer, plaintext: Buffer) -> bytes:
    """Seal one whole message."""
    return run_whole(Sealer(key, context), plaintext)


def open_sealed(key: Buffer, context: Buffer, ciphertext: Buffer) -> bytes:
    """Open one whole message, all or nothing. Raises ``InvalidSeal``."""
    return run_whole(Opener(key, context), ciphertext)


def ciphertext_size(plaintext_bytes: int) -> int:
    """Return the size of the ciphertext of a message of this many bytes."""
    chunks = plaintext_bytes // CHUNK_BYTES + 1
    return PREFIX_BYTES + plaintext_bytes + TAG_BYTES * chunks


def plaintext_size(ciphertext_bytes: int) -> int:
    """Return the size of the message in a ciphertext of this many bytes.

    Raises ``InvalidSeal`` for a size that no message has. Only opening shows that it is authentic.
    """
    full, last = divmod(ciphertext_bytes - PREFIX_BYTES, CHUNK_BYTES + TAG_BYTES)
    if full < 0 or last < TAG_BYTES:
        raise InvalidSeal
    return full * CHUNK_BYTES + last - TAG_BYTES
