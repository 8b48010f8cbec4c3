"""A throw-away home in which jupyter-secure is set up, as `jupyter secure init` leaves it."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pyotp
import pytest
from support import in_process

from jupyter_secure.crypto.kdf import OWASP_MINIMUM
from jupyter_secure.identity import recovery_codes
from jupyter_secure.vault.keyring import Keyring
from jupyter_secure.vault.passphrase import PassphraseKey

PASSWORD = "a red kite over Talgarth at noon"  # of throw-away accounts only
_STEP_SECONDS = 30


class Authenticator:
    """What a phone does, and remembers which codes it has shown.

    The server takes each time step once and in order, and one step early or late: two codes are
    ready at any moment, after that the next one has to be waited for.
    """

    def __init__(self, totp_uri: str) -> None:
        self.secret = parse_qs(urlsplit(totp_uri).query)["secret"][0]
        self._totp = pyotp.TOTP(self.secret)
        self._last = 0

    def code(self) -> str:
        """Return a code that the server has not seen yet, waiting for one if need be."""
        while True:
            now = int(time.time()) // _STEP_SECONDS
            # Never the step before this one, though the server still takes it: while a page loads
            # the clock goes on, and then it is one too old.
            step = max(self._last + 1, now)
            if step <= now + 1:
                self._last = step
                return self._totp.at(step * _STEP_SECONDS)
            time.sleep(1)

    def forget(self) -> None:
        """Begin anew with the codes of this moment; see :meth:`Home.forget_codes`."""
        self._last = 0

    def used(self) -> str:
        """Return the code that was returned last, whatever the time is now."""
        return self._totp.at(self._last * _STEP_SECONDS)

    def peek(self, steps: int = 0) -> str:
        """Return the code of now, or of some steps from now, without using it up."""
        return self._totp.at(datetime.now(timezone.utc), counter_offset=steps)


@dataclass
class Home:
    """A home folder, the notebooks folder in it, and what ``init`` printed."""

    path: Path
    variables: dict[str, str] = field(repr=False)
    facts: dict[str, Any] = field(repr=False)
    authenticator: Authenticator = field(repr=False)

    def spare_code(self) -> str:
        """Return a recovery code that was not used yet; unlike a phone's it need not be waited for.

        When those that came with the account are used up, it is given more.
        """
        spare: list[str] = self.facts["recovery_codes"]
        if not spare:
            spare.extend(recovery_codes.generate())
            rows = [(self.username, digest) for digest in recovery_codes.digests(spare)]
            with closing(sqlite3.connect(self.state / "state.db", timeout=10)) as state, state:
                insert = "INSERT INTO recovery_codes (username, digest) VALUES (?, ?)"
                state.executemany(insert, rows)
        return spare.pop()

    @property
    def work(self) -> Path:
        """The folder that the server serves."""
        return self.path / "work"

    @property
    def state(self) -> Path:
        """The state directory."""
        return self.path / "data" / "secure"

    @property
    def certificate(self) -> Path:
        """The server's certificate, to trust."""
        return Path(self.facts["certificate"])

    @property
    def username(self) -> str:
        """The account."""
        return str(self.facts["username"])

    def forget_tries(self) -> None:
        """Refill the budgets for wrong tries, so that one test does not draw on another's."""
        with closing(sqlite3.connect(self.state / "state.db", timeout=10)) as database, database:
            database.execute("DELETE FROM attempts")

    def forget_codes(self) -> None:
        """Make the codes of this moment new again, so that no test waits for another's to pass."""
        with closing(sqlite3.connect(self.state / "state.db", timeout=10)) as database, database:
            database.execute("UPDATE accounts SET totp_last_step = -1")
        self.authenticator.forget()

    def configure(self, **sections: dict[str, Any]) -> None:
        """Add settings as an administrator would, in jupyter_server_config.json."""
        path = self.path / "config" / "jupyter_server_config.json"
        settings = json.loads(path.read_text())
        for section, values in sections.items():
            settings.setdefault(section, {}).update(values)
        path.write_text(json.dumps(settings))

    def files_holding(self, canary: bytes) -> list[Path]:
        """Return every file of this home, temporary folder included, in which ``canary`` stands."""
        return [
            path
            for path in sorted(self.path.rglob("*"))
            if path.is_file() and not path.is_symlink() and canary in path.read_bytes()
        ]


def bare_variables(home: Path) -> dict[str, str]:
    """Return an environment in which everything of Jupyter's lies below ``home``."""
    for name in ("work", "config", "data", "runtime", "ipython", "tmp"):
        (home / name).mkdir(parents=True, exist_ok=True)
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("JUPYTER", "IPYTHON"))}
    return kept | {
        "HOME": str(home),
        "TMPDIR": str(home / "tmp"),
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_DATA_DIR": str(home / "data"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "IPYTHONDIR": str(home / "ipython"),
        "JUPYTER_PLATFORM_DIRS": "0",
        "PYTHONDONTWRITEBYTECODE": "1",
        # The tests may run on the sources; the servers they start must find the same.
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
    }


def set_up(home: Path, username: str = "alice") -> Home:
    """Set up ``home`` as ``jupyter secure init`` does, and return what came of it.

    In this process, and at the least that is accepted of a password's cost: hundreds of tests log
    in to such homes.
    """
    variables = bare_variables(home)
    with pytest.MonkeyPatch.context() as patch:
        make_passwords_cheap(patch)
        done = in_process.run(
            _init(username), variables=variables, cwd=home / "work", given=PASSWORD.encode()
        )
    assert done.returncode == 0, (done.stdout + done.stderr).decode()
    return _made(home, variables, done.stdout)


def set_up_for_real(home: Path, username: str = "alice") -> Home:
    """Do the same with the command itself, and at the cost that people's passwords have."""
    variables = bare_variables(home)
    command = [sys.executable, "-c", "from jupyter_secure.cli.main import main; exit(main())"]
    done = subprocess.run(
        [*command, *_init(username)],
        input=PASSWORD.encode(),
        env=variables,
        cwd=home / "work",
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, (done.stdout + done.stderr).decode()
    return _made(home, variables, done.stdout)


def make_passwords_cheap(patch: pytest.MonkeyPatch) -> None:
    """Let new vaults and sealed locks in this process take the least that is accepted of a cost."""
    for kind, name in ((Keyring, "create"), (PassphraseKey, "new")):
        cheap = partial(getattr(kind, name), profile=OWASP_MINIMUM)
        patch.setattr(kind, name, staticmethod(cheap))


def _init(username: str) -> list[str]:
    return ["init", "--non-interactive", "--username", username, "--password-stdin", "--json"]


def _made(home: Path, variables: dict[str, str], printed: bytes) -> Home:
    facts = json.loads(printed)
    return Home(home, variables, facts, Authenticator(facts["totp_uri"]))
