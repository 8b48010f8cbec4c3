"""Files that are changed on the disk, beside the server: found, explained, accepted, put back."""

from __future__ import annotations

import re
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest
from playwright.sync_api import Locator, expect
from support.browser import Person
from support.home import Home
from support.live_server import Client, LiveServer, notebook, running

pytestmark = pytest.mark.browser

JANUARY, FEBRUARY, MARCH = "january.ipynb", "february.ipynb", "march.ipynb"
FOLDER = "archive"


@pytest.fixture(scope="module")
def server(make_home: Callable[[], Home], lab_arguments: list[str]) -> Iterator[LiveServer]:
    """A server with notebooks that it has saved itself."""
    home = make_home()
    with running(home, *lab_arguments, module="jupyterlab") as server:
        client = server.logged_in(home.authenticator.code())
        client.put(f"/api/contents/{FOLDER}", json={"type": "directory"})
        inside = [f"{FOLDER}/{year}.ipynb" for year in (2023, 2024, 2025)]
        for name in (JANUARY, FEBRUARY, MARCH, *inside):
            _save(client, name, f"print('this is {name}')")
        client.post("/logout")
        yield server


@pytest.fixture(scope="module")
def alice(server: LiveServer, seat: Callable[..., Person]) -> Person:
    return seat(server)


def _save(client: Client, name: str, source: str) -> None:
    assert client.save(name, notebook(source)).status_code in (200, 201)


def _swap(home: Home, one: str, other: str) -> None:
    """Exchange two files as someone with a shell would."""
    aside = home.work.parent / "aside"
    (home.work / one).rename(aside)
    (home.work / other).rename(home.work / one)
    aside.rename(home.work / other)


class TestCatalogue:
    """Each step starts where the one before it ended."""

    def test_1_covers_a_file_that_another_took_the_place_of(self, alice: Person) -> None:
        """Two notebooks are exchanged under the server: opening one says so and shows nothing."""
        alice.log_in(code=alice.home.authenticator.code())
        _swap(alice.home, JANUARY, FEBRUARY)
        alice.open(JANUARY)
        expect(alice.cover.get_by_role("heading")).to_have_text(f"{JANUARY} is another file")
        expect(alice.cover).to_contain_text("not the file that was saved there")
        expect(alice.page.locator("body")).not_to_contain_text(f"this is {FEBRUARY}")
        alice.expect_no_dialog()
        alice.take_picture("50-swapped")

    def test_2_leaves_it(self, alice: Person) -> None:
        """The covered page is one like others; leaving closes it and changes nothing on disk."""
        alice.tab("Launcher").click()
        alice.tab(JANUARY).click()
        expect(alice.tab(JANUARY)).to_have_class(re.compile("jp-mod-current"))
        before = (alice.home.work / JANUARY).read_bytes()
        alice.cover.get_by_role("button", name="Leave it").click()
        expect(alice.tab(JANUARY)).to_have_count(0)
        alice.expect_no_dialog()
        assert (alice.home.work / JANUARY).read_bytes() == before

    def test_3_says_in_the_panel_how_many_there_are(self, alice: Person) -> None:
        """The panel counts what was found, and leads to the list of it."""
        # The server looks at all files every half minute, and when a file was accepted.
        alice.open(FEBRUARY)
        alice.cover.get_by_role("button", name="Accept it as it is").click()
        expect(alice.cover).to_have_count(0)
        expect(alice.cells.first).to_contain_text(f"this is {JANUARY}")
        alice.kernel_is_idle()
        alice.save()
        panel = alice.show_security()
        expect(panel.get_by_role("status").first).to_have_text("1 file is not as it was left")
        alice.take_picture("51-panel-finding")

    def test_4_accepts_one_in_the_list(self, alice: Person) -> None:
        """The list names the file; accepting it is asked once more, and then it opens."""
        review = _review(alice)
        expect(review).to_contain_text(JANUARY)
        alice.take_picture("52-review")
        review.get_by_role("button", name=f"Accept {JANUARY}").press("Enter")
        expect(review.get_by_role("button", name="Yes")).to_be_focused()
        alice.take_picture("53-review-question")
        alice.page.keyboard.press("Enter")
        expect(review.get_by_role("status")).to_contain_text("Every file is as it was left.")
        review.get_by_role("button", name="Close").click()
        expect(alice.show_security().get_by_role("status").first).to_have_text("Protected")
        alice.open(JANUARY)
        expect(alice.cells.first).to_contain_text(f"this is {FEBRUARY}")
        alice.kernel_is_idle()
        alice.save()

    def test_5_accepts_a_folder_with_one_action(self, alice: Person) -> None:
        """A folder that was put back from a backup is accepted as a whole."""
        old = alice.home.work.parent / "backup"
        shutil.copytree(alice.home.work / FOLDER, old)
        client = alice.server.logged_in()
        for year in (2023, 2024, 2025):
            _save(client, f"{FOLDER}/{year}.ipynb", "print('a later version')")
        for kept in old.glob("*.ipynb"):
            shutil.copy2(kept, alice.home.work / FOLDER)
        alice.command("Review Files That Are Not as They Were Left")
        review = alice.page.get_by_role("dialog")
        expect(review.get_by_role("status")).to_contain_text("3\u00a0files are not as they")
        alice.take_picture("54-review-folder")
        review.get_by_role("button", name=f"Accept all in {FOLDER}/").click()
        review.get_by_role("button", name="Yes").click()
        expect(review.get_by_role("status")).to_contain_text("3\u00a0files are accepted.")
        alice.page.keyboard.press("Escape")
        alice.expect_no_dialog()
        assert "this is archive/2023" in alice.fetch(f"/api/contents/{FOLDER}/2023.ipynb")[1]

    def test_6_restores_the_last_good_version(self, alice: Person) -> None:
        """Where the server has the version it saved, one click puts it back."""
        alice.open(MARCH)
        alice.write(0, "print('worth keeping')")
        alice.kernel_is_idle()
        alice.save()
        alice.close(MARCH)
        shutil.copy(alice.home.work / JANUARY, alice.home.work / MARCH)
        alice.open(MARCH)
        restore = alice.cover.get_by_role("button", name="Restore the last good version")
        expect(restore).to_be_visible()
        alice.take_picture("55-restore")
        restore.click()
        expect(alice.cover).to_have_count(0)
        expect(alice.cells.first).to_contain_text("worth keeping")

    def test_7_saves_over_what_was_put_in_place_of_an_open_file(self, alice: Person) -> None:
        """What is open is the good version: saving it puts the file right, without a question."""
        shutil.copy(alice.home.work / JANUARY, alice.home.work / MARCH)
        alice.write(0, "print('written after the exchange')")
        alice.save()
        alice.expect_no_dialog()
        assert "after the exchange" in alice.fetch(f"/api/contents/{MARCH}")[1]

    def test_8_covers_an_open_file_when_it_is_loaded_again(self, alice: Person) -> None:
        """Loading an exchanged file from the disk shows the cover in place of its content."""
        shutil.copy(alice.home.work / JANUARY, alice.home.work / MARCH)
        alice.command("Reload Notebook from Disk")
        expect(alice.cover).to_be_visible()
        alice.expect_no_dialog()

    def test_9_says_so_when_the_record_itself_was_changed(self, alice: Person) -> None:
        """A row taken out of the record is noticed; the record is begun anew with one action."""
        state = alice.home.state / "state.db"
        with closing(sqlite3.connect(state, timeout=10)) as database, database:
            database.execute(
                "DELETE FROM catalogue WHERE rowid IN (SELECT min(rowid) FROM catalogue)"
            )
        # What is found is looked for anew after a lock has changed.
        client = alice.server.logged_in()
        client.put(f"/jupyter-secure/api/locks/{JANUARY}", json={"mode": "read-only"})
        alice.come_back()
        panel = alice.show_security()
        expect(panel.get_by_role("status").first).to_contain_text("was changed from outside")
        alice.show_security().get_by_role("button", name="Review").click()
        code = alice.page.get_by_role("dialog").get_by_label("Code from your authenticator app")
        code.fill(alice.home.spare_code())
        code.press("Enter")
        expect(code).to_have_count(0)
        review = alice.page.get_by_role("dialog")
        expect(review).to_contain_text("Look with care at what you open")
        alice.take_picture("56-record-changed")
        review.get_by_role("button", name=re.compile("^Accept all")).first.click()
        review.get_by_role("button", name="Yes").click()
        expect(review.get_by_role("status")).to_contain_text("Every file is as it was left.")
        review.get_by_role("button", name="Close").click()
        expect(panel.get_by_role("status").first).to_have_text("Protected")


def _review(alice: Person) -> Locator:
    alice.show_security().get_by_role("button", name="Review").click()
    dialog = alice.page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    return dialog
