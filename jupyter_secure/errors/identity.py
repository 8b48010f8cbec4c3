"""Errors of logging in, of second factors and of one-time links."""

from __future__ import annotations

from jupyter_secure.errors.base import InvalidInput, NotFound, SecureError


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

    def __init__(self, clock_off_seconds: int | None = None) -> None:
        """``clock_off_seconds``: how far ahead the authenticator is, where that is known."""
        self.clock_off_seconds = clock_off_seconds
        if clock_off_seconds is None:
            why = "It was mistyped, is too old, or was used before."
            remedy = "Wait for the next code and enter that one."
        else:
            minutes = max(1, round(abs(clock_off_seconds) / 60))
            why = (
                f"Your clock is off by about {minutes} minute{'s' if minutes > 1 else ''}: "
                f"the code is one of {'later' if clock_off_seconds > 0 else 'earlier'} than now."
            )
            remedy = (
                "Let the device with your authenticator, or this server, set its clock by the "
                "network, and enter the next code."
            )
        super().__init__("That code is not right.", why=why, remedy=remedy)


class WrongPassword(SecureError):
    """Someone who is logged in gave another password than the account's present one."""

    reason = "wrong-password"

    def __init__(self) -> None:
        super().__init__(
            "The present password is not right.",
            why="It was mistyped, or was changed meanwhile.",
            remedy="Try again.",
        )


class WrongPasskey(SecureError):
    """An answer of a passkey that is not right, not for this question, or not of this account.

    Deliberately one text: which check failed is of use only to who should not pass.
    """

    reason = "wrong-passkey"

    def __init__(self) -> None:
        super().__init__(
            "That passkey was not accepted.",
            why="It is not registered here, its answer came too late, or it was used before.",
            remedy="Try again, or use a code.",
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


class LinkUnusable(NotFound):
    """A one-time link that lets nobody in, for whatever reason: one error with one text."""

    reason = "link"

    def __init__(self) -> None:
        super().__init__(
            "This link does not work.",
            why="It was used, has expired, was taken back, or is not complete.",
            remedy="Ask whoever gave it to you for a new one.",
        )


class WeakPassword(InvalidInput):
    """A password that would be guessed."""

    reason = "weak-password"
