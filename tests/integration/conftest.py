"""What most of these tests stand on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from support.home import set_up
from support.live_server import LiveServer, running


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server of the module's own, as `init` and a start leave it."""
    with running(set_up(tmp_path_factory.mktemp("home"))) as server:
        yield server
