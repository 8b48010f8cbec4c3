from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_secure.errors import Conflict, shown


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("Überblick – 数据\u00a01.ipynb", "Überblick – 数据\u00a01.ipynb"),
        ("\x1b[2J\r\n", r"\x1b[2J\r\n"),
        ("\x9b2J\x7f\u2028", r"\x9b2J\x7f\u2028"),
        ("e\u202egpj.ipynb", r"e\u202egpj.ipynb"),
        ("\udcff.ipynb", r"\udcff.ipynb"),
        ("👩\u200d🔬.ipynb", "👩\u200d🔬.ipynb"),
    ],
)
def test_names_of_things(text: str, seen: str) -> None:
    """What shows is shown as it is; what a terminal would obey, or cannot write, as an escape."""
    assert shown(text) == seen


@given(st.text())
def test_an_error_is_one_line_of_text(text: str) -> None:
    """Whatever a file is called, an error that names it can be printed anywhere, as one line."""
    error = Conflict(f"{text} exists.", why=text, remedy=f"Move {text}.")
    for said in (str(error), error.what, error.why, error.remedy):
        said.encode()
        assert len(said.splitlines()) <= 1
        assert not {"\x1b", "\x9b", "\r"} & set(said)
