"""Between the bytes of a file and what the contents API sends for it.

A valid notebook of format 4 is written as the very JSON that the API sends for it, trusted marks
included. The sealed file's flag VALID says so, under the vault's own authentication: opening such
a file needs no parsing and no checking again (``docs/reference/file-format.md``, "Flags").

What is wrong with a file is told without quoting it: messages end up in logs.
"""

from __future__ import annotations

import os
from base64 import decodebytes, encodebytes
from typing import Any

import nbformat
from nbformat.notebooknode import NotebookNode
from nbformat.sign import yield_code_cells
from nbformat.v4.rwbase import rejoin_lines
from tornado.web import HTTPError

from jupyter_secure.server import fast_json
from jupyter_secure.server.admission import may_run_code
from jupyter_secure.server.validity import is_surely_valid
from jupyter_secure.vault.envelope import Flags

# What nbformat keeps out of files: it is true of one opening only.
_TRANSIENT = ("orig_nbformat", "orig_nbformat_minor", "signature")


def parse_notebook(
    data: bytes, path: str, problem: dict[str, Any] | None, *, flags: Flags = Flags.NONE
) -> Any:
    """Return the notebook in ``data``, upgraded to format 4, as ``nbformat.reads`` does.

    ``flags`` are those of the sealed file it came from, where it did: what they vouch for is not
    found out again.
    """
    try:
        if Flags.VALID in flags:
            return _node(fast_json.loads(data))
        nb = nbformat.reader.reads(data.decode("utf-8"))
        nb = nbformat.convert(nb, nbformat.current_nbformat)
        find_problem(nb, problem)
    except Exception as error:  # noqa: BLE001  # whatever a parser of wild input raises
        name = os.path.basename(path)
        raise HTTPError(
            400, f"Unreadable notebook: {name} is not a notebook ({type(error).__name__})."
        ) from None
    return nb


def _node(values: dict[str, Any]) -> NotebookNode:
    """Return ``values``, which are given away, as nodes; in a third of what ``from_dict`` takes."""
    for name, value in values.items():
        if isinstance(value, dict):
            values[name] = _node(value)
        elif isinstance(value, list):
            _nodes_in(value)
    return _copy(values)


def _nodes_in(values: list[Any]) -> None:
    for at, value in enumerate(values):
        if isinstance(value, dict):
            values[at] = _node(value)
        elif isinstance(value, list):
            _nodes_in(value)


def serialise_notebook(content: Any, notary: Any, problem: dict[str, Any]) -> tuple[bytes, Flags]:
    """Return the file for the notebook ``content``, which stays as it is, and what is true of it.

    What is invalid in it is put into ``problem``.
    """
    try:
        nb = _to_write(content)
        if not may_run_code():
            # Outputs that are trusted run in the browser of whoever opens them, as that person.
            notary.mark_cells(nb, False)
        marked = all(
            cell["metadata"].get("trusted") for cell in yield_code_cells(nb) if cell.get("outputs")
        )
        trusted = notary.check_cells(nb)
        version, _ = nbformat.reader.get_version(nb)
        current = version == nbformat.current_nbformat
        data = _api_json(nb, notary, trusted=trusted) if current else None
        if data is None or not is_surely_valid(data):
            find_problem(nb, problem)  # which also mends what it can, such as a cell without a name
            data = _api_json(nb, notary, trusted=trusted) if current and not problem else None
        flags = Flags.VALID if data is not None else Flags.NONE
        if data is None:
            # Outputs of a kind that the format does not know pass for safe ones.
            trusted = trusted and marked
            text = nbformat.versions[version].writes_json(nbformat.from_dict(nb))
            data = (text if text.endswith("\n") else f"{text}\n").encode("utf-8")
    except Exception as error:  # noqa: BLE001  # whatever a writer of wild input raises
        raise HTTPError(400, f"This is not a notebook ({type(error).__name__}).") from None
    return data, flags | Flags.TRUSTED if trusted else flags


def _to_write(content: Any) -> Any:
    """Return a notebook as nodes as deep as writing it looks, copying what that may change.

    All the way down where it is not as a notebook of format 4 should be.
    """
    try:
        nb = _copy(content)
        nb["metadata"] = _copy(nb["metadata"])
        nb["cells"] = _copies(nb["cells"])
        for cell in nb["cells"]:
            cell["metadata"] = _copy(cell["metadata"])
            if cell.get("cell_type") != "code":
                cell["metadata"].pop("trusted", None)  # which says nothing of other cells
            if "attachments" in cell:
                attachments = cell["attachments"] = _copy(cell["attachments"])
                attachments.update({name: _copy(bundle) for name, bundle in attachments.items()})
            if "outputs" in cell:
                cell["outputs"] = _copies(cell["outputs"])
                for output in cell["outputs"]:
                    if "data" in output:
                        output["data"] = _copy(output["data"])
    except (LookupError, TypeError):
        return nbformat.from_dict(content)
    return nb


def _copy(value: Any) -> NotebookNode:
    if not isinstance(value, dict):
        raise TypeError
    node = NotebookNode.__new__(NotebookNode)
    dict.update(node, value)
    return node


def _copies(values: Any) -> list[NotebookNode]:
    if not isinstance(values, list):
        raise TypeError
    return [_copy(value) for value in values]


def _api_json(nb: Any, notary: Any, *, trusted: bool) -> bytes | None:
    """Return ``nb`` as the API sends it; ``None`` for no notebook, or for NaN and the infinities.

    For these JSON has no word, and nbformat one of its own.
    """
    try:
        rejoin_lines(nb)
        for name in _TRANSIENT:
            nb["metadata"].pop(name, None)
        notary.mark_cells(nb, trusted)
        return fast_json.dumps(nb)
    except (AttributeError, LookupError, TypeError, ValueError):
        return None


def find_problem(nb: Any, problem: dict[str, Any] | None) -> None:
    """Put what is invalid in ``nb`` into ``problem``, and not into the log, where nbformat does."""
    try:
        nbformat.validate(nb)
    except nbformat.ValidationError as error:
        if problem is not None:
            problem["ValidationError"] = error


def describe_problem(error: Exception) -> str:
    """Say which rule of the format a notebook breaks, and where, without quoting the cell."""
    where = "/".join(str(part) for part in getattr(error, "relative_path", ()))
    rule = getattr(error, "validator", None) or "schema"
    return (
        f"Notebook validation failed: {where or 'the notebook'} breaks the format's "
        f'rule "{rule}". The notebook is kept as it is.'
    )


def encode_file(data: bytes, format: str | None, os_path: str) -> tuple[Any, str]:
    """Return ``data`` as the contents API sends it: text, base64, or "byte" for internal use."""
    if format == "byte":
        return data, "byte"
    if format in (None, "text"):
        try:
            return data.decode("utf-8"), "text"
        except UnicodeError:
            if format == "text":
                raise HTTPError(
                    400, f"{os.path.basename(os_path)} is not UTF-8 encoded", reason="bad format"
                ) from None
    return encodebytes(data).decode("ascii"), "base64"


def decode_file(content: Any, format: str | None, os_path: str) -> bytes:
    """Return the bytes that the contents API sent as text or base64."""
    if format not in ("text", "base64"):
        raise HTTPError(400, "Must specify format of file contents as 'text' or 'base64'")
    try:
        if format == "text":
            data: bytes = content.encode("utf-8")
            return data
        return decodebytes(content.encode("ascii"))
    except (AttributeError, ValueError) as error:
        name = os.path.basename(os_path)
        raise HTTPError(400, f"Encoding error saving {name} ({type(error).__name__}).") from None
