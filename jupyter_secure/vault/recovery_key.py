"""The root key as text, for paper. Specified in ``docs/reference/file-format.md``."""

from __future__ import annotations

import hashlib
import hmac
import unicodedata

from jupyter_secure.errors import InvalidInput
from jupyter_secure.vault.keys import ROOT_KEY_BYTES, RootKey

# Crockford's alphabet has no letters that are easily taken for digits.
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_VALUES = {symbol: value for value, symbol in enumerate(_ALPHABET)}
_VALUES |= {symbol.lower(): value for symbol, value in _VALUES.items()}
_VALUES |= {"O": 0, "o": 0, "I": 1, "i": 1, "L": 1, "l": 1}

_CHECK_BYTES = 3
_BITS = 8 * (ROOT_KEY_BYTES + _CHECK_BYTES)
_SYMBOLS = _BITS // 5
_GROUP = 4


def encode_recovery_key(root: RootKey) -> str:
    """Return the key as 14 groups of 4 characters joined by dashes."""
    key = root.expose()
    number = int.from_bytes(key + _check(key), "big")
    symbols = "".join(_ALPHABET[number >> shift & 31] for shift in range(_BITS - 5, -1, -5))
    return "-".join(symbols[at : at + _GROUP] for at in range(0, _SYMBOLS, _GROUP))


def decode_recovery_key(text: str) -> RootKey:
    """Return the key that the text stands for, forgiving case, spaces, dashes and O/0, I/L/1.

    Raises ``InvalidInput`` saying whether a character, the length or the check is wrong. Nothing
    of the text but a character that cannot belong to a key appears in the message.
    """
    values: list[int] = []
    for symbol in text:
        if symbol.isspace() or unicodedata.category(symbol) == "Pd":
            continue
        if symbol not in _VALUES:
            raise InvalidInput(
                f"{symbol!r} cannot be part of a recovery key.",
                why=f"It stands in group {len(values) // _GROUP + 1}.",
                remedy="Compare that group with what you wrote down.",
            )
        values.append(_VALUES[symbol])
    if len(values) != _SYMBOLS:
        raise InvalidInput(
            f"A recovery key has {_SYMBOLS} characters, and this one has {len(values)}.",
            remedy="Compare it with what you wrote down, group by group.",
        )
    number = 0
    for value in values:
        number = number << 5 | value
    raw = number.to_bytes(_BITS // 8, "big")
    key, check = raw[:ROOT_KEY_BYTES], raw[ROOT_KEY_BYTES:]
    if not hmac.compare_digest(check, _check(key)):
        raise InvalidInput(
            "The recovery key is mistyped.",
            why="Its last characters do not fit the others.",
            remedy="Compare it with what you wrote down, group by group.",
        )
    return RootKey.from_bytes(key)


def _check(key: bytes) -> bytes:
    return hashlib.sha256(b"jsec/recovery-key/v1" + key).digest()[:_CHECK_BYTES]
