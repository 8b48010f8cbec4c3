"""One version of a notebook: what is said of it, and the MAC that vouches for it.

It is written as the message of a Git commit: a line for people, and below it one line of JSON. The
names in it are as visible as those of the notebooks themselves; nothing in it is content.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum

from jupyter_secure.errors import CorruptFile, shown
from jupyter_secure.history.notebook_key import NotebookKey, damaged

_NUMBER = re.compile(r'"number": ([0-9]{1,12})[,}]', re.ASCII)


class Kind(str, Enum):
    """Why a version was kept."""

    #: Saved by itself, or by a program: thinned out with age.
    AUTOMATIC = "automatic"
    #: Saved by hand: kept.
    MANUAL = "manual"
    #: Put back from an earlier version: kept.
    RESTORED = "restored"


@dataclass(frozen=True)
class Version:
    """``number`` counts a notebook's versions from 1 and never changes; ``path`` is relative.

    ``size`` is the content's, in bytes, and ``digest`` its keyed digest. ``restored`` is the number
    of the version that was put back. ``flags`` are those that the content was sealed with.
    """

    file_id: bytes
    number: int
    path: str
    account: str
    at: datetime
    kind: Kind
    size: int
    digest: bytes
    restored: int | None = None
    flags: int = 0

    def to_message(self, key: NotebookKey) -> str:
        """Return the text of the commit."""
        said = self._said()
        said["mac"] = key.vouch(_canonical(said)).hex()
        return f"{self.kind.value}: {shown(self.path)}\n\n{json.dumps(said, sort_keys=True)}\n"

    def marked(self, kind: Kind) -> Version:
        """Return the same version, kept for another reason."""
        return replace(self, kind=kind)

    def _said(self) -> dict[str, object]:
        return {
            "account": self.account,
            "at": self.at.isoformat(),
            "digest": self.digest.hex(),
            "file": self.file_id.hex(),
            "flags": self.flags,
            "kind": self.kind.value,
            "number": self.number,
            "path": self.path,
            "restored": self.restored,
            "size": self.size,
            "v": 1,
        }


def parse(message: str, key: NotebookKey | None = None) -> Version:
    """Return what :meth:`Version.to_message` wrote; raises ``CorruptFile``.

    With ``key`` the MAC is checked; without, what is returned is only what somebody wrote.
    """
    try:
        said = json.loads(message.partition("\n\n")[2])
        mac = bytes.fromhex(said.pop("mac"))
        if key is not None and not key.vouches(_canonical(said), mac):
            raise damaged()
        version = Version(
            file_id=bytes.fromhex(said["file"]),
            number=int(said["number"]),
            path=str(said["path"]),
            account=str(said["account"]),
            at=datetime.fromisoformat(said["at"]),
            kind=Kind(said["kind"]),
            size=int(said["size"]),
            digest=bytes.fromhex(said["digest"]),
            restored=None if said["restored"] is None else int(said["restored"]),
            flags=int(said["flags"]),
        )
    except CorruptFile:
        raise
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise damaged() from None
    return version


def number_in(message: str) -> int:
    """Return the number of a version, for passing many by; nobody vouches for it.

    0 where there is none. In what :meth:`Version.to_message` writes, the text of a name has no
    quotes that are not escaped.
    """
    found = _NUMBER.search(message)
    return int(found[1]) if found else 0


def _canonical(said: dict[str, object]) -> bytes:
    return json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()
