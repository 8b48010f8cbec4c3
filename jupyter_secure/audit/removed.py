"""What stands in the place of segments that were removed for their age: a signed statement."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace

from jupyter_secure.crypto import signing

_TYPE = "jupyter-secure-record-removed"


@dataclass(frozen=True, slots=True)
class Removed:
    """All segments up to ``segment`` are gone; the last event in them was ``seq`` with ``link``.

    The removal of each is also an event in the record (``record:remove``), which the chain holds.
    """

    record: str
    segment: int
    seq: int
    link: str
    time: int
    public_key: str
    signature: str = ""

    def _signed(self) -> bytes:
        said = asdict(replace(self, signature=""))
        return json.dumps({"type": _TYPE, "version": 1, **said}, sort_keys=True).encode()

    def signed(self, private_key: bytes) -> Removed:
        """Return it with its signature."""
        return replace(self, signature=signing.sign(private_key, self._signed()).hex())

    def is_signed(self) -> bool:
        """Tell whether the signature is that of its own public key."""
        try:
            public, signature = bytes.fromhex(self.public_key), bytes.fromhex(self.signature)
        except ValueError:
            return False
        return signing.is_signed(public, self._signed(), signature)

    def to_json(self) -> bytes:
        """Return the file."""
        return json.dumps({"type": _TYPE, "version": 1, **asdict(self)}, indent=1).encode()


def read(said: dict[str, object]) -> Removed:
    """Return what a file says. Raises ``ValueError`` for anything else."""
    fields = {name: value for name, value in said.items() if name not in ("type", "version")}
    kinds = {"segment": int, "seq": int, "time": int}
    if said.get("type") != _TYPE or said.get("version") != 1:
        raise ValueError("not a statement of removed segments")
    if not all(isinstance(value, kinds.get(name, str)) for name, value in fields.items()):
        raise ValueError("not a statement of removed segments")
    try:
        return Removed(**fields)  # type: ignore[arg-type]  # the kinds were asked above
    except TypeError:
        raise ValueError("not a statement of removed segments") from None
