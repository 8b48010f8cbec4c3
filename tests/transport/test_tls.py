from __future__ import annotations

import socket
import ssl
import threading
from pathlib import Path

import pytest

from jupyter_secure.crypto.x509 import inspect, make_self_signed
from jupyter_secure.errors import CertificateUnusable, PolicyViolation
from jupyter_secure.transport.tls import server_context


class Pair:
    def __init__(self, folder: Path) -> None:
        self.certfile, self.keyfile = folder / "cert.pem", folder / "key.pem"
        self.renew()

    def renew(self) -> None:
        self.cert, self.key = make_self_signed(["localhost"], 30)
        self.keyfile.write_bytes(self.key)
        self.certfile.write_bytes(self.cert)

    def context(self, min_tls: str = "1.2", **more: str) -> ssl.SSLContext:
        return server_context(str(self.certfile), str(self.keyfile), min_tls, **more)


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


def test_half_a_renewal(pair: Pair) -> None:
    """While only the key is new, the old certificate stays in use."""
    context, old = pair.context(), pair.cert
    pair.keyfile.write_bytes(make_self_signed(["localhost"], 30)[1])
    _, shown = handshake(context, trusting(old))
    assert shown == inspect(old).fingerprint_sha256


def test_client_certificates(pair: Pair) -> None:
    """With a client CA, a client without a certificate of it is refused."""
    context = pair.context(client_ca=str(pair.certfile))
    assert context.verify_mode == ssl.CERT_REQUIRED


def test_unusable(pair: Pair) -> None:
    """A pair that does not fit, or a minimum that is too low, names the settings."""
    pair.keyfile.write_bytes(make_self_signed(["localhost"], 30)[1])
    with pytest.raises(CertificateUnusable, match=r"ServerApp\.keyfile"):
        pair.context()
    with pytest.raises(PolicyViolation, match=r"SecureConfig\.min_tls"):
        pair.context("1.1")
