"""What the panel shows: each protection with its level, in words, and what to do."""

from __future__ import annotations

import ssl
import time
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

import jupyter_secure
from jupyter_secure.app.content.coverage import Coverage, count
from jupyter_secure.app.content.review import Reviewed, review
from jupyter_secure.app.history.keeping import Keeping
from jupyter_secure.errors import VaultSealed
from jupyter_secure.server.api_handler import SecureAPIHandler
from jupyter_secure.server.protection import Protection
from jupyter_secure.server.record_row import record_row
from jupyter_secure.server.runtime import Runtime
from jupyter_secure.server.threads import run_sync
from jupyter_secure.transport import certificates

# Counting reads the head of every notebook; the panel asks every few seconds.
_COUNT_EVERY_SECONDS = 30
_COUNT_FOR_SECONDS = 2.0
_FEW_RECOVERY_CODES = 3
_RENEW = "Renew it: `jupyter secure certificate show` says how."

NOT_SET_UP: dict[str, Any] = {
    "configured": False,
    "version": jupyter_secure.__version__,
    "level": "warn",
    "sentence": "Not set up",
    "remedy": "Run `jupyter secure init` in a terminal, then restart the server.",
    "protections": [],
    "locks": [],
}


async def status_of_server(handler: SecureAPIHandler) -> dict[str, Any]:
    """Return the answer to ``GET status``."""
    state, session = handler.runtime.state, handler.session
    now = state.clock()
    coverage, reviewed = await _look_over(handler)
    is_whole = not state.vault.is_open or state.provenance.is_whole()
    rows = [
        _connection(handler, now),
        _two_factor(handler),
        _encryption(
            state.vault.is_open, state.sessions.stays_open, coverage, _found(is_whole, reviewed)
        ),
        _sessions(handler),
        _history(handler.runtime.keeping),
        record_row(handler.runtime.record),
    ]
    worst = next((row for level in ("bad", "warn") for row in rows if row.level == level), None)
    account = state.accounts.get(session.username)
    return {
        "configured": True,
        "version": jupyter_secure.__version__,
        "level": worst.level if worst else "ok",
        "sentence": worst.sentence if worst else "Protected",
        "remedy": worst.remedy if worst else "",
        "user": {
            "username": session.username,
            "display_name": account.display_name if account else session.username,
        },
        "session": {
            "id": session.public_id,
            "seconds_left": state.sessions.seconds_left(session),
            "idle_minutes": handler.runtime.config.idle_minutes,
            "elevated_seconds_left": state.sessions.elevated_seconds_left(session),
        },
        "vault": {
            "open": state.vault.is_open,
            "sealed": coverage.sealed,
            "matching": coverage.matching,
            "counted_all": coverage.counted_all,
        },
        "catalogue": {
            "findings": len(reviewed.found),
            "checked": ("whole" if reviewed.complete else "not-yet") if is_whole else "altered",
        },
        "protections": [asdict(row) for row in rows],
        "locks": [handler.lock_model(lock) for lock in state.locks.list()],
    }


def _connection(handler: SecureAPIHandler, now: datetime) -> Protection:
    name, label = "connection", "Connection"
    stream = handler.request.connection.stream  # type: ignore[union-attr]  # HTTP/1 only
    if not isinstance(stream.socket, ssl.SSLSocket):
        how = "HTTPS at the proxy" if handler.request.protocol == "https" else "UNIX socket"
        return Protection(name, label, "ok", how)
    version = (stream.socket.version() or "TLS").replace("TLSv", "TLS ")
    watch = handler.runtime.certificate_watch
    assert watch is not None  # it made the context that this very connection came through
    pair, problem = watch.certificate.pair, watch.certificate.problem
    days = pair.days_left(now)
    summary = f"{version} · certificate {days} days"
    if now >= pair.facts.not_after:
        sentence = f"The certificate expired on {pair.facts.not_after:%d %B %Y}"
        return Protection(name, label, "bad", summary, sentence, _RENEW)
    if problem is not None:
        sentence = "The new certificate cannot be used; the old one stays"
        return Protection(name, label, "warn", summary, sentence, str(problem))
    if days < certificates.RENEW_WITHIN_DAYS:
        sentence = f"The certificate expires in {days} days"
        return Protection(name, label, "warn", summary, sentence, _RENEW)
    return Protection(name, label, "ok", summary)


def _two_factor(handler: SecureAPIHandler) -> Protection:
    left = handler.runtime.state.accounts.remaining_recovery_codes(handler.session.username)
    summary = f"code · {left} recovery code{'' if left == 1 else 's'}"
    if left <= _FEW_RECOVERY_CODES:
        return Protection(
            "two-factor",
            "Two-factor",
            "warn",
            summary,
            "Few recovery codes are left",
            "Keep your authenticator and your recovery key safe.",
        )
    return Protection("two-factor", "Two-factor", "ok", summary)


def _found(is_whole: bool, reviewed: Reviewed) -> str:
    """Say what is not as it was left, if anything is not."""
    if not is_whole:
        return "The catalogue of what was saved was changed from outside"
    number = len(reviewed.found)
    return (
        f"{_files(number)} not as {'it was' if number == 1 else 'they were'} left" if number else ""
    )


def _encryption(vault_open: bool, stays_open: bool, coverage: Coverage, found: str) -> Protection:
    name, label = "encryption", "Encryption"
    # Not amber: an administrator chose it, and whoever reads this can do nothing about it. But it
    # is said, as "open" alone would be taken to mean "until I log out".
    summary = f"vault {'open' if vault_open else 'sealed'}"
    summary += " by a key file, also when nobody is logged in · " if stays_open else " · "
    summary += f"{coverage.sealed} of {coverage.matching} sealed"
    if not coverage.counted_all:
        summary += " so far"
    if found:
        remedy = "Review what was found, and accept or restore it."
        return Protection(name, label, "bad", summary, found, remedy)
    if coverage.plain:
        sentence = f"{_files(coverage.plain)} not encrypted yet"
        remedy = "Encrypt them here, or run `jupyter secure vault seal --all`."
        return Protection(name, label, "warn", summary, sentence, remedy)
    if coverage.plain_checkpoints:
        sentence = f"{_files(coverage.plain_checkpoints, 'old checkpoint')} not encrypted"
        remedy = "Encrypt them here, or run `jupyter secure vault seal --all`."
        return Protection(name, label, "warn", summary, sentence, remedy)
    return Protection(name, label, "ok", summary)


def _sessions(handler: SecureAPIHandler) -> Protection:
    others = len(handler.runtime.state.sessions.live(handler.session.username)) - 1
    summary = "this one only" if others < 1 else f"{others} other{'' if others == 1 else 's'}"
    return Protection("session", "Sessions", "ok", summary)


def _history(keeping: Keeping) -> Protection:
    name, label = "history", "History"
    if not keeping.keeps:
        # As with a key file above: chosen by an administrator, and said.
        return Protection(name, label, "ok", "no versions are kept")
    problems = keeping.problems
    if problems:
        summary = f"{_files(len(problems))} without a version of the last save"
        return Protection(
            name, label, "warn", summary, problems[0].what, problems[0].remedy or problems[0].why
        )
    return Protection(name, label, "ok", "a version at each save")


def _files(count: int, what: str = "file") -> str:
    return f"{count} {what} is" if count == 1 else f"{count} {what}s are"


async def _look_over(handler: SecureAPIHandler) -> tuple[Coverage, Reviewed]:
    """Count the notebooks and compare them with what was left, if that was some time ago."""
    runtime = handler.runtime
    known = runtime.coverage
    if known is None or time.monotonic() - known[0] > _COUNT_EVERY_SECONDS:
        coverage, reviewed = await run_sync(
            _look_now, runtime, Path(handler.contents_manager.root_dir)
        )
        known = runtime.coverage = (time.monotonic(), coverage, reviewed)
        runtime.findings.tell(Path(handler.contents_manager.root_dir), reviewed)
    return known[1], known[2]


def _look_now(runtime: Runtime, root: Path) -> tuple[Coverage, Reviewed]:
    state = runtime.state
    marked = state.folder_marks.list()
    coverage = count(root, runtime.config.encrypt, marked, seconds=_COUNT_FOR_SECONDS)
    try:
        state.provenance.is_whole(again=True)
        closed = (Path(runtime.config.state_dir),)
        reviewed = review(
            root, state.provenance, state.vault, closed=closed, seconds=_COUNT_FOR_SECONDS
        )
    except VaultSealed:
        reviewed = Reviewed(complete=False)
    return coverage, reviewed
