"""Telling Git to use our drivers, in one repository or for all of the account, and not to."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from jupyter_secure.app.git import blocks, driver
from jupyter_secure.app.git.repository import Repository
from jupyter_secure.errors import Conflict
from jupyter_secure.store.atomic import write_atomically

#: The name of the drivers, in .gitattributes and in Git's settings.
DRIVER = "jupyter-secure"
_SECTIONS = (f"diff.{DRIVER}", f"merge.{DRIVER}")
_HOOK_LINE = "# jupyter-secure: refuses notebooks in plain text"


@dataclass(frozen=True)
class Wishes:
    """What Git is to be told: what is sealed, by patterns of .gitattributes, and how to open it."""

    patterns: tuple[str, ...] = ("*.ipynb",)
    key_file: Path | None = None
    by_cell: bool = False


def set_up(repository: Repository, state: Path, wishes: Wishes) -> None:
    """Install the drivers, the attributes and what is to be ignored. Twice changes nothing."""
    program = [sys.executable, "-I", "-S", str(Path(driver.__file__).resolve())]
    program += [str(state), str(wishes.key_file.absolute()) if wishes.key_file else ""]
    command = " ".join(shlex.quote(word) for word in program)
    settings = {
        "diff.{}.textconv": f"{command} textconv",
        # What was converted would be kept in the repository, in plain text.
        "diff.{}.cachetextconv": "false",
        "diff.{}.xfuncname": "^── .*$",
        "merge.{}.name": "sealed notebooks, by jupyter-secure",
        "merge.{}.driver": f"{command} merge %O %A %B %L %P",
        # Between several common ancestors nothing is merged: a base with conflicts helps nobody.
        "merge.{}.recursive": "binary",
    }
    if wishes.by_cell:
        settings["diff.{}.command"] = f"{command} compare"
    _drop(repository)
    for name, value in settings.items():
        repository.put_setting(name.format(DRIVER), value)
    attributes = [f"{one} -text diff={DRIVER} merge={DRIVER}" for one in wishes.patterns]
    for path in _attributes(repository):
        blocks.put(path, attributes)
    blocks.put(_ignored(repository), [".ipynb_checkpoints/"])


def remove(repository: Repository) -> None:
    """Take it all out again; what others wrote stays."""
    _drop(repository)
    for path in _attributes(repository):
        blocks.put(path, [])
    blocks.put(_ignored(repository), [])
    if repository.top is not None and _is_ours(hook := repository.own_file("hooks/pre-commit")):
        hook.unlink()


def put_hook(repository: Repository) -> None:
    """Let every commit be checked for plain notebooks. Raises ``Conflict`` beside another hook."""
    path = repository.own_file("hooks/pre-commit")
    command = " ".join(shlex.quote(word) for word in _check_command())
    if path.exists() and not _is_ours(path):
        raise Conflict(
            f"There is a hook already: {path}.",
            why="It is not ours to change.",
            remedy=f"Add this line to it: {command} || exit 1",
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, f"#!/bin/sh\n{_HOOK_LINE}\nexec {command}\n".encode())
    path.chmod(0o755)


def _check_command() -> list[str]:
    # Not the driver's quick way: a commit comes seldom.
    script = "import sys; sys.path[:] = filter(None, sys.path); "
    script += "from jupyter_secure.cli.main import main; sys.exit(main())"
    return [sys.executable, "-c", script, "git", "check", "--staged"]


@dataclass(frozen=True)
class Installed:
    """What of it is there."""

    textconv: bool
    merge: bool
    attributes: bool
    hook: bool
    works: bool

    @property
    def complete(self) -> bool:
        """Whether Git shows and merges sealed notebooks."""
        return self.textconv and self.merge and self.works


def installed(repository: Repository) -> Installed:
    """Return what of it is there; what is set for the account counts in each repository."""
    everywhere = Repository(None)
    commands = [
        repository.setting(name) or everywhere.setting(name)
        for name in (f"diff.{DRIVER}.textconv", f"merge.{DRIVER}.driver")
    ]
    return Installed(
        textconv=bool(commands[0]),
        merge=bool(commands[1]),
        attributes=all(blocks.present(path) for path in _attributes(repository)),
        hook=repository.top is not None and _is_ours(repository.own_file("hooks/pre-commit")),
        works=all(_can_start(command) for command in commands),
    )


def _can_start(command: str) -> bool:
    # The environment that it was set up from may be gone.
    words = shlex.split(command)
    return len(words) > 3 and os.access(words[0], os.X_OK) and os.path.isfile(words[3])


def attribute_patterns(
    encrypt: Iterable[str], marked: Iterable[str], root: Path, top: Path | None
) -> tuple[str, ...]:
    """Return the patterns of .gitattributes for what a server at ``root`` seals below ``top``.

    Rather one too many: a file that is not sealed is shown by the drivers as it is.
    """
    wanted = [one for one in encrypt if "/" not in one]
    if top is not None:
        real, here = root.resolve(), top.resolve()
        inner = [f"{folder}/**" for folder in marked] + [one for one in encrypt if "/" in one]
        for pattern in inner:
            for form in {pattern, pattern.replace("*", "**") if "**" not in pattern else pattern}:
                path = real / form.lstrip("/")
                if path.is_relative_to(here):
                    wanted.append("/" + path.relative_to(here).as_posix())
                elif here.is_relative_to(path.parent) and form.endswith("/**"):
                    wanted.append("**")
    return tuple(_quoted(one) for one in dict.fromkeys(wanted or ["*.ipynb"]))


def _quoted(pattern: str) -> str:
    # gitattributes(5): what begins with a double quote is taken as a string of C.
    if pattern.isprintable() and " " not in pattern and pattern[0] not in '"#!':
        return pattern
    raw = pattern.encode(errors="surrogateescape")
    return (
        '"'
        + "".join(chr(c) if 32 <= c < 127 and c not in b'"\\' else f"\\{c:03o}" for c in raw)
        + '"'
    )


def _drop(repository: Repository) -> None:
    for section in _SECTIONS:
        repository.drop_settings(section)


def _attributes(repository: Repository) -> list[Path]:
    if repository.top is None:
        return [_global_file(repository, "core.attributesFile", "attributes")]
    # The first goes to everyone with a commit. The second holds in this clone for commits from
    # before that too: Git reads the first from the files that are checked out.
    return [repository.top / ".gitattributes", repository.own_file("info/attributes")]


def _ignored(repository: Repository) -> Path:
    if repository.top is not None:
        return repository.top / ".gitignore"
    return _global_file(repository, "core.excludesFile", "ignore")


def _global_file(repository: Repository, setting: str, name: str) -> Path:
    if given := repository.setting(setting):
        return Path(given).expanduser()
    base = os.environ.get("XDG_CONFIG_HOME")
    return (Path(base) if base else Path("~/.config").expanduser()) / "git" / name


def _is_ours(hook: Path) -> bool:
    try:
        return _HOOK_LINE.encode() in hook.read_bytes()
    except OSError:
        return False
