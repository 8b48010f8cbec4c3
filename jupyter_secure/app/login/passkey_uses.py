"""All that a server does with passkeys, wired together."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from jupyter_secure.app.login.factors import Factors
from jupyter_secure.app.login.passkey_answers import PasskeyAnswers
from jupyter_secure.app.login.passkey_log_in import PasskeyLogIn
from jupyter_secure.app.login.passkey_vault import PasskeyVault
from jupyter_secure.app.login.passkeys import Passkeys
from jupyter_secure.app.login.sessions import Sessions
from jupyter_secure.identity.accounts import AccountStore
from jupyter_secure.identity.clock import Clock
from jupyter_secure.identity.throttle import Attempts
from jupyter_secure.store.database import Database
from jupyter_secure.store.passkeys import DatabasePasskeys
from jupyter_secure.vault.vault import Vault


@dataclass(frozen=True)
class PasskeyUses:
    """``answers`` are second factors, ``manage`` is for their owner, ``log_in`` needs no more."""

    answers: PasskeyAnswers
    manage: Passkeys
    log_in: PasskeyLogIn


def passkeys_of(
    directory: Path,
    database: Database,
    vault: Vault,
    accounts: AccountStore,
    attempts: Attempts,
    factors: Factors,
    sessions: Sessions,
    clock: Clock,
) -> PasskeyUses:
    """Return the uses of the passkeys in ``database``, with ``vault.json`` in ``directory``."""
    store, slots = DatabasePasskeys(database), PasskeyVault.at(directory, vault)
    answers = PasskeyAnswers(store=store, clock=clock)
    return PasskeyUses(
        answers=answers,
        manage=Passkeys(
            store=store,
            accounts=accounts,
            answers=answers,
            vault=slots,
            factors=factors,
            sessions=sessions,
            clock=clock,
        ),
        log_in=PasskeyLogIn(
            store=store,
            accounts=accounts,
            answers=answers,
            vault=slots,
            attempts=attempts,
            sessions=sessions,
            clock=clock,
        ),
    )
