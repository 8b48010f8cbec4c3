"""What every error has in common, and those that belong to no part in particular."""

from __future__ import annotations

import unicodedata

# Control characters, halves of characters (names that are no UTF-8 have them), other ends of lines.
_NEVER_SHOWN = frozenset({"Cc", "Cs", "Zl", "Zp"})
# What turns the direction of writing, so that a name ends as it does not: Unicode, UAX #9.
_TURNING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


class SecureError(Exception):
    """Base of every error that jupyter-secure raises on purpose.

    ``what`` says what happened and names the thing; ``why`` the cause where it is known; ``remedy``
    what the reader can do. ``reason`` is a short stable word for programs. Whatever stands in the
    names of things, all three are text of one line (``shown``).
    """

    reason = "error"

    def __init__(self, what: str, *, why: str = "", remedy: str = "") -> None:
        self.what, self.why, self.remedy = shown(what), shown(why), shown(remedy)
        parts = (self.what, self.why, self.remedy)
        super().__init__(" ".join(part for part in parts if part))


def shown(text: str) -> str:
    r"""Return ``text`` in one line, with what a terminal would obey as an escape (``\x1b``).

    For names of files: whoever may make a file may choose its name, and that must neither clear
    the screen of whoever lists it nor look like a line of ours.
    """
    if text.isprintable():
        return text
    return "".join(
        one.encode("unicode_escape").decode()
        if unicodedata.category(one) in _NEVER_SHOWN or one in _TURNING
        else one
        for one in text
    )


class InvalidInput(SecureError):
    """What the caller gave cannot be used; nothing was changed."""

    reason = "invalid-input"


class NotFound(SecureError):
    """The thing that was named does not exist."""

    reason = "not-found"


class Conflict(SecureError):
    """The thing exists already, or someone else holds it."""

    reason = "conflict"


class Refused(SecureError):
    """The caller is known and may not do this."""

    reason = "not-allowed"


class TooMuch(SecureError):
    """What was asked for is too large, or would take too long."""

    reason = "too-much"


# ── configuration and state ─────────────────────────────────────────────────────────────────────


class PolicyViolation(SecureError):
    """The server's settings would break the security policy; it does not start."""

    reason = "policy"


class StateUnusable(SecureError):
    """The state directory, or a file in it, cannot be read, written or understood."""

    reason = "state"


class NotSetUp(StateUnusable):
    """There is no state: nobody has run ``jupyter secure init``."""

    reason = "not-set-up"


class NotInstalled(SecureError):
    """What was asked for needs a package that is not installed."""

    reason = "not-installed"


class CertificateUnusable(SecureError):
    """A certificate or its key is missing, unreadable, expired or does not match."""

    reason = "certificate"
