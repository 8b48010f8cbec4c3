"""Merging three versions, of which some are sealed."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from support.gits import Person, cell, edited, notebook

from jupyter_secure.app.git import merging
from jupyter_secure.app.git.merging import Merged, merge
from jupyter_secure.app.git.open_vault import OpenVault
from jupyter_secure.errors import InvalidInput, NotInstalled
from jupyter_secure.vault.envelope import FileClass, Header, is_sealed

BASE = notebook(cell("a\nb\nc\nd", "one"), cell("second", "two"))
FILE_ID = bytes(range(16))


def raw(content: dict[str, Any]) -> bytes:
    return json.dumps(content).encode()


def sealed(one: Person, content: bytes, version: int, file_id: bytes = FILE_ID) -> bytes:
    return one.vault.seal_bytes(
        content, file_class=FileClass.CONTENT, file_id=file_id, file_version=version
    )


def sources(vault: OpenVault, merged: Merged) -> list[str]:
    data = vault.open(merged.blob) if is_sealed(merged.blob) else merged.blob
    return [one["source"] for one in json.loads(data)["cells"]]


@pytest.mark.parametrize("plain", ["none", "base", "ours", "theirs", "all"])
def test_plain_and_sealed(alice: Person, opened: OpenVault, plain: str) -> None:
    """If any of the three is sealed so is the result, as the version after all of them."""
    sides = {"base": BASE, "ours": edited(BASE, 0, "A"), "theirs": edited(BASE, 1, "B")}
    versions = {"base": 3, "ours": 4, "theirs": 9}
    blobs = [
        raw(content) if plain in (name, "all") else sealed(alice, raw(content), versions[name])
        for name, content in sides.items()
    ]
    merged = merge(*blobs, opened)
    assert not merged.conflicts
    assert sources(opened, merged) == ["A", "B"]
    assert is_sealed(merged.blob) == (plain != "all")
    if plain != "all":
        header = Header.parse(merged.blob)
        assert header.file_id == FILE_ID
        assert header.file_version == (5 if plain == "theirs" else 10)


def test_different_files(alice: Person, opened: OpenVault) -> None:
    """Of two that were made apart under one name, ours stays the file."""
    ours = sealed(alice, raw(edited(BASE, 0, "A")), 1)
    theirs = sealed(alice, raw(edited(BASE, 0, "B")), 5, bytes(16))
    merged = merge(b"", ours, theirs, opened)
    assert merged.conflicts
    header = Header.parse(merged.blob)
    assert (header.file_id, header.file_version) == (FILE_ID, 6)


def test_saved_again_without_a_change(alice: Person, opened: OpenVault) -> None:
    """What only one side changed is taken as it lies, where that is the newest already."""
    base, ours = sealed(alice, raw(BASE), 3), sealed(alice, raw(BASE), 4)
    theirs = sealed(alice, raw(edited(BASE, 0, "B")), 5)
    assert merge(base, ours, theirs, opened) == Merged(theirs, conflicts=False)
    assert merge(base, theirs, ours, opened) == Merged(theirs, conflicts=False)
    # Of two with one number neither is newer: the result must be, for everyone.
    rival = sealed(alice, raw(edited(BASE, 0, "B")), 4)
    assert Header.parse(merge(base, ours, rival, opened).blob).file_version == 5


def test_lines_of_a_cell(opened: OpenVault) -> None:
    """Lines are merged in three ways, and only those in conflict are marked."""
    ours, theirs = raw(edited(BASE, 0, "aa\nb\nc\nX")), raw(edited(BASE, 0, "a\nb\nc\nY"))
    merged = merge(raw(BASE), ours, theirs, opened)
    assert merged.conflicts
    marked = "aa\nb\nc\n<<<<<<< local\nX\n=======\nY\n>>>>>>> remote\n"
    assert sources(opened, merged)[0] == marked


def test_without_anonymous_memory(opened: OpenVault, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the system has none, nbdime's own way is taken, which needs no files either."""
    monkeypatch.delattr("os.memfd_create")
    ours, theirs = raw(edited(BASE, 0, "a\nX")), raw(edited(BASE, 0, "a\nY"))
    assert "<<<<<<< local\nX" in sources(opened, merge(raw(BASE), ours, theirs, opened))[0]


def test_other_files(alice: Person, opened: OpenVault) -> None:
    """Data that only one side changed is taken; changed on both sides it is left alone."""
    base, one, two = (sealed(alice, text, 1) for text in (b"a,b", b"a,c", b"a,d"))
    assert opened.open(merge(base, one, base, opened).blob) == b"a,c"
    assert opened.open(merge(base, base, one, opened).blob) == b"a,c"
    with pytest.raises(InvalidInput, match="no valid notebook, and was changed on both sides"):
        merge(base, one, two, opened)
    with pytest.raises(InvalidInput, match="no valid notebook"):
        merge(b"\xff", b"\xfe", b"\xfd", opened)


@pytest.mark.parametrize("text", [b"{", b'{"nbformat": 99}', b'{"cells": 3, "nbformat": 4}'])
def test_invalid_notebooks(opened: OpenVault, text: bytes) -> None:
    """What only looks like a notebook is not merged."""
    with pytest.raises(InvalidInput):
        merge(raw(BASE), text, raw(edited(BASE, 0, "x")), opened)


def test_without_nbdime(opened: OpenVault, monkeypatch: pytest.MonkeyPatch) -> None:
    """It says what to install; what needs no merging is done all the same."""
    monkeypatch.setitem(sys.modules, "nbdime.utils", None)
    one, two = raw(edited(BASE, 0, "x")), raw(edited(BASE, 0, "y"))
    with pytest.raises(NotInstalled, match=r"jupyter-secure\[history\]"):
        merge(raw(BASE), one, two, opened)
    assert merge(raw(BASE), one, raw(BASE), opened).blob == one


def test_no_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing of nbdime's that writes temporary files is reached."""

    def fail(*_: object, **__: object) -> None:
        raise AssertionError("a temporary folder was asked for")

    monkeypatch.setattr("tempfile.mkdtemp", fail)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "nowhere"))
    ours = edited(edited(BASE, 0, "X"), 1, "Y")
    theirs = edited(BASE, 0, "Z")
    ours["cells"][0]["attachments"] = {"a.txt": {"text/plain": "one"}}
    theirs["cells"][0]["attachments"] = {"a.txt": {"text/plain": "two"}}
    ours["cells"][1]["outputs"] = cell("", "", output="one")["outputs"]
    theirs["cells"][1]["outputs"] = cell("", "", output="two")["outputs"]
    assert merging.merge_notebooks(raw(BASE), raw(ours), raw(theirs))[1]
