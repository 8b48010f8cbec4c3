from __future__ import annotations

from jupyter_secure.transport.headers import response_headers


def test_over_https() -> None:
    """Over HTTPS, browsers are told to stay there for a year, to guess and to tell nothing."""
    assert response_headers(https=True) == {
        "Strict-Transport-Security": "max-age=31536000",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }


def test_over_http() -> None:
    """Over plain HTTP the one header that would be ignored there is left out."""
    assert "Strict-Transport-Security" not in response_headers(https=False)
