"""The server's certificate: what it is, whose it is to renew, and renewing the self-made one."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from jupyter_secure.app.setup import state_folder
from jupyter_secure.app.setup.effective_settings import effective_settings
from jupyter_secure.crypto import x509
from jupyter_secure.errors import CertificateUnusable, Conflict, NotSetUp, StateUnusable
from jupyter_secure.store import places
from jupyter_secure.store.atomic import write_atomically
from jupyter_secure.store.linked_files import replace_together
from jupyter_secure.transport import certificates

# A year and a month. Apple's clients refuse server certificates good for more than 398 days.
CERTIFICATE_DAYS = 397
CERTIFICATE_FILE = "cert.pem"
KEY_FILE = "key.pem"


@dataclass(frozen=True)
class InUse:
    """The certificate that servers of this account start with; ``own``: ``init`` made it."""

    pair: certificates.Certificate
    own: bool
    days_left: int

    @property
    def due(self) -> bool:
        """Whether it is time to renew it."""
        return self.days_left < certificates.RENEW_WITHIN_DAYS

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON values; times in ISO 8601, UTC."""
        facts = self.pair.facts
        return {
            "certificate": str(self.pair.certfile),
            "key": str(self.pair.keyfile),
            "names": list(facts.names),
            "not_before": facts.not_before.isoformat(),
            "not_after": facts.not_after.isoformat(),
            "days_left": self.days_left,
            "due": self.due,
            "fingerprint_sha256": facts.fingerprint_sha256,
            "issuer": facts.issuer,
            "self_signed": facts.self_signed,
            "made_by_init": self.own,
        }


def machine_names() -> tuple[str, ...]:
    """Return the names under which this machine's own browsers, and its neighbours, reach it."""
    return tuple(dict.fromkeys(("localhost", "127.0.0.1", "::1", socket.gethostname().lower())))


def in_use(now: datetime) -> InUse:
    """Return the certificate that a server would start with.

    Raises NotSetUp where there is none, StateUnusable, or CertificateUnusable for one that a server
    would not start with.
    """
    settings = effective_settings()
    certfile = str(settings.get("ServerApp", "certfile", ""))
    keyfile = str(settings.get("ServerApp", "keyfile", ""))
    if not certfile:
        raise NotSetUp(
            "The server's settings name no certificate.",
            why="Behind a proxy or on a UNIX socket it needs none.",
            remedy="For HTTPS of its own run `jupyter secure init`, or set ServerApp.certfile.",
        )
    pair = certificates.load(certfile, keyfile, now=now)
    return InUse(pair, is_own(pair.certfile), pair.days_left(now))


def is_own(certfile: Path) -> bool:
    """Return whether ``init`` made this certificate, so that it is ours to renew."""
    return certfile.absolute() == places.state_dir() / places.TLS_DIRECTORY / CERTIFICATE_FILE


def how_to_renew(certfile: Path) -> str:
    """Return what to do for a new certificate in the place of this one, in a sentence."""
    if is_own(certfile):
        return "Run `jupyter secure certificate renew`."
    if (name := _certbot_name(certfile)) is not None:
        return (
            f"certbot renews it by itself: `certbot renew --cert-name {name} --dry-run` tells "
            "whether that works. A running server takes the new one by itself."
        )
    return f"Renew {certfile} where it came from; a running server takes the new one by itself."


def renew(
    hostnames: tuple[str, ...],
    now: datetime,
    *,
    key: Literal["new", "keep"] = "new",
) -> Path:
    """Replace the certificate that a set-up made by a new one; return its path.

    It is good for the names of the old one, this machine's names and ``hostnames``. Certificate and
    key are exchanged in one step: killed at any point, the pair on the disk fits. A running server
    takes it for its next connection. Raises NotSetUp, Conflict for a certificate that is not ours
    to renew, CertificateUnusable, StateUnusable or StorageFailed.
    """
    state = places.state_dir()
    if not state_folder.is_set_up(state):
        raise NotSetUp("There is no certificate yet.", remedy="Run `jupyter secure init`.")
    folder = state / places.TLS_DIRECTORY
    certfile, keyfile = folder / CERTIFICATE_FILE, folder / KEY_FILE
    if not certfile.exists():
        given = str(effective_settings().get("ServerApp", "certfile", ""))
        raise Conflict(
            "The server uses a certificate that was given to it.",
            remedy=how_to_renew(Path(given))
            if given
            else "Renew it where it came from; a running server takes the new one by itself.",
        )
    try:
        old_names = x509.inspect(certfile.read_bytes()).names
        kept = keyfile.read_bytes() if key == "keep" else None
    except OSError as error:
        raise StateUnusable(
            f"{error.filename} cannot be read.",
            why=f"{error.strerror}.",
            remedy="Correct its permissions, or restore it from a backup.",
        ) from None
    except CertificateUnusable:
        # Damaged: a new one is what was asked for, and the machine's names are known.
        old_names = ()
        kept = keyfile.read_bytes() if key == "keep" else None
    names = list(dict.fromkeys((*old_names, *machine_names(), *hostnames)))
    cert_pem, key_pem = x509.make_self_signed(names, CERTIFICATE_DAYS, now=now, key_pem=kept)
    if kept is not None:
        # One file alone: the key that is there fits this certificate as it did the old one.
        write_atomically(certfile, cert_pem, mode=0o600)
    else:
        replace_together(folder, {KEY_FILE: key_pem, CERTIFICATE_FILE: cert_pem})
    return certfile


def _certbot_name(certfile: Path) -> str | None:
    """Return certbot's name for a certificate in its folder (…/live/NAME/…), else None."""
    parts = certfile.absolute().parts
    if "letsencrypt" in parts and len(parts) > 2 and parts[-3] == "live":
        return parts[-2]
    return None
