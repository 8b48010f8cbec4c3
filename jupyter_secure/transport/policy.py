"""What the server's settings must be for it to start at all.

Pure: it looks at settings, not at sockets or files. ``certificates.py`` looks at the files.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from jupyter_secure.errors import PolicyViolation
from jupyter_secure.transport.proxies import TrustedProxies, parse_proxies

MIN_TLS_CHOICES = ("1.2", "1.3")


@dataclass(frozen=True)
class Listening:
    """Where a Jupyter server is about to listen; the fields are the ServerApp traits.

    ``ip`` is empty, ``*`` or ``0.0.0.0`` for every address; ``unix_socket`` is empty for none.
    """

    ip: str = "localhost"
    unix_socket: str = ""
    certfile: str = ""
    keyfile: str = ""
    trust_xheaders: bool = False


@dataclass(frozen=True)
class TransportSettings:
    """The traits of SecureConfig that decide about the connection."""

    require_https: bool = True
    trusted_proxies: tuple[str, ...] = ()
    min_tls: str = "1.2"


def check(listening: Listening, settings: TransportSettings) -> None:
    """Return when a server may start with these settings; else raise PolicyViolation.

    The error names the setting to change.
    """
    if settings.min_tls not in MIN_TLS_CHOICES:
        raise PolicyViolation(
            f"SecureConfig.min_tls is {settings.min_tls!r}.",
            why="TLS older than 1.2 is broken (RFC 8996).",
            remedy='Set SecureConfig.min_tls to "1.2" or "1.3".',
        )
    proxies = parse_proxies(settings.trusted_proxies)
    if listening.trust_xheaders:
        raise PolicyViolation(
            "ServerApp.trust_xheaders is on.",
            why="It believes whoever sends X-Forwarded-For or X-Forwarded-Proto.",
            remedy="Turn it off and list your proxy's address in SecureConfig.trusted_proxies.",
        )
    if listening.keyfile and not listening.certfile:
        raise PolicyViolation(
            "ServerApp.keyfile is set and ServerApp.certfile is not.",
            remedy="Set ServerApp.certfile to the certificate that belongs to the key.",
        )
    if settings.require_https and not listening.certfile:
        _check_without_certificate(listening, proxies)


def is_loopback(ip: str) -> bool:
    """Return whether a server on ``ip`` can be reached from this machine only."""
    if ip.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(ip.strip("[]")).is_loopback
    except ValueError:
        # Any other host name may resolve to anything, tomorrow if not today.
        return False


def _check_without_certificate(listening: Listening, proxies: TrustedProxies) -> None:
    # A UNIX socket is guarded by its file's permissions and never leaves the machine.
    if listening.unix_socket:
        return
    if is_loopback(listening.ip):
        # What connects to a loopback address has a loopback address itself.
        if proxies.any_loopback:
            return
        raise PolicyViolation(
            "This server would speak plain HTTP.",
            why="It has no certificate, and no proxy on this machine is listed for it.",
            remedy=(
                "Run `jupyter secure init` to make a certificate or set ServerApp.certfile and "
                "ServerApp.keyfile; behind an HTTPS proxy on this machine, add 127.0.0.1 to "
                "SecureConfig.trusted_proxies."
            ),
        )
    raise PolicyViolation(
        f"This server would speak plain HTTP on {_spoken(listening.ip)}.",
        why="Anyone on the way could read passwords, codes and notebooks.",
        remedy=(
            "Run `jupyter secure init` to make a certificate, or set ServerApp.certfile and "
            "ServerApp.keyfile; behind an HTTPS proxy on this machine, set ServerApp.ip to "
            "127.0.0.1 and list the proxy in SecureConfig.trusted_proxies."
        ),
    )


def _spoken(ip: str) -> str:
    return "every network address" if ip in ("", "*", "0.0.0.0", "::") else ip
