"""The panel beside a notebook, in JupyterLab's themes: the pictures that are shown to others."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from importlib.resources import files

import pytest
from playwright.sync_api import expect
from support.browser import Person
from support.home import Home
from support.live_server import LiveServer, running

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def server(make_home: Callable[[], Home], lab_arguments: list[str]) -> Iterator[LiveServer]:
    """A server with the examples, all sealed, and one of them locked."""
    home = make_home()
    with running(home, *lab_arguments, module="jupyterlab") as server:
        client = server.logged_in(home.authenticator.code())
        for example in files("jupyter_secure").joinpath("examples").iterdir():
            if example.name.endswith(".ipynb"):
                saved = client.save(example.name, json.loads(example.read_text()))
                assert saved.status_code == 201
        lock = client.put(
            "/jupyter-secure/api/locks/queue-simulation.ipynb", json={"mode": "private"}
        )
        assert lock.status_code == 200
        client.post("/logout")
        yield server


def test_the_panel_is_readable_in_light_and_dark(
    server: LiveServer, seat: Callable[..., Person]
) -> None:
    """The panel says "Protected" beside a notebook that has run, and follows the theme."""
    alice = seat(server)
    alice.log_in("/lab/tree/clinical-trial.ipynb?reset", server.home.authenticator.code())
    alice.kernel_is_idle()
    alice.page.get_by_role("menuitem", name="Run", exact=True).click()
    alice.page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    expect(alice.notebook.locator(".jp-OutputArea-output img")).to_be_visible(timeout=30_000)
    alice.kernel_is_idle()
    # The chart is worth more space than the code that draws it.
    chart = alice.cells.filter(has=alice.page.locator(".jp-OutputArea-output img"))
    chart.locator(".jp-InputCollapser").click()
    alice.save()
    panel = alice.show_security()
    expect(panel.get_by_role("status")).to_have_text("Protected")
    expect(panel).to_contain_text("3 of 3 sealed")
    expect(panel).to_contain_text("Locked notebooks (1)")
    alice.cells.filter(has_text="Could it be chance?").evaluate("cell => cell.scrollIntoView()")
    expect(alice.notebook.locator(".jp-OutputArea-output img")).to_be_in_viewport(ratio=1)
    alice.take_picture("panel")

    alice.command("Use Theme: JupyterLab Dark")
    expect(alice.page.locator("body")).to_have_attribute("data-jp-theme-light", "false")
    expect(alice.page.locator("#jupyterlab-splash")).to_have_count(0)
    alice.take_picture("panel-dark")
    alice.open("queue-simulation.ipynb")
    expect(alice.cover).to_be_visible()
    alice.take_picture("private-dark")
