"""What the record tells of itself, each as it stands in a line."""

from __future__ import annotations

from jupyter_secure.audit.events import SCHEMA_VERSION, Event, Outcome, encode


def begins(record_id: bytes, segment: int, key_from: int, public_key: bytes) -> bytes:
    """Return the first event of a segment: what is needed to check it."""
    details: dict[str, str | int | bool] = {
        "schema": SCHEMA_VERSION,
        "record": record_id.hex(),
        "segment": segment,
        "key_from": key_from,
        "public_key": public_key.hex(),
    }
    return encode(Event("record:begin", details=details))


def closes(segment: int) -> bytes:
    """Return the last event of a segment."""
    return encode(Event("record:close", details={"segment": segment}))


def repaired(torn_bytes: int, whole_lines: int) -> bytes:
    """Return that an end was cut off; half a line is what a crash leaves, whole lines are not."""
    details = {"bytes": torn_bytes, "lines": whole_lines}
    if whole_lines:
        return encode(
            Event("record:repair", Outcome.FAILURE, reason="lines-not-genuine", details=details)
        )
    return encode(Event("record:repair", reason="torn-write", details=details))


def shortened(segment: int, size: int, found: int) -> bytes:
    """Return that a segment is shorter, in bytes, than it was left."""
    details = {"segment": segment, "bytes": size, "found": found}
    return encode(Event("record:gap", Outcome.FAILURE, reason="shortened", details=details))


def new_key(*, head_lost: bool) -> list[bytes]:
    """Return that a chain begins for which there is a verification key, and after what."""
    said = [encode(Event("record:key"))]
    if head_lost:
        said.append(encode(Event("record:gap", Outcome.FAILURE, reason="head-lost")))
    return said
