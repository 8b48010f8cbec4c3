"""The log-in with a keyboard, on a small screen, in the dark, and with a trusted certificate."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from support.browser import Person
from support.home import PASSWORD
from support.live_server import LiveServer

pytestmark = pytest.mark.browser


def focused_name(person: Person) -> str:
    return str(person.page.evaluate("document.activeElement.name || document.activeElement.type"))


def test_needs_no_mouse(lab: LiveServer, seat: Callable[..., Person]) -> None:
    """Log in, lock the notebook, open it and unlock it: with the keyboard alone."""
    alice = seat(lab)
    keyboard = alice.page.keyboard
    alice.go("/lab/tree/notes.ipynb?reset")
    assert focused_name(alice) == "username"
    keyboard.type("alice")
    keyboard.press("Tab")
    keyboard.type(PASSWORD)
    keyboard.press("Enter")
    expect(alice.page.get_by_label("Code")).to_be_focused()
    keyboard.type(lab.home.spare_code())
    keyboard.press("Enter")
    alice.arrive()
    alice.kernel_is_idle()

    keyboard.press("Control+Shift+c")
    keyboard.type("Lock: Private")
    expect(alice.page.locator(".lm-CommandPalette-item")).to_have_count(1)
    keyboard.press("Enter")
    expect(alice.cover).to_be_visible()
    alice.give_code("000000")
    expect(alice.cover.get_by_role("alert")).to_contain_text("not right")
    alice.give_code(lab.home.spare_code())
    expect(alice.cover).to_have_count(0)
    alice.kernel_is_idle()

    keyboard.press("Control+Shift+c")
    keyboard.type("Unlock")
    keyboard.press("Enter")
    expect(alice.notebook.locator(".jsec-LockButton")).to_have_text("")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_fits_a_small_screen(lab: LiveServer, seat: Callable[..., Person], scheme: str) -> None:
    """At 320 pixels, as wide as a small phone, nothing has to be scrolled sideways."""
    alice = seat(lab, viewport={"width": 320, "height": 640}, color_scheme=scheme)
    alice.go("/login")
    alice.page.get_by_label("User name").fill("alice")
    alice.page.get_by_label("Password").fill("wrong")
    alice.take_picture(f"30-small-{scheme}")
    for step in ("password", "code"):
        width = alice.page.evaluate("document.scrollingElement.scrollWidth")
        assert width <= 320, step
        if step == "password":
            alice.page.get_by_label("Password").fill(PASSWORD)
            alice.page.get_by_role("button", name="Continue").click()
            expect(alice.page.get_by_label("Code")).to_be_focused()
    alice.take_picture(f"31-small-code-{scheme}")


def test_asks_nobody_else_for_anything(lab: LiveServer, seat: Callable[..., Person]) -> None:
    """The pages load nothing from another host, and JupyterLab with the panel neither."""
    alice = seat(lab)
    asked: list[str] = []
    alice.page.on("request", lambda request: asked.append(request.url))
    alice.log_in("/lab?reset")
    alice.show_security()
    elsewhere = [url for url in asked if not url.startswith((lab.url, "data:", "blob:"))]
    assert asked
    assert elsewhere == []


def test_opens_the_panel_again_after_a_reload(lab: LiveServer, seat: Callable[..., Person]) -> None:
    """Whoever leaves with the panel open finds it open."""
    alice = seat(lab)
    alice.log_in("/lab/workspaces/panel?reset")
    with alice.page.expect_response(
        lambda answer: '"current":"jupyter-secure-panel"' in (answer.request.post_data or "")
    ):
        alice.show_security()
    alice.go("/lab/workspaces/panel")
    alice.arrive()
    expect(alice.page.get_by_role("region", name="Security")).to_be_visible()


def test_is_trusted_once_its_certificate_is(
    lab: LiveServer,
    launch: Callable[[Path], Browser],
    program: Callable[[str], str],
    pictures: Path,
    tmp_path: Path,
) -> None:
    """A browser that was told to trust the certificate goes in without a warning."""
    store = tmp_path / ".pki" / "nssdb"
    store.mkdir(parents=True)
    certutil = [program("certutil"), "-d", f"sql:{store}"]
    subprocess.run([*certutil, "-N", "--empty-password"], check=True)
    trust = ["-A", "-t", "P,,", "-n", "lab", "-i", lab.home.certificate]
    subprocess.run([*certutil, *trust], check=True)
    browser = launch(tmp_path)
    try:
        alice = Person(browser.new_page(), lab, pictures)
        alice.go("/login")
        expect(alice.page.get_by_label("Password")).to_be_visible()
        assert alice.page.evaluate("isSecureContext")
        assert alice.complaints == []
    finally:
        browser.close()
