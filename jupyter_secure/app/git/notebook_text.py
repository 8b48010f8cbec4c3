"""Notebooks as text, for Git to compare line by line. Imports as little as ``protocol``.

Plain and sealed versions come out the same way, so that a diff shows what changed and not how it
was kept. What changes by running a notebook again, the numbers of its cells, is left out.
"""

from __future__ import annotations

TYPE_CHECKING = False  # as ``typing`` has it
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

_MAGIC = b"\x89JSEC\r\n\x1a"
_VERSION_AT = 44
_BASE64_KINDS = ("image/", "application/pdf", "application/octet-stream", "audio/", "video/")
_WIDTH = 60
# Other control characters would be obeyed by the terminal that Git's output ends on.
_VISIBLE = {code: 0x2400 + code for code in range(32) if chr(code) not in "\t\n"}
_VISIBLE |= {127: 0x2421} | dict.fromkeys(range(0x80, 0xA0), 0xFFFD)
_VISIBLE |= dict.fromkeys((*range(0x202A, 0x202F), *range(0x2066, 0x206A)), 0xFFFD)


def is_sealed(data: bytes) -> bool:
    """Tell from its first bytes whether a file claims to be sealed."""
    return data[: len(_MAGIC)] == _MAGIC


def unopened(data: bytes, why: str) -> str:
    """Return the line that stands for a sealed file; ``why`` it is not shown."""
    # The field's place: `docs/reference/file-format.md`, "Sealed file".
    number = int.from_bytes(data[_VERSION_AT : _VERSION_AT + 8], "big")
    size = f"{len(data):,}".replace(",", " ")
    return f"sealed file, version {number}, {size} bytes; {why}\n"


def text_of(data: bytes) -> str:
    """Return the content of a file as text: a notebook's cells, other text as it is."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return _binary(data)
    if text.lstrip()[:1] == "{":
        import json

        try:
            notebook = json.loads(text)
            if _is_notebook(notebook):
                text = "\n".join(_lines(notebook, json.dumps)) + "\n"
        except (ValueError, TypeError, AttributeError, LookupError, RecursionError):
            pass  # none that could be shown better: as it is
    return text.translate(_VISIBLE)


def _is_notebook(value: object) -> bool:
    return isinstance(value, dict) and "nbformat" in value


# Notebooks are JSON of any shape: what does not fit raises, and the text is shown as it is.


def _lines(notebook: Any, dumps: Callable[..., str]) -> Iterator[str]:
    cells = notebook.get("cells")
    if cells is None:  # before version 4
        cells = [cell for sheet in notebook["worksheets"] for cell in sheet["cells"]]
    for cell in cells:
        yield _rule(cell.get("cell_type", "?"))
        if metadata := cell.get("metadata"):
            yield f"metadata: {_json(metadata, dumps)}"
        yield from _text(cell.get("source", cell.get("input", ""))).split("\n")
        for name in sorted(cell.get("attachments") or {}):
            yield _rule(f"attachment {name}")
            yield from _bundle(cell["attachments"][name], dumps)
        for output in cell.get("outputs") or ():
            yield from _output(output, dumps)
    yield _rule("notebook")
    for name, value in sorted((notebook.get("metadata") or {}).items()):
        yield f"{name}: {_json(value, dumps)}"
    yield f"format: {notebook['nbformat']}.{notebook.get('nbformat_minor', 0)}"


def _output(output: Any, dumps: Callable[..., str]) -> Iterator[str]:
    kind = output.get("output_type", "?")
    yield _rule(f"output {output.get('name') or kind}")
    if kind == "stream":
        yield from _text(output.get("text", "")).split("\n")
    elif kind in ("error", "pyerr"):
        yield from _text(output.get("traceback") or [output.get("evalue", "")], "\n").split("\n")
    else:
        yield from _bundle(output.get("data") or {}, dumps)
        if metadata := output.get("metadata"):
            yield f"metadata: {_json(metadata, dumps)}"


def _bundle(data: Any, dumps: Callable[..., str]) -> Iterator[str]:
    for kind in sorted(data):
        value = data[kind]
        if not isinstance(value, (str, list)):
            yield f"{kind}: {_json(value, dumps)}"
        elif kind.startswith(_BASE64_KINDS) and kind != "image/svg+xml":
            raw = _text(value).encode(errors="replace")
            yield f"{kind}: {len(raw)} characters, {_digest(raw)}"
        else:
            yield f"{kind}:"
            yield from _text(value).split("\n")


def _text(value: Any, between: str = "") -> str:
    text: str = between.join(value) if isinstance(value, list) else value
    return text.removesuffix("\n")


def _json(value: Any, dumps: Callable[..., str]) -> str:
    return dumps(value, sort_keys=True, ensure_ascii=False)


def _rule(title: str) -> str:
    return f"── {title} ".ljust(_WIDTH, "─")


def _binary(data: bytes) -> str:
    return f"binary file, {len(data)} bytes, {_digest(data)}\n"


def _digest(data: bytes) -> str:
    import hashlib

    return f"sha256 {hashlib.sha256(data).hexdigest()[:16]}"
