"""``{base_url}jupyter-secure/data/{path}``: sealed data for kernels, streamed both ways."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import asdict
from email.utils import formatdate
from functools import partial
from typing import Any, TypeVar
from urllib.parse import quote

from tornado.iostream import StreamClosedError
from tornado.web import HTTPError, RequestHandler, stream_request_body

from jupyter_secure.app.content.download import Download
from jupyter_secure.app.content.writing import Writing
from jupyter_secure.app.kernels.access import Capability
from jupyter_secure.app.kernels.files import KernelFiles
from jupyter_secure.errors import InvalidInput, SecureError
from jupyter_secure.server.admission import admission_of
from jupyter_secure.server.byte_range import requested_range
from jupyter_secure.server.http_errors import SecureHTTPError, as_http
from jupyter_secure.server.runtime import Runtime, runtime_of
from jupyter_secure.server.said import said_of
from jupyter_secure.server.threads import run_sync

ROUTE = "jupyter-secure/data/"
# More than any request in words needs.
_MAX_WORDS = 64 * 1024
_Result = TypeVar("_Result")


@stream_request_body
class DataHandler(RequestHandler):
    """Files and folders, for a kernel that the gate let in by its capability."""

    _writing: Writing | None = None
    _words = b""
    _gone = False

    def initialize(self) -> None:
        """Take what belongs to one request."""
        # Held while new content is written or thrown away: a connection may break in the middle.
        self._one_at_a_time = threading.Lock()

    @property
    def _runtime(self) -> Runtime:
        return runtime_of(self.settings["serverapp"])

    @property
    def _files(self) -> KernelFiles:
        return self._runtime.kernel_access.files

    @property
    def _kernel(self) -> Capability:
        kernel = admission_of(self.request).kernel
        assert kernel is not None, "prepare has seen to that"
        return kernel

    def check_xsrf_cookie(self) -> None:
        """Nothing to check: no cookie lets anyone in here, and no browser reaches the socket."""

    async def prepare(self) -> None:
        """Refuse all but living kernels; begin what is about to be written."""
        kernel = admission_of(self.request).kernel
        if kernel is None:
            raise SecureHTTPError(403, "Only kernels get their data here.", "not-allowed")
        await self._require_living()
        if self.request.method == "PUT":
            begin = partial(self._files.begin, kernel, self.path_args[0], new=self._only_new)
            self._writing = await self._work(begin)

    async def _require_living(self) -> None:
        access, kernel = self._runtime.kernel_access, self._kernel
        if not (await access.is_alive(kernel) and access.capabilities.holds(kernel)):
            raise SecureHTTPError(401, "The kernel has ended.", "not-logged-in")

    async def data_received(self, chunk: bytes) -> None:
        """Take a part of the body; the next one is not read before this one is written."""
        if self._writing is not None:
            await self._work(partial(self._update, self._writing, chunk))
        elif len(self._words) + len(chunk) <= _MAX_WORDS:
            self._words += chunk
        else:
            raise HTTPError(413)

    def _update(self, writing: Writing, chunk: bytes) -> None:
        with self._one_at_a_time:
            if not self._gone:
                writing.update(chunk)

    # ── reading ─────────────────────────────────────────────────────────────────────────────────

    async def head(self, path: str) -> None:
        """Say what is there: kind, size, version; of a file, whether this kernel may read it."""
        found = await self._work(partial(self._files.describe, self._kernel, path))
        self._describe_kind(is_folder=found.is_folder)
        if not found.is_folder:
            with await self._work(partial(self._files.look, self._kernel, path)) as download:
                self._describe(download)
                self.set_header("Content-Length", str(download.size))
            self.set_header("X-Jupyter-Secure-Sealed", "yes" if found.sealed else "no")
        await self.finish()

    async def get(self, path: str) -> None:
        """Send a file or a part of it, or list a folder."""
        if await self._work(partial(self._files.is_folder, self._kernel, path)):
            entries = await self._work(partial(self._files.list, self._kernel, path))
            self._describe_kind(is_folder=True)
            self.set_header("Content-Type", "application/json")
            await self.finish(json.dumps({"entries": [asdict(entry) for entry in entries]}))
            return
        asked = self.request.headers.get("Range", "")
        at_start = not asked or asked.startswith("bytes=0-")
        read = partial(self._files.read, self._kernel, path, 0 if at_start else 1)
        # Closed here, where it is certain that no thread is reading from it.
        with await self._work(read) as download:
            await self._answer(path, download, asked)

    async def _answer(self, path: str, download: Download, asked: str) -> None:
        self._describe_kind(is_folder=False)
        self._describe(download)
        tag = f'"{download.version}"'
        if self.request.headers.get("If-Match", tag) != tag:
            raise SecureHTTPError(412, f"“{path}” was changed meanwhile.", "changed")
        if self.request.headers.get("If-Range", tag) != tag:
            asked = ""
        start, end = requested_range(asked, download.size)
        if asked:
            self.set_status(206)
            self.set_header("Content-Range", f"bytes {start}-{end - 1}/{download.size}")
        await self._send(path, download.parts(start, end), end - start)

    async def _send(self, path: str, parts: Iterator[bytes], size: int) -> None:
        # The first part before the status, so that a damaged file is told in words.
        try:
            part = await self._work(partial(next, parts, b""))
        except SecureHTTPError as error:
            self._files.failed(self._kernel, path, error.reason or "")
            raise
        self.set_header("Content-Length", str(size))
        try:
            while part:
                if not self._runtime.kernel_access.capabilities.holds(self._kernel):
                    # Whoever reads slowly must not go on when the kernel has ended.
                    self._break_off()
                    return
                # The next part is opened while this one is being sent.
                coming = asyncio.ensure_future(run_sync(next, parts, b""))
                self.write(part)
                try:
                    await self.flush()
                finally:
                    part = await coming
            await self.finish()
        except StreamClosedError:
            pass  # the kernel has read enough
        except SecureError as error:
            # Too late for words: the answer is cut short, which whoever reads must notice.
            self._files.failed(self._kernel, path, error.reason)
            self._runtime.log.warning("%s", error)
            self._break_off()

    def _break_off(self) -> None:
        """End the connection in the middle of the answer."""
        self.request.connection.stream.close()  # type: ignore[union-attr]  # HTTP/1 has one

    # ── changing ────────────────────────────────────────────────────────────────────────────────

    async def put(self, path: str) -> None:
        """Put what has come in place."""
        assert self._writing is not None
        await self._require_living()  # it may have ended while the body came
        await self._work(partial(self._commit, path, self._writing))
        self._runtime.coverage = None  # to be counted anew
        self.set_status(204)
        await self.finish()

    def _commit(self, path: str, writing: Writing) -> None:
        with self._one_at_a_time:
            if not self._gone:
                self._files.commit(self._kernel, path, writing, new=self._only_new)

    async def delete(self, path: str) -> None:
        """Delete a file or an empty folder."""
        await self._work(partial(self._files.delete, self._kernel, path))
        self.set_status(204)
        await self.finish()

    async def post(self, path: str) -> None:
        """Make a folder, or move something: ``{"action": "make-folder"|"move", "to"}``."""
        work: Callable[[], None]
        match self._body():
            case {"action": "make-folder"}:
                work = partial(self._files.make_folder, self._kernel, path)
            case {"action": "move", "to": str(new)}:
                work = partial(self._files.move, self._kernel, path, new)
                # The body comes after the start was recorded, and says only here what it is.
                said = said_of(self.request)
                said.action, said.to = "kernel:rename", new
            case _:
                with as_http():
                    raise InvalidInput("The action must be make-folder, or move with a text “to”.")
        await self._work(work)
        self.set_status(204)
        await self.finish()

    # ── what they share ─────────────────────────────────────────────────────────────────────────

    @property
    def _only_new(self) -> bool:
        return self.request.headers.get("If-None-Match") == "*"

    def _body(self) -> Any:
        try:
            return json.loads(self._words)
        except ValueError:
            return None

    async def _work(self, work: Callable[[], _Result]) -> _Result:
        """Run ``work`` off the event loop; our errors come back as HTTP errors."""
        with as_http():
            return await run_sync(work)

    def _describe_kind(self, *, is_folder: bool) -> None:
        self.set_header("X-Jupyter-Secure-Kind", "folder" if is_folder else "file")

    def _describe(self, download: Download) -> None:
        self.set_header("Content-Type", "application/octet-stream")
        self.set_header("Accept-Ranges", "bytes")
        self.set_header("Etag", f'"{download.version}"')
        self.set_header("Last-Modified", formatdate(download.modified, usegmt=True))

    def compute_etag(self) -> None:
        """Leave the tag as it was set: it is the version's."""

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Answer in words, for the exception that the kernel will see."""
        error = (kwargs.get("exc_info") or (None, None))[1]
        message: str | None = self._reason
        reason = ""
        if isinstance(error, SecureHTTPError):
            message, reason = error.get_message(), error.reason or ""
        for name in ("Etag", "Content-Length", "Content-Range", "Last-Modified"):
            self.clear_header(name)
        self.set_header("Content-Type", "application/json")
        if self.request.method == "HEAD":  # whose answer has no body
            self.set_header("X-Jupyter-Secure-Message", quote(message or ""))
            self.set_header("X-Jupyter-Secure-Reason", reason)
        self.finish(json.dumps({"message": message, "reason": reason}))

    def log_exception(self, *error: Any) -> None:
        """Log what nobody expected. What a kernel was refused is an event, and is told to it."""
        if not isinstance(error[1], HTTPError):
            super().log_exception(*error)

    def on_connection_close(self) -> None:
        """Throw away what was not written to its end."""
        self.on_finish()

    def on_finish(self) -> None:
        """Throw away what was begun and not committed."""
        if self._writing is not None:
            # Not here: a thread may be writing, and the event loop does not wait for a disk.
            threading.Thread(target=self._throw_away, args=(self._writing,)).start()

    def _throw_away(self, writing: Writing) -> None:
        with self._one_at_a_time:
            self._gone = True
            writing.abort()  # which does nothing to one that is committed
