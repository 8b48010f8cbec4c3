"""Merging three versions of a file for Git, of which some or all are sealed.

Notebooks are merged by nbdime, cell by cell, in memory. The result is sealed as the next version of
ours, also where it holds conflicts, so that whoever has the vault opens it without a question.
"""

from __future__ import annotations

import contextlib
import logging
import os
import subprocess
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import StringIO
from typing import Any

from jupyter_secure.app.git.open_vault import Opener
from jupyter_secure.app.notebook_libraries import without_addresses
from jupyter_secure.errors import CorruptFile, InvalidInput, NotInstalled
from jupyter_secure.vault.envelope import Header, header_bytes, is_sealed

#: A notebook without anything, in place of a file that is not there.
EMPTY = b'{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}'


@dataclass(frozen=True)
class Merged:
    """What came of it: the file, sealed if one of the three was, and whether conflicts are left."""

    blob: bytes
    conflicts: bool


@dataclass(frozen=True)
class _Side:
    blob: bytes
    content: bytes

    @property
    def sealed(self) -> bool:
        return is_sealed(self.blob)

    @property
    def header(self) -> bytes:
        return self.blob[: header_bytes(self.blob)]

    @property
    def place(self) -> tuple[bytes, int]:
        header = Header.parse(self.blob)
        return header.file_id, header.file_version


def merge(base: bytes, ours: bytes, theirs: bytes, opener: Opener) -> Merged:
    """Merge three files; an empty ``base`` stands for none.

    Raises what opening does, ``InvalidInput`` for what is no notebook and was changed on both
    sides, and ``NotInstalled`` without nbdime. Then nothing was merged.
    """
    sides = [_side(blob, opener) for blob in (base, ours, theirs)]
    old, mine, other = sides
    if other.content in (mine.content, old.content):
        content, conflicts = mine.content, False
    elif old.content == mine.content:
        content, conflicts = other.content, False
    else:
        content, conflicts = merge_notebooks(old.content, mine.content, other.content)
    sealed = [one for one in (mine, other, old) if one.sealed]
    if not sealed:
        return Merged(content, conflicts)
    newest = _newest(sealed)
    if newest is not None and newest.content == content:
        return Merged(newest.blob, conflicts)
    return Merged(opener.seal(content, [one.header for one in sealed]), conflicts)


def _side(blob: bytes, opener: Opener) -> _Side:
    return _Side(blob, opener.open(blob) if is_sealed(blob) else blob)


def _newest(sealed: list[_Side]) -> _Side | None:
    """Return the one that comes after all others of the same file, if there is one."""
    places = {one.place: one.blob for one in sealed}
    if len({file_id for file_id, _ in places}) != 1:
        return None
    newest = max(sealed, key=lambda one: one.place)
    rivals = {one.blob for one in sealed if one.place == newest.place}
    return newest if len(rivals) == 1 else None


def merge_notebooks(base: bytes, ours: bytes, theirs: bytes) -> tuple[bytes, bool]:
    """Return the notebook merged by nbdime, and whether it holds conflicts; errors as ``merge``."""
    reader = notebook_reader()
    read = [reader(text) for text in (base, ours, theirs)]
    from nbdime.merging.notebooks import merge_notebooks as merge_by_cells

    with _in_memory():
        merged, decisions = merge_by_cells(*read)
    return notebook_bytes(merged), any(decision.conflict for decision in decisions)


def notebook_bytes(notebook: dict[str, Any]) -> bytes:
    """Return a notebook as Jupyter writes it."""
    import json

    return json.dumps(notebook, indent=1, ensure_ascii=False, sort_keys=True).encode() + b"\n"


def notebook_reader() -> Callable[[bytes], Any]:
    """Return what reads a notebook for nbdime. Raises ``NotInstalled`` without nbdime.

    What it returns raises ``InvalidInput`` for what is no notebook.
    """
    without_addresses()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # nbdime's own, about what it imports
            from nbdime.utils import read_notebook
    except ImportError:
        raise NotInstalled(
            "nbdime is not installed.",
            why="It merges and compares notebooks cell by cell.",
            remedy="pip install 'jupyter-secure[history]'",
        ) from None

    def read(text: bytes) -> Any:
        log = logging.getLogger("traitlets")  # where nbformat would quote what is invalid
        was, log.disabled = log.disabled, True
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # about cells without ids, in old notebooks
                return read_notebook(StringIO((text or EMPTY).decode()), "minimal")
        except Exception as error:  # whatever wild input leads its readers to
            raise _no_notebook() from error
        finally:
            log.disabled = was

    return read


def _no_notebook() -> InvalidInput:
    return InvalidInput(
        "It is no valid notebook, and was changed on both sides.",
        why="Git cannot look into a sealed file, and only notebooks are merged for it.",
        remedy="Choose one: git checkout --ours PATH, or --theirs.",
    )


@contextlib.contextmanager
def _in_memory() -> Iterator[None]:
    """Let nbdime merge the lines of a cell without writing them to files on the disk."""
    from nbdime.merging import strategies

    before = strategies.merge_render
    strategies.merge_render = _merged_lines
    try:
        yield
    finally:
        strategies.merge_render = before


def _merged_lines(base: Any, ours: Any, theirs: Any, _strategy: object) -> tuple[str, int]:
    """Do what nbdime has `git merge-file` do in a temporary folder, in anonymous memory."""
    from nbdime.prettyprint import builtin_merge_render
    from nbdime.utils import as_text

    if not hasattr(os, "memfd_create"):
        text, status = builtin_merge_render(base, ours, theirs, None)
        return str(text), int(status)
    files: list[int] = []
    try:
        for content in (ours, base, theirs):
            files.append(os.memfd_create("jupyter-secure"))
            with open(files[-1], "wb", closefd=False) as memory:
                memory.write(as_text(content).encode())
        names = [f"/proc/self/fd/{file}" for file in files]
        labels = [word for name in ("local", "base", "remote") for word in ("-L", name)]
        done = subprocess.run(
            ["git", "merge-file", "-p", *labels, *names],  # noqa: S607  # whichever Git runs us
            pass_fds=files,
            stdout=subprocess.PIPE,
            check=False,
        )
    finally:
        for file in files:
            os.close(file)
    if not 0 <= done.returncode < 128:
        raise CorruptFile("Its lines cannot be merged.")
    return done.stdout.decode(), done.returncode
