"""``jupyter secure git setup | status``."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from jupyter_secure.cli import terminal
from jupyter_secure.cli.exit_code import DONE, FAILED
from jupyter_secure.errors import InvalidInput
from jupyter_secure.store import places

TEXTS = {
    "setup": (
        """\
Tell Git to show and merge sealed notebooks with jupyter-secure: lines in .gitattributes, which are
committed and hold for everyone, and Git's own settings, which hold for this clone. With --global
both are made for all repositories of this account.""",
        """\
examples:
  jupyter secure git setup
  jupyter secure git setup --hook ~/project
  jupyter secure git setup --global
  jupyter secure git setup --remove""",
    ),
    "status": (
        "Say whether Git shows and merges sealed notebooks here, and whether it can just now.",
        "examples:\n  jupyter secure git status\n  jupyter secure git status --json ~/project",
    ),
}


def add_arguments(parser: argparse.ArgumentParser, action: str) -> None:
    """Add the options of either."""
    parser.add_argument(
        "repository",
        nargs="?",
        type=Path,
        metavar="REPO",
        help="a folder in the repository (default: where you are)",
    )
    if action == "status":
        parser.add_argument("--json", action="store_true", help="print the same as JSON")
        return
    parser.add_argument(
        "--global",
        action="store_true",
        dest="everywhere",
        help="for all repositories of this account",
    )
    parser.add_argument(
        "--key-file",
        type=Path,
        metavar="PATH",
        help="let Git open the vault with this key file, without `git unlock`",
    )
    parser.add_argument(
        "--by-cell",
        action="store_true",
        help="show `git diff` by nbdime, cell by cell (slower; not in `git log` and `git show`)",
    )
    parser.add_argument(
        "--hook", action="store_true", help="refuse commits of notebooks in plain text"
    )
    parser.add_argument("--remove", action="store_true", help="take it all out again")


def run(args: argparse.Namespace) -> int:
    """Install, remove or show."""
    from jupyter_secure.app.git.repository import Repository

    if args.action == "status":
        return _status(args, Repository.at(args.repository or Path()))
    from jupyter_secure.app.git import set_up

    if args.everywhere and (args.repository or args.hook):
        raise InvalidInput("--global is for no repository in particular.", remedy="Name neither.")
    repository = Repository(None) if args.everywhere else Repository.at(args.repository or Path())
    if args.remove:
        set_up.remove(repository)
        print("Git shows sealed notebooks as binary files again.")
        return DONE
    wishes = set_up.Wishes(_patterns(repository.top), _key_file(args.key_file), args.by_cell)
    set_up.set_up(repository, places.state_dir(), wishes)
    if args.hook:
        set_up.put_hook(repository)
    where = "all repositories of this account" if args.everywhere else str(repository.top)
    print(f"Git shows and merges sealed notebooks in {where}.")
    if not args.everywhere:
        print("Commit .gitattributes and .gitignore; each clone needs this command once.")
    if args.key_file is None:
        print("`jupyter secure git unlock` opens the vault for it.")
    return DONE


def _key_file(path: Path | None) -> Path | None:
    if path is not None:
        from jupyter_secure.app.content import files

        files.root_from_key_file(path).wipe()  # says what is wrong with it now, not in `git log`
    return path


def _patterns(top: Path | None) -> tuple[str, ...]:
    from jupyter_secure.app.git.set_up import attribute_patterns
    from jupyter_secure.app.setup.effective_settings import effective_settings, patterns_of
    from jupyter_secure.app.trees.local_place import local_place

    settings = effective_settings()
    root = str(settings.get("ServerApp", "root_dir", "")) or (str(top) if top else "")
    with local_place() as place:
        marked = place.marks.list()
    return attribute_patterns(patterns_of(settings), marked, Path(root).expanduser(), top)


def _status(args: argparse.Namespace, repository: object) -> int:
    from jupyter_secure.app.git import set_up, starting
    from jupyter_secure.app.git.plaintext import find_plain
    from jupyter_secure.app.git.repository import Repository

    assert isinstance(repository, Repository)
    found = set_up.installed(repository)
    left = starting.seconds_left(places.state_dir())
    plain = find_plain(repository, committed=True, history=False)
    if args.json:
        facts = {
            "repository": str(repository.top),
            "textconv": found.textconv,
            "merge": found.merge,
            "drivers_work": found.works,
            "attributes": found.attributes,
            "hook": found.hook,
            "open_seconds": left,
            "plain": [{"path": one.path, "where": one.where} for one in plain],
        }
        print(json.dumps(facts, indent=2))
        return DONE if found.complete and not plain else FAILED
    lines = [
        ("ok", "Git shows and merges sealed notebooks here.")
        if found.complete
        else ("bad", "Git does not know sealed notebooks here: jupyter secure git setup"),
        ("ok", f"The vault is open for Git, {left // 60} min {left % 60} s without use.")
        if left is not None
        else ("warn", "The vault is not open for Git: jupyter secure git unlock"),
        ("ok", "Nothing is staged or committed in plain text.")
        if not plain
        else ("bad", f"{len(plain)} in plain text: jupyter secure git check"),
        ("ok", "Commits are checked.")
        if found.hook
        else ("warn", "Commits are not checked: jupyter secure git setup --hook"),
    ]
    if found.complete and not found.attributes:
        lines.insert(1, ("warn", "This repository has no lines of ours in .gitattributes."))
    for level, text in lines:
        print(f"{terminal.mark(level)} {text}")
    return DONE if found.complete and not plain else FAILED
