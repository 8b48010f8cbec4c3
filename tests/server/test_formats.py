"""What is written for a notebook, and what comes back of it."""

from __future__ import annotations

import json
import math
from typing import Any

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nbformat.sign import MemorySignatureStore, NotebookNotary
from server.test_validity import places, put
from tornado.web import HTTPError

from jupyter_secure.server import formats
from jupyter_secure.server.formats import (
    decode_file,
    describe_problem,
    encode_file,
    parse_notebook,
    serialise_notebook,
)
from jupyter_secure.vault.envelope import Flags

NOTARY = NotebookNotary(data_dir="", store_factory=MemorySignatureStore)
PICTURE = {"output_type": "display_data", "data": {"text/html": "<b>x</b>"}, "metadata": {}}

STREAM = {"output_type": "stream", "name": "stdout", "text": ["1\n", "2"]}


def notebook(source: Any = "1", *outputs: dict[str, Any], **metadata: Any) -> Any:
    cell = {
        "cell_type": "code",
        "id": "a",
        "metadata": metadata,
        "source": source,
        "execution_count": None,
        "outputs": list(outputs),
    }
    return nbformat.from_dict({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


def written(nb: Any) -> tuple[bytes, Flags, dict[str, Any]]:
    problem: dict[str, Any] = {}
    data, flags = serialise_notebook(nb, NOTARY, problem)
    return data, flags, problem


@pytest.mark.parametrize(
    "nb",
    [
        notebook("print('ü € 🎉')\nx = 1"),
        notebook(["a\n", "b"], {"output_type": "stream", "name": "stdout", "text": ["1\n", "2"]}),
        notebook("x", PICTURE, trusted=True),
        notebook("x", PICTURE),
        nbformat.from_dict(notebook() | {"metadata": {"orig_nbformat": 3, "signature": "s"}}),
    ],
    ids=["text", "lines", "trusted", "untrusted", "transient"],
)
def test_written_as_sent(nb: Any) -> None:
    """A valid notebook is written as the very JSON that stock Jupyter would send for it."""
    stock = nbformat.reads(nbformat.writes(nb), as_version=4)
    trusted = NOTARY.check_cells(nbformat.from_dict(nb))
    NOTARY.mark_cells(stock, trusted)
    data, flags, problem = written(nbformat.from_dict(json.loads(json.dumps(nb))))
    assert flags == Flags.VALID | (Flags.TRUSTED if trusted else Flags.NONE)
    assert json.loads(data) == stock
    assert parse_notebook(data, "a.ipynb", problem, flags=flags) == stock
    assert problem == {}


@pytest.mark.filterwarnings("ignore::nbformat.warnings.MissingIDFieldWarning")
@pytest.mark.filterwarnings("ignore::nbformat.warnings.DuplicateCellId")
def test_what_is_mended_is_written() -> None:
    """Cells without a name, or with another's, get one, and it is in the file."""
    nb = notebook()
    nb["cells"] = [dict(nb.cells[0]), dict(nb.cells[0]), dict(nb.cells[0])]
    del nb["cells"][2]["id"]
    data, flags, problem = written(nb)
    assert Flags.VALID in flags
    assert not problem
    nbformat.validate(found := json.loads(data))
    assert len({cell["id"] for cell in found["cells"]}) == 3


@given(st.data(), st.sampled_from([None, 1, "x", [], {}, ["x"], {"a": 1}, "gone"]))
def test_what_is_given_stays(data: st.DataObject, value: Any) -> None:
    """Writing changes nothing in what it was given, whatever is wrong in it; nor the outcome."""
    nb = json.loads(json.dumps(notebook(["x"], PICTURE, STREAM, trusted=True)))
    nb["metadata"] = {"orig_nbformat": 3}
    nb["cells"][0]["attachments"] = {"a": {"text/plain": ["x"]}}
    put(nb, data.draw(st.sampled_from(places(nb))), value)
    before = json.dumps(nb)
    try:
        outcome: Any = written(nb)[:2]
    except HTTPError as error:
        outcome = error.status_code
    assert json.dumps(nb) == before
    try:
        expected: Any = written(nbformat.from_dict(nb))[:2]
    except HTTPError as error:
        expected = error.status_code
    assert outcome == expected


@pytest.mark.parametrize(
    ("nb", "valid"),
    [
        (notebook("x", not_a_number=math.nan), False),
        (nbformat.v3.new_notebook(worksheets=[nbformat.v3.new_worksheet()]), False),
        (notebook("x"), True),
    ],
    ids=["nan", "format 3", "plain"],
)
def test_what_json_cannot_say(nb: Any, valid: bool) -> None:
    """What not every reader takes for JSON is not vouched for, and nothing of it is lost."""
    data, flags, _ = written(nb)
    assert (Flags.VALID in flags) == valid
    again = parse_notebook(data, "a.ipynb", {}, flags=flags)
    assert again.nbformat == 4


@pytest.mark.parametrize("kind", ["update_display_data", "error", "Display_data"])
@pytest.mark.parametrize(
    ("marked", "may_run", "trusted"),
    [
        (True, True, True),
        (True, False, False),
        (False, True, False),
    ],
)
def test_what_is_no_output_is_not_safe(
    kind: str, marked: bool, may_run: bool, trusted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An output of no known kind, which JupyterLab shows, is trusted only by who may trust it."""
    monkeypatch.setattr(formats, "may_run_code", lambda: may_run)
    nb = notebook("x", PICTURE | {"output_type": kind}, trusted=marked)
    _, flags, problem = written(nb)
    assert problem
    assert flags == (Flags.TRUSTED if trusted else Flags.NONE)


def test_an_older_format_hides_no_output(monkeypatch: pytest.MonkeyPatch) -> None:
    """A kind of output that format 3 has not, and its upgrade leaves alone, is not trusted."""
    monkeypatch.setattr(formats, "may_run_code", lambda: False)
    result = PICTURE | {"output_type": "execute_result", "execution_count": 1}
    cell = {"cell_type": "code", "metadata": {}, "input": "", "outputs": [result]}
    cell |= {"language": "python", "collapsed": False}
    nb = {"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": [{"cells": [cell]}]}
    data, flags, _ = written(nb)
    assert parse_notebook(data, "a.ipynb", {}).cells[0].outputs == [result]
    assert flags == Flags.NONE


def test_half_a_character() -> None:
    """A lone surrogate, which is no UTF-8, is kept as it came."""
    data, flags, _ = written(notebook("\ud800"))
    assert Flags.VALID in flags
    assert parse_notebook(data, "a.ipynb", {}, flags=flags).cells[0].source == "\ud800"


def test_invalid() -> None:
    """An invalid notebook is kept, told of without a word of it, and never vouched for."""
    nb = notebook("canary")
    nb.cells[0]["unknown"] = "canary"
    data, flags, problem = written(nb)
    assert Flags.VALID not in flags
    assert parse_notebook(data, "a.ipynb", {}).cells[0]["unknown"] == "canary"
    told = describe_problem(problem["ValidationError"])
    assert told.startswith("Notebook validation failed: ")
    assert "canary" not in told


@pytest.mark.parametrize("data", [b"", b"canary", b"[]", b"\xff"], ids=str)
def test_no_notebook(data: bytes) -> None:
    """What is no notebook is refused with its name and without its content."""
    with pytest.raises(HTTPError) as caught:
        parse_notebook(data, "/a/b.ipynb", {})
    assert caught.value.status_code == 400
    assert "b.ipynb" in str(caught.value)
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize(
    ("data", "asked", "sent"),
    [
        (b"text", None, ("text", "text")),
        (b"\xff", None, ("/w==\n", "base64")),
        (b"text", "base64", ("dGV4dA==\n", "base64")),
        (b"\xff", "byte", (b"\xff", "byte")),
    ],
)
def test_files(data: bytes, asked: str | None, sent: tuple[Any, str]) -> None:
    """A file is sent as text where it can be, or as it was asked for, and comes back the same."""
    assert encode_file(data, asked, "f") == sent
    if sent[1] != "byte":
        assert decode_file(sent[0], sent[1], "f") == data


@pytest.mark.parametrize(
    ("content", "form"),
    [("x", None), ("x", "json"), (None, "text"), ("é", "base64"), ({}, "text")],
)
def test_bad_files(content: Any, form: str | None) -> None:
    """What cannot be turned into bytes is refused."""
    with pytest.raises(HTTPError) as caught:
        decode_file(content, form, "f")
    assert caught.value.status_code == 400


def test_only_code_is_trusted() -> None:
    """A mark of trust on text says nothing, and is not kept; on code it is."""
    nb = notebook("x", PICTURE, trusted=True)
    text = {"cell_type": "markdown", "id": "b", "metadata": {"trusted": True}, "source": ""}
    nb["cells"].append(nbformat.from_dict(text))
    data, flags, _ = written(nb)
    assert flags == Flags.VALID | Flags.TRUSTED
    code, other = json.loads(data)["cells"]
    assert code["metadata"] == {"trusted": True}
    assert other["metadata"] == {}
