"""Asking Git about a repository, by the program ``git`` itself: it knows worktrees and settings."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from jupyter_secure.errors import InvalidInput, NotFound, NotSetUp

_FIRST_BYTES = 8
_BATCH_BYTES = 1 << 16


@dataclass(frozen=True)
class Repository:
    """A repository with files, by the folder at its top; None of it: what holds for the account."""

    top: Path | None

    @classmethod
    def at(cls, folder: Path) -> Repository:
        """Return the repository that ``folder`` lies in. Raises ``NotFound``, or ``NotSetUp``."""
        if not folder.is_dir():
            raise NotFound(f"There is no folder {folder}.", remedy="Check the path.")
        done = _run(["rev-parse", "--show-toplevel"], folder)
        top = done.stdout.removesuffix(b"\n")
        if done.returncode or not top:
            raise NotFound(
                f"{folder.resolve()} is in no Git repository.",
                why=_last_line(done.stderr),
                remedy="Name one, or make one with `git init`.",
            )
        return cls(Path(os.fsdecode(top)))

    def git(self, *arguments: str, given: bytes | None = None) -> bytes:
        """Return what `git` prints. Raises ``InvalidInput`` with its words if it fails."""
        done = _run(list(arguments), self.top, given)
        if done.returncode:
            raise InvalidInput(
                f"`git {arguments[0]}` failed.", why=_last_line(done.stderr) or "It gave no reason."
            )
        return done.stdout

    def setting(self, name: str) -> str:
        """Return one of Git's settings, "" for none."""
        done = _run(["config", *self._scope, "--get", name], self.top)
        return done.stdout.decode(errors="replace").removesuffix("\n")

    def put_setting(self, name: str, value: str) -> None:
        """Set it, for this repository or for the account."""
        self.git("config", *self._scope, "--replace-all", name, value)

    def drop_settings(self, section: str) -> None:
        """Remove a whole section, if it is there."""
        _run(["config", *self._scope, "--remove-section", section], self.top)

    @property
    def _scope(self) -> list[str]:
        return ["--local"] if self.top else ["--global"]

    def own_file(self, name: str) -> Path:
        """Return a file in Git's own folder, such as ``hooks/pre-commit``."""
        assert self.top is not None
        path = self.git("rev-parse", "--git-path", name).removesuffix(b"\n")
        return self.top / os.fsdecode(path)

    # ── what is stored ──────────────────────────────────────────────────────────────────────────

    def staged(self) -> dict[bytes, bytes]:
        """Return the blobs of the index, by path."""
        found = {}
        for entry in _split(self.git("ls-files", "--stage", "-z")):
            facts, path = entry.split(b"\t", 1)
            mode, blob, _ = facts.split(b" ")
            if mode.startswith(b"100"):
                found[path] = blob
        return found

    def committed(self, *, everything: bool) -> dict[bytes, set[bytes]]:
        """Return the blobs of HEAD, or of all that was ever on a branch, by path."""
        found: dict[bytes, set[bytes]] = {}
        if everything:
            # Not `rev-list --objects`, which names each blob once, whatever paths it was at.
            changes = ("--raw", "-z", "--no-abbrev", "--no-renames", "-m", "--root", "--format=")
            parts = iter(_split(self.git("log", "--all", *changes)))
            for facts in parts:
                # ":100644 100644 BEFORE AFTER M", and the path; a line's end between commits.
                mode, blob = facts.split(b" ")[1], facts.split(b" ")[3]
                path = next(parts)
                if mode.startswith(b"100"):
                    found.setdefault(path, set()).add(blob)
        elif _run(["rev-parse", "--verify", "-q", "HEAD"], self.top).returncode == 0:
            for entry in _split(self.git("ls-tree", "-r", "-z", "HEAD")):
                facts, path = entry.split(b"\t", 1)
                mode, _, blob = facts.split(b" ")
                if mode.startswith(b"100"):
                    found[path] = {blob}
        return found

    def with_driver(self, paths: Iterable[bytes], driver: str) -> set[bytes]:
        """Return those of the paths that .gitattributes give this diff driver."""
        given = b"".join(path + b"\0" for path in paths)
        answer = _split(self.git("check-attr", "--stdin", "-z", "diff", given=given))
        named = zip(answer[::3], answer[2::3], strict=True)
        return {path for path, value in named if value == driver.encode()}

    def beginnings(self, blobs: Iterable[bytes]) -> Iterator[tuple[bytes, bytes]]:
        """Yield each blob with its first bytes; what is no blob is left out."""
        wanted = list(dict.fromkeys(blobs))
        command = ["git", "cat-file", "--batch", "--buffer"]
        for at in range(0, len(wanted), 100):  # both pipes hold that many names: nobody waits
            with subprocess.Popen(
                command, cwd=self.top, stdin=subprocess.PIPE, stdout=subprocess.PIPE
            ) as process:
                assert process.stdin is not None
                assert process.stdout is not None
                process.stdin.write(b"".join(one + b"\n" for one in wanted[at : at + 100]))
                process.stdin.close()
                for _ in wanted[at : at + 100]:
                    name, *facts = process.stdout.readline().split()
                    if len(facts) != 2:
                        continue
                    left = int(facts[1])
                    first = process.stdout.read(min(left, _FIRST_BYTES))
                    left += 1 - len(first)
                    while left:
                        left -= len(process.stdout.read(min(left, _BATCH_BYTES)))
                    if facts[0] == b"blob":
                        yield name, first


def _split(text: bytes) -> list[bytes]:
    return text.split(b"\0")[:-1]


def _run(
    arguments: list[str], folder: Path | None, given: bytes | None = None
) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(
            ["git", *arguments],  # noqa: S607  # whichever the account uses
            cwd=folder,
            input=given,
            capture_output=True,
            check=False,
        )
    except FileNotFoundError:
        raise NotSetUp("The program `git` is not installed.", remedy="Install Git.") from None


def _last_line(text: bytes) -> str:
    lines = text.decode(errors="replace").strip().splitlines()
    return lines[-1].removeprefix("fatal: ") if lines else ""
