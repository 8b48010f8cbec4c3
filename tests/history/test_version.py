from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_secure.errors import CorruptFile
from jupyter_secure.history.notebook_key import KEY_BYTES, NotebookKey
from jupyter_secure.history.version import Kind, Version, parse

KEY = NotebookKey(bytes(range(KEY_BYTES)))
VERSION = Version(
    file_id=bytes(range(16)),
    number=7,
    path="folder/analysis.ipynb",
    account="alice",
    at=datetime(2030, 1, 2, 3, 4, 5, 6, tzinfo=timezone.utc),
    kind=Kind.RESTORED,
    size=123,
    digest=bytes(32),
    restored=3,
)


def test_round_trip() -> None:
    """What is said of a version comes back, vouched for."""
    assert parse(VERSION.to_message(KEY), KEY) == VERSION
    assert parse(VERSION.to_message(KEY)) == VERSION


@given(path=st.text(st.characters(codec=None), min_size=1, max_size=500), account=st.text())
def test_wild_names(path: str, account: str) -> None:
    """Any name comes back, and the line for people stays one line."""
    wild = replace(VERSION, path=path, account=account)
    message = wild.to_message(KEY)
    assert parse(message, KEY) == wild
    assert message.count("\n") == 3
    message.encode()  # Git takes it


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("number", 8),
        ("path", "other.ipynb"),
        ("account", "mallory"),
        ("at", (VERSION.at + timedelta(seconds=1)).isoformat()),
        ("kind", "manual"),
        ("size", 1),
        ("digest", "ff" * 32),
        ("file", "ff" * 16),
        ("restored", None),
        ("v", 2),
        ("extra", 1),
    ],
)
def test_altered(field: str, value: object) -> None:
    """Nothing that is said of a version can be altered without the key."""
    head, _, body = VERSION.to_message(KEY).partition("\n\n")
    altered = f"{head}\n\n{json.dumps(json.loads(body) | {field: value})}"
    with pytest.raises(CorruptFile):
        parse(altered, KEY)


@pytest.mark.parametrize(
    "message", ["", "x", "x\n\n", "x\n\n{}", "x\n\n[]", "x\n\n" + "[" * 100_000, 'x\n\n{"mac": 1}']
)
def test_not_ours(message: str) -> None:
    """A commit that somebody else made is damaged, with the key and without."""
    for key in (KEY, None):
        with pytest.raises(CorruptFile):
            parse(message, key)
