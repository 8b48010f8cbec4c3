"""Whose a file is and who may do what with it, kept when it is replaced by another one."""

from __future__ import annotations

import contextlib
import os
import stat
import sys
from pathlib import Path

# acl(5). Where a file has one, the mode's bits for the group are the most that anyone it names may
# do, and not what the group may: kept without the list, they would let the group in.
_ACL = "system.posix_acl_access"


def keep_permissions(descriptor: int, target: Path, existing: os.stat_result) -> None:
    """Give the open file the owner, group, mode and access list of ``target``.

    Owner and group where we may: a shared folder's files stay its group's. Raises ``OSError`` where
    the rest cannot be kept, as the file would be open to others than before.
    """
    if os.name != "posix":
        return
    created = os.fstat(descriptor)
    if (created.st_uid, created.st_gid) != (existing.st_uid, existing.st_gid):
        with contextlib.suppress(PermissionError):
            os.fchown(descriptor, existing.st_uid, existing.st_gid)
    if sys.platform == "linux":
        _keep_acl(descriptor, target)
    # After the owner: changing that clears bits.
    os.fchmod(descriptor, stat.S_IMODE(existing.st_mode))


def _keep_acl(descriptor: int, target: Path) -> None:
    if sys.platform != "linux":
        return
    try:
        acl = os.getxattr(target, _ACL)
    except OSError:  # none, or a file system that knows of none and says so in its own way
        # The folder may have given the new file one that the old did not have.
        with contextlib.suppress(OSError):
            os.removexattr(descriptor, _ACL)
    else:
        os.setxattr(descriptor, _ACL, acl)
