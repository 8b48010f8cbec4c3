"""Seal and open a large file on the command line, beside age, gocryptfs and a plain copy."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from support.home import PASSWORD

from benchmarks.measuring import Plan, Row
from benchmarks.servers import SECURED, Server
from benchmarks.timing import in_turns

COPY, AGE, GOCRYPTFS = "cp", "age", "gocryptfs"
_PIECE = 1 << 20
# Where a file is no matter of any disk; and how many there are at a time.
_IN_MEMORY = Path("/dev/shm")  # everything is in a folder of its own below
_FILES = 4


@dataclass(frozen=True)
class _Place:
    """A folder with a plain file, what is made of it, and the same opened again."""

    server: Server
    folder: Path

    @property
    def plain(self) -> Path:
        return self.folder / "plain"

    @property
    def sealed(self) -> Path:
        return self.folder / "sealed"

    @property
    def opened(self) -> Path:
        return self.folder / "opened"

    def seal(self) -> float:
        return _anew(self.sealed, partial(seal, self.server, self.plain, self.sealed))

    def open(self) -> float:
        return _anew(self.opened, partial(_open, self.server, self.sealed, self.opened))

    def clear(self) -> None:
        for path in (self.plain, self.sealed, self.opened):
            path.unlink(missing_ok=True)


def measure(servers: dict[str, Server], plan: Plan) -> Iterator[Row]:
    """Yield rows for each of the other programs that is here, and for the memory of ours."""
    server = servers[SECURED]
    label, size = plan.large
    place = _Place(server, server.path)
    fill(place.plain, size)
    place.seal()
    yield from _beside_age(place, f"{label} on the command line", plan)
    yield from _beside_gocryptfs(place, label, plan)
    yield from _memory(server, label, place.plain, place.sealed, place.opened)
    place.clear()
    yield from _without_the_disk(server, plan)


def _beside_age(place: _Place, what: str, plan: Plan) -> Iterator[Row]:
    """Yield rows beside age and a plain copy, which is the least that the disk takes for it."""
    sealing, opening = _copies(place), _copies(place)
    other = place.folder / "age-sealed"
    if shutil.which("age") and shutil.which("age-keygen"):
        key = place.folder / "age-key.txt"
        key.unlink(missing_ok=True)
        subprocess.run(["age-keygen", "-o", key], check=True, capture_output=True)
        public = subprocess.run(
            ["age-keygen", "-y", key], check=True, capture_output=True, text=True
        ).stdout.strip()
        encrypt = ["age", "-r", public, "-o", str(other), str(place.plain)]
        decrypt = ["age", "-d", "-i", str(key), "-o", str(place.opened), str(other)]
        sealing[AGE] = partial(_run, encrypt, other)
        opening[AGE] = partial(_run, decrypt, place.opened)
    else:
        print("large-files: age is not installed (apt-get install age); left out.")
    rounds = plan.rounds(6)
    yield Row(f"seal {what}", in_turns({**sealing, SECURED: place.seal}, rounds=rounds))
    yield Row(f"open {what}", in_turns({**opening, SECURED: place.open}, rounds=rounds))
    other.unlink(missing_ok=True)


def _copies(place: _Place) -> dict[str, Callable[[], float]]:
    # A file system that can would else only note that the two are the same.
    command = ["cp", "--reflink=never", str(place.plain), str(place.opened)]
    return {COPY: partial(_run, command, place.opened)}


def _without_the_disk(server: Server, plan: Plan) -> Iterator[Row]:
    """Yield the same for files in memory."""
    label, size = plan.large
    room = shutil.disk_usage(_IN_MEMORY).free if _IN_MEMORY.is_dir() else 0
    if room < _FILES * size:
        print(f"large-files: {_IN_MEMORY} has no room for {_FILES} files of {label}; left out.")
        return
    with tempfile.TemporaryDirectory(dir=_IN_MEMORY, prefix="large-files-") as folder:
        place = _Place(server, Path(folder))
        fill(place.plain, size)
        place.seal()
        yield from _beside_age(place, f"{label} in memory", plan)


def _beside_gocryptfs(place: _Place, label: str, plan: Plan) -> Iterator[Row]:
    try:
        with _mounted(place.folder) as folder:
            inside = folder / "file"
            write = ["dd", f"if={place.plain}", f"of={inside}", "bs=1M", "status=none"]
            read = ["dd", f"if={inside}", f"of={place.opened}", "bs=1M", "status=none"]
            rounds = plan.rounds(6)
            writes = {GOCRYPTFS: partial(_run, write, inside), SECURED: place.seal}
            yield Row(f"seal {label}, and write it to gocryptfs", in_turns(writes, rounds=rounds))
            reads = {GOCRYPTFS: partial(_run, read, place.opened), SECURED: place.open}
            yield Row(f"open {label}, and read it from gocryptfs", in_turns(reads, rounds=rounds))
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


def _run(command: Sequence[str], target: Path) -> float:
    """Return how long ``command`` takes to make ``target``, until that is on the disk."""
    target.unlink(missing_ok=True)
    started = time.perf_counter()
    subprocess.run(command, check=True)
    # What ours has written is on the disk when it returns, so this must be too.
    descriptor = os.open(target, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)
    return time.perf_counter() - started
