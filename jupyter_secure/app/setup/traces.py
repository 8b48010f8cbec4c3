"""Plaintext that other programs leave of a notebook, and how to stop the worst of it.

These are not ours to delete: they may hold the only copy of something. We look, and say.
"""

from __future__ import annotations

import os
import shlex
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from jupyter_secure.app.setup.settings_record import server_settings
from jupyter_secure.store import places

#: JupyterLab's part of the debugger, by which pages ask kernels to debug.
DEBUGGER = "@jupyterlab/debugger-extension"
#: How to turn it off by hand, for those who want it off after all.
DEBUGGER_OFF = f"jupyter labextension disable --level=user {DEBUGGER}"

# Folders of ipykernel's debugger, one for each process that was debugged.
_DEBUGGED = "ipykernel_[0-9]*"

# Written by other extensions into the folder that is served, each holding contents of notebooks;
# and the extension, without which it is not written.
_LEFT_IN_FOLDERS = {
    ".virtual_documents": ("the language server's copies of notebooks", "jupyter_lsp"),
    ".jupyter_ystore.db": (
        "the collaboration extension's copies of notebooks",
        "jupyter_server_ydoc",
    ),
}


@dataclass(frozen=True)
class Leaver:
    """A program that leaves plaintext, and the settings with which it leaves none.

    ``what`` says to people what it does, ``question`` asks whether to stop that; ``package`` is
    what it comes in, empty for IPython, without which there is no kernel. ``settings`` go into
    ``file``.
    """

    name: str
    what: str
    question: str
    package: str
    settings: Mapping[str, Mapping[str, bool]]
    file: Callable[[], Path]


def ipython_dir(env: Mapping[str, str] | None = None) -> Path:
    """Return IPython's folder, as IPython finds it: IPYTHONDIR, else ``~/.ipython``."""
    env = os.environ if env is None else env
    chosen = env.get("IPYTHONDIR", "")
    return Path(chosen).expanduser() if chosen else Path("~/.ipython").expanduser()


def ipython_settings(env: Mapping[str, str] | None = None) -> Path:
    """Return the settings file that every IPython kernel of this account reads."""
    return ipython_dir(env) / "profile_default" / "ipython_kernel_config.json"


def page_settings() -> Path:
    """Return the settings file of this account that JupyterLab's and Notebook's pages read."""
    return places.config_dir() / "labconfig" / "page_config.json"


#: By the order in which they are asked about.
LEAVERS = (
    Leaver(
        "ipython-history",
        "IPython records every cell that is run, unencrypted, in ~/.ipython.",
        "Turn that off?",
        "",
        {"HistoryManager": {"enabled": False}},  # it keeps them in memory then
        ipython_settings,
    ),
    # It is the servers that ask for files; without any that is found, none are written.
    Leaver(
        "language-servers",
        "Language servers get copies of open notebooks, unencrypted, in .virtual_documents.",
        "Start no language servers?",
        "jupyter_lsp",
        {"LanguageServerManager": {"autodetect": False}},
        server_settings,
    ),
    Leaver(
        "collaboration",
        "jupyter-collaboration keeps copies of notebooks, unencrypted, in .jupyter_ystore.db.",
        "Turn working together off?",
        "jupyter_server_ydoc",
        {"YDocExtension": {"disable_rtc": True}},
        server_settings,
    ),
    # ipykernel has no setting for it. Without the buttons nobody asks it to, by accident at least.
    Leaver(
        "debugger",
        "JupyterLab's debugger has cells that it debugs written, unencrypted, into the temporary"
        " folder.",
        "Turn the debugger off?",
        "jupyterlab",
        {"disabledExtensions": {DEBUGGER: True}},
        page_settings,
    ),
)


def leavers() -> tuple[Leaver, ...]:
    """Return those that are installed beside us."""
    return tuple(one for one in LEAVERS if not one.package or find_spec(one.package) is not None)


@dataclass(frozen=True)
class Trace:
    """One file or folder that may hold plaintext; ``remedy`` says how to be rid of it."""

    path: Path
    what: str
    remedy: str


def ipython_history(env: Mapping[str, str] | None = None) -> Path:
    """Return the database in which IPython keeps the cells that were run."""
    return ipython_dir(env) / "profile_default" / "history.sqlite"


def find(root: Path) -> Iterator[Trace]:
    """Yield what others have left in ``root``'s own tree and in IPython's folder."""
    history = ipython_history()
    if history.exists():
        yield Trace(
            history,
            "the cells that kernels have run so far",
            f"Delete it if you need none of it: rm {_quoted(history)}",
        )
    for path in sorted(Path(tempfile.gettempdir()).glob(_DEBUGGED)):
        # Written cell by cell while one debugs, by the account that runs the kernel.
        if path.stat().st_uid == os.geteuid():
            yield Trace(
                path,
                "the cells that a debugger has stepped through",
                f"Delete it when no kernel is being debugged: rm -r {_quoted(path)}\n"
                f"To have no more of them: {DEBUGGER_OFF}",
            )
    for folder, folders, files in os.walk(root, onerror=None):
        for name in sorted(_LEFT_IN_FOLDERS.keys() & {*folders, *files}):
            path = Path(folder, name)
            what, extension = _LEFT_IN_FOLDERS[name]
            off = f"jupyter server extension disable {extension}"
            yield Trace(
                path,
                what,
                f"Delete it: rm -r {_quoted(path)}\nTo have no more of them: {off}",
            )
        folders[:] = [name for name in folders if name not in _LEFT_IN_FOLDERS]


def _quoted(path: Path) -> str:
    # People paste what they are told to run, and an archive may hold a folder "x; rm -r ~".
    return shlex.quote(str(path))
