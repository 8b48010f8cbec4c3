"""jupyter-secure makes an ordinary JupyterLab a place for sensitive work.

The three classes below are what an administrator names in ``jupyter_server_config.py``. They are
loaded on first use, so that importing a feature package (``jupyter_secure.vault``, say) never
pulls in the web server; and so is the version.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jupyter_server.serverapp import ServerApp

    from jupyter_secure.server.config import SecureConfig
    from jupyter_secure.server.contents import EncryptedContentsManager
    from jupyter_secure.server.identity_provider import TwoFactorIdentityProvider

    __version__: str

__all__ = [
    "EncryptedContentsManager",
    "SecureConfig",
    "TwoFactorIdentityProvider",
    "__version__",
]

_HOMES = {
    "EncryptedContentsManager": "jupyter_secure.server.contents",
    "SecureConfig": "jupyter_secure.server.config",
    "TwoFactorIdentityProvider": "jupyter_secure.server.identity_provider",
}


def __getattr__(name: str) -> Any:
    if name == "__version__":
        # Few ask, and reading it takes longer than most commands need to start.
        from importlib.metadata import version

        return version("jupyter-secure")
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)


def _jupyter_labextension_paths() -> list[dict[str, str]]:
    return [{"src": "labextension", "dest": "jupyter-secure"}]


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": "jupyter_secure"}]


def _link_jupyter_server_extension(serverapp: ServerApp) -> None:
    from jupyter_secure.server.hub import take_place

    take_place(serverapp)


def _load_jupyter_server_extension(serverapp: ServerApp) -> None:
    from jupyter_secure.server.extension import load

    load(serverapp)
