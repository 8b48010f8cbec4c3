"""The verification key: what the owner keeps off the server, as text for paper or a safe."""

from __future__ import annotations

import base64
import binascii
import hashlib
import struct
from dataclasses import dataclass

from jupyter_secure.audit import chain
from jupyter_secure.errors import InvalidInput

_PREFIX = "jsrec1-"
_FORM = struct.Struct(">16sI32s32s")
_CHECK_BYTES = 4
_MOST_KEYS = 1000


@dataclass(frozen=True, slots=True)
class VerificationKey:
    """The key of the segment ``segment``, from which all later ones follow, and who signs.

    Whoever has it can also forge: keep it where the server's administrator does not reach.
    """

    record_id: bytes
    segment: int
    segment_key: bytes
    public_key: bytes

    def to_text(self) -> str:
        """Return it in capital letters and digits (base32, RFC 4648), in groups of eight."""
        body = _FORM.pack(self.record_id, self.segment, self.segment_key, self.public_key)
        symbols = base64.b32encode(body + _check(body)).decode().rstrip("=")
        groups = (symbols[at : at + 8] for at in range(0, len(symbols), 8))
        return _PREFIX + "-".join(groups)

    def key_of(self, segment: int) -> bytes:
        """Return the key of this segment or a later one."""
        key = self.segment_key
        for _ in range(segment - self.segment):
            key = chain.next_segment_key(key)
        return key

    def __repr__(self) -> str:
        return f"VerificationKey(segment={self.segment})"


def read_keys(text: str) -> tuple[VerificationKey, ...]:
    """Return the keys in a text, one in each line. Raises ``InvalidInput``."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not 0 < len(lines) <= _MOST_KEYS:
        raise InvalidInput("There is no verification key in that.", remedy=_REMEDY)
    return tuple(_read(line) for line in lines)


_REMEDY = f"Give the text that `jupyter secure audit setup-key` printed; it begins with {_PREFIX}."


def _read(line: str) -> VerificationKey:
    symbols = "".join(line.split()).replace("-", "").upper()
    prefix = _PREFIX.replace("-", "").upper()
    if not symbols.startswith(prefix):
        raise InvalidInput("That is not a verification key.", remedy=_REMEDY)
    symbols = symbols[len(prefix) :]
    try:
        blob = base64.b32decode(symbols + "=" * (-len(symbols) % 8))
    except (binascii.Error, ValueError):
        blob = b""
    body, check = blob[: _FORM.size], blob[_FORM.size :]
    if len(blob) != _FORM.size + _CHECK_BYTES or check != _check(body):
        raise InvalidInput(
            "The verification key is mistyped or incomplete.",
            why="Its last characters do not fit the others.",
            remedy="Compare it with what was printed.",
        )
    return VerificationKey(*_FORM.unpack(body))


def _check(body: bytes) -> bytes:
    return hashlib.sha256(b"jsec/audit/verification-key/v1" + body).digest()[:_CHECK_BYTES]
