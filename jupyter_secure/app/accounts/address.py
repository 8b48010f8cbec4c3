"""The address of this account's server, for the links that are given to people."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from jupyter_secure.app.setup.effective_settings import effective_settings
from jupyter_secure.errors import InvalidInput, SecureError
from jupyter_secure.store import places

#: Below the base URL; where a link leads to.
JOIN = "jupyter-secure/join"
_DEFAULT_PORT = 8888


def link_url(base: str, token: str) -> str:
    """Return the whole link; ``base`` is the server's address with its base URL."""
    return f"{base.rstrip('/')}/{JOIN}?{urlencode({'link': token})}"


def server_url(given: str | None = None) -> str:
    """Return the address of the server: the one given, of the one that runs, or the configured.

    Raises ``InvalidInput`` for one that is no https address.
    """
    if given is not None:
        parts = urlsplit(given)
        if parts.scheme != "https" or not parts.netloc or parts.query or parts.fragment:
            raise InvalidInput(
                f"“{given}” is not the address of a server.",
                remedy="Give it as browsers show it, such as https://lab.example.org:8888/.",
            )
        return given
    running = _running()
    return running[0] if len(running) == 1 else _configured()


def _running() -> list[str]:
    """Return the addresses of this account's servers, as Jupyter notes them while they run."""
    given = os.environ.get("JUPYTER_RUNTIME_DIR")
    folder = Path(given) if given else places.data_dir() / "runtime"
    found = []
    for path in sorted(folder.glob("jpserver-*.json")):
        try:
            facts = json.loads(path.read_text())
            # Signal 0 asks only whether the process is there (POSIX, kill).
            os.kill(int(facts["pid"]), 0)
            url = str(facts["url"])
        except (OSError, ValueError, KeyError, TypeError):
            continue
        if url.startswith("https://"):
            found.append(url)
    return found


def _configured() -> str:
    try:
        settings = effective_settings()
    except SecureError:
        port, base = _DEFAULT_PORT, "/"
    else:
        port = settings.get("ServerApp", "port", _DEFAULT_PORT)
        base = str(settings.get("ServerApp", "base_url", "/"))
    return f"https://{socket.gethostname().lower()}:{port}/{base.strip('/')}".rstrip("/") + "/"
