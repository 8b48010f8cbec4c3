"""Who the current request belongs to.

The gate decides it once, before any handler exists, and everything else asks here.
"""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass

from tornado.httputil import HTTPServerRequest

from jupyter_secure.app.kernels.access import Capability
from jupyter_secure.audit.events import Who
from jupyter_secure.identity.access_tokens import AccessToken
from jupyter_secure.identity.roles import Right, Role
from jupyter_secure.identity.sessions import Session
from jupyter_secure.locks import NOBODY, Actor

_ATTRIBUTE = "_jupyter_secure_admission"


@dataclass(frozen=True)
class Admission:
    """A request that the gate let in: its session, or ``None`` on the few open pages.

    ``same_origin`` is true when the browser itself vouches that a page of ours, or the user's own
    hand, made the request (Fetch Metadata, ``Sec-Fetch-Site``).
    """

    session: Session | None
    actor: Actor
    same_origin: bool
    #: The kernel that made the request; it has no session, and reaches one route only.
    kernel: Capability | None = None
    #: The access token that made the request; it has no session, and is never elevated.
    token: AccessToken | None = None
    #: What whoever asks may do, as its role was when the request came.
    rights: frozenset[Right] = frozenset()
    #: The role of the session's account.
    role: Role | None = None


OPEN_PAGE = Admission(session=None, actor=NOBODY, same_origin=False)

# Jupyter's own CallContext is set by JupyterHandlers only: after one of them, a plain handler on
# the same connection would still see it. The gate sets this one for every request.
_current: ContextVar[Admission] = ContextVar("jupyter_secure_admission", default=OPEN_PAGE)


def admit(request: HTTPServerRequest, admission: Admission) -> None:
    """Attach ``admission`` to ``request`` and make it current for what runs on its behalf."""
    setattr(request, _ATTRIBUTE, admission)
    _current.set(admission)


def admission_of(request: HTTPServerRequest) -> Admission:
    """Return what the gate decided for ``request``; nobody, if it never passed the gate."""
    admission = getattr(request, _ATTRIBUTE, OPEN_PAGE)
    return admission if isinstance(admission, Admission) else OPEN_PAGE


def who_of(request: HTTPServerRequest) -> Who:
    """Return who made a request, as events name it."""
    return who_in(admission_of(request))


def who_in(admission: Admission) -> Who:
    """Return on whose behalf a request was admitted, as events name it."""
    token = getattr(admission.token, "public_id", "") if admission.token else ""
    return Who(
        username=admission.actor.username or "",
        session=admission.session.public_id if admission.session else "",
        token=str(token),
        kernel=admission.kernel.kernel_id if admission.kernel else "",
    )


def may_run_code() -> bool:
    """Say whether whoever the running code acts for may run code here; the server itself may."""
    who = _current.get()
    return (who.session is None and who.token is None) or Right.EXECUTE in who.rights


def current_token() -> AccessToken | None:
    """Return the access token on whose behalf the running code acts, if it is one."""
    return _current.get().token


def current_actor() -> Actor:
    """Return on whose behalf the running code acts; nobody outside of a request."""
    return _current.get().actor
