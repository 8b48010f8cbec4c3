"""A pytest plugin that runs jupyter_server's own tests of contents against our manager.

Loaded with ``-p`` before upstream's tests are collected. It puts ``EncryptedContentsManager`` in
the place of every stock manager, encrypts every file, seals what a test writes to the disk as a
fixture before anything of ours looks at it, and refuses to open what is not sealed. Without the
last two, a manager that did nothing would pass.
"""

from __future__ import annotations

import os
import tempfile
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import jupyter_server.base.handlers as stock_handlers
import jupyter_server.services.contents.filecheckpoints as stock_checkpoints
import jupyter_server.services.contents.filemanager as stock_files
import jupyter_server.services.contents.largefilemanager as stock_large
from jupyter_server.serverapp import ServerApp

_HOME = tempfile.TemporaryDirectory(prefix="upstream-")
os.environ["JUPYTER_SECURE_DIR"] = f"{_HOME.name}/secure"
os.environ["JUPYTER_CONFIG_DIR"] = f"{_HOME.name}/config"
os.environ["IPYTHONDIR"] = f"{_HOME.name}/ipython"

from jupyter_secure.app.content import content  # noqa: E402  # after the environment is set
from jupyter_secure.app.content.opening import Facts, Reading  # noqa: E402
from jupyter_secure.app.setup import set_up  # noqa: E402  # after the environment is set
from jupyter_secure.identity.sessions import SessionPolicy  # noqa: E402
from jupyter_secure.locks import Actor  # noqa: E402
from jupyter_secure.server import checkpoints, contents, files, saving  # noqa: E402
from jupyter_secure.server.config import SecureConfig  # noqa: E402
from jupyter_secure.server.runtime import Runtime  # noqa: E402
from jupyter_secure.vault.envelope import is_sealed  # noqa: E402

_PASSWORD = "a red kite over Talgarth at noon"
_ACTOR = Actor("alice", elevated=True, session="upstream")


def _unsealed_state() -> Any:
    from jupyter_secure.app.state import State
    from jupyter_secure.store.vault_file import load_keyring

    prepared = set_up.prepare(set_up.Wishes("alice", _PASSWORD), datetime.now(timezone.utc))
    set_up.commit(prepared)
    directory = Path(os.environ["JUPYTER_SECURE_DIR"])
    state = State.open(directory, SessionPolicy())
    state.vault.unseal(load_keyring(directory).open_with_password("alice", _PASSWORD))
    return state


class _UpstreamRuntime(Runtime):
    """A runtime without a server of ours: the vault is open and everything is encrypted."""

    state = _unsealed_state()
    coverage = None

    def __init__(self) -> None:
        self.config = SecureConfig(encrypt=["*"])


_RUNTIME = _UpstreamRuntime()


class _StrictContent(content.Content):
    """Seals fixtures, and opens nothing that is plain."""

    def _sealed_first(self, path: str | Path) -> None:
        if os.path.isfile(path) and os.access(path, os.R_OK | os.W_OK):
            with open(path, "rb") as file:
                sealed = is_sealed(file.read(8))
            if not sealed:
                self.seal_in_place(path)

    def facts(self, path: str | Path) -> Facts:
        self._sealed_first(path)
        return super().facts(path)

    def read(self, path: str | Path, actor: Actor, **options: Any) -> Reading:
        self._sealed_first(path)
        reading = super().read(path, actor, **options)
        assert reading.header is not None, f"{path} was opened in plain text"
        return reading

    def download(self, path: str | Path, actor: Actor) -> Any:
        self._sealed_first(path)
        return super().download(path, actor)


def _content(root: str) -> content.Content:
    return _StrictContent(
        root=Path(root),
        vault=_RUNTIME.state.vault,
        locks=_RUNTIME.state.locks,
        provenance=_RUNTIME.state.provenance,
        encrypt=("*",),
    )


_RUNTIME.content = _content  # type: ignore[method-assign]
saving.runtime_of = lambda _app: _RUNTIME
for module in (contents, saving, checkpoints):
    module.current_actor = lambda: _ACTOR
files.admission_of = lambda _request: type("Admission", (), {"actor": _ACTOR})

for module, names in (
    (stock_files, ("FileContentsManager", "AsyncFileContentsManager")),
    (stock_large, ("LargeFileManager", "AsyncLargeFileManager")),
):
    for name in names:
        setattr(module, name, contents.EncryptedContentsManager)
for name in ("File", "AsyncFile", "GenericFile", "AsyncGenericFile"):
    setattr(stock_checkpoints, f"{name}Checkpoints", checkpoints.SealedCheckpoints)
stock_handlers.AuthenticatedFileHandler = files.SealedFilesHandler
ServerApp.contents_manager_class.default_value = contents.EncryptedContentsManager
