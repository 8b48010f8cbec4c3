"""The Jupyter servers of this account: those that run now, and the one the settings describe.

A running server leaves a file in Jupyter's runtime directory that says where it listens
(``jpserver-PID.json``, jupyter_server's ``ServerApp.server_info``).
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import Any

from jupyter_secure.app.setup.effective_settings import effective_settings
from jupyter_secure.store import places

_DEFAULT_PORT = 8888
_EVERYWHERE = ("", "*", "0.0.0.0", "::")


@dataclass(frozen=True)
class Listens:
    """Where a server listens: on ``unix_socket`` if that is not empty, else on host and port."""

    host: str
    port: int
    unix_socket: str
    base_url: str
    https: bool
    running: bool


def running() -> list[Listens]:
    """Return the servers that run, by their port; files that make no sense are passed over."""
    found = []
    for path in sorted(places.runtime_dir().glob("jpserver-*.json")):
        try:
            info = json.loads(path.read_text())
            if _is_alive(int(info["pid"])):
                found.append(_listens(info))
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return sorted(found, key=lambda one: (one.unix_socket, one.port))


def configured() -> Listens:
    """Return where a server would listen by the present settings. Raises StateUnusable."""
    settings = effective_settings()

    def of(trait: str, default: Any) -> Any:
        return settings.get("ServerApp", trait, default)

    base_url = str(of("base_url", "/"))
    return Listens(
        host=_reached_at(str(of("ip", "localhost"))),
        port=int(of("port", _DEFAULT_PORT)),
        unix_socket=str(of("sock", "")),
        base_url=f"/{base_url.strip('/')}/" if base_url.strip("/") else "/",
        https=bool(of("certfile", "")),
        running=False,
    )


def _listens(info: dict[str, Any]) -> Listens:
    return Listens(
        host=_reached_at(str(info["hostname"])),
        port=int(info["port"]),
        unix_socket=str(info.get("sock") or ""),
        base_url=str(info["base_url"]),
        https=bool(info["secure"]),
        running=True,
    )


def _reached_at(ip: str) -> str:
    """Return the address under which a program on this machine reaches a server on ``ip``."""
    return "localhost" if ip in _EVERYWHERE else ip


def _is_alive(pid: int) -> bool:
    if pid <= 0:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
