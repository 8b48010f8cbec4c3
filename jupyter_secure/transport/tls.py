"""The TLS side of the server's socket."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TypeAlias

from jupyter_secure.errors import CertificateUnusable, PolicyViolation
from jupyter_secure.transport import certificates

_VERSIONS = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}

# For TLS 1.2: forward secrecy and an AEAD, nothing else (RFC 9325 section 4.2). TLS 1.3 has no
# other kind and ignores this.
_TLS_1_2_CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"

_FileState: TypeAlias = tuple[tuple[int, int, int], ...] | None


class ServerCertificate:
    """A certificate in use, which is exchanged for a renewed one while the server runs.

    ``context`` is for the server's socket. Each handshake looks at the files, so that no connection
    gets an outdated certificate and no kernel has to die for a new one. What does not load (half of
    a pair, an expired one) leaves the last good one in place: a renewal that went wrong must not
    take the server off the net. ``problem`` then says what is wrong with the new one.

    For one thread, the one that accepts connections.
    """

    def __init__(
        self,
        certfile: str,
        keyfile: str = "",
        min_tls: str = "1.2",
        *,
        now: Callable[[], datetime],
        client_ca: str = "",
    ) -> None:
        """Load the pair; ``keyfile`` may be empty when ``certfile`` holds the key too.

        With ``client_ca`` (a PEM file) clients must show a certificate from it. Raises
        CertificateUnusable or PolicyViolation.
        """
        self._certfile, self._keyfile, self._client_ca = certfile, keyfile, client_ca
        self._min_tls = min_tls
        self._now = now
        self.problem: CertificateUnusable | None = None
        self._seen = self._state()
        #: The pair in use, and what it says of itself.
        self.pair, self._current = self._load()
        self.context = self._current
        self.context.sni_callback = self._pick

    def look(self, *, again: bool = False) -> bool:
        """Load the files if they have changed; return whether others are in use from now on.

        ``again`` also tries what was found unusable before: the clock may have caught up with it.
        """
        state = self._state()
        if state == self._seen and not (again and self.problem):
            return False
        # Noted before the files are read: a change during the reading is seen the next time.
        self._seen = state
        try:
            self.pair, self._current = self._load()
        except CertificateUnusable as error:
            self.problem = error
            return False
        self.problem = None
        return True

    def _pick(self, socket: ssl.SSLObject, _name: str | None, _context: ssl.SSLContext) -> None:
        # OpenSSL calls this at the start of each handshake, with a server name or without.
        self.look()
        if self._current is not self.context:
            socket.context = self._current

    def _load(self) -> tuple[certificates.Certificate, ssl.SSLContext]:
        pair = certificates.load(self._certfile, self._keyfile, now=self._now())
        return pair, _build(self._certfile, self._keyfile, self._min_tls, self._client_ca)

    def _state(self) -> _FileState:
        files = [path for path in (self._certfile, self._keyfile, self._client_ca) if path]
        try:
            stats = [Path(path).stat() for path in files]
        except OSError:
            return None
        return tuple((stat.st_mtime_ns, stat.st_size, stat.st_ino) for stat in stats)


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
