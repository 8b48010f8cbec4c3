"""``vault.json`` on the disk. Its contents are ``vault/keyring.py``'s business."""

from __future__ import annotations

import errno
import os
import stat
import sys
from collections.abc import Callable
from pathlib import Path

from jupyter_secure.errors import NotSetUp, StateUnusable
from jupyter_secure.store.atomic import write_atomically
from jupyter_secure.vault.keyring import Keyring
from jupyter_secure.vault.keyring_json import MAX_BYTES

if sys.platform != "win32":
    import fcntl

VAULT_FILE = "vault.json"


def load_keyring(state_dir: Path) -> Keyring:
    """Read ``vault.json`` from the state directory.

    Raises ``NotSetUp`` if it is missing, ``StateUnusable`` if it cannot be read or is damaged, and
    ``UnsupportedFormat`` if a newer jupyter-secure wrote it.
    """
    path = state_dir / VAULT_FILE
    try:
        text = _read(path)
    except FileNotFoundError:
        raise NotSetUp(
            f"There is no {path}.",
            why="jupyter-secure is not set up here, or the file was moved away.",
            remedy="Run `jupyter secure init`, or restore the file from a backup.",
        ) from None
    except OSError as error:
        raise StateUnusable(
            f"{path} could not be read.",
            why=f"{error.strerror}.",
            remedy="Make it readable for the account that runs Jupyter.",
        ) from error
    return Keyring.from_json(text, name=str(path))


def _read(path: Path) -> bytes:
    # A running server looks at it every few seconds: what was put in its place from outside must
    # neither keep it waiting (a pipe) nor fill its memory.
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "It is not a regular file")
        with open(descriptor, "rb", closefd=False) as file:
            return file.read(MAX_BYTES + 1)
    finally:
        os.close(descriptor)


def save_keyring(state_dir: Path, keyring: Keyring) -> None:
    """Write ``vault.json``, readable by its owner only. Raises ``StorageFailed``."""
    # 0600: a wrapped key that others can read is a password that others can guess at.
    write_atomically(state_dir / VAULT_FILE, keyring.to_json(), mode=0o600)


def change_keyring(state_dir: Path, change: Callable[[Keyring], Keyring]) -> Keyring:
    """Replace ``vault.json`` by what ``change`` makes of the present one, and return that.

    Changes of several processes come one after the other, so that none undoes another's. Raises as
    ``load_keyring`` and ``save_keyring`` do; what ``change`` raises passes through. Either way the
    file then is as it was.
    """
    load_keyring(state_dir)  # says what is wrong where there is no folder to lock
    descriptor = os.open(state_dir, os.O_RDONLY) if sys.platform != "win32" else -1
    try:
        if sys.platform != "win32":
            # The folder itself: vault.json is another file after each change. Closing lets go.
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        changed = change(load_keyring(state_dir))
        save_keyring(state_dir, changed)
    finally:
        if descriptor >= 0:
            os.close(descriptor)
    return changed
