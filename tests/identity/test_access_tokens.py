from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_secure.errors import InvalidInput, Refused
from jupyter_secure.identity import access_tokens as rules
from jupyter_secure.identity.access_tokens import AccessToken
from jupyter_secure.identity.roles import Right, Role

NOW = datetime(2030, 1, 1, tzinfo=timezone.utc)


def made(**changes: Any) -> tuple[str, AccessToken]:
    wanted: dict[str, Any] = {
        "username": "alice",
        "role": Role.OWNER,
        "name": "nightly",
        "rights": {Right.READ},
        "folder": "",
        "days": 90,
        "now": NOW,
    }
    return rules.make(**{**wanted, **changes})


def test_a_token_is_random_and_kept_as_a_digest() -> None:
    """The text has 256 random bits behind its prefix, and only its SHA-256 is kept."""
    text, token = made()
    assert text.startswith("jst_")
    assert len(text) == 47
    assert token.digest == rules.digest_of(text) == hashlib.sha256(text.encode()).digest()
    assert text not in repr(token)
    assert made()[0] != text


@given(st.text())
def test_what_is_no_token_has_no_digest(text: str) -> None:
    """Nothing but the exact form is looked up."""
    assert rules.digest_of(text) is None
    assert rules.digest_of(made()[0] + text) is None or text == ""


@pytest.mark.parametrize(
    ("after", "valid"),
    [
        (timedelta(0), True),
        (timedelta(days=90) - timedelta(microseconds=1), True),
        (timedelta(days=90), False),
        (-timedelta(minutes=1), True),
        (-timedelta(hours=1), False),
    ],
)
def test_it_expires(after: timedelta, valid: bool) -> None:
    """It ends on its day, and is none before it was made: a clock set back prolongs nothing."""
    assert rules.is_valid(made()[1], NOW + after) is valid


@pytest.mark.parametrize(
    ("role", "rights", "left"),
    [
        (Role.OWNER, {Right.READ, Right.EXECUTE}, {Right.READ, Right.EXECUTE}),
        (Role.VIEWER, {Right.READ, Right.EXECUTE}, {Right.READ}),
        (Role.AUDITOR, {Right.READ, Right.EXECUTE}, set()),
        (Role.OWNER, set(Right), set(Right) - {Right.MANAGE}),
    ],
)
def test_no_more_than_the_account(role: Role, rights: set[Right], left: set[Right]) -> None:
    """What the role does not have the token does not, whatever it was made with."""
    token = replace(made()[1], rights=frozenset(rights))
    assert rules.rights_now(token, role) == left


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"rights": ()}, InvalidInput),
        ({"rights": {Right.MANAGE}}, InvalidInput),
        ({"rights": {Right.WRITE}, "role": Role.VIEWER}, Refused),
        ({"rights": {Right.READ}, "role": Role.AUDITOR}, Refused),
        ({"days": 0}, InvalidInput),
        ({"days": -1}, InvalidInput),
        ({"days": 367}, InvalidInput),
        ({"days": float("nan")}, InvalidInput),
        ({"days": float("inf")}, InvalidInput),
        ({"name": ""}, InvalidInput),
        ({"name": "  "}, InvalidInput),
        ({"name": "x" * 65}, InvalidInput),
        ({"name": "a\nb"}, InvalidInput),
        ({"name": "a\u202eb"}, InvalidInput),
        ({"folder": ".."}, InvalidInput),
        ({"folder": "a/../b"}, InvalidInput),
        ({"folder": "./a"}, InvalidInput),
        ({"folder": "a\\b"}, InvalidInput),
        ({"folder": "a\0b"}, InvalidInput),
        ({"folder": "a" * 2000}, InvalidInput),
    ],
)
def test_what_cannot_be_made(changes: dict[str, Any], error: type[Exception]) -> None:
    """Each wrong wish is refused with a reason."""
    with pytest.raises(error):
        made(**changes)


@given(st.text(max_size=40))
def test_a_folder_is_below_the_root_or_refused(text: str) -> None:
    """Whatever is asked for, what is kept names no parent and does not begin at the root."""
    try:
        folder = rules.checked_folder(text)
    except InvalidInput:
        return
    assert not folder.startswith("/")
    assert not {".", "..", ""} & set(folder.split("/")) or folder == ""
