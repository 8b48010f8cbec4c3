"""``history/{path}`` and ``deleted``: versions of files, looked at, compared and brought back."""

from __future__ import annotations

import asyncio
import json
from functools import partial
from typing import Any

from jupyter_core.paths import is_hidden
from jupyter_server.auth.decorator import authorized
from tornado.web import authenticated

from jupyter_secure.app.history.versions import Gone, Versions
from jupyter_secure.errors import InvalidInput, Refused
from jupyter_secure.history.version import Version
from jupyter_secure.server.admission import current_actor
from jupyter_secure.server.api_handler import RESOURCE, SecureAPIHandler
from jupyter_secure.server.comparing import AT_ONCE, compared_apart
from jupyter_secure.server.formats import encode_file, parse_notebook
from jupyter_secure.server.http_errors import as_http
from jupyter_secure.server.models import check_api_path
from jupyter_secure.server.threads import run_sync
from jupyter_secure.vault.envelope import Flags

_PAGE, _MOST = 100, 1000


class _Handler(SecureAPIHandler):
    @property
    def versions(self) -> Versions:
        """What is done with versions."""
        return self.runtime.versions(self.documents.content, self.documents.root_dir)

    def number(self, name: str, default: int | None = None) -> int:
        """Return a whole number above 0 from the query; ``InvalidInput`` for another."""
        text = self.get_query_argument(name, "" if default is None else str(default))
        if not (text.isascii() and text.isdigit() and 0 < len(text) < 10 and int(text)):
            raise InvalidInput(f'"{name}" must be a number above 0.')
        return int(text)


class HistoryHandler(_Handler):
    """The versions of one file."""

    @authenticated
    @authorized("read", resource=RESOURCE)
    async def get(self, path: str) -> None:
        """List the versions, return one, or compare two."""
        with as_http():
            await self.require_shown(path)
            answer: str | bytes
            if self.get_query_argument("version", None) is not None:
                answer = json.dumps(await self._version(path))
            elif self.get_query_argument("from", None) is not None:
                answer = await self._compared(path)
            else:
                answer = json.dumps(await self._list(path))
        self.finish(answer)

    @authenticated
    @authorized("write", resource=RESOURCE)
    async def post(self, path: str) -> None:
        """Restore a version, unless the file was saved since the list was asked for."""
        with as_http():
            if self.body("action") != "restore":
                raise InvalidInput('The "action" must be "restore".')
            number, seen = self.member("version"), self.member("file_version")
            if type(number) is not int or type(seen) is not int:
                raise InvalidInput(
                    'Restoring takes two numbers, "version" and "file_version".',
                    why="The second says which save of the file you have seen, so that no newer "
                    "one is replaced. The list of versions tells it.",
                )
            await self.require_shown(path)
            os_path = self.documents._get_os_path(path.strip("/"))
            restore = partial(
                self.versions.restore, os_path, number, current_actor(), file_version=seen
            )
            version = await run_sync(restore)
        self.finish(json.dumps({"restored": _model(version)}))

    async def _list(self, path: str) -> dict[str, Any]:
        limit = min(self.number("limit", _PAGE), _MOST)
        before = self.get_query_argument("before", None) and self.number("before")
        os_path = self.documents._get_os_path(path.strip("/"))
        look = partial(
            # One more tells whether there are more.
            self.versions.listing,
            os_path,
            current_actor(),
            limit + 1,
            before=before or None,
        )
        listing = await run_sync(look)
        return {
            "versions": [_model(one) for one in listing.versions[:limit]],
            "truncated": len(listing.versions) > limit,
            "file_version": listing.file_version,
        }

    async def _version(self, path: str) -> dict[str, Any]:
        number = self.number("version")
        os_path = self.documents._get_os_path(path.strip("/"))

        def work() -> dict[str, Any]:
            version, data = self.versions.open(os_path, number, current)
            model = {
                "name": path.rpartition("/")[2],
                "path": path.strip("/"),
                "last_modified": version.at.isoformat(),
                "created": version.at.isoformat(),
                "writable": False,
                "size": version.size,
                "version": _model(version),
            }
            if path.endswith(".ipynb"):
                nb = parse_notebook(data, path, None, flags=Flags(version.flags))
                return {**model, "type": "notebook", "format": "json", "content": nb}
            content, sent_as = encode_file(data, None, os_path)
            return {**model, "type": "file", "format": sent_as, "content": content}

        current = current_actor()
        return await run_sync(work)

    async def _compared(self, path: str) -> bytes:
        first = self.number("from")
        to = self.get_query_argument("to", "current")
        second = None if to == "current" else self.number("to")
        os_path = self.documents._get_os_path(path.strip("/"))
        versions, actor = self.versions, current_actor()

        def work() -> tuple[dict[str, Any], bytes, bytes]:
            older, before = versions.open(os_path, first, actor)
            newer = None
            if second is None:
                after = versions.current(os_path, actor)
            else:
                newer, after = versions.open(os_path, second, actor)
            said = {"from": _model(older), "to": None if newer is None else _model(newer)}
            return said, before, after

        # Before anything is opened: whoever waits holds nothing.
        async with AT_ONCE:
            said, before, after = await run_sync(work)
            compared = await compared_apart(before, after)
        # Put together as it is: it may be large, and everybody would wait while it is read.
        return json.dumps(said).encode()[:-1] + b"," + compared[1:]


class DeletedHandler(_Handler):
    """What was deleted, and can be brought back."""

    @authenticated
    @authorized("read", resource=RESOURCE)
    async def get(self) -> None:
        """List it, the last saved first."""
        with as_http():
            limit = min(self.number("limit", _PAGE), _MOST)
            gone = await run_sync(self.versions.deleted)
        models = [_gone_model(one) for one in gone[:limit]]
        self.finish(json.dumps({"deleted": models, "truncated": len(gone) > limit}))


class UndeleteHandler(_Handler):
    """One notebook that was deleted."""

    @authenticated
    @authorized("write", resource=RESOURCE)
    async def post(self, file_id: str) -> None:
        """Bring it back, where it was or at "path"; "passphrase" opens what was under one."""
        with as_http():
            if self.body("action") != "undelete":
                raise InvalidInput('The "action" must be "undelete".')
            to, passphrase = self.optional("path"), self.optional("passphrase")
            which, actor = bytes.fromhex(file_id), current_actor()
            if passphrase is not None:
                opens = partial(self.runtime.state.open_locked.deleted, which, passphrase, actor)
                loop = asyncio.get_running_loop()
                await loop.run_in_executor(self.runtime.login_thread, opens)
            undelete = partial(self.versions.undelete, which, actor, place=self._place, to=to)
            path = await run_sync(undelete)
        self.runtime.coverage = None
        self.finish(json.dumps({"path": path}))

    def _place(self, path: str) -> str:
        check_api_path(path)
        os_path: str = self.documents._get_os_path(path)
        if not self.documents.allow_hidden and is_hidden(os_path, self.documents.root_dir):
            raise Refused(f"“{path}” is hidden.", remedy="Choose another path.")
        return os_path


def _model(version: Version) -> dict[str, Any]:
    return {
        "number": version.number,
        "at": version.at.isoformat(),
        "account": version.account,
        "kind": version.kind.value,
        "size": version.size,
        "path": version.path,
        "restored": version.restored,
    }


def _gone_model(gone: Gone) -> dict[str, Any]:
    return {
        "file_id": gone.version.file_id.hex(),
        "path": gone.version.path,
        "at": gone.version.at.isoformat(),
        "account": gone.version.account,
        "size": gone.version.size,
        "locked": None if gone.withheld is None else gone.withheld.value,
    }


def history_handlers(api: str) -> list[tuple[str, object]]:
    """Return our routes below ``api``."""
    return [
        (rf"{api}/history/(.+)", HistoryHandler),
        (rf"{api}/deleted", DeletedHandler),
        (rf"{api}/deleted/([0-9a-f]{{32}})", UndeleteHandler),
    ]
