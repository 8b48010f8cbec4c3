"""Which event a form of our pages is: its field ``do`` says what is to be done."""

from __future__ import annotations

from urllib.parse import parse_qs

_ACCOUNT = {
    "password": "account:password",
    "remove-totp": "account:totp-remove",
    "codes": "account:recovery-codes",
    "rename-passkey": "account:passkey-rename",
    "remove-passkey": "account:passkey-remove",
    "forget-device": "account:device-forget",
    "end-session": "session:end",
    "end-others": "session:end",
    "end-everywhere": "session:end",
    "new-token": "token:create",
    "revoke-token": "token:revoke",
}
_USERS = {
    "invite": "user:invite",
    "reset-password": "user:reset-password",
    "reset-two-factor": "user:reset-2fa",
    "role": "user:role",
    "remove": "user:remove",
    "unlock": "user:unlock",
    "withdraw": "link:withdraw",
}
_PAGES = {"jupyter-secure/account": _ACCOUNT, "jupyter-secure/users": _USERS}


def action_of(path: str, body: bytes) -> tuple[str, str]:
    """Return the action of a form that was sent to one of our pages, and whom or what it is about.

    Both empty for another page, or a form that is none of its own.
    """
    if path == "jupyter-secure/enrol":
        return "account:totp-add", ""
    forms = _PAGES.get(path)
    if forms is None:
        return "", ""
    fields = parse_qs(body.decode("utf-8", "replace"), max_num_fields=100)
    given = {name: values[-1] for name, values in fields.items()}
    action = forms.get(given.get("do", ""), "")
    return action, (given.get("id") or given.get("username") or "")[:200] if action else ""
