from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

import pytest
from support.slow_notebooks import SLOW, notebook

from jupyter_secure.errors import InvalidInput, StateUnusable, TooMuch
from jupyter_secure.server import comparing
from jupyter_secure.server.comparing import compared_apart

pytest.importorskip("nbdime")


def test_compared() -> None:
    """Two notebooks are compared, and what comes back is the rest of a JSON object."""
    said = json.loads(asyncio.run(compared_apart(notebook("one"), notebook("two"))))
    assert set(said) == {"before", "after", "diff"}
    with pytest.raises(InvalidInput, match="Only notebooks"):
        asyncio.run(compared_apart(notebook("one"), b"none"))


def test_never_ending(monkeypatch: pytest.MonkeyPatch) -> None:
    """A comparison that does not end is ended from outside, and nobody else waited for it."""
    monkeypatch.setattr(comparing, "SECONDS", 3.0)
    monkeypatch.setattr(comparing, "_LEEWAY_SECONDS", 0.0)

    async def beside() -> int:
        slow = asyncio.create_task(compared_apart(*SLOW))
        turns = 0
        while not slow.done():
            await asyncio.sleep(0.01)
            turns += 1
        with pytest.raises(TooMuch):
            await slow
        return turns

    assert asyncio.run(beside()) > 10


def test_worker_that_dies(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that ends without an answer, for want of memory perhaps, is an error in words."""
    nothing = Path(__file__).parents[1] / "support" / "__init__.py"
    monkeypatch.setattr(comparing.compare_worker, "__name__", nothing.stem)
    assert sys.executable
    with pytest.raises(StateUnusable, match="could not be compared"):
        asyncio.run(compared_apart(notebook("one"), notebook("two")))


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX's signals")
def test_worker_that_dies_while_it_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half an answer is none: a page would get what is no JSON."""
    half = tmp_path / "half"
    half.write_text("#!/bin/sh\ncat > /dev/null\nprintf 'done\\n{\"before\": {'\nkill -9 $$\n")
    half.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(half))
    with pytest.raises(StateUnusable, match="could not be compared"):
        asyncio.run(compared_apart(notebook("one"), notebook("two")))
