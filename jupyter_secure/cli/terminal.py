"""Asking and showing things on a terminal."""

from __future__ import annotations

import getpass
import os
import sys
from collections.abc import Callable, Sequence

from jupyter_secure.errors import InvalidInput, SecureError

# How often a question is asked again before the command gives up.
TRIES = 5

_COLOURS = {"ok": "32", "warn": "33", "bad": "31", "strong": "1", "faint": "2"}


def is_interactive() -> bool:
    """Return whether a person can be asked: input and output are both a terminal."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def styled(text: str, style: str) -> str:
    """Return ``text`` for standard output, coloured where that shows (https://no-color.org)."""
    if not sys.stdout.isatty() or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return text
    return f"\x1b[{_COLOURS[style]}m{text}\x1b[0m"


def mark(level: str) -> str:
    """Return the sign for ``ok``, ``warn`` or ``bad``, in ASCII where nothing else shows."""
    unicode_sign, ascii_sign = {"ok": ("✓", "+"), "warn": ("!", "!"), "bad": ("✗", "x")}[level]
    return styled(unicode_sign if _shows(unicode_sign) else ascii_sign, level)


def ask(question: str, default: str = "") -> str:
    """Ask for a line; InvalidInput when the input has ended."""
    shown = f"{question} [{default}]: " if default else f"{question}: "
    try:
        return input(shown).strip() or default
    except EOFError:
        print()
        raise InvalidInput("The answer is missing.", why="The input has ended.") from None


def ask_secret(question: str) -> str:
    """Ask for a line that is not shown; from the terminal, also when the input is a pipe."""
    try:
        return getpass.getpass(f"{question}: ")
    except EOFError:
        print(file=sys.stderr)
        raise InvalidInput("The answer is missing.", why="The input has ended.") from None


def ask_yes(question: str) -> bool:
    """Ask a question that is answered with Enter for yes, or with no."""
    while True:
        answer = ask(f"{question} [Y/n]").lower()
        if answer in ("", "y", "yes"):
            return True
        if answer in ("n", "no"):
            return False
        print("Please answer y or n.")


def until_accepted(ask_once: Callable[[], str], check: Callable[[str], object]) -> str:
    """Ask until ``check`` raises nothing, saying each time what it raised; at most TRIES times."""
    for _ in range(TRIES - 1):
        answer = ask_once()
        try:
            check(answer)
        except SecureError as error:
            print(f"  {error}", file=sys.stderr)
        else:
            return answer
    answer = ask_once()
    check(answer)
    return answer


def ask_new_secret(
    question: str, check: Callable[[str], object], *, called: str = "password"
) -> str:
    """Ask for a new secret, twice, until ``check`` raises nothing and both are the same."""

    def ask_twice() -> str:
        secret = until_accepted(lambda: ask_secret(question), check)
        if ask_secret("The same again") != secret:
            raise InvalidInput(f"The two {called}s differ.", remedy="Try again.")
        return secret

    for _ in range(TRIES - 1):
        try:
            return ask_twice()
        except InvalidInput as error:
            print(f"  {error}", file=sys.stderr)
    return ask_twice()


def read_password_stdin(called: str = "password") -> str:
    """Return the next line of standard input, as ``--password-stdin`` promises."""
    try:
        line = sys.stdin.buffer.readline().decode()
    except UnicodeDecodeError:
        raise InvalidInput(f"The {called} is not UTF-8 text.") from None
    password = line.rstrip("\r\n")
    if not password:
        raise InvalidInput(
            f"There is no {called} on standard input.",
            remedy=f"Pipe it in, as in: pass show jupyter | jupyter secure … --{called}-stdin",
        )
    return password


def qr_code(text: str) -> str:
    """Return a QR code for the terminal, two rows of modules to a line of half blocks."""
    import segno

    # Black on white whatever the terminal's colours are: many scanners fail on inverted codes.
    begin, end = ("\x1b[30;107m", "\x1b[0m") if sys.stdout.isatty() else ("", "")
    rows: list[Sequence[int]] = [
        list(row) for row in segno.make_qr(text, error="l").matrix_iter(border=4)
    ]
    if len(rows) % 2:
        rows.append([0] * len(rows[0]))
    signs = {(0, 0): " ", (1, 0): "▀", (0, 1): "▄", (1, 1): "█"}
    if not begin:
        # Without colours the paper is the terminal's own: draw the light modules instead, as most
        # terminals show light on dark.
        signs = {(1, 1): " ", (0, 1): "▀", (1, 0): "▄", (0, 0): "█"}
    if not _shows("▀"):
        return ""
    pairs = zip(rows[::2], rows[1::2], strict=True)
    lines = ("".join(signs[bool(a), bool(b)] for a, b in zip(*pair, strict=True)) for pair in pairs)
    return "\n".join(f"  {begin}{line}{end}" for line in lines)


def grouped(secret: str, size: int = 4) -> str:
    """Return a secret in groups, for typing it off the screen."""
    return " ".join(secret[at : at + size] for at in range(0, len(secret), size))


def _shows(sign: str) -> bool:
    try:
        sign.encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
