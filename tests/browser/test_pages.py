"""The pages of the account: readable by everyone, in two languages, without a script."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect
from support.browser import Person, violations
from support.home import PASSWORD, Authenticator, Home
from support.live_server import LiveServer, running

pytestmark = pytest.mark.browser

ACCOUNT = "/jupyter-secure/account"
CONFIRM = "/jupyter-secure/confirm?next=/jupyter-secure/account"
WIDE: ViewportSize = {"width": 1000, "height": 800}
SMALL: ViewportSize = {"width": 320, "height": 640}
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


@pytest.fixture(scope="module")
def server(make_home: Callable[[], Home], lab_arguments: list[str]) -> Iterator[LiveServer]:
    """A server of this module's own: its account is changed."""
    with running(make_home(), *lab_arguments, module="jupyterlab") as server:
        yield server


@pytest.fixture
def open_page(chromium: Browser) -> Iterator[Callable[..., Page]]:
    """Open a page in a browser of its own, with the given settings."""
    contexts = []

    def open_one(**settings: Any) -> Page:
        context = chromium.new_context(
            ignore_https_errors=True, **{"viewport": WIDE, "bypass_csp": True, **settings}
        )
        contexts.append(context)
        return context.new_page()

    yield open_one
    for context in contexts:
        context.close()


def log_in(page: Page, server: LiveServer) -> None:
    page.goto(f"{server.url}/login?next={ACCOUNT}")
    enter(page, username=server.home.username, password=PASSWORD)
    enter(page, code=server.home.spare_code())
    page.wait_for_url(f"**{ACCOUNT}")


def enter(page: Page, **fields: str) -> None:
    """Fill in fields by their ids, and press Enter in the last one."""
    for name, value in fields.items():
        page.locator(f"#{name}").fill(value)
    page.locator(f"#{list(fields)[-1]}").press("Enter")


@pytest.mark.parametrize("locale", ["en-GB", "de-DE"])
def test_every_page_can_be_read_by_everyone(
    server: LiveServer, open_page: Callable[..., Page], axe: str, pictures: Path, locale: str
) -> None:
    """In light and dark, wide and small, no rule of accessibility is broken or a page too wide."""
    # A button that is still changing its colour has neither of them.
    page = open_page(locale=locale, reduced_motion="reduce")
    found: list[str] = []

    def look(name: str) -> None:
        page.wait_for_load_state()
        if page.evaluate("document.documentElement.lang") != locale[:2]:
            found.append(f"{name}: in another language")
        for scheme, viewport in product(SCHEMES, (WIDE, SMALL)):
            page.emulate_media(color_scheme=scheme)
            page.set_viewport_size(viewport)
            seen = f"{name}-{scheme}-{viewport['width']}"
            found.extend(f"{seen}: {one}" for one in violations(page, axe))
            if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
                found.append(f"{seen}: wider than the window")
            page.screenshot(path=pictures / f"page-{seen}-{locale[:2]}.png")

    through_the_login(page, server, look)
    through_the_account(page, server, look)
    page.goto(f"{server.url}/jupyter-secure/join?link=nothing")
    look("join-refused")
    assert found == []


def through_the_login(page: Page, server: LiveServer, look: Callable[[str], None]) -> None:
    page.goto(f"{server.url}/login?next={ACCOUNT}")
    look("login")
    enter(page, username="nobody", password="wrong")
    expect(page.get_by_role("alert").first).to_be_visible()
    look("login-wrong")
    server.home.forget_tries()
    enter(page, username=server.home.username, password=PASSWORD)
    expect(page.locator("#code")).to_be_focused()
    look("code")
    enter(page, code=server.home.spare_code())
    page.wait_for_url(f"**{ACCOUNT}")


def through_the_account(page: Page, server: LiveServer, look: Callable[[str], None]) -> None:
    look("account")
    page.goto(server.url + CONFIRM)
    look("confirm")
    enter(page, code="000000")
    expect(page.get_by_role("alert").first).to_be_visible()
    look("confirm-wrong")
    enter(page, code=server.home.spare_code())
    page.wait_for_url(f"**{ACCOUNT}")
    for summary in page.locator("section > details > summary").all():
        summary.click()
    look("account-elevated")
    page.locator("#token-name").fill("nightly")
    page.locator("#token-name").press("Enter")
    expect(page.locator("#tokens .secret").first).to_contain_text("jst_")
    look("account-token")
    page.goto(f"{server.url}/jupyter-secure/enrol")
    page.locator("summary").click()
    look("enrol")
    page.goto(f"{server.url}/jupyter-secure/users")
    look("users")
    page.goto(server.url + ACCOUNT)
    page.locator("#recovery button").click()
    expect(page.locator("ol.codes code")).to_have_count(10)
    server.home.facts["recovery_codes"] = page.locator("ol.codes code").all_inner_texts()
    look("recovery-codes")
    page.goto(f"{server.url}/logout")


def test_the_panel_can_be_read_by_everyone(
    server: LiveServer, seat: Callable[..., Person], axe: str
) -> None:
    """The panel breaks no rule of accessibility, with the sessions unfolded."""
    alice = seat(server, bypass_csp=True)
    alice.log_in("/lab?reset", server.home.spare_code())
    panel = alice.show_security()
    panel.get_by_role("button", name="View", exact=True).first.click()
    expect(panel.get_by_role("button", name="Log out everywhere")).to_be_visible()
    alice.page.evaluate(axe)
    found = alice.page.evaluate("axe.run('#jupyter-secure-panel')")["violations"]
    assert [(one["id"], one["nodes"][0]["html"][:200]) for one in found] == []
    alice.take_picture("panel-sessions")


class TestWithoutAScript:
    """JavaScript is off: everything but passkeys works."""

    def test_1_a_new_authenticator_takes_the_place_of_the_old_one(
        self, server: LiveServer, open_page: Callable[..., Page]
    ) -> None:
        """Confirm, scan, enter a code of the new one; the old one's codes are worthless then."""
        page = open_page(java_script_enabled=False)
        log_in(page, server)
        page.get_by_role("link", name="Confirm it is you to change this (Authenticator)").click()
        page.locator("#code").fill(server.home.spare_code())
        page.get_by_role("button", name="Confirm").click()
        page.get_by_role("link", name="Set up another authenticator").click()
        expect(page.get_by_role("img", name="QR code")).to_be_visible()
        page.get_by_text("Cannot scan it?").click()
        uri = page.get_by_role("link", name="Open the app on this device").get_attribute("href")
        secret = page.locator(".secret").inner_text()
        assert secret.replace(" ", "") in str(uri)
        page.get_by_label("Code from the new authenticator").fill("000000")
        page.get_by_role("button", name="Confirm").click()
        expect(page.get_by_role("alert")).to_contain_text("That code is not right.")
        assert page.locator(".secret").text_content() == secret
        phone = Authenticator(str(uri))
        page.get_by_label("Code from the new authenticator").fill(phone.code())
        page.get_by_role("button", name="Confirm").click()
        expect(page.get_by_role("status")).to_contain_text("The new authenticator is in use.")
        server.home.authenticator = phone

    def test_2_recovery_codes_are_shown_once(
        self, server: LiveServer, open_page: Callable[..., Page]
    ) -> None:
        """New codes come with the advice to keep them, and one must say that one did."""
        page = open_page(java_script_enabled=False)
        log_in(page, server)
        page.goto(server.url + CONFIRM)
        page.locator("#code").fill(server.home.spare_code())
        page.get_by_role("button", name="Confirm").click()
        page.get_by_role("button", name="Make new recovery codes").click()
        codes = page.locator("ol.codes code").all_inner_texts()
        assert len(set(codes)) == 10
        server.home.facts["recovery_codes"] = codes
        page.get_by_label("I have kept them").check()
        page.get_by_role("button", name="Continue").click()
        expect(page.locator("#recovery")).to_contain_text("10 codes are left.")
        assert codes[0] not in page.content()

    def test_3_a_token_is_shown_once_works_and_is_revoked(
        self, server: LiveServer, open_page: Callable[..., Page]
    ) -> None:
        """A new token opens what it was made for; revoked, it opens nothing."""
        page = open_page(java_script_enabled=False)
        log_in(page, server)
        page.goto(server.url + CONFIRM)
        page.locator("#code").fill(server.home.spare_code())
        page.get_by_role("button", name="Confirm").click()
        page.get_by_text("Make an access token").click()
        page.locator("#token-name").fill("by hand")
        page.get_by_role("button", name="Make the token").click()
        token = page.locator("#tokens .secret").first.inner_text().strip()
        headers = {"Authorization": f"Bearer {token}"}
        assert server.client().get("/api/contents", headers=headers).status_code == 200
        page.goto(server.url + ACCOUNT)
        assert token not in page.content()
        page.get_by_role("button", name="Revoke by hand").click()
        expect(page.get_by_role("status")).to_contain_text("The access token was revoked.")
        assert server.client().get("/api/contents", headers=headers).status_code == 401

    def test_4_another_session_is_ended_and_then_all(
        self, server: LiveServer, open_page: Callable[..., Page]
    ) -> None:
        """One click ends the session of another browser, another one ends all of them."""
        page = open_page(java_script_enabled=False)
        log_in(page, server)
        other = server.logged_in(server.home.spare_code())
        page.goto(server.url + ACCOUNT)
        page.get_by_role("button", name="End all others").click()
        expect(page.get_by_role("status")).to_contain_text("Every other session has ended.")
        assert other.get("/api/contents").status_code == 401
        page.get_by_role("button", name="Log out everywhere").click()
        page.wait_for_url("**/login")
        page.goto(server.url + ACCOUNT)
        page.wait_for_url("**/login?**")

    def test_5_the_password_is_changed_by_who_knows_it(
        self, server: LiveServer, open_page: Callable[..., Page]
    ) -> None:
        """A wrong one is told beside the form; the right one is replaced, and comes back."""
        page = open_page(java_script_enabled=False)
        log_in(page, server)

        def change(current: str, new: str, again: str) -> None:
            if not page.locator("#current").is_visible():
                page.locator("#password summary").click()
            page.locator("#current").fill(current)
            page.locator("#new").fill(new)
            page.locator("#again").fill(again)
            page.get_by_role("button", name="Change the password").click()

        new = "four unrelated words make this"
        change("wrong", new, new)
        expect(page.locator("#password").get_by_role("alert")).to_contain_text("not right")
        change(PASSWORD, new, f"{new}!")
        expect(page.locator("#password").get_by_role("alert")).to_contain_text("not the same")
        change(PASSWORD, new, new)
        expect(page.get_by_role("status")).to_contain_text("The password was changed.")
        change(new, PASSWORD, PASSWORD)
        expect(page.get_by_role("status")).to_contain_text("The password was changed.")


def test_another_site_cannot_send_the_forms(server: LiveServer) -> None:
    """Without the token against forgery no form of the account does anything."""
    client = server.logged_in(server.home.spare_code())
    answer = client.post(
        ACCOUNT, data={"do": "end-everywhere"}, headers={"X-XSRFToken": ""}, allow_redirects=False
    )
    assert answer.status_code == 403
    assert client.get("/api/contents").status_code == 200


def test_what_needs_a_second_factor_asks_for_it(server: LiveServer) -> None:
    """A form that was sent without a confirmed factor leads to the page that asks for one."""
    client = server.logged_in(server.home.spare_code())
    for do in ("codes", "new-token", "remove-totp", "remove-passkey"):
        answer = client.post(ACCOUNT, data={"do": do, "name": "x"}, allow_redirects=False)
        assert answer.status_code == 303
        assert "/jupyter-secure/confirm?" in answer.headers["Location"]
    assert json.loads(client.get("/jupyter-secure/api/tokens").text)["tokens"] is not None


class TestTooManyTries:
    """Whoever has guessed too often has to wait, and sees for how long."""

    @pytest.fixture(autouse=True)
    def guessed(self, server: LiveServer) -> Iterator[None]:
        client = server.client()
        while client.log_in(password="wrong").status_code != 429:
            pass
        yield
        server.home.forget_tries()

    @staticmethod
    def try_again(page: Page, server: LiveServer) -> None:
        page.goto(f"{server.url}/login?next={ACCOUNT}")
        enter(page, username=server.home.username, password=PASSWORD)

    def test_a_countdown_holds_the_form_back(
        self, server: LiveServer, open_page: Callable[..., Page], axe: str, pictures: Path
    ) -> None:
        """Seconds are counted down unheard; then the form works again, and that is said once."""
        page = open_page()
        page.clock.install()
        self.try_again(page, server)
        timer, button = page.get_by_role("timer"), page.get_by_role("button", name="Continue")
        expect(timer).to_have_text(re.compile(r"You can try again in \d:\d\d\."))
        expect(timer).to_have_attribute("aria-live", "off")
        expect(page.get_by_role("status")).to_have_text("")
        expect(button).to_be_disabled()
        page.screenshot(path=pictures / "page-wait.png")
        assert violations(page, axe) == []
        before = timer.inner_text()
        page.clock.fast_forward(2000)
        expect(timer).not_to_have_text(before)
        page.clock.fast_forward(20 * 60 * 1000)
        expect(timer).to_have_count(0)
        expect(page.get_by_role("alert")).to_have_count(0)
        expect(page.get_by_role("status")).to_have_text("You can try again now.")
        expect(button).to_be_enabled()
        page.screenshot(path=pictures / "page-waited.png")
        assert violations(page, axe) == []
        server.home.forget_tries()  # as the wait is over for the page, and for it only
        enter(page, password=PASSWORD)
        expect(page.get_by_label("Code")).to_be_visible()

    def test_a_recovery_code_need_not_wait(
        self, server: LiveServer, open_page: Callable[..., Page]
    ) -> None:
        """With one of these the form can be sent at once, and with six digits it cannot."""
        page = open_page()
        self.try_again(page, server)
        button = page.get_by_role("button", name="Continue")
        page.locator("#code").fill("123 456")
        expect(button).to_be_disabled()
        enter(page, password=PASSWORD, code=server.home.spare_code())
        page.wait_for_url(f"**{ACCOUNT}")

    def test_without_a_script_the_sentence_says_it(
        self, server: LiveServer, open_page: Callable[..., Page]
    ) -> None:
        """The seconds stand in the error, nothing counts, and the form can be sent."""
        page = open_page(java_script_enabled=False, locale="de-DE")
        self.try_again(page, server)
        expect(page.get_by_role("alert")).to_have_text(re.compile(r"Warten Sie \d+ Sekunde"))
        expect(page.get_by_role("timer")).to_have_count(0)
        expect(page.get_by_role("button", name="Weiter", exact=True)).to_be_enabled()

    def test_it_is_said_in_the_language_of_the_reader(
        self, server: LiveServer, open_page: Callable[..., Page], pictures: Path
    ) -> None:
        """In German and in the dark, on a small screen, too."""
        page = open_page(locale="de-DE", color_scheme="dark", viewport=SMALL)
        self.try_again(page, server)
        expect(page.get_by_role("timer")).to_contain_text("können Sie es noch einmal versuchen")
        page.screenshot(path=pictures / "page-wait-de-dark.png", full_page=True)
