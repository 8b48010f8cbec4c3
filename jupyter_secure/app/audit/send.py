"""Sending a checkpoint off this machine: to a file, a syslog server, or a web address."""

from __future__ import annotations

import os
import re
import ssl
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

from jupyter_secure.app.audit import syslog
from jupyter_secure.audit.checkpoints import Checkpoint
from jupyter_secure.errors import InvalidInput, StorageFailed

_WAIT_SECONDS = 10.0
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_SCHEME = re.compile(r"[a-z][a-z+]*://")


def check_place(place: str) -> None:
    """Raise ``InvalidInput`` unless checkpoints can be sent there: see ``send``."""
    if not _SCHEME.match(place):
        if not Path(place).is_absolute():
            raise InvalidInput(
                f"{place!r} is no place for checkpoints.",
                remedy="Give a file's whole path, syslog://HOST[:PORT], syslog+tcp://HOST[:PORT] "
                "or https://….",
            )
        return
    parts = urlsplit(place)
    if parts.scheme == "http" and parts.hostname not in _LOOPBACK:
        raise InvalidInput(
            f"{place!r} is not safe.",
            why="Whoever stands between could drop what is sent and answer that it came.",
            remedy="Use https://.",
        )
    if parts.scheme not in ("syslog", "syslog+tcp", "http", "https") or not parts.hostname:
        raise InvalidInput(f"{place!r} is no place for checkpoints.")


def send(place: str, checkpoint: Checkpoint) -> None:
    """Send a checkpoint, waiting at most ten seconds.

    ``place``: an absolute path (a line is added), ``syslog://HOST[:PORT]`` (UDP),
    ``syslog+tcp://``, or ``https://`` (POST, JSON). Raises ``InvalidInput`` for another one and
    ``StorageFailed`` where it did not arrive, as far as can be known: UDP does not tell.
    """
    check_place(place)
    try:
        if not _SCHEME.match(place):
            _to_file(Path(place), checkpoint)
        elif place.startswith("syslog"):
            _to_syslog(place, checkpoint)
        else:
            _to_web(place, checkpoint)
    except (OSError, ssl.SSLError) as error:
        raise StorageFailed(
            f"A checkpoint could not be sent to {shown_place(place)}.",
            why=f"{getattr(error, 'reason', None) or error.strerror or type(error).__name__}.",
            remedy="It is kept in checkpoints.jsonl; later ones vouch for the same events.",
        ) from None


def _to_file(path: Path, checkpoint: Checkpoint) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(descriptor, f"{checkpoint.to_line()}\n".encode())
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _to_syslog(place: str, checkpoint: Checkpoint) -> None:
    with syslog.Receiver(place) as receiver:
        receiver.send("checkpoint", checkpoint.time, checkpoint.to_line())


def _to_web(place: str, checkpoint: Checkpoint) -> None:
    request = urllib.request.Request(  # noqa: S310  # https, or this machine: asked above
        place,
        data=checkpoint.to_line().encode(),
        headers={"Content-Type": "application/json", "User-Agent": "jupyter-secure"},
        method="POST",
    )
    # No redirects: they could lead to a place that nobody configured.
    opener = urllib.request.build_opener(_NoRedirects)
    try:
        opener.open(request, timeout=_WAIT_SECONDS).close()
    except urllib.error.HTTPError as error:
        error.close()
        raise


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object, **__: object) -> None:
        """Follow none."""


def shown_place(place: str) -> str:
    """Return the place without a password or token that stands in it."""
    parts = urlsplit(place) if _SCHEME.match(place) else None
    return f"{parts.scheme}://{parts.hostname}" if parts else place
