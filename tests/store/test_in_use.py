from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from jupyter_secure.errors import Conflict, StateUnusable
from jupyter_secure.store.in_use import IN_USE_FILE, InUse, alone

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there is no flock")


def test_servers_share(tmp_path: Path) -> None:
    """Any number of servers use a state directory at once; closing twice is fine."""
    with InUse.take(tmp_path) as one, InUse.take(tmp_path):
        one.close()
    with alone(tmp_path):
        pass


def test_alone(tmp_path: Path) -> None:
    """Beside a server, or another one alone, nobody is; and beside that no server starts."""
    with InUse.take(tmp_path), pytest.raises(Conflict, match="Stop it"), alone(tmp_path):
        raise AssertionError("not alone")
    with alone(tmp_path):
        with pytest.raises(StateUnusable, match="being changed"):
            InUse.take(tmp_path)
        with pytest.raises(Conflict), alone(tmp_path):
            raise AssertionError("not alone")
    InUse.take(tmp_path).close()


def test_killed(tmp_path: Path) -> None:
    """A server that was killed is not taken to be there."""
    program = (
        "import sys, time; from pathlib import Path\n"
        "from jupyter_secure.store.in_use import InUse\n"
        "held = InUse.take(Path(sys.argv[1])); print('held', flush=True); time.sleep(60)"
    )
    variables = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    with subprocess.Popen(
        [sys.executable, "-c", program, tmp_path], env=variables, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        with pytest.raises(Conflict), alone(tmp_path):
            raise AssertionError("not alone")
        process.send_signal(signal.SIGKILL)
    with alone(tmp_path):
        pass


def test_no_place(tmp_path: Path) -> None:
    """Where the mark cannot be made it says which file, and what to do."""
    with pytest.raises(StateUnusable, match=IN_USE_FILE):
        InUse.take(tmp_path / "missing")
