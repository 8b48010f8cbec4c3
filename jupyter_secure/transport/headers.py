"""Response headers that every answer carries."""

from __future__ import annotations

# One year in seconds: what hstspreload.org asks for, and long enough to outlive a holiday.
HSTS_MAX_AGE = 31_536_000


def response_headers(*, https: bool) -> dict[str, str]:
    """Return the headers to set on a response; ``https`` is how the client is connected.

    Strict-Transport-Security is left out over plain HTTP, as RFC 6797 section 7.2 demands. It does
    not name subdomains: other services on the same domain are not ours to decide about.
    """
    headers = {
        # Notebook names stand in our addresses and are nobody else's business.
        "Referrer-Policy": "no-referrer",
        # A file is what we say it is; a browser that guesses HTML would run it.
        "X-Content-Type-Options": "nosniff",
    }
    if https:
        headers["Strict-Transport-Security"] = f"max-age={HSTS_MAX_AGE}"
    return headers
