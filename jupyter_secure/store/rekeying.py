"""Everything in ``state.db`` that is kept under a key of the root key, brought to another one."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import delete, select, update

from jupyter_secure.identity.passkeys import Passkey
from jupyter_secure.store import schema
from jupyter_secure.store.catalogue import DatabaseRows, Within
from jupyter_secure.store.database import Database
from jupyter_secure.vault.catalogue_rows import Rows


def rekey(
    database: Database,
    *,
    reseal_secret: Callable[[str, bytes], bytes],
    reseal_passkey: Callable[[Passkey], bytes],
    rekey_catalogue: Callable[[Rows], None],
) -> None:
    """Change all of it in one transaction: a kill leaves everything old or everything new.

    ``reseal_secret`` gets each account's name and sealed second factor and returns that sealed
    anew, ``reseal_passkey`` does the same for a passkey; ``rekey_catalogue`` gets the rows of the
    catalogue. Each may be called for what is changed already; what they raise undoes everything.
    When this returns, it is on the disk, and with it every change before it. Raises
    ``StateUnusable``.
    """
    columns = schema.accounts.c
    with database.writing() as connection:
        found = connection.execute(select(columns.username, columns.totp_secret_sealed)).all()
        for username, sealed in found:
            connection.execute(
                update(schema.accounts)
                .where(columns.username == username)
                .values(totp_secret_sealed=reseal_secret(username, sealed))
            )
        # They hold the old root key, and would make slots of it.
        connection.execute(delete(schema.links))
        # Sealed under the old one; whoever was setting up an authenticator begins again.
        connection.execute(delete(schema.enrolments))
        for row in connection.execute(select(schema.passkeys)).all():
            connection.execute(
                update(schema.passkeys)
                .where(schema.passkeys.c.credential_id == row.credential_id)
                .values(credential=reseal_passkey(Passkey(**row._asdict())))
            )
        rekey_catalogue(DatabaseRows(Within(connection)))
