"""Checkpoints: signed statements of where the record stood, to be kept off the server.

One JSON object in a line. Everyone can check the signature (Ed25519); ``proof`` can be made by
nobody who takes the machine later, and be checked with the verification key.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace

from jupyter_secure.audit import chain
from jupyter_secure.crypto import signing

_TYPE = "jupyter-secure-record-checkpoint"
_VERSION = 1
#: The longest line that is read as one.
MAX_CHECKPOINT_BYTES = 4096


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The record ``record`` had ``seq`` events, the last of them with this link, at ``time`` (ms).

    Hex digits: ``record``, ``link``, ``proof``, ``public_key``, ``signature``.
    """

    record: str
    segment: int
    seq: int
    link: str
    time: int
    public_key: str
    proof: str = ""
    signature: str = ""

    def statement(self) -> bytes:
        """Return what ``proof`` vouches for."""
        said = asdict(replace(self, proof="", signature=""))
        return json.dumps({"type": _TYPE, "version": _VERSION, **said}, sort_keys=True).encode()

    def signed_part(self) -> bytes:
        """Return what the signature is of."""
        said = asdict(replace(self, signature=""))
        return json.dumps({"type": _TYPE, "version": _VERSION, **said}, sort_keys=True).encode()

    def is_signed(self) -> bool:
        """Tell whether the signature is that of its own public key."""
        try:
            public, signature = bytes.fromhex(self.public_key), bytes.fromhex(self.signature)
        except ValueError:
            return False
        return signing.is_signed(public, self.signed_part(), signature)

    def to_line(self) -> str:
        """Return it as one line of JSON, without the end of the line."""
        return json.dumps({"type": _TYPE, "version": _VERSION, **asdict(self)})


def make(
    record: str, segment: int, seq: int, link: str, time: int, key: bytes, private_key: bytes
) -> Checkpoint:
    """Return the signed checkpoint; ``key`` is the one for the next event."""
    public = signing.public_key(private_key).hex()
    plain = Checkpoint(record, segment, seq, link, time, public)
    proven = replace(plain, proof=chain.proof(key, plain.statement()))
    return replace(proven, signature=signing.sign(private_key, proven.signed_part()).hex())


def read(line: str | bytes) -> Checkpoint:
    """Return the checkpoint of a line. Raises ``ValueError`` for anything else."""
    if len(line) > MAX_CHECKPOINT_BYTES:
        raise ValueError("too long for a checkpoint")
    said = json.loads(line)
    if not isinstance(said, dict) or (said.pop("type", 0), said.pop("version", 0)) != (
        _TYPE,
        _VERSION,
    ):
        raise ValueError("not a checkpoint")
    try:
        found = Checkpoint(**said)
    except TypeError:
        raise ValueError("not a checkpoint") from None
    if not all(isinstance(number, int) for number in (found.segment, found.seq, found.time)):
        raise ValueError("not a checkpoint")
    if not all(isinstance(text, str) for text in (found.record, found.link, found.proof)):
        raise ValueError("not a checkpoint")
    return found
