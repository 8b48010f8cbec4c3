"""Which files a notebook shows by a relative link: pictures, mostly.

A converter wants to read them from the folder, where it would find what is sealed, or what a lock
withholds. So they are read by ``app.content`` on behalf of whoever converts, and put where the
converter looks. Too many are better than too few: what is no file's name is found to be none.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import quote, unquote

from jupyter_secure.errors import InvalidInput, SecureError

_LINKS = (
    re.compile(r"\]\(\s*<([^<>\n]+)>"),  # ](<a file.png>)
    re.compile(r"\]\(\s*([^)\s<>]+)"),  # ](file.png "title")
    re.compile(r"^\s{0,3}\[[^\]\n]+\]:\s*<?([^\s<>]+)", re.MULTILINE),  # [name]: file.png
    re.compile(r"""\bsrc\s*=\s*["']([^"'\n]+)["']""", re.IGNORECASE),
    re.compile(r"\bsrc\s*=\s*([^\s\"'>]+)", re.IGNORECASE),
    re.compile(r"\\includegraphics\s*(?:\[[^\]]*\])?\s*\{([^}\n]+)\}"),
)
# Far beyond any notebook that people convert; one that was made to fill the memory ends here.
_MOST_FILES = 2000
_MOST_BYTES = 512 * 1024 * 1024


def links(notebook: Mapping[str, Any]) -> Iterator[str]:
    """Yield the relative paths that text cells and text outputs name, each once."""
    seen = set()
    for text in _texts(notebook):
        for pattern in _LINKS:
            for found in pattern.findall(text):
                for target in (found, unquote(found)):
                    if target not in seen and _is_relative(target):
                        seen.add(target)
                        yield target


def bring(
    notebook: Mapping[str, Any], folder: Path, read: Callable[[str], bytes]
) -> list[SecureError]:
    """Put the linked files into ``folder`` under their own names, as ``read`` gives them.

    Returns why those that are missing may not be read. Raises ``InvalidInput`` for more of them
    than any notebook has.
    """
    withheld, files, size = [], 0, 0
    for link in links(notebook):
        try:
            data = read(link)
        except SecureError as error:
            withheld.append(error)
            continue
        files, size = files + 1, size + len(data)
        if files > _MOST_FILES or size > _MOST_BYTES:
            raise InvalidInput(
                "The notebook links more files than can be converted at once.",
                why=f"There are more than {_MOST_FILES:,} of them, or more than "
                f"{_MOST_BYTES >> 20} MiB.",
                remedy="Split the notebook.",
            )
        # Some converters look for the name as an address has it.
        for name in {link, quote(link)}:
            target = folder.joinpath(*PurePosixPath(name).parts)
            # Not a file and a folder at once; the disk may have changed since the first was read.
            with suppress(FileExistsError, NotADirectoryError, IsADirectoryError):
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(data)
    return withheld


def _texts(notebook: Mapping[str, Any]) -> Iterator[str]:
    cells = notebook.get("cells")
    for cell in cells if isinstance(cells, list) else []:
        if cell.get("cell_type") in ("markdown", "raw"):
            yield _joined(cell.get("source"))
        for output in cell.get("outputs") or []:
            data = output.get("data") or {}
            for kind in ("text/markdown", "text/html", "text/latex"):
                yield _joined(data.get(kind))


def _joined(text: Any) -> str:
    if isinstance(text, list):
        return "".join(part for part in text if isinstance(part, str))
    return text if isinstance(text, str) else ""


def _is_relative(target: str) -> bool:
    # "a:b" is an address, of whatever kind; ".." leads to where no copy can be put.
    try:
        parts = PurePosixPath(os.fsdecode(os.fsencode(target))).parts
    except ValueError:
        return False  # half a character: no file has such a name
    return bool(parts) and not (
        target.startswith(("/", "#"))
        or ":" in target
        or "\0" in target
        or ".." in parts
        or len(target) > 1000
    )
