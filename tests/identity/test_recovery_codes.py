from __future__ import annotations

import hashlib
import re

import pytest

from jupyter_secure.identity import recovery_codes


def test_ten_different_codes_of_80_bits() -> None:
    """A set has ten different codes, each of sixteen base32 characters in four groups."""
    codes = recovery_codes.generate()
    assert len(set(codes)) == 10
    for code in codes:
        assert re.fullmatch(r"([a-z2-7]{4}-){3}[a-z2-7]{4}", code)


def test_kept_as_a_digest() -> None:
    """What is kept is the SHA-256 of the code, which does not contain it."""
    assert (
        recovery_codes.digest("abcd-efgh-ijkl-mn23") == hashlib.sha256(b"abcdefghijklmn23").digest()
    )


@pytest.mark.parametrize(
    "typed",
    [
        "abcd-efgh-ijkl-mo23",
        "ABCD-EFGH-IJKL-MO23",
        " abcd efgh ijkl mo23\n",
        "abcdefghijklmo23",
        "a8cd-efgh-ijk1-m023",
    ],
)
def test_typing_habits(typed: str) -> None:
    """Case, spaces, dashes and digits read for letters do not matter."""
    assert recovery_codes.digest(typed) == recovery_codes.digest("abcd-efgh-ijkl-mo23")


@pytest.mark.parametrize(
    "typed", ["", "123456", "abcd-efgh-ijkl", "abcd-efgh-ijkl-mn239", "ａbcdefghijklmno2", "é" * 16]
)
def test_not_a_code(typed: str) -> None:
    """What cannot be a recovery code has no digest."""
    assert recovery_codes.digest(typed) is None


def test_digests_refuse_what_is_not_a_code() -> None:
    """A set with something else in it is refused whole, so no account starts with fewer codes."""
    good = recovery_codes.generate(2)
    assert len(recovery_codes.digests(good)) == 2
    with pytest.raises(ValueError, match="recovery code"):
        recovery_codes.digests((*good, "nonsense"))
