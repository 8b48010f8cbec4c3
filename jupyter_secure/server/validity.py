"""A quick yes to "is this a valid notebook?".

nbformat's own check tries every kind that a cell or output may be, in Python. Here the parser
(msgspec) looks at the bytes themselves, by types that say what the format's JSON schemas say
(nbformat 4.0 to 4.5). Only "yes" counts: everything else is left to nbformat, whose word also names
what is wrong. So where the minor versions differ these types ask for the most that any asks for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Any, Literal, TypeAlias

from msgspec import UNSET, DecodeError, Meta, Struct, UnsetType
from msgspec.json import Decoder

_Lines: TypeAlias = str | list[str]
_Count: TypeAlias = Annotated[int, Meta(ge=0)] | None
_Object: TypeAlias = dict[str, Any]
# What the values are of a MIME type that is not JSON; looked at by ``_bundles``.
_Bundle: TypeAlias = dict[str, Any]
_Word: TypeAlias = str | UnsetType
_IS_JSON = re.compile(r"application/(.*\+)?json\Z").match

# The first minor version whose cells have ids.
_WITH_IDS = 5


class _Metadata(Struct):
    """Of a cell; names that are not here are free."""

    name: Annotated[str, Meta(pattern=r"^.+\Z")] | UnsetType = UNSET
    tags: list[Annotated[str, Meta(pattern=r"^[^,]+\Z")]] | UnsetType = UNSET
    jupyter: _Object | UnsetType = UNSET


class _RawMetadata(_Metadata):
    format: _Word = UNSET


class _CodeMetadata(_Metadata):
    execution: dict[str, str] | UnsetType = UNSET
    collapsed: bool | UnsetType = UNSET
    scrolled: bool | Literal["auto"] | UnsetType = UNSET


class _ExecuteResult(
    Struct, tag_field="output_type", tag="execute_result", forbid_unknown_fields=True
):
    execution_count: _Count
    data: _Bundle
    metadata: _Object


class _DisplayData(Struct, tag_field="output_type", tag="display_data", forbid_unknown_fields=True):
    data: _Bundle
    metadata: _Object


class _Stream(Struct, tag_field="output_type", tag="stream", forbid_unknown_fields=True):
    name: str
    text: _Lines


class _Error(Struct, tag_field="output_type", tag="error", forbid_unknown_fields=True):
    ename: str
    evalue: str
    traceback: list[str]


_Id: TypeAlias = Annotated[str, Meta(pattern=r"^[a-zA-Z0-9-_]+\Z", max_length=64)] | UnsetType


class _Raw(Struct, tag_field="cell_type", tag="raw", forbid_unknown_fields=True):
    metadata: _RawMetadata
    source: _Lines
    id: _Id = UNSET
    attachments: dict[str, _Bundle] | UnsetType = UNSET


class _Markdown(Struct, tag_field="cell_type", tag="markdown", forbid_unknown_fields=True):
    metadata: _Metadata
    source: _Lines
    id: _Id = UNSET
    attachments: dict[str, _Bundle] | UnsetType = UNSET


class _Code(Struct, tag_field="cell_type", tag="code", forbid_unknown_fields=True):
    metadata: _CodeMetadata
    source: _Lines
    outputs: list[_ExecuteResult | _DisplayData | _Stream | _Error]
    execution_count: _Count
    id: _Id = UNSET


class _Kernel(Struct):
    name: str
    display_name: str


class _Language(Struct):
    name: str
    codemirror_mode: str | _Object | UnsetType = UNSET
    file_extension: _Word = UNSET
    mimetype: _Word = UNSET
    pygments_lexer: _Word = UNSET


class _Document(Struct):
    """The metadata of a notebook; names that are not here are free."""

    kernelspec: _Kernel | UnsetType = UNSET
    language_info: _Language | UnsetType = UNSET
    orig_nbformat: Annotated[int, Meta(ge=1)] | UnsetType = UNSET
    title: _Word = UNSET
    authors: list[Any] | UnsetType = UNSET


class _Notebook(Struct, forbid_unknown_fields=True):
    metadata: _Document
    nbformat: Literal[4]
    nbformat_minor: Literal[0, 1, 2, 3, 4, 5]
    cells: list[_Raw | _Markdown | _Code]


_NOTEBOOK = Decoder(_Notebook)


def is_surely_valid(data: bytes) -> bool:
    """Return whether ``data`` is certainly a valid notebook of format 4; if not, ask nbformat."""
    try:
        notebook = _NOTEBOOK.decode(data)
    except (DecodeError, ValueError, RecursionError):
        return False
    with_ids = notebook.nbformat_minor >= _WITH_IDS
    ids = set()
    for cell in notebook.cells:
        if (cell.id is not UNSET) != with_ids:
            return False
        ids.add(cell.id)
        if cell.metadata.tags and len(set(cell.metadata.tags)) < len(cell.metadata.tags):
            return False
        if not all(map(_is_bundle, _bundles(cell))):
            return False
    # No schema can say it: a cell's name is its own, where the minor version has names.
    return not with_ids or len(ids) == len(notebook.cells)


def _bundles(cell: Any) -> Iterator[_Bundle]:
    if isinstance(cell, _Code):
        for output in cell.outputs:
            if isinstance(output, (_ExecuteResult, _DisplayData)):
                yield output.data
    elif cell.attachments:
        yield from cell.attachments.values()


def _is_bundle(bundle: _Bundle) -> bool:
    return all(
        isinstance(value, str) or _IS_JSON(name) or _is_lines(value)
        for name, value in bundle.items()
    )


def _is_lines(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(line, str) for line in value)
