"""A second reader of sealed files, written from docs/reference/file-format.md alone.

It imports nothing of jupyter_secure and uses neither its code nor Cobblestone from the library:
only AES-256-GCM, HMAC, HKDF, Argon2id and SHA-256. What both readers agree on is the specification.
"""

from __future__ import annotations

import hmac
import struct
import unicodedata
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA512
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from cryptography.hazmat.primitives.kdf.hkdf import HKDF, HKDFExpand


class Refused(Exception):
    """The input must not be accepted; the text is the step that failed."""


class File(NamedTuple):
    file_class: int
    flags: int
    vault_id: bytes
    file_id: bytes
    file_version: int
    epoch: int
    content: bytes


def hkdf(key: bytes, info: bytes, length: int = 32) -> bytes:
    """HKDF-SHA-512 without a salt."""
    return HKDF(SHA512(), length, salt=None, info=info).derive(key)


def argon2id(password: str, salt: bytes, cost: tuple[int, ...]) -> bytes:
    """Argon2id of a password or passphrase; the cost is t, p and m in KiB."""
    t, p, m = cost
    return Argon2id(salt=salt, length=32, iterations=t, lanes=p, memory_cost=m).derive(
        unicodedata.normalize("NFKC", password).encode()
    )


def u64(number: int) -> bytes:
    """Big-endian, 64 bits."""
    return number.to_bytes(8, "big")


def open_cobblestone(key: bytes, context: bytes, ciphertext: bytes) -> bytes:
    """Section "Cobblestone-256"."""
    if len(ciphertext) < 56 + 16:
        raise Refused("too short")
    salt, commitment, rest = ciphertext[:24], ciphertext[24:56], ciphertext[56:]
    info = b"c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM\x00" + salt + context
    okm = HKDFExpand(SHA512(), 76, info).derive(key)
    chunk_key, base_nonce, expected = okm[:32], okm[32:44], okm[44:]
    if not hmac.compare_digest(commitment, expected):
        raise Refused("commitment")
    pieces = [rest[at : at + 16400] for at in range(0, len(rest), 16400)]
    if len(pieces[-1]) == 16400 or len(pieces[-1]) < 16:
        raise Refused("last chunk")
    gcm, message = AESGCM(chunk_key), b""
    for number, piece in enumerate(pieces):
        nonce = (int.from_bytes(base_nonce, "big") ^ number).to_bytes(12, "big")
        try:
            message += gcm.decrypt(nonce, piece, None)
        except InvalidTag:
            raise Refused(f"chunk {number}") from None
    return message


def open_file(
    blob: bytes, root_key: bytes, vault_id: bytes, expected_class: int, passphrase: str = ""
) -> File:
    """Section "Sealed file", step by step."""
    under, end = (True, 280) if blob[56:58] == b"\0\2" else (False, 180)
    if len(blob) < end + 72 or blob[:8] != b"\x89JSEC\r\n\x1a":
        raise Refused("not a sealed file")
    version, suite, file_class, flags = blob[8:12]
    file_version = struct.unpack_from(">Q", blob, 44)[0]
    counts = struct.unpack_from(">HHHHQ", blob, 52)
    if (version, suite) != (1, 1):
        raise Refused("version")
    if not 1 <= file_class <= 5 or flags & ~3 or file_version == 0:
        raise Refused("class, flags or file version")
    if counts[:4] != ((1, 280, 2, 220) if under else (1, 180, 1, 120)) or counts[4] == 0:
        raise Refused("stanza")
    cost = struct.unpack_from(">3I", blob, 92)
    if under and not (2 <= cost[0] <= 16 and 1 <= cost[1] <= 16 and 19456 <= cost[2] <= 1 << 20):
        raise Refused("cost")
    if file_class != expected_class:
        raise Refused("class")
    if blob[12:28] != vault_id:
        raise Refused("vault")
    core, head_end, epoch = blob[:52], 104 if under else 76, counts[4]
    wrap_key = hkdf(root_key, b"jsec/file-wrap/v1" + vault_id + u64(epoch))
    if not hmac.compare_digest(hkdf(wrap_key, b"jsec/key-id/v1", 8), blob[68:76]):
        raise Refused("fingerprint")
    context = b"jsec/wrap/v1" + core + blob[56:head_end]
    data_key = open_cobblestone(wrap_key, context, blob[head_end:end])
    if under:
        key = argon2id(passphrase, blob[76:92], cost)
        data_key = open_cobblestone(key, b"jsec/passphrase/v1" + core + blob[76:104], data_key)
    content = open_cobblestone(data_key, b"jsec/data/v1" + core, blob[end:])
    return File(file_class, flags, vault_id, blob[28:44], file_version, epoch, content)
