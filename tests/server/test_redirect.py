from __future__ import annotations

from types import SimpleNamespace

import pytest

from jupyter_secure.errors import PolicyViolation
from jupyter_secure.server.redirect import check


@pytest.mark.parametrize(
    ("settings", "port", "says"),
    [
        ({"sock": "/run/j.sock"}, 8080, "UNIX socket"),
        ({"certfile": ""}, 8080, "no certificate"),
        ({"port": 8080}, 8080, "so is ServerApp.port"),
    ],
)
def test_nowhere_to_go(settings: dict[str, object], port: int, says: str) -> None:
    """A redirect that would lead nowhere is refused, naming what is in its way."""
    app = SimpleNamespace(**{"sock": "", "certfile": "cert.pem", "port": 8888, **settings})
    check(app, 0)
    with pytest.raises(PolicyViolation, match=says):
        check(app, port)
