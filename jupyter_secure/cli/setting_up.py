"""Setting an account up and showing what came of it: what ``init`` and ``vault recover`` share."""

from __future__ import annotations

import argparse
import json
import sys
from datetime import datetime
from typing import Any

from jupyter_secure.app.audit.setup_key import setup_key
from jupyter_secure.app.setup import set_up
from jupyter_secure.cli import enrolment, terminal
from jupyter_secure.cli.exit_code import DONE
from jupyter_secure.errors import SecureError
from jupyter_secure.store import places
from jupyter_secure.store.audit_folder import AUDIT_DIRECTORY
from jupyter_secure.vault.keyring import Keyring
from jupyter_secure.vault.keys import RootKey

Existing = tuple[Keyring, RootKey]


def without_questions(
    args: argparse.Namespace,
    username: str,
    password: str,
    now: datetime,
    existing: Existing | None = None,
) -> int:
    """Set up, and show the secrets. ``existing`` is a vault to go on with."""
    prepared = set_up.prepare(_wishes(args, username, password), now, existing)
    done = set_up.commit(prepared)
    audit_key = record_key()
    if args.json:
        print(json.dumps({**_as_json(prepared, done), "audit_key": audit_key}, indent=2))
        return DONE
    enrolment.show_authenticator(prepared.totp_uri, prepared.totp_secret)
    _show_recovery(prepared)
    _show_record_key(audit_key)
    _show_next(prepared, done)
    return DONE


def with_questions(
    args: argparse.Namespace, now: datetime, existing: Existing | None = None
) -> int:
    """Ask, have the second factor confirmed, show the secrets, set up."""
    print("This sets up HTTPS, two-factor login and encrypted notebooks for this account.")
    print("Nothing is written until you have confirmed a code; Ctrl-C stops at any time.\n")
    username = args.username or ""
    if username:
        set_up.check_username(username)
    else:
        username = terminal.until_accepted(
            lambda: terminal.ask("User name", enrolment.account_name()), set_up.check_username
        )
    password = terminal.ask_new_secret(
        "Password", lambda text: set_up.check_password(text, username)
    )
    args.keep = _ask_what_to_keep(args.keep or [])
    wishes = _wishes(args, username, password)
    prepared = set_up.prepare(wishes, now, existing)
    print()
    enrolment.show_authenticator(prepared.totp_uri, prepared.totp_secret)
    confirmed = enrolment.ask_code(prepared.confirm)
    # Shown before anything is written: should the terminal be gone, so is the set-up, and no vault
    # exists whose recovery key nobody has seen.
    _show_recovery(confirmed)
    sys.stdout.flush()
    try:
        done = set_up.commit(confirmed)
    except BaseException:
        print("\nNothing was set up: what is shown above is void.", file=sys.stderr)
        raise
    _show_record_key(record_key())
    _show_next(confirmed, done)
    return DONE


def _wishes(args: argparse.Namespace, username: str, password: str) -> set_up.Wishes:
    return set_up.Wishes(
        username=username,
        password=password,
        hostnames=tuple(args.hostname),
        certfile=args.cert,
        keyfile=args.key,
        keep=frozenset(args.keep or ()),
    )


def _ask_what_to_keep(kept: list[str]) -> list[str]:
    """Ask about each that leaves plaintext; return the names of those that may go on."""
    from jupyter_secure.app.setup.traces import leavers

    for leaver in leavers():
        if leaver.name not in kept:
            print(f"\n{leaver.what}")
            if not terminal.ask_yes(leaver.question):
                kept = [*kept, leaver.name]
    return kept


def _show_recovery(prepared: set_up.Prepared) -> None:
    enrolment.show_recovery_codes(prepared.recovery_codes)
    print("\nRecovery key: opens every notebook, should you forget the password.\n")
    half = len(prepared.recovery_key) // 2
    first, second = prepared.recovery_key[:half], prepared.recovery_key[half + 1 :]
    print(f"  {terminal.styled(first + '-', 'strong')}")
    print(f"  {terminal.styled(second, 'strong')}\n")
    print("Both are shown this once. Keep them on paper or in a password manager.")


def record_key() -> str | None:
    """Begin the record under a new verification key; return that, ``None`` where it cannot be.

    The set-up stands without it: `audit setup-key` makes one at any time.
    """
    try:
        return setup_key(places.state_dir() / AUDIT_DIRECTORY).to_text()
    except SecureError as error:
        print(error, file=sys.stderr)
        return None


def _show_record_key(key: str | None) -> None:
    if key is None:
        print("\nThe record has no verification key yet: jupyter secure audit setup-key")
        return
    print("\nVerification key of the record, which shows if somebody changed it:\n")
    half = key.find("-", len(key) // 2)
    print(f"  {terminal.styled(key[: half + 1], 'strong')}")
    print(f"  {terminal.styled(key[half + 1 :], 'strong')}\n")
    print("It is shown this once too. Keep it off this machine.")


def _show_next(prepared: set_up.Prepared, done: set_up.Done) -> None:
    for name, value in done.replaced.items():
        print(f"Replaced {name} (was {value!r}); `jupyter secure disable` puts it back.")
    # The code that confirmed the enrolment is used up: it would be refused at the login.
    with_code = "with the next code" if prepared.account.confirmed else "with a code, to confirm it"
    print("\nDone. What to do next:")
    print("  1. Restart Jupyter, and open the https:// address that it prints.")
    if prepared.certificate_pem is None:
        print(f"  2. Log in {with_code}.")
    else:
        print(f"  2. Let the browser trust {done.certfile},\n     then log in {with_code}.")
    print("  3. See what is on at any time: jupyter secure status")


def _as_json(prepared: set_up.Prepared, done: set_up.Done) -> dict[str, Any]:
    return {
        "username": prepared.account.username,
        "totp_uri": prepared.totp_uri,
        "recovery_codes": list(prepared.recovery_codes),
        "recovery_key": prepared.recovery_key,
        "certificate": str(done.certfile),
        "config_file": str(done.config_file),
    }
