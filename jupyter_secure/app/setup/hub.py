"""What becomes of a set-up where JupyterHub starts the server: who does what, in words.

Behind the Hub our identity provider stands where the Hub's own would (``server/hub.py``). Where it
does not, nobody would ask for a second factor and nothing would open the vault: that is refused.
"""

from __future__ import annotations

import os

WHAT = "JupyterHub started this server, and its own login is in the place of ours."
WHY = (
    "Nobody would ask for what opens the vault, and no gate would stand before the server. The "
    "Hub's older way of starting servers, or a setting of the Hub's that leaves out extensions or "
    "this account's settings, leads to that."
)
REMEDY = (
    "Let the Hub start jupyterhub-singleuser without JUPYTERHUB_SINGLEUSER_EXTENSION=0, "
    "JUPYTERHUB_SINGLEUSER_LOAD_OTHER_EXTENSIONS=0 and Spawner.disable_user_config. To use the Hub "
    "without this protection, run `jupyter secure vault open --all` and `jupyter secure disable`. "
    'How the two share the work is in the manual, under "With JupyterHub".'
)

KEEPS = (
    "JupyterHub keeps: its login, who may use this server at all, starting and stopping it, and "
    "TLS at its proxy."
)
OURS = (
    "jupyter-secure keeps: the gate before every route, sessions and their limits, the second "
    "factor, locks, encryption and the record. The Hub's tokens open nothing here."
)
NO_KEY_FILE = (
    'SecureConfig.hub_login is "hub" and there is no key_file: our own login is asked for all the '
    "same, as only a password opens the vault."
)
ONE_ORIGIN = (
    "This Hub serves all its users under one host name: for a browser they are one site. Whoever "
    "opens another user's server is in that user's hands, here too. JupyterHub.subdomain_host "
    "separates them."
)

FINDING = (
    "started this terminal. On a server that the Hub starts for this account it says who may come "
    "in; our login, gate, second factor, locks and encryption stay."
)
FINDING_REMEDY = (
    "Behind its proxy the server needs SecureConfig.trusted_proxies, and TLS at the proxy: see "
    '"With JupyterHub" in the manual.'
)


def in_environment() -> bool:
    """Return whether a Hub started this process or one above it."""
    return bool(os.environ.get("JUPYTERHUB_SERVICE_URL"))
