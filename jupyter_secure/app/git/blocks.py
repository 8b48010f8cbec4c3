"""Lines of ours in files that belong to others: .gitattributes and .gitignore."""

from __future__ import annotations

from pathlib import Path

from jupyter_secure.errors import StorageFailed
from jupyter_secure.store.atomic import write_atomically

_BEGIN = "# jupyter-secure: begin"
_END = "# jupyter-secure: end"


def put(path: Path, lines: list[str]) -> None:
    """Put our lines into the file, in place of those that are there; none of them: take them out.

    Raises ``StorageFailed``.
    """
    before = _read(path)
    kept = _without(before)
    ours = [_BEGIN, *lines, _END] if lines else []
    # At the end: of two lines for one file Git takes the later one.
    after = "".join(f"{line}\n" for line in (*kept, *ours))
    if after == before:
        return
    if not after:
        path.unlink(missing_ok=True)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, after.encode(errors="surrogateescape"))


def present(path: Path) -> bool:
    """Say whether our lines are in the file."""
    return _BEGIN in _read(path).split("\n")


def _read(path: Path) -> str:
    try:
        return path.read_bytes().decode(errors="surrogateescape")
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise StorageFailed(f"{path} cannot be read.", why=f"{error.strerror}.") from error


def _without(text: str) -> list[str]:
    lines, ours = [], False
    for line in text.removesuffix("\n").split("\n") if text else []:
        ours = (ours or line == _BEGIN) and line != _END
        if not ours and line != _END:
            lines.append(line)
    return lines
