"""Recording what is asked of the server: one place that every request passes, after the gate.

Which request is which event stands in ``recorded_routes``. A change is on record as started before
its handler runs, and with its outcome before it is answered; where either cannot be written, it is
refused (503, ``record-unwritable``). A read is recorded before it is answered.

For what is not a request, or what a request is not enough to tell, the calls are::

    runtime.state.recorder.record(Event("session:expire", who=Who(username)))  # on a thread
    await runtime.state.recorder.write(Event("vault:unseal", Outcome.SUCCESS, who_of(request)))
    runtime.state.recorder.note(Event("kernel:stop", reason="died", who=Who(kernel=id)))  # no wait

The action is one of ``audit.actions``. Never a secret and never content; a name that somebody typed
at the login only if such an account exists, since people type passwords there.
"""

from __future__ import annotations

import os
import re
from dataclasses import replace
from functools import partial
from typing import Any
from urllib.parse import parse_qs

from tornado.httputil import HTTPHeaders, HTTPMessageDelegate, HTTPServerRequest
from tornado.web import Application

from jupyter_secure.app.content.opening import at_once, header_of
from jupyter_secure.audit.actions import ACTIONS
from jupyter_secure.audit.events import Event, Outcome
from jupyter_secure.errors import RecordUnwritable, SecureError, StateUnusable
from jupyter_secure.server.admission import admission_of, who_of
from jupyter_secure.server.recorded_answer import Answer, reason_of
from jupyter_secure.server.recorded_request import Followed
from jupyter_secure.server.recorded_routes import Asked, Planned, below, planned
from jupyter_secure.server.refusal import Refusal, RefusalHandler
from jupyter_secure.server.said import said_of
from jupyter_secure.server.strangers import Strangers

_USERNAME = re.compile(r"[\w.@+-]{1,64}")


class Recording:
    """Leaves the events of one web application's requests."""

    def __init__(self, runtime: Any, web_app: Application, base_url: str) -> None:
        self._runtime = runtime
        self._web_app = web_app
        self._base_url = base_url
        self._strangers = Strangers()
        # Access tokens that were seen in this run of the server.
        self._tokens: set[str] = set()

    def follow(
        self, request: HTTPServerRequest, delegate: HTTPMessageDelegate
    ) -> HTTPMessageDelegate:
        """Return what takes the request in ``delegate``'s place and records it."""
        admission = admission_of(request)
        if admission.kernel is None and admission.actor.username is None and not _changes(request):
            # The login page, and what it is made of; or where the outer door's login comes back.
            if self._runtime.door is not None and request.method == "GET":
                Answer(request, partial(self._turned_away, request), self._end_refused)
            return delegate
        if admission.token is not None and admission.token.public_id not in self._tokens:
            self._tokens.add(admission.token.public_id)
            first = Event("token:use", who=who_of(request), address=str(request.remote_ip))
            self._runtime.state.recorder.note(first)
        return Followed(self, request, delegate)

    def refused(self, request: HTTPServerRequest, refusal: Refusal) -> None:
        """Record what the gate refused; strangers' attempts are counted once they are many."""
        address = str(request.remote_ip)
        if refusal.status == 401 and not self._strangers.admits(address):
            return
        plan = self.plan(request) or Planned("request:refuse", target=self.path(request)[:200])
        event = Event(
            plan.action,
            Outcome.REFUSED if refusal.status < 500 else Outcome.FAILURE,
            refusal.who,
            address,
            path=plan.path,
            to=plan.to,
            target=plan.target,
            reason=refusal.reason,
            details=_details(request, plan) | self._strangers.uncounted(address),
        )
        Answer(request, lambda *_: event, self._end_refused)

    def _turned_away(
        self, request: HTTPServerRequest, status: int, headers: HTTPHeaders, body: bytes
    ) -> Event | None:
        """Return that somebody was refused whom the outer door sent here, or who pretends that."""
        address = str(request.remote_ip)
        if status < 400 or not self._strangers.admits(address):
            return None
        event = Event(
            "session:begin",
            Outcome.REFUSED if status < 500 else Outcome.FAILURE,
            address=address,
            reason=reason_of(status, headers, body),
            details=self._strangers.uncounted(address),
        )
        return said_of(request).added_to(event)

    async def _end_refused(self, event: Event) -> None:
        """Record a refusal before it is answered; it stays one where that fails."""
        try:
            await self._runtime.state.recorder.write(event)
        except RecordUnwritable as error:
            self._runtime.log.error("%s was refused and not recorded: %s", event.action, error)

    def plan(self, request: HTTPServerRequest) -> Planned | None:
        """Return what a request is; of its body only what is here already counts."""
        manager = self._runtime.app.contents_manager
        return planned(
            Asked(
                method=str(request.method),
                path=self.path(request),
                query={name: values[-1] for name, values in parse_qs(request.query).items()},
                upgrade=request.headers.get("Upgrade", "").lower() == "websocket",
                body=lambda: request.body,
                is_folder=lambda path: _is_folder(manager.root_dir, path),
            )
        )

    def event(self, request: HTTPServerRequest, plan: Planned, correlation: str) -> Event:
        """Return the start of what a request is."""
        who = who_of(request)
        if not who.username and plan.action == "session:begin":
            who = replace(who, username=self._typed_name(request))
        return Event(
            plan.action,
            Outcome.STARTED,
            who,
            str(request.remote_ip),
            path=plan.path.strip("/"),
            to=plan.to.strip("/"),
            target=plan.target,
            correlation=correlation,
            details=_details(request, plan),
        )

    async def begin(self, event: Event) -> None:
        """Record that something starts. Raises ``RecordUnwritable``."""
        await self._runtime.state.recorder.put(event)

    async def end(self, event: Event) -> None:
        """Record what came of it. Raises ``RecordUnwritable`` where that forbids the answer.

        The start of a change, which says who did what, is on the disk then: see ``Recorder.put``.
        """
        try:
            await self._runtime.state.recorder.put(event)
        except RecordUnwritable as error:
            if ACTIONS[event.action].changes or self._runtime.config.audit_reads_required:
                raise
            self._runtime.log.error("%s was answered and not recorded: %s", event.action, error)

    def refusal(self, request: HTTPServerRequest, error: RecordUnwritable) -> HTTPMessageDelegate:
        """Return what answers in place of a handler that must not run."""
        self._runtime.log.error("%s", error)
        refusal = Refusal(503, str(error), error.reason)
        given = {"refusal": refusal, "login_url": f"{self._base_url}login"}
        return self._web_app.get_handler_delegate(request, RefusalHandler, given)

    def _typed_name(self, request: HTTPServerRequest) -> str:
        cookies = self._runtime.cookies
        cookie = cookies.read(request, cookies.login)
        pending = self._runtime.state.log_in.pending(cookie) if cookie else None
        if pending is not None and b"username=" not in request.body:
            return str(pending.username)  # the second step
        values = parse_qs(request.body[:4096].decode("utf-8", "replace")).get("username", [""])
        name = values[-1]
        try:
            known = self._runtime.state.accounts.get(name) if _USERNAME.fullmatch(name) else None
        except StateUnusable:
            known = None  # the login itself will say what is wrong
        return "" if known is None else name

    def path(self, request: HTTPServerRequest) -> str:
        """Return a request's path below the base URL, decoded."""
        return below(self._base_url, request.path)

    def file_id(self, event: Event) -> str:
        """Return the id of the file that an event is about, as it is now."""
        path = event.path if event.action != "file:rename" else event.to
        if not path or event.action.startswith("kernel:"):
            return ""
        return _file_id(self._runtime.app.contents_manager.root_dir, path)

    def below(self, location: str) -> str:
        """Return a path of this server below the base URL, decoded."""
        return below(self._base_url, location)


def _details(request: HTTPServerRequest, plan: Planned) -> dict[str, str | int | bool]:
    return {"method": str(request.method)} if plan.action.startswith("request:") else {}


def _changes(request: HTTPServerRequest) -> bool:
    return request.method not in ("GET", "HEAD", "OPTIONS")


def _file_id(root: str, path: str) -> str:
    """Return the id in the header of a sealed file; empty for a plain one, or none."""
    try:
        with open(os.path.join(root, path), "rb", opener=at_once) as file:
            header = header_of(file, path)
    except (OSError, ValueError, SecureError):
        return ""
    return header.core.file_id.hex() if header else ""


def _is_folder(root: str, path: str) -> bool:
    try:
        return os.path.isdir(os.path.join(root, path.strip("/")))
    except ValueError:
        return False
