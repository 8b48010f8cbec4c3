"""The pages of a real JupyterLab and Notebook, which leave the debugger out after `init`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html import unescape

import pytest
from support.home import bare_variables, set_up
from support.live_server import Client, running

from jupyter_secure.app.setup.traces import DEBUGGER

pytestmark = pytest.mark.integration

_PAGE_CONFIG = re.compile(r'id="jupyter-config-data"[^>]*>(.*?)</script>', re.DOTALL)


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    folder = tmp_path_factory.mktemp("home")
    bare_variables(folder)
    pages = folder / "config" / "labconfig" / "page_config.json"
    pages.parent.mkdir()
    pages.write_text('{"disabledExtensions": {"@mine/other": true}, "ours": "kept"}')
    with running(set_up(folder), module="jupyterlab") as server:
        yield server.logged_in()


@pytest.mark.parametrize("page", ["/lab", "/tree"])
def test_pages_leave_it_out(client: Client, page: str) -> None:
    """A page is told to leave out the debugger, and what it was told before."""
    answer = client.get(page)
    assert answer.status_code == 200
    found = _PAGE_CONFIG.search(answer.text)
    assert found is not None
    told = json.loads(unescape(found[1]))
    assert {DEBUGGER, "@mine/other"} <= set(told["disabledExtensions"])
    assert told["ours"] == "kept"
