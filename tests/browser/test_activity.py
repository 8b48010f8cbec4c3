"""The view "Activity": who did what, as a user, an owner and an auditor see it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Locator, expect
from support.browser import Person, violations
from support.home import Home
from support.live_server import LiveServer, notebook, running

pytestmark = pytest.mark.browser

NAME = "payroll.ipynb"


@pytest.fixture(scope="module")
def server(make_home: Callable[[], Home], lab_arguments: list[str]) -> Iterator[LiveServer]:
    with running(make_home(), *lab_arguments, module="jupyterlab") as server:
        client = server.logged_in()
        assert client.save(NAME, notebook("print('the salaries')")).status_code == 201
        assert client.save("other.ipynb", notebook("print('else')")).status_code == 201
        lock = client.put(f"/jupyter-secure/api/locks/{NAME}", json={"mode": "private"})
        assert lock.status_code == 200
        # Refused: it is private, and no code was given lately.
        assert client.get(f"/api/contents/{NAME}").status_code == 423
        client.post("/logout")
        yield server


@pytest.fixture(scope="module")
def alice(server: LiveServer, seat: Callable[..., Person]) -> Person:
    return seat(server, viewport={"width": 1400, "height": 860})


def activity(person: Person) -> Locator:
    return person.page.locator(".jsec-Activity")


def rows(person: Person) -> Locator:
    return activity(person).locator("tbody tr")


class TestActivity:
    """Each step starts where the one before it ended."""

    def test_1_tells_who_did_what(self, alice: Person, axe: str) -> None:
        """The newest events, in words, with a refusal that is seen as one."""
        alice.log_in("/lab?reset")
        alice.show_security().get_by_role("button", name="View the record").click()
        saved = rows(alice).filter(has_text="other.ipynb")
        expect(saved.filter(has_text="saved")).to_contain_text("alice")
        refused = rows(alice).filter(has_text="refused").filter(has_text=NAME).first
        expect(refused).to_contain_text("elevation required")
        expect(refused).to_have_attribute("data-outcome", "refused")
        time = refused.locator("time")
        assert "UTC" in (time.get_attribute("title") or "")
        alice.take_picture("90-activity")
        assert violations(alice.page, axe, ".jsec-Activity") == []

    def test_2_unfolds_an_event(self, alice: Person) -> None:
        """Facts are there on demand, and the raw form within them."""
        expect(activity(alice).locator("pre")).to_have_count(0)
        rows(alice).first.get_by_role("button").click()
        expect(activity(alice).locator(".jsec-Events-details")).to_contain_text("Action")
        alice.take_picture("91-activity-details")
        rows(alice).first.get_by_role("button").click()

    def test_3_is_filtered(self, alice: Person) -> None:
        """By path and by outcome; what fits nothing says so."""
        activity(alice).get_by_label("Path").fill(NAME)
        activity(alice).get_by_label("Outcome").select_option("refused")
        expect(rows(alice).filter(has_text="other.ipynb")).to_have_count(0)
        expect(rows(alice).filter(has_text=NAME).first).to_be_visible()
        activity(alice).get_by_label("Path").fill("nothing.ipynb")
        expect(activity(alice)).to_contain_text("Nothing on record fits that.")
        alice.take_picture("92-activity-filtered")
        activity(alice).get_by_label("Path").fill("")
        activity(alice).get_by_label("Outcome").select_option("")
        expect(rows(alice).filter(has_text="other.ipynb").first).to_be_visible()

    def test_4_comes_by_itself(self, alice: Person, server: LiveServer) -> None:
        """What somebody does elsewhere appears while one looks on."""
        server.logged_in().save("fresh.ipynb", notebook("print('new')"))
        expect(rows(alice).filter(has_text="fresh.ipynb").first).to_be_visible(timeout=40_000)

    def test_5_is_readable_in_the_dark(self, alice: Person, axe: str) -> None:
        """The table and its signs keep their contrast in the dark theme."""
        alice.command("Use Theme: JupyterLab Dark")
        expect(alice.page.locator("body")).to_have_attribute("data-jp-theme-light", "false")
        expect(alice.page.locator("#jupyterlab-splash")).to_have_count(0)
        alice.take_picture("93-activity-dark")
        assert violations(alice.page, axe, ".jsec-Activity") == []
