"""A browser at the other end of an SSH tunnel that leads to a UNIX socket."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from support.home import PASSWORD, Home
from support.live_server import free_port
from support.sshd import Sshd, running_sshd
from support.without_tls import WITHOUT_TLS, running_on_socket

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def home(make_home: Callable[[], Home]) -> Home:
    return make_home()


@pytest.fixture(scope="module")
def sshd(tmp_path_factory: pytest.TempPathFactory, program: Callable[[str], str]) -> Iterator[Sshd]:
    with running_sshd(tmp_path_factory.mktemp("ssh") / "sshd", program) as sshd:
        yield sshd


def log_in(page: Page, home: Home, url: str) -> None:
    page.goto(f"{url}login?next=%2Fapi%2Fme")
    page.get_by_label("User name").fill(home.username)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Continue").click()
    page.get_by_label("Code").fill(home.spare_code())
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url("**/api/me")


@pytest.mark.parametrize(("scheme", "settings"), [("https", ()), ("http", WITHOUT_TLS)])
def test_login_through_a_tunnel(
    home: Home,
    sshd: Sshd,
    chromium: Browser,
    tmp_path: Path,
    scheme: str,
    settings: tuple[str, ...],
) -> None:
    """The login works at localhost with TLS on the socket, and without a certificate as well."""
    sock, port = tmp_path / "jupyter.sock", free_port()
    line = f"ssh -N -p {sshd.port} -L localhost:{port}:{sock} localhost"
    with running_on_socket(home, sock, *settings), sshd.tunnel(line, port):
        context = chromium.new_context(ignore_https_errors=True)
        try:
            page = context.new_page()
            log_in(page, home, f"{scheme}://localhost:{port}/")
            expect(page.locator("body")).to_contain_text(home.username)
            cookies = context.cookies()
            session = next(one for one in cookies if "session" in one["name"])
            assert session["name"].startswith("__Host-")
            assert session["secure"]
            assert session["httpOnly"]
        finally:
            context.close()
