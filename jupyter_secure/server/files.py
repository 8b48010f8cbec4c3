"""``/files``: downloads, streamed in constant memory, with ranges, from what is sealed or plain."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timezone
from typing import Any

from jupyter_server.base.handlers import AuthenticatedFileHandler
from tornado.http1connection import HTTP1Connection
from tornado.web import HTTPError

from jupyter_secure.app.content.content import Content
from jupyter_secure.app.content.download import Download
from jupyter_secure.errors import SecureError
from jupyter_secure.server.admission import admission_of
from jupyter_secure.server.http_errors import SecureHTTPError, as_http
from jupyter_secure.server.pages import render
from jupyter_secure.server.token_folder import hold


class SealedFilesHandler(AuthenticatedFileHandler):
    """The stock handler, reading through ``app.content`` instead of from the disk."""

    _download: Download | None = None

    def validate_absolute_path(self, root: str, absolute_path: str) -> str:
        """Open the file as well: what follows describes this one version of it."""
        if "\0" in absolute_path:
            raise HTTPError(404)
        hold(absolute_path, root)
        path = super().validate_absolute_path(root, absolute_path)
        with as_http():
            content: Content = self.contents_manager.content  # type: ignore[attr-defined]  # EncryptedContentsManager installs this handler
            self._download = content.download(path, admission_of(self.request).actor)
        return path

    @property
    def _opened(self) -> Download:
        assert self._download is not None, "validate_absolute_path comes first"
        return self._download

    def get_content_size(self) -> int:
        """Return the size of the content, not of the sealed file."""
        return self._opened.size

    def get_modified_time(self) -> datetime:
        """Return when the file was last changed."""
        return datetime.fromtimestamp(int(self._opened.modified), timezone.utc)

    def get_content(  # type: ignore[override]  # tornado calls it on the instance
        self, abspath: str, start: int | None = None, end: int | None = None
    ) -> Iterator[bytes]:
        """Return the content from ``start`` to before ``end``, in parts."""
        try:
            yield from self._opened.parts(start or 0, end)
        except SecureError as error:
            # The status is sent already. Ended before the length that was promised, no client
            # takes what it got for the whole.
            self.log.error("The download of %s was broken off. %s", self.request.path, error)
            self._end_connection()

    def _end_connection(self) -> None:
        connection = self.request.connection
        assert isinstance(connection, HTTP1Connection), "tornado speaks nothing else"
        connection.stream.close()

    def compute_etag(self) -> str:
        """Return a tag that changes with every save."""
        return f'"{self._opened.version}"'

    def should_return_304(self) -> bool:
        """Say whether the browser has this version, by its tag alone where it sent one."""
        self.set_etag_header()
        if self.request.headers.get("If-None-Match"):
            return self.check_etag_header()
        return bool(super().should_return_304())

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Say what is wrong on a page of ours, without the headers that describe the file."""
        for name in ("Etag", "Content-Length", "Content-Range", "Content-Disposition"):
            self.clear_header(name)
        error = (kwargs.get("exc_info") or (None, None))[1]
        if isinstance(error, SecureHTTPError):
            self.finish(render(self, "refused.html", message=error.get_message()))
        else:
            super().write_error(status_code, **kwargs)

    def on_finish(self) -> None:
        """Close the file."""
        if self._download is not None:
            self._download.close()
        super().on_finish()
