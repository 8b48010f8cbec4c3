"""Where things lie on the disk, by Jupyter's own rules.

The rules are those of ``jupyter_core.paths`` (``jupyter_config_dir`` and the like), stated
again here because only ``server/`` may know Jupyter and the command line must start quickly. A test
holds the two against each other.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from jupyter_secure.errors import StateUnusable

VAULT_FILE = "vault.json"
DATABASE_FILE = "state.db"
TLS_DIRECTORY = "tls"


def state_dir() -> Path:
    """Return the directory of keys, accounts and sessions; it need not exist."""
    given = os.environ.get("JUPYTER_SECURE_DIR")
    return Path(given).expanduser().absolute() if given else data_dir() / "secure"


def config_dir() -> Path:
    """Return Jupyter's configuration directory of this account; it need not exist.

    Raises ``StateUnusable`` under ``JUPYTER_NO_CONFIG``, which tells Jupyter to read no
    configuration, so that nothing written there would take effect.
    """
    if os.environ.get("JUPYTER_NO_CONFIG"):
        raise StateUnusable(
            "JUPYTER_NO_CONFIG is set.",
            why="Jupyter then ignores its configuration, and so everything set up there.",
            remedy="Unset it and try again.",
        )
    given = os.environ.get("JUPYTER_CONFIG_DIR")
    if given:
        return Path(given).absolute()
    return _platform_dir("config") if _wants_platform_dirs() else _home() / ".jupyter"


def data_dir() -> Path:
    """Return Jupyter's data directory of this account; it need not exist."""
    given = os.environ.get("JUPYTER_DATA_DIR")
    if given:
        return Path(given).absolute()
    if _wants_platform_dirs():
        return _platform_dir("data")
    if sys.platform == "darwin":
        return _home() / "Library" / "Jupyter"
    if sys.platform == "win32":
        roaming = os.environ.get("APPDATA")
        return Path(roaming, "jupyter").resolve() if roaming else config_dir() / "data"
    base = os.environ.get("XDG_DATA_HOME")
    return Path(base, "jupyter").absolute() if base else _home() / ".local" / "share" / "jupyter"


def runtime_dir() -> Path:
    """Return where running servers say that they run; it need not exist."""
    given = os.environ.get("JUPYTER_RUNTIME_DIR")
    return Path(given).absolute() if given else data_dir() / "runtime"


def _home() -> Path:
    return Path("~").expanduser().resolve()


def _wants_platform_dirs() -> bool:
    value = os.environ.get("JUPYTER_PLATFORM_DIRS")
    return value is not None and value.lower() not in {"no", "n", "false", "off", "0", "0.0"}


def _platform_dir(kind: str) -> Path:
    """Return what the platform's own convention says, as the library platformdirs does."""
    if sys.platform == "darwin":
        brewed = sys.prefix.startswith("/opt/homebrew")
        return _home() / "Library" / "Application Support" / ("jupyter" if brewed else "Jupyter")
    if sys.platform == "win32":
        local = os.environ.get("LOCALAPPDATA")
        return (Path(local) if local else _home() / "AppData" / "Local") / "Jupyter"
    base = os.environ.get(f"XDG_{kind.upper()}_HOME", "").strip()
    default = {"config": Path(".config"), "data": Path(".local", "share")}[kind]
    return (Path(base) if base else Path("~").expanduser() / default) / "jupyter"


def system_account() -> str:
    """Return the name of the system's account that runs this."""
    if sys.platform == "win32":
        return os.environ.get("USERNAME", "")
    import pwd

    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())
