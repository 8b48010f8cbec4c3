"""Logging in: a password opens the vault's slot, a code admits its holder.

The root key that the password gave waits in memory, in neither a cookie nor a file, until a code
comes or five minutes have passed. Whatever is wrong is answered with one and the same error.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, nullcontext, suppress
from typing import Any

from jupyter_secure.app.login import second_factor
from jupyter_secure.app.login.budget import Budget
from jupyter_secure.app.login.devices import Devices
from jupyter_secure.app.login.drift import Drift
from jupyter_secure.app.login.passkey_answers import PasskeyAnswer, PasskeyAnswers
from jupyter_secure.app.login.sessions import Sessions
from jupyter_secure.app.login.waiting import Pending, Waiting, WaitingLogins
from jupyter_secure.errors import (
    InvalidInput,
    NotFound,
    StateUnusable,
    VaultSealed,
    WrongCredentials,
    WrongKey,
    WrongPasskey,
)
from jupyter_secure.identity import recovery_codes, totp
from jupyter_secure.identity.accounts import AccountStore, normalise_username
from jupyter_secure.identity.challenges import Purpose
from jupyter_secure.identity.clock import Clock
from jupyter_secure.identity.passkeys import PURPOSE as PASSKEY_PURPOSE
from jupyter_secure.identity.passwords import is_acceptable_size
from jupyter_secure.identity.relying_party import RelyingParty
from jupyter_secure.identity.sessions import Session, digest_token
from jupyter_secure.identity.throttle import PER_CODE, Attempts, elevation_key, spare_key
from jupyter_secure.vault.keyring import Keyring
from jupyter_secure.vault.keys import RootKey

# Names that cannot be an account share this one. No account has it, as no name is empty.
_NOBODY = ""


class LogIn:
    """Takes people through the two steps; safe for several threads. Methods block."""

    def __init__(
        self,
        *,
        keyring: Callable[[], Keyring],
        accounts: AccountStore,
        attempts: Attempts,
        sessions: Sessions,
        clock: Clock,
        passkey_answers: PasskeyAnswers,
        devices: Devices | None = None,
        drift: Drift | None = None,
    ) -> None:
        """``keyring`` reads the present vault.json, so that a changed password counts at once."""
        self._keyring = keyring
        self._devices = devices
        self._drift = drift or Drift()
        self._codes = Budget.for_codes(attempts, clock)
        self._spares = Budget(attempts, clock, spare_key)
        self._accounts = accounts
        self._budget = Budget(attempts, clock)
        self._elevating = Budget(attempts, clock, elevation_key, PER_CODE)
        self._sessions = sessions
        self._clock = clock
        self._passkeys = passkey_answers
        self._waiting = WaitingLogins(clock)

    def first_step(
        self,
        username: str,
        password: str,
        address: str,
        device: str | None = None,
        spare: str = "",
    ) -> Pending:
        """Check the password; return the login that waits for the code.

        ``device`` is what the device's cookie holds: tries on one that is known count there. Tries
        with an unused recovery code in ``spare``, which stays unused here, have a tally of their
        own: nobody guesses one, so its owner gets in while others hammer account or address. Raises
        ``WrongCredentials`` or ``TooManyTries``; an unknown name costs the same work as a known
        one. Takes a tenth of a second or more.
        """
        self.sweep()
        try:
            name = normalise_username(username)
        except InvalidInput:
            name = _NOBODY
        known = self._devices.known(device, name) if self._devices is not None else None
        if self._has_spare(name, spare):
            trying = self._spares.one_try(name, None)
        else:
            trying = self._budget.one_try(name, address, known.digest if known else None)
        with ExitStack() as unless_kept:
            with trying:
                # Before the password: if that is changed meanwhile, the second step ends this.
                account = self._accounts.get(name)
                root = self._open(name, password)
                unless_kept.callback(root.wipe)
            pending = self._waiting.begin(name, root, account.generation if account else 0, known)
            unless_kept.pop_all()
        return pending

    def pending(self, token: str) -> Pending | None:
        """Return the login that ``token`` names if it still waits for its code."""
        waiting = self._waiting.find(token)
        return None if waiting is None else waiting.pending

    def second_step(
        self, pending: Pending, code: str | PasskeyAnswer, address: str, user_agent: str
    ) -> tuple[str, Session]:
        """Check the code; open the vault and return the cookie's token and the new session.

        ``code`` is six digits, a recovery code or a passkey's answer. After a wrong one the login
        goes on waiting; a right one ends it. Raises ``WrongCredentials`` or ``TooManyTries``.
        """
        waiting = self._waiting.find(pending.token)
        if waiting is None or waiting.pending.username != pending.username:
            with self._budget.one_try(None, address):
                raise WrongCredentials
        with ExitStack() as in_the_end:
            with self._try_at_code(waiting, code, address):
                self._require_unchanged(waiting)
                if not self._accept(waiting, code) or not self._waiting.claim(waiting):
                    raise WrongCredentials
                in_the_end.callback(waiting.root.wipe)
            return self._enter(waiting, address, user_agent)

    def _try_at_code(
        self, waiting: Waiting, code: str | PasskeyAnswer, address: str
    ) -> AbstractContextManager[None]:
        """Count what could be a guess; neither recovery codes nor passkeys' answers are guessed."""
        name = waiting.pending.username
        if isinstance(code, str) and self._has_spare(name, code):
            return nullcontext()
        guessed = isinstance(code, str) and not second_factor.is_beyond_guessing(code)
        return self._codes.one_try(name if guessed else None, address, waiting.device_digest)

    def is_trusted(self, pending: Pending) -> bool:
        """Say whether the device on which ``pending`` began need not be asked for a code."""
        waiting = self._waiting.find(pending.token)
        return (
            waiting is not None
            and self._devices is not None
            and self._devices.is_trusted(waiting.device)
        )

    def without_code(self, pending: Pending, address: str, user_agent: str) -> tuple[str, Session]:
        """Finish a login on a trusted device. Raises ``WrongCredentials`` on any other."""
        waiting = self._waiting.find(pending.token)
        if waiting is None or not self.is_trusted(pending):
            raise WrongCredentials
        self._require_unchanged(waiting)
        if not self._waiting.claim(waiting):
            raise WrongCredentials
        return self._enter(waiting, address, user_agent)

    def _enter(self, waiting: Waiting, address: str, user_agent: str) -> tuple[str, Session]:
        name = waiting.pending.username
        device = waiting.device_digest
        try:
            token, session = self._sessions.begin(
                name, waiting.root, address, user_agent, waiting.generation
            )
        finally:
            waiting.root.wipe()
        # The session is there: who could make room on a full disk must get its cookie, and without
        # one it would keep the vault open for nobody. Wrong tries then stay counted.
        with suppress(StateUnusable):
            self._budget.clear(name, device)
            self._codes.clear(name, device)
            self._elevating.clear(name)
        return token, session

    def _require_unchanged(self, waiting: Waiting) -> None:
        account = self._accounts.get(waiting.pending.username)
        if account is not None and account.generation != waiting.generation:
            self._waiting.end(waiting)
            raise WrongCredentials

    def _has_spare(self, name: str, spare: str) -> bool:
        digest = recovery_codes.digest(spare)
        return digest is not None and self._accounts.has_recovery_code(name, digest)

    def has_passkey(self, pending: Pending, place: RelyingParty) -> bool:
        """Say whether a passkey can take the place of the code. Raises ``StateUnusable``."""
        waiting = self._waiting.find(pending.token)
        key = None if waiting is None else _passkey_key(waiting)
        return key is not None and self._passkeys.has_any(pending.username, place, key)

    def ask_passkey(self, pending: Pending, place: RelyingParty) -> dict[str, Any]:
        """Return the options for a passkey in the place of the code, good for this login only.

        Raises ``NotFound`` if there is none for this place, or the login has ended.
        """
        waiting = self._waiting.find(pending.token)
        key = None if waiting is None else _passkey_key(waiting)
        if key is None:
            raise NotFound("That login has ended.", remedy="Start over.")
        bound_to = _bound(pending)
        return self._passkeys.ask(Purpose.SECOND_STEP, bound_to, place, pending.username, key)

    def sweep(self) -> None:
        """Wipe the keys of logins that waited too long. Call it every few seconds."""
        self._waiting.sweep()

    def close(self) -> None:
        """Wipe the keys of every login that waits."""
        self._waiting.close()

    def _open(self, name: str, password: str) -> RootKey:
        if not is_acceptable_size(password):
            raise WrongCredentials
        try:
            return self._keyring().open_with_password(name, password)
        except WrongKey:
            raise WrongCredentials from None

    def _accept(self, waiting: Waiting, code: str | PasskeyAnswer) -> bool:
        if isinstance(code, PasskeyAnswer):
            return self._accept_passkey(waiting, code)
        try:
            key = waiting.root.derive(totp.SECRET_PURPOSE)
        except VaultSealed:
            return False  # a parallel request finished this login, or its time ran out just now
        return second_factor.accept(
            self._accounts, waiting.pending.username, code, key, self._clock(), self._drift
        )

    def _accept_passkey(self, waiting: Waiting, answer: PasskeyAnswer) -> bool:
        key, name = _passkey_key(waiting), waiting.pending.username
        if key is None:
            return False  # as above
        try:
            bound_to = _bound(waiting.pending)
            self._passkeys.accept(answer, Purpose.SECOND_STEP, bound_to, name, key)
        except WrongPasskey:
            return False
        return True


def _passkey_key(waiting: Waiting) -> bytes | None:
    try:
        return waiting.root.derive(PASSKEY_PURPOSE)
    except VaultSealed:
        return None


def _bound(pending: Pending) -> str:
    # Not the token itself, which lies in a cookie and is kept nowhere else.
    return digest_token(pending.token).hex()
