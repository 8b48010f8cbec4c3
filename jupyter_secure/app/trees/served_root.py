"""Which folder a server serves, seen from a folder in it: names and marks count from there."""

from __future__ import annotations

from pathlib import Path

from jupyter_secure.app.setup.effective_settings import EffectiveSettings


def served_root(folder: Path, settings: EffectiveSettings) -> Path:
    """Return the configured root or where we are, the first that ``folder`` lies in; else itself.

    ``folder`` is absolute.
    """
    configured = str(settings.get("ServerApp", "root_dir", ""))
    known = [Path(configured).expanduser()] if configured else []
    here = folder.resolve()
    tried = (*known, Path.cwd(), folder)
    return next(one for one in tried if here.is_relative_to(one.resolve())).absolute()
