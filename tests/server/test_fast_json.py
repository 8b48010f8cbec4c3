"""JSON that is read and written quickly is the standard library's."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_secure.server import fast_json

# Half characters, numbers past 64 bits and the like are among them.
TEXTS = st.text(st.characters(exclude_categories=()))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXTS,
    lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner),
)


@given(VALUES)
def test_what_is_written_is_read_again(value: Any) -> None:
    """Whatever JSON can hold is written so that the standard library reads the same again."""
    if _holds_infinity(value):
        with pytest.raises(ValueError, match=r"no word|not JSON compliant"):
            fast_json.dumps(value)
    else:
        data = fast_json.dumps(value)
        assert repr(json.loads(data)) == repr(value) == repr(fast_json.loads(data))


@given(VALUES, st.booleans(), st.sampled_from([None, 1]))
def test_reads_what_others_wrote(value: Any, ascii_only: bool, indent: int | None) -> None:
    """What the standard library wrote in its own ways, NaN among them, is read as it reads it."""
    try:
        data = json.dumps(value, ensure_ascii=ascii_only, indent=indent).encode()
    except UnicodeEncodeError:
        return
    assert repr(fast_json.loads(data)) == repr(json.loads(data))


@given(st.binary() | st.text('[]{}"\\,:.eE+-019nultrefasNIity \0').map(str.encode))
def test_reads_nothing_else(data: bytes) -> None:
    """What the standard library refuses is refused, and what it reads is read alike."""
    try:
        expected = json.loads(data)
    except ValueError:
        with pytest.raises(ValueError, match=r"."):
            fast_json.loads(data)
    else:
        assert repr(fast_json.loads(data)) == repr(expected)


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("place", ["{}", '[null, "null", {}]', '{"a": [1, {}], "b": null}'])
def test_never_calls_a_number_null(number: float, place: str) -> None:
    """A number that JSON has no word for is refused wherever it is, and not written as null."""
    value = json.loads(place, object_hook=lambda found: found or {"x": [number]})
    with pytest.raises(ValueError, match="no word"):
        fast_json.dumps(value)


def test_never_ends_in_silence() -> None:
    """What is nested without end is refused by what it is, on both ways."""
    with pytest.raises(RecursionError):
        fast_json.loads(b"[" * 200_000)
    value: list[Any] = []
    value.append(value)
    with pytest.raises((RecursionError, ValueError)):
        fast_json.dumps(value)


def test_refuses_what_is_no_json() -> None:
    """An object that JSON knows nothing of is refused."""
    with pytest.raises(TypeError):
        fast_json.dumps({"x": object()})


def _holds_infinity(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(_holds_infinity, value.values()))
    if isinstance(value, list):
        return any(map(_holds_infinity, value))
    return isinstance(value, float) and math.isinf(value)
