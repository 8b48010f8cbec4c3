"""Where to send whoever came by plain HTTP: to the same page over HTTPS, at a name of ours.

A request's ``Host`` is the client's to write. It is followed only where it is a name that the
server has itself; otherwise a page elsewhere could make this server send its readers anywhere.
"""

from __future__ import annotations

import ipaddress
import re
import string
from collections.abc import Iterable
from urllib.parse import quote

# What may stand in a request's target as it is (RFC 9112 section 3.2); the rest is escaped.
_PRINTABLE = "".join(set(string.printable) - set(string.whitespace) - set('"<>\\^`{|}'))
_PORT = re.compile(r":\d*$")
HTTPS_PORT = 443


def location(target: str, host: str, names: Iterable[str], port: int) -> str:
    """Return the address to go to instead.

    ``target`` is a request's own (RFC 9112), ``host`` its ``Host`` header, ``names`` what this
    server is called (host names, addresses, ``*.example.org``), ``port`` where it speaks HTTPS.
    Text of Latin-1, as HTTP libraries read it. Never raises.
    """
    own = list(names)
    wanted = _without_port(host)
    name = wanted if any(_is(wanted, one) for one in own) else _public(own)
    # Only a path is taken over: an absolute target names a host again.
    path = quote(target.encode("latin-1", "replace"), safe=_PRINTABLE) if target[:1] == "/" else "/"
    where = f"[{name}]" if ":" in name else name
    return f"https://{where}{'' if port == HTTPS_PORT else f':{port}'}{path}"


def _without_port(host: str) -> str:
    host = host.strip().lower()
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return _PORT.sub("", host).removesuffix(".")


def _is(wanted: str, name: str) -> bool:
    name = name.lower()
    if name.startswith("*."):
        # As in certificates: the star stands for one label (RFC 6125 section 6.4.3).
        label, dot, rest = wanted.partition(".")
        return bool(dot) and rest == name[2:] and bool(re.fullmatch(r"[a-z0-9_-]+", label))
    try:
        return ipaddress.ip_address(wanted) == ipaddress.ip_address(name)
    except ValueError:
        return wanted == name


def _public(names: list[str]) -> str:
    """Return the name that others most likely reach this server by."""
    plain = [name for name in names if not name.startswith("*.")]

    def rank(name: str) -> int:
        try:
            return 2 if ipaddress.ip_address(name).is_loopback else 1
        except ValueError:
            return 2 if name.lower() == "localhost" else 0

    return min(plain, key=rank, default="localhost")
