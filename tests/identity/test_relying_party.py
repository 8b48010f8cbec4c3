from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_secure.errors import InvalidInput
from jupyter_secure.identity.relying_party import place_of


@pytest.mark.parametrize(
    ("protocol", "host", "rp_id", "origin"),
    [
        ("https", "localhost:8888", "localhost", "https://localhost:8888"),
        ("https", "lab.example.org", "lab.example.org", "https://lab.example.org"),
        ("https", "Lab.Example.ORG:443", "lab.example.org", "https://lab.example.org"),
        ("http", "localhost:80", "localhost", "http://localhost"),
        ("http", "localhost:443", "localhost", "http://localhost:443"),
        ("https", "lab", "lab", "https://lab"),
        ("https", "10.example.org", "10.example.org", "https://10.example.org"),
    ],
)
def test_the_place_is_what_the_browser_sees(
    protocol: str, host: str, rp_id: str, origin: str
) -> None:
    """The host name and the origin are those of the address bar."""
    place = place_of(protocol, host)
    assert (place.rp_id, place.origin) == (rp_id, origin)


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1:8888", "[::1]:8888", "::1", "10.0.0.1", "", ":8888", "a b", "x@y", "a/b", "a?b",
     "a#b", "lab:port", "lab:999999", "127.1", "0x7f.1", "lab.0x7f", "lab.", ".lab",
     "a..b", "x" * 300, "lab." * 63 + "lab", "[", "user:pw@lab", "\u2100.example"],
)  # fmt: skip
def test_an_address_or_no_name_is_refused(host: str) -> None:
    """Where a browser would make no passkey, the answer says that a name is needed."""
    with pytest.raises(InvalidInput, match="host name"):
        place_of("https", host)


@given(st.text(max_size=300))
def test_any_host_gives_a_place_or_the_refusal(host: str) -> None:
    """Whatever stands in the header, the origin is of that name, or there is none."""
    try:
        place = place_of("https", host)
    except InvalidInput:
        return
    assert place.origin.startswith(f"https://{place.rp_id}")
    assert not set(place.rp_id) & set("/@?#: ")
