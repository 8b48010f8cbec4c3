from __future__ import annotations

import os
import subprocess
import sys
import textwrap

import pytest

from jupyter_secure.crypto import memory

# A process that says when it is readable and when it should not be any more. It gives up root,
# because root may read everything; changing the account makes it undumpable, hence the prctl.
VICTIM = textwrap.dedent("""
    import ctypes, os, resource, sys
    from jupyter_secure.crypto.memory import protect_process
    if os.geteuid() == 0:
        os.setgid(65534); os.setuid(65534)
        ctypes.CDLL(None).prctl(4, 1, 0, 0, 0)
    print("readable", flush=True)
    sys.stdin.readline()
    print(protect_process(), flush=True)
    sys.stdin.readline()
""")

SNOOP = textwrap.dedent("""
    import os, sys
    if os.geteuid() == 0:
        os.setgid(65534); os.setuid(65534)
    try:
        os.close(os.open(f"/proc/{sys.argv[1]}/mem", os.O_RDONLY))
    except OSError as error:
        print(type(error).__name__)
    else:
        print("read")
""")


def snoop(pid: int) -> str:
    """Try to open another process's memory, as a process of the same account."""
    command = [sys.executable, "-c", SNOOP, str(pid)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def test_wipe_leaves_zeros() -> None:
    """A wiped buffer keeps its length and holds only zeros."""
    buffer = bytearray(b"secret")
    memory.wipe(buffer)
    assert buffer == bytes(6)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has /proc and PR_SET_DUMPABLE")
def test_other_processes_cannot_read_a_protected_one() -> None:
    """What another process of the account could read before, it cannot read after protecting."""
    with subprocess.Popen(
        [sys.executable, "-c", VICTIM],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        bufsize=1,
    ) as victim:
        assert victim.stdin is not None
        assert victim.stdout is not None
        assert victim.stdout.readline() == "readable\n"
        assert snoop(victim.pid) == "read"
        victim.stdin.write("\n")
        assert victim.stdout.readline() == "[]\n"
        assert snoop(victim.pid) == "PermissionError"
        victim.stdin.write("\n")


@pytest.mark.skipif(os.name != "posix", reason="only POSIX has a core limit")
def test_no_core_is_written() -> None:
    """Protecting sets the limit on core files to nothing."""
    code = (
        "import resource\nfrom jupyter_secure.crypto.memory import protect_process\n"
        "protect_process()\nprint(resource.getrlimit(resource.RLIMIT_CORE))"
    )
    command = [sys.executable, "-c", code]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "(0, 0)\n"


@pytest.mark.parametrize(
    ("failing", "words"), [("_refuse_tracing", "read its memory"), ("_refuse_core", "core file")]
)
def test_what_could_not_be_had_is_said(
    monkeypatch: pytest.MonkeyPatch, failing: str, words: str
) -> None:
    """Protection that the system does not offer is reported in words."""
    monkeypatch.setattr(memory, "_refuse_tracing", lambda: True)
    monkeypatch.setattr(memory, "_refuse_core", lambda: True)
    assert memory.protect_process() == []
    monkeypatch.setattr(memory, failing, lambda: False)
    (missing,) = memory.protect_process()
    assert words in missing
