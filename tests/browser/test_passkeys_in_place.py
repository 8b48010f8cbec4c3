"""A passkey in JupyterLab itself: it takes a code's place where one is asked for."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from support.browser import Person
from support.home import PASSWORD, Home
from support.live_server import LiveServer, notebook, running

pytestmark = pytest.mark.browser

ACCOUNT = "/jupyter-secure/account"
_AUTHENTICATOR = {
    "protocol": "ctap2",
    "ctap2Version": "ctap2_1",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@pytest.fixture(scope="module")
def server(make_home: Callable[[], Home], lab_arguments: list[str]) -> Iterator[LiveServer]:
    home = make_home()
    (home.work / "notes.ipynb").write_text(json.dumps(notebook("print(6 * 7)")))
    with running(home, *lab_arguments, module="jupyterlab") as server:
        yield server


@pytest.fixture(scope="module")
def trusting(server: LiveServer, trusting_browser: Callable[[Path], Browser]) -> Browser:
    """A browser that was told to trust the certificate, as passkeys need it."""
    return trusting_browser(server.home.certificate)


@pytest.fixture(scope="module")
def alice(trusting: Browser, server: LiveServer, pictures: Path) -> Person:
    """Someone with a passkey, in JupyterLab."""
    page = trusting.new_page(viewport={"width": 1280, "height": 800})
    cdp = page.context.new_cdp_session(page)
    cdp.send("WebAuthn.enable")
    cdp.send("WebAuthn.addVirtualAuthenticator", {"options": _AUTHENTICATOR})
    alice = Person(page, server, pictures)
    alice.log_in("/lab/tree/notes.ipynb?reset")
    alice.go(f"/jupyter-secure/confirm?next={ACCOUNT}")
    page.get_by_label("Code").fill(server.home.spare_code())
    page.get_by_role("button", name="Confirm", exact=True).click()
    page.get_by_label("Name of the new passkey").fill("this computer")
    page.get_by_role("button", name="Add a passkey").click()
    expect(page.locator("#passkeys")).to_contain_text("this computer")
    alice.go("/lab/tree/notes.ipynb?reset")
    alice.arrive()
    alice.kernel_is_idle()
    return alice


def test_1_a_passkey_logs_in_in_place(alice: Person, server: LiveServer) -> None:
    """Password and passkey, no code: the page goes on where it was, with its unsaved work."""
    alice.write(0, "print('kept', 6 * 7)")
    server.logged_in().delete("/jupyter-secure/api/sessions?scope=others")
    dialog = alice.page.get_by_role("dialog")
    expect(dialog).to_contain_text("Your session has ended", timeout=1000)
    alice.take_picture("33-passkey-in-place")
    dialog.get_by_role("button", name="Use a passkey").click()
    expect(dialog.get_by_label("Password")).to_be_focused()
    dialog.get_by_label("Password").fill("not the password")
    dialog.get_by_role("button", name="Use a passkey").click()
    expect(dialog.get_by_role("alert")).to_contain_text("is not right")
    dialog.get_by_label("Password").fill(PASSWORD)
    dialog.get_by_role("button", name="Use a passkey").press("Enter")
    expect(dialog).to_have_count(0)
    alice.run(0, "kept 42")
    alice.save()


def test_2_a_passkey_confirms_what_needs_a_second_factor(alice: Person) -> None:
    """The dialog that asks for a code takes a passkey as well."""
    alice.command("Confirm It Is You")
    dialog = alice.page.get_by_role("dialog")
    button = dialog.get_by_role("button", name="Use a passkey")
    expect(button).to_be_visible()
    alice.take_picture("34-confirm-with-passkey")
    button.click()
    expect(dialog).to_have_count(0)
    status = json.loads(alice.fetch("/jupyter-secure/api/status")[1])
    assert status["session"]["elevated_seconds_left"] > 0


def test_3_the_account_page_opens_from_the_menu(alice: Person) -> None:
    """Settings holds the way to the account page, in a tab of its own."""
    alice.page.get_by_role("menuitem", name="Settings", exact=True).click()
    with alice.page.context.expect_page() as opened:
        alice.page.get_by_role("menuitem", name="Account and Security…").click()
    expect(opened.value.get_by_role("heading", name="Account and security")).to_be_visible()
    assert opened.value.evaluate("window.opener === null")
