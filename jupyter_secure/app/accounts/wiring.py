"""The accounts of a state directory, on its database: for a server, and for a command."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from jupyter_secure.app.accounts.consistency import differences
from jupyter_secure.app.accounts.join import Join
from jupyter_secure.app.accounts.team import Team
from jupyter_secure.app.at_work import at_work
from jupyter_secure.identity.clock import Clock, utc_now
from jupyter_secure.identity.throttle import Attempts
from jupyter_secure.store import places
from jupyter_secure.store.accounts import DatabaseAccounts
from jupyter_secure.store.attempts import DatabaseAttempts
from jupyter_secure.store.database import Database
from jupyter_secure.store.links import DatabaseLinks
from jupyter_secure.store.team import DatabaseTeam
from jupyter_secure.store.vault_file import load_keyring


def team_of(directory: Path, database: Database, attempts: Attempts, clock: Clock) -> Team:
    """Return the accounts as an owner looks after them."""
    return Team(
        directory=directory,
        accounts=DatabaseAccounts(database),
        links=DatabaseLinks(database),
        store=DatabaseTeam(database),
        attempts=attempts,
        clock=clock,
    )


def join_of(directory: Path, database: Database, attempts: Attempts, clock: Clock) -> Join:
    """Return the way in by a link. Links that have expired go at once."""
    links = DatabaseLinks(database)
    links.remove_expired(clock())
    return Join(
        directory=directory,
        links=links,
        team=DatabaseTeam(database),
        attempts=attempts,
        clock=clock,
    )


@contextmanager
def local_team() -> Iterator[Team]:
    """Open the accounts of this account's state directory for the block, without a server.

    Raises ``NotSetUp``, ``StateUnusable``, also while the root key is being changed.
    """
    state = places.state_dir()
    with at_work():
        load_keyring(state)  # says what is wrong where nothing is set up
        with closing(Database.open(state / places.DATABASE_FILE)) as database:
            team = team_of(state, database, DatabaseAttempts(database), utc_now)
            team.links.remove_expired(team.clock())
            yield team


def inconsistencies(team: Team) -> tuple[str, ...]:
    """Return what vault.json and state.db do not agree on; see ``differences``."""
    names = (account.username for account in team.accounts.list())
    return differences(load_keyring(team.directory), names)
