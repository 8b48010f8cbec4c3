"""Recovery codes: single-use stand-ins for a lost authenticator.

A code holds 80 random bits. That is beyond guessing, so a plain SHA-256 digest is safe to keep:
there is no list of likely codes that a slow hash would have to hold off.
"""

from __future__ import annotations

import base64
import hashlib
import re
import secrets

COUNT = 10
_BYTES = 10
_CODE = re.compile(r"[a-z2-7]{16}", re.ASCII)
# The alphabet has no 0, 1 and 8, so whoever types one misread its lookalike.
_MISREAD = str.maketrans({"0": "o", "1": "l", "8": "b", "-": None})


def generate(count: int = COUNT) -> tuple[str, ...]:
    """Return fresh codes in the form they are shown in: ``xxxx-xxxx-xxxx-xxxx``."""
    return tuple(_shown(secrets.token_bytes(_BYTES)) for _ in range(count))


def digest(text: str) -> bytes | None:
    """Return the 32-byte digest under which the typed code is kept; ``None`` if it is not one.

    Case, spaces and dashes do not matter.
    """
    code = "".join(text.split()).lower().translate(_MISREAD)
    return hashlib.sha256(code.encode("ascii")).digest() if _CODE.fullmatch(code) else None


def digests(codes: tuple[str, ...]) -> tuple[bytes, ...]:
    """Return the digests of codes that :func:`generate` made; ``ValueError`` for anything else."""
    found = tuple(one for one in map(digest, codes) if one is not None)
    if len(found) != len(codes):
        raise ValueError("not a recovery code")
    return found


def _shown(raw: bytes) -> str:
    text = base64.b32encode(raw).decode("ascii").lower()
    return "-".join(text[i : i + 4] for i in range(0, len(text), 4))
