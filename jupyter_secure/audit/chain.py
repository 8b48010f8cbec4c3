"""The keys of the record, each good for one event, and how each follows from the one before.

Forward integrity (Bellare and Yee, "Forward Integrity for Secure Audit Logs", 1997; the key for
each entry as in Schneier and Kelsey, "Secure Audit Logs to Support Computer Forensics", 1999):
whoever takes the machine finds the key for the next event, from which no earlier one follows. Two
levels, so that a checker can begin at any segment, as in Marson and Poettering, "Practical Secure
Logging", 2013, on which journald's sealing rests::

    segment key   S(n+1)   = HMAC(S(n),   "next segment")
    record key    k(n,0)   = HMAC(S(n),   "first record")
                  k(n,i+1) = HMAC(k(n,i), "next record")
    an event's    mac      = HMAC(k(n,i), the line up to it)
                  link     = SHA-256(the whole line), which stands in the next line as ``prev``

HMAC-SHA-256 is a pseudorandom function, so its values at different inputs tell nothing of each
other; a line begins with ``{"seq":`` and so is none of the labels.

The end is held by the key itself (Ma and Tsudik, "A New Approach to Secure Logging", 2009, on
cutting off the end): to pretend that the record ended at an earlier event takes the key for the
event after that one, which is gone. Within the record each segment ends with a closing event.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets

KEY_BYTES = 32
#: The link before the first event of all.
NO_LINK = "0" * 64

_FIRST_RECORD = b"jsec/audit/first-record/v1"
_NEXT_RECORD = b"jsec/audit/next-record/v1"
_NEXT_SEGMENT = b"jsec/audit/next-segment/v1"
_PROOF = b"jsec/audit/proof/v1\0"

# RFC 2104, 2: the key, filled up with zeros to a block of 64 bytes, is combined with each pad.
_BLOCK_BYTES = 64
_INNER, _OUTER = bytes(byte ^ 0x36 for byte in range(256)), bytes(b ^ 0x5C for b in range(256))
_INNER_REST = b"\x36" * (_BLOCK_BYTES - KEY_BYTES)
_OUTER_REST = b"\x5c" * (_BLOCK_BYTES - KEY_BYTES)


def new_segment_key() -> bytes:
    """Return a random key to begin a chain with."""
    return secrets.token_bytes(KEY_BYTES)


def next_segment_key(segment_key: bytes) -> bytes:
    """Return the key of the segment after that of ``segment_key``."""
    return hmac.digest(segment_key, _NEXT_SEGMENT, "sha256")


def first_key(segment_key: bytes) -> bytes:
    """Return the key for the first event of a segment."""
    return hmac.digest(segment_key, _FIRST_RECORD, "sha256")


def next_key(key: bytes) -> bytes:
    """Return the key for the event after that of ``key``."""
    return hmac.digest(key, _NEXT_RECORD, "sha256")


def mac_and_next_key(key: bytes, line: bytes) -> tuple[bytes, bytes]:
    """Return what :func:`mac` does, as 32 bytes, and the next key: in half the time.

    HMAC written out (RFC 2104: two hashes under two pads), as both have the key, and so the pads,
    in common; a verifier does this for millions of lines.
    """
    inner, outer = key.translate(_INNER) + _INNER_REST, key.translate(_OUTER) + _OUTER_REST
    sha256 = hashlib.sha256
    return (
        sha256(outer + sha256(inner + line).digest()).digest(),
        sha256(outer + sha256(inner + _NEXT_RECORD).digest()).digest(),
    )


def mac(key: bytes, line: bytes) -> str:
    """Return the 64 hex digits that vouch for a line; ``line`` is all of it before them."""
    return hmac.digest(key, line, "sha256").hex()


def proof(key: bytes, statement: bytes) -> str:
    """Return what vouches for a statement about the record up to the event before ``key``'s."""
    return hmac.digest(key, _PROOF + statement, "sha256").hex()


def link(line: bytes) -> str:
    """Return the 64 hex digits by which the next line names this one, its end of line included."""
    return hashlib.sha256(line).hexdigest()
