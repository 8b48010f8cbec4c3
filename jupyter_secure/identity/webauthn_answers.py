"""What a browser sends of a passkey, checked: W3C Web Authentication Level 3, section 7.

The steps themselves are python-fido2's. What it leaves to its caller is done here: sizes, the
exact origin, frames, and which kinds of keys there are. The counter is ``PasskeyStore.use``'s.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from fido2.utils import websafe_decode
from fido2.webauthn import (
    AttestedCredentialData,
    AuthenticationResponse,
    AuthenticatorData,
    CollectedClientData,
    RegistrationResponse,
    UserVerificationRequirement,
)

from jupyter_secure.crypto.signatures import InvalidSignature
from jupyter_secure.errors import WrongPasskey
from jupyter_secure.identity.challenges import Challenge
from jupyter_secure.identity.passkeys import Credential
from jupyter_secure.identity.webauthn import ALGORITHMS, server_of

#: W3C Web Authentication, section 4, "credential ID".
MAX_CREDENTIAL_ID_BYTES = 1023
#: Of each text in an answer. Attestation may be of some kilobytes although we ask for none.
MAX_TEXT = 16 * 1024
#: W3C Web Authentication, section 10.1.4: as many bytes come out of the extension ``prf``.
PRF_BYTES = 32
_TRANSPORTS = frozenset({"usb", "nfc", "ble", "smart-card", "hybrid", "internal"})


@dataclass(frozen=True)
class Registered:
    """A passkey that was made: its id and key, and the secret it computed, if it did."""

    credential_id: bytes
    credential: Credential
    sign_count: int
    secret: bytes | None


@dataclass(frozen=True)
class Presented:
    """An answer as it came, with what is needed to find what it is checked against."""

    credential_id: bytes
    challenge: bytes
    user_handle: bytes | None
    secret: bytes | None
    response: AuthenticationResponse


def challenge_in(answer: object) -> bytes:
    """Return the challenge that an answer of either kind says it is for.

    Raises ``WrongPasskey`` for what is no answer.
    """
    with _refusing():
        response = _members(answer)["response"]
        data = json.loads(websafe_decode(response["clientDataJSON"]))
        return websafe_decode(data["challenge"])


def check_registration(challenge: Challenge, answer: object) -> Registered:
    """Check the answer to ``creation_options``. Raises ``WrongPasskey``."""
    with _refusing():
        members = _members(answer)
        response = RegistrationResponse.from_dict(members)
        _require_same_page(response.response.client_data)
        state = _state(challenge, UserVerificationRequirement.PREFERRED)
        data = server_of(challenge.place).register_complete(state, response)
        attested = _attested(data)
        if response.raw_id != attested.credential_id:
            raise ValueError("two ids")
        found = Credential(
            rp_id=challenge.place.rp_id,
            user_handle=challenge.user_handle,
            data=bytes(attested),
            transports=_transports(members),
        )
        # Without user verification it computes another secret than it does with it.
        secret = _secret(members) if data.is_user_verified() else None
    return Registered(attested.credential_id, found, data.counter, secret)


def present(answer: object) -> Presented:
    """Read an answer to ``request_options``; nothing is checked yet. Raises ``WrongPasskey``."""
    with _refusing():
        members = _members(answer)
        response = AuthenticationResponse.from_dict(members)
        if not 1 <= len(response.raw_id) <= MAX_CREDENTIAL_ID_BYTES:
            raise ValueError("id")
        return Presented(
            response.raw_id,
            response.response.client_data.challenge,
            response.response.user_handle or None,
            _secret(members),
            response,
        )


def check(
    challenge: Challenge, presented: Presented, credential: Credential, *, verified: bool
) -> int:
    """Check an answer against what is known of its passkey; return its sign count.

    The count is for ``PasskeyStore.use`` to compare. Raises ``WrongPasskey``.
    """
    wanted = UserVerificationRequirement.REQUIRED if verified else None
    with _refusing():
        response = presented.response.response
        _require_same_page(response.client_data)
        _require_sane(response.authenticator_data)
        handle = presented.user_handle
        if credential.rp_id != challenge.place.rp_id or handle not in (
            # A passkey that is not discoverable need not know whose it is.
            *((None,) if not verified else ()),
            credential.user_handle,
        ):
            raise ValueError("another place or account")
        server_of(challenge.place).authenticate_complete(
            _state(challenge, wanted),
            [AttestedCredentialData(credential.data)],
            presented.response,
        )
    return int(response.authenticator_data.counter)


@contextmanager
def _refusing() -> Iterator[None]:
    """Turn whatever goes wrong in the block into the one refusal."""
    try:
        yield
    except Exception:  # noqa: BLE001  # fail closed: what cannot be understood is refused
        raise WrongPasskey from None


def _state(challenge: Challenge, wanted: UserVerificationRequirement | None) -> dict[str, Any]:
    server = server_of(challenge.place)
    _, state = server.authenticate_begin(user_verification=wanted, challenge=challenge.value)
    return dict(state)


def _members(answer: object) -> Mapping[str, Any]:
    """Return the members of an answer, none larger than any browser sends."""
    if not isinstance(answer, dict) or answer.get("type") != "public-key":
        raise TypeError("no answer")
    response = answer["response"]
    texts = [answer["rawId"], *(v for v in response.values() if isinstance(v, str))]
    if any(len(text) > MAX_TEXT for text in texts):
        raise ValueError("too large")
    return answer


def _require_same_page(client_data: CollectedClientData) -> None:
    # A frame of another site's page; `topOrigin` stands there only then.
    if client_data.cross_origin or "topOrigin" in json.loads(client_data):
        raise ValueError("cross origin")


def _require_sane(data: AuthenticatorData) -> None:
    # Section 7.2, step 18: what is backed up can be.
    if data.is_backed_up() and not data.is_backup_eligible():
        raise ValueError("flags")


def _attested(data: AuthenticatorData) -> AttestedCredentialData:
    _require_sane(data)
    attested = data.credential_data
    if attested is None or not 1 <= len(attested.credential_id) <= MAX_CREDENTIAL_ID_BYTES:
        raise ValueError("id")
    if attested.public_key.get(3) not in ALGORITHMS:
        raise ValueError("algorithm")
    _require_usable(attested)
    return attested


def _require_usable(attested: AttestedCredentialData) -> None:
    """Try the key on a signature that is none: a key that is none raises something else."""
    with suppress(InvalidSignature):
        attested.public_key.verify(b"", bytes(64))


def _transports(members: Mapping[str, Any]) -> tuple[str, ...]:
    given = members["response"].get("transports")
    known = {one for one in given if isinstance(one, str)} if isinstance(given, list) else set()
    return tuple(sorted(known & _TRANSPORTS))


def _secret(members: Mapping[str, Any]) -> bytes | None:
    """Return what the extension ``prf`` computed, if it did."""
    results = members.get("clientExtensionResults")
    for name in ("prf", "results", "first"):
        results = results.get(name) if isinstance(results, dict) else None
    if results is None:
        return None
    secret = websafe_decode(results) if isinstance(results, str) else b""
    if len(secret) != PRF_BYTES:
        raise ValueError("prf")
    return secret
