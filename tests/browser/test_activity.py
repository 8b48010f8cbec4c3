"""The view "Activity": who did what, as a user, an owner and an auditor see it."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Locator, expect
from support.browser import Person, violations
from support.home import Home
from support.live_server import Client, LiveServer, notebook, running
from support.team import Newcomer, as_owner, invite, join

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


@pytest.fixture(scope="module")
def other(server: LiveServer) -> Client:
    """The owner in another browser."""
    return as_owner(server)


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

    def test_4_comes_by_itself(self, alice: Person, other: Client) -> None:
        """What somebody does elsewhere appears while one looks on, and is said politely."""
        expect(rows(alice).first).to_contain_text("confirmed a second factor")
        told = activity(alice).get_by_role("status").first
        expect(told).to_have_text("")
        assert other.save("fresh.ipynb", notebook("print('new')")).status_code == 201
        # Sooner than the view would look by itself.
        expect(rows(alice).first).to_contain_text("fresh.ipynb")
        expect(told).to_have_text(re.compile(r"^\d+ new events?$"))
        alice.take_picture("94-activity-live")
        expect(told).to_have_text("")

    def test_5_stays_where_one_reads(self, alice: Person, other: Client) -> None:
        """What comes moves neither the row that is read nor the focus."""
        part = activity(alice).get_by_role("region", name="Events")
        part.evaluate("node => { node.scrollTop = 120 }")
        button = rows(alice).nth(8).get_by_role("button")
        button.focus()
        name = str(button.get_attribute("aria-label"))
        before = button.bounding_box()
        assert other.save("later.ipynb", notebook("print('new')")).status_code == 201
        expect(rows(alice).first).to_contain_text("later.ipynb")
        read = activity(alice).get_by_role("button", name=name, exact=True)
        expect(read).to_be_focused()
        after = read.bounding_box()
        assert before is not None
        assert after is not None
        assert abs(after["y"] - before["y"]) < 2

    def test_6_is_readable_in_the_dark(self, alice: Person, axe: str) -> None:
        """The table and its signs keep their contrast in the dark theme."""
        alice.command("Use Theme: JupyterLab Dark")
        expect(alice.page.locator("body")).to_have_attribute("data-jp-theme-light", "false")
        expect(alice.page.locator("#jupyterlab-splash")).to_have_count(0)
        alice.take_picture("93-activity-dark")
        assert violations(alice.page, axe, ".jsec-Activity") == []


def log_in_as(person: Person, who: Newcomer) -> None:
    """Log in with somebody else's account, and open the view."""
    page = person.page
    person.go("/lab?reset")
    page.get_by_label("User name").fill(who.username)
    page.get_by_label("Password").fill(who.password)
    page.get_by_role("button", name="Continue", exact=True).click()
    page.get_by_label("Code").fill(who.codes.pop())
    page.get_by_role("button", name="Log in", exact=True).click()
    person.arrive()
    person.show_security().get_by_role("button", name="View the record").click()
    expect(rows(person).first).to_be_visible()


@pytest.fixture(scope="module")
def team(server: LiveServer, other: Client) -> dict[str, Newcomer]:
    """People that the owner has invited, by their roles."""
    names = {"editor": "bob", "auditor": "ann"}
    return {role: join(server, invite(other, name, role)) for role, name in names.items()}


def test_an_editor_sees_what_they_did(
    server: LiveServer, other: Client, team: dict[str, Newcomer], seat: Callable[..., Person]
) -> None:
    """Their own events, live too, with nobody else to ask for and nothing to take along."""
    bob = seat(server, viewport={"width": 1400, "height": 860})
    log_in_as(bob, team["editor"])
    shown = activity(bob)
    expect(shown.get_by_role("heading", level=2)).to_have_text("What you did")
    expect(shown.get_by_label("Who")).to_have_count(0)
    expect(shown.get_by_role("link", name="CSV")).to_have_count(0)
    assert other.save("hers.ipynb", notebook("1")).status_code == 201
    assert team["editor"].log_in(server).save("his.ipynb", notebook("1")).status_code == 201
    expect(rows(bob).first).to_contain_text("his.ipynb")
    expect(rows(bob).filter(has_not_text="bob")).to_have_count(0)
    bob.take_picture("95-activity-editor")


def test_an_auditor_sees_all_and_takes_it_along(
    server: LiveServer,
    other: Client,
    team: dict[str, Newcomer],
    seat: Callable[..., Person],
    axe: str,
) -> None:
    """Everyone's events, by whoever is asked for, and the same as a file."""
    ann = seat(server, viewport={"width": 1400, "height": 860})
    log_in_as(ann, team["auditor"])
    assert other.save("audited.ipynb", notebook("1")).status_code == 201
    expect(rows(ann).filter(has_text="audited.ipynb").first).to_be_visible()
    activity(ann).get_by_label("Who").fill("alice")
    activity(ann).get_by_role("combobox", name="What").select_option("file:*")
    expect(rows(ann).filter(has_not_text="alice")).to_have_count(0)
    expect(rows(ann).filter(has_text="logged in")).to_have_count(0)
    ann.take_picture("96-activity-auditor")
    assert violations(ann.page, axe, ".jsec-Activity") == []
    with ann.page.context.expect_page() as tab:
        activity(ann).get_by_role("link", name="CSV").click()
    # In the tab that opened: a stolen cookie alone takes nothing along.
    tab.value.get_by_label("Code").fill(team["auditor"].codes.pop())
    with tab.value.expect_download() as exported_file:
        tab.value.get_by_role("button", name="Confirm", exact=True).click()
    # The export is itself on record.
    activity(ann).get_by_label("Who").fill("ann")
    activity(ann).get_by_role("combobox", name="What").select_option("record:*")
    expect(rows(ann).filter(has_text="exported the record").first).to_be_visible()
    assert exported_file.value.suggested_filename == "record.csv"
    exported = list(csv.DictReader(exported_file.value.path().read_text().splitlines()))
    assert {one["username"] for one in exported} == {"alice"}
    assert "audited.ipynb" in {one["path"] for one in exported}


def test_what_is_restored_is_on_record(
    server: LiveServer, other: Client, seat: Callable[..., Person]
) -> None:
    """Restoring a version in the history appears in the activity of that notebook."""
    name = "report.ipynb"
    for source in ("print('first')", "print('second')"):
        assert other.save(name, notebook(source)).ok
    alice = seat(server, viewport={"width": 1400, "height": 860})
    alice.log_in(f"/lab/tree/{name}?reset")
    panel = alice.show_security()
    panel.get_by_role("button", name="History", exact=True).click()
    history = alice.page.locator(".jsec-History")
    versions = history.get_by_role("navigation", name="Versions").get_by_role("button")
    versions.last.click()
    history.get_by_role("button", name="Restore…").click()
    dialog = alice.page.get_by_role("dialog")
    dialog.get_by_role("button", name="Restore", exact=True).click()
    expect(history.get_by_role("status").first).to_contain_text("What it was before")
    panel.get_by_role("button", name="View the record").click()
    activity(alice).get_by_label("Path").fill(name)
    expect(rows(alice).filter(has_text="logged in")).to_have_count(0)
    restored = rows(alice).filter(has_text="restored an old version")
    expect(restored.first).to_contain_text(name)
    expect(restored.first).to_contain_text("done")
    alice.take_picture("97-activity-restored")
