"""Between the bytes of a file and what the contents API sends for it.

What is wrong with a file is told without quoting it: messages end up in logs.
"""

from __future__ import annotations

import os
from base64 import decodebytes, encodebytes
from typing import Any

import nbformat
from tornado.web import HTTPError

from jupyter_secure.vault.envelope import Flags


def parse_notebook(
    data: bytes, path: str, problem: dict[str, Any] | None, *, as_version: int = 4
) -> Any:
    """Parse a notebook as ``nbformat.reads`` does."""
    try:
        nb = nbformat.reader.reads(data.decode("utf-8"))
        nb = nbformat.convert(nb, as_version)
        find_problem(nb, problem)
    except Exception as error:  # noqa: BLE001  # whatever a parser of wild input raises
        name = os.path.basename(path)
        raise HTTPError(
            400, f"Unreadable notebook: {name} is not a notebook ({type(error).__name__})."
        ) from None
    return nb


def serialise_notebook(nb: Any, notary: Any, problem: dict[str, Any]) -> tuple[bytes, Flags]:
    """Return the file for ``nb``, as ``nbformat.writes`` makes it, and what is true of it."""
    try:
        trusted = notary.check_cells(nb)
        version, _ = nbformat.reader.get_version(nb)
        find_problem(nb, problem)
        text = nbformat.versions[version].writes_json(nb)
        data = (text if text.endswith("\n") else f"{text}\n").encode("utf-8")
    except Exception as error:  # noqa: BLE001  # whatever a writer of wild input raises
        raise HTTPError(400, f"This is not a notebook ({type(error).__name__}).") from None
    flags = Flags.TRUSTED if trusted else Flags.NONE
    if not problem and version == nbformat.current_nbformat:
        flags |= Flags.VALID
    return data, flags


def find_problem(nb: Any, problem: dict[str, Any] | None) -> None:
    """Put what is invalid in ``nb`` into ``problem``, and not into the log, where nbformat does."""
    try:
        nbformat.validate(nb)
    except nbformat.ValidationError as error:
        if problem is not None:
            problem["ValidationError"] = error


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
