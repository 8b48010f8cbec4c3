"""The same in Notebook 7, which builds a page around each notebook."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import expect
from support.browser import Person
from support.home import Home
from support.live_server import LiveServer, notebook, running

pytestmark = pytest.mark.browser

CANARY = "canary-b81c-notebook7"
NAME = "letters.ipynb"
OTHER = "drafts.ipynb"
PASSPHRASE = "seven herons over the weir"


@pytest.fixture(scope="module")
def server(make_home: Callable[[], Home], lab_arguments: list[str]) -> Iterator[LiveServer]:
    home = make_home()
    (home.work / NAME).write_text(json.dumps(notebook("print('plain until it is saved')")))
    # Notebook 7 makes the page, and JupyterLab, which it loads, serves the scripts.
    own = [argument.replace("LabApp", "JupyterNotebookApp") for argument in lab_arguments]
    with running(home, *lab_arguments, *own, module="notebook") as server:
        client = server.logged_in()
        assert client.save(OTHER, notebook("print('the good one')")).status_code == 201
        client.post("/logout")
        yield server


@pytest.fixture(scope="module")
def alice(server: LiveServer, seat: Callable[..., Person]) -> Person:
    return seat(server)


class TestNotebook7:
    """Each step starts where the one before it ended."""

    def test_1_logs_in_to_the_list_of_files(self, alice: Person) -> None:
        """The log-in leads to the list of files, with a sign of how secure the place is."""
        alice.log_in("/tree")
        expect(alice.page.locator(".jp-DirListing-item", has_text=NAME)).to_be_visible()
        sign = alice.page.get_by_role("button", name="Security: ")
        expect(sign).to_contain_text("1 file is not encrypted yet")
        alice.take_picture("40-notebook7-files")

    def test_2_seals_a_notebook_that_it_saves(self, alice: Person, server: LiveServer) -> None:
        """A plain notebook opens, runs over wss, and is sealed when it is saved."""
        alice.go(f"/notebooks/{NAME}")
        alice.write(0, f"print('{CANARY}')")
        alice.run(0, CANARY)
        alice.save()
        assert (server.home.work / NAME).read_bytes()[1:5] == b"JSEC"
        assert server.home.files_holding(CANARY.encode()) == []

    def test_3_locks_it_from_the_panel(self, alice: Person) -> None:
        """The sign leads to the panel, and its button locks the notebook."""
        alice.page.get_by_role("button", name="Security: ").click()
        panel = alice.page.get_by_role("region", name="Security")
        expect(panel).to_contain_text("sealed · not locked")
        alice.take_picture("41-notebook7-panel")
        panel.get_by_role("button", name="Lock", exact=True).click()
        alice.page.get_by_role("menuitem", name="Lock: Private").click()
        expect(alice.cover).to_be_visible()
        alice.expect_no_dialog()
        expect(alice.page.locator("body")).not_to_contain_text(CANARY)
        alice.take_picture("42-notebook7-private")

    def test_4_opens_with_a_code(self, alice: Person) -> None:
        """A wrong code is told in place; the right one opens the notebook."""
        alice.give_code("000000")
        expect(alice.cover.get_by_role("alert")).to_contain_text("not right")
        alice.give_code(alice.home.authenticator.code())
        expect(alice.cover).to_have_count(0)
        alice.run(0, CANARY)
        alice.expect_no_dialog()
        alice.take_picture("43-notebook7-opened")

    def test_5_shows_the_padlock_in_the_list(self, alice: Person) -> None:
        """The list of files shows the lock, and its context menu takes it away."""
        alice.go("/tree")
        alice.arrive()
        line = alice.page.locator(".jp-DirListing-item", has_text=NAME)
        expect(line.get_by_role("img", name="Locked: private, by alice")).to_be_visible()
        alice.take_picture("44-notebook7-padlock")
        line.click(button="right")
        alice.page.get_by_role("menuitem", name="Unlock").click()
        expect(line.locator(".jsec-Padlock")).to_have_count(0)
        alice.expect_no_dialog()

    def test_6_locks_it_with_a_passphrase_from_the_list(self, alice: Person) -> None:
        """The same menu locks it with a passphrase, and the list shows that."""
        line = alice.page.locator(".jp-DirListing-item", has_text=NAME)
        line.click(button="right")
        alice.page.get_by_role("menuitem", name="Lock: Sealed With Its Own Passphrase").click()
        dialog = alice.page.get_by_role("dialog")
        dialog.get_by_label("Passphrase", exact=True).fill(PASSPHRASE)
        dialog.get_by_label("The same once more").fill(PASSPHRASE)
        dialog.get_by_role("checkbox").check()
        alice.take_picture("45-notebook7-passphrase")
        dialog.get_by_role("button", name="Seal", exact=True).click()
        sign = line.get_by_role("img", name="Locked: sealed with a passphrase, by alice")
        expect(sign).to_be_visible()

    def test_7_opens_with_the_passphrase(self, alice: Person) -> None:
        """The notebook's page asks for the passphrase, and opens in place."""
        alice.go(f"/notebooks/{NAME}")
        field = alice.cover.get_by_label("Passphrase", exact=True)
        expect(field).to_be_focused()
        alice.take_picture("46-notebook7-sealed")
        alice.page.keyboard.type(PASSPHRASE)
        alice.page.keyboard.press("Enter")
        expect(alice.cells.nth(0)).to_contain_text(CANARY)
        expect(alice.cover).to_have_count(0)

    def test_8_says_what_was_found_of_a_changed_file(self, alice: Person) -> None:
        """A plain file in the place of a sealed one is told; leaving it leads to the list."""
        (alice.home.work / OTHER).write_text(json.dumps(notebook("print('planted')")))
        alice.go(f"/notebooks/{OTHER}")
        expect(alice.cover.get_by_role("heading")).to_have_text(
            f"{OTHER} is not encrypted any more"
        )
        expect(alice.page.locator("body")).not_to_contain_text("planted")
        alice.take_picture("47-notebook7-unsealed")
        alice.cover.get_by_role("button", name="Leave it").click()
        alice.page.wait_for_url("**/tree")
        alice.go(f"/notebooks/{OTHER}")
        alice.cover.get_by_role("button", name="Accept it as it is").click()
        expect(alice.cells.nth(0)).to_contain_text("planted")
