"""What a browser is asked of a passkey: W3C Web Authentication Level 3, sections 5.4 and 5.5.

The answers are checked in ``webauthn_answers``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from fido2.server import Fido2Server
from fido2.utils import websafe_encode
from fido2.webauthn import (
    AttestationConveyancePreference,
    AttestedCredentialData,
    PublicKeyCredentialDescriptor,
    PublicKeyCredentialParameters,
    PublicKeyCredentialRpEntity,
    PublicKeyCredentialType,
    PublicKeyCredentialUserEntity,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from jupyter_secure.identity.challenges import GOOD_FOR, Challenge
from jupyter_secure.identity.passkeys import Credential
from jupyter_secure.identity.relying_party import RelyingParty

#: Ed25519, ECDSA on P-256, RSA with PKCS #1: what authenticators make, most wanted first (COSE).
ALGORITHMS = (-8, -7, -257)


def creation_options(
    challenge: Challenge,
    username: str,
    display_name: str,
    known: Sequence[Credential],
    prf_input: bytes,
) -> dict[str, Any]:
    """Return ``PublicKeyCredentialCreationOptionsJSON``; ``known`` need not be made again."""
    options, _ = server_of(challenge.place).register_begin(
        PublicKeyCredentialUserEntity(
            id=challenge.user_handle, name=username, display_name=display_name
        ),
        credentials=_descriptors(known),
        resident_key_requirement=ResidentKeyRequirement.PREFERRED,
        user_verification=UserVerificationRequirement.PREFERRED,
        challenge=challenge.value,
        extensions={"credProps": True, **_prf(prf_input)},
    )
    return _as_json(options.public_key)


def request_options(
    challenge: Challenge,
    known: Sequence[Credential],
    *,
    verified: bool,
    prf_input: bytes | None = None,
) -> dict[str, Any]:
    """Return ``PublicKeyCredentialRequestOptionsJSON``.

    Without ``known`` any discoverable passkey for this place will do. ``verified``: the person must
    unlock it. ``prf_input``: it shall compute its secret from that.
    """
    wanted = UserVerificationRequirement.REQUIRED if verified else None
    options, _ = server_of(challenge.place).authenticate_begin(
        credentials=_descriptors(known),
        user_verification=wanted or UserVerificationRequirement.PREFERRED,
        challenge=challenge.value,
        extensions=None if prf_input is None else _prf(prf_input),
    )
    return _as_json(options.public_key)


def server_of(place: RelyingParty) -> Fido2Server:
    """Return the library's part, for one place."""
    server = Fido2Server(
        PublicKeyCredentialRpEntity(id=place.rp_id, name="Jupyter Secure"),
        attestation=AttestationConveyancePreference.NONE,
        # Exactly: the library would take a subdomain's page, and any port.
        verify_origin=lambda origin: origin == place.origin,
    )
    server.timeout = int(GOOD_FOR.total_seconds() * 1000)  # type: ignore[assignment]  # typed as None only
    server.allowed_algorithms = [
        PublicKeyCredentialParameters(type=PublicKeyCredentialType.PUBLIC_KEY, alg=algorithm)
        for algorithm in ALGORITHMS
    ]
    return server


def _descriptors(known: Sequence[Credential]) -> list[PublicKeyCredentialDescriptor]:
    return [
        PublicKeyCredentialDescriptor.from_dict(
            {
                "type": "public-key",
                "id": AttestedCredentialData(one.data).credential_id,
                **({"transports": list(one.transports)} if one.transports else {}),
            }
        )
        for one in known
    ]


def _prf(value: bytes) -> dict[str, Any]:
    return {"prf": {"eval": {"first": websafe_encode(value)}}}


def _as_json(options: Mapping[str, Any]) -> dict[str, Any]:
    plain: dict[str, Any] = json.loads(json.dumps(dict(options)))
    return plain
