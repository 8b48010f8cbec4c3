"""Beginning a chain whose verification key goes to the owner, and stays nowhere here."""

from __future__ import annotations

from pathlib import Path

from jupyter_secure.audit.verification_key import VerificationKey
from jupyter_secure.crypto import signing
from jupyter_secure.errors import RecordUnwritable, StorageFailed
from jupyter_secure.store import audit_folder
from jupyter_secure.store.audit_segments import RecordFiles


def setup_key(folder: Path) -> VerificationKey:
    """Begin a new chain of keys and return its verification key; also while a server runs.

    Events before it stay checkable with the keys given out before. Raises ``RecordUnwritable``.
    """
    files = RecordFiles(folder)
    try:
        head, segment_key = files.begin_chain()
        public = signing.public_key(audit_folder.signing_key(folder))
    except (OSError, StorageFailed) as error:
        raise RecordUnwritable(str(error)) from None
    finally:
        files.close()
    return VerificationKey(head.record_id, head.key_from, segment_key, public)
