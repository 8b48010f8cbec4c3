"""What came in parts, told of as any save is: read back, as nobody holds all of it at once."""

from __future__ import annotations

import contextlib
from pathlib import Path

from jupyter_secure.app.content.opening import FIRST_BYTES, at_once, explained, opened_whole
from jupyter_secure.app.content.saves import SAVED, Saved, Saves
from jupyter_secure.app.content.writing import Then
from jupyter_secure.errors import SecureError
from jupyter_secure.locks import Actor
from jupyter_secure.vault.envelope import FileClass, Header
from jupyter_secure.vault.passphrase import PassphraseKey
from jupyter_secure.vault.vault import Vault


class Parts:
    """Tells ``saves`` of content that is not more than it takes."""

    def __init__(self, vault: Vault, saves: Saves) -> None:
        self._vault, self._saves = vault, saves

    def then(self, path: str | Path, key: str, actor: Actor) -> Then:
        """Return what a ``Writing`` to ``path`` by ``actor`` calls once it is in place."""

        def tell(header: Header, size: int, passphrase: PassphraseKey | None) -> None:
            if size > self._saves.most(key):
                return
            # It is in place whatever comes of this; if it cannot be read, whoever opens it is told.
            with (
                contextlib.suppress(SecureError),
                explained(path),
                open(path, "rb", opener=at_once) as file,
            ):
                opener = self._vault.opener(header, expect=FileClass.CONTENT, passphrase=passphrase)
                data = opened_whole(file, file.read(FIRST_BYTES), header, opener)
                self._saves.saved(Saved(header.file_id, key, data, actor, passphrase), SAVED)

        return tell
