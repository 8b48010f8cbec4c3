"""The Range header."""

from __future__ import annotations

import pytest

from jupyter_secure.server.byte_range import requested_range
from jupyter_secure.server.http_errors import SecureHTTPError


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("", (0, 100)),
        ("bytes=0-", (0, 100)),
        ("bytes=0-0", (0, 1)),
        ("bytes=10-19", (10, 20)),
        ("bytes=99-", (99, 100)),
        ("bytes=10-1000", (10, 100)),
        ("bytes=-1", (99, 100)),
        ("bytes=-1000", (0, 100)),
    ],
)
def test_a_range_is_cut_to_the_file(header: str, expected: tuple[int, int]) -> None:
    """The first byte and the one after the last, as RFC 9110 has them."""
    assert requested_range(header, 100) == expected


@pytest.mark.parametrize(
    "header",
    [
        "bytes=100-",
        "bytes=5-4",
        "bytes=-0",
        "bytes=-",
        "bytes=0-1,5-6",
        "lines=0-1",
        "bytes=a-b",
        "bytes=٣-٤",
        "bytes=" + "9" * 5000 + "-",
        "bytes=--5",
    ],
)
def test_what_is_no_range_in_the_file_is_416(header: str) -> None:
    """No half answer, whatever was meant."""
    with pytest.raises(SecureHTTPError) as error:
        requested_range(header, 100)
    assert error.value.status_code == 416
