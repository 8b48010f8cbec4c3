"""Where Jupyter keeps checkpoints, and what a plain one is to be sealed as."""

from __future__ import annotations

from pathlib import Path

from jupyter_secure.app.content import files
from jupyter_secure.app.content.coverage import CHECKPOINTS
from jupyter_secure.app.content.in_place import Bound
from jupyter_secure.errors import SecureError
from jupyter_secure.vault.envelope import FileClass
from jupyter_secure.vault.vault import Vault

# Between the name of a file and its extension: `a-checkpoint.ipynb` is that of `a.ipynb`.
_SUFFIX = "-checkpoint"


def is_checkpoint(path: Path) -> bool:
    """Say whether ``path`` lies in a folder of checkpoints."""
    return CHECKPOINTS in path.parts


def checkpoint_beside(path: Path) -> Path:
    """Return where the checkpoint of a file lies, by Jupyter's own settings."""
    return path.parent / CHECKPOINTS / f"{path.stem}{_SUFFIX}{path.suffix}"


def bound_for(path: Path, vault: Vault) -> Bound:
    """Return what a plain file at ``path`` is sealed as.

    A checkpoint has the identity of its file, where that is sealed: so whatever holds for the file
    holds for it too, and it cannot be put back over another one.
    """
    if not is_checkpoint(path):
        return Bound()
    name = path.stem.removesuffix(_SUFFIX) + path.suffix
    try:
        with files.open_file(path.parent.parent / name) as file:
            header = files.head(file, name).header
    except (SecureError, OSError):
        header = None
    if header is None or header.vault_id != vault.vault_id:
        return Bound(FileClass.HISTORY)
    return Bound(FileClass.HISTORY, header.file_id)
