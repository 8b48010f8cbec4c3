"""Versions as people see them: kept by saving, listed, looked at, compared, and got back."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Locator, expect
from support.browser import Person, violations
from support.home import Home
from support.live_server import LiveServer, notebook, running

pytestmark = pytest.mark.browser

NAME = "analysis.ipynb"
# As JupyterLab calls it on a server that has a trash, and on one that has none.
DELETE = re.compile(r"^(Delete\b|Move to Trash)")
FIRST = "rate = 0.04\nprint('at a rate of', rate)"
SECOND = "rate = 0.05\nprint('at a rate of', rate)"


@pytest.fixture(scope="module")
def server(make_home: Callable[[], Home], lab_arguments: list[str]) -> Iterator[LiveServer]:
    with running(make_home(), *lab_arguments, module="jupyterlab") as server:
        client = server.logged_in()
        content = notebook(FIRST)
        content["cells"].append(
            {"id": "text", "cell_type": "markdown", "metadata": {}, "source": "# What it means"}
        )
        assert client.save(NAME, content).status_code == 201
        client.post("/logout")
        yield server


@pytest.fixture(scope="module")
def alice(server: LiveServer, seat: Callable[..., Person]) -> Person:
    return seat(server, viewport={"width": 1400, "height": 860})


def history(person: Person) -> Locator:
    return person.page.locator(".jsec-History")


def versions(person: Person) -> Locator:
    return history(person).get_by_role("navigation", name="Versions").get_by_role("button")


class TestVersions:
    """Each step starts where the one before it ended."""

    def test_1_are_kept_at_each_save(self, alice: Person) -> None:
        """Two saves are two versions; the panel's button leads to them, the newest first."""
        alice.log_in(f"/lab/tree/{NAME}?reset")
        alice.write(0, FIRST + "\n# checked")
        alice.run(0, "at a rate of 0.04")
        alice.save()
        alice.write(0, SECOND)
        alice.run(0, "at a rate of 0.05")
        alice.save()
        alice.show_security().get_by_role("button", name="History", exact=True).click()
        expect(versions(alice).first).to_contain_text("alice · saved by hand")
        expect(versions(alice).first).to_have_attribute("aria-current", "true")
        expect(history(alice).locator(".jsec-OldNotebook")).to_contain_text("0.05")
        alice.take_picture("80-history")

    def test_2_are_looked_at(self, alice: Person) -> None:
        """An old one is shown as a notebook is, and cannot be changed."""
        versions(alice).nth(1).click()
        old = history(alice).locator(".jsec-OldNotebook")
        expect(old).to_contain_text("# checked")
        expect(old.locator(".jp-OutputArea-output").first).to_contain_text("at a rate of 0.04")
        expect(old.get_by_role("heading", name="What it means")).to_be_visible()
        old.locator(".cm-content").first.click()
        alice.page.keyboard.insert_text("typed into the past")
        expect(old).not_to_contain_text("typed into the past")
        alice.take_picture("81-version")

    def test_3_are_compared_as_notebooks(self, alice: Person, axe: str) -> None:
        """The lines that went and came, the outputs beside each other, the rest folded away."""
        shown = history(alice).get_by_role("region", name=re.compile("^Version "))
        shown.get_by_role("button", name="Compare").click()
        shown.locator(".jsec-History-choices select").select_option("current")
        cell = shown.get_by_role("region", name="Cell (code): text and outputs changed")
        expect(cell.locator("[data-line=removed]").first).to_contain_text("rate = 0.04")
        expect(cell.locator("[data-line=added]").first).to_contain_text("rate = 0.05")
        expect(cell.locator("[data-side=Before]")).to_contain_text("at a rate of 0.04")
        expect(cell.locator("[data-side=After]")).to_contain_text("at a rate of 0.05")
        expect(shown.get_by_role("button", name="1 cell is as it was")).to_be_visible()
        alice.take_picture("82-compared")
        assert violations(alice.page, axe, ".jsec-History") == []

    def test_4_tell_what_happened_in_between(self, alice: Person) -> None:
        """What else is on record about the notebook stands between its versions."""
        history(alice).get_by_label("Everything that happened to it").check()
        happened = history(alice).locator(".jsec-Versions-event")
        expect(happened.filter(has_text="alice opened").first).to_be_visible()
        expect(happened.filter(has_text="opened an old version").first).to_be_visible()
        alice.take_picture("83-story")
        history(alice).get_by_label("Everything that happened to it").uncheck()

    def test_5_come_back(self, alice: Person) -> None:
        """Restoring asks, is itself a version, and the open notebook shows what came back."""
        history(alice).get_by_role("button", name="Restore…").click()
        dialog = alice.page.get_by_role("dialog")
        expect(dialog).to_contain_text("nothing is lost")
        alice.take_picture("84-restore")
        dialog.get_by_role("button", name="Restore", exact=True).click()
        expect(history(alice).get_by_role("status").first).to_contain_text("What it was before")
        expect(versions(alice).first).to_contain_text("restored")
        alice.take_picture("85-restored")
        alice.tab(NAME).first.click()
        expect(alice.cells.nth(0)).to_contain_text("# checked")
        assert "# checked" in alice.fetch(f"/api/contents/{NAME}")[1]

    def test_6_outlive_the_notebook(self, alice: Person, axe: str) -> None:
        """A deleted notebook is listed and comes back, with what it held."""
        alice.close(f"History: {NAME}")
        alice.close(NAME)
        alice.file(NAME).click(button="right")
        alice.page.get_by_role("menuitem", name=DELETE).click()
        alice.page.get_by_role("dialog").get_by_role("button", name=DELETE).click()
        expect(alice.file(NAME)).to_have_count(0)
        alice.command("Deleted Notebooks…")
        gone = alice.page.locator("#jupyter-secure-deleted")
        expect(gone).to_contain_text(NAME)
        alice.take_picture("86-deleted")
        assert violations(alice.page, axe, "#jupyter-secure-deleted") == []
        gone.get_by_role("button", name=f"Bring {NAME} back").click()
        expect(gone).to_contain_text("is back")
        expect(alice.file(NAME)).to_be_visible()
        gone.get_by_role("button", name="Open it").click()
        expect(alice.cells.nth(0)).to_contain_text("# checked")

    def test_7_are_readable_in_the_dark(self, alice: Person, axe: str) -> None:
        """The comparison keeps its colours and its contrast in the dark theme."""
        alice.file(NAME).click(button="right")
        alice.page.get_by_role("menuitem", name=re.compile(r"^History\b")).click()
        versions(alice).first.click()
        alice.command("Use Theme: JupyterLab Dark")
        expect(alice.page.locator("body")).to_have_attribute("data-jp-theme-light", "false")
        expect(alice.page.locator("#jupyterlab-splash")).to_have_count(0)
        shown = history(alice).get_by_role("region", name=re.compile("^Version "))
        shown.get_by_role("button", name="Compare").click()
        shown.locator(".jsec-History-choices select").select_option("3")
        expect(shown.locator("[data-line=added]").first).to_be_visible()
        alice.take_picture("87-compared-dark")
        assert violations(alice.page, axe, ".jsec-History") == []
