"""A person at a browser: what they click and type, in the words of the story."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from playwright.sync_api import ConsoleMessage, Locator, Page, expect
from support.home import PASSWORD, Authenticator, Home
from support.live_server import LiveServer

WRONG_CODE = "That code is not right. It was mistyped, is too old, or was used before."


def violations(page: Page, axe: str, within: str = "html") -> list[str]:
    """Return what breaks a rule of WCAG 2.2 A or AA, or of good practice, in a part of this page.

    ``axe`` is the program of axe-core.
    """
    if not page.evaluate("'axe' in window"):
        page.evaluate(axe)
    found = page.evaluate("part => axe.run(part)", within)["violations"]
    return [
        f"{one['id']}: {one['help']}: {node['html'][:150]}"
        for one in found
        for node in one["nodes"]
    ]


class Oathtool:
    """The program ``oathtool`` in the place of the library that computes codes."""

    def __init__(self, program: str, secret: str) -> None:
        self._command = [program, "--totp", "--base32", secret]

    def at(self, for_time: int) -> str:
        """Return the code of that moment, in seconds since 1970."""
        command = [*self._command, "--now", f"@{for_time}"]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


class Phone(Authenticator):
    """An authenticator whose codes another implementation computes."""

    def __init__(self, home: Home, program: str) -> None:
        super().__init__(home.facts["totp_uri"])
        self._totp = Oathtool(program, self.secret)


class Person:
    """Someone who uses JupyterLab or Notebook 7 in one page of a browser."""

    def __init__(self, page: Page, server: LiveServer, pictures: Path) -> None:
        self.page = page
        self.server = server
        self.home = server.home
        self._pictures = pictures
        self.complaints: list[str] = []
        page.on("pageerror", lambda error: self.complaints.append(error.stack or str(error)))
        page.on("console", self._listen)

    def _listen(self, said: ConsoleMessage) -> None:
        if said.type == "error":
            self.complaints.append(f"{said.text} ({said.location.get('url', '')})")

    # ── coming and going ────────────────────────────────────────────────────────────────────────

    def go(self, path: str) -> None:
        """Open an address of the server."""
        self.page.goto(self.server.url + path)

    def log_in(self, path: str = "/lab?reset", code: str = "") -> None:
        """Go through both steps on the way to ``path``, and wait until it is there."""
        self.go(path)
        self.page.get_by_label("User name").fill(self.home.username)
        self.page.get_by_label("Password").fill(PASSWORD)
        self.page.get_by_role("button", name="Continue").click()
        self.page.get_by_label("Code").fill(code or self.home.spare_code())
        self.page.get_by_role("button", name="Log in").click()
        self.arrive()

    def arrive(self) -> None:
        """Wait until the page has built itself and knows how secure the place is."""
        expect(self.page.locator("#jupyterlab-splash")).to_have_count(0)
        expect(self.page.locator(".jsec-StatusItem:visible")).not_to_have_text("")

    def come_back(self) -> None:
        """Bring this page to the front after another; here, every page is always in front."""
        self.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")

    def expect_login_page(self) -> None:
        """Wait until the first step of the log-in is there."""
        self.page.wait_for_url("**/login**")
        expect(self.page.get_by_label("Password")).to_be_visible()

    # ── notebooks ───────────────────────────────────────────────────────────────────────────────

    def show(self, tab: str) -> None:
        """Bring a tab of the left side bar to the front."""
        item = self.page.locator(f'.jp-SideBar [title^="{tab}"]')
        if "lm-mod-current" not in (item.get_attribute("class") or ""):
            item.click()

    def show_security(self) -> Locator:
        """Bring the security panel to the front and return it."""
        self.show("Security")
        panel = self.page.get_by_role("region", name="Security")
        expect(panel).to_be_visible()
        return panel

    def file(self, name: str) -> Locator:
        """Return the file browser's line for this file, brought to the front."""
        self.show("File Browser")
        return self.page.locator(".jp-DirListing-item", has_text=name)

    def open(self, name: str) -> None:
        """Open a file as most people do: a double click on its name."""
        self.file(name).dblclick()
        expect(self.tab(name)).to_have_class(re.compile("jp-mod-current"))

    def tab(self, name: str) -> Locator:
        """Return the tab of an open file."""
        return self.page.locator(".lm-DockPanel-tabBar .lm-TabBar-tab", has_text=name)

    def close(self, name: str) -> None:
        """Close the tab of a file."""
        self.tab(name).locator(".lm-TabBar-tabCloseIcon").click()
        expect(self.tab(name)).to_have_count(0)

    def new_notebook(self, name: str) -> None:
        """Make a notebook from the launcher and name it."""
        self.page.locator(".jp-LauncherCard[data-category=Notebook]").first.click()
        self.kernel_is_idle()
        self.page.keyboard.press("Control+s")
        ask = self.page.locator(".jp-Dialog")
        ask.locator("input").first.fill(name)
        ask.locator(".jp-mod-accept").click()
        expect(self.tab(name)).to_be_visible()

    def kernel_is_idle(self) -> None:
        """Wait until the notebook in view has a kernel that waits for work."""
        # The page's own signs say "idle" before there is a kernel, too, all but JupyterLab's
        # status bar; Notebook 7 has none, so there the server is asked.
        if "/lab" in self.page.url:
            expect(self.page.locator("#jp-main-statusbar")).to_contain_text(
                "| Idle", timeout=30_000
            )
        else:
            self.page.wait_for_function(
                "async url => (await (await fetch(url)).json())"
                ".some(kernel => kernel.execution_state == 'idle' && kernel.connections)",
                arg=f"{self.server.url}/api/kernels",
            )
            # The server knows of the page's connection before the page has taken the kernel up,
            # and what is run meanwhile is dropped.
            expect(self.page.locator(".jp-KernelName")).to_contain_text("Python 3")
            sign = self.page.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]")
            expect(sign).to_have_count(1, timeout=30_000)

    @property
    def notebook(self) -> Locator:
        """The notebook in view."""
        return self.page.locator(".jp-NotebookPanel:visible")

    @property
    def cells(self) -> Locator:
        """Its cells."""
        return self.notebook.locator(".jp-Cell")

    def write(self, cell: int, text: str) -> None:
        """Replace what a cell says."""
        editor = self.cells.nth(cell).locator(".cm-content")
        editor.click()
        self.page.keyboard.press("Control+a")
        self.page.keyboard.insert_text(text)

    def run(self, cell: int, printed: str) -> None:
        """Run a cell, once the kernel waits for work, and wait for what it prints."""
        self.kernel_is_idle()
        self.cells.nth(cell).locator(".cm-content").click()
        self.page.keyboard.press("Shift+Enter")
        expect(self.cells.nth(cell).locator(".jp-OutputArea-output")).to_contain_text(printed)

    def save(self) -> None:
        """Save with the keyboard and wait until the server has it and nothing is unsaved.

        And until it has the checkpoint, which the page asks for once the file is saved.
        """
        with (
            self.page.expect_response(
                lambda answer: answer.request.method == "PUT" and "/api/contents/" in answer.url
            ) as saved,
            self.page.expect_response(
                lambda answer: answer.request.method == "POST" and "/checkpoints" in answer.url
            ) as kept,
        ):
            self.page.keyboard.press("Control+s")
        assert saved.value.ok
        assert kept.value.ok
        # Notebook 7 has no such mark.
        expect(self.unsaved()).to_have_count(0)

    def unsaved(self) -> Locator:
        """Return what tells that something is not saved."""
        return self.page.locator(".jp-mod-dirty")

    # ── locks ───────────────────────────────────────────────────────────────────────────────────

    def lock(self, how: str) -> None:
        """Lock the notebook in view from the panel: "Private" or "Read-Only"."""
        panel = self.show_security()
        panel.get_by_role("button", name="Lock", exact=True).click()
        self.page.get_by_role("menuitem", name=f"Lock: {how}").click()
        expect(panel.get_by_role("button", name="Unlock", exact=True)).to_be_visible()

    @property
    def cover(self) -> Locator:
        """The page over a withheld notebook."""
        return self.page.locator(".jsec-Cover:visible")

    def give_code(self, code: str) -> None:
        """Type a code into the cover, where the cursor is already, and press Enter."""
        expect(self.cover.get_by_label("Code from your authenticator app")).to_be_focused()
        self.page.keyboard.type(code)
        self.page.keyboard.press("Enter")

    def command(self, words: str) -> None:
        """Find a command in the palette and run it."""
        self.page.keyboard.press("Control+Shift+c")
        self.page.locator(".lm-CommandPalette-input").fill(words)
        self.page.locator(".lm-CommandPalette-item", has_text=words).first.click()

    # ── past the page ───────────────────────────────────────────────────────────────────────────

    def fetch(self, path: str) -> tuple[int, str]:
        """Ask for an address as a script in the page can; return the status and the text."""
        status, text = self.page.evaluate(
            "async url => { const answer = await fetch(url);"
            " return [answer.status, await answer.text()] }",
            self.server.url + path,
        )
        return int(status), str(text)

    # ── what they see ───────────────────────────────────────────────────────────────────────────

    def expect_no_dialog(self) -> None:
        """Nothing asks or complains."""
        expect(self.page.locator(".jp-Dialog")).to_have_count(0)

    def take_picture(self, name: str) -> None:
        """Keep a picture of what they see."""
        self.page.screenshot(path=self._pictures / f"{name}.png")
