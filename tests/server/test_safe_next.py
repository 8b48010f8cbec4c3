"""Where a login may lead."""

from __future__ import annotations

from urllib.parse import urljoin, urlsplit

import pytest

from jupyter_secure.server.page import safe_next


@pytest.mark.parametrize(
    "url",
    [
        "/",
        "/lab",
        "/lab/tree/a%20b.ipynb?x=1#y",
        "/files/ü.ipynb",
        "/a//b",
        "/?next=//evil",
        "/%2f",
    ],
)
def test_a_path_of_this_server_is_taken(url: str) -> None:
    """A path here is where the login leads."""
    assert safe_next(url, "/") == url


@pytest.mark.parametrize(
    "url",
    [
        "",
        "lab",
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\/evil.example",
        "/a\\..\\evil",
        "https://evil.example/",
        "https:/evil.example",
        "HTTPS:evil.example",
        "javascript:alert(1)",
        "data:text/html,x",
        " //evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        "/a\r\nSet-Cookie: b=c",
        "/\x00/evil.example",
        "/a b",
        "/\x7f",
        "@evil.example",
        "?next=/lab",
    ],
)
def test_anything_else_is_not(url: str) -> None:
    """What leads, or might lead some browser, elsewhere is replaced by the start page."""
    assert safe_next(url, "/") == "/"


@pytest.mark.parametrize("url", ["/", "/other/lab", "/user", "/user/ann", "/user/anna/lab"])
def test_it_stays_below_the_base_url(url: str) -> None:
    """A neighbour's server on the same host is elsewhere too."""
    assert safe_next(url, "/user/ann/") == "/user/ann/"


@pytest.mark.parametrize("url", ["/user/ann/..//evil.example", "/user/ann/.//evil.example"])
def test_dots_do_not_leave_the_host(url: str) -> None:
    """However a browser resolves dots, the host stays this one."""
    target = urljoin("https://here.example/user/ann/login", safe_next(url, "/user/ann/"))
    assert urlsplit(target).netloc == "here.example"
