from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from jupyter_secure.crypto.x509 import inspect, make_self_signed
from jupyter_secure.errors import CertificateUnusable, PolicyViolation
from jupyter_secure.transport.tls import ServerCertificate


class Pair:
    def __init__(self, folder: Path) -> None:
        self.certfile, self.keyfile = folder / "cert.pem", folder / "key.pem"
        self.renew()

    def renew(self) -> None:
        self.cert, self.key = make_self_signed(["localhost"], 30)
        self.keyfile.write_bytes(self.key)
        self.certfile.write_bytes(self.cert)

    def certificate(self, min_tls: str = "1.2", **more: str) -> ServerCertificate:
        return ServerCertificate(str(self.certfile), str(self.keyfile), min_tls, now=now, **more)

    def context(self, min_tls: str = "1.2", **more: str) -> ssl.SSLContext:
        return self.certificate(min_tls, **more).context


def now() -> datetime:
    return datetime.now(timezone.utc)


@pytest.fixture
def pair(tmp_path: Path) -> Pair:
    return Pair(tmp_path)


def trusting(cert: bytes) -> ssl.SSLContext:
    context = ssl.create_default_context(cadata=cert.decode())
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    return context


def handshake(server: ssl.SSLContext, client: ssl.SSLContext) -> tuple[str, str]:
    """Connect and return the TLS version and the fingerprint of what the server showed."""
    near, far = socket.socketpair()
    failed: list[BaseException] = []

    def serve() -> None:
        try:
            with server.wrap_socket(far, server_side=True) as connection:
                connection.recv(1)
        except OSError as error:
            failed.append(error)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        with client.wrap_socket(near, server_hostname="localhost") as connection:
            version = connection.version() or ""
            shown = connection.getpeercert(binary_form=True) or b""
            connection.send(b"x")
    finally:
        near.close()
        thread.join()
        far.close()
    return version, inspect(ssl.DER_cert_to_PEM_cert(shown).encode()).fingerprint_sha256


def test_a_client_that_trusts_the_certificate_connects(pair: Pair) -> None:
    """The certificate that we make passes a strict check of chain and name, on TLS 1.3."""
    version, shown = handshake(pair.context(), trusting(pair.cert))
    assert version == "TLSv1.3"
    assert shown == inspect(pair.cert).fingerprint_sha256


def client_of(pair: Pair, version: ssl.TLSVersion, ciphers: str = "DEFAULT") -> ssl.SSLContext:
    context = trusting(pair.cert)
    context.set_ciphers(ciphers)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.maximum_version = version
    return context


def test_tls_1_2_is_enough(pair: Pair) -> None:
    """A client with TLS 1.2 connects where 1.2 is the minimum."""
    version, _ = handshake(pair.context(), client_of(pair, ssl.TLSVersion.TLSv1_2))
    assert version == "TLSv1.2"


def test_min_tls(pair: Pair) -> None:
    """A client with TLS 1.2 is refused where 1.3 is the minimum."""
    with pytest.raises(ssl.SSLError):
        handshake(pair.context("1.3"), client_of(pair, ssl.TLSVersion.TLSv1_2))


def test_weak_ciphers(pair: Pair) -> None:
    """A client that offers TLS 1.2 without an AEAD is refused."""
    weak = client_of(pair, ssl.TLSVersion.TLSv1_2, "ECDHE-ECDSA-AES256-SHA384")
    with pytest.raises(ssl.SSLError):
        handshake(pair.context(), weak)


def test_what_helps_attackers_is_off(pair: Pair) -> None:
    """Neither compression nor renegotiation, whatever OpenSSL would do by itself."""
    off = ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
    assert pair.context().options & off == off


def test_old_versions_are_off(pair: Pair) -> None:
    """TLS 1.0 and 1.1 are off by our setting, whatever OpenSSL's default is."""
    assert pair.context().minimum_version == ssl.TLSVersion.TLSv1_2


def test_renewed_certificate(pair: Pair) -> None:
    """The connection after a renewal gets the new certificate, without a restart."""
    context = pair.context()
    handshake(context, trusting(pair.cert))
    pair.renew()
    _, shown = handshake(context, trusting(pair.cert))
    assert shown == inspect(pair.cert).fingerprint_sha256


def half(pair: Pair) -> None:
    pair.keyfile.write_bytes(make_self_signed(["localhost"], 30)[1])


def expired(pair: Pair) -> None:
    cert, key = make_self_signed(["localhost"], 1, now=now() - timedelta(days=9))
    pair.certfile.write_bytes(cert)
    pair.keyfile.write_bytes(key)


@pytest.mark.parametrize(
    ("renewal", "says"),
    [
        (half, "does not belong"),
        (expired, "expired"),
        (lambda pair: pair.certfile.write_bytes(b""), "PEM"),
        (lambda pair: pair.certfile.write_bytes(pair.cert[:-40]), "PEM"),
        (lambda pair: pair.keyfile.unlink(), "cannot be read"),
    ],
)
def test_a_renewal_that_went_wrong(
    pair: Pair, renewal: Callable[[Pair], object], says: str
) -> None:
    """What cannot be used leaves the old pair in place and is told; a whole pair is then taken."""
    certificate, old = pair.certificate(), pair.cert
    renewal(pair)
    _, shown = handshake(certificate.context, trusting(old))
    assert shown == inspect(old).fingerprint_sha256
    assert says in str(certificate.problem)
    assert certificate.pair.facts.fingerprint_sha256 == shown
    pair.renew()
    assert certificate.look()
    assert certificate.problem is None
    _, shown = handshake(certificate.context, trusting(pair.cert))
    assert shown == inspect(pair.cert).fingerprint_sha256


def test_not_valid_yet(pair: Pair) -> None:
    """A new certificate that the clock has not reached is taken once it has, without a change."""
    time = [now()]
    certificate = ServerCertificate(str(pair.certfile), str(pair.keyfile), now=lambda: time[0])
    cert, key = make_self_signed(["localhost"], 30, now=time[0] + timedelta(hours=1))
    pair.certfile.write_bytes(cert)
    pair.keyfile.write_bytes(key)
    assert not certificate.look()
    time[0] += timedelta(hours=2)
    assert not certificate.look()  # each handshake does not read the files for nothing
    assert certificate.look(again=True)


def test_client_certificates(pair: Pair) -> None:
    """With a client CA, a client without a certificate of it is refused."""
    context = pair.context(client_ca=str(pair.certfile))
    assert context.verify_mode == ssl.CERT_REQUIRED


def test_unusable(pair: Pair) -> None:
    """A pair that does not fit, or a minimum that is too low, names the settings."""
    with pytest.raises(CertificateUnusable, match=r"ServerApp\.client_ca"):
        pair.context(client_ca=str(pair.keyfile))
    half(pair)
    with pytest.raises(CertificateUnusable, match=r"key\.pem"):
        pair.context()
    pair.renew()
    with pytest.raises(PolicyViolation, match=r"SecureConfig\.min_tls"):
        pair.context("1.1")
