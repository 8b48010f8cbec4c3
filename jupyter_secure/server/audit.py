"""``GET audit``: the record, a page at a time; ``GET audit/export``: all of it, as a file."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from datetime import datetime, timezone
from itertools import islice
from urllib.parse import urlencode

from jupyter_server.auth.decorator import authorized
from tornado.iostream import StreamClosedError
from tornado.web import authenticated

from jupyter_secure import __version__
from jupyter_secure.audit.events import Outcome, Recorded
from jupyter_secure.audit.exporting import FORMATS, heading, one_line, plain
from jupyter_secure.audit.filters import Wanted
from jupyter_secure.errors import InvalidInput, Refused
from jupyter_secure.identity.roles import Right
from jupyter_secure.server.admission import admission_of
from jupyter_secure.server.api_handler import RESOURCE, SecureAPIHandler
from jupyter_secure.server.confirm_page import CONFIRM
from jupyter_secure.server.elevation import is_elevated, require_elevated
from jupyter_secure.server.http_errors import as_http
from jupyter_secure.server.record_looks import filters_of
from jupyter_secure.server.refusal import wants_page
from jupyter_secure.server.said import said_of
from jupyter_secure.server.threads import run_sync

_MOST = 500
_USUAL = 100
_EXPORTED_AT_ONCE = 1000
_OUTCOMES = frozenset(one.value for one in Outcome)


class AuditHandler(SecureAPIHandler):
    """``GET audit``: all of it for who may see that, for others what they did themselves."""

    @authenticated
    @authorized("read", resource=RESOURCE)
    async def get(self) -> None:
        """Return the newest events that the query wants, and where the next page begins."""
        with as_http():
            limit = self._number("limit", _USUAL)
            if not 1 <= limit <= _MOST:
                raise InvalidInput(f"The limit must be from 1 to {_MOST}.")
            wanted = self._wanted()
            self._say(filters_of(wanted) | {"limit": limit})
            page = await run_sync(self.runtime.record.page, wanted, limit)
        self.finish(
            json.dumps(
                {
                    "events": [plain(one) for one in page],
                    "next": page[-1].seq if len(page) == limit else None,
                    "everyone": self._sees_all(),
                }
            )
        )

    def _say(self, asked: dict[str, str | int | bool]) -> None:
        """Say on record what is asked for, unless that is there already."""
        said, session = said_of(self.request), admission_of(self.request).session
        said.details.update(asked)
        if session is not None:
            address = str(self.request.remote_ip)
            covers = self.runtime.record_looks.covers
            said.covered = covers(session.public_id, address, asked)

    def _sees_all(self) -> bool:
        return Right.AUDIT in admission_of(self.request).rights

    def _wanted(self) -> Wanted:
        admission = admission_of(self.request)
        who = self.get_query_argument("who", "")
        if not self._sees_all():
            if admission.session is None:
                raise Refused("This access token may not see the record.")
            if who not in ("", admission.session.username):
                raise Refused(
                    "You may see what you did yourself.",
                    why="What others did is for owners and auditors.",
                )
            who = admission.session.username
        outcome = self.get_query_argument("outcome", "")
        if outcome and outcome not in _OUTCOMES:
            raise InvalidInput(f"The outcome must be one of {', '.join(sorted(_OUTCOMES))}.")
        return Wanted(
            who=who,
            what=self.get_query_argument("what", ""),
            path=self.get_query_argument("path", "").lstrip("/"),
            outcome=outcome,
            since=self._time("since"),
            until=self._time("until"),
            before=self._number("before", 0),
        )

    def _number(self, name: str, usual: int) -> int:
        text = self.get_query_argument(name, "") or str(usual)
        if not (text.isascii() and text.isdigit() and len(text) < 19):
            raise InvalidInput(f'"{name}" must be a number.')
        return int(text)

    def _time(self, name: str) -> int:
        text = self.get_query_argument(name, "")
        if not text:
            return 0
        try:
            # A plus sign in an address is a space to whoever decodes it.
            given = datetime.fromisoformat(text.replace("Z", "+00:00").replace(" 0", "+0"))
            if given.tzinfo is None:
                given = given.replace(tzinfo=timezone.utc)
            return max(0, int(given.timestamp() * 1000))
        except (ValueError, OverflowError):
            raise InvalidInput(f'"{name}" must be a time as 2026-01-31T14:00:00Z.') from None


class AuditExportHandler(AuditHandler):
    """``GET audit/export``: what the query wants, the oldest first, as other programs take it.

    All of it at once leaves the server, so a person confirms a second factor first. An access token
    was made by one who had.
    """

    @authenticated
    @authorized("read", resource=RESOURCE)
    async def get(self) -> None:
        """Send it as a file, as it is read: a record may be longer than the memory."""
        with as_http():
            form = self.get_query_argument("format", "csv")
            if form not in FORMATS:
                raise InvalidInput(f"The format must be one of {', '.join(FORMATS)}.")
            wanted = self._wanted()
            said_of(self.request).details.update(filters_of(wanted) | {"format": form})
            if admission_of(self.request).session is not None and not is_elevated(self):
                if wants_page(self.request):
                    query = urlencode({"next": self.request.uri or ""})
                    self.redirect(f"{self.base_url}{CONFIRM}?{query}", status=303)
                    return
                require_elevated(self)
            events = self.runtime.record.oldest_first(wanted)
            text = await run_sync(_next_lines, form, events)
        name = "record.csv" if form == "csv" else f"record.{form}.txt"
        kind = "text/csv" if form == "csv" else "text/plain"
        self.set_header("Content-Type", f"{kind}; charset=utf-8")
        self.set_header("Content-Disposition", f'attachment; filename="{name}"')
        self.write(f"{heading(form)}\n" if heading(form) else "")
        with contextlib.suppress(StreamClosedError):  # whoever asked has gone
            await self.flush()
            while text:
                self.write(text)
                await self.flush()
                text = await run_sync(_next_lines, form, events)
            self.finish()


def _next_lines(form: str, events: Iterator[Recorded]) -> str:
    some = islice(events, _EXPORTED_AT_ONCE)
    return "".join(f"{one_line(form, one, __version__)}\n" for one in some)
