from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from jupyter_secure.crypto import x509
from jupyter_secure.errors import CertificateUnusable

NOW = datetime(2026, 5, 4, 12, tzinfo=timezone.utc)


def test_what_is_asked_for_is_in_it() -> None:
    """A certificate says the names, addresses and dates that were asked for, each name once."""
    names = ["localhost", "127.0.0.1", "::1", "Lab.Example.org", "bücher.example", "localhost"]
    cert, key = x509.make_self_signed(names, 30, now=NOW)
    facts = x509.inspect(cert)
    assert facts.names == (
        "localhost",
        "127.0.0.1",
        "::1",
        "lab.example.org",
        "xn--bcher-kva.example",
    )
    assert facts.not_before == NOW - timedelta(minutes=5)
    assert facts.not_after == NOW + timedelta(days=30)
    assert facts.self_signed
    assert len(bytes.fromhex(facts.fingerprint_sha256)) == 32
    assert x509.matches(cert, key)


def test_each_has_its_own_key() -> None:
    """The key of one certificate does not match another."""
    cert, _ = x509.make_self_signed(["localhost"], 1)
    _, key = x509.make_self_signed(["localhost"], 1)
    assert not x509.matches(cert, key)


@pytest.mark.parametrize("name", ["", "https://lab", "lab:8888", "a b", "-/-", "..", "x" * 70])
def test_refuses_what_is_no_name(name: str) -> None:
    """What is no host name is refused by name."""
    with pytest.raises(CertificateUnusable, match="not a host name"):
        x509.make_self_signed([name], 1)


def test_refuses_no_names() -> None:
    """A certificate for nobody is refused."""
    with pytest.raises(CertificateUnusable):
        x509.make_self_signed([], 1)


@pytest.mark.parametrize("pem", [b"", b"x", b"-----BEGIN CERTIFICATE-----\nAA\n"])
def test_refuses_what_is_no_certificate(pem: bytes) -> None:
    """What is no certificate is told from one."""
    with pytest.raises(CertificateUnusable, match="not a certificate"):
        x509.inspect(pem)


def test_refuses_keys_it_cannot_use() -> None:
    """A key under a passphrase, and what is no key, each say so."""
    cert, key = x509.make_self_signed(["localhost"], 1)
    encrypted = load_pem_private_key(key, None).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"secret"),
    )
    with pytest.raises(CertificateUnusable, match="passphrase"):
        x509.matches(cert, encrypted)
    with pytest.raises(CertificateUnusable, match="not a private key"):
        x509.matches(cert, cert)
