"""The one table that turns our errors into HTTP statuses."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tornado.web import HTTPError

from jupyter_secure import errors

# The first entry whose class matches decides, so subclasses stand before their parents.
_STATUS: tuple[tuple[type[errors.SecureError], int], ...] = (
    (errors.TooManyTries, 429),
    (errors.WrongCredentials, 401),
    (errors.WrongCode, 403),
    (errors.WrongPassword, 403),
    (errors.WrongPasskey, 403),
    (errors.WrongPassphrase, 403),
    (errors.Locked, 423),
    (errors.VaultSealed, 423),
    (errors.InvalidInput, 400),
    (errors.NotFound, 404),
    (errors.Conflict, 409),
    (errors.Refused, 403),
    (errors.TooMuch, 422),
    (errors.CorruptFile, 422),
    (errors.WrongKey, 422),
    (errors.UnsupportedFormat, 422),
    (errors.NotInstalled, 501),
    (errors.RecordUnwritable, 503),
    (errors.StorageFailed, 507),
)


class SecureHTTPError(HTTPError):
    """A tornado error that carries our explanation, a reason for programs, and headers."""

    def __init__(self, status: int, message: str, reason: str) -> None:
        super().__init__(status, message, reason=reason)
        self.headers: dict[str, str] = {}

    @property
    def log_message(self) -> str | None:
        """The explanation as it is: tornado would double every "%" in a file's name."""
        return self.get_message()


def status_of(error: errors.SecureError) -> int:
    """Return the HTTP status that stands for ``error``; 500 for one that has no entry."""
    if isinstance(error, errors.StorageFailed) and isinstance(error.__cause__, PermissionError):
        return 403
    return next((status for kind, status in _STATUS if isinstance(error, kind)), 500)


def to_http(error: errors.SecureError) -> SecureHTTPError:
    """Return ``error`` as an error that tornado's and Jupyter's handlers answer with."""
    answer = SecureHTTPError(status_of(error), str(error), error.reason)
    if isinstance(error, errors.TooManyTries):
        answer.headers["Retry-After"] = str(error.retry_after)
    return answer


@contextmanager
def as_http() -> Iterator[None]:
    """Raise our errors from the block as HTTP errors."""
    try:
        yield
    except errors.SecureError as error:
        raise to_http(error) from error
