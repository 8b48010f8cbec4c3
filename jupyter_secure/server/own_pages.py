"""The routes of the pages that are for everyone who is logged in."""

from __future__ import annotations

from jupyter_secure.server.account_page import ACCOUNT, AccountPageHandler
from jupyter_secure.server.confirm_page import CONFIRM, ConfirmHandler
from jupyter_secure.server.enrol_page import ENROL, EnrolHandler


def own_pages() -> list[tuple[str, object]]:
    """Return the pages of a person's own account."""
    return [
        (rf"/{ACCOUNT}", AccountPageHandler),
        (rf"/{CONFIRM}", ConfirmHandler),
        (rf"/{ENROL}", EnrolHandler),
    ]
