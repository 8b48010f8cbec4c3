"""``secure://``: the files of the notebook's folder, opened and sealed by the notebook's server.

``import fsspec; fsspec.open("secure://data/patients.csv")``, and so pandas, pyarrow, dask and
others, work in a kernel that the server started. Paths begin at the notebook's folder, with or
without a slash; there is no way out of it.
"""

from __future__ import annotations

import json
import posixpath
import shutil
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import Any

from fsspec.spec import AbstractFileSystem

from jupyter_secure.kernels.reading import RemoteReader, SecureReader
from jupyter_secure.kernels.transport import Transport
from jupyter_secure.kernels.writing import RemoteWriter, SecureWriter

_COPIED_AT_ONCE = 1 << 20


class SecureFileSystem(AbstractFileSystem):  # type: ignore[misc]  # fsspec has no types
    """Reads and writes through the server that started this kernel. What it writes is sealed.

    Errors are Python's own: ``FileNotFoundError``, ``PermissionError`` (a lock, a sealed vault,
    another folder), ``FileExistsError``; ``NoAccess`` outside of a kernel, and ``FileChanged`` for
    a file that was saved while it was being read in parts.
    """

    protocol = "secure"
    root_marker = ""

    def __init__(self, **storage_options: Any) -> None:
        super().__init__(**storage_options)
        self._transport = Transport()

    @classmethod
    def _strip_protocol(cls, path: Any) -> Any:
        """Return the path below the notebook's folder, without slashes at its ends."""
        if isinstance(path, list):
            return [cls._strip_protocol(one) for one in path]
        stripped = super()._strip_protocol(path).strip("/")
        if not stripped:
            return ""
        plain = posixpath.normpath(stripped)
        return "" if plain == "." else plain

    # ── looking ─────────────────────────────────────────────────────────────────────────────────

    def info(self, path: str, **_: Any) -> dict[str, Any]:
        """Return name, size, type, and of a file its version, time and whether it is sealed."""
        path = self._strip_protocol(path)
        answer = self._transport.ask("HEAD", path)
        answer.close()
        headers = answer.headers
        if headers.get("X-Jupyter-Secure-Kind") == "folder":
            return {"name": path, "size": 0, "type": "directory"}
        return {
            "name": path,
            "size": int(headers["Content-Length"]),
            "type": "file",
            "etag": headers["Etag"],
            "mtime": parsedate_to_datetime(headers["Last-Modified"]).timestamp(),
            "sealed": headers["X-Jupyter-Secure-Sealed"] == "yes",
        }

    def exists(self, path: str, **_: Any) -> bool:
        """Say whether there is anything; what forbids to look is raised, not taken for "no"."""
        try:
            self.info(path)
        except FileNotFoundError:
            return False
        return True

    def ls(self, path: str, detail: bool = True, **_: Any) -> list[Any]:
        """List a folder; a file is a list of itself."""
        path = self._strip_protocol(path)
        facts = self.info(path)
        found = [facts]
        if facts["type"] == "directory":
            answer = self._transport.ask("GET", path)
            entries = json.loads(answer.response.read())["entries"]
            answer.close()
            found = [_listed(path, entry) for entry in entries]
        return found if detail else [one["name"] for one in found]

    def modified(self, path: str) -> datetime:
        """Return when the file was last changed."""
        return datetime.fromtimestamp(self.info(path).get("mtime", 0), timezone.utc)

    def created(self, path: str) -> datetime:
        """Return when it was last changed: the disk does not say when a file was made."""
        return self.modified(path)

    def ukey(self, path: str) -> str:
        """Return a word that changes with every save."""
        return str(self.info(path).get("etag", ""))

    # ── opening ─────────────────────────────────────────────────────────────────────────────────

    def _open(
        self,
        path: str,
        mode: str = "rb",
        *,
        autocommit: bool = True,
        **_: Any,  # sizes and caches of blocks: there are none
    ) -> SecureReader | SecureWriter:
        if mode == "rb":
            facts = self.info(path)
            if facts["type"] == "directory":
                raise IsADirectoryError(f"“{path}” is a folder.")
            raw = RemoteReader(self._transport, path, facts["size"], facts["etag"])
            return SecureReader(raw, path, facts["size"])
        if mode in ("wb", "xb"):
            sending = self._transport.send(path, only_new=mode == "xb")
            return SecureWriter(RemoteWriter(sending, commit_on_close=autocommit), path)
        raise NotImplementedError(
            f"secure:// files cannot be opened as {mode!r}: a sealed file is replaced as a whole. "
            "Read it, and write all of it anew."
        )

    # ── changing ────────────────────────────────────────────────────────────────────────────────

    def mkdir(self, path: str, create_parents: bool = True, **_: Any) -> None:
        """Make a folder, and those above it that are missing."""
        path = self._strip_protocol(path)
        above = self._parent(path)
        if create_parents and above and not self.exists(above):
            self.mkdir(above)
        self._transport.ask("POST", path, body={"action": "make-folder"}).close()

    def makedirs(self, path: str, exist_ok: bool = False) -> None:
        """Make a folder, and those above it that are missing."""
        if exist_ok and self.isdir(path):
            return
        self.mkdir(path)

    def rmdir(self, path: str) -> None:
        """Delete an empty folder."""
        self._rm(path)

    def _rm(self, path: str) -> None:
        self._transport.ask("DELETE", self._strip_protocol(path)).close()

    def rm_file(self, path: str) -> None:
        """Delete a file."""
        self._rm(path)

    def mv(self, path1: str, path2: str, **_: Any) -> None:
        """Give a file or folder another name; its locks follow it."""
        old, new = self._strip_protocol(path1), self._strip_protocol(path2)
        self._transport.ask("POST", old, body={"action": "move", "to": new}).close()

    def cp_file(self, path1: str, path2: str, **_: Any) -> None:
        """Copy a file through this kernel."""
        if self.isdir(path1):
            self.makedirs(path2, exist_ok=True)
            return
        with self.open(path1) as source, self.open(path2, "wb") as target:
            shutil.copyfileobj(source, target, _COPIED_AT_ONCE)

    def touch(self, path: str, truncate: bool = True, **_: Any) -> None:
        """Make an empty file; with ``truncate`` in place of what is there."""
        if truncate or not self.exists(path):
            self.open(path, "wb").close()


def _listed(folder: str, entry: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": f"{folder}/{entry['name']}".lstrip("/"),
        "size": entry["size"],
        "type": "directory" if entry["is_folder"] else "file",
        "mtime": entry["modified"],
        "sealed": entry["sealed"],
    }
