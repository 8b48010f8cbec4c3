"""A real Chromium, servers for it, and a folder for the pictures."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Playwright, expect, sync_playwright
from support.browser import Person
from support.home import Home, set_up
from support.live_server import LiveServer, notebook, running

ROOT = Path(__file__).parent.parent.parent

_WINDOW = {"width": 1280, "height": 800}
_FLAGS = (
    "--no-sandbox",  # Chromium's own sandbox does not start where everything runs as root
    "--disable-gpu",
    # What a browser does by itself has no place in a test, least of all on the network.
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
# JupyterLab asks about news at its first start, and would cover what is looked at.
_QUIET = {
    "@jupyterlab/apputils-extension:notification": {
        "checkForUpdates": False,
        "fetchNews": "false",
    }
}
# nbdime's library is ours to use; its extension of JupyterLab, which comes with it, complains of
# itself in Notebook 7, and of being refused where a role does not reach.
_ALONE = "nbdime-jupyterlab"
_EXPECTED = (
    # A browser writes each refused request into its console. These are answers that we ask for.
    *("status of 401", "status of 403", "status of 409", "status of 423", "status of 429"),
    "status of 400 (weak-password)",
    "status of 404 (link)",
    # JupyterLab remembers its layout on the server; it says so where a role does not let it.
    "Your account may not change notebooks, files and settings: its role is viewer",
    "Your account may not run code: its role is viewer",
    # It listens for changes of files, which an auditor may not hear of.
    "/api/events/subscribe' failed: Error during WebSocket handshake: Unexpected response",
    # The same for a page that tries to come back while nobody is logged in.
    *("HTTP Authentication failed", "Error in Auto-Save You are not logged in"),
    # JupyterLab's debugger, when a kernel that it was asking something is stopped.
    "Could not restore the debugger state: Canceled future",
    # Notebook 7 of itself, whatever extensions it has.
    "Cannot read properties of undefined (reading 'schema')",
    # JupyterLab looks once more for a new notebook under the name it had before it was named.
    "/api/contents/Untitled",
)

expect.set_options(timeout=15_000)


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="session")
def launch(
    playwright: Playwright,
    program: Callable[[str], str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[[Path | None], Browser]:
    """Start a browser whose home is not the one that is searched for traces."""
    chromium = program("chromium")

    def start(home: Path | None = None) -> Browser:
        home = home or tmp_path_factory.mktemp("browser")
        return playwright.chromium.launch(
            executable_path=chromium, args=list(_FLAGS), env={**os.environ, "HOME": str(home)}
        )

    return start


@pytest.fixture(scope="session")
def chromium(launch: Callable[[Path | None], Browser]) -> Iterator[Browser]:
    browser = launch(None)
    yield browser
    browser.close()


@pytest.fixture(scope="session")
def axe() -> str:
    """The program that knows the rules for accessible pages; `npm ci` brings it."""
    program = ROOT / "labextension" / "node_modules" / "axe-core" / "axe.min.js"
    if program.is_file():
        return program.read_text("utf-8")
    message = "axe-core is not installed: `cd labextension && npm ci`"
    if os.environ.get("CI") == "true":
        pytest.fail(message)
    pytest.skip(message)


@pytest.fixture(scope="session")
def pictures() -> Path:
    """Where the pictures go; they are kept after the tests, to be looked at."""
    folder = Path(os.environ.get("JUPYTER_SECURE_PICTURES") or ROOT / "build" / "screenshots")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def lab_arguments(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What makes JupyterLab find the panel when the sources are tested and nothing is installed."""
    if os.environ.get("JUPYTER_SECURE_TEST_WHEEL"):
        return []
    built = ROOT / "jupyter_secure" / "labextension"
    if not (built / "package.json").is_file():
        pytest.fail("The panel is not built: `cd labextension && npm run build`.")
    folder = tmp_path_factory.mktemp("labextensions")
    # A copy: the panel may be built again while the tests run.
    shutil.copytree(built, folder / "jupyter-secure")
    return [f"--LabApp.extra_labextensions_path={folder}"]


@pytest.fixture(scope="session")
def make_home(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Home]:
    """Make homes that are set up, each with its own account and vault."""

    def make() -> Home:
        home = set_up(tmp_path_factory.mktemp("home"))
        quieten(home)
        return home

    return make


@pytest.fixture(scope="session")
def lab(make_home: Callable[[], Home], lab_arguments: list[str]) -> Iterator[LiveServer]:
    """A JupyterLab for the tests that leave it as they found it."""
    home = make_home()
    (home.work / "notes.ipynb").write_text(json.dumps(notebook("print(6 * 7)")))
    with running(home, *lab_arguments, module="jupyterlab") as server:
        yield server


def quieten(home: Home) -> None:
    folder = home.path / "config" / "labconfig"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "default_setting_overrides.json").write_text(json.dumps(_QUIET))
    pages = folder / "page_config.json"
    told = json.loads(pages.read_text()) if pages.exists() else {}
    told.setdefault("disabledExtensions", {})[_ALONE] = True
    pages.write_text(json.dumps(told))


@pytest.fixture(scope="module")
def seat(
    chromium: Browser, pictures: Path, request: pytest.FixtureRequest
) -> Iterator[Callable[..., Person]]:
    """Sit someone down at a browser that knows nobody yet; ``beside`` shares another's cookies."""
    taken: list[tuple[BrowserContext, Person]] = []

    def sit(server: LiveServer, *, beside: Person | None = None, **options: object) -> Person:
        if beside is not None:
            context = beside.page.context
        else:
            # The certificate is the server's own; test_certificate.py trusts it instead.
            settings = {"ignore_https_errors": True, "viewport": _WINDOW, **options}
            context = chromium.new_context(**settings)  # type: ignore[arg-type]  # its many options
        person = Person(context.new_page(), server, pictures)
        taken.append((context, person))
        return person

    yield sit
    if request.session.testsfailed:
        module = request.path.stem.removeprefix("test_")
        for number, (_, person) in enumerate(taken):
            person.take_picture(f"at-the-end-of-{module}-{number}")
    for context, _ in taken:
        context.close()
    complaints = [
        line
        for _, person in taken
        for line in person.complaints
        if not any(expected in line for expected in _EXPECTED)
    ]
    assert not complaints, "The browser's console complains:\n" + "\n".join(complaints)


_failed: dict[object, str] = {}


def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[object]) -> None:
    """Note the first step of a story that failed."""
    story = item.getparent(pytest.Class)
    if story is not None and call.excinfo is not None:
        _failed.setdefault(story.obj, item.name)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Spare the steps after it: they would fail for want of what it was to leave behind."""
    story = item.getparent(pytest.Class)
    if story is not None and story.obj in _failed:
        pytest.fail(f"the step {_failed[story.obj]} failed before it", pytrace=False)


@pytest.fixture(scope="module")
def trusting_browser(
    launch: Callable[[Path], Browser],
    program: Callable[[str], str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Callable[[Path], Browser]]:
    """Start browsers that were told to trust a certificate, as passkeys need it."""
    opened: list[Browser] = []

    def start(certificate: Path) -> Browser:
        folder = tmp_path_factory.mktemp("trusting")
        store = folder / ".pki" / "nssdb"
        store.mkdir(parents=True)
        certutil = [program("certutil"), "-d", f"sql:{store}"]
        subprocess.run([*certutil, "-N", "--empty-password"], check=True)
        trust = ["-A", "-t", "P,,", "-n", "lab", "-i", str(certificate)]
        subprocess.run([*certutil, *trust], check=True)
        opened.append(launch(folder))
        return opened[-1]

    yield start
    for browser in opened:
        browser.close()
