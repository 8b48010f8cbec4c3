from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_secure.errors import InvalidInput
from jupyter_secure.identity.accounts import normalise_username


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("alice", "alice"),
        ("  Alice ", "alice"),
        ("ＡＬＩＣＥ", "alice"),
        ("Ünal", "ünal"),
        ("U\u0308nal", "ünal"),
        ("STRASSE", "strasse"),
        ("straße", "strasse"),
        ("mary jane", "mary jane"),
        ("a@b.org", "a@b.org"),
        ("小明", "小明"),
    ],
)
def test_one_form(typed: str, kept: str) -> None:
    """Spellings that look the same are one name."""
    assert normalise_username(typed) == kept


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "   ",
        "a" * 65,
        "a/b",
        "\uff0f",  # full-width solidus, which NFKC makes a slash
        "a\nb",
        "a\0b",
        "alice\u200b",  # zero-width space
        "\u202ealice",  # right-to-left override
        "al\u00adice",  # soft hyphen
        "alice\ufe0f",  # variation selector
        "alice\u3164",  # Hangul filler
        "ali\u2028ce",
        "\ud800",
        "\ue000",
    ],
)
def test_refused(typed: str) -> None:
    """A name that is empty, too long, or holds what does not show is refused."""
    with pytest.raises(InvalidInput):
        normalise_username(typed)


@given(st.text(max_size=70))
def test_stable(typed: str) -> None:
    """Normalising what was normalised changes nothing, whatever was typed."""
    try:
        name = normalise_username(typed)
    except InvalidInput:
        return
    assert normalise_username(name) == name
    assert unicodedata.is_normalized("NFKC", name)
    assert 1 <= len(name) <= 64
