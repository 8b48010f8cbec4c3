"""Gives each kernel its capability, and takes it back when the kernel ends.

A kernel's environment names a file, and the file holds the capability: an environment is printed
into notebooks, logged and handed to every program that the kernel starts. The kernel talks to a
UNIX socket beside that file, which nothing that is not of this account, on this machine, reaches.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import stat
import tempfile
import weakref
from pathlib import Path
from typing import Any

from jupyter_core.utils import ensure_async
from tornado.ioloop import PeriodicCallback
from tornado.netutil import bind_unix_socket

from jupyter_secure.app.kernels.access import Capabilities, Capability
from jupyter_secure.app.kernels.files import KernelEvent, KernelFiles
from jupyter_secure.errors import Refused, StorageFailed
from jupyter_secure.kernels.access_file import SOCKET_NAME, VARIABLE
from jupyter_secure.server.admission import current_actor
from jupyter_secure.server.kernel_listener import KernelListener
from jupyter_secure.store.atomic import write_atomically
from jupyter_secure.store.temporary import is_temporary

_SWEEP_SECONDS = 2
_PREFIX = "jupyter-secure-"
# The room for a path in a socket's address: 108 bytes on Linux, 104 elsewhere, with a NUL.
_LONGEST_SOCKET_PATH = 100
_ANSWER_SECONDS = 1


class KernelAccess:
    """The kernels of one server, and what they may reach. Lives on the event loop."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self.capabilities = Capabilities()
        self._files: KernelFiles | None = None
        self._folder: Path | None = None
        self._listener: KernelListener | None = None
        self._sweeping: PeriodicCallback | None = None
        self._managers: dict[str, weakref.ref[Any]] = {}
        # Runs that have had a process: before that, having none does not mean that it has ended.
        self._launched: weakref.WeakSet[Capability] = weakref.WeakSet()
        # Of whoever started this server, where that is itself a kernel.
        os.environ.pop(VARIABLE, None)

    @property
    def files(self) -> KernelFiles:
        """The files as kernels reach them."""
        if self._files is None:
            manager = self._app.contents_manager
            self._files = KernelFiles(
                manager.content,
                manager.root_dir,
                self.capabilities,
                self._record,
                allow_hidden=manager.allow_hidden,
            )
        return self._files

    # ── start and end of the server ─────────────────────────────────────────────────────────────

    def open(self) -> None:
        """Listen for kernels, and give each one that starts from now on its capability."""
        app = self._app
        try:
            self._folder = _private_folder(app.runtime_dir)
            self._listener = KernelListener(app.web_app)
            self._listener.add_socket(bind_unix_socket(str(self._folder / SOCKET_NAME), 0o600))
        except OSError as error:
            app.log.warning("Kernels cannot read sealed data: %s.", error.strerror or error)
            self.close()
            return
        manager = app.kernel_manager
        make = getattr(manager, "pre_start_kernel", None)
        if make is None:
            app.log.warning("Kernels of %s cannot read sealed data.", type(manager).__name__)
            return
        # The live manager, whichever class the administrator chose. A gateway's kernels run
        # elsewhere and are not made here: they get nothing.

        def pre_start_kernel(name: str | None, kwargs: dict[str, Any]) -> Any:
            made = make(name, kwargs)
            kernel, _, kernel_id = made
            self._follow(kernel, kernel_id)
            return made

        manager.pre_start_kernel = pre_start_kernel
        self._sweeping = PeriodicCallback(self.sweep, _SWEEP_SECONDS * 1000)
        self._sweeping.start()

    def close(self) -> None:
        """End every capability, and remove what was written for kernels."""
        self.capabilities.end_all()
        if self._sweeping is not None:
            self._sweeping.stop()
        if self._listener is not None:
            self._listener.stop()
            self._listener = None
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    # ── start and end of a kernel ───────────────────────────────────────────────────────────────

    def _follow(self, kernel: Any, kernel_id: str) -> None:
        """Do our part at each start of ``kernel``: the first one and every restart."""
        prepare = getattr(type(kernel), "_async_pre_start_kernel", None)
        if prepare is None:
            self._app.log.warning("Kernels of %s cannot read sealed data.", type(kernel).__name__)
            return
        # Weakly: a kernel manager cleans up after itself when nobody holds it any more.
        reference = weakref.ref(kernel)

        async def pre_start(**kwargs: Any) -> Any:
            # A copy: what Jupyter was given may be the server's own environment.
            environment = dict(kwargs.get("env") or os.environ)
            environment.pop(VARIABLE, None)
            path = self._give(reference, kernel_id, kwargs.get("cwd") or os.getcwd())
            if path is not None:
                environment[VARIABLE] = str(path)
            return await prepare(reference(), **{**kwargs, "env": environment})

        kernel._async_pre_start_kernel = pre_start

    def _give(self, kernel: weakref.ref[Any], kernel_id: str, cwd: str) -> Path | None:
        """Write the capability of a kernel that is about to start in ``cwd``."""
        self.capabilities.end(kernel_id)
        if self._folder is None:
            return None
        content = self._app.contents_manager.content
        try:
            folder = content.key(cwd)
        except Refused:
            folder = os.path.realpath(cwd)
        if folder.startswith("/"):
            self._app.log.info("Kernel %s starts outside of the served folder.", kernel_id)
            return None

        def runs() -> bool:
            alive = kernel()
            return alive is not None and not alive.shutting_down

        token = self.capabilities.issue(kernel_id, folder, current_actor().username, runs)
        path = self._folder / f"{kernel_id}.json"
        facts = {
            "socket": str(self._folder / SOCKET_NAME),
            "base_url": self._app.base_url,
            "token": token,
        }
        try:
            write_atomically(path, json.dumps(facts).encode(), mode=0o600)
        except StorageFailed as error:
            # The kernel itself may do without.
            self._app.log.warning("Kernel %s cannot read sealed data: %s", kernel_id, error)
            self.capabilities.end(kernel_id)
            return None
        self._managers[kernel_id] = kernel
        return path

    async def is_alive(self, capability: Capability) -> bool:
        """Say whether the very process that ``capability`` was given to is still there."""
        reference = self._managers.get(capability.kernel_id)
        kernel = reference() if reference is not None else None
        if kernel is None or not capability.runs() or not kernel.has_kernel:
            return False
        self._launched.add(capability)
        return bool(await ensure_async(kernel.is_alive())) and capability.runs()

    async def sweep(self) -> None:
        """Take back what was given to runs of kernels that have ended, however they did."""
        for capability in self.capabilities.list():
            alive = await self.is_alive(capability)
            starting = capability.runs() and capability not in self._launched
            if alive or starting or not self.capabilities.end_run(capability):
                continue
            self._managers.pop(capability.kernel_id, None)
            if self._folder is not None:
                with contextlib.suppress(OSError):
                    (self._folder / f"{capability.kernel_id}.json").unlink()

    def _record(self, event: KernelEvent) -> None:
        self._app.log.info(
            "Kernel %s of %s: %s “%s”: %s.",
            event.kernel_id,
            event.account or "nobody",
            event.action,
            event.path,
            event.outcome,
        )


def _private_folder(runtime_dir: str) -> Path:
    """Make a folder for one run of a server, and remove those of servers that were killed."""
    Path(runtime_dir).mkdir(mode=0o700, parents=True, exist_ok=True)
    for old in Path(runtime_dir).glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError):
            _remove_if_left_behind(old)
    # mkdtemp gives it the mode 0700.
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=runtime_dir))
    if len(os.fsencode(folder / SOCKET_NAME)) > _LONGEST_SOCKET_PATH:
        folder.rmdir()
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
    return folder


def _remove_if_left_behind(folder: Path) -> None:
    """Remove what a server made and does not answer in. Raises ``OSError``."""
    facts = folder.lstat()
    if not stat.S_ISDIR(facts.st_mode) or facts.st_uid != os.geteuid():
        return
    names = [entry.name for entry in folder.iterdir()]
    # Nothing else: whoever keeps a folder with such a name here keeps what is in it. And one
    # without a socket belongs to a server that is just starting.
    ours = (name == SOCKET_NAME or name.endswith(".json") or is_temporary(name) for name in names)
    if all(ours) and SOCKET_NAME in names and not _answers(folder / SOCKET_NAME):
        for name in names:
            (folder / name).unlink()
        folder.rmdir()


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(_ANSWER_SECONDS)  # one that takes no more connections would keep us
        try:
            probe.connect(str(path))
        except (FileNotFoundError, ConnectionRefusedError):
            return False
        except OSError:
            return True  # it may be another's: not ours to remove
    return True
