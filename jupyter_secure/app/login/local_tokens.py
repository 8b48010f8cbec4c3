"""The access tokens of this account's state directory, for a command, with or without a server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager

from jupyter_secure.app.at_work import at_work
from jupyter_secure.app.content import files
from jupyter_secure.app.login import second_factor
from jupyter_secure.app.login.access_tokens import AccessTokens
from jupyter_secure.app.login.budget import Budget
from jupyter_secure.errors import WrongCode
from jupyter_secure.identity import totp
from jupyter_secure.identity.accounts import normalise_username
from jupyter_secure.identity.clock import utc_now
from jupyter_secure.identity.throttle import PER_CODE, elevation_key
from jupyter_secure.store import places
from jupyter_secure.store.access_tokens import DatabaseAccessTokens
from jupyter_secure.store.accounts import DatabaseAccounts
from jupyter_secure.store.attempts import DatabaseAttempts
from jupyter_secure.store.database import Database
from jupyter_secure.store.vault_file import load_keyring


@contextmanager
def _database() -> Iterator[Database]:
    state = places.state_dir()
    with at_work():
        load_keyring(state)  # says what is wrong where nothing is set up
        with closing(Database.open(state / places.DATABASE_FILE)) as database:
            yield database


@contextmanager
def local_tokens() -> Iterator[AccessTokens]:
    """Open the tokens for the block. Raises ``NotSetUp`` or ``StateUnusable``."""
    with _database() as database:
        yield AccessTokens(
            store=DatabaseAccessTokens(database),
            accounts=DatabaseAccounts(database),
            clock=utc_now,
        )


def confirm(username: str, password: str, code: str | None) -> str:
    """Return the account's name as it is kept, if the password and the code are its own.

    ``code`` is a one-time or recovery code, and used up by this; ``None`` asks for the password
    alone, as the other commands do: whoever has that and the state directory could do anything.
    Raises ``WrongKey``, ``WrongCode`` or ``TooManyTries``.
    """
    name = normalise_username(username)
    root = files.root_from_password(name, password)
    try:
        key = root.derive(totp.SECRET_PURPOSE)
    finally:
        root.wipe()
    if code is None:
        return name
    with _database() as database:
        budget = Budget(DatabaseAttempts(database), utc_now, elevation_key, PER_CODE)
        with budget.one_try(name, None):
            accounts = DatabaseAccounts(database)
            if not second_factor.accept(accounts, name, code, key, utc_now()):
                raise WrongCode
    return name
