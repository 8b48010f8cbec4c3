"""Encrypting what was there before: everything, one folder, and all that is new in it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect
from support.browser import Person
from support.home import Home
from support.live_server import LiveServer, notebook, running

pytestmark = pytest.mark.browser

CANARY = "canary-9a40-plain"
MANY = 900
# Large enough that the bar is seen on its way on a machine of any speed.
LARGE = "x" * 300_000


@pytest.fixture(scope="module")
def server(make_home: Callable[[], Home], lab_arguments: list[str]) -> Iterator[LiveServer]:
    """A server over notebooks that somebody has written for years, in plain."""
    home = make_home()
    for number in range(MANY):
        folder = home.work / "survey" / f"{2000 + number % 10}"
        folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps(notebook(f"print('{CANARY} {number}')", output=LARGE))
        (folder / f"answers-{number}.ipynb").write_text(text)
    (home.work / "data").mkdir()
    (home.work / "data" / "patients.csv").write_text(f"name\n{CANARY}\n")
    (home.work / "own.ipynb").write_text(json.dumps(notebook(f"print('{CANARY}')")))
    with running(home, *lab_arguments, module="jupyterlab") as server:
        yield server


@pytest.fixture(scope="module")
def alice(server: LiveServer, seat: Callable[..., Person]) -> Person:
    return seat(server)


def _sealed(path: Path) -> bool:
    return path.read_bytes()[1:5] == b"JSEC"


def _run(alice: Person) -> Locator:
    """Return the part of the panel that shows how far it is."""
    return alice.show_security().locator(".jsec-Run")


class TestMigration:
    """Each step starts where the one before it ended."""

    def test_1_counts_before_it_does_anything(self, alice: Person) -> None:
        """The button counts first; cancelling changes nothing."""
        alice.log_in(code=alice.home.authenticator.code())
        panel = alice.show_security()
        expect(panel).to_contain_text(f"0 of {MANY + 1} sealed")
        alice.take_picture("70-panel-plain")
        panel.get_by_role("button", name="Encrypt all…").click()
        dialog = alice.page.get_by_role("dialog")
        expect(dialog.get_by_role("status")).to_contain_text(f"{MANY + 1}\u00a0files, ")
        alice.take_picture("71-encrypt-all")
        alice.page.keyboard.press("Escape")
        alice.expect_no_dialog()
        expect(panel.get_by_role("button", name="Encrypt all…")).to_be_focused()
        assert not _sealed(alice.home.work / "own.ipynb")

    def test_2_shows_how_far_it_is_and_stops(self, alice: Person) -> None:
        """The bar moves; stopping keeps what is done and says how to go on."""
        panel = alice.show_security()
        panel.get_by_role("button", name="Encrypt all…").press("Enter")
        alice.page.get_by_role("dialog").get_by_role("button", name="Encrypt", exact=True).click()
        run = _run(alice)
        bar = run.get_by_role("progressbar", name="Encrypting all folders")
        expect(bar).to_have_attribute("aria-valuetext", re.compile("^[1-9]"))
        # At once: taking a picture first could last until there is nothing left to stop.
        run.get_by_role("button", name="Stop").click()
        expect(run.get_by_role("status")).to_have_text(re.compile("^Stopped: .* start it again"))
        alice.take_picture("73-stopped")
        done = [path for path in alice.home.work.rglob("*.ipynb") if _sealed(path)]
        assert 0 < len(done) < MANY + 1

    def test_3_goes_on_after_the_page_is_loaded_again(self, alice: Person) -> None:
        """It runs in the server: a page that is loaded meanwhile shows it, to the end."""
        panel = alice.show_security()
        panel.get_by_role("button", name="Encrypt all…").click()
        alice.page.get_by_role("dialog").get_by_role("button", name="Encrypt", exact=True).click()
        expect(_run(alice).get_by_role("progressbar")).to_be_visible()
        alice.take_picture("72-encrypting")
        alice.page.reload()
        alice.arrive()
        # The page puts its panels back by itself; a click on the way would close this one.
        expect(alice.page.get_by_role("region", name="Security")).to_be_visible()
        run = _run(alice)
        expect(run.get_by_role("status")).to_have_text(
            re.compile("files are encrypted"), timeout=60_000
        )
        alice.take_picture("74-encrypted")
        expect(alice.show_security()).to_contain_text(f"{MANY + 1} of {MANY + 1} sealed")
        assert all(_sealed(path) for path in alice.home.work.rglob("*.ipynb"))
        run.get_by_role("button", name="Close").click()
        expect(run).to_have_count(0)
        alice.open("own.ipynb")
        expect(alice.cells.first).to_contain_text(CANARY)

    def test_4_marks_a_folder_for_all_that_is_new(self, alice: Person) -> None:
        """The folder's menu marks it, a sign shows that, and what is uploaded there is sealed."""
        line = alice.file("data")
        line.click(button="right")
        everything = alice.page.get_by_role("menuitem", name="Encrypt Everything in Here…")
        expect(everything).to_be_visible()
        alice.take_picture("75-folder-menu")
        alice.page.get_by_role("menuitem", name="Encrypt New Files in Here").click()
        sign = line.get_by_role("img", name="Every new file in here is encrypted")
        expect(sign).to_be_visible()
        alice.take_picture("76-folder-sign")
        line.dblclick()
        with alice.page.expect_file_chooser() as chooser:
            alice.page.get_by_role("button", name="Upload Files").click()
        more = {"name": "more.csv", "mimeType": "text/csv", "buffer": CANARY.encode()}
        chooser.value.set_files([more])  # type: ignore[list-item]  # a file that is not on the disk
        expect(alice.file("more.csv")).to_be_visible()
        assert _sealed(alice.home.work / "data" / "more.csv")

    def test_5_encrypts_what_lay_there_before(self, alice: Person) -> None:
        """Encrypting everything in a marked folder takes the files of every name."""
        assert not _sealed(alice.home.work / "data" / "patients.csv")
        alice.page.locator(".jp-BreadCrumbs-home").click()
        alice.file("data").click(button="right")
        alice.page.get_by_role("menuitem", name="Encrypt Everything in Here…").click()
        dialog = alice.page.get_by_role("dialog")
        expect(dialog.get_by_role("status")).to_contain_text("1\u00a0file, ")
        dialog.get_by_role("button", name="Encrypt", exact=True).click()
        # The panel comes to the front by itself.
        run = alice.page.get_by_role("region", name="Security").locator(".jsec-Run")
        expect(run.get_by_role("status")).to_have_text("1\u00a0file is encrypted.")
        assert _sealed(alice.home.work / "data" / "patients.csv")
        assert alice.home.files_holding(CANARY.encode()) == []

    def test_6_takes_the_mark_away_with_a_code(self, alice: Person) -> None:
        """Taking a protection away takes a code."""
        alice.file("data").click(button="right")
        mark = alice.page.get_by_role("menuitemcheckbox", name="Encrypt New Files in Here")
        expect(mark).to_be_checked()
        mark.click()
        _confirm(alice)
        expect(alice.file("data").locator(".jsec-Padlock")).to_have_count(0)

    def test_7_decrypts_a_folder_after_a_warning_and_a_code(
        self, alice: Person, server: LiveServer, seat: Callable[..., Person]
    ) -> None:
        """The palette decrypts the folder in view: said what it means, ticked, and with a code."""
        bob = seat(server)
        bob.log_in("/lab/tree/data?reset")
        expect(bob.file("patients.csv")).to_be_visible()
        bob.command("Decrypt Everything in data/")
        dialog = bob.page.get_by_role("dialog")
        expect(dialog).to_contain_text("every program that reads the disk")
        decrypt = dialog.get_by_role("button", name="Decrypt", exact=True)
        expect(decrypt).to_be_disabled()
        dialog.get_by_role("checkbox").check()
        bob.take_picture("77-decrypt")
        decrypt.click()
        _confirm(bob)
        run = bob.page.get_by_role("region", name="Security").locator(".jsec-Run")
        # Their checkpoints too.
        expect(run.get_by_role("status")).to_have_text(re.compile(r"^\d+\sfiles are decrypted\.$"))
        assert CANARY in (alice.home.work / "data" / "patients.csv").read_text()
        assert _sealed(alice.home.work / "own.ipynb")


def _confirm(person: Person) -> None:
    dialog = person.page.get_by_role("dialog")
    dialog.get_by_label("Code from your authenticator app").fill(person.home.spare_code())
    person.page.keyboard.press("Enter")
    person.expect_no_dialog()
