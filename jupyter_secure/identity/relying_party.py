"""The place that a passkey belongs to: a host name and an origin, as the browser sees them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from jupyter_secure.errors import InvalidInput

_MAX_HOST = 253
# A name as it is sent (international ones are ASCII there), of which the last part does not begin
# with a digit: so does every address, in whatever of their notations (URL Standard, section 3.5).
_HOST = re.compile(
    r"(?P<name>(?:[a-z0-9_-]{1,63}\.)*(?![0-9])[a-z0-9_-]{1,63})(?::(?P<port>[0-9]{1,5}))?",
    re.ASCII,
)


@dataclass(frozen=True)
class RelyingParty:
    """The "relying party" of W3C Web Authentication: passkeys made for one work at no other."""

    rp_id: str
    origin: str


def place_of(protocol: str, host: str) -> RelyingParty:
    """Return the place that a request to ``host`` (the header, with its port) came for.

    Raises ``InvalidInput`` where there can be no passkeys: an address is no name to bind them to.
    """
    found = _HOST.fullmatch(host.strip().lower())
    if found is None or len(found["name"]) > _MAX_HOST:
        raise _no_passkeys()
    name, port = found["name"], int(found["port"] or 0)
    usual = {"https": 443, "http": 80}.get(protocol)
    return RelyingParty(
        name, f"{protocol}://{name}" if port in (0, usual) else f"{protocol}://{name}:{port}"
    )


def _no_passkeys() -> InvalidInput:
    return InvalidInput(
        "Passkeys do not work at this address.",
        why="Browsers bind a passkey to a host name, and this is none.",
        remedy="Open the server by a host name, such as https://localhost:8888, or use a code.",
    )
