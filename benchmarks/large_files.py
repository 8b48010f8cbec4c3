"""Seal and open a large file on the command line, beside age and a folder of gocryptfs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from support.home import PASSWORD

from benchmarks.measuring import Plan, Row
from benchmarks.servers import SECURED, Server
from benchmarks.timing import in_turns

AGE, GOCRYPTFS = "age", "gocryptfs"
_PIECE = 1 << 20


def measure(servers: dict[str, Server], plan: Plan) -> Iterator[Row]:
    """Yield rows for each of the other programs that is here, and for the memory of ours."""
    server = servers[SECURED]
    label, size = plan.large
    plain, sealed, opened = (server.path / name for name in ("plain", "sealed", "opened"))
    fill(plain, size)
    ours_seal = partial(_anew, sealed, partial(seal, server, plain, sealed))
    ours_open = partial(_anew, opened, partial(_open, server, sealed, opened))
    ours_seal()
    yield from _beside_age(server, label, plan, plain, opened, ours_seal, ours_open)
    yield from _beside_gocryptfs(server, label, plan, plain, opened, ours_seal, ours_open)
    yield from _memory(server, label, plain, sealed, opened)
    for path in (plain, sealed, opened):
        path.unlink(missing_ok=True)


def _beside_age(
    server: Server,
    label: str,
    plan: Plan,
    plain: Path,
    opened: Path,
    ours_seal: Callable[[], float],
    ours_open: Callable[[], float],
) -> Iterator[Row]:
    if not (shutil.which("age") and shutil.which("age-keygen")):
        print("large-files: age is not installed (apt-get install age); left out.")
        return
    key, other = server.path / "age-key.txt", server.path / "age-sealed"
    subprocess.run(["age-keygen", "-o", key], check=True, capture_output=True)
    public = subprocess.run(
        ["age-keygen", "-y", key], check=True, capture_output=True, text=True
    ).stdout.strip()
    encrypt = ["age", "-r", public, "-o", str(other), str(plain)]
    decrypt = ["age", "-d", "-i", str(key), "-o", str(opened), str(other)]
    rounds = plan.rounds(6)
    yield Row(
        f"seal {label} on the command line",
        in_turns({AGE: partial(_run, encrypt), SECURED: ours_seal}, rounds=rounds),
    )
    yield Row(
        f"open {label} on the command line",
        in_turns({AGE: partial(_run, decrypt), SECURED: ours_open}, rounds=rounds),
    )
    other.unlink()


def _beside_gocryptfs(
    server: Server,
    label: str,
    plan: Plan,
    plain: Path,
    opened: Path,
    ours_seal: Callable[[], float],
    ours_open: Callable[[], float],
) -> Iterator[Row]:
    try:
        with _mounted(server.path) as folder:
            inside = folder / "file"
            write = ["dd", f"if={plain}", f"of={inside}", "bs=1M", "status=none"]
            read = ["dd", f"if={inside}", f"of={opened}", "bs=1M", "status=none"]
            rounds = plan.rounds(6)
            yield Row(
                f"seal {label}, and write it to gocryptfs",
                in_turns({GOCRYPTFS: partial(_run, write), SECURED: ours_seal}, rounds=rounds),
            )
            yield Row(
                f"open {label}, and read it from gocryptfs",
                in_turns({GOCRYPTFS: partial(_run, read), SECURED: ours_open}, rounds=rounds),
            )
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"large-files: gocryptfs cannot be mounted here ({error}); left out.")


@contextmanager
def _mounted(beside: Path) -> Iterator[Path]:
    encrypted, folder = beside / "gocryptfs", beside / "mounted"
    for path in (encrypted, folder):
        path.mkdir()
    for options in (["-init", encrypted], [encrypted, folder]):
        command = ["gocryptfs", "-q", *options]
        subprocess.run(command, input=PASSWORD.encode(), check=True, capture_output=True)
    try:
        yield folder
    finally:
        subprocess.run(["fusermount3", "-u", folder], check=False)


def _memory(server: Server, label: str, plain: Path, sealed: Path, opened: Path) -> Iterator[Row]:
    tiny, tiny_sealed = server.path / "tiny", server.path / "tiny-sealed"
    tiny.write_bytes(b"x")
    for action, small, large in (
        ("seal", partial(seal, server, tiny, tiny_sealed), partial(seal, server, plain, sealed)),
        (
            "open",
            partial(_open, server, tiny_sealed, opened),
            partial(_open, server, sealed, opened),
        ),
    ):
        taken = {"one byte": partial(_peak, small), f"{label}": partial(_peak, large)}
        yield Row(f"{action} {label}: memory", in_turns(taken, rounds=3, warm_up=0), unit="MiB")
    for path in (tiny, tiny_sealed):
        path.unlink()


def _peak(command: Callable[[], None]) -> float:
    """Return the most memory, in MiB, that the processes which ``command`` starts take at once."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        command()
        import resource

        most = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
        os.write(writing, str(most).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        taken = int(pipe.read()) / 1024
    os.waitpid(child, 0)
    return taken


def fill(path: Path, size: int) -> None:
    """Write a file of ``size`` random bytes, which nothing on the way can make smaller."""
    with path.open("wb") as file:
        for _ in range(size // _PIECE):
            file.write(os.urandom(_PIECE))
        file.flush()
        os.fsync(file.fileno())


def seal(
    server: Server, plain: Path, sealed: Path | None = None, *, in_place: bool = False
) -> None:
    """Seal a file on the command line, into another one or where it is."""
    output = [] if in_place else ["--force", "-o", str(sealed)]
    _ours(server, "seal", [str(plain), *output])


def _open(server: Server, sealed: Path, opened: Path) -> None:
    _ours(server, "open", [str(sealed), "--force", "-o", str(opened)])


def _ours(server: Server, action: str, arguments: Sequence[str]) -> None:
    assert server.home is not None
    command = [sys.executable, "-c", "from jupyter_secure.cli.main import main; exit(main())"]
    account = ["--username", server.home.username, "--password-stdin"]
    subprocess.run(
        [*command, "vault", action, *account, *arguments],
        input=PASSWORD.encode(),
        env=server.variables,
        cwd=server.work,
        stdout=subprocess.DEVNULL,
        check=True,
    )


def _anew(target: Path, command: Callable[[], None]) -> float:
    """Return how long it takes where there is nothing yet: giving up a large file takes long."""
    target.unlink(missing_ok=True)
    started = time.perf_counter()
    command()
    return time.perf_counter() - started


def _run(command: Sequence[str]) -> float:
    output = next((one for one in command if one.startswith("of=")), "").removeprefix("of=")
    target = Path(output or command[command.index("-o") + 1])
    target.unlink(missing_ok=True)
    started = time.perf_counter()
    subprocess.run(command, check=True)
    # What ours has written is on the disk when it returns, so this must be too.
    descriptor = os.open(target, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)
    return time.perf_counter() - started
