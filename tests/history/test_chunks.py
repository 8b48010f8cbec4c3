from __future__ import annotations

import json
import os
import random

from hypothesis import given
from hypothesis import strategies as st

from jupyter_secure.history.chunks import KEY_BYTES, MAX_BYTES, MIN_BYTES, Cutter

LINES = st.lists(st.binary(max_size=300)).map(b"\n".join)


def text(lines: int, seed: int = 1) -> list[bytes]:
    """Lines of a notebook's kind."""
    drawn = random.Random(seed)
    return [b'    "%d %d\\n",\n' % (drawn.random() * 1e9, at) for at in range(lines)]


@given(data=LINES, key=st.binary(min_size=KEY_BYTES, max_size=KEY_BYTES))
def test_joined(data: bytes, key: bytes) -> None:
    """The chunks of anything, joined, are it again; none is empty and none too large."""
    chunks = list(Cutter(key).cut(data))
    assert b"".join(chunks) == data
    assert all(0 < len(chunk) <= MAX_BYTES for chunk in chunks)


def test_one_long_line() -> None:
    """What has no lines is cut where a chunk is full."""
    data = os.urandom(3 * MAX_BYTES + 7).replace(b"\n", b" ").replace(b"\\", b" ")
    chunks = list(Cutter(bytes(KEY_BYTES)).cut(data))
    assert [len(chunk) for chunk in chunks] == [MAX_BYTES, MAX_BYTES, MAX_BYTES, 7]


def test_an_edit_stays_local() -> None:
    """Lines put in at the beginning leave nearly every chunk as it was."""
    lines, cutter = text(20_000), Cutter(os.urandom(KEY_BYTES))
    before = set(cutter.cut(b"".join(lines)))
    after = list(cutter.cut(b"".join([*lines[:50], b"    new\n", *lines[50:]])))
    assert len(before) > 50
    # Three at times: the key decides where the next ones end, and so how soon they are the same.
    assert len([chunk for chunk in after if chunk not in before]) <= 4


def test_no_small_chunks() -> None:
    """Only the last chunk may be smaller than the least."""
    chunks = list(Cutter(os.urandom(KEY_BYTES)).cut(b"".join(text(20_000))))
    assert all(len(chunk) >= MIN_BYTES for chunk in chunks[:-1])


def test_boundaries_are_secret() -> None:
    """Under another key the boundaries are others: sizes do not tell a known file."""
    data = b"".join(text(20_000))
    sizes = [
        tuple(len(chunk) for chunk in Cutter(os.urandom(KEY_BYTES)).cut(data)) for _ in range(5)
    ]
    assert len(set(sizes)) == 5


def test_edit_in_one_line() -> None:
    """A notebook without line ends, as the server writes it, is cut at those in its strings."""
    lines, cutter = text(20_000), Cutter(os.urandom(KEY_BYTES))
    first = json.dumps({"source": b"".join(lines).decode()}).encode()
    edited = json.dumps(
        {"source": b"".join([*lines[:50], b"new\n", *lines[50:]]).decode()}
    ).encode()
    assert b"\n" not in first
    before, after = set(cutter.cut(first)), list(cutter.cut(edited))
    assert b"".join(after) == edited
    assert len(after) > 50
    assert len(set(after) - before) <= 4
