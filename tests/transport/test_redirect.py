from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_secure.transport.redirect import location

NAMES = ("localhost", "127.0.0.1", "::1", "lab.example.org", "*.hub.example.org")


@pytest.mark.parametrize(
    ("target", "host", "port", "expected"),
    [
        ("/lab?a=b", "lab.example.org", 443, "https://lab.example.org/lab?a=b"),
        ("/", "LAB.example.org.:80", 8888, "https://lab.example.org:8888/"),
        ("/", "127.0.0.1:8080", 8888, "https://127.0.0.1:8888/"),
        ("/", "[::1]:8080", 8888, "https://[::1]:8888/"),
        ("/", "[0:0::1]", 443, "https://[0:0::1]/"),
        ("/", "a.hub.example.org", 443, "https://a.hub.example.org/"),
        # Nothing that is not a name of ours is ever followed.
        ("/", "a.b.hub.example.org", 443, "https://lab.example.org/"),
        ("/", ".hub.example.org", 443, "https://lab.example.org/"),
        ("/", "*.hub.example.org", 443, "https://lab.example.org/"),
        ("/", "evil/.hub.example.org", 443, "https://lab.example.org/"),
        ("/", "evil\\.hub.example.org", 443, "https://lab.example.org/"),
        ("/", "evil.example", 443, "https://lab.example.org/"),
        ("/", "lab.example.org@evil.example", 443, "https://lab.example.org/"),
        ("/", "lab.example.org:80@evil.example", 443, "https://lab.example.org/"),
        ("/", "lab.example.org/x", 443, "https://lab.example.org/"),
        ("/", "evil.example#lab.example.org", 443, "https://lab.example.org/"),
        ("/", "", 443, "https://lab.example.org/"),
        ("//evil.example/", "lab.example.org", 443, "https://lab.example.org//evil.example/"),
        ("http://evil.example/", "lab.example.org", 443, "https://lab.example.org/"),
        ("*", "lab.example.org", 443, "https://lab.example.org/"),
        ("/a\r\nSet-Cookie:x", "lab.example.org", 443, "https://lab.example.org/a%0D%0ASet-Cookie:x"),
        ("/ü\"<%2f>", "lab.example.org", 443, "https://lab.example.org/%FC%22%3C%2f%3E"),
    ],
)  # fmt: skip
def test_location(target: str, host: str, port: int, expected: str) -> None:
    """The redirect leads to the same page at a name of the server's own."""
    assert location(target, host, NAMES, port) == expected


def test_without_a_public_name() -> None:
    """A server with no name but the machine's own sends strangers there."""
    assert location("/", "x", ["127.0.0.1", "10.0.0.7"], 8888) == "https://10.0.0.7:8888/"
    assert location("/", "x", ["localhost", "::1"], 8888) == "https://localhost:8888/"
    assert location("/", "x", [], 8888) == "https://localhost:8888/"


@given(st.text(st.characters(max_codepoint=255)), st.text(st.characters(max_codepoint=255)))
def test_anything(target: str, host: str) -> None:
    """Whatever is sent, the answer is one line of ASCII and leads to a name of ours."""
    where = location(target, host, NAMES, 8888)
    assert where.isascii()
    assert where.isprintable()
    assert " " not in where
    name = urlsplit(where).hostname or ""
    assert name in NAMES[:4] or name.endswith(".hub.example.org") or name.count(":") > 1
