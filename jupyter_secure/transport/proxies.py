"""Who is at the other end, when a proxy may stand between.

``X-Forwarded-For`` and ``X-Forwarded-Proto`` are claims that anyone can write; they count only as
far as they were written by a proxy on the list. ``X-Real-Ip``, ``X-Scheme`` and ``Forwarded``
(RFC 7239) are not read at all: one source of truth leaves nothing to play off against another.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from jupyter_secure.errors import PolicyViolation

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

# In SecureConfig.trusted_proxies: whoever connects over the server's UNIX socket.
UNIX = "unix"
# tornado gives this as the peer's address when the connection is a UNIX socket.
_TORNADO_UNIX_PEER = "0.0.0.0"


@dataclass(frozen=True)
class TrustedProxies:
    """The proxies whose word is taken."""

    networks: tuple[Network, ...] = ()
    unix_socket: bool = False

    def trusts(self, peer: str) -> bool:
        """Return whether ``peer`` (an IP address, or the UNIX socket) is on the list."""
        if _is_unix(peer):
            return self.unix_socket
        address = _address(peer)
        return address is not None and self.lists(address)

    @property
    def any_loopback(self) -> bool:
        """Whether a proxy on this machine is on the list."""
        return any(network.is_loopback for network in self.networks)

    def lists(self, address: Address) -> bool:
        """Return whether ``address`` belongs to a proxy on the list."""
        return any(address in network for network in self.networks)


@dataclass(frozen=True)
class Origin:
    """Where a request comes from: the client's address, and the protocol the client speaks."""

    address: str
    protocol: str

    @property
    def https(self) -> bool:
        """Whether the client's own connection is encrypted."""
        return self.protocol == "https"


def parse_proxies(entries: Iterable[str]) -> TrustedProxies:
    """Read ``SecureConfig.trusted_proxies``: addresses, networks (10.0.0.0/8) and ``unix``.

    Raises PolicyViolation for what is none of these, and for a network that is everybody.
    """
    networks: list[Network] = []
    unix_socket = False
    for entry in entries:
        if entry.strip().lower() == UNIX:
            unix_socket = True
            continue
        try:
            network = ipaddress.ip_network(entry.strip(), strict=False)
        except ValueError:
            raise PolicyViolation(
                f"SecureConfig.trusted_proxies holds {entry!r}.",
                why="That is not an IP address or a network.",
                remedy='Write the proxy\'s address, such as "127.0.0.1" or "10.1.0.0/16".',
            ) from None
        if network.prefixlen == 0:
            raise PolicyViolation(
                f"SecureConfig.trusted_proxies holds {entry!r}.",
                why="That would believe whatever anyone says about who they are.",
                remedy="List the address of your proxy only.",
            )
        networks.append(network)
    return TrustedProxies(tuple(networks), unix_socket)


def resolve(
    peer: str, headers: Mapping[str, str], trusted: TrustedProxies, *, protocol: str
) -> Origin:
    """Return the client behind ``peer``.

    ``peer`` and ``protocol`` ("https" or "http") are those of the connection itself; ``headers``
    are the request's, several of one name joined by commas, as tornado does it. Never raises:
    what cannot be understood ends the search at the last address that is certain.
    """
    if not trusted.trusts(peer):
        return Origin("unix" if _is_unix(peer) else _text(peer), protocol)
    return Origin(
        _client(peer, headers.get("X-Forwarded-For", ""), trusted),
        _protocol(headers.get("X-Forwarded-Proto", ""), protocol),
    )


def _client(peer: str, forwarded_for: str, trusted: TrustedProxies) -> str:
    # Each proxy appends the address it saw, so the list is read from the right, and only as far
    # as each next writer is trusted: everything left of that is the client's own invention.
    client = "unix" if _is_unix(peer) else _text(peer)
    for entry in reversed([part.strip() for part in forwarded_for.split(",") if part.strip()]):
        address = _address(entry)
        if address is None:
            return client
        client = str(address)
        if not trusted.lists(address):
            return client
    return client


def _protocol(forwarded_proto: str, own: str) -> str:
    claims = [part.strip().lower() for part in forwarded_proto.split(",") if part.strip()]
    if not claims:
        return own
    # Several proxies in a row: encrypted only if every part of the way is. JupyterHub's proxy says
    # "wss" for a websocket over TLS.
    return "https" if all(claim in ("https", "wss") for claim in claims) else "http"


def _is_unix(peer: str) -> bool:
    return peer in ("", UNIX, _TORNADO_UNIX_PEER)


def _text(peer: str) -> str:
    address = _address(peer)
    return peer if address is None else str(address)


@lru_cache(maxsize=256)  # asked for at every request, and few are behind most of them
def _address(text: str) -> Address | None:
    """Parse an address as proxies write it, also ``[::1]:443``, ``1.2.3.4:443``, ``fe80::1%e0``."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    # ::ffff:10.0.0.1 is 10.0.0.1 seen through a socket for both families.
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address
