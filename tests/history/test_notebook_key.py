from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_secure.errors import CorruptFile
from jupyter_secure.history.chunks import MAX_BYTES
from jupyter_secure.history.notebook_key import KEY_BYTES, NotebookKey

KEY = NotebookKey(bytes(range(KEY_BYTES)))


@given(chunk=st.binary(max_size=2000))
def test_round_trip(chunk: bytes) -> None:
    """A chunk comes back as it was, and is the same ciphertext each time."""
    assert KEY.open(KEY.seal(chunk)) == chunk
    assert KEY.seal(chunk) == KEY.seal(chunk)


def test_largest_chunk() -> None:
    """The largest chunk comes back, whether or not it compresses."""
    for chunk in (os.urandom(MAX_BYTES), bytes(MAX_BYTES)):
        assert KEY.open(KEY.seal(chunk)) == chunk


def test_too_large() -> None:
    """What would open to more than a chunk is refused before it fills the memory."""
    with pytest.raises(CorruptFile):
        KEY.open(KEY.seal(bytes(MAX_BYTES + 1)))


def test_other_notebook() -> None:
    """A chunk of one notebook is another ciphertext in the next, and does not open there."""
    other = NotebookKey(os.urandom(KEY_BYTES))
    assert other.seal(b"text") != KEY.seal(b"text")
    assert other.name(b"text") != KEY.name(b"text")
    assert other.digest(b"text") != KEY.digest(b"text")
    with pytest.raises(CorruptFile):
        other.open(KEY.seal(b"text"))


@given(sealed=st.binary(max_size=200))
def test_wild_bytes(sealed: bytes) -> None:
    """Bytes that were not sealed here are damaged, whatever they are."""
    with pytest.raises(CorruptFile):
        KEY.open(sealed)


def test_digest_is_no_mac() -> None:
    """The digest of a content never passes for the MAC of a description."""
    assert KEY.digest(b"text") != KEY.vouch(b"text")


@pytest.mark.parametrize("size", [0, 31, 33])
def test_key_size(size: int) -> None:
    """A key has 32 bytes."""
    with pytest.raises(ValueError, match="32 bytes"):
        NotebookKey(bytes(size))


def test_frozen_vector() -> None:
    """What was sealed once must open for ever."""
    assert KEY.seal(b"import pandas\n").hex() == "63923c4428f66380f9e3b63eedabffe0db31e70992"
    assert (
        KEY.digest(b"import pandas\n").hex()
        == "5fe2bb01f0eaddab79081fd639c95a3aab90d47258338585447be876f8443078"
    )


def test_keys_before() -> None:
    """What was kept under the keys before still opens and is vouched for; new things are not."""
    first, second, third = (bytes([one]) * KEY_BYTES for one in (1, 2, 3))
    old, new = NotebookKey(first), NotebookKey(third, second, first)
    assert new.open(old.seal(b"text")) == b"text"
    assert new.is_digest(b"text", old.digest(b"text"))
    assert new.vouches(b"text", old.vouch(b"text"))
    assert not new.is_digest(b"text", old.digest(b"other"))
    assert not new.vouches(b"text", old.vouch(b"other"))
    with pytest.raises(CorruptFile):
        old.open(new.seal(b"text"))
    assert new.seal(b"text") == NotebookKey(third).seal(b"text")
