"""What becomes of a set-up where JupyterHub starts the server.

The Hub's own way of starting one (``jupyterhub-singleuser``) puts its identity provider in the
place of ours and believes every sender's X-Forwarded-* headers, above all settings of the account.
Then nobody would ask for a second factor, and nothing would open the vault: it is refused.
"""

from __future__ import annotations

import os

WHAT = "JupyterHub started this server, and jupyter-secure is set up for this account."
WHY = (
    "The Hub logs people in by itself, in the place of the password and the code that open "
    "the vault. Taking the Hub's word for who somebody is, is not supported yet."
)
REMEDY = (
    "Start this account's server outside the Hub (`jupyter lab`, reached by `jupyter secure "
    "ssh-command`). To use the Hub without this protection, run `jupyter secure vault open --all` "
    "and `jupyter secure disable` first. How the two share the work is in the manual, under "
    '"With JupyterHub".'
)

FINDING = (
    "started this terminal. A server that the Hub starts for this account refuses to run while "
    "jupyter-secure is set up here, since the Hub's login would take the place of ours."
)


def in_environment() -> bool:
    """Return whether a Hub started this process or one above it."""
    return bool(os.environ.get("JUPYTERHUB_SERVICE_URL"))
