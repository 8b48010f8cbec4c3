from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from support.home import PASSWORD, Home

Run = Callable[..., "subprocess.CompletedProcess[str]"]

# A line that clears the screen, a second line, one without ASCII, one that is no UTF-8, and one
# that shows its end first.
WILD = (b"\x1b[2Ja.ipynb", b"b\nAll of them open.ipynb", b"\xc2\x9b2Jc.ipynb", b"\xffd.ipynb")
WILD = (*WILD, "e\u202egpj.ipynb".encode())


@pytest.fixture
def tree(home: Home) -> Path:
    """Notebooks whose names are there to fool whoever reads them on a terminal."""
    for name in WILD:
        with open(os.path.join(os.fsencode(home.work), name), "wb") as file:
            file.write(b"{}")
    return home.work


def clean(done: subprocess.CompletedProcess[str]) -> str:
    said = done.stdout + done.stderr
    assert "Something went wrong" not in said
    wild = {c for c in said if not c.isprintable()} - {"\n"}
    assert not wild, ascii(wild)
    assert "\nAll of them" not in said.replace("\nAll of them open.\n", "")
    return said


def test_names_are_shown_and_nothing_else(run: Run, tree: Path) -> None:
    """No command lets a file's name clear the screen or write a line of its own."""
    given = {"given": PASSWORD}
    stdin = "--password-stdin"
    assert r"\x1b[2Ja.ipynb" in clean(run("vault", "seal", "--all", "--dry-run"))
    (tree / "hard").mkdir()
    names = [os.path.join(os.fsencode(tree), name) for name in WILD]
    for name in names:
        os.link(name, os.path.join(os.fsencode(tree), b"hard/" + os.path.basename(name)))
    assert r"b\nAll of them open.ipynb has other names" in clean(
        run("vault", "seal", "--all", stdin, **given)
    )
    for name in names:
        os.unlink(os.path.join(os.fsencode(tree), b"hard/" + os.path.basename(name)))
    clean(run("vault", "seal", *map(os.fsdecode, names), stdin, **given))
    clean(run("vault", "open", "--all", "--dry-run"))
    clean(run("lock", "--read-only", os.fsdecode(names[0]), stdin, **given))
    for name in names:
        with open(name, "r+b") as file:
            file.seek(-1, os.SEEK_END)
            file.write(b"!")
    clean(run("vault", "verify", stdin, **given))
    clean(run("vault", "rotate", ".", stdin, **given))
    clean(run("vault", "rotate", "--full", ".", stdin, **given))
    clean(run("vault", "open", "--in-place", *map(os.fsdecode, names), stdin, **given))
    for name in names:
        with open(name, "wb") as file:
            file.write(b"{}")
    clean(run("vault", "accept", "--dry-run", stdin, **given))
    clean(run("status"))
    clean(run("vault", "seal-folder", "."))
