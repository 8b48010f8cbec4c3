"""Commands that seal files, or note down what they did: not while the root key is being changed.

They hold the root key that was there when they began. Under the old one they would go on making
files that only the old recovery key opens, and rows in a catalogue that is under the new one, which
could not be believed any more.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from jupyter_secure.errors import StateUnusable
from jupyter_secure.store import places
from jupyter_secure.store.in_use import InUse
from jupyter_secure.store.vault_file import VAULT_FILE, load_keyring


@contextmanager
def at_work(*, between_keys: bool = False) -> Iterator[None]:
    """Keep the root key what it is for the block. Enter it before any key is asked for.

    Where nothing is set up there is none to keep. Raises ``StateUnusable`` while it is being
    changed and, unless ``between_keys`` is fine, when that was cut short.
    """
    state = places.state_dir()
    if not (state / VAULT_FILE).exists():
        yield
        return
    with InUse.take(state):
        if not between_keys and is_between_keys():
            raise StateUnusable(
                "A change of the root key was cut short.",
                why="What is changed now could be lost to it.",
                remedy="Run `jupyter secure vault rotate --full FOLDER…`: it goes on where it was.",
            )
        yield


def is_between_keys() -> bool:
    """Return whether a change of the root key was begun and not finished. Raises ``NotSetUp``."""
    return load_keyring(places.state_dir()).previous is not None
