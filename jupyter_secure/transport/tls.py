"""The TLS side of the server's socket."""

from __future__ import annotations

import ssl
from pathlib import Path

from jupyter_secure.errors import CertificateUnusable, PolicyViolation

_VERSIONS = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}

# For TLS 1.2: forward secrecy and an AEAD, nothing else (RFC 9325 section 4.2). TLS 1.3 has no
# other kind and ignores this.
_TLS_1_2_CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"


def server_context(
    certfile: str, keyfile: str = "", min_tls: str = "1.2", *, client_ca: str = ""
) -> ssl.SSLContext:
    """Return a context for the server's socket that picks up a renewed certificate by itself.

    ``keyfile`` may be empty when ``certfile`` holds the key too; with ``client_ca`` (a PEM file)
    clients must show a certificate from it. Raises CertificateUnusable or PolicyViolation.
    """
    context = _build(certfile, keyfile, min_tls, client_ca)
    files = [path for path in (certfile, keyfile) if path]
    current = context
    seen = _state(files)

    def pick(socket: ssl.SSLObject, _name: str | None, _context: ssl.SSLContext) -> None:
        # Called at the start of each handshake, so a renewed certificate needs no restart and no
        # kernel has to die for it. A pair that does not load (half of it is written so far)
        # leaves the last good one in place and is looked at again on the next connection.
        nonlocal current, seen
        state = _state(files)
        if state != seen:
            try:
                current = _build(certfile, keyfile, min_tls, client_ca)
            except CertificateUnusable:
                return
            seen = state
        if current is not context:
            socket.context = current

    context.sni_callback = pick
    return context


def _build(certfile: str, keyfile: str, min_tls: str, client_ca: str) -> ssl.SSLContext:
    try:
        minimum = _VERSIONS[min_tls]
    except KeyError:
        raise PolicyViolation(
            f"SecureConfig.min_tls is {min_tls!r}.",
            remedy='Set SecureConfig.min_tls to "1.2" or "1.3".',
        ) from None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = minimum
    context.set_ciphers(_TLS_1_2_CIPHERS)
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
    try:
        # The empty password keeps OpenSSL from asking for one on the terminal.
        context.load_cert_chain(certfile, keyfile or None, password="")
        if client_ca:
            context.load_verify_locations(client_ca)
            context.verify_mode = ssl.CERT_REQUIRED
    except (OSError, ssl.SSLError) as error:
        raise CertificateUnusable(
            f"The certificate {certfile} cannot be used.",
            why=f"{getattr(error, 'reason', None) or error.strerror or type(error).__name__}.",
            remedy="Check ServerApp.certfile, ServerApp.keyfile and ServerApp.client_ca.",
        ) from None
    return context


def _state(files: list[str]) -> tuple[tuple[int, int, int], ...] | None:
    try:
        stats = [Path(path).stat() for path in files]
    except OSError:
        return None
    return tuple((stat.st_mtime_ns, stat.st_size, stat.st_ino) for stat in stats)
