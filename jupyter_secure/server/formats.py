"""Between the bytes of a file and what the contents API sends for it.

A valid notebook of format 4 is written as the very JSON that the API sends for it, trusted marks
included. The sealed file's flag VALID says so, under the vault's own authentication: opening such
a file needs no parsing and no checking again (``docs/reference/file-format.md``, "Flags").

What is wrong with a file is told without quoting it: messages end up in logs.
"""

from __future__ import annotations

import json
import os
from base64 import decodebytes, encodebytes
from typing import Any

import nbformat
from nbformat.notebooknode import NotebookNode
from nbformat.v4.rwbase import rejoin_lines
from tornado.web import HTTPError

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
            return json.loads(data, object_hook=_node)
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
    """Make a node of an object whose own are nodes already; a third of what ``from_dict`` takes."""
    node = NotebookNode.__new__(NotebookNode)
    dict.update(node, values)
    return node


def serialise_notebook(nb: Any, notary: Any, problem: dict[str, Any]) -> tuple[bytes, Flags]:
    """Return the file for ``nb`` and what is true of it.

    The caller gives ``nb`` away: it is brought into the form that is written.
    """
    try:
        if not may_run_code():
            # Outputs that are trusted run in the browser of whoever opens them, as that person.
            notary.mark_cells(nb, False)
        trusted = notary.check_cells(nb)
        version, _ = nbformat.reader.get_version(nb)
        if not is_surely_valid(nb):
            find_problem(nb, problem)
        data = None
        if version == nbformat.current_nbformat and not problem:
            data = _api_json(nb, notary, trusted=trusted)
        flags = Flags.VALID if data is not None else Flags.NONE
        if data is None:
            text = nbformat.versions[version].writes_json(nb)
            data = (text if text.endswith("\n") else f"{text}\n").encode("utf-8")
    except Exception as error:  # noqa: BLE001  # whatever a writer of wild input raises
        raise HTTPError(400, f"This is not a notebook ({type(error).__name__}).") from None
    return data, flags | Flags.TRUSTED if trusted else flags


def _api_json(nb: Any, notary: Any, *, trusted: bool) -> bytes | None:
    """Return ``nb`` as the API sends it; ``None`` if it holds what JSON has no word for."""
    rejoin_lines(nb)
    for name in _TRANSIENT:
        nb["metadata"].pop(name, None)
    notary.mark_cells(nb, trusted)
    form: dict[str, Any] = {"allow_nan": False, "separators": (",", ":")}
    try:
        return json.dumps(nb, ensure_ascii=False, **form).encode()
    except UnicodeEncodeError:
        return json.dumps(nb, **form).encode()  # half a character: it can be written as \udXXX only
    except ValueError:
        return None  # NaN or an infinity, which nbformat writes in its own way


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
