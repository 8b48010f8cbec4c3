from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from vectors import independent_keys, independent_reader, loading

from jupyter_secure.errors import InvalidInput
from jupyter_secure.vault.keys import RootKey
from jupyter_secure.vault.recovery_key import decode_recovery_key, encode_recovery_key

VECTORS = loading.load("recovery-key.json")
ROOT = bytes.fromhex(VECTORS["root_key"])
TEXT = VECTORS["text"]


def test_frozen_text() -> None:
    """The frozen key is written as it was."""
    assert encode_recovery_key(RootKey(ROOT)) == TEXT


@pytest.mark.parametrize("text", VECTORS["accepted"])
def test_spellings_are_forgiven(text: str) -> None:
    """Case, white space, dashes and letters that look like digits do not matter."""
    assert decode_recovery_key(text).expose() == ROOT
    assert independent_keys.read_recovery_key(text) == ROOT


@pytest.mark.parametrize("vector", VECTORS["refused"], ids=lambda vector: vector["name"])
def test_frozen_mistakes_are_refused(vector: dict[str, str]) -> None:
    """Every frozen mistake is refused, here and in the independent reader."""
    with pytest.raises(InvalidInput):
        decode_recovery_key(vector["text"])
    with pytest.raises(independent_reader.Refused):
        independent_keys.read_recovery_key(vector["text"])


@given(st.binary(min_size=32, max_size=32))
def test_round_trip(key: bytes) -> None:
    """Every root key comes back from its text, in both readers."""
    text = encode_recovery_key(RootKey(key))
    assert len(text) == 69
    assert decode_recovery_key(text).expose() == key
    assert independent_keys.read_recovery_key(text) == key


@given(st.integers(0, 55), st.sampled_from("0123456789ABCDEFGHJKMNPQRSTVWXYZ"))
def test_one_wrong_character_is_noticed(at: int, symbol: str) -> None:
    """Any one character replaced by another is noticed."""
    symbols = TEXT.replace("-", "")
    if symbols[at] != symbol:
        with pytest.raises(InvalidInput, match="mistyped"):
            decode_recovery_key(symbols[:at] + symbol + symbols[at + 1 :])


@given(st.text())
def test_any_text_is_answered(text: str) -> None:
    """Arbitrary text is refused with an explanation, and never crashes."""
    with pytest.raises(InvalidInput):
        decode_recovery_key(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (TEXT[:-1], "has 56 characters, and this one has 55"),
        (TEXT + "0", "has 56 characters, and this one has 57"),
        (TEXT[:10] + "U" + TEXT[11:], "'U' cannot be part of a recovery key. It stands in group 3"),
        (TEXT[:-1] + ("0" if TEXT[-1] != "0" else "1"), "mistyped"),
    ],
)
def test_the_message_says_what_is_wrong(text: str, words: str) -> None:
    """The message tells a missing, a foreign and a mistyped character apart."""
    with pytest.raises(InvalidInput) as caught:
        decode_recovery_key(text)
    assert words in str(caught.value)
    assert TEXT[:9] not in str(caught.value)
