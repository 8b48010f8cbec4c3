"""The catalogue of what is recorded: each action with its class and activity in OCSF 1.6.

``subject:verb`` is our name; OCSF (https://schema.ocsf.io) has a class for it and a number for what
was done. Where OCSF has no number, it is 99, "Other", and our name says what it was.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class Ocsf(IntEnum):
    """The classes of OCSF 1.6 in use; their category is the thousands."""

    FILE = 1001
    PROCESS = 1007
    FINDING = 2004
    ACCOUNT = 3001
    AUTHENTICATION = 3002
    ENTITY = 3004
    USER_ACCESS = 3005
    APPLICATION = 6002
    API = 6003


CLASS_NAMES = {
    Ocsf.FILE: "File System Activity",
    Ocsf.PROCESS: "Process Activity",
    Ocsf.FINDING: "Detection Finding",
    Ocsf.ACCOUNT: "Account Change",
    Ocsf.AUTHENTICATION: "Authentication",
    Ocsf.ENTITY: "Entity Management",
    Ocsf.USER_ACCESS: "User Access Management",
    Ocsf.APPLICATION: "Application Lifecycle",
    Ocsf.API: "API Activity",
}

OTHER = 99


@dataclass(frozen=True, slots=True)
class Action:
    """One kind of event. ``changes``: it changes something, so it is refused if unrecorded."""

    name: str
    said: str
    ocsf: Ocsf
    activity: int
    changes: bool = True

    @property
    def type_uid(self) -> int:
        """OCSF's number for class and activity together."""
        return self.ocsf * 100 + self.activity


def _reads(name: str, said: str, ocsf: Ocsf, activity: int) -> Action:
    return Action(name, said, ocsf, activity, changes=False)


_ALL = (
    # content
    _reads("file:open", "opened", Ocsf.FILE, 14),
    _reads("file:download", "downloaded", Ocsf.FILE, 2),
    _reads("file:export", "converted or exported", Ocsf.FILE, 2),
    _reads("file:compare", "compared two versions", Ocsf.FILE, 2),
    Action("file:save", "saved", Ocsf.FILE, 3),
    Action("file:create", "created", Ocsf.FILE, 1),
    Action("file:copy", "copied", Ocsf.FILE, 1),
    Action("file:rename", "renamed or moved", Ocsf.FILE, 5),
    Action("file:delete", "deleted", Ocsf.FILE, 4),
    Action("file:trust", "marked as trusted", Ocsf.FILE, 6),
    Action("checkpoint:create", "made a checkpoint", Ocsf.FILE, 1),
    Action("checkpoint:restore", "restored a checkpoint", Ocsf.FILE, 3),
    Action("checkpoint:delete", "deleted a checkpoint", Ocsf.FILE, 4),
    _reads("version:list", "listed versions", Ocsf.FILE, 8),
    _reads("version:open", "opened an old version", Ocsf.FILE, 14),
    Action("version:restore", "restored an old version", Ocsf.FILE, 3),
    Action("version:undelete", "brought back a deleted file", Ocsf.FILE, 1),
    # protection
    Action("file:lock", "locked", Ocsf.FILE, 7),
    Action("file:unlock", "took a lock off", Ocsf.FILE, 7),
    Action("file:open-lock", "opened a lock with its passphrase", Ocsf.FILE, 11),
    Action("file:seal", "encrypted", Ocsf.FILE, 10),
    Action("file:unseal", "decrypted for good", Ocsf.FILE, 11),
    Action("file:accept", "took a changed file as it is", Ocsf.FILE, 7),
    Action("file:restore", "put a checkpoint in a changed file's place", Ocsf.FILE, 3),
    Action("folder:seal", "marked a folder as sealed", Ocsf.FILE, 7),
    Action("folder:unseal", "took the mark off a folder", Ocsf.FILE, 7),
    Action("finding:found", "found a file not as it was left", Ocsf.FINDING, 1),
    Action("vault:unseal", "opened the vault", Ocsf.ENTITY, 10),
    Action("vault:seal", "closed the vault", Ocsf.ENTITY, 11),
    Action("vault:rotate", "began new keys", Ocsf.ENTITY, 3),
    Action("vault:slot-add", "added what opens the vault", Ocsf.ENTITY, 3),
    Action("vault:slot-remove", "removed what opens the vault", Ocsf.ENTITY, 3),
    Action("vault:backup", "copied the state into a backup", Ocsf.ENTITY, 2),
    Action("vault:recover", "set up again from the recovery key", Ocsf.ENTITY, OTHER),
    Action("migration:begin", "began to encrypt or decrypt a folder", Ocsf.FILE, 10),
    Action("migration:stop", "asked to stop encrypting or decrypting", Ocsf.FILE, OTHER),
    Action("migration:end", "stopped encrypting or decrypting", Ocsf.FILE, OTHER),
    # identity
    Action("login:password", "gave a password", Ocsf.AUTHENTICATION, 6),
    Action("login:code", "gave a code", Ocsf.AUTHENTICATION, 6),
    Action("login:recovery-code", "gave a recovery code", Ocsf.AUTHENTICATION, 6),
    Action("login:passkey", "gave a passkey", Ocsf.AUTHENTICATION, 6),
    Action("login:limit", "was told to wait", Ocsf.AUTHENTICATION, OTHER),
    Action("session:begin", "logged in", Ocsf.AUTHENTICATION, 1),
    Action("session:end", "logged out, or was logged out", Ocsf.AUTHENTICATION, 2),
    Action("session:expire", "ran out of time", Ocsf.AUTHENTICATION, 2),
    Action("session:elevate", "confirmed a second factor", Ocsf.AUTHENTICATION, 6),
    Action("account:password", "changed a password", Ocsf.ACCOUNT, 3),
    Action("account:totp-add", "took up an authenticator", Ocsf.ACCOUNT, 10),
    Action("account:totp-remove", "removed an authenticator", Ocsf.ACCOUNT, 11),
    Action("account:recovery-codes", "made new recovery codes", Ocsf.ACCOUNT, OTHER),
    Action("account:passkey-add", "added a passkey", Ocsf.ACCOUNT, 10),
    Action("account:passkey-rename", "renamed a passkey", Ocsf.ACCOUNT, OTHER),
    Action("account:passkey-remove", "removed a passkey", Ocsf.ACCOUNT, 11),
    Action("account:device-trust", "trusted a device", Ocsf.ACCOUNT, OTHER),
    Action("account:device-forget", "forgot a device", Ocsf.ACCOUNT, OTHER),
    Action("token:create", "made an access token", Ocsf.USER_ACCESS, 1),
    Action("token:use", "used an access token for the first time", Ocsf.AUTHENTICATION, 1),
    Action("token:revoke", "revoked an access token", Ocsf.USER_ACCESS, 2),
    Action("user:invite", "invited a user", Ocsf.ACCOUNT, OTHER),
    Action("link:use", "used a one-time link", Ocsf.ACCOUNT, OTHER),
    Action("link:withdraw", "took back one-time links", Ocsf.ACCOUNT, OTHER),
    Action("user:add", "added a user", Ocsf.ACCOUNT, 1),
    Action("user:role", "changed a role", Ocsf.USER_ACCESS, 1),
    Action("user:remove", "removed a user", Ocsf.ACCOUNT, 6),
    Action("user:reset-password", "let a user choose a new password", Ocsf.ACCOUNT, 4),
    Action("user:reset-2fa", "let a user begin with a new second factor", Ocsf.ACCOUNT, 11),
    Action("user:unlock", "let a user try again", Ocsf.ACCOUNT, 12),
    # kernels, terminals, the server
    Action("kernel:start", "started a kernel", Ocsf.PROCESS, 1),
    Action("kernel:stop", "stopped a kernel", Ocsf.PROCESS, 2),
    Action("kernel:restart", "restarted a kernel", Ocsf.PROCESS, 1),
    Action("kernel:interrupt", "interrupted a kernel", Ocsf.PROCESS, OTHER),
    Action("kernel:connect", "connected to a kernel", Ocsf.PROCESS, 3),
    Action("kernel:execute", "ran a cell", Ocsf.PROCESS, OTHER),
    _reads("kernel:read", "read data in a kernel", Ocsf.FILE, 2),
    Action("kernel:write", "wrote data in a kernel", Ocsf.FILE, 3),
    Action("kernel:rename", "moved data in a kernel", Ocsf.FILE, 5),
    Action("kernel:delete", "deleted data in a kernel", Ocsf.FILE, 4),
    Action("terminal:start", "started a terminal", Ocsf.PROCESS, 1),
    Action("terminal:stop", "stopped a terminal", Ocsf.PROCESS, 2),
    Action("terminal:connect", "connected to a terminal", Ocsf.PROCESS, 3),
    Action("server:start", "the server started", Ocsf.APPLICATION, 3),
    Action("server:stop", "the server stopped", Ocsf.APPLICATION, 4),
    Action("settings:change", "changed settings", Ocsf.APPLICATION, OTHER),
    # whatever else was asked of the server
    Action("request:refuse", "was refused", Ocsf.API, OTHER, changes=False),
    _reads("request:read", "read something else", Ocsf.API, 2),
    Action("request:change", "changed something else", Ocsf.API, 3),
    # the record itself
    Action("record:begin", "a segment of the record begins", Ocsf.APPLICATION, OTHER),
    Action("record:close", "a segment of the record ends", Ocsf.APPLICATION, OTHER),
    Action("record:key", "a new verification key", Ocsf.APPLICATION, OTHER),
    Action("record:repair", "a torn end was cut off", Ocsf.APPLICATION, OTHER),
    Action("record:gap", "the record was shorter than it was left", Ocsf.APPLICATION, OTHER),
    Action("record:remove", "old segments were removed", Ocsf.APPLICATION, OTHER),
    _reads("record:read", "read the record", Ocsf.API, 2),
    _reads("record:export", "exported the record", Ocsf.API, 2),
)

#: Every action by its name.
ACTIONS = {action.name: action for action in _ALL}


def action_of(name: str) -> Action:
    """Return the action of that name; of one that a later version wrote, what is known of it."""
    return ACTIONS.get(name) or Action(name, name, Ocsf.API, OTHER)
