from __future__ import annotations

import pytest

from jupyter_secure.errors import InvalidInput, WeakPassword
from jupyter_secure.identity.passwords import check_strength, is_acceptable_size


@pytest.mark.parametrize(
    "password",
    ["correct horse battery staple", "Kx9#vTq2!mZr", "übermäßig lange Katzenwäsche"],
)
def test_good(password: str) -> None:
    """A password that stands guessing is accepted, whatever its characters."""
    check_strength(password, "alice")


@pytest.mark.parametrize(
    "password",
    [
        "",
        "short1!",
        "passwordpassword",
        "Password123!",
        "qwertyuiop12",
        "1234567890123",
        "aaaaaaaaaaaaaaaaaaaa",
        "x9" * 64,
        "jupyterjupyter",
        "alexandra.popescu1",
    ],
)
def test_weak(password: str) -> None:
    """A password that would be guessed is refused with a remedy, the user's own name included."""
    with pytest.raises(WeakPassword) as caught:
        check_strength(password, "alexandra.popescu")
    assert caught.value.remedy
    if password:
        assert password not in str(caught.value)


@pytest.mark.parametrize("password", ["a1!" * 43, "é" * 2000, "Kx9#vTq2!mZr\udc80"])
def test_unusable(password: str) -> None:
    """A password that is too long, or is not text, is refused before it costs anything."""
    with pytest.raises(InvalidInput) as caught:
        check_strength(password, "alice")
    assert not isinstance(caught.value, WeakPassword)


@pytest.mark.parametrize(
    ("password", "fits"), [("a" * 1024, True), ("a" * 1025, False), ("é" * 513, False)]
)
def test_size(password: str, *, fits: bool) -> None:
    """1,024 bytes are the most that is ever derived from."""
    assert is_acceptable_size(password) is fits
