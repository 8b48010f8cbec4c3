"""Finding versions in the repository, and what they hold."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from jupyter_secure.history.notebook_key import NotebookKey, damaged
from jupyter_secure.history.version import Version, parse
from jupyter_secure.store.history_branches import Branches
from jupyter_secure.store.history_objects import name_of
from jupyter_secure.store.history_pack import BLOB, COMMIT, ID_BYTES, TREE
from jupyter_secure.store.history_packs import Objects


class Commit(NamedTuple):
    """A version as Git has it; ``person`` is who made it, and when."""

    name: bytes
    tree: bytes
    parent: bytes | None
    person: str
    message: str


def tip_of(objects: Objects, branches: Branches, file_id: bytes) -> Commit | None:
    """Return a notebook's newest version."""
    name = branches.newest(file_id)
    return None if name is None else commit_of(objects, name)


def commits(objects: Objects, branches: Branches, file_id: bytes) -> Iterator[Commit]:
    """Yield a notebook's versions, newest first."""
    commit = tip_of(objects, branches, file_id)
    while commit is not None:
        yield commit
        commit = commit_of(objects, commit.parent) if commit.parent else None


def commit_of(objects: Objects, name: bytes) -> Commit:
    """Return the commit of that id; raises ``CorruptFile`` if there is none."""
    tree, parent, person = b"", None, ""
    try:
        data = objects.get(name, COMMIT)
        if name_of(COMMIT, data) != name:
            raise damaged()  # versions could else lead round and round
        head, _, message = data.decode().partition("\n\n")
        for line in head.split("\n"):
            field, _, value = line.partition(" ")
            if field == "tree":
                tree = bytes.fromhex(value)
            elif field == "parent":
                parent = bytes.fromhex(value)
            elif field == "committer":
                person = value
    except ValueError:
        raise damaged() from None
    if len(tree) != ID_BYTES or len(parent or tree) != ID_BYTES:
        raise damaged()
    return Commit(name, tree, parent, person, message)


def content_of(
    objects: Objects,
    commit: Commit,
    key: NotebookKey,
    file_id: bytes,
    at_hand: dict[bytes, bytes],
) -> tuple[Version, bytes]:
    """Return a version and its content; raises ``CorruptFile`` unless it is what was kept."""
    version = parse(commit.message, key)
    parts, size = [], 0
    for folder in _entries(objects.get(commit.tree, TREE)):
        for chunk in _entries(objects.get(folder, TREE)):
            if chunk not in at_hand:
                at_hand[chunk] = key.open(objects.get(chunk, BLOB))
            parts.append(at_hand[chunk])
            size += len(at_hand[chunk])
            if size > version.size:
                raise damaged()  # one chunk named a million times would fill the memory
    content = b"".join(parts)
    if version.file_id != file_id or not key.is_digest(content, version.digest):
        raise damaged()
    return version, content


def _entries(tree: bytes) -> Iterator[bytes]:
    """Yield the ids in a folder, in its order: mode, space, name, a zero byte, the id."""
    at = 0
    while at < len(tree):
        at = tree.find(b"\0", at) + 1
        name = tree[at : at + ID_BYTES]
        if not at or len(name) != ID_BYTES:
            raise damaged()
        yield name
        at += ID_BYTES
