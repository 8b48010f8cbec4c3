"""Opening any part of a Cobblestone-256 message without what comes before it.

The library's interface only streams. This derives the same keys and opens the same chunks, as C2SP
chunked-encryption specifies it (https://c2sp.org/chunked-encryption, restated in
``docs/reference/file-format.md``, "Cobblestone-256"): HKDF-Expand of RFC 5869, and AES-256-GCM of
NIST SP 800-38D for each chunk.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterator
from typing import TypeAlias

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA512
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from jupyter_secure.crypto.aead import (
    CHUNK_BYTES,
    KEY_BYTES,
    PREFIX_BYTES,
    TAG_BYTES,
    Buffer,
    InvalidSeal,
    plaintext_size,
)

_INFO = b"c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM\x00"
_SALT_BYTES = 24
_NONCE_BYTES = 12
_COMMITMENT_BYTES = 32
_SEALED_CHUNK_BYTES = CHUNK_BYTES + TAG_BYTES
_MOST_CHUNKS = 1 << 38
# 256 KiB: a read of this size costs little for each byte, and is little to keep.
_CHUNKS_AT_ONCE = 16

#: Returns this many bytes (second) of the ciphertext from this offset (first) on; fewer at its end.
ReadAt: TypeAlias = Callable[[int, int], bytes]


class RandomOpener:
    """Opens parts of one message in any order, each in time proportional to its own length.

    It cannot be had for a message that was cut short: the last chunk, which alone is never a full
    one, is authenticated before the constructor returns. Everything it gives out is authentic.
    """

    def __init__(self, key: Buffer, context: Buffer, read: ReadAt, ciphertext_bytes: int) -> None:
        """Check the commitment and the last chunk. Raises ``InvalidSeal``."""
        #: Bytes in the message.
        self.size = plaintext_size(ciphertext_bytes)
        self._read = read
        prefix = read(0, PREFIX_BYTES)
        salt, commitment = prefix[:_SALT_BYTES], prefix[_SALT_BYTES:]
        length = KEY_BYTES + _NONCE_BYTES + _COMMITMENT_BYTES
        derived = HKDFExpand(SHA512(), length, _INFO + salt + bytes(context)).derive(bytes(key))
        committed = derived[KEY_BYTES + _NONCE_BYTES :]
        self._last_chunk = self.size // CHUNK_BYTES
        # In constant time, and before anything is decrypted: a message that opens under two keys
        # to two contents would otherwise get as far as its tags.
        if (
            len(prefix) != PREFIX_BYTES
            or self._last_chunk >= _MOST_CHUNKS
            or not hmac.compare_digest(commitment, committed)
        ):
            raise InvalidSeal
        self._aead = AESGCM(derived[:KEY_BYTES])
        self._nonce = int.from_bytes(derived[KEY_BYTES:][:_NONCE_BYTES], "big")
        self._last = self._open(self._last_chunk, self._last_chunk + 1)

    def parts(self, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """Return the bytes from ``start`` (0 or more) to before ``end``, 256 KiB or less at a time.

        Raises ``InvalidSeal`` instead of a part that is not authentic; what came before it is.
        """
        end = self.size if end is None else min(end, self.size)
        if not 0 <= start < end:
            return
        chunk = start // CHUNK_BYTES
        while (at := chunk * CHUNK_BYTES) < end:
            if chunk == self._last_chunk:
                part, chunk = self._last, chunk + 1
            else:
                wanted = -(-end // CHUNK_BYTES)
                stop = min(chunk + _CHUNKS_AT_ONCE, wanted, self._last_chunk)
                part, chunk = self._open(chunk, stop), stop
            yield part[max(0, start - at) : end - at]

    def _open(self, first: int, stop: int) -> bytes:
        """Return the chunks from ``first`` to before ``stop``, all of them or none."""
        length = min(stop * CHUNK_BYTES, self.size) - first * CHUNK_BYTES
        expected = length + TAG_BYTES * (stop - first)
        sealed = self._read(PREFIX_BYTES + first * _SEALED_CHUNK_BYTES, expected)
        if len(sealed) != expected:
            raise InvalidSeal
        view = memoryview(sealed)
        try:
            return b"".join(
                self._aead.decrypt(
                    (self._nonce ^ number).to_bytes(_NONCE_BYTES, "big"),
                    view[(at := (number - first) * _SEALED_CHUNK_BYTES) : at + _SEALED_CHUNK_BYTES],
                    None,
                )
                for number in range(first, stop)
            )
        except InvalidTag:
            raise InvalidSeal from None
