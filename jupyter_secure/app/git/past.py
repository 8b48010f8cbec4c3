"""An earlier version of a file, as Git has it, for somebody in a session: as if it lay there."""

from __future__ import annotations

from pathlib import Path

from jupyter_secure.app.content.content import Content
from jupyter_secure.locks import Actor
from jupyter_secure.vault.envelope import FileClass, Header
from jupyter_secure.vault.vault import Vault


def open_past(content: Content, vault: Vault, path: Path, blob: bytes, actor: Actor) -> bytes:
    """Return what is in ``blob``, a sealed version of the file at ``path``.

    Locks on the path hold, and those on the same content. Raises what ``Content.read`` does, but
    never ``NotAsLeft``: another version than the last one is what was asked for.
    """
    key = content.key(path)
    name = f"“{key}”"
    header = Header.parse(blob, name=name)
    content.guard.check_read(key, header, actor)
    passphrase = content.passphrases.find(actor.session, header)
    return vault.open_bytes(blob, expect=FileClass.CONTENT, name=name, passphrase=passphrase).data
