"""Which account of ours a user of JupyterHub's is."""

from __future__ import annotations

from collections.abc import Mapping

from jupyter_secure.errors import InvalidInput
from jupyter_secure.identity.accounts import normalise_username


def account_for(hub_name: str, named: Mapping[str, str]) -> str | None:
    """Return the name of the account that the Hub's user ``hub_name`` has here, or ``None``.

    ``named`` are the pairs that the administrator wrote down; they come first, and an account that
    stands in one is nobody else's. For others it is the account of the same name, letter for
    letter: two users whom the Hub tells apart must not become one because we spell names another
    way ("Alice" and "alice", or letters that look alike). Whether there is such an account is not
    asked here.
    """
    if hub_name in named:
        return _normal(named[hub_name])
    name = _normal(hub_name)
    if name != hub_name or name in {_normal(account) for account in named.values()}:
        return None
    return name


def _normal(name: str) -> str | None:
    try:
        return normalise_username(name)
    except InvalidInput:
        return None
