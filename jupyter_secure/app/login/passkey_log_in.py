"""Logging in with a passkey alone, which its holder has unlocked (user verification).

No password opens the vault here. Where it is open in this run, that is enough; where it is sealed,
the passkey itself opens it if it has a slot (``passkey_vault``); otherwise a password is needed.
"""

from __future__ import annotations

from contextlib import ExitStack, suppress
from typing import Any

from jupyter_secure.app.login.budget import Budget
from jupyter_secure.app.login.passkey_answers import PasskeyAnswers
from jupyter_secure.app.login.passkey_vault import PasskeyVault
from jupyter_secure.app.login.sessions import Sessions
from jupyter_secure.errors import (
    PasswordNeeded,
    StateUnusable,
    VaultSealed,
    WrongCredentials,
    WrongKey,
    WrongPasskey,
)
from jupyter_secure.identity import webauthn
from jupyter_secure.identity.accounts import Account, AccountStore
from jupyter_secure.identity.challenges import Purpose
from jupyter_secure.identity.clock import Clock
from jupyter_secure.identity.passkeys import PURPOSE, Passkey, PasskeyStore
from jupyter_secure.identity.relying_party import RelyingParty
from jupyter_secure.identity.sessions import Session
from jupyter_secure.identity.throttle import PER_CODE, Attempts, elevation_key
from jupyter_secure.identity.webauthn_answers import Presented, present
from jupyter_secure.vault.keys import RootKey

_ANYONE = ""


class PasskeyLogIn:
    """Safe for several threads. Methods block for a moment."""

    def __init__(
        self,
        *,
        store: PasskeyStore,
        accounts: AccountStore,
        answers: PasskeyAnswers,
        vault: PasskeyVault,
        attempts: Attempts,
        sessions: Sessions,
        clock: Clock,
    ) -> None:
        self._store = store
        self._accounts = accounts
        self._answers = answers
        self._vault = vault
        self._codes = Budget.for_codes(attempts, clock)
        self._cleared = (
            Budget(attempts, clock),
            self._codes,
            Budget(attempts, clock, elevation_key, PER_CODE),
        )
        self._sessions = sessions

    def ask(self, place: RelyingParty) -> dict[str, Any]:
        """Return the options for whatever passkey for this place the person has.

        They name no passkey and no account, so they tell nothing of who is known here.
        """
        challenge = self._answers.challenges.make(Purpose.LOG_IN, _ANYONE, place)
        return webauthn.request_options(
            challenge, [], verified=True, prf_input=self._vault.secret_input
        )

    def __call__(self, answer: object, address: str, user_agent: str) -> tuple[str, Session]:
        """Check the answer; open the vault and return the cookie's token and the new session.

        Raises ``WrongCredentials``, ``TooManyTries``, or ``PasswordNeeded`` while the vault is
        sealed and the passkey has no slot: for an unknown passkey as well.
        """
        with ExitStack() as in_the_end:
            # The address only: nobody guesses a signature, and whoever hammers an account in
            # whatever way must not keep out its owner's passkey.
            with self._codes.one_try(None, address):
                account, root = self._checked(answer, in_the_end)
            token, session = self._sessions.begin(
                account.username, root, address, user_agent, account.generation
            )
        with suppress(StateUnusable):  # as at the login with a password
            for budget in self._cleared:
                budget.clear(session.username)
        return token, session

    def _checked(self, answer: object, in_the_end: ExitStack) -> tuple[Account, RootKey]:
        """Return whose answer it is, and the root key, which ``in_the_end`` wipes."""
        try:
            presented = present(answer)
            challenge = self._answers.taken(presented, Purpose.LOG_IN, _ANYONE)
            passkey = self._store.get(presented.credential_id)
            root = self._root(passkey, presented)
            in_the_end.callback(root.wipe)
            # Before the answer is checked: if the password or a factor is changed meanwhile, this
            # login is one of before, and no session comes of it.
            account = None if passkey is None else self._accounts.get(passkey.username)
            if passkey is None or account is None:
                raise WrongCredentials
            self._answers.use(challenge, presented, passkey, root.derive(PURPOSE), verified=True)
        except WrongPasskey:
            raise WrongCredentials from None
        return account, root

    def _root(self, passkey: Passkey | None, presented: Presented) -> RootKey:
        try:
            return self._vault.root()
        except VaultSealed:
            pass
        if passkey is None or presented.secret is None:
            raise PasswordNeeded
        if not self._vault.can_open(passkey.public_id):
            raise PasswordNeeded
        try:
            return self._vault.open(passkey.public_id, presented.secret)
        except WrongKey:
            raise WrongCredentials from None
