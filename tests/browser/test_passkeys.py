"""Passkeys in a real Chromium, with the authenticator that it brings for tests.

Passkeys need a certificate that the browser trusts; so here it is told to, as on the page
docs/how-to/certificate.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, CDPSession, Locator, Page, expect
from support.home import PASSWORD, Home
from support.live_server import LiveServer, running

pytestmark = pytest.mark.browser

ACCOUNT = "/jupyter-secure/account"
_AUTHENTICATOR = {
    "protocol": "ctap2",
    "ctap2Version": "ctap2_1",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "hasPrf": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


class Someone:
    """A person with a passkey in the machine itself, as most have."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.cdp: CDPSession = page.context.new_cdp_session(page)
        self.cdp.send("WebAuthn.enable")
        self.authenticator = self._new_authenticator()

    def _new_authenticator(self) -> str:
        made = self.cdp.send("WebAuthn.addVirtualAuthenticator", {"options": _AUTHENTICATOR})
        return str(made["authenticatorId"])

    def first_step(self, server: LiveServer) -> None:
        self.page.goto(f"{server.url}/login?next=/api/me")
        self.page.get_by_label("User name").fill(server.home.username)
        self.page.get_by_label("Password").fill(PASSWORD)
        self.page.get_by_role("button", name="Continue").click()
        expect(self.page.get_by_label("Code")).to_be_visible()

    def confirm(self, server: LiveServer) -> None:
        self.page.goto(f"{server.url}/jupyter-secure/confirm?next={ACCOUNT}")
        self.page.get_by_role("button", name="Use a passkey").click()
        self.page.wait_for_url(f"**{ACCOUNT}*")

    @property
    def passkeys(self) -> Locator:
        return self.page.locator("#passkeys")

    @property
    def alert(self) -> Locator:
        return self.page.get_by_role("alert").filter(has_text="passkey")

    def is_in(self) -> None:
        self.page.wait_for_url("**/api/me")
        expect(self.page.locator("body")).to_contain_text('"username": "alice"')

    def log_in(self, server: LiveServer) -> None:
        self.first_step(server)
        self.page.get_by_label("Code").fill(server.home.spare_code())
        self.page.get_by_role("button", name="Log in", exact=True).click()
        self.is_in()


@pytest.fixture(scope="module")
def home(make_home: Callable[[], Home]) -> Home:
    return make_home()


@pytest.fixture(scope="module")
def trusting(home: Home, trusting_browser: Callable[[Path], Browser]) -> Browser:
    """A browser that was told to trust the certificate, as passkeys need it."""
    return trusting_browser(home.certificate)


@pytest.fixture(scope="module")
def server(home: Home) -> Iterator[LiveServer]:
    with running(home) as server:
        yield server


@pytest.fixture(scope="module")
def alice(trusting: Browser) -> Someone:
    return Someone(trusting.new_page(viewport={"width": 1280, "height": 800}))


def test_without_scripts_the_codes_work(server: LiveServer, chromium: Browser) -> None:
    """With scripts switched off nothing speaks of passkeys, and nothing is missing."""
    context = chromium.new_context(ignore_https_errors=True, java_script_enabled=False)
    try:
        page = context.new_page()
        page.goto(f"{server.url}/login")
        expect(page.get_by_label("Password")).to_be_visible()
        expect(page.get_by_role("button", name="passkey")).to_have_count(0)
    finally:
        context.close()


class TestStory:
    """One passkey, from the first day to the last."""

    def test_1_is_made_on_the_account_page(
        self, server: LiveServer, alice: Someone, pictures: Path
    ) -> None:
        """Someone who is logged in and confirms a code adds a passkey."""
        alice.log_in(server)
        page = alice.page
        page.goto(f"{server.url}/jupyter-secure/confirm?next={ACCOUNT}")
        page.get_by_label("Code").fill(server.home.spare_code())
        page.get_by_role("button", name="Confirm").click()
        page.wait_for_url(f"**{ACCOUNT}*")
        assert page.evaluate("isSecureContext")
        page.get_by_label("Name of the new passkey").fill("this computer")
        page.get_by_role("button", name="Add a passkey").click()
        expect(alice.passkeys).to_contain_text("this computer")
        expect(alice.passkeys).to_contain_text("localhost")
        page.screenshot(path=pictures / "32-passkeys.png", full_page=True)

    def test_2_opens_the_vault_until_told_otherwise(self, alice: Someone) -> None:
        """It computed its secret as it was made; that is taken back, and given again by a touch."""
        tag, act = alice.passkeys.locator(".tag"), alice.passkeys.get_by_role("button")
        expect(tag).to_have_text("opens the vault")
        act.filter(has_text="Let it open the vault no more").click()
        expect(tag).to_have_count(0)
        act.filter(has_text="Let it open the vault").click()
        expect(tag).to_have_text("opens the vault")

    def test_3_takes_the_codes_place(
        self, server: LiveServer, alice: Someone, pictures: Path
    ) -> None:
        """Beside the password, one click does what a code does."""
        alice.page.context.clear_cookies()
        alice.first_step(server)
        alice.page.screenshot(path=pictures / "33-passkey-second-step.png")
        alice.page.get_by_role("button", name="Use a passkey").click()
        alice.is_in()

    def test_4_confirms_that_it_is_them(self, server: LiveServer, alice: Someone) -> None:
        """It confirms a second factor for what needs one."""
        alice.confirm(server)
        expect(alice.passkeys.get_by_role("button", name="Remove")).to_be_visible()

    def test_5_opens_the_vault_after_a_restart(
        self, server: LiveServer, alice: Someone, pictures: Path
    ) -> None:
        """With the vault sealed, after a restart, it is enough alone; once removed, it is not."""
        server.stop()
        with running(server.home) as again:
            alice.page.context.clear_cookies()
            alice.page.goto(f"{again.url}/login?next=/api/me")
            alice.page.screenshot(path=pictures / "34-passkey-login.png")
            alice.page.get_by_role("button", name="Log in with a passkey").click()
            alice.is_in()
            alice.page.goto(f"{again.url}/jupyter-secure/api/status")
            expect(alice.page.locator("body")).to_contain_text('"open": true')

            alice.confirm(again)
            alice.passkeys.get_by_role("button", name="Remove").click()
            expect(alice.passkeys).not_to_contain_text("this computer")

            alice.page.context.clear_cookies()
            alice.page.goto(f"{again.url}/login?next=/api/me")
            alice.page.get_by_role("button", name="Log in with a passkey").click()
            expect(alice.alert).to_contain_text("passkey")
            expect(alice.page.get_by_label("Password")).to_be_visible()

            # Where the person does not unlock it, the page says that it did not work.
            locked = {"authenticatorId": alice.authenticator, "isUserVerified": False}
            alice.cdp.send("WebAuthn.setUserVerified", locked)
            alice.page.get_by_role("button", name="Log in with a passkey").click()
            expect(alice.alert).to_contain_text("That did not work")
