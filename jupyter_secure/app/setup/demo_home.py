"""A throw-away home with everything set up in it, for ``jupyter secure demo``."""

from __future__ import annotations

import json
import os
import secrets
import site
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.resources import files as package_files
from pathlib import Path

from jupyter_secure.app.audit.setup_key import setup_key
from jupyter_secure.app.content import files
from jupyter_secure.app.setup import set_up
from jupyter_secure.identity import totp
from jupyter_secure.store import places
from jupyter_secure.store.audit_folder import AUDIT_DIRECTORY

USERNAME = "demo"

# Five groups of four out of 31 signs that are hard to confuse: 99 bits, and quick to type.
_SIGNS = "abcdefghjkmnpqrstuvwxyz23456789"
_GROUPS, _GROUP = 5, 4

# Settings of the caller's that would lead out of the throw-away home, or change what is shown.
_FOREIGN = ("JUPYTER", "XDG_", "IPYTHON")

# JupyterLab asks about news at its first start; a demonstration should start with itself.
_QUIET = {
    "@jupyterlab/apputils-extension:notification": {
        "checkForUpdates": False,
        "doNotDisturbMode": True,
        "fetchNews": "false",
    }
}


@dataclass(frozen=True)
class Demo:
    """The throw-away home, and what it takes to log in."""

    home: Path
    username: str
    password: str
    totp_uri: str
    totp_secret: str

    @property
    def notebooks(self) -> Path:
        """The folder that is served."""
        return self.home / "notebooks"

    @property
    def log(self) -> Path:
        """Where JupyterLab writes its log."""
        return self.home / "jupyterlab.log"

    def codes(self, now: datetime) -> tuple[str, str, str]:
        """Return the code that is valid at ``now`` and the two after it."""
        first, second, third = (
            totp.current_code(self.totp_secret, now + timedelta(seconds=ahead * totp.STEP_SECONDS))
            for ahead in range(3)
        )
        return first, second, third

    def seconds_left(self, now: datetime) -> int:
        """Return for how many seconds an authenticator goes on showing the current code."""
        return totp.STEP_SECONDS - int(now.timestamp()) % totp.STEP_SECONDS


def environment(home: Path) -> dict[str, str]:
    """Return this process's environment with everything of Jupyter's led into ``home``."""
    found = {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)}
    found |= {
        "HOME": str(home),
        "JUPYTER_CONFIG_DIR": str(home / ".jupyter"),
        "JUPYTER_DATA_DIR": str(home / ".local" / "share" / "jupyter"),
        "JUPYTER_RUNTIME_DIR": str(home / ".runtime"),
        "IPYTHONDIR": str(home / ".ipython"),
    }
    # Packages installed with `pip install --user` lie under the real home; they must be found.
    if site.ENABLE_USER_SITE:
        found["PYTHONUSERBASE"] = site.getuserbase()
    return found


def make(home: Path, now: datetime) -> Demo:
    """Set ``home`` up and put the examples there, sealed.

    The process's environment must be that of ``environment(home)`` already.
    """
    password = "-".join(
        "".join(secrets.choice(_SIGNS) for _ in range(_GROUP)) for _ in range(_GROUPS)
    )
    prepared = set_up.prepare(set_up.Wishes(USERNAME, password), now)
    set_up.commit(prepared)
    # As `init` does. Nobody keeps the key: the record goes with the demonstration.
    setup_key(places.state_dir() / AUDIT_DIRECTORY)
    demo = Demo(home, USERNAME, password, prepared.totp_uri, prepared.totp_secret)
    _write_examples(demo)
    overrides = places.config_dir() / "labconfig" / "default_setting_overrides.json"
    overrides.parent.mkdir(parents=True, exist_ok=True)
    overrides.write_text(json.dumps(_QUIET))
    return demo


def _write_examples(demo: Demo) -> None:
    demo.notebooks.mkdir()
    root = files.root_from_password(demo.username, demo.password)
    try:
        vault = files.vault_here(root)
        for example in package_files("jupyter_secure").joinpath("examples").iterdir():
            if example.name.endswith(".ipynb"):
                with example.open("rb") as source:
                    pieces = files.sealed_pieces(vault, b"", source)
                    files.replace_file(demo.notebooks / example.name, pieces)
        vault.seal()
    finally:
        root.wipe()
