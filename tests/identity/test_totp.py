from __future__ import annotations

import base64
from datetime import datetime, timedelta, timezone
from urllib.parse import parse_qs, urlsplit

import pytest

from jupyter_secure.crypto.aead import InvalidSeal, generate_key
from jupyter_secure.identity import totp

# RFC 6238, appendix B: the SHA-1 secret and its rows, cut to the last six of their eight digits.
RFC_SECRET = base64.b32encode(b"12345678901234567890").decode()
RFC_ROWS = [
    (59, "287082"),
    (1111111109, "081804"),
    (1111111111, "050471"),
    (1234567890, "005924"),
    (2000000000, "279037"),
    (20000000000, "353130"),
]
NOW = datetime(2030, 1, 1, 12, 0, 10, tzinfo=timezone.utc)


def at(seconds: int) -> datetime:
    """Return the moment that long after 1970."""
    return datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(seconds=seconds)


@pytest.mark.parametrize(("seconds", "code"), RFC_ROWS)
def test_rfc_6238_vectors(seconds: int, code: str) -> None:
    """Codes are those of RFC 6238 appendix B, and match the step of their time."""
    assert totp.current_code(RFC_SECRET, at(seconds)) == code
    assert totp.matching_step(RFC_SECRET, code, at(seconds)) == seconds // 30


@pytest.mark.parametrize(
    ("steps_off", "matches"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)]
)
def test_window(steps_off: int, *, matches: bool) -> None:
    """A code matches one step either side of now, as the step it belongs to, and no further."""
    secret = totp.new_secret()
    then = NOW + timedelta(seconds=30 * steps_off)
    step = totp.matching_step(secret, totp.current_code(secret, then), NOW)
    assert step == (int(then.timestamp()) // 30 if matches else None)


@pytest.mark.parametrize(
    "disguise",
    [
        lambda code: "".join(chr(ord(c) - 0x30 + 0xFF10) for c in code),  # full-width digits
        lambda code: "".join(chr(ord(c) - 0x30 + 0x0660) for c in code),  # Arabic-Indic digits
        lambda code: code + "\n",
        lambda code: " " + code,
        lambda code: code[:5],
        lambda code: "0" + code,
        lambda _: "",
    ],
    ids=["full-width", "arabic", "newline", "space", "short", "long", "empty"],
)
def test_only_six_ascii_digits(disguise: object) -> None:
    """What is not exactly six ASCII digits matches nothing, whatever it would convert to."""
    assert callable(disguise)
    secret = totp.new_secret()
    typed = disguise(totp.current_code(secret, NOW))
    assert not totp.is_code(typed)
    assert totp.matching_step(secret, typed, NOW) is None


def test_no_step_before_1970() -> None:
    """A clock that was never set finds a code of another time wrong, and nothing else happens."""
    secret = totp.new_secret()
    for steps in (2, 20):
        moment = at(0)
        code = totp.current_code(secret, moment + timedelta(seconds=30 * steps))
        assert totp.distant_step(secret, code, moment) == steps
    assert totp.distant_step(secret, totp.current_code(secret, NOW), at(0)) is None


def test_secret_is_160_random_bits() -> None:
    """A secret holds 160 bits and no two are the same."""
    secrets = {totp.new_secret() for _ in range(50)}
    assert len(secrets) == 50
    assert {len(base64.b32decode(secret)) for secret in secrets} == {20}


def test_provisioning_uri() -> None:
    """The address in the QR code names the account and the issuer and carries the secret."""
    secret = totp.new_secret()
    uri = urlsplit(totp.provisioning_uri(secret, "mary jane@x"))
    query = parse_qs(uri.query)
    assert (uri.scheme, uri.netloc) == ("otpauth", "totp")
    assert uri.path == "/Jupyter%20Secure:mary%20jane%40x"
    assert query["secret"] == [secret]
    assert query["issuer"] == ["Jupyter Secure"]


def test_sealed_secret_is_bound_to_its_account() -> None:
    """A sealed secret opens with its key for its account, and for nobody else's."""
    key, secret = generate_key(), totp.new_secret()
    sealed = totp.seal_secret(key, "alice", secret)
    assert secret.encode() not in sealed
    assert totp.open_secret(key, "alice", sealed) == secret
    for other_key, name in [(key, "bob"), (generate_key(), "alice")]:
        with pytest.raises(InvalidSeal):
            totp.open_secret(other_key, name, sealed)
