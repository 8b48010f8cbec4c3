"""Recording what a command changes, in the same record as the server's and by the same rules.

What changes protection is on record as started before it begins, and with its outcome before the
command ends; where the first cannot be written, nothing is done. Which command is which event
stands in one table; what stands in none changes nothing that the record is about.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from jupyter_secure.cli.exit_code import DONE, FAILED, USAGE
from jupyter_secure.errors import SecureError

if TYPE_CHECKING:
    from jupyter_secure.audit.events import Event, Outcome

#: Command, or command and sub-command → the action.
CHANGES = {
    "init": "settings:change",
    "disable": "settings:change",
    "lock": "file:lock",
    "unlock": "file:unlock",
    "user add": "user:invite",
    "user remove": "user:remove",
    "user role": "user:role",
    "user reset-password": "user:reset-password",
    "user reset-2fa": "user:reset-2fa",
    "user unlock": "user:unlock",
    "session end": "session:end",
    "token create": "token:create",
    "token revoke": "token:revoke",
    "certificate renew": "settings:change",
    "git unlock": "vault:unseal",
    "vault seal": "file:seal",
    "vault open": "file:unseal",
    "vault seal-folder": "folder:seal",
    "vault password": "account:password",
    "vault accept": "file:accept",
    "vault rotate": "vault:rotate",
    "vault backup": "vault:backup",
    "vault recover": "vault:recover",
    "vault slots add": "vault:slot-add",
    "vault slots remove": "vault:slot-remove",
    "history list": "version:list",
    "history deleted": "version:list",
    "history restore": "version:restore",
    "history undelete": "version:undelete",
    "history show": "version:open",
    "history diff": "file:compare",
}

# What became of each file, where a command goes on after one that fails.
_each: list[SecureError | None] = []


#: Noted by a command that found nothing to do.
nothing = SecureError("Nothing was changed.")


def note(error: SecureError | None = None) -> None:
    """Say what became of one file of several, in their order; it is recorded at the end."""
    _each.append(error)


@contextmanager
def recorded(name: str, args: argparse.Namespace) -> Iterator[list[int]]:
    """Record what the block does; it appends the command's exit code to what it is given.

    Raises ``RecordUnwritable``: before the block, and then nothing was done, or after it.
    """
    codes: list[int] = []
    events = _events(name, args)
    if not events:
        yield codes
        return
    from jupyter_secure.audit.events import Outcome

    _each.clear()
    # Before the first `init` there is nothing to write to, and one more mostly changes nothing.
    started = _is_set_up() and name != "init"
    if started:
        _write([replace(one, outcome=Outcome.STARTED) for one in events], durable=False)
    try:
        yield codes
    except BaseException as error:
        reason = error.reason if isinstance(error, SecureError) else "stopped"
        with suppress(SecureError):  # why it failed matters more
            _write(_outcomes(events, Outcome.FAILURE, reason))
        raise
    if not started and (nothing in _each or not _is_set_up()):
        return
    code = codes[-1] if codes else FAILED
    outcome = Outcome.SUCCESS if code == DONE else Outcome.FAILURE
    _write(_outcomes(events, outcome, {DONE: "", USAGE: "usage"}.get(code, "failed")))


def _is_set_up() -> bool:
    from jupyter_secure.store.places import VAULT_FILE, state_dir

    return (state_dir() / VAULT_FILE).exists()


def _events(name: str, args: argparse.Namespace) -> list[Event]:
    """Return the starts of what a command is; none for one that only looks."""
    words = [name, getattr(args, "action", None), getattr(args, "change", None)]
    command = " ".join(word for word in words if word)
    action = CHANGES.get(command)
    if action is None or getattr(args, "dry_run", False):
        return []
    if command == "vault seal-folder":
        if args.folder is None:
            return []
        action = "folder:unseal" if args.undo else action
    if command == "vault open" and not (args.all or args.in_place):
        action = "file:export"
    # Not for what changes nothing, such as what Git calls.
    import secrets

    from jupyter_secure.audit.events import Event, Who
    from jupyter_secure.store.places import system_account

    who = Who(username=f"cli:{system_account()}")
    event = Event(action, who=who, correlation=secrets.token_hex(8), details={"command": command})
    if command in ("vault seal", "vault open") and args.all:
        folder = Path(args.files[0] if args.files else ".")
        begin = replace(event, action="migration:begin", path=_keys([folder], args)[0])
        return [begin]
    if name == "history":
        return [_of_versions(event, args)]
    about = _about(command, args)
    if about:
        return [replace(event, target=one) for one in about]
    paths = _paths(args)
    return [replace(event, path=key) for key in _keys(paths, args)] if paths else [event]


def _of_versions(event: Event, args: argparse.Namespace) -> Event:
    """Say of which file and version it is, or what is brought back and where to."""
    file = getattr(args, "file", None)
    path = (getattr(args, "to", None) or "") if file is None else _keys([file], args)[0]
    which = next((getattr(args, one) for one in ("number", "first", "which") if one in args), "")
    return replace(event, path=path, target=str(which))


def _about(command: str, args: argparse.Namespace) -> list[str]:
    """Return whom or what a command is about, if that is not a file."""
    if command == "session end":
        return list(args.id) or [args.user or "all"]
    if command == "token revoke":
        return list(args.id)
    if command in ("vault slots add", "vault slots remove", "token create"):
        return [args.name or "key file"]
    if command == "vault password":
        return [args.username or ""]
    if command.startswith("user "):
        return [args.name or ""]
    return []


def _paths(args: argparse.Namespace) -> list[Path]:
    for name in ("files", "folders", "places"):
        given = getattr(args, name, None)
        if given:
            return [Path(one) for one in given]
    for name in ("file", "folder", "path", "output"):
        given = getattr(args, name, None)
        if given:
            return [Path(given)]
    return []


def _keys(paths: Sequence[Path | str], args: argparse.Namespace) -> list[str]:
    """Return files' paths as the server knows them, so that both stand together in its story."""
    from jupyter_secure.app.setup.effective_settings import effective_settings
    from jupyter_secure.app.trees.served_root import served_root

    if given := getattr(args, "root", None):
        return [_key(path, lambda _: given.absolute()) for path in paths]
    try:
        # Once for all files: it takes a process of its own, and a tenth of a second.
        settings = effective_settings()
    except SecureError:
        return [str(path) for path in paths]
    return [_key(path, lambda folder: served_root(folder, settings)) for path in paths]


def _key(path: Path | str, root_of: Callable[[Path], Path]) -> str:
    from jupyter_secure.app.content.sealed_folders import key_below

    try:
        place = Path(path).absolute()
        folder = place if place.is_dir() else place.parent
        below = key_below(root_of(folder), folder)
        if folder == place:
            return below
        return f"{below}/{place.name}" if below else place.name
    except (SecureError, OSError, ValueError):
        return str(path)


def _outcomes(events: list[Event], outcome: Outcome, reason: str) -> list[Event]:
    from jupyter_secure.audit.events import Outcome as Outcomes

    if len(_each) != len(events):  # not told of each, or stopped half-way
        return [
            replace(
                one,
                action="migration:end" if one.action == "migration:begin" else one.action,
                outcome=outcome,
                reason=reason,
            )
            for one in events
        ]
    return [
        replace(
            event,
            outcome=Outcomes.SUCCESS if error is None else Outcomes.FAILURE,
            reason="" if error is None else error.reason,
        )
        for event, error in zip(events, _each, strict=True)
    ]


def _write(events: list[Event], *, durable: bool = True) -> None:
    from jupyter_secure.audit.events import encode
    from jupyter_secure.store.audit_folder import AUDIT_DIRECTORY
    from jupyter_secure.store.audit_segments import RecordFiles
    from jupyter_secure.store.places import state_dir

    files = RecordFiles(state_dir() / AUDIT_DIRECTORY)
    try:
        files.append([encode(one) for one in events], durable=durable)
    finally:
        files.close()
