"""Errors of locks, keys, sealed files and the record."""

from __future__ import annotations

from jupyter_secure.errors.base import Conflict, SecureError


class Locked(SecureError):
    """A lock withholds the content or forbids the change."""

    reason = "locked"


class ElevationRequired(Locked):
    """The content is private; its owner must confirm a second factor first."""

    reason = "elevation-required"


class PassphraseRequired(Locked):
    """The content is under a passphrase that was not given, or not in this session."""

    reason = "passphrase-required"

    def __init__(self, name: str) -> None:
        super().__init__(
            f"{name} is locked with a passphrase.",
            why="Without it nothing opens the file, the unsealed vault included.",
            remedy="Enter its passphrase.",
        )


class WrongPassphrase(SecureError):
    """A passphrase that does not open this file."""

    reason = "wrong-passphrase"

    def __init__(self, name: str) -> None:
        super().__init__(
            f"That passphrase does not open {name}.",
            why="It was mistyped, or belongs to another file.",
            remedy="Try again.",
        )


class VaultSealed(SecureError):
    """The keys are not in memory: nobody is logged in."""

    reason = "sealed"

    def __init__(self) -> None:
        super().__init__(
            "The vault is sealed.",
            why="Nobody is logged in, so the keys are not in memory.",
            remedy="Log in and try again. For scripts that come while nobody is logged in, "
            "see SecureConfig.key_file.",
        )


class PasswordNeeded(VaultSealed):
    """A passkey alone does not open the sealed vault."""

    reason = "password-needed"

    def __init__(self) -> None:
        SecureError.__init__(
            self,
            "The vault is sealed, and this passkey does not open it.",
            why="Nobody has logged in since the server started, or everyone has logged out.",
            remedy="Log in with your password; the passkey can take the place of the code.",
        )


class WrongKey(SecureError):
    """A password, recovery key or vault that does not open this."""

    reason = "wrong-key"


class CorruptFile(SecureError):
    """A sealed file that is damaged, cut short or altered."""

    reason = "corrupt"


class NotAsLeft(Conflict):
    """A file that is whole, and not what was last saved at its place; see ``vault.catalogue``."""

    reason = "not-as-left"


class RolledBack(NotAsLeft):
    """Another version than the last one."""

    reason = "rolled-back"


class Swapped(NotAsLeft):
    """Another file than the one that was left there."""

    reason = "swapped"


class Unsealed(NotAsLeft):
    """A plain file where a sealed one was."""

    reason = "unsealed"


class Unchecked(NotAsLeft):
    """What was left there is not known: the catalogue was changed from outside."""

    reason = "unchecked"


class UnsupportedFormat(SecureError):
    """A file that a newer version of jupyter-secure wrote."""

    reason = "unsupported-format"


class StorageFailed(SecureError):
    """The operating system would not write or read; nothing was half-written."""

    reason = "storage"


class RecordUnwritable(SecureError):
    """The record of events could not be written, so what was asked for was not done."""

    reason = "record-unwritable"

    def __init__(self, why: str) -> None:
        super().__init__(
            "What happens here cannot be recorded just now, so it is refused.",
            why=why,
            remedy="Tell whoever runs this server: make room on the disk, or correct the "
            "permissions of the folder `audit` in the state directory.",
        )
