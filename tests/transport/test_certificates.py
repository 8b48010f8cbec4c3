from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from jupyter_secure.crypto.x509 import make_self_signed
from jupyter_secure.errors import CertificateUnusable
from jupyter_secure.transport.certificates import load

NOW = datetime(2026, 5, 4, 12, tzinfo=timezone.utc)


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    certfile, keyfile = tmp_path / "cert.pem", tmp_path / "key.pem"
    cert, key = make_self_signed(["localhost"], 30, now=NOW)
    certfile.write_bytes(cert)
    keyfile.write_bytes(key)
    return certfile, keyfile


def test_loads(pair: tuple[Path, Path]) -> None:
    """A pair that fits is loaded, with the days that are left."""
    certificate = load(*pair, now=NOW)
    assert certificate.facts.names == ("localhost",)
    assert certificate.days_left(NOW) == 30
    assert certificate.days_left(NOW + timedelta(days=31)) == -1


def test_one_file_for_both(pair: tuple[Path, Path]) -> None:
    """One file may hold the certificate and the key."""
    certfile, keyfile = pair
    certfile.write_bytes(certfile.read_bytes() + keyfile.read_bytes())
    assert load(certfile, "", now=NOW).keyfile == certfile


@pytest.mark.parametrize(
    ("when", "words"),
    [
        (NOW + timedelta(days=30), "expired on 03 June 2026"),
        (NOW - timedelta(days=1), "not valid before"),
    ],
)
def test_dates(pair: tuple[Path, Path], when: datetime, words: str) -> None:
    """A certificate outside of its dates is refused, with the date."""
    with pytest.raises(CertificateUnusable, match=words):
        load(*pair, now=when)


def test_keys_that_do_not_belong(pair: tuple[Path, Path]) -> None:
    """A key of another certificate is refused, and both files are named."""
    pair[1].write_bytes(make_self_signed(["localhost"], 30, now=NOW)[1])
    with pytest.raises(CertificateUnusable) as caught:
        load(*pair, now=NOW)
    assert str(pair[0]) in str(caught.value)
    assert str(pair[1]) in str(caught.value)


@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize("content", [None, b"", b"-----BEGIN CERTIFICATE-----\nAAAA\n", b"\xff"])
def test_unreadable(pair: tuple[Path, Path], which: int, content: bytes | None) -> None:
    """A file that is missing, empty, cut short or something else is named."""
    if content is None:
        pair[which].unlink()
    else:
        pair[which].write_bytes(content)
    with pytest.raises(CertificateUnusable) as caught:
        load(*pair, now=NOW)
    assert str(pair[which]) in str(caught.value)
    assert caught.value.remedy


def test_folder_instead_of_file(pair: tuple[Path, Path], tmp_path: Path) -> None:
    """A folder where a file should be is named, without a traceback."""
    with pytest.raises(CertificateUnusable, match="cannot be read"):
        load(tmp_path, pair[1], now=NOW)
