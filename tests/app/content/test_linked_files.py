from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_secure.app.content import linked_files
from jupyter_secure.app.content.linked_files import bring, links
from jupyter_secure.errors import InvalidInput, NotFound


def book(source: Any, *, kind: str = "markdown", **data: Any) -> dict[str, Any]:
    """Return a notebook with one cell, and one output if ``data`` is given."""
    outputs = [{"output_type": "display_data", "data": data}] if data else []
    return {"cells": [{"cell_type": kind, "source": source, "outputs": outputs}]}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("![](a.png)", ["a.png"]),
        ('![x](a.png "title") and [y](b/c.svg)', ["a.png", "b/c.svg"]),
        ("![](<a b.png>)", ["a b.png"]),
        ("![](a%20b.png)", ["a%20b.png", "a b.png"]),
        ("![x][y]\n\n[y]: c.png", ["c.png"]),
        ("<img width=3 SRC='d.png'>", ["d.png"]),
        ("<img src=e.png>", ["e.png"]),
        (r"\includegraphics[width=3cm]{f.pdf}", ["f.pdf"]),
        (["![](g", ".png)"], ["g.png"]),
        ("![](a.png) ![](a.png)", ["a.png"]),
        ("no link", []),
        ("![](/etc/passwd) ![](../a) ![](b/../../c) ![](http://x) ![](data:x) ![](#y)", []),
        ("![](%2e%2e/a) ![](%2Fetc/passwd)", ["%2e%2e/a", "%2Fetc/passwd"]),
        ("![](attachment:x.png) ![](a%00b)", ["a%00b"]),
        ("![](a\ud800.png)", []),
        (None, []),
        ([1, 2], []),
    ],
)
def test_links(source: Any, expected: list[str]) -> None:
    """Relative links are found, however they are written; what leads out is none."""
    assert sorted(links(book(source))) == sorted(expected)


def test_links_in_outputs() -> None:
    """What a cell has printed may show files too; its code does not."""
    found = links(book("'![](no.png)'", kind="code", **{"text/html": ["<img src='a.png'>"]}))
    assert list(found) == ["a.png"]


@given(st.text(), st.sampled_from(["![]({})", "![](<{}>)", "<img src='{}'>", "[x]: {}"]))
def test_nothing_leads_out(text: str, form: str) -> None:
    """Whatever a link says, the copy lies in the folder that was given."""
    for link in links(book(form.format(text))):
        folder = Path("/folder")
        assert folder in (folder / link).parents
        assert ".." not in Path(link).parts


def test_bring(tmp_path: Path) -> None:
    """What may be read is there under its name; why the rest may not be is returned."""

    def read(link: str) -> bytes:
        if link == "missing.png":
            raise NotFound("It does not exist.")
        return link.encode()

    withheld = bring(book("![](<a b.png>) ![](c/d.png) ![](missing.png)"), tmp_path, read)
    assert [str(error) for error in withheld] == ["It does not exist."]
    assert (
        (tmp_path / "a b.png").read_bytes() == (tmp_path / "a%20b.png").read_bytes() == b"a b.png"
    )
    assert (tmp_path / "c/d.png").read_bytes() == b"c/d.png"
    assert not (tmp_path / "missing.png").exists()


def test_a_name_that_is_a_folder_too(tmp_path: Path) -> None:
    """A link to a file and one below it, as if it were a folder, do not end the conversion."""
    bring(book("![](a) ![](a/b)"), tmp_path, str.encode)
    assert (tmp_path / "a").read_bytes() == b"a"


@pytest.mark.parametrize(("name", "most"), [("_MOST_FILES", 2), ("_MOST_BYTES", 5)])
def test_too_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, most: int) -> None:
    """A notebook that links more than can be kept is refused in words."""
    monkeypatch.setattr(linked_files, name, most)
    with pytest.raises(InvalidInput, match="more files than can be converted"):
        bring(book("![](a) ![](b) ![](c)"), tmp_path, lambda link: link.encode() * 2)
