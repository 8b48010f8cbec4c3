from __future__ import annotations

import hashlib
import hmac

import pytest
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from hypothesis import given
from hypothesis import strategies as st

from jupyter_secure.crypto import kdf
from jupyter_secure.crypto.kdf import OWASP_MINIMUM, RFC_9106_LOW_MEMORY, Argon2idProfile
from jupyter_secure.errors import StateUnusable


@given(st.binary(min_size=32, max_size=32), st.binary(min_size=1), st.integers(1, 64))
def test_hkdf_is_rfc_5869(key: bytes, purpose: bytes, length: int) -> None:
    """HKDF is extract with a salt of zeros and one round of expand, by RFC 5869 with SHA-512."""
    extracted = hmac.digest(bytes(64), key, "sha512")
    expanded = hmac.digest(extracted, purpose + b"\x01", "sha512")
    assert kdf.hkdf(key, purpose=purpose, length=length) == expanded[:length]


def test_hkdf_needs_a_purpose() -> None:
    """A key without a purpose is refused, because nothing would separate it from another."""
    with pytest.raises(ValueError, match="purpose"):
        kdf.hkdf(bytes(32), purpose=b"")


def test_argon2id_known_answer() -> None:
    """The answer is that of the reference implementation's own test (m = 64 MiB, t = 2, p = 1)."""
    derived = kdf.argon2id(b"password", b"somesalt", Argon2idProfile(2, 1, 65536))
    assert derived.hex() == "09316115d5cf24ed5a15a31a3ba326e5cf32edc24702987c02b6566f61913cf7"


@pytest.mark.parametrize(
    ("profile", "acceptable"),
    [
        (RFC_9106_LOW_MEMORY, True),
        (OWASP_MINIMUM, True),
        (Argon2idProfile(16, 16, 1024 * 1024), True),
        (Argon2idProfile(1, 1, 19456), False),
        (Argon2idProfile(17, 1, 19456), False),
        (Argon2idProfile(2, 0, 19456), False),
        (Argon2idProfile(2, 17, 19456), False),
        (Argon2idProfile(2, 1, 19455), False),
        (Argon2idProfile(2, 1, 1024 * 1024 + 1), False),
        (Argon2idProfile(3, 4, 64 * 1024 * 1024), False),
        (Argon2idProfile(-2, -1, -19456), False),
    ],
)
def test_profile_limits(profile: Argon2idProfile, acceptable: bool) -> None:
    """Costs that would exhaust the machine, or protect nobody, are refused before any work."""
    assert profile.is_acceptable() is acceptable
    if not acceptable:
        with pytest.raises(ValueError, match="limits"):
            kdf.argon2id(b"password", bytes(16), profile)


def test_too_little_memory_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    """When the machine has not got the memory, the message says how much it takes."""

    class Starved:
        def __init__(self, **_: object) -> None: ...

        def derive(self, _: bytes) -> bytes:
            raise MemoryError

    monkeypatch.setattr(kdf, "Argon2id", Starved)
    with pytest.raises(StateUnusable, match="64 MiB"):
        kdf.argon2id(b"password", bytes(16), RFC_9106_LOW_MEMORY)
    # And the next derivation is not kept out by the one that failed.
    monkeypatch.setattr(kdf, "Argon2id", Argon2id)
    assert kdf.argon2id(b"password", bytes(16), OWASP_MINIMUM)


def test_password_and_salt_both_count() -> None:
    """Another password or another salt gives another key."""
    results = {
        hashlib.sha256(kdf.argon2id(password, salt, OWASP_MINIMUM)).digest()
        for password in (b"one", b"two")
        for salt in (bytes(16), bytes(15) + b"\x01")
    }
    assert len(results) == 4
