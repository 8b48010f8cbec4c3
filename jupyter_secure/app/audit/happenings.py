"""What happens by itself, or by another's hand: sessions that end, the vault that opens and closes.

There is no request that it could be recorded with, so nothing waits for it; what was written into
the same queue before an answer is on the disk before that.
"""

from __future__ import annotations

from jupyter_secure.app.login.sessions import Sessions
from jupyter_secure.audit.events import Event, Who
from jupyter_secure.audit.recorder import Recorder
from jupyter_secure.identity.sessions import Session
from jupyter_secure.vault.vault import Vault


def watch(recorder: Recorder, sessions: Sessions, vault: Vault) -> None:
    """Record from now on what becomes of ``sessions`` and ``vault``."""

    def session_ended(session: Session, limit: str) -> None:
        who = Who(session.username, session=session.public_id)
        if limit:
            recorder.note(Event("session:expire", who=who, reason=limit))
        else:
            recorder.note(Event("session:end", who=who, reason="ended-by-others"))

    def vault_changed(is_open: bool) -> None:
        recorder.note(Event("vault:unseal" if is_open else "vault:seal"))

    sessions.on_end, vault.on_change = session_ended, vault_changed
    if vault.is_open:  # by a key file, before anybody could tell
        recorder.note(Event("vault:unseal", details={"by": "key file"}))
