"""Which event a form of our pages is."""

from __future__ import annotations

from jupyter_secure.audit.actions import ACTIONS
from jupyter_secure.server.account_page import AccountPageHandler
from jupyter_secure.server.recorded_forms import action_of
from jupyter_secure.server.users_page import UsersPageHandler

# "I have kept the recovery codes" changes nothing.
NO_CHANGE = {"kept"}


def test_every_form_has_its_event() -> None:
    """No form of the account's page or the users' page is recorded as something else."""
    for page, forms in (
        ("jupyter-secure/account", AccountPageHandler._FORMS),
        ("jupyter-secure/users", UsersPageHandler._ACTIONS),
    ):
        for name in forms.keys() - NO_CHANGE:
            action, about = action_of(page, f"do={name}&id=x1".encode())
            assert action in ACTIONS, (page, name)
            assert about == "x1"


def test_other_forms() -> None:
    """What is none of ours has no event of ours, and what is not known is about nobody."""
    assert action_of("login", b"do=password") == ("", "")
    assert action_of("jupyter-secure/users", b"do=dance&id=bob") == ("", "")
    assert action_of("jupyter-secure/account", b"\xff=&do=new-token&name=x") == ("token:create", "")
    assert action_of("jupyter-secure/enrol", b"") == ("account:totp-add", "")
