from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_secure.errors import InvalidInput
from jupyter_secure.identity.accounts import normalise_username
from jupyter_secure.identity.lookalikes import lookalike, skeleton


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("alice", "alice"),
        ("\u0430lice", "alice"),  # Cyrillic а
        ("\u0430\u0440\u0440\u04cf\u0435", "apple"),  # Cyrillic throughout
        ("\u03bf\u03c1a", "opa"),  # Greek
        ("alıce", "alice"),
        ("a1ice", "alice"),
        ("AIice", "alice"),
        ("b0b", "bob"),
        ("rnaria", "maria"),
        ("vvim", "wim"),
        ("jose\u0301", "jose"),
        ("al  ice", "al ice"),
    ],
)
def test_alike(name: str, other: str) -> None:
    """Names that a reader takes for another are found."""
    assert lookalike(normalise_username(name), [other, "nobody"]) == other


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("alice", "alicia"),
        ("bob", "rob"),
        ("dara", "clara"),
        ("j.smith", "jsmith"),
        ("иван", "ivan"),
        ("कि", "कु"),
        ("สมชาย", "สมหญิง"),
        ("小林", "小森"),
    ],
)
def test_different(name: str, other: str) -> None:
    """Names that anyone can tell apart are not in each other's way."""
    assert lookalike(normalise_username(name), [normalise_username(other)]) is None


@given(st.text(max_size=64))
def test_any_name(text: str) -> None:
    """Every name that can be an account has a skeleton, and is like itself."""
    try:
        name = normalise_username(text)
    except InvalidInput:
        return
    assert lookalike(name, [name]) == name
    assert skeleton(name) == skeleton(name)
