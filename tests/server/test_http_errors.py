"""The table from our errors to HTTP."""

from __future__ import annotations

import pytest
from tornado.web import HTTPError

from jupyter_secure import errors
from jupyter_secure.server.http_errors import as_http, status_of, to_http


@pytest.mark.parametrize(
    ("error", "status", "reason"),
    [
        (errors.WrongCredentials(), 401, "wrong-credentials"),
        (errors.WrongCode(), 403, "wrong-code"),
        (errors.TooManyTries(30), 429, "too-many-tries"),
        (errors.Locked("x"), 423, "locked"),
        (errors.ElevationRequired("x"), 423, "elevation-required"),
        (errors.VaultSealed(), 423, "sealed"),
        (errors.InvalidInput("x"), 400, "invalid-input"),
        (errors.WeakPassword("x"), 400, "weak-password"),
        (errors.NotFound("x"), 404, "not-found"),
        (errors.Conflict("x"), 409, "conflict"),
        (errors.Refused("x"), 403, "not-allowed"),
        (errors.CorruptFile("x"), 422, "corrupt"),
        (errors.WrongKey("x"), 422, "wrong-key"),
        (errors.UnsupportedFormat("x"), 422, "unsupported-format"),
        (errors.StorageFailed("x"), 507, "storage"),
        (errors.StateUnusable("x"), 500, "state"),
    ],
)
def test_each_error_has_its_status(error: errors.SecureError, status: int, reason: str) -> None:
    """An error becomes the status that stands for it, with its words and its reason."""
    answer = to_http(error)
    assert (answer.status_code, answer.reason) == (status, reason)
    assert answer.log_message == str(error)


def test_no_error_is_forgotten() -> None:
    """Every error that a request can meet has an entry; what only a start can meet has none."""

    def leaves(kind: type[errors.SecureError]) -> set[type[errors.SecureError]]:
        return {kind}.union(*(leaves(below) for below in kind.__subclasses__()))

    def example(kind: type[errors.SecureError]) -> errors.SecureError:
        return kind.__new__(kind)

    without = {kind for kind in leaves(errors.SecureError) if status_of(example(kind)) == 500}
    assert without <= {
        errors.SecureError,
        errors.PolicyViolation,
        errors.StateUnusable,
        errors.NotSetUp,
        errors.CertificateUnusable,
    } | {kind for kind in without if kind.__module__ != "jupyter_secure.errors"}


def test_a_name_with_a_percent_sign_is_said_as_it_is() -> None:
    """Tornado's own formatting of messages does not meet a file's name."""
    answer = to_http(errors.NotFound("“100%s.ipynb” does not exist."))
    assert answer.log_message == "“100%s.ipynb” does not exist."
    assert "100%s.ipynb" in str(answer)


def test_too_many_tries_says_when() -> None:
    """The wait stands in the header that programs read."""
    assert to_http(errors.TooManyTries(31)).headers == {"Retry-After": "31"}


def test_missing_permission_is_forbidden() -> None:
    """What the system forbids is 403, what it cannot is 507."""
    denied = errors.StorageFailed("x")
    denied.__cause__ = PermissionError()
    assert status_of(denied) == 403


def test_other_errors_pass() -> None:
    """Only our errors are turned; a bug stays a bug."""
    with pytest.raises(HTTPError), as_http():
        raise errors.NotFound("x")
    with pytest.raises(ZeroDivisionError), as_http():
        raise ZeroDivisionError
