"""What is on and what is not, for `jupyter secure status`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from jupyter_secure.app.content import coverage
from jupyter_secure.app.setup import hub, settings_file, state_folder, traces
from jupyter_secure.app.setup.effective_settings import (
    EffectiveSettings,
    effective_settings,
    patterns_of,
)
from jupyter_secure.app.setup.own_certificate import how_to_renew
from jupyter_secure.app.setup.required_settings import not_in_effect
from jupyter_secure.errors import NotSetUp, SecureError
from jupyter_secure.store import places
from jupyter_secure.store.accounts import DatabaseAccounts
from jupyter_secure.store.audit_folder import AUDIT_DIRECTORY
from jupyter_secure.store.audit_reading import has_key
from jupyter_secure.store.database import Database
from jupyter_secure.store.key_file import read_key_file
from jupyter_secure.store.sealed_folders import DatabaseSealedFolders
from jupyter_secure.store.vault_file import load_keyring
from jupyter_secure.transport import certificates, policy

Level = Literal["ok", "warn", "bad"]

# Fewer recovery codes than this are worth a word.
_FEW_CODES = 3


@dataclass(frozen=True)
class Finding:
    """One line of the report. ``bad``: a protection is off; ``warn``: it is on, and more is due."""

    name: str
    label: str
    level: Level
    summary: str
    remedy: str = ""


@dataclass(frozen=True)
class Report:
    """All findings, and whether every protection is on."""

    configured: bool
    state_dir: Path
    findings: tuple[Finding, ...]

    @property
    def all_on(self) -> bool:
        """Whether no finding is bad."""
        return self.configured and all(finding.level != "bad" for finding in self.findings)

    def to_json(self) -> dict[str, Any]:
        """Return the report as JSON values."""
        return {
            "configured": self.configured,
            "all_on": self.all_on,
            "state_dir": str(self.state_dir),
            "protections": [asdict(finding) for finding in self.findings],
        }


def report(root: Path, now: datetime) -> Report:
    """Look at everything; ``root`` is the folder of notebooks. Never raises a SecureError."""
    state = places.state_dir()
    if not state_folder.is_set_up(state):
        return Report(False, state, tuple(_not_set_up(state)))
    # Before anything opens a file: opening the database closes it to others without a word.
    permissions = _permissions(state)
    findings = []
    effective: EffectiveSettings | None = None
    try:
        effective = effective_settings()
        findings.append(_settings(effective))
    except SecureError as error:
        findings.append(_failed("settings", "Settings", error))
    known = effective or EffectiveSettings({}, ())
    findings += [
        _guarded("connection", "Connection", lambda: _connection(known, now)),
        _guarded("two-factor", "Two-factor", lambda: _two_factor(state)),
        _guarded("vault", "Vault", lambda: _vault(state, known)),
        _guarded("encryption", "Encryption", lambda: _encryption(root, known, state)),
        permissions,
        _guarded("traces", "Traces", lambda: _traces(root, effective)),
        _record(state),
    ]
    if hub.in_environment():
        findings.append(Finding("hub", "JupyterHub", "warn", hub.FINDING, hub.FINDING_REMEDY))
    return Report(True, state, tuple(findings))


def _not_set_up(state: Path) -> Iterable[Finding]:
    try:
        state_folder.check_free(state)
    except SecureError as error:
        return [_failed("set-up", "Set-up", error)]
    remedy = "Run `jupyter secure init`."
    return [Finding("set-up", "Set-up", "bad", "Nothing is protected yet.", remedy)]


def _settings(effective: EffectiveSettings) -> Finding:
    wrong = not_in_effect(effective)
    if wrong:
        name, value = next(iter(wrong.items()))
        found = f"{name} is {value}" if value else f"{name} is not set"
        more = f", and {len(wrong) - 1} more" if len(wrong) > 1 else ""
        from_file = f" Look in {effective.files[-1]}." if value and effective.files else ""
        return Finding(
            "settings",
            "Settings",
            "bad",
            f"not in effect: {found}{more}",
            f"Run `jupyter secure init` to put them back.{from_file}",
        )
    return Finding("settings", "Settings", "ok", "in effect")


def _connection(effective: EffectiveSettings, now: datetime) -> Finding:
    def server(trait: str, default: Any) -> Any:
        return effective.get("ServerApp", trait, default)

    def ours(trait: str, default: Any) -> Any:
        return effective.get("SecureConfig", trait, default)

    listening = policy.Listening(
        ip=str(server("ip", "localhost")),
        unix_socket=str(server("sock", "")),
        certfile=str(server("certfile", "")),
        keyfile=str(server("keyfile", "")),
        trust_xheaders=bool(server("trust_xheaders", False)),
    )
    settings = policy.TransportSettings(
        require_https=bool(ours("require_https", True)),
        trusted_proxies=tuple(ours("trusted_proxies", ())),
        min_tls=str(ours("min_tls", "1.2")),
    )
    policy.check(listening, settings)
    label = "Connection"
    if not settings.require_https:
        remedy = "Remove SecureConfig.require_https = False from Jupyter's settings."
        return Finding("connection", label, "bad", "plain HTTP is allowed", remedy)
    if not listening.certfile:
        where = "a UNIX socket" if listening.unix_socket else "an HTTPS proxy on this machine"
        return Finding("connection", label, "ok", f"through {where}")
    certificate = certificates.load(listening.certfile, listening.keyfile, now=now)
    days = certificate.days_left(now)
    summary = (
        f"HTTPS, TLS {settings.min_tls} or later · certificate good for {_count(days, 'day')} "
        f"({', '.join(certificate.facts.names[:3])})"
    )
    if days < certificates.RENEW_WITHIN_DAYS:
        return Finding("connection", label, "warn", summary, how_to_renew(certificate.certfile))
    return Finding("connection", label, "ok", summary)


def _two_factor(state: Path) -> Finding:
    database = Database.open(state / places.DATABASE_FILE)
    try:
        accounts = DatabaseAccounts(database)
        found = [(one, accounts.remaining_recovery_codes(one.username)) for one in accounts.list()]
    finally:
        database.close()
    if not found:
        raise NotSetUp(
            "There is no account.",
            remedy=f"Restore {state / places.DATABASE_FILE} from a backup.",
        )
    label = "Two-factor"
    summary = "; ".join(
        f"{account.display_name}: {'confirmed' if account.confirmed else 'not confirmed yet'}, "
        f"{_count(codes, 'recovery code')} left"
        for account, codes in found
    )
    if not all(account.confirmed for account, _ in found):
        remedy = "The first login confirms it: log in once with a code."
        return Finding("two-factor", label, "warn", summary, remedy)
    if any(codes < _FEW_CODES for _, codes in found):
        remedy = "Keep your authenticator safe: it is nearly the only way in."
        return Finding("two-factor", label, "warn", summary, remedy)
    return Finding("two-factor", label, "ok", summary)


def _vault(state: Path, effective: EffectiveSettings) -> Finding:
    label = "Vault"
    keyring = load_keyring(state)
    if keyring.previous is not None:
        remedy = "Run `jupyter secure vault rotate --full FOLDER…`: it goes on where it was."
        return Finding("vault", label, "bad", "a change of the root key was cut short", remedy)
    summary = f"{keyring.vault_id.hex()[:8]} · {_count(len(keyring.slots), 'password')} open it"
    summary = summary.replace("password open", "password opens")
    if keyring.key_files:
        summary = summary.replace(
            " open", f" and {_count(len(keyring.key_files), 'key file')} open"
        )
        summary = summary.replace("opens", "open")
    if keyring.passkeys:
        summary += f" · {_count(len(keyring.passkeys), 'passkey')} too"
    if given := str(effective.get("SecureConfig", "key_file", "")):
        key = read_key_file(Path(given).expanduser())
        try:
            keyring.open_with_key_file(key)[0].wipe()
        finally:
            key.wipe()
        # Not amber: it is as the administrator wants it. But nobody is to learn of it too late.
        summary += f" · servers open it at their start, with {given}, and keep it open"
    return Finding("vault", label, "ok", summary)


def _marked(state: Path) -> tuple[str, ...]:
    try:
        database = Database.open(state / places.DATABASE_FILE)
    except SecureError:
        return ()  # which another line of the report says
    try:
        return DatabaseSealedFolders(database).list()
    finally:
        database.close()


def _encryption(root: Path, effective: EffectiveSettings, state: Path) -> Finding:
    found = coverage.count(root, patterns_of(effective), _marked(state))
    summary = f"{found.sealed} of {found.matching} sealed in {root}"
    if found.unreadable:
        summary += f", {found.unreadable} could not be read"
    if found.plain_checkpoints:
        summary += f", {_count(found.plain_checkpoints, 'plain checkpoint')}"
    if not found.counted_all:
        summary += " (too many to count them all)"
    if found.plain or found.plain_checkpoints:
        remedy = "Each is sealed when it is next saved; now: `jupyter secure vault seal --all`."
        return Finding("encryption", "Encryption", "warn", summary, remedy)
    return Finding("encryption", "Encryption", "ok", summary)


def _record(state: Path) -> Finding:
    if has_key(state / AUDIT_DIRECTORY):
        return Finding("record", "Record", "ok", "has a verification key, which you keep")
    remedy = "Run `jupyter secure audit setup-key`, and keep what it prints off this machine."
    return Finding("record", "Record", "warn", "has no verification key", remedy)


def _permissions(state: Path) -> Finding:
    wrong = state_folder.wrong_permissions(state)
    if wrong:
        path, mode = wrong[0]
        more = f", and {len(wrong) - 1} more" if len(wrong) > 1 else ""
        summary = f"{path} is open to others (mode {mode:04o}){more}"
        remedy = f"Close it: chmod -R go= {state}"
        return Finding("permissions", "Permissions", "bad", summary, remedy)
    return Finding("permissions", "Permissions", "ok", f"{state} is closed to others")


def _traces(root: Path, effective: EffectiveSettings | None) -> Finding:
    settings = settings_file.read(traces.ipython_settings(), ["HistoryManager"])
    off = settings.get("HistoryManager", {}).get("enabled") is False
    found = list(traces.find(root))
    if not off:
        remedy = f'Put {{"HistoryManager": {{"enabled": false}}}} into {traces.ipython_settings()}.'
        return Finding("traces", "Traces", "warn", "IPython records every cell in plain", remedy)
    if found:
        more = f", and {len(found) - 1} more" if len(found) > 1 else ""
        summary = f"{found[0].path} holds {found[0].what}{more}"
        return Finding("traces", "Traces", "warn", summary, found[0].remedy)
    debugger = any(one.name == "debugger" for one in traces.leavers())
    if debugger and effective is not None and traces.DEBUGGER not in effective.disabled:
        summary = "JupyterLab's debugger is on: what it debugs is written into the temporary folder"
        remedy = f"Turn it off: {traces.DEBUGGER_OFF}"
        return Finding("traces", "Traces", "warn", summary, remedy)
    return Finding("traces", "Traces", "ok", "IPython's history is off; no plain copies found")


def _guarded(name: str, label: str, look: Callable[[], Finding]) -> Finding:
    try:
        return look()
    except SecureError as error:
        return _failed(name, label, error)


def _failed(name: str, label: str, error: SecureError) -> Finding:
    summary = " ".join(part for part in (error.what, error.why) if part)
    return Finding(name, label, "bad", summary, error.remedy)


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"
