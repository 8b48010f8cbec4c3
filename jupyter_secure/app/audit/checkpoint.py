"""Making a checkpoint: a signed statement of where the record stands, to be kept elsewhere."""

from __future__ import annotations

import os
import time
from pathlib import Path

from jupyter_secure.audit import checkpoints
from jupyter_secure.audit.checkpoints import Checkpoint
from jupyter_secure.errors import NotFound, RecordUnwritable, StorageFailed
from jupyter_secure.store import audit_folder
from jupyter_secure.store.audit_segments import RecordFiles


def checkpoint(folder: Path) -> Checkpoint:
    """Sign where the record stands, and keep that in the record's folder too.

    Raises ``NotFound`` where nothing was recorded, and ``RecordUnwritable``.
    """
    path, files = folder / audit_folder.CHECKPOINTS_FILE, RecordFiles(folder)
    try:
        if not folder.is_dir():
            raise NotFound(f"There is no record in {folder}.")
        head = files.settle()
        # Where it stood a moment ago; what comes meanwhile is another checkpoint's.
        with audit_folder.locked(folder):
            made = checkpoints.make(
                head.record_id.hex(),
                head.segment,
                head.seq,
                head.link,
                time.time_ns() // 10**6,
                head.key,
                audit_folder.signing_key(folder),
            )
            descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                os.write(descriptor, f"{made.to_line()}\n".encode())
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
    except OSError as error:
        raise RecordUnwritable(f"{error.strerror}.") from None
    except StorageFailed as error:
        raise RecordUnwritable(error.why or error.what) from None
    finally:
        files.close()
    return made
