from __future__ import annotations

import re

import pytest
import segno

from jupyter_secure.cli import terminal

URI = "otpauth://totp/Jupyter%20Secure:alice?secret=" + "A" * 32 + "&issuer=Jupyter%20Secure"


def test_qr_code(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is drawn is the QR code, module by module, black on white, with a margin of four."""
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    lines = terminal.qr_code(URI).splitlines()
    drawn = []
    for line in lines:
        inner = re.fullmatch(r"  \x1b\[30;107m(.*)\x1b\[0m", line)
        assert inner
        drawn.append([sign in "▀█" for sign in inner[1]])
        drawn.append([sign in "▄█" for sign in inner[1]])
    code = segno.make_qr(URI, error="l")
    expected = [[bool(module) for module in row] for row in code.matrix_iter(border=4)]
    assert drawn[: len(expected)] == expected
    assert not any(any(row) for row in drawn[len(expected) :])


def test_no_colours_where_they_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    """Into a pipe no escape sequence is written."""
    monkeypatch.setattr("sys.stdout.isatty", lambda: False)
    written = [terminal.styled("text", "strong"), terminal.mark("ok"), terminal.qr_code(URI)]
    assert "\x1b" not in "".join(written)


def test_grouped() -> None:
    """A secret is shown in groups of four."""
    assert terminal.grouped("ABCDEFGHIJ") == "ABCD EFGH IJ"
