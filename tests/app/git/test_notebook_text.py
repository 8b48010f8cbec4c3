"""Notebooks as the text that Git compares."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.gits import Person, cell, notebook

from jupyter_secure.app.git import driver
from jupyter_secure.app.git.notebook_text import is_sealed, text_of, unopened
from jupyter_secure.vault import envelope
from jupyter_secure.vault.envelope import FileClass


def shown(content: dict[str, Any]) -> list[str]:
    return text_of(json.dumps(content).encode()).splitlines()


def test_cells_and_outputs() -> None:
    """Each cell and each output has its heading and its lines."""
    lines = shown(notebook(cell("a = 1\nb", "x", output="out\nput\n")))
    headings = [line.strip("─ ") for line in lines if line.startswith("──")]
    assert headings == ["code", "output stdout", "notebook"]
    assert lines[1:3] == ["a = 1", "b"]
    assert lines[4:6] == ["out", "put"]


def test_running_it_again_shows_nothing() -> None:
    """Numbers of executions are left out."""
    one, other = notebook(cell("a", "x")), notebook(cell("a", "x"))
    other["cells"][0]["execution_count"] = 7
    assert shown(one) == shown(other)


@pytest.mark.parametrize(
    "change",
    [
        lambda nb: nb["cells"][0].update(source="b"),
        lambda nb: nb["cells"][0]["metadata"].update(tags=["x"]),
        lambda nb: nb["cells"][0].update(cell_type="markdown"),
        lambda nb: nb["metadata"].update(kernelspec={"name": "r"}),
        lambda nb: nb.update(nbformat_minor=4),
        lambda nb: nb["cells"].append(cell("", "new")),
        lambda nb: nb["cells"][0].update(attachments={"a.png": {"image/png": "QUJD"}}),
        lambda nb: nb["cells"][0]["outputs"].append(
            {"output_type": "error", "ename": "E", "evalue": "v", "traceback": ["t"]}
        ),
        lambda nb: nb["cells"][0]["outputs"].append(
            {"output_type": "display_data", "data": {"image/png": "QUJD"}, "metadata": {}}
        ),
        lambda nb: nb["cells"][0]["outputs"].append(
            {"output_type": "display_data", "data": {"x/json": {"a": 1}}, "metadata": {"m": 1}}
        ),
    ],
)
def test_what_matters_shows(change: Any) -> None:
    """Every other change is seen."""
    before, after = notebook(cell("a", "x")), notebook(cell("a", "x"))
    change(after)
    assert shown(before) != shown(after)


def test_images_are_not_spelled_out() -> None:
    """An image is a line, which differs when the image does."""

    def with_image(data: str) -> list[str]:
        output = {"output_type": "display_data", "data": {"image/png": data}, "metadata": {}}
        return shown(notebook({**cell("a", "x"), "outputs": [output]}))

    assert len(with_image("QUJD" * 10_000)) < 10
    assert with_image("QUJD") != with_image("QUJE")


def test_old_formats() -> None:
    """Notebooks of format 3 show their cells."""
    old = {
        "nbformat": 3,
        "nbformat_minor": 0,
        "metadata": {},
        "worksheets": [
            {"cells": [{"cell_type": "code", "input": "print 1", "outputs": []}], "metadata": {}}
        ],
    }
    assert "print 1" in shown(old)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", ""),
        (b"a,b\n1,2\n", "a,b\n1,2\n"),
        (b"{not json", "{not json"),
        (b'{"a": 1}', '{"a": 1}'),
        (b'{"nbformat": 4, "cells": 7}', '{"nbformat": 4, "cells": 7}'),
        (b"{" * 100_000, "{" * 100_000),
        (b"\x1b[2Jgone", "\u241b[2Jgone"),
        ("\u202etxt".encode(), "\ufffdtxt"),
    ],
)
def test_other_content(data: bytes, text: str) -> None:
    """What is no notebook is shown as it is, but for what a terminal would obey."""
    assert text_of(data) == text


def test_binary_content() -> None:
    """Two binary files of one size differ in their line."""
    assert text_of(b"\xff\x00").startswith("binary file, 2 bytes, sha256 ")
    assert text_of(b"\xff\x00") != text_of(b"\xff\x01")


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(st.dictionaries(st.sampled_from(["cells", "metadata", "nbformat", "worksheets"]), _JSON))
def test_wild_notebooks(value: dict[str, Any]) -> None:
    """No JSON that calls itself a notebook makes it fail."""
    text_of(json.dumps({"nbformat": 4, **value}).encode())


@given(
    st.lists(
        st.dictionaries(
            st.sampled_from(["cell_type", "source", "outputs", "metadata", "attachments"]), _JSON
        )
    )
)
def test_wild_cells(cells: list[Any]) -> None:
    """Nor do cells of any shape."""
    text_of(json.dumps({"nbformat": 4, "cells": cells}).encode())


def test_the_line_for_what_is_not_opened(alice: Person) -> None:
    """It says the version and the size, which it reads without our reader of headers."""
    blob = alice.vault.seal_bytes(
        b"x" * 12_000, file_class=FileClass.CONTENT, file_version=1_234_567
    )
    assert is_sealed(blob)
    assert envelope.is_sealed(blob)
    line = unopened(blob, "why")
    assert line == f"sealed file, version 1234567, 12 {len(blob) % 1000:03} bytes; why\n"
    assert unopened(blob[:20], "why").startswith("sealed file, version 0, 20 bytes")


def test_what_the_driver_loads() -> None:
    """The quick way stays quick: nothing that takes time is imported for a plain file."""
    options = ("-I", "-S", "-X", "importtime")
    command = [sys.executable, *options, driver.__file__, "/nowhere", "", "textconv", __file__]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == Path(__file__).read_text()
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "jupyter_secure.app.git.client" in loaded
    slow = {"socket", "typing", "dataclasses", "pathlib", "json", "subprocess", "argparse", "re"}
    assert not loaded & (slow | {"cryptography", "jupyter_secure.errors", "sqlalchemy"})
