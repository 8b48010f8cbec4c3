"""The rows of the table of rights that few tests with a server come by."""

from __future__ import annotations

import pytest
from server.test_rights import person, token

from jupyter_secure.identity.roles import Right, Role
from jupyter_secure.locks import Actor
from jupyter_secure.server.admission import Admission
from jupyter_secure.server.rights import refusal, row_for

OURS = "jupyter-secure/api"


def bearer(*rights: Right, folder: str = "") -> Admission:
    given = token(*rights, folder=folder)
    actor = Actor("alice", elevated=False)
    return Admission(None, actor, same_origin=False, token=given, rights=given.rights)


OWNER, EDITOR, VIEWER, AUDITOR = map(person, Role)
CONFIRMED = person(Role.OWNER, elevated=True)
CONFIRMED_EDITOR = person(Role.EDITOR, elevated=True)
READER, WRITER = bearer(Right.READ), bearer(Right.READ, Right.WRITE)
RUNNER = bearer(Right.EXECUTE)
EVERY_TOKEN = (READER, WRITER, RUNNER, bearer(Right.AUDIT))


@pytest.mark.parametrize(
    ("method", "path", "may", "may_not"),
    [
        ("PUT", "api/config/notebook", [EDITOR], [VIEWER, AUDITOR, WRITER]),
        ("GET", "metrics", [VIEWER, READER], [AUDITOR, RUNNER, bearer(Right.READ, folder="a")]),
        ("POST", "api/events", [EDITOR], [VIEWER, AUDITOR, *EVERY_TOKEN]),
        ("GET", "api/events/subscribe", [VIEWER, READER], [AUDITOR, RUNNER]),
        ("GET", "api/resolvePath", [VIEWER], [AUDITOR, *EVERY_TOKEN]),
        ("GET", "api/notebooks/a.ipynb", [VIEWER], [AUDITOR, *EVERY_TOKEN]),
        ("GET", "api/sessions", [VIEWER, READER], [AUDITOR, RUNNER]),
        ("DELETE", "api/sessions/a", [EDITOR, RUNNER], [VIEWER, AUDITOR, WRITER]),
        ("POST", "api/kernels/a/restart", [EDITOR, RUNNER], [VIEWER, AUDITOR, WRITER]),
        ("DELETE", "api/terminals/1", [EDITOR, RUNNER], [VIEWER, AUDITOR, WRITER]),
        ("POST", "lab/api/build", [CONFIRMED], [OWNER, CONFIRMED_EDITOR, VIEWER, *EVERY_TOKEN]),
        ("DELETE", "lab/api/build", [CONFIRMED], [OWNER, CONFIRMED_EDITOR, VIEWER, *EVERY_TOKEN]),
        ("POST", "lab/api/plugins", [CONFIRMED], [OWNER, CONFIRMED_EDITOR, VIEWER, *EVERY_TOKEN]),
        ("POST", "api/shutdown", [OWNER], [CONFIRMED_EDITOR, VIEWER, AUDITOR, *EVERY_TOKEN]),
        ("GET", "jupyter-secure/users", [OWNER], [CONFIRMED_EDITOR, VIEWER, *EVERY_TOKEN]),
        ("POST", "jupyter-secure/users/link", [OWNER], [CONFIRMED_EDITOR, VIEWER, *EVERY_TOKEN]),
        ("GET", "jupyter-secure/account", [AUDITOR], EVERY_TOKEN),
        ("GET", f"{OURS}/tokens", [AUDITOR], EVERY_TOKEN),
        ("GET", f"{OURS}/history/a", [VIEWER], [AUDITOR, *EVERY_TOKEN]),
        ("GET", f"{OURS}/deleted", [VIEWER], [AUDITOR, *EVERY_TOKEN]),
        ("POST", f"{OURS}/history/a", [EDITOR], [VIEWER, AUDITOR, *EVERY_TOKEN]),
        ("DELETE", f"{OURS}/deleted/a", [EDITOR], [VIEWER, AUDITOR, *EVERY_TOKEN]),
        ("POST", f"{OURS}/locks/a", [VIEWER], [AUDITOR, *EVERY_TOKEN]),
        ("DELETE", f"{OURS}/locks/a", [EDITOR], [VIEWER, AUDITOR, *EVERY_TOKEN]),
        ("PUT", f"{OURS}/sealed-folders/a", [EDITOR], [VIEWER, AUDITOR, *EVERY_TOKEN]),
        ("GET", f"{OURS}/migration", [VIEWER], [AUDITOR, *EVERY_TOKEN]),
    ],
)
def test_a_row(method: str, path: str, may: list[Admission], may_not: list[Admission]) -> None:
    """Who has the right gets in, and nobody else, whatever other rights they have."""
    row = row_for(method, path)
    assert [who for who in may if refusal(row, who) is not None] == []
    assert [who for who in may_not if refusal(row, who) is None] == []
