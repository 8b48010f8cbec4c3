"""The settings without which nothing is protected, and whether they are in effect."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from jupyter_secure.app.setup.effective_settings import EffectiveSettings
from jupyter_secure.store import places

IDENTITY_PROVIDER = "jupyter_secure.TwoFactorIdentityProvider"
CONTENTS_MANAGER = "jupyter_secure.EncryptedContentsManager"

_REQUIRED = {
    "identity_provider_class": IDENTITY_PROVIDER,
    "contents_manager_class": CONTENTS_MANAGER,
}


def required_settings(certfile: Path, keyfile: Path) -> dict[str, dict[str, Any]]:
    """Return what a set-up writes into ``jupyter_server_config.json``."""
    settings: dict[str, dict[str, Any]] = {
        "ServerApp": {**_REQUIRED, "certfile": str(certfile), "keyfile": str(keyfile)}
    }
    # Named only where a server would look elsewhere: it may not see this shell's environment.
    if places.state_dir() != _default_state_dir():
        settings["SecureConfig"] = {"state_dir": str(places.state_dir())}
    return settings


def not_in_effect(effective: EffectiveSettings) -> dict[str, str]:
    """Return the required settings that a server would not start with, as trait → its value."""
    wrong = {}
    for trait, wanted in _REQUIRED.items():
        value = str(effective.get("ServerApp", trait, ""))
        # A Python settings file may name the class by its full path, or hold the class itself.
        package, _, name = wanted.rpartition(".")
        if not re.search(rf"(?<![\w.]){package}\.(\w+\.)*{name}(?!\w)", value):
            wrong[f"ServerApp.{trait}"] = value
    state_dir = effective.get("SecureConfig", "state_dir")
    if state_dir and Path(str(state_dir)).expanduser().absolute() != places.state_dir():
        wrong["SecureConfig.state_dir"] = str(state_dir)
    if not state_dir and places.state_dir() != _default_state_dir():
        wrong["SecureConfig.state_dir"] = ""
    return wrong


def _default_state_dir() -> Path:
    return places.data_dir() / "secure"
