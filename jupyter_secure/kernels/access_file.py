"""Where a kernel finds the way to the server that started it.

The environment variable names a file, which only this account can read, and the file holds how to
reach the server: printing the environment, or passing it on, gives nothing away.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field

#: Names the file; set by the server for each kernel.
VARIABLE = "JUPYTER_SECURE_KERNEL"
SOCKET_NAME = "kernels.sock"


class NoAccess(PermissionError):
    """This process has no way to sealed data, or has it no more."""


@dataclass(frozen=True)
class Access:
    """How to reach the server. ``base_url`` begins and ends with a slash."""

    socket: str
    base_url: str
    token: str = field(repr=False)  # a traceback ends up in the notebook


def read() -> Access:
    """Return this process's access. Raises ``NoAccess``, which says how to get one."""
    path = os.environ.get(VARIABLE, "")
    if not path:
        raise NoAccess(
            "secure:// works in a kernel that a server with jupyter-secure has started, in a "
            "folder which that server serves. This process is none: open the notebook in "
            "JupyterLab; on the command line, use `jupyter secure vault open`."
        )
    try:
        with open(path, encoding="utf-8") as file:
            # Where others may rename what lies in the runtime directory, they could put a file of
            # theirs there, and would be sent what this kernel writes.
            if os.fstat(file.fileno()).st_uid not in (os.geteuid(), 0):
                raise PermissionError
            facts = json.load(file)
        return Access(facts["socket"], facts["base_url"], facts["token"])
    except (OSError, ValueError, KeyError, TypeError):
        # From None: what the file holds is a secret.
        raise NoAccess(
            "This kernel has no access to sealed data any more: its server was stopped, or the "
            "kernel has ended. Restart the kernel in JupyterLab."
        ) from None
