"""Opening files: what their first bytes say, and what goes wrong in words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from jupyter_secure.errors import InvalidInput, NotFound, Refused, StorageFailed
from jupyter_secure.vault.envelope import HEADER_BYTES, Header, is_sealed


def header_of(file: BinaryIO, name: str) -> Header | None:
    """Read the header of an open file, and leave the position behind it; 0 for a plain file."""
    prefix = file.read(HEADER_BYTES)
    if is_sealed(prefix[:8]):
        return Header.parse(prefix, name=f"“{name}”")
    file.seek(0)
    return None


@contextmanager
def explained(path: str | Path) -> Iterator[None]:
    """Turn what the operating system says while reading into words."""
    name = Path(path).name
    try:
        yield
    except FileNotFoundError:
        raise NotFound(f"“{name}” does not exist.") from None
    except IsADirectoryError:
        raise InvalidInput(f"“{name}” is a folder.") from None
    except PermissionError as error:
        raise Refused(
            f"“{name}” cannot be read.",
            why="Its permissions do not allow it.",
            remedy="Change them, or ask its owner.",
        ) from error
    except OSError as error:
        raise StorageFailed(
            f"“{name}” cannot be read.", why=f"{error.strerror or 'The system gave no reason'}."
        ) from error
