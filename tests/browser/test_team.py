"""An invitation as both people see it: the owner's page, the link, the first login."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect
from support.browser import Person
from support.home import PASSWORD, Authenticator, Home
from support.live_server import LiveServer, running
from support.team import NEW, join

pytestmark = pytest.mark.browser

PHONE = {"viewport": {"width": 320, "height": 640}, "java_script_enabled": False}


@pytest.fixture(scope="module")
def server(make_home: Callable[[], Home]) -> Iterator[LiveServer]:
    """A server of its own: accounts come and go on it."""
    with running(make_home()) as server:
        yield server


def fits(page: Page) -> None:
    """Nothing has to be scrolled sideways. A page without scripts is measured from outside."""
    box = page.locator("main").bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 320


def go_to_users(owner: Person) -> None:
    owner.page.goto(f"{owner.server.url}/jupyter-secure/users")
    if "confirm" in owner.page.url:
        owner.page.get_by_label("Code").fill(owner.server.home.spare_code())
        owner.page.get_by_role("button", name="Confirm").click()
    expect(owner.page.get_by_role("heading", name="Users", level=1)).to_be_visible()


def log_in(person: Person, name: str, password: str, code: str) -> None:
    page = person.page
    page.goto(f"{person.server.url}/login?next=/jupyter-secure/users")
    page.get_by_label("User name").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Continue", exact=True).click()
    page.get_by_label("Code").fill(code)
    page.get_by_role("button", name="Log in", exact=True).click()


def choose_password(bob: Person) -> None:
    """Choose one that is refused, and then a good one."""
    bob.page.get_by_label("New password").fill("short")
    bob.page.get_by_label("The same again").fill("short")
    bob.page.get_by_role("button", name="Continue").click()
    expect(bob.page.get_by_role("alert")).to_contain_text("too short")
    bob.take_picture("join-password-refused")
    bob.page.get_by_label("New password").fill(NEW)
    bob.page.get_by_label("The same again").fill(NEW)
    bob.page.get_by_role("button", name="Continue").click()


def test_an_invitation_on_a_phone(server: LiveServer, seat: Callable[..., Person]) -> None:
    """The owner invites, the other one joins on a small screen without JavaScript, and logs in."""
    owner = seat(server)
    log_in(owner, "alice", PASSWORD, server.home.spare_code())
    go_to_users(owner)
    page = owner.page
    owner.take_picture("users")
    page.get_by_label("User name").fill("Bob")
    page.get_by_label("Role").select_option("viewer")
    page.get_by_role("button", name="Make a link").click()
    shown = page.get_by_role("status")
    expect(shown).to_contain_text("Invitation")
    link = shown.locator(".secret").inner_text()
    owner.take_picture("users-with-link")

    bob = seat(server, **PHONE)
    bob.page.goto(link)
    assert "link=" not in bob.page.url
    expect(bob.page.get_by_role("heading", name="Welcome")).to_be_visible()
    fits(bob.page)
    bob.take_picture("join-password")
    choose_password(bob)
    expect(bob.page.get_by_role("heading", name="Set up an authenticator")).to_be_visible()
    fits(bob.page)
    picture = bob.page.locator(".qr svg").bounding_box()
    assert picture is not None
    assert picture["width"] >= 150
    assert picture["height"] >= 150
    bob.page.get_by_text("Cannot scan it?").click()
    uri = bob.page.get_by_role("link", name="Open the app").get_attribute("href")
    assert uri is not None
    bob.take_picture("join-code")
    app = Authenticator(uri)
    bob.page.get_by_label("Code from").fill("000000")
    bob.page.get_by_role("button", name="Finish").click()
    expect(bob.page.get_by_role("alert")).to_contain_text("not right")
    bob.page.get_by_label("Code from").fill(app.code())
    bob.page.get_by_role("button", name="Finish").click()
    expect(bob.page.get_by_role("heading", name="All set")).to_be_visible()
    codes = bob.page.locator("ol.codes code").all_inner_texts()
    assert len(codes) == 10
    fits(bob.page)
    bob.take_picture("join-done")
    log_in(bob, "bob", NEW, codes[0])
    expect(bob.page.locator("main")).to_contain_text("its role is viewer")

    bob.page.goto(link)
    expect(bob.page.get_by_role("alert")).to_contain_text("This link does not work.")
    bob.take_picture("join-refused")


def test_an_account_is_removed_by_forms(server: LiveServer, seat: Callable[..., Person]) -> None:
    """Role, links and removal take a click and a question each, on a small screen too."""
    owner = seat(server, **PHONE)
    log_in(owner, "alice", PASSWORD, server.home.spare_code())
    go_to_users(owner)
    page = owner.page
    page.get_by_label("User name").fill("carol")
    page.get_by_role("button", name="Make a link").click()
    link = page.get_by_role("status").locator(".secret").inner_text()
    join(server, link)
    page.goto(f"{server.url}/jupyter-secure/users")
    page.locator("li", has_text="carol").locator("summary").click()
    fits(page)
    owner.take_picture("users-small")
    page.get_by_role("link", name="Role… carol").click()
    owner.take_picture("user-role")
    page.get_by_label("Auditor").check()
    page.get_by_role("button", name="Change the role").click()
    expect(page.get_by_role("status")).to_contain_text("The role was changed: carol")
    page.locator("li", has_text="carol").locator("summary").click()
    page.get_by_role("link", name="Remove… carol").click()
    fits(page)
    owner.take_picture("user-remove")
    page.get_by_role("button", name="Remove carol").click()
    expect(page.get_by_role("status")).to_contain_text("Removed: carol")
    expect(page.locator("main")).not_to_contain_text("Auditor carol")
