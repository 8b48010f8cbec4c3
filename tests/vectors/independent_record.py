"""A second reader of the record, made from docs/reference/audit.md alone: nothing of ours is used.

Checks one chain from its verification key: ``check(folder, key_text) -> number of events``.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from pathlib import Path


def mac(key: bytes, message: bytes) -> bytes:
    return hmac.new(key, message, hashlib.sha256).digest()


def read_key(text: str) -> tuple[bytes, int, bytes, bytes]:
    """Return record id, first segment, its key, and the public key of checkpoints."""
    symbols = text.strip().upper().replace("-", "").removeprefix("JSREC1")
    blob = base64.b32decode(symbols + "=" * (-len(symbols) % 8))
    body, check = blob[:84], blob[84:]
    tag = hashlib.sha256(b"jsec/audit/verification-key/v1" + body).digest()[:4]
    assert check == tag, "the key is mistyped"
    return body[:16], int.from_bytes(body[16:20], "big"), body[20:52], body[52:84]


def check(folder: Path, key_text: str) -> int:
    """Check every line from the key's first segment on; raise AssertionError at the first wrong."""
    record, segment, segment_key, public = read_key(key_text)
    previous: str | None = None
    seq = events = 0
    while (path := folder / f"record-{segment:08}.jsonl").exists():
        key = mac(segment_key, b"jsec/audit/first-record/v1")
        closed = False
        for line in path.read_bytes().splitlines(keepends=True):
            assert not closed, "something follows the end of a segment"
            body, tag = line[:-75], line[-75:]
            assert tag == b',"mac":"' + mac(key, body).hex().encode() + b'"}\n', f"after {seq}"
            said = json.loads(line)
            if previous is None:
                seq, previous = said["seq"] - 1, said["prev"]
            assert (said["seq"], said["prev"]) == (seq + 1, previous), f"after {seq}"
            if said["metadata"]["event_code"] == "record:begin":
                assert said["unmapped"]["record"] == record.hex()
                assert said["unmapped"]["segment"] == segment
                assert said["unmapped"]["public_key"] == public.hex()
            closed = said["metadata"]["event_code"] == "record:close"
            seq, previous = said["seq"], hashlib.sha256(line).hexdigest()
            key = mac(key, b"jsec/audit/next-record/v1")
            events += 1
        segment_key = mac(segment_key, b"jsec/audit/next-segment/v1")
        segment += 1
    head = (folder / "head").read_bytes()[:180]
    # magic, version, 3 unused, record 16, seq 8, segment 4, key_from 4, offset 8, link 32, key 32
    assert head[:5] == b"JSRH\x01"
    assert head[8:24] == record
    assert int.from_bytes(head[24:32], "big") == seq, "the end was cut off"
    assert head[48:80].hex() == previous
    assert head[80:112] == key, "the end was cut off"
    return events
