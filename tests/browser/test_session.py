"""The end of a session as the page shows it: a warning, a log-in in place, and nothing lost."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest
from playwright.sync_api import Locator, Route, expect
from support.browser import Person
from support.home import PASSWORD, Home
from support.live_server import LiveServer, notebook, running

pytestmark = pytest.mark.browser

IDLE_SECONDS = 24


@pytest.fixture(scope="module")
def impatient(make_home: Callable[[], Home], lab_arguments: list[str]) -> Iterator[LiveServer]:
    """A server whose sessions end soon after the last sign of life."""
    home = make_home()
    home.configure(SecureConfig={"idle_minutes": IDLE_SECONDS / 60})
    (home.work / "notes.ipynb").write_text(json.dumps(notebook("answer = 42")))
    with running(home, *lab_arguments, module="jupyterlab") as server:
        yield server


@pytest.fixture(scope="module")
def alice(impatient: LiveServer, seat: Callable[..., Person]) -> Person:
    return seat(impatient)


@pytest.fixture(scope="module")
def left(lab: LiveServer, seat: Callable[..., Person]) -> Person:
    return seat(lab)


@pytest.fixture(scope="module")
def right(lab: LiveServer, left: Person, seat: Callable[..., Person]) -> Person:
    return seat(lab, beside=left)


@pytest.fixture(scope="module")
def elsewhere(lab: LiveServer, seat: Callable[..., Person]) -> Iterator[Person]:
    """Someone with a notebook, and so a kernel, that no other test of this server has."""
    own = lab.home.work / "elsewhere.ipynb"
    own.write_text(json.dumps(notebook("print(6 * 7)")))
    person = seat(lab)
    yield person
    person.page.goto("about:blank")
    own.unlink()


@pytest.fixture(scope="module")
def viewer(
    make_home: Callable[[], Home], lab_arguments: list[str], seat: Callable[..., Person]
) -> Iterator[Person]:
    """Someone whose role an administrator has changed, before the server was started."""
    home = make_home()
    (home.work / "notes.ipynb").write_text(json.dumps(notebook("print(6 * 7)")))
    with sqlite3.connect(home.state / "state.db", timeout=10) as database:
        database.execute("UPDATE accounts SET role = 'viewer'")
    database.close()
    with running(home, *lab_arguments, module="jupyterlab") as server:
        person = seat(server)
        yield person
        # nbdime, where it is installed, throws the answers that refuse it about.
        person.complaints[:] = [line for line in person.complaints if line != "Response"]
        # Before the server stops: the page would complain that nobody answers.
        person.page.goto("about:blank")


def log_in_again(person: Person) -> Locator:
    """Fill in the dialog that asks for a log-in, and return it."""
    dialog = person.page.get_by_role("dialog")
    expect(dialog.get_by_label("User name")).to_have_value(person.home.username)
    dialog.get_by_label("Password").fill(PASSWORD)
    dialog.get_by_label("Code, or a recovery code").fill(person.home.spare_code())
    dialog.get_by_role("button", name="Log in").click()
    return dialog


def toast(person: Person, words: str) -> Locator:
    return person.page.locator(".Toastify__toast", has_text=words)


class TestUntilTheEnd:
    """Someone types, walks away, and comes back."""

    def test_1_is_warned_before_the_session_ends(self, alice: Person) -> None:
        """A warning comes before the end, and says that what is unsaved stays."""
        alice.log_in("/lab/tree/notes.ipynb?reset")
        alice.kernel_is_idle()
        alice.cells.nth(0).locator(".cm-content").click()
        alice.page.keyboard.press("Shift+Enter")
        expect(alice.cells.nth(0).locator(".jp-InputPrompt")).to_have_text("[1]:")
        alice.write(1, "print('typed before the end', answer)")
        warning = toast(alice, "Your session ends in")
        expect(warning).to_be_visible(timeout=IDLE_SECONDS * 1000)
        expect(warning).to_contain_text("What you have not saved stays in this page")
        expect(warning.get_by_role("button", name="Stay logged in")).to_be_visible()
        # Until it has come to rest; a mouse that waits for that would be a sign of life.
        warning.evaluate("node => Promise.all(node.getAnimations().map(one => one.finished))")
        alice.take_picture("20-session-ends-soon")

    def test_2_is_asked_to_log_in_where_they_are(self, alice: Person) -> None:
        """When it has ended, a dialog asks for a log-in; the page and what was typed stay."""
        dialog = alice.page.get_by_role("dialog")
        expect(dialog).to_contain_text("Your session has ended", timeout=IDLE_SECONDS * 1000)
        expect(toast(alice, "Your session ends in")).to_have_count(0)
        alice.take_picture("21-session-ended")
        dialog.get_by_label("Password").fill("not the password at all")
        dialog.get_by_label("Code, or a recovery code").fill("000000")
        dialog.get_by_role("button", name="Log in").click()
        expect(dialog.get_by_role("alert")).to_contain_text("is not right")
        alice.take_picture("22-session-ended-wrong")
        expect(log_in_again(alice)).to_have_count(0)
        assert "/lab" in alice.page.url
        expect(alice.cells.nth(1)).to_contain_text("typed before the end")

    def test_3_goes_on_with_the_same_kernel(self, alice: Person) -> None:
        """The kernel is said to be idle, has kept what it knew, and what was typed is saved."""
        alice.run(1, "typed before the end 42")
        alice.save()
        assert "typed before the end" in alice.fetch("/api/contents/notes.ipynb")[1]
        assert alice.home.files_holding(b"typed before the end") == []
        alice.take_picture("23-back-in-place")


def age_sessions(home: Home, minutes: float) -> None:
    """Let the sessions of a server have been idle for so long, without waiting for it."""
    last_seen = int((time.time() - minutes * 60) * 1e6)
    with sqlite3.connect(home.state / "state.db", timeout=10) as database:
        database.execute("UPDATE sessions SET last_seen_at = ?", [last_seen])
    database.close()


def test_a_click_on_the_warning_renews_the_session(
    lab: LiveServer, seat: Callable[..., Person]
) -> None:
    """The warning's button starts the idle limit anew, and the warning goes."""
    alice = seat(lab)
    alice.log_in("/lab?reset")
    panel = alice.show_security()
    warning = toast(alice, "Your session ends in 3 min")
    for _ in range(5):
        age_sessions(lab.home, 57)
        # Not a real click, which would itself be the sign of life that makes a warning needless.
        alice.page.get_by_role("button", name="Security: ").dispatch_event("click")
        with suppress(AssertionError):
            # The page may still have to tell of the click that opened the panel: then once more.
            expect(warning).to_be_visible(timeout=4000)
            break
    expect(panel).to_contain_text("session ends in 3 min")
    warning.get_by_role("button", name="Stay logged in").click()
    expect(warning).to_have_count(0)
    expect(panel).to_contain_text("session ends in 1 h")


def _saves(route: Route) -> bool:
    return route.request.method == "PUT"


class TestTwoTabs:
    """One browser, two tabs, one session."""

    def test_1_a_lock_covers_the_notebook_in_both(self, left: Person, right: Person) -> None:
        """A notebook that is locked in one tab is neither shown afresh nor saved by the other."""
        left.log_in("/lab/tree/notes.ipynb?reset")
        right.go("/lab/workspaces/right/tree/notes.ipynb?reset")
        right.arrive()
        right.kernel_is_idle()
        left.kernel_is_idle()
        left.lock("Private")
        expect(left.cover).to_be_visible()
        right.write(0, "print('typed in the other tab')")
        right.page.keyboard.press("Control+s")
        dialog = right.page.get_by_role("dialog")
        expect(dialog).to_contain_text("notes.ipynb is private. Enter a code to save it.")
        right.take_picture("24-other-tab-asks")
        # The first tab hears of the code before the second one has saved: the save is made to wait.
        waiting: list[Route] = []
        right.page.route(
            "**/api/contents/notes.ipynb*",
            lambda route: waiting.append(route) if _saves(route) else route.continue_(),
        )
        dialog.get_by_label("Code from your authenticator app").fill(right.home.spare_code())
        dialog.get_by_role("button", name="Confirm").click()
        expect(dialog).to_have_count(0)
        expect(left.cover).to_have_count(0)
        expect(left.cells.nth(0)).to_contain_text("print(6 * 7)")
        for route in waiting:
            route.continue_()
        expect(right.unsaved()).to_have_count(0)
        right.page.unroute("**/api/contents/notes.ipynb*")

    def test_2_a_code_given_in_one_opens_it_in_the_other(self, left: Person) -> None:
        """Confirming is for the whole session; who comes back sees what was saved meanwhile."""
        left.come_back()
        expect(left.cells.nth(0)).to_contain_text("typed in the other tab")
        expect(left.unsaved()).to_have_count(0)
        left.show_security().get_by_role("button", name="Unlock", exact=True).click()
        expect(left.show_security()).to_contain_text("not locked")

    def test_3_logging_out_in_one_asks_in_the_other(self, left: Person, right: Person) -> None:
        """A tab whose session was ended elsewhere asks for a log-in and keeps its work."""
        right.write(0, "print('kept through the log-out')")
        left.page.get_by_role("menuitem", name="File", exact=True).click()
        left.page.get_by_role("menuitem", name="Log Out").click()
        left.expect_login_page()
        right.page.keyboard.press("Control+s")
        expect(right.page.get_by_role("dialog")).to_contain_text("Log in")
        right.take_picture("25-logged-out-elsewhere")

    def test_4_saves_what_was_asked_for_after_the_log_in(self, right: Person) -> None:
        """The save that found nobody logged in is done once someone is."""
        expect(log_in_again(right)).to_have_count(0)
        expect(right.unsaved()).to_have_count(0)
        right.expect_no_dialog()
        assert "kept through the log-out" in right.fetch("/api/contents/notes.ipynb")[1]

    def test_5_logging_in_in_one_is_enough(self, left: Person, right: Person) -> None:
        """A log-in in one tab answers the question in the other, and the save goes through."""
        left.go("/lab?reset")
        left.arrive()
        right.write(0, "print('kept through another one')")
        left.page.get_by_role("menuitem", name="File", exact=True).click()
        left.page.get_by_role("menuitem", name="Log Out").click()
        left.expect_login_page()
        right.page.keyboard.press("Control+s")
        expect(right.page.get_by_role("dialog")).to_contain_text("Log in")
        left.log_in("/lab?reset")
        expect(right.page.get_by_role("dialog")).to_have_count(0, timeout=40_000)
        expect(right.unsaved()).to_have_count(0)
        assert "kept through another one" in right.fetch("/api/contents/notes.ipynb")[1]


class TestEndedFromElsewhere:
    """Someone works, and their session is ended in another browser."""

    def test_1_the_page_says_so_within_a_second(self, lab: LiveServer, elsewhere: Person) -> None:
        """The dialog is there at once, without a click or a key; what is unsaved stays."""
        elsewhere.log_in("/lab/workspaces/elsewhere/tree/elsewhere.ipynb?reset")
        elsewhere.kernel_is_idle()
        elsewhere.write(0, "kept = 'what the kernel knows'\nprint(kept)")
        elsewhere.run(0, "what the kernel knows")
        elsewhere.save()
        elsewhere.write(0, "print('not saved yet,', kept)")
        other = lab.logged_in()
        answer = other.delete("/jupyter-secure/api/sessions?scope=others")
        assert answer.status_code == 200
        dialog = elsewhere.page.get_by_role("dialog")
        expect(dialog).to_contain_text("Your session has ended", timeout=1000)
        elsewhere.take_picture("26-ended-elsewhere")
        expect(elsewhere.unsaved().first).to_be_visible()

    def test_2_nothing_is_lost_by_it(self, elsewhere: Person) -> None:
        """After the log-in in place, what was typed is saved and the kernel knows what it knew."""
        expect(log_in_again(elsewhere)).to_have_count(0)
        elsewhere.run(0, "not saved yet, what the kernel knows")
        elsewhere.save()
        assert "not saved yet" in elsewhere.fetch("/api/contents/elsewhere.ipynb")[1]

    def test_3_and_once_more(self, lab: LiveServer, elsewhere: Person) -> None:
        """The new session is watched as well as the one before; logging out everywhere ends it."""
        lab.logged_in().delete("/jupyter-secure/api/sessions?scope=all")
        dialog = elsewhere.page.get_by_role("dialog")
        expect(dialog).to_contain_text("Your session has ended", timeout=1000)


class TestAViewer:
    """Someone who may read and no more."""

    def test_1_is_told_what_they_may_do_and_meets_no_errors(self, viewer: Person) -> None:
        """The notebook opens read-only, without a kernel, and no dialog complains."""
        viewer.log_in("/lab/tree/notes.ipynb?reset")
        expect(viewer.cells.nth(0)).to_be_visible()
        panel = viewer.show_security()
        expect(panel).to_contain_text("alice · viewer · session ends in")
        expect(panel).to_contain_text("You can read notebooks here.")
        for not_for_them in ("Users…", "Lock", "Encrypt all…"):
            expect(panel.get_by_role("button", name=not_for_them, exact=True)).to_have_count(0)
        expect(viewer.notebook.get_by_text("notebook is read-only")).to_be_visible()
        viewer.expect_no_dialog()
        viewer.take_picture("27-viewer")

    def test_2_is_refused_in_the_words_of_the_server(self, viewer: Person) -> None:
        """A kernel that is asked for all the same is refused once, with the reason."""
        viewer.page.get_by_role("menuitem", name="Kernel", exact=True).click()
        viewer.page.get_by_role("menuitem", name="Change Kernel…").click()
        viewer.page.locator(".jp-Dialog .jp-mod-accept").click()
        dialog = viewer.page.locator(".jp-Dialog")
        expect(dialog).to_contain_text("Your account may not run code: its role is viewer.")
        viewer.take_picture("28-viewer-refused")
        dialog.locator(".jp-mod-accept").click()
        viewer.expect_no_dialog()
