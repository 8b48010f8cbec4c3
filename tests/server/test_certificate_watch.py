from __future__ import annotations

import logging
from datetime import datetime, timedelta, timezone
from pathlib import Path
from unittest import mock

import pytest

from jupyter_secure.crypto.x509 import make_self_signed
from jupyter_secure.server import certificate_watch
from jupyter_secure.server.certificate_watch import CertificateWatch
from jupyter_secure.transport.tls import ServerCertificate

NOW = datetime(2026, 3, 1, tzinfo=timezone.utc)
LOG = logging.getLogger("certificate-watch")


class Watched:
    """A watch over a pair in a folder, with clocks that are set by hand."""

    def __init__(self, folder: Path, days: int) -> None:
        self.now, self.seconds = NOW, 0.0
        self.certfile, self.keyfile = folder / "cert.pem", folder / "key.pem"
        self.renew(days)
        certificate = ServerCertificate(str(self.certfile), str(self.keyfile), now=self.clock)
        with self.monotonic():
            self.watch = CertificateWatch(certificate, self.clock, LOG)

    def clock(self) -> datetime:
        return self.now

    def monotonic(self) -> mock._patch[mock.Mock]:
        return mock.patch.object(certificate_watch.time, "monotonic", return_value=self.seconds)

    def renew(self, days: int) -> None:
        cert, key = make_self_signed(["localhost"], days, now=self.now)
        self.keyfile.write_bytes(key)
        self.certfile.write_bytes(cert)

    def later(self, **passed: float) -> None:
        self.now += timedelta(**passed)
        self.seconds += timedelta(**passed).total_seconds()
        with self.monotonic():
            self.watch.look()


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    lines = [record.getMessage() for record in caplog.records]
    caplog.clear()
    return lines


def test_warned_once_a_day(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """It warns at the start and once a day, until there is a new certificate; then it is quiet."""
    caplog.set_level(logging.INFO)
    watched = Watched(tmp_path, 10)
    assert "expires in 10 days" in said(caplog)[0]
    for _ in range(10):
        watched.later(seconds=5)
    assert said(caplog) == []
    watched.later(days=1)
    assert ["expires in" in line for line in said(caplog)] == [True]
    watched.renew(397)
    watched.later(seconds=5)
    assert ["A new certificate is in use" in line for line in said(caplog)] == [True]
    watched.later(days=2)
    assert said(caplog) == []


def test_expired(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """One that has expired while the server runs is called that."""
    watched = Watched(tmp_path, 40)
    assert said(caplog) == []
    watched.later(days=41)
    assert "expired on 10 April 2026" in said(caplog)[0]


def test_complained_of_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """What is wrong with a new pair is said once, and again only when it is something else."""
    watched = Watched(tmp_path, 300)
    watched.certfile.write_bytes(b"broken")
    for _ in range(3):
        watched.later(seconds=5)
    assert ["the old one stays" in line for line in said(caplog)] == [True]
    watched.keyfile.unlink()
    watched.later(seconds=5)
    assert ["cannot be read" in line for line in said(caplog)] == [True]
