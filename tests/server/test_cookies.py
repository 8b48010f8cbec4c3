"""The names and the scope of our cookies."""

from __future__ import annotations

from jupyter_secure.server.cookies import CookieJar


def test_at_the_root_a_cookie_is_bound_to_the_host() -> None:
    """At the root the browser itself refuses a cookie that another host or plain HTTP set."""
    assert CookieJar("/", "t").session == "__Host-jupyter-secure-session-t"


def test_below_a_base_url_it_is_bound_to_the_path() -> None:
    """Elsewhere the path is the server's own, which the stricter prefix does not allow."""
    jar = CookieJar("/user/ann/", "t")
    assert jar.session.startswith("__Secure-")
    assert jar.xsrf_attributes["path"] == "/user/ann/"


def test_each_server_and_purpose_has_its_own_name() -> None:
    """Servers on one host, and the two steps of one login, do not read each other's cookies."""
    names = [CookieJar("/", tag) for tag in ("a-1", "a-2", "b-1")]
    assert len({name for jar in names for name in (jar.session, jar.login)}) == 6


def test_a_device_is_known_whatever_the_port() -> None:
    """A server that gets another port at its next start knows its devices; another vault's not."""
    names = [CookieJar("/", tag).device for tag in ("a-1", "a-2", "b-1")]
    assert names[0] == names[1] != names[2]
