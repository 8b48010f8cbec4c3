from __future__ import annotations

import pytest

from jupyter_secure.errors import PolicyViolation
from jupyter_secure.transport.policy import Listening, TransportSettings, check, is_loopback

CERTIFICATE = {"certfile": "/c.pem", "keyfile": "/k.pem"}


@pytest.mark.parametrize(
    ("listening", "settings"),
    [
        (Listening(**CERTIFICATE), TransportSettings()),
        (Listening(ip="0.0.0.0", **CERTIFICATE), TransportSettings()),
        (Listening(certfile="/both.pem"), TransportSettings()),
        (Listening(**CERTIFICATE), TransportSettings(min_tls="1.3")),
        (Listening(unix_socket="/run/jupyter.sock"), TransportSettings()),
        (Listening(ip="127.0.0.1"), TransportSettings(trusted_proxies=("127.0.0.1",))),
        (Listening(ip="localhost"), TransportSettings(trusted_proxies=("::1", "10.0.0.0/8"))),
        (Listening(ip="0.0.0.0"), TransportSettings(require_https=False)),
    ],
)
def test_starts(listening: Listening, settings: TransportSettings) -> None:
    """A server with a certificate, a UNIX socket, or a local proxy in front may start."""
    check(listening, settings)


@pytest.mark.parametrize(
    ("listening", "settings", "named"),
    [
        (Listening(), TransportSettings(), "SecureConfig.trusted_proxies"),
        (Listening(), TransportSettings(), "jupyter secure init"),
        (Listening(ip=""), TransportSettings(), "every network address"),
        (Listening(ip="*"), TransportSettings(), "every network address"),
        (Listening(ip="10.1.2.3"), TransportSettings(), "ServerApp.certfile"),
        (
            Listening(ip="10.1.2.3"),
            TransportSettings(trusted_proxies=("127.0.0.1",)),
            "ServerApp.ip",
        ),
        (
            Listening(ip="127.0.0.1"),
            TransportSettings(trusted_proxies=("10.0.0.1",)),
            "SecureConfig.trusted_proxies",
        ),
        (
            Listening(keyfile="/k.pem"),
            TransportSettings(require_https=False),
            "ServerApp.keyfile is set",
        ),
        (
            Listening(trust_xheaders=True, **CERTIFICATE),
            TransportSettings(),
            "ServerApp.trust_xheaders",
        ),
        (Listening(**CERTIFICATE), TransportSettings(min_tls="1.1"), "SecureConfig.min_tls"),
        (
            Listening(**CERTIFICATE),
            TransportSettings(trusted_proxies=("0.0.0.0/0",)),
            "SecureConfig.trusted_proxies",
        ),
        (
            Listening(**CERTIFICATE),
            TransportSettings(trusted_proxies=("proxy.example.org",)),
            "SecureConfig.trusted_proxies",
        ),
        (
            Listening(trust_xheaders=True, **CERTIFICATE),
            TransportSettings(require_https=False),
            "ServerApp.trust_xheaders",
        ),
    ],
)
def test_refuses(listening: Listening, settings: TransportSettings, named: str) -> None:
    """Whatever breaks the policy is refused, and the message names what to change."""
    with pytest.raises(PolicyViolation) as caught:
        check(listening, settings)
    assert named in str(caught.value)


@pytest.mark.parametrize(
    ("ip", "expected"),
    [
        ("localhost", True),
        ("LOCALHOST", True),
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("[::1]", True),
        ("", False),
        ("*", False),
        ("0.0.0.0", False),
        ("::", False),
        ("192.168.0.2", False),
        ("localhost.example.org", False),
    ],
)
def test_loopback(ip: str, expected: bool) -> None:
    """Only addresses that cannot be reached from outside count as loopback."""
    assert is_loopback(ip) is expected
