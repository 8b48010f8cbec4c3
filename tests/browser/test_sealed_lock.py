"""A notebook that only its own passphrase opens: not the log-in, not a code."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Locator, expect
from support.browser import Person
from support.home import Home
from support.live_server import LiveServer, notebook, running

pytestmark = pytest.mark.browser

CANARY = "canary-51d2-diagnosis"
NAME = "diagnosis.ipynb"
PASSPHRASE = "seven herons over the weir"


@pytest.fixture(scope="module")
def server(make_home: Callable[[], Home], lab_arguments: list[str]) -> Iterator[LiveServer]:
    home = make_home()
    with running(home, *lab_arguments, module="jupyterlab") as server:
        client = server.logged_in(home.authenticator.code())
        assert client.save(NAME, notebook(f"print('{CANARY}')")).status_code == 201
        client.post("/logout")
        yield server


@pytest.fixture(scope="module")
def alice(server: LiveServer, seat: Callable[..., Person]) -> Person:
    return seat(server)


class TestSealedLock:
    """Each step starts where the one before it ended."""

    def test_1_says_first_what_a_lost_passphrase_means(self, alice: Person) -> None:
        """The menu of locks offers it; the dialog warns before anything can be typed."""
        alice.log_in()
        alice.open(NAME)
        alice.run(0, CANARY)
        alice.save()
        panel = alice.show_security()
        panel.get_by_role("button", name="Lock", exact=True).click()
        alice.page.get_by_role("menuitem", name="Lock: Sealed With Its Own Passphrase").click()
        dialog = alice.page.get_by_role("dialog")
        expect(dialog).to_contain_text("the recovery key does not open it either")
        expect(_field(dialog, "Passphrase")).to_be_focused()
        alice.take_picture("60-sealed-lock-dialog")

    def test_2_refuses_what_is_not_repeated_not_kept_or_too_weak(self, alice: Person) -> None:
        """What is wrong is told in the dialog, and nothing is locked by it."""
        dialog = alice.page.get_by_role("dialog")
        _fill(dialog, PASSPHRASE, "seven herons over the wear")
        expect(dialog.get_by_role("alert")).to_have_text("The two are not the same.")
        _fill(dialog, PASSPHRASE, PASSPHRASE)
        expect(dialog.get_by_role("alert")).to_contain_text("tick the box")
        dialog.get_by_role("checkbox").check()
        _fill(dialog, "short", "short")
        expect(dialog.get_by_role("alert")).to_contain_text("short")
        alice.take_picture("61-sealed-lock-weak")
        assert '"locks": []' in alice.fetch("/jupyter-secure/api/locks")[1]

    def test_3_seals_it_and_stops_its_kernel(self, alice: Person) -> None:
        """With a good one the notebook is sealed, and nothing of it stays in a kernel."""
        dialog = alice.page.get_by_role("dialog")
        _fill(dialog, PASSPHRASE, PASSPHRASE)
        expect(alice.page.locator(".jp-Dialog")).to_have_count(0)
        panel = alice.show_security()
        expect(panel).to_contain_text("Locked notebooks (1)")
        expect(panel).to_contain_text("sealed with a passphrase · alice")
        assert alice.home.files_holding(CANARY.encode()) == []
        alice.take_picture("62-sealed-lock-set")

    def test_4_asks_for_the_passphrase_in_a_new_session(self, alice: Person) -> None:
        """After logging out and in again, even with a fresh code, only a cover is there."""
        alice.page.get_by_role("menuitem", name="File", exact=True).click()
        alice.page.get_by_role("menuitem", name="Log Out").click()
        alice.expect_login_page()
        alice.log_in()
        line = alice.file(NAME).get_by_role("img", name="Locked: sealed with a passphrase, by")
        expect(line).to_be_visible()
        alice.open(NAME)
        expect(alice.cover.get_by_role("heading")).to_have_text(
            f"{NAME} is sealed with a passphrase"
        )
        alice.expect_no_dialog()
        for path in (f"/api/contents/{NAME}", f"/files/{NAME}", f"/nbconvert/html/{NAME}"):
            status, text = alice.fetch(path)
            assert status == 423, path
            assert CANARY not in text

    def test_5_tells_a_wrong_passphrase_in_place(self, alice: Person) -> None:
        """A wrong one is told under the field, which is empty and has the cursor again."""
        expect(_field(alice.cover, "Passphrase")).to_be_focused()
        alice.page.keyboard.type("seven herons")
        alice.page.keyboard.press("Enter")
        expect(alice.cover.get_by_role("alert")).to_contain_text("does not open")
        expect(_field(alice.cover, "Passphrase")).to_be_focused()
        expect(_field(alice.cover, "Passphrase")).to_have_value("")
        alice.take_picture("63-sealed-lock-cover")

    def test_6_opens_with_the_passphrase(self, alice: Person) -> None:
        """The right one opens the notebook in the same tab, with a kernel, to be worked on."""
        alice.page.keyboard.type(PASSPHRASE)
        alice.page.keyboard.press("Enter")
        expect(alice.cover).to_have_count(0)
        expect(alice.notebook.locator(".jsec-LockButton")).to_have_text("Passphrase")
        alice.write(0, f"print('{CANARY}', 'once more')")
        alice.run(0, f"{CANARY} once more")
        alice.save()
        alice.expect_no_dialog()
        assert alice.home.files_holding(CANARY.encode()) == []

    def test_7_asks_for_it_before_it_is_unlocked(self, alice: Person) -> None:
        """Unlocking takes the passphrase too, where it was not given in this session."""
        alice.page.get_by_role("menuitem", name="File", exact=True).click()
        alice.page.get_by_role("menuitem", name="Log Out").click()
        alice.expect_login_page()
        alice.log_in("/lab")
        expect(alice.cover).to_be_visible()
        panel = alice.show_security()
        panel.get_by_role("button", name=f"Unlock {NAME}").click()
        dialog = alice.page.get_by_role("dialog")
        expect(dialog).to_contain_text(f"{NAME} is sealed with a passphrase")
        alice.take_picture("64-sealed-lock-unlock")
        _field(dialog, "Passphrase").fill(PASSPHRASE)
        alice.page.keyboard.press("Enter")
        expect(alice.cover).to_have_count(0)
        expect(panel).not_to_contain_text("Locked notebooks")
        expect(panel).to_contain_text("sealed · not locked")
        expect(alice.cells.nth(0)).to_contain_text("once more")
        alice.expect_no_dialog()


def _field(within: Locator, label: str) -> Locator:
    return within.get_by_label(label, exact=True)


def _fill(dialog: Locator, passphrase: str, again: str) -> None:
    _field(dialog, "Passphrase").fill(passphrase)
    _field(dialog, "The same once more").fill(again)
    dialog.get_by_role("button", name="Seal", exact=True).click()
