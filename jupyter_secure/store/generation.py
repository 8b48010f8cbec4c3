"""What is bound to an account's password and factors, and ends when one of them changes."""

from __future__ import annotations

from sqlalchemy import Connection, delete, update

from jupyter_secure.store import schema

_accounts, _sessions, _devices = schema.accounts.c, schema.sessions.c, schema.devices.c


def raise_generation(connection: Connection, username: str, keep: str | None) -> None:
    """Raise the account's generation; end its sessions but ``keep``; forget its devices.

    In the caller's transaction, with the change itself. The sessions are those of every server on
    this state: each closes the sockets of its own when it finds the rows gone. ``keep`` is a public
    id.
    """
    connection.execute(
        update(schema.accounts)
        .where(_accounts.username == username)
        .values(generation=_accounts.generation + 1)
    )
    connection.execute(
        delete(schema.sessions).where(
            _sessions.username == username, _sessions.public_id != (keep or "")
        )
    )
    connection.execute(delete(schema.devices).where(_devices.username == username))
    connection.execute(
        update(schema.sessions).where(_sessions.username == username).values(device=None)
    )
