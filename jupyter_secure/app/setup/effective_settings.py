"""The settings a Jupyter server of this account would start with, from all of its files.

They are asked of Jupyter itself, in a process of its own: a settings file may be Python and do
anything, and nothing here may import Jupyter. Only its configuration loader runs, so it takes a
fifth of a second where `jupyter server --show-config-json` starts half a server.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jupyter_secure.errors import StateUnusable

_TIMEOUT_SECONDS = 30
_DEFAULT_PATTERNS = ("*.ipynb",)

# What `jupyter server`, `jupyter lab` and `jupyter notebook` read, in this order; later ones win.
# Errors are raised: Jupyter itself would log them and serve without the settings.
_PROGRAM = """
import json, os, sys
from jupyter_core.application import JupyterApp
from jupyter_core.paths import jupyter_config_path
from jupyter_server.config_manager import BaseJSONConfigManager, recursive_update
from traitlets.config.application import Application
from traitlets.config.loader import ConfigFileNotFound

class Settings(JupyterApp):
    name = "jupyter-server"
    config_file_name = "jupyter_server_config"
    raise_config_file_errors = True

app = Settings()
app.load_config_file()
for name in ("jupyter_lab_config", "jupyter_notebook_config"):
    try:
        Application.load_config_file(app, name, path=app.config_file_paths)
    except ConfigFileNotFound:
        pass
page = {}
try:
    for folder in reversed(jupyter_config_path()):
        pages = BaseJSONConfigManager(config_dir=os.path.join(folder, "labconfig"))
        recursive_update(page, pages.get("page_config"))
    disabled = [name for name, off in page.get("disabledExtensions", {}).items() if off]
except Exception:
    disabled = []  # what pages cannot read either turns nothing off
answer = {"settings": app.config, "files": app.loaded_config_files, "disabled": disabled}
json.dump(answer, sys.stdout, default=repr)
"""


@dataclass(frozen=True)
class EffectiveSettings:
    """Settings by class and trait, and the files that they come from, the strongest last.

    ``disabled`` names the extensions of JupyterLab's pages that Jupyter's settings turn off.
    """

    settings: dict[str, dict[str, Any]]
    files: tuple[str, ...]
    disabled: frozenset[str] = frozenset()

    def get(self, name: str, trait: str, default: Any = None) -> Any:
        """Return one setting, such as ``get("ServerApp", "certfile")``."""
        return self.settings.get(name, {}).get(trait, default)


def effective_settings() -> EffectiveSettings:
    """Return them; StateUnusable when Jupyter cannot load its files or is not installed."""
    try:
        done = subprocess.run(
            [sys.executable, "-c", _PROGRAM],
            stdin=subprocess.DEVNULL,
            # `python -c` looks for modules in the current folder first, and that may be anybody's:
            # a json.py that lies beside a notebook must not run.
            cwd=Path(sys.executable).anchor,
            capture_output=True,
            timeout=_TIMEOUT_SECONDS,
            check=True,
        )
        answer = json.loads(done.stdout)
        return EffectiveSettings(
            answer["settings"], tuple(answer["files"]), frozenset(answer["disabled"])
        )
    except subprocess.CalledProcessError as error:
        lines = error.stderr.decode(errors="replace").strip().splitlines()
        cause = lines[-1] if lines else f"exit code {error.returncode}"
    except subprocess.TimeoutExpired:
        cause = f"a settings file did not finish in {_TIMEOUT_SECONDS} s"
    except (OSError, ValueError, KeyError) as error:
        cause = type(error).__name__
    raise StateUnusable(
        "Jupyter's settings cannot be loaded.",
        why=f"{cause}.",
        remedy="Correct the settings file: a server ignores one that it cannot load.",
    )


def patterns_of(settings: EffectiveSettings) -> tuple[str, ...]:
    """Return the patterns of the files that are to be encrypted."""
    patterns = settings.get("SecureConfig", "encrypt", _DEFAULT_PATTERNS)
    return tuple(str(pattern) for pattern in patterns)
