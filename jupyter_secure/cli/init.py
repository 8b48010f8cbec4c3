"""``jupyter secure init``."""

from __future__ import annotations

import argparse
import json
import sys
from datetime import datetime, timezone
from pathlib import Path

from jupyter_secure.cli import enrolment, terminal
from jupyter_secure.cli.exit_code import DONE, USAGE
from jupyter_secure.cli.recorded import note, nothing
from jupyter_secure.store import places

DESCRIPTION = """\
Set this account's Jupyter up: HTTPS only, two-factor login, notebooks encrypted on disk.
It asks for a user name and a password, shows a QR code for your authenticator app, and
writes the settings. When something fails, nothing has changed. Run again, it changes
nothing and says what is there."""

EXAMPLE = """\
examples:
  jupyter secure init
  jupyter secure init --hostname lab.example.org
  jupyter secure init --cert /etc/ssl/lab.pem --key /etc/ssl/lab.key
  pass show jupyter | jupyter secure init --non-interactive \\
      --username alice --password-stdin --json > enrolment.json"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``init``."""
    enrolment.add_arguments(parser)
    parser.add_argument(
        "--renew-certificate",
        action="store_true",
        help="only replace the certificate that init made by a new one",
    )
    script = parser.add_argument_group("without questions, for scripts")
    script.add_argument(
        "--non-interactive",
        action="store_true",
        help="ask nothing; the first login confirms the second factor",
    )
    enrolment.add_script_arguments(script)


def run(args: argparse.Namespace) -> int:
    """Set up, or say what is there."""
    if problem := _usage_problem(args):
        print(f"jupyter secure init: {problem}", file=sys.stderr)
        return USAGE
    # Not for help: they bring the database and the certificates.
    from jupyter_secure.app.setup import own_certificate, set_up, state_folder
    from jupyter_secure.cli import setting_up

    now = datetime.now(timezone.utc)
    if args.renew_certificate:
        print(f"New certificate: {own_certificate.renew(tuple(args.hostname), now)}")
        return DONE
    if state_folder.is_set_up(places.state_dir()):
        return _already_there(args, now)
    # Before the first question: nobody should choose a password in vain.
    set_up.check(args.cert, args.key, now)
    if args.non_interactive:
        password = terminal.read_password_stdin()
        return setting_up.without_questions(args, args.username, password, now)
    return setting_up.with_questions(args, now)


def _usage_problem(args: argparse.Namespace) -> str:
    if args.key and not args.cert:
        return "--key needs --cert."
    if args.non_interactive and not (args.username and args.password_stdin):
        return "--non-interactive needs --username and --password-stdin."
    if not args.non_interactive and (args.password_stdin or args.json):
        return "--password-stdin and --json need --non-interactive."
    if not args.non_interactive and not args.renew_certificate and not terminal.is_interactive():
        return "it asks questions and there is no terminal; see --non-interactive."
    return ""


def _already_there(args: argparse.Namespace, now: datetime) -> int:
    from jupyter_secure.app.setup import set_up

    done = set_up.turn_on_again()
    if done is None:
        note(nothing)
    if args.json:
        # A script must not take this for a new enrolment: there are no secrets to give out.
        print(json.dumps({"already_set_up": True, "state_dir": str(places.state_dir())}))
        return DONE
    if done is None:
        print("Already set up; nothing was changed. What is there:\n")
    else:
        print(f"Already set up; the settings are back in effect ({done.config_file}).\n")
    from jupyter_secure.app.setup.report import report
    from jupyter_secure.cli.status import show

    show(report(Path.cwd(), now))
    return DONE
