"""Virtual environments with homes of their own, as a person who installs the package has one."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Environment:
    """A virtual environment with a home of its own, used from an empty folder."""

    path: Path
    variables: dict[str, str] = field(repr=False)

    @property
    def bin(self) -> Path:
        """Where its programs are."""
        return self.path / "bin"

    def run(self, *command: str | Path) -> str:
        """Run one of its programs and return what it printed; a failure fails the test."""
        done = subprocess.run(
            [self.bin / command[0], *command[1:]],
            cwd=self.variables["HOME"],
            env=self.variables,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{command}:\n{done.stdout}\n{done.stderr}"
        return done.stdout + done.stderr

    def pip_install(self, *what: str | Path) -> None:
        """Install with what is on this environment's PATH and nothing else."""
        self.run("python", "-m", "pip", "install", "--quiet", *what)


def make_environment(folder: Path, *, path: str) -> Environment:
    """Make one in ``folder`` that sees its own programs and those on ``path``."""
    venv.create(folder / "venv", with_pip=True, symlinks=True)
    home = folder / "home"
    home.mkdir()
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("JUPYTER", "PYTHON", "PYTEST", "VIRTUAL_ENV", "COV"))
    }
    kept |= {
        "HOME": str(home),
        "PATH": f"{folder / 'venv' / 'bin'}{os.pathsep}{path}",
        # The packages that were fetched once may be used again; nothing else is shared.
        "PIP_CACHE_DIR": os.environ.get("PIP_CACHE_DIR", str(Path("~/.cache/pip").expanduser())),
        # Of a hundred packages few are imported here, and those are compiled then.
        "PIP_NO_COMPILE": "1",
    }
    return Environment(folder / "venv", kept)


@dataclass(frozen=True)
class Packages:
    """What `python -m build` made of a clone."""

    sdist: Path
    wheel: Path


@contextmanager
def stock_server(environment: Environment) -> Iterator[tuple[str, str]]:
    """Start `jupyter lab` with no settings; yield its address with the token, and its log."""
    log = Path(environment.variables["HOME"]) / "server.log"
    with log.open("w") as out:
        server = subprocess.Popen(
            [environment.bin / "jupyter", "lab", "--no-browser", "--allow-root", "--port=0"],
            cwd=environment.variables["HOME"],
            env=environment.variables,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    try:
        address = None
        deadline = time.monotonic() + 60
        while address is None:
            text = log.read_text()
            assert server.poll() is None, text
            assert time.monotonic() < deadline, text
            address = re.search(r"http://127\.0\.0\.1:\d+/\S*\?token=[0-9a-f]{48}", text)
            time.sleep(0.2)
        yield address.group(), log.read_text()
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(30)
