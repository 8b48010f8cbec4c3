"""Everything that can go wrong, as one tree of errors.

Each error explains itself in up to three sentences: what happened, why, and what to do about it.
``str(error)`` is the whole explanation and is safe to show to any user: it never holds a secret
and never holds content. No error knows HTTP; ``server/http_errors.py`` maps them to statuses.
"""

from __future__ import annotations

from jupyter_secure.errors.base import (
    CertificateUnusable,
    Conflict,
    InvalidInput,
    NotFound,
    NotInstalled,
    NotSetUp,
    PolicyViolation,
    Refused,
    SecureError,
    StateUnusable,
    TooMuch,
    shown,
)
from jupyter_secure.errors.content import (
    CorruptFile,
    ElevationRequired,
    Locked,
    NotAsLeft,
    PassphraseRequired,
    PasswordNeeded,
    RecordUnwritable,
    RolledBack,
    StorageFailed,
    Swapped,
    Unchecked,
    Unsealed,
    UnsupportedFormat,
    VaultSealed,
    WrongKey,
    WrongPassphrase,
)
from jupyter_secure.errors.identity import (
    LinkUnusable,
    TooManyTries,
    WeakPassword,
    WrongCode,
    WrongCredentials,
    WrongPasskey,
    WrongPassword,
)

__all__ = [
    "CertificateUnusable",
    "Conflict",
    "CorruptFile",
    "ElevationRequired",
    "InvalidInput",
    "LinkUnusable",
    "Locked",
    "NotAsLeft",
    "NotFound",
    "NotInstalled",
    "NotSetUp",
    "PassphraseRequired",
    "PasswordNeeded",
    "PolicyViolation",
    "RecordUnwritable",
    "Refused",
    "RolledBack",
    "SecureError",
    "StateUnusable",
    "StorageFailed",
    "Swapped",
    "TooManyTries",
    "TooMuch",
    "Unchecked",
    "Unsealed",
    "UnsupportedFormat",
    "VaultSealed",
    "WeakPassword",
    "WrongCode",
    "WrongCredentials",
    "WrongKey",
    "WrongPasskey",
    "WrongPassphrase",
    "WrongPassword",
    "shown",
]
