from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from jupyter_secure.errors import StateUnusable
from jupyter_secure.store.one_writer import OneWriter

# Counts in a file: read, wait, write. Two at once would lose some.
COUNT = """
import sys, time
from pathlib import Path
from jupyter_secure.store.one_writer import OneWriter
state, number = Path(sys.argv[1]), Path(sys.argv[1], "number")
writer = OneWriter(state)
for _ in range(20):
    with writer:
        count = int(number.read_text())
        time.sleep(0.002)
        number.write_text(str(count + 1))
"""


def test_one_process_at_a_time(tmp_path: Path) -> None:
    """No two processes are ever between reading and writing."""
    (tmp_path / "number").write_text("0")
    command = [sys.executable, "-c", COUNT, str(tmp_path)]
    processes = [subprocess.Popen(command) for _ in range(3)]
    assert [process.wait(timeout=60) for process in processes] == [0, 0, 0]
    assert (tmp_path / "number").read_text() == "60"


def test_one_thread_at_a_time(tmp_path: Path) -> None:
    """Nor are two threads of one process; one that holds it may take it again."""
    writer, inside, most = OneWriter(tmp_path), [0], [0]

    def work() -> None:
        for _ in range(20):
            with writer, writer:
                inside[0] += 1
                most[0] = max(most[0], inside[0])
                time.sleep(0.001)
                inside[0] -= 1

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1]


def test_a_killed_process_holds_nothing(tmp_path: Path) -> None:
    """Who is killed while writing keeps nobody waiting."""
    hold = "import sys,time; from pathlib import Path; " + (
        "from jupyter_secure.store.one_writer import OneWriter\n"
        "with OneWriter(Path(sys.argv[1])):\n    print('in', flush=True); time.sleep(60)"
    )
    command = [sys.executable, "-c", hold, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"in\n"
        process.kill()
    with OneWriter(tmp_path):
        pass


def test_no_directory(tmp_path: Path) -> None:
    """Without a state directory nothing is written, and it says what to do; nothing stays held."""
    writer = OneWriter(tmp_path / "none")
    for _ in range(2):
        with pytest.raises(StateUnusable, match="write access"), writer:
            pass
    (tmp_path / "none").mkdir()
    with writer:
        pass
