"""Everything that can go wrong, as one tree of errors.

Each error explains itself in up to three sentences: what happened, why, and what to do about it.
``str(error)`` is the whole explanation and is safe to show to any user: it never holds a secret
and never holds content. No error knows HTTP; ``server/http_errors.py`` maps them to statuses.
"""

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


class CertificateUnusable(SecureError):
    """A certificate or its key is missing, unreadable, expired or does not match."""

    reason = "certificate"


# ── identity ────────────────────────────────────────────────────────────────────────────────────


class WrongCredentials(SecureError):
    """A user name, password or code was wrong.

    Deliberately one error with one text: which of them it was is never said.
    """

    reason = "wrong-credentials"

    def __init__(self) -> None:
        super().__init__("That user name, password or code is not right.")


class WrongCode(SecureError):
    """A second-factor code from someone already logged in was wrong, old or used before."""

    reason = "wrong-code"

    def __init__(self) -> None:
        super().__init__(
            "That code is not right.",
            why="It was mistyped, is too old, or was used before.",
            remedy="Wait for the next code and enter that one.",
        )


class TooManyTries(SecureError):
    """Too many wrong tries; wait ``retry_after`` seconds."""

    reason = "too-many-tries"

    def __init__(self, retry_after: int) -> None:
        self.retry_after = retry_after
        super().__init__(
            "Too many wrong tries.",
            remedy=f"Wait {retry_after} seconds and try again.",
        )


class WeakPassword(InvalidInput):
    """A password that would be guessed."""

    reason = "weak-password"


# ── content ─────────────────────────────────────────────────────────────────────────────────────


class Locked(SecureError):
    """A lock withholds the content or forbids the change."""

    reason = "locked"


class ElevationRequired(Locked):
    """The content is private; its owner must confirm a second factor first."""

    reason = "elevation-required"


class PassphraseRequired(Locked):
    """The content is under a passphrase that was not given, or not in this session."""

    reason = "passphrase-required"

    def __init__(self, name: str) -> None:
        super().__init__(
            f"{name} is locked with a passphrase.",
            why="Without it nothing opens the file, the unsealed vault included.",
            remedy="Enter its passphrase.",
        )


class WrongPassphrase(SecureError):
    """A passphrase that does not open this file."""

    reason = "wrong-passphrase"

    def __init__(self, name: str) -> None:
        super().__init__(
            f"That passphrase does not open {name}.",
            why="It was mistyped, or belongs to another file.",
            remedy="Try again.",
        )


class VaultSealed(SecureError):
    """The keys are not in memory: nobody is logged in."""

    reason = "sealed"

    def __init__(self) -> None:
        super().__init__(
            "The vault is sealed.",
            why="Nobody is logged in, so the keys are not in memory.",
            remedy="Log in and try again.",
        )


class WrongKey(SecureError):
    """A password, recovery key or vault that does not open this."""

    reason = "wrong-key"


class CorruptFile(SecureError):
    """A sealed file that is damaged, cut short or altered."""

    reason = "corrupt"


class NotAsLeft(Conflict):
    """A file that is whole, and not what was last saved at its place; see ``vault.catalogue``."""

    reason = "not-as-left"


class RolledBack(NotAsLeft):
    """Another version than the last one."""

    reason = "rolled-back"


class Swapped(NotAsLeft):
    """Another file than the one that was left there."""

    reason = "swapped"


class Unsealed(NotAsLeft):
    """A plain file where a sealed one was."""

    reason = "unsealed"


class Unchecked(NotAsLeft):
    """What was left there is not known: the catalogue was changed from outside."""

    reason = "unchecked"


class UnsupportedFormat(SecureError):
    """A file that a newer version of jupyter-secure wrote."""

    reason = "unsupported-format"


class StorageFailed(SecureError):
    """The operating system would not write or read; nothing was half-written."""

    reason = "storage"
