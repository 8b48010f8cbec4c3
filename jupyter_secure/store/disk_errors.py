"""What a disk refuses, in words."""

from __future__ import annotations

import errno

_EXPLANATIONS = {
    errno.ENOSPC: ("The disk is full.", "Free some space and save again."),
    errno.EDQUOT: ("Your disk quota is used up.", "Delete some files and save again."),
    errno.EROFS: ("The file system is read-only.", "Save to another place."),
    errno.EACCES: ("The permissions of the file or its folder do not allow it.", "Change them."),
    errno.EPERM: ("The permissions of the file or its folder do not allow it.", "Change them."),
    errno.ENOENT: ("Its folder does not exist.", "Make the folder first."),
    errno.ENOTDIR: ("What should be its folder is a file.", "Choose another place."),
    errno.EISDIR: ("It is a folder.", "Choose another name."),
    errno.ENAMETOOLONG: ("Its name is too long.", "Choose a shorter name."),
    errno.EFBIG: ("It is larger than the file system or a limit allows.", "Make it smaller."),
    errno.EMFILE: ("Too many files are open.", "Close some notebooks and save again."),
}


def explain(error: OSError) -> tuple[str, str]:
    """Return why the system refused, and what to do, in words."""
    known = _EXPLANATIONS.get(error.errno or 0)
    return known or (f"{error.strerror or 'The system gave no reason'}.", "Try again.")
