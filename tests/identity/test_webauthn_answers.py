"""Answers that no browser sends: whatever they hold, they are refused and nothing else."""

from __future__ import annotations

import copy
import secrets
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.authenticator import SoftAuthenticator, b64, unb64

from jupyter_secure.errors import StateUnusable, WrongPasskey
from jupyter_secure.identity import passkeys, webauthn
from jupyter_secure.identity.challenges import Challenges, Purpose
from jupyter_secure.identity.passkeys import Credential, Passkey
from jupyter_secure.identity.relying_party import RelyingParty
from jupyter_secure.identity.webauthn_answers import (
    MAX_TEXT,
    challenge_in,
    check,
    check_registration,
    present,
)

NOW = datetime(2030, 1, 1, tzinfo=timezone.utc)
LAB = RelyingParty("lab.example.org", "https://lab.example.org")
CHALLENGES = Challenges(lambda: NOW)
REGISTER = CHALLENGES.make(Purpose.REGISTER, "", LAB, bytes(32))
LOG_IN = CHALLENGES.make(Purpose.LOG_IN, "", LAB)
DEVICE = SoftAuthenticator(LAB.origin, has_prf=True, prf_at_once=True)
MADE = DEVICE.create(webauthn.creation_options(REGISTER, "alice", "Alice", [], bytes(32)))
KNOWN = check_registration(REGISTER, MADE)
ANSWER = DEVICE.get(webauthn.request_options(LOG_IN, [], verified=True, prf_input=bytes(32)))

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)
VALUES = JSON | st.binary(max_size=600).map(b64)
PATHS = [
    ("id",), ("rawId",), ("type",), ("response",), ("clientExtensionResults",),
    ("response", "clientDataJSON"), ("response", "attestationObject"),
    ("response", "authenticatorData"), ("response", "signature"), ("response", "userHandle"),
    ("response", "transports"), ("clientExtensionResults", "prf"),
    ("clientExtensionResults", "prf", "results"),
    ("clientExtensionResults", "prf", "results", "first"),
]  # fmt: skip


def altered(answer: dict[str, Any], path: tuple[str, ...], value: object) -> dict[str, Any]:
    changed = copy.deepcopy(answer)
    place = changed
    for name in path[:-1]:
        place = place.setdefault(name, {})
    place[path[-1]] = value
    return changed


def try_all(answer: object) -> None:
    for attempt in (
        lambda: challenge_in(answer),
        lambda: check_registration(REGISTER, answer),
        lambda: check(LOG_IN, present(answer), KNOWN.credential, verified=True),
    ):
        with suppress(WrongPasskey):
            attempt()


@given(JSON)
def test_any_json_is_refused_in_one_way(answer: object) -> None:
    """JSON of whatever shape raises the one refusal, and nothing else."""
    for attempt in (challenge_in, present, lambda one: check_registration(REGISTER, one)):
        with pytest.raises(WrongPasskey):
            attempt(answer)


@settings(max_examples=400)
@given(st.sampled_from([MADE, ANSWER]), st.sampled_from(PATHS), VALUES)
def test_any_member_may_be_anything(
    answer: dict[str, Any], path: tuple[str, ...], value: object
) -> None:
    """With any one member replaced, an answer is accepted or refused, and nothing else happens."""
    try_all(altered(answer, path, value))


@settings(max_examples=400)
@given(st.data())
def test_no_byte_of_what_is_signed_can_be_changed(data: st.DataObject) -> None:
    """A flipped bit in what was signed, or in the signature, is noticed."""
    name = data.draw(st.sampled_from(["clientDataJSON", "authenticatorData", "signature"]))
    content = bytearray(unb64(ANSWER["response"][name]))
    content[data.draw(st.integers(0, len(content) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    changed = altered(ANSWER, ("response", name), b64(bytes(content)))
    with pytest.raises(WrongPasskey):
        check(LOG_IN, present(changed), KNOWN.credential, verified=True)


@settings(max_examples=400)
@given(st.binary(max_size=300), st.integers(0, 250))
def test_hostile_cbor_is_refused_in_one_way(content: bytes, at: int) -> None:
    """Whatever stands in an attestation object, from wherever on, the worst is the refusal."""
    good = unb64(MADE["response"]["attestationObject"])
    try_all(altered(MADE, ("response", "attestationObject"), b64(good[:at] + content)))


def test_the_good_ones_are_good() -> None:
    """What the tests here alter is accepted as it is, with its secret and its transports."""
    assert KNOWN.secret is not None
    assert KNOWN.credential.transports == ("hybrid", "internal")
    presented = present(ANSWER)
    assert presented.secret == KNOWN.secret
    assert check(LOG_IN, presented, KNOWN.credential, verified=True) == 1


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("type",), "password"),
        (("type",), None),
        (("clientExtensionResults", "prf", "results", "first"), b64(bytes(31))),
        (("clientExtensionResults", "prf", "results", "first"), b64(bytes(33))),
        # Browsers send these besides, and nothing here reads them.
        (("response", "publicKey"), "A" * (MAX_TEXT + 1)),
        (("response", "authenticatorData"), "A" * (MAX_TEXT + 1)),
    ],
)
def test_what_no_browser_makes(path: tuple[str, ...], value: object) -> None:
    """An answer of another type, with another size of secret or too much text is refused."""
    with pytest.raises(WrongPasskey):
        check_registration(REGISTER, altered(MADE, path, value))
    with pytest.raises(WrongPasskey):
        present(altered(ANSWER, path, value))


def test_two_ids() -> None:
    """An answer names the passkey that the authenticator made."""
    other = altered(altered(MADE, ("id",), b64(b"other")), ("rawId",), b64(b"other"))
    with pytest.raises(WrongPasskey):
        check_registration(REGISTER, other)


@pytest.mark.parametrize(("size", "accepted"), [(0, False), (1, True), (1023, True), (1024, False)])
def test_the_size_of_an_id(monkeypatch: pytest.MonkeyPatch, size: int, accepted: bool) -> None:
    """A passkey's id has 1 to 1,023 bytes, as the standard says."""
    monkeypatch.setattr(secrets, "token_bytes", lambda _: bytes(size))
    device = SoftAuthenticator(LAB.origin)
    options = webauthn.creation_options(REGISTER, "alice", "Alice", [], bytes(32))
    made = device.create(options)
    known = webauthn.request_options(LOG_IN, [], verified=True)
    if accepted:
        assert len(check_registration(REGISTER, made).credential_id) == size
        assert len(present(device.get(known)).credential_id) == size
        return
    with pytest.raises(WrongPasskey):
        check_registration(REGISTER, made)
    with pytest.raises(WrongPasskey):
        present(device.get(known))


KEY = bytes(range(32))


def test_what_is_kept_is_bound_to_its_account() -> None:
    """A sealed record opens for its account, its credential and its key, and for no other."""
    credential = Credential("lab", bytes(32), b"key", ("usb",))
    sealed = passkeys.seal(KEY, "alice", b"id", credential)
    kept = Passkey(b"id", "0" * 16, "alice", "phone", sealed, 0, NOW)
    assert passkeys.unseal(KEY, kept) == credential
    for other, key in (
        (replace(kept, username="bob"), KEY),
        (replace(kept, username="alicei", credential_id=b"d"), KEY),
        (replace(kept, credential_id=b"other"), KEY),
        (replace(kept, credential=sealed[:-1]), KEY),
        (kept, bytes(32)),
    ):
        with pytest.raises(StateUnusable):
            passkeys.unseal(key, other)
