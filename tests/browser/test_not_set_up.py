"""Installed and not set up: a panel that says what to run, and nothing else."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator

import pytest
import requests
from playwright.sync_api import expect
from support.browser import Person
from support.home import Authenticator, Home, bare_variables
from support.live_server import LiveServer, free_port, launch, notebook

pytestmark = pytest.mark.browser

TOKEN = "the-token-of-a-stock-server"


class StockServer(LiveServer):
    """A server as Jupyter starts it, over HTTP."""

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"


@pytest.fixture(scope="module")
def stock(
    tmp_path_factory: pytest.TempPathFactory, lab_arguments: list[str]
) -> Iterator[StockServer]:
    path = tmp_path_factory.mktemp("stock")
    home = Home(
        path, bare_variables(path), {}, Authenticator(f"otpauth://totp/x?secret={'A' * 32}")
    )
    (home.work / "plain.ipynb").write_text(json.dumps(notebook("print('plain')")))
    log = path / "server.log"
    arguments = [f"--IdentityProvider.token={TOKEN}", *lab_arguments]
    port = free_port()
    process = launch(home, port, log, *arguments, module="jupyterlab")
    server = StockServer(home, port, process, log)
    try:
        wait_for(server)
        yield server
    finally:
        server.stop()


def wait_for(server: StockServer) -> None:
    until = time.monotonic() + 40
    while time.monotonic() < until and server.process.poll() is None:
        try:
            requests.get(f"{server.url}/login", timeout=5)
        except requests.ConnectionError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError(server.log)


@pytest.fixture(scope="module")
def visitor(stock: StockServer, seat: Callable[..., Person]) -> Person:
    visitor = seat(stock)
    visitor.go(f"/lab/tree/plain.ipynb?reset&token={TOKEN}")
    expect(visitor.page.locator("#jupyterlab-splash")).to_have_count(0)
    visitor.kernel_is_idle()
    return visitor


def test_the_panel_says_what_to_run(visitor: Person) -> None:
    """The panel names the one command that sets everything up, and offers nothing else."""
    panel = visitor.show_security()
    expect(panel.get_by_role("status")).to_have_text("Not set up")
    expect(panel.locator("code")).to_have_text("jupyter secure init")
    expect(panel.get_by_role("button")).to_have_count(0)
    visitor.take_picture("50-not-set-up")


def test_nothing_else_is_there(visitor: Person) -> None:
    """No lock button, no status-bar item, no entry in a menu."""
    expect(visitor.page.locator(".jsec-LockButton:visible")).to_have_count(0)
    expect(visitor.page.locator(".jsec-StatusItem:visible")).to_have_count(0)
    visitor.file("plain.ipynb").click(button="right")
    menu = visitor.page.get_by_role("menu")
    expect(menu.get_by_role("menuitem", name="Rename")).to_be_visible()
    expect(menu.get_by_role("menuitem", name="Lock")).to_have_count(0)
    visitor.page.keyboard.press("Escape")


def test_files_stay_plain(visitor: Person, stock: StockServer) -> None:
    """A notebook is run and saved as ever: readable, and without a state directory."""
    visitor.write(0, "print('still plain')")
    visitor.run(0, "still plain")
    visitor.save()
    saved = json.loads((stock.home.work / "plain.ipynb").read_text())
    assert "still plain" in json.dumps(saved)
    assert not stock.home.state.exists()
