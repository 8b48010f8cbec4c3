"""A passkey authenticator in software: what a phone or a security key does, and what one must not.

After W3C Web Authentication Level 3, section 6, written on its own: it shares nothing with the
server. Its fields say what to get wrong.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

PRESENT, VERIFIED, ELIGIBLE, BACKED_UP, ATTESTED = 0x01, 0x04, 0x08, 0x10, 0x40
PrivateKey = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey


def b64(data: bytes) -> str:
    """Base64url without padding, as in every member of the JSON."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    """The reverse."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def cbor(value: Any) -> bytes:
    """CBOR (RFC 8949) of what an authenticator says: integers, bytes, text, maps."""
    match value:
        case int() if value < 0:
            return _head(1, -1 - value)
        case int():
            return _head(0, value)
        case bytes():
            return _head(2, len(value)) + value
        case str():
            return _head(3, len(value.encode())) + value.encode()
        case dict():
            items = b"".join(cbor(key) + cbor(one) for key, one in value.items())
            return _head(5, len(value)) + items
    raise TypeError(type(value))


def _head(kind: int, number: int) -> bytes:
    if number < 24:
        return bytes([kind << 5 | number])
    if number < 256:
        return bytes([kind << 5 | 24, number])
    return bytes([kind << 5 | 25]) + number.to_bytes(2, "big")


@dataclass
class Credential:
    """One passkey on the authenticator."""

    credential_id: bytes
    rp_id: str
    user_handle: bytes
    key: PrivateKey
    count: int = 0
    secret: bytes = field(default_factory=lambda: secrets.token_bytes(32))


@dataclass
class SoftAuthenticator:
    """Holds passkeys. Off-standard behaviour is set on it before it is asked."""

    origin: str
    algorithm: int = -7
    counts: bool = True
    has_prf: bool = False
    #: Some compute the secret as the passkey is made, most do so at its first use.
    prf_at_once: bool = False
    verifies: bool = True
    rp_id: str | None = None  # instead of the one that is asked for
    client_data: dict[str, Any] = field(default_factory=dict)  # over what belongs there
    flags: int | None = None
    credentials: list[Credential] = field(default_factory=list)
    alter: Callable[[bytes], bytes] = bytes  # what happens to the CBOR on its way

    def create(self, options: dict[str, Any]) -> dict[str, Any]:
        """Answer ``PublicKeyCredentialCreationOptionsJSON`` with what ``toJSON`` returns."""
        algorithms = [one["alg"] for one in options["pubKeyCredParams"]]
        assert self.algorithm in algorithms or self.algorithm not in (-7, -8, -257)
        excluded = {one["id"] for one in options.get("excludeCredentials", [])}
        assert not excluded & {b64(one.credential_id) for one in self.credentials}
        made = Credential(
            secrets.token_bytes(32),
            options["rp"]["id"],
            unb64(options["user"]["id"]),
            _new_key(self.algorithm),
        )
        self.credentials.append(made)
        attested = bytes(16) + struct.pack(">H", len(made.credential_id)) + made.credential_id
        attested += cbor(_cose(made.key, self.algorithm))
        data = self._data(made, ATTESTED) + attested
        client_data = self._client_data("webauthn.create", options["challenge"])
        attestation = self.alter(cbor({"fmt": "none", "attStmt": {}, "authData": data}))
        results: dict[str, Any] = {"credProps": {"rk": True}}
        if self.has_prf:
            results["prf"] = {"enabled": True}
            if self.prf_at_once:
                results["prf"]["results"] = self._prf(made, options)
        return {
            "id": b64(made.credential_id),
            "rawId": b64(made.credential_id),
            "type": "public-key",
            "authenticatorAttachment": "platform",
            "clientExtensionResults": results,
            "response": {
                "clientDataJSON": b64(client_data),
                "attestationObject": b64(attestation),
                "transports": ["internal", "hybrid", "carrier-pigeon"],
            },
        }

    def get(self, options: dict[str, Any], credential: Credential | None = None) -> dict[str, Any]:
        """Answer ``PublicKeyCredentialRequestOptionsJSON``, with ``credential`` if given."""
        allowed = [one["id"] for one in options.get("allowCredentials", [])]
        used = credential or next(
            one
            for one in self.credentials
            if one.rp_id == options["rpId"] and (not allowed or b64(one.credential_id) in allowed)
        )
        if self.counts:
            used.count += 1
        data = self.alter(self._data(used))
        client_data = self._client_data("webauthn.get", options["challenge"])
        signed = data + hashlib.sha256(client_data).digest()
        prf = self.has_prf and "prf" in options.get("extensions", {})
        return {
            "id": b64(used.credential_id),
            "rawId": b64(used.credential_id),
            "type": "public-key",
            "authenticatorAttachment": "platform",
            "clientExtensionResults": {"prf": {"results": self._prf(used, options)}} if prf else {},
            "response": {
                "clientDataJSON": b64(client_data),
                "authenticatorData": b64(data),
                "signature": b64(_sign(used.key, signed)),
                "userHandle": b64(used.user_handle),
            },
        }

    def _data(self, credential: Credential, extra: int = 0) -> bytes:
        flags = PRESENT | (VERIFIED if self.verifies else 0)
        flags = (flags if self.flags is None else self.flags) | extra
        rp_id = self.rp_id or credential.rp_id
        return hashlib.sha256(rp_id.encode()).digest() + struct.pack(">BI", flags, credential.count)

    def _client_data(self, kind: str, challenge: str) -> bytes:
        said = {"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": False}
        return json.dumps(said | self.client_data).encode()

    def _prf(self, credential: Credential, options: dict[str, Any]) -> dict[str, str]:
        given = unb64(options["extensions"]["prf"]["eval"]["first"])
        salt = hashlib.sha256(b"WebAuthn PRF\x00" + given).digest()
        secret = credential.secret if self.verifies else credential.secret[::-1]
        return {"first": b64(hmac.digest(secret, salt, "sha256"))}


def _new_key(algorithm: int) -> PrivateKey:
    if algorithm == -8:
        return ed25519.Ed25519PrivateKey.generate()
    if algorithm == -257:
        return rsa.generate_private_key(65537, 2048)
    return ec.generate_private_key(ec.SECP256R1())


def _cose(key: PrivateKey, algorithm: int) -> dict[int, Any]:
    public = key.public_key()
    if isinstance(public, ed25519.Ed25519PublicKey):
        return {1: 1, 3: algorithm, -1: 6, -2: public.public_bytes(Encoding.Raw, PublicFormat.Raw)}
    if isinstance(public, rsa.RSAPublicKey):
        numbers = public.public_numbers()
        return {1: 3, 3: algorithm, -1: numbers.n.to_bytes(256, "big"), -2: b"\x01\x00\x01"}
    point = public.public_numbers()
    x, y = point.x.to_bytes(32, "big"), point.y.to_bytes(32, "big")
    return {1: 2, 3: algorithm, -1: 1, -2: x, -3: y}


def _sign(key: PrivateKey, message: bytes) -> bytes:
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return key.sign(message)
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(message, PKCS1v15(), SHA256())
    return key.sign(message, ec.ECDSA(SHA256()))
