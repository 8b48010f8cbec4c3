"""Edit Jupyter's JSON settings so that every change can be taken back exactly.

``write`` returns a `Change` that holds the bytes that were there before; ``restore`` uses it. When
nobody has touched the file in between, restoring puts those very bytes back. When someone has,
only our own keys are taken out and the rest of their edit stays.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jupyter_secure.errors import StateUnusable, StorageFailed
from jupyter_secure.store.atomic import write_atomically

# Settings by class and trait, as in {"ServerApp": {"certfile": "/…"}}.
Settings = Mapping[str, Mapping[str, Any]]

# Settings files may hold a token or a password's hash; a new one is for its owner only.
_NEW_FILE_MODE = 0o600


@dataclass(frozen=True)
class Change:
    """One edit of one file: ``before`` is None when there was no file."""

    path: Path
    before: bytes | None
    after: bytes
    written: dict[str, dict[str, Any]]

    def to_json(self) -> dict[str, Any]:
        """Return the change as JSON values."""
        return {
            "path": str(self.path),
            "before": None if self.before is None else base64.b64encode(self.before).decode(),
            "after": base64.b64encode(self.after).decode(),
            "written": self.written,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Change:
        """Return the change that ``to_json`` described; KeyError, ValueError, TypeError if none."""
        before = value["before"]
        return cls(
            path=Path(value["path"]),
            before=None if before is None else base64.b64decode(before, validate=True),
            after=base64.b64decode(value["after"], validate=True),
            written={name: dict(traits) for name, traits in value["written"].items()},
        )


def read(path: Path, names: Iterable[str]) -> dict[str, Any]:
    """Return what a settings file holds, ``{}`` when there is none.

    Raises StateUnusable, naming the file, when it is not JSON of the shape Jupyter reads, which is
    asked of the sections ``names`` only: others may hold anything.
    """
    content = _bytes(path)
    return {} if content is None else _parse(path, content, names)


def plan(path: Path, settings: Settings) -> Change:
    """Return the edit that puts ``settings`` into ``path``, without making it.

    Everything else in the file stays as it is. Raises StateUnusable on a file that it cannot
    understand, so that nothing of it is ever lost.
    """
    # A settings file is often a link into a folder of dotfiles: the link stays, its target changes.
    path = path.resolve()
    before = _bytes(path)
    content = {} if before is None else _parse(path, before, settings)
    for name, traits in settings.items():
        content.setdefault(name, {}).update(traits)
    return Change(
        path=path,
        before=before,
        after=_encode(content),
        written={name: dict(traits) for name, traits in settings.items()},
    )


def write(change: Change) -> None:
    """Make a planned edit; StorageFailed, with the old file untouched, when that fails."""
    try:
        change.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StorageFailed(
            f"The folder {change.path.parent} cannot be made.",
            why=f"{error.strerror}.",
            remedy="Check its permissions, or set JUPYTER_CONFIG_DIR to a folder you may write to.",
        ) from None
    mode = _NEW_FILE_MODE if change.before is None else None
    write_atomically(change.path, change.after, mode=mode)


def restore(change: Change) -> tuple[str, ...]:
    """Take ``change`` back; return our settings that someone changed since and that were left.

    These are spelled ``ServerApp.certfile``. Raises StateUnusable or StorageFailed and changes
    nothing when the file cannot be understood or written.
    """
    now = _bytes(change.path)
    if now is None or now == change.before:
        return ()
    if now == change.after:
        _put(change.path, change.before)
        return ()
    content = _parse(change.path, now, change.written)
    before = {} if change.before is None else _parse(change.path, change.before, change.written)
    left = []
    for name, traits in change.written.items():
        section = content.get(name, {})
        for trait, value in traits.items():
            if trait in section and section[trait] != value:
                left.append(f"{name}.{trait}")
            elif trait in before.get(name, {}):
                section[trait] = before[name][trait]
            else:
                section.pop(trait, None)
        if not section and name not in before:
            content.pop(name, None)
    empty = not content and change.before is None
    _put(change.path, None if empty else _encode(content))
    return tuple(left)


def _put(path: Path, content: bytes | None) -> None:
    if content is not None:
        write_atomically(path, content)
        return
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise StorageFailed(
            f"{path} cannot be removed.", why=f"{error.strerror}.", remedy="Remove it by hand."
        ) from None


def _bytes(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StateUnusable(
            f"The settings file {path} cannot be read.",
            why=f"{error.strerror}.",
            remedy="Check its permissions.",
        ) from None


def _parse(path: Path, content: bytes, names: Iterable[str]) -> dict[str, Any]:
    try:
        value = json.loads(content)
    except ValueError as error:
        where = f"line {error.lineno}" if isinstance(error, json.JSONDecodeError) else "its text"
        raise StateUnusable(
            f"The settings file {path} is not valid JSON ({where}).",
            why="Changing it could lose what is in it, so it was left alone.",
            remedy="Correct it, or move it away, and try again.",
        ) from None
    if not isinstance(value, dict) or not all(
        isinstance(value.get(one, {}), dict) for one in names
    ):
        shape = ", ".join(f'"{one}": {{…}}' for one in names)
        raise StateUnusable(
            f"The settings file {path} is not what Jupyter reads.",
            why=f"It should hold objects by name, as in {{{shape}}}.",
            remedy="Correct it, or move it away, and try again.",
        )
    return value


def _encode(content: Mapping[str, Any]) -> bytes:
    return (json.dumps(content, indent=2, ensure_ascii=False) + "\n").encode()
