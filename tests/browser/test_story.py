"""A day with one notebook, from the set-up to the day after, in a real browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import expect
from support.browser import WRONG_CODE, Person, Phone
from support.home import Home
from support.live_server import LiveServer, start

pytestmark = pytest.mark.browser

CANARY = "canary-7f3a-salaries"
NAME = "payroll.ipynb"


@pytest.fixture(scope="module")
def home(make_home: Callable[[], Home], program: Callable[[str], str]) -> Home:
    home = make_home()
    home.authenticator = Phone(home, program("oathtool"))
    return home


class Servers:
    """The server that runs now; another takes its place after a restart."""

    def __init__(self, home: Home, arguments: list[str]) -> None:
        self._home, self._arguments = home, arguments
        self.now = self._start()

    def _start(self) -> LiveServer:
        return start(self._home, *self._arguments, module="jupyterlab")

    def restart(self) -> LiveServer:
        self.now.stop()
        self.now = self._start()
        return self.now


@pytest.fixture(scope="module")
def servers(home: Home, lab_arguments: list[str]) -> Iterator[Servers]:
    servers = Servers(home, lab_arguments)
    yield servers
    servers.now.stop()


@pytest.fixture(scope="module")
def alice(servers: Servers, seat: Callable[..., Person]) -> Person:
    return seat(servers.now)


class TestStory:
    """Each step starts where the one before it ended."""

    def test_01_logs_in_with_a_password_and_a_code(self, alice: Person, home: Home) -> None:
        """A password and a code from an independent program lead into JupyterLab."""
        alice.go("/lab?reset")
        alice.take_picture("01-login-password")
        alice.page.get_by_label("User name").fill("alice")
        alice.page.get_by_label("Password").fill("not the password at all")
        alice.page.keyboard.press("Enter")
        expect(alice.page.get_by_role("alert")).to_contain_text("is not right")
        alice.take_picture("02-login-wrong")
        alice.log_in(code=home.authenticator.code())
        expect(alice.page.locator(".jp-Launcher")).to_be_visible()
        alice.take_picture("03-logged-in")

    def test_02_runs_a_notebook_over_wss(self, alice: Person) -> None:
        """A notebook is written, and runs on a real kernel behind a websocket over TLS."""
        sockets: list[str] = []
        alice.page.on("websocket", lambda socket: sockets.append(socket.url))
        alice.new_notebook(NAME)
        alice.write(0, f"word = '{CANARY}'\nprint('the word is', word, len(word))")
        alice.run(0, f"the word is {CANARY} {len(CANARY)}")
        alice.write(1, f"# Notes\n{CANARY} in prose")
        alice.page.keyboard.press("Escape")
        alice.page.keyboard.press("m")
        alice.page.keyboard.press("Shift+Enter")
        expect(alice.cells.nth(1).locator("h1")).to_contain_text("Notes")
        alice.save()
        # A debugger would have each cell written into the temporary folder; `init` turns it off.
        expect(alice.page.locator(".jp-DebuggerBugButton")).to_have_count(0)
        channels = [url for url in sockets if "/channels" in url]
        assert channels
        assert all(url.startswith("wss://") for url in sockets)
        panel = alice.show_security()
        expect(panel.get_by_role("status")).to_have_text("Protected")
        expect(panel.get_by_role("heading", name=NAME)).to_be_visible()
        expect(panel).to_contain_text("sealed · not locked")
        alice.take_picture("04-notebook-with-panel")

    def test_03_leaves_only_ciphertext_on_the_disk(self, alice: Person, home: Home) -> None:
        """No file of the home or its temporary folder holds what the notebook says."""
        assert home.files_holding(CANARY.encode()) == []
        stored = (home.work / NAME).read_bytes()
        assert stored[1:5] == b"JSEC"
        checkpoint = home.work / ".ipynb_checkpoints" / "payroll-checkpoint.ipynb"
        assert checkpoint.read_bytes()[1:5] == b"JSEC"
        # It is the notebook all the same: whoever is logged in reads it back.
        assert CANARY in alice.fetch(f"/api/contents/{NAME}")[1]

    def test_04_locks_it_private_from_the_panel(self, alice: Person) -> None:
        """A private lock covers the notebook at once, stops its kernel, and asks nothing."""
        alice.lock("Private")
        expect(alice.cover.get_by_role("heading")).to_have_text(f"{NAME} is private")
        alice.expect_no_dialog()
        expect(alice.page.locator("body")).not_to_contain_text(CANARY)
        assert alice.fetch("/api/kernels") == (200, "[]")
        panel = alice.show_security()
        expect(panel).to_contain_text("Locked notebooks (1)")
        expect(panel).to_contain_text("sealed · private · alice")
        alice.take_picture("05-private")

    def test_05_keeps_it_from_every_other_route(self, alice: Person) -> None:
        """The lock holds on the server: the same browser gets the content by no other address."""
        for path in (f"/api/contents/{NAME}", f"/files/{NAME}", f"/nbconvert/html/{NAME}"):
            status, text = alice.fetch(path)
            assert status == 423, path
            assert CANARY not in text

    def test_06_asks_for_a_code_and_nothing_else(self, alice: Person) -> None:
        """Closing and opening it asks neither to save nor to dismiss an error, only for a code."""
        alice.close(NAME)
        alice.expect_no_dialog()
        alice.open(NAME)
        expect(alice.cover).to_be_visible()
        alice.expect_no_dialog()
        alice.give_code("000000")
        expect(alice.cover.get_by_role("alert")).to_contain_text(WRONG_CODE)
        alice.expect_no_dialog()
        alice.take_picture("06-wrong-code")

    def test_07_opens_with_the_right_code(self, alice: Person, home: Home) -> None:
        """The right code opens the notebook in the same tab, with its output and a new kernel."""
        alice.give_code(home.authenticator.code())
        expect(alice.cover).to_have_count(0)
        expect(alice.cells.nth(0).locator(".jp-OutputArea-output")).to_contain_text(CANARY)
        alice.run(0, f"the word is {CANARY}")
        expect(alice.tab(NAME)).to_have_count(1)
        expect(alice.notebook.locator(".jsec-LockButton")).to_have_text("Private")
        alice.take_picture("07-opened-with-code")

    def test_08_saves_it_while_it_is_private(self, alice: Person, home: Home) -> None:
        """Its owner goes on working: changes are saved, sealed, under the lock."""
        before = (home.work / NAME).read_bytes()
        alice.write(0, f"word = '{CANARY}'\nprint('changed under the lock', word)")
        alice.run(0, "changed under the lock")
        alice.save()
        alice.expect_no_dialog()
        assert (home.work / NAME).read_bytes() != before
        assert home.files_holding(CANARY.encode()) == []

    def test_09_shows_a_padlock_in_the_file_browser(self, alice: Person) -> None:
        """The list of files tells the locked one, to the eye and to a screen reader."""
        line = alice.file(NAME)
        expect(line.get_by_role("img", name="Locked: private, by alice")).to_be_visible()
        alice.take_picture("08-padlock")

    def test_10_unlocks_from_the_context_menu(self, alice: Person) -> None:
        """The context menu of a locked file offers to unlock it, and does."""
        alice.file(NAME).click(button="right")
        menu = alice.page.get_by_role("menu")
        expect(menu.get_by_role("menuitem", name="Lock: Read-Only")).to_have_count(0)
        alice.take_picture("09-context-menu-locked")
        menu.get_by_role("menuitem", name="Unlock").click()
        expect(alice.file(NAME).locator(".jsec-Padlock")).to_have_count(0)
        expect(alice.notebook.locator(".jsec-LockButton")).to_have_text("")
        # What is open stays open, with its kernel.
        expect(alice.cells.nth(0)).to_contain_text("changed under the lock")

    def test_11_locks_it_read_only_from_the_context_menu(self, alice: Person) -> None:
        """The context menu of an unlocked file offers both locks."""
        alice.file(NAME).click(button="right")
        menu = alice.page.get_by_role("menu")
        expect(menu.get_by_role("menuitem", name="Lock: Private")).to_be_visible()
        alice.take_picture("10-context-menu")
        menu.get_by_role("menuitem", name="Lock: Read-Only").click()
        padlock = alice.file(NAME).get_by_role("img", name="Locked: read-only, by alice")
        expect(padlock).to_be_visible()
        expect(alice.notebook.locator(".jsec-LockButton")).to_have_text("Read-only")
        alice.expect_no_dialog()

    def test_12_explains_why_a_read_only_notebook_is_not_saved(
        self, alice: Person, home: Home
    ) -> None:
        """Changing and saving it is explained; the file stays, and so does what was typed."""
        before = (home.work / NAME).read_bytes()
        alice.kernel_is_idle()
        alice.write(0, "print('typed while read-only')")
        alice.page.keyboard.press("Control+s")
        dialog = alice.page.get_by_role("dialog")
        expect(dialog).to_contain_text(f"{NAME} is read-only")
        expect(dialog).to_contain_text("Your changes are still in this page")
        alice.take_picture("11-read-only-explained")
        dialog.get_by_role("button", name="Cancel").click()
        expect(alice.cells.nth(0)).to_contain_text("typed while read-only")
        assert (home.work / NAME).read_bytes() == before

    def test_13_keeps_what_was_typed_when_it_unlocks(self, alice: Person) -> None:
        """Unlocking offers to save what was typed while nothing could be saved."""
        panel = alice.show_security()
        panel.get_by_role("button", name="Unlock", exact=True).click()
        dialog = alice.page.get_by_role("dialog")
        expect(dialog).to_contain_text("could not be saved while it was read-only")
        alice.take_picture("12-unlock-with-changes")
        dialog.get_by_role("button", name="Save", exact=True).click()
        expect(panel).to_contain_text("sealed · not locked")
        expect(panel).not_to_contain_text("Locked notebooks")
        assert "typed while read-only" in alice.fetch(f"/api/contents/{NAME}")[1]
        alice.run(0, "typed while read-only")
        alice.save()

    def test_14_locks_from_the_palette_and_the_toolbar(self, alice: Person) -> None:
        """The palette locks; the button in the notebook's toolbar unlocks."""
        alice.command("Lock: Read-Only")
        button = alice.notebook.locator(".jsec-LockButton")
        expect(button).to_have_text("Read-only")
        button.locator("button, jp-button").first.click()
        alice.page.get_by_role("menuitem", name="Unlock").click()
        expect(button).to_have_text("")
        alice.expect_no_dialog()

    def test_15_shows_the_state_in_the_status_bar(self, alice: Person) -> None:
        """The status bar says how secure the place is, and leads to the panel."""
        alice.show("File Browser")
        panel = alice.page.get_by_role("region", name="Security")
        expect(panel).to_have_count(0)
        alice.page.get_by_role("button", name="Security: Protected").click()
        expect(panel).to_be_visible()

    def test_16_locks_all_and_logs_out_from_the_panel(self, alice: Person) -> None:
        """One button locks what is open, stops it and ends the session."""
        panel = alice.show_security()
        panel.get_by_role("button", name="Lock all and log out").click()
        dialog = alice.page.get_by_role("dialog")
        expect(dialog).to_contain_text("their kernels are stopped")
        alice.take_picture("13-lock-all")
        dialog.get_by_role("button", name="Lock all and log out").click()
        alice.expect_login_page()
        alice.take_picture("14-logged-out")
        assert alice.page.request.get(f"{alice.server.url}/api/contents").status == 401

    def test_17_finds_its_place_again_after_a_restart(
        self, alice: Person, servers: Servers, home: Home
    ) -> None:
        """After a restart the vault is sealed until the log-in; then the notebook is there."""
        alice.server = servers.restart()
        alice.log_in(path="/lab")
        assert home.files_holding(b"typed while read-only") == []
        expect(alice.cover).to_be_visible()
        alice.take_picture("15-after-restart")
        alice.give_code(home.spare_code())
        expect(alice.cells.nth(0)).to_contain_text("typed while read-only")
        alice.run(0, "typed while read-only")

    def test_18_logs_out_with_jupyterlabs_own_command(self, alice: Person) -> None:
        """File > Log Out ends the session too, and going back shows nothing of it."""
        alice.page.get_by_role("menuitem", name="File", exact=True).click()
        alice.page.get_by_role("menuitem", name="Log Out").click()
        alice.expect_login_page()
        alice.go("/lab")
        alice.expect_login_page()
