from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_secure.errors import PolicyViolation
from jupyter_secure.transport.proxies import Origin, parse_proxies, resolve

LISTED = parse_proxies(["10.0.0.0/8", "127.0.0.1", "fd00::/8"])


@pytest.mark.parametrize(
    ("peer", "forwarded_for", "expected"),
    [
        # Nobody vouches for a header that comes straight from the client.
        ("203.0.113.9", "198.51.100.7", "203.0.113.9"),
        ("10.0.0.1", "198.51.100.7", "198.51.100.7"),
        ("10.0.0.1", "", "10.0.0.1"),
        # What the client put in front of the list is not believed.
        ("10.0.0.1", "1.1.1.1, 198.51.100.7", "198.51.100.7"),
        ("10.0.0.1", "127.0.0.1, 198.51.100.7", "198.51.100.7"),
        # Two proxies in a row.
        ("10.0.0.1", "198.51.100.7, 10.0.0.2", "198.51.100.7"),
        ("10.0.0.1", "1.1.1.1, 198.51.100.7, 10.0.0.2", "198.51.100.7"),
        # Everyone is listed: the farthest of them.
        ("10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"),
        # What is no address ends the search at the last that is certain.
        ("10.0.0.1", "unknown", "10.0.0.1"),
        ("10.0.0.1", "198.51.100.7, unknown, 10.0.0.2", "10.0.0.2"),
        ("10.0.0.1", "198.51.100.7:1234", "198.51.100.7"),
        ("10.0.0.1", "[2001:db8::7]:443", "2001:db8::7"),
        ("10.0.0.1", "2001:db8::7", "2001:db8::7"),
        ("fd00::1", "198.51.100.7", "198.51.100.7"),
        ("::ffff:10.0.0.1", "198.51.100.7", "198.51.100.7"),
        ("::ffff:203.0.113.9", "198.51.100.7", "203.0.113.9"),
        # The name that tornado gives a UNIX socket is worth nothing inside of a header.
        ("10.0.0.1", "198.51.100.7, 0.0.0.0", "0.0.0.0"),
    ],
)
def test_client_address(peer: str, forwarded_for: str, expected: str) -> None:
    """The client is the rightmost address that no listed proxy has."""
    origin = resolve(peer, {"X-Forwarded-For": forwarded_for}, LISTED, protocol="https")
    assert origin.address == expected


@pytest.mark.parametrize(
    ("peer", "claim", "own", "expected"),
    [
        ("203.0.113.9", "http", "https", "https"),
        ("203.0.113.9", "https", "http", "http"),
        ("10.0.0.1", "https", "http", "https"),
        ("10.0.0.1", "HTTPS", "http", "https"),
        ("10.0.0.1", "http", "https", "http"),
        ("10.0.0.1", "", "http", "http"),
        ("10.0.0.1", "", "https", "https"),
        ("10.0.0.1", "https, http", "http", "http"),
        ("10.0.0.1", "https, https", "http", "https"),
        ("10.0.0.1", "wss", "http", "https"),
        ("10.0.0.1", "ws", "https", "http"),
        ("10.0.0.1", "wss, ws", "http", "http"),
        ("10.0.0.1", "wsss", "http", "http"),
        ("203.0.113.9", "wss", "http", "http"),
    ],
)
def test_protocol(peer: str, claim: str, own: str, expected: str) -> None:
    """The protocol is the proxy's word if it is listed, else that of the connection itself."""
    origin = resolve(peer, {"X-Forwarded-Proto": claim}, LISTED, protocol=own)
    assert origin.protocol == expected
    assert origin.https is (expected == "https")


def test_other_headers_are_not_read() -> None:
    """A listed proxy's X-Real-Ip, X-Scheme and Forwarded change nothing."""
    headers = {"X-Real-Ip": "1.1.1.1", "X-Scheme": "http", "Forwarded": "for=1.1.1.1;proto=http"}
    assert resolve("10.0.0.1", headers, LISTED, protocol="https") == Origin("10.0.0.1", "https")


@pytest.mark.parametrize("peer", ["unix", "", "0.0.0.0"])
def test_unix_socket(peer: str) -> None:
    """Who connects through the UNIX socket is believed only when the list says `unix`."""
    headers = {"X-Forwarded-For": "198.51.100.7", "X-Forwarded-Proto": "https"}
    unlisted = resolve(peer, headers, LISTED, protocol="http")
    assert unlisted == Origin("unix", "http")
    listed = resolve(peer, headers, parse_proxies(["unix"]), protocol="http")
    assert listed == Origin("198.51.100.7", "https")


@pytest.mark.parametrize("entry", ["", "proxy", "10.0.0.0/33", "0.0.0.0/0", "::/0", "1.2.3"])
def test_refuses_entries(entry: str) -> None:
    """An entry that is no address, or that is everybody, is refused."""
    with pytest.raises(PolicyViolation) as caught:
        parse_proxies([entry])
    assert "SecureConfig.trusted_proxies" in str(caught.value)


@given(st.text(max_size=80), st.text(max_size=30))
def test_never_raises(forwarded_for: str, proto: str) -> None:
    """No header can break the answer, or make an unlisted peer another one."""
    headers = {"X-Forwarded-For": forwarded_for, "X-Forwarded-Proto": proto}
    assert resolve("203.0.113.9", headers, LISTED, protocol="https") == Origin(
        "203.0.113.9", "https"
    )
    assert resolve("10.0.0.1", headers, LISTED, protocol="https").protocol in ("http", "https")
