"""What a handler adds to the event that its request is, where the answer alone does not tell it.

A page answers in words for people, a login ends with a session that there was none of before: the
handler says so here, and it is recorded with the answer, before that is sent.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from tornado.httputil import HTTPServerRequest

from jupyter_secure.audit.events import Event, Outcome, Who
from jupyter_secure.identity import recovery_codes

_ATTRIBUTE = "_jupyter_secure_said"


@dataclass
class Said:
    """What was said of one request; ``also`` are further events, recorded before its own.

    ``covered``: a read that an event in the record says already leaves none, if it succeeds.
    """

    action: str = ""
    reason: str = ""
    who: Who | None = None
    target: str = ""
    to: str = ""
    details: dict[str, str | int | bool] = field(default_factory=dict)
    also: list[Event] = field(default_factory=list)
    covered: bool = False

    def added_to(self, event: Event) -> Event:
        """Return the outcome ``event`` with what was said."""
        action = self.action or event.action
        refused = event.outcome is not Outcome.SUCCESS
        if event.action == "login:limit":
            self.details["step"] = self.action or "login:password"
            action = event.action
        return replace(
            event,
            action=action,
            reason=(self.reason or event.reason) if refused else event.reason,
            who=self.who or event.who,
            target=self.target or event.target,
            to=self.to or event.to,
            details={**event.details, **self.details},
        )


def said_of(request: HTTPServerRequest) -> Said:
    """Return what was said of ``request`` so far, to add to it."""
    said = getattr(request, _ATTRIBUTE, None)
    if not isinstance(said, Said):
        said = Said()
        setattr(request, _ATTRIBUTE, said)
    return said


def factor_of(code: object) -> str:
    """Return which second factor an answer is: a word of ``login:…``."""
    if not isinstance(code, str):
        return "passkey"
    return "recovery-code" if recovery_codes.digest(code) is not None else "code"


def trying(request: HTTPServerRequest, action: str) -> None:
    """Say which step of a login is being taken: what comes of the request comes of that."""
    said_of(request).action = action


def passed(request: HTTPServerRequest, username: str, factor: str = "") -> None:
    """Say that the step was taken, and that the request goes on; ``factor`` is what it was by."""
    said = said_of(request)
    said.also.append(Event(said.action, who=Who(username), address=str(request.remote_ip)))
    said.action = ""
    if factor:
        said.details["factor"] = factor
