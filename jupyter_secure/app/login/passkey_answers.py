"""Asking for a passkey, and accepting its answer: the same for every use."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from jupyter_secure.errors import NotFound, WrongPasskey
from jupyter_secure.identity import passkeys as records
from jupyter_secure.identity import webauthn
from jupyter_secure.identity.challenges import Challenge, Challenges, Purpose
from jupyter_secure.identity.clock import Clock
from jupyter_secure.identity.passkeys import Credential, Passkey, PasskeyStore
from jupyter_secure.identity.relying_party import RelyingParty
from jupyter_secure.identity.webauthn_answers import Presented, check, present


@dataclass(frozen=True)
class PasskeyAnswer:
    """What a browser sent: ``PublicKeyCredential.toJSON()``, not looked at yet."""

    value: object

    @classmethod
    def from_text(cls, text: str) -> PasskeyAnswer:
        """Read it from the JSON in a form; what is no JSON is an answer that is never right."""
        try:
            return cls(json.loads(text))
        except (ValueError, RecursionError):
            return cls(None)


class PasskeyAnswers:
    """Safe for several threads. Methods block for a moment.

    ``key`` is what the root key derives for ``identity.passkeys.PURPOSE``.
    """

    def __init__(self, *, store: PasskeyStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self.challenges = Challenges(clock)

    def known(self, username: str, place: RelyingParty, key: bytes) -> list[Credential]:
        """Return what is known of an account's passkeys for one place."""
        found = [records.unseal(key, one) for one in self._store.of_account(username)]
        return [one for one in found if one.rp_id == place.rp_id]

    def ask(
        self, purpose: Purpose, bound_to: str, place: RelyingParty, username: str, key: bytes
    ) -> dict[str, Any]:
        """Return the options for any passkey of an account, for a browser.

        Raises ``NotFound`` if it has none for this place.
        """
        known = self.known(username, place, key)
        if not known:
            raise NotFound(
                f"There is no passkey for {place.rp_id}.",
                why="A passkey works at the host name that it was made at.",
                remedy="Use a code, or open the server by the name that it was made at.",
            )
        challenge = self.challenges.make(purpose, bound_to, place)
        return webauthn.request_options(challenge, known, verified=False)

    def has_any(self, username: str, place: RelyingParty, key: bytes) -> bool:
        """Say whether the account has a passkey for this place."""
        return bool(self.known(username, place, key))

    def accept(
        self, answer: PasskeyAnswer, purpose: Purpose, bound_to: str, username: str, key: bytes
    ) -> Passkey:
        """Use up the answer to ``ask``; return the passkey it is of. Raises ``WrongPasskey``."""
        presented = present(answer.value)
        challenge = self.taken(presented, purpose, bound_to)
        passkey = self._store.get(presented.credential_id)
        if passkey is None or passkey.username != username:
            raise WrongPasskey
        self.use(challenge, presented, passkey, key, verified=False)
        return passkey

    def taken(self, presented: Presented, purpose: Purpose, bound_to: str) -> Challenge:
        """Return the challenge that an answer is to, which is used up by this.

        Before anything else is looked at, so that a wrong answer costs its question too. Raises
        ``WrongPasskey``.
        """
        challenge = self.challenges.take(presented.challenge, purpose, bound_to)
        if challenge is None:
            raise WrongPasskey
        return challenge

    def use(
        self,
        challenge: Challenge,
        presented: Presented,
        passkey: Passkey,
        key: bytes,
        *,
        verified: bool,
    ) -> None:
        """Check an answer, and that it is newer than the last one. Raises ``WrongPasskey``.

        A counter that does not go up tells of a copy of the passkey (W3C Web Authentication,
        section 6.1.1): neither is let in by that answer.
        """
        credential = records.unseal(key, passkey)
        count = check(challenge, presented, credential, verified=verified)
        if not self._store.use(passkey.credential_id, count, self._clock()):
            raise WrongPasskey
