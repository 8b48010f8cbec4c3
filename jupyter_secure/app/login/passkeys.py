"""The passkeys of an account, as its owner sees and changes them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from jupyter_secure.app.login.factors import Factors
from jupyter_secure.app.login.passkey_answers import PasskeyAnswers
from jupyter_secure.app.login.passkey_vault import PasskeyVault
from jupyter_secure.app.login.sessions import Sessions
from jupyter_secure.errors import Conflict, InvalidInput, NotFound, WrongPasskey
from jupyter_secure.identity import passkeys as records
from jupyter_secure.identity import webauthn
from jupyter_secure.identity.accounts import AccountStore
from jupyter_secure.identity.challenges import Purpose
from jupyter_secure.identity.clock import Clock
from jupyter_secure.identity.factors import last_factor
from jupyter_secure.identity.passkeys import PURPOSE, Passkey, PasskeyStore
from jupyter_secure.identity.relying_party import RelyingParty
from jupyter_secure.identity.sessions import Session
from jupyter_secure.identity.webauthn_answers import challenge_in, check_registration, present


@dataclass(frozen=True)
class ListedPasskey:
    """A passkey as it is listed; ``host`` is the name that it works at."""

    public_id: str
    name: str
    host: str
    opens_vault: bool
    created_at: datetime
    last_used_at: datetime | None


class Passkeys:
    """Safe for several threads. Methods block for a moment, and raise ``VaultSealed``.

    The caller has seen to it that the session is elevated. What returns a token returns it for the
    cookie of the session that asked: adding and removing are changes of a factor (``Factors``).
    """

    def __init__(
        self,
        *,
        store: PasskeyStore,
        accounts: AccountStore,
        answers: PasskeyAnswers,
        vault: PasskeyVault,
        factors: Factors,
        sessions: Sessions,
        clock: Clock,
    ) -> None:
        self._store = store
        self._accounts = accounts
        self._answers = answers
        self._vault = vault
        self._factors = factors
        self._sessions = sessions
        self._clock = clock

    def list(self, username: str) -> tuple[ListedPasskey, ...]:
        """Return the passkeys of an account, oldest first."""
        key, opening = self._key(), self._vault.opened_by()
        return tuple(
            ListedPasskey(
                one.public_id,
                one.name,
                records.unseal(key, one).rp_id,
                one.public_id in opening,
                one.created_at,
                one.last_used_at,
            )
            for one in self._store.of_account(username)
        )

    # ── adding ──────────────────────────────────────────────────────────────────────────────────

    def begin(self, session: Session, place: RelyingParty) -> dict[str, Any]:
        """Return the options to make a passkey with; they are good for this session only."""
        account = self._accounts.get(session.username)
        if account is None:
            raise NotFound("The account was removed.")
        key = self._key()
        present_ones = [
            records.unseal(key, one) for one in self._store.of_account(account.username)
        ]
        # One handle for all of them: an authenticator keeps one discoverable passkey for each.
        handle = present_ones[0].user_handle if present_ones else records.new_user_handle()
        challenge = self._answers.challenges.make(
            Purpose.REGISTER, session.public_id, place, handle
        )
        here = [one for one in present_ones if one.rp_id == place.rp_id]
        return webauthn.creation_options(
            challenge, account.username, account.display_name, here, self._vault.secret_input
        )

    def add(
        self, session: Session, name: str, answer: object
    ) -> tuple[ListedPasskey, str, Session]:
        """Keep the passkey that was made; return it, the cookie's new token and the session.

        If it computed its secret with user verification already, it opens the vault from now on.
        Raises ``WrongPasskey``, ``InvalidInput`` for a name, or ``Conflict`` for one that is kept
        already, too many, or a session whose cookie has changed.
        """
        self._sessions.require_current(session)
        name = records.checked_name(name)
        challenge = self._answers.challenges.take(
            challenge_in(answer), Purpose.REGISTER, session.public_id
        )
        if challenge is None:
            raise WrongPasskey
        made = check_registration(challenge, answer)
        passkey = Passkey(
            credential_id=made.credential_id,
            public_id=records.new_public_id(),
            username=session.username,
            name=name,
            credential=records.seal(
                self._key(), session.username, made.credential_id, made.credential
            ),
            sign_count=made.sign_count,
            created_at=self._clock(),
        )
        self._store.add(passkey, records.MAX_PER_ACCOUNT, session.public_id)
        token, session = self._sessions.rotate(session)
        if made.secret is not None:
            self._vault.add(passkey.public_id, made.secret)
        return self._listed(session.username, passkey.public_id), token, session

    # ── changing and removing ───────────────────────────────────────────────────────────────────

    def rename(self, username: str, public_id: str, name: str) -> ListedPasskey:
        """Give a passkey another name. Raises ``NotFound``, ``InvalidInput``."""
        if not self._store.rename(username, public_id, records.checked_name(name)):
            raise _no_such()
        return self._listed(username, public_id)

    def remove(self, session: Session, public_id: str) -> tuple[str, Session]:
        """Remove a passkey, and its slot in the vault.

        Raises ``NotFound``, or ``Conflict`` if it is the last second factor.
        """
        self._sessions.require_current(session)
        self._require(session.username, public_id)
        if self._factors.of(session.username).count == 1:
            raise last_factor()
        # The slot first: a passkey that is known and opens nothing is better than the reverse.
        self._vault.remove(public_id)
        return self._factors.remove_passkey(session, public_id)

    # ── opening the vault ───────────────────────────────────────────────────────────────────────

    def begin_opening(
        self, session: Session, public_id: str, place: RelyingParty
    ) -> dict[str, Any]:
        """Return the options for one passkey to compute its secret with. Raises ``NotFound``."""
        passkey = self._require(session.username, public_id)
        credential = records.unseal(self._key(), passkey)
        if credential.rp_id != place.rp_id:
            raise Conflict(
                f"This passkey works at {credential.rp_id} only.",
                remedy="Open the server by that name.",
            )
        challenge = self._answers.challenges.make(
            Purpose.OPEN_VAULT, _bound(session, public_id), place
        )
        return webauthn.request_options(
            challenge, [credential], verified=True, prf_input=self._vault.secret_input
        )

    def let_open(self, session: Session, public_id: str, answer: object) -> ListedPasskey:
        """Let a passkey open the sealed vault, by the secret that it computed.

        Raises ``NotFound``, ``WrongPasskey``, or ``InvalidInput`` for one that computed none.
        """
        passkey, presented = self._require(session.username, public_id), present(answer)
        challenge = self._answers.taken(presented, Purpose.OPEN_VAULT, _bound(session, public_id))
        if presented.credential_id != passkey.credential_id:
            raise WrongPasskey
        self._answers.use(challenge, presented, passkey, self._key(), verified=True)
        if presented.secret is None:
            raise InvalidInput(
                "This passkey cannot open the vault.",
                why="It, or this browser, does not compute secrets (the extension “prf”).",
                remedy="It goes on working beside the password, and alone while the vault is open.",
            )
        self._vault.add(public_id, presented.secret)
        return self._listed(session.username, public_id)

    def let_open_no_more(self, username: str, public_id: str) -> None:
        """Take away a passkey's slot in the vault; the passkey stays. Raises ``NotFound``."""
        self._require(username, public_id)
        self._vault.remove(public_id)

    def _key(self) -> bytes:
        return self._vault.derive(PURPOSE)

    def _require(self, username: str, public_id: str) -> Passkey:
        for one in self._store.of_account(username):
            if one.public_id == public_id:
                return one
        raise _no_such()

    def _listed(self, username: str, public_id: str) -> ListedPasskey:
        for one in self.list(username):
            if one.public_id == public_id:
                return one
        raise _no_such()


def _bound(session: Session, public_id: str) -> str:
    return f"{session.public_id}/{public_id}"


def _no_such() -> NotFound:
    return NotFound("There is no such passkey.", remedy="It may have been removed already.")
