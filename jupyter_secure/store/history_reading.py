"""Finding versions in the repository, and what they hold."""

from __future__ import annotations

from collections.abc import Iterator

import pygit2

from jupyter_secure.history.notebook_key import NotebookKey, damaged
from jupyter_secure.history.version import parse

#: What the names of the notebooks' branches begin with.
NOTEBOOKS = "refs/notebooks/"


def tip_of(git: pygit2.Repository, file_id: bytes) -> pygit2.Commit | None:
    """Return a notebook's newest version."""
    reference = git.references.get(NOTEBOOKS + file_id.hex())
    return None if reference is None else as_commit(git, reference.target)


def commits(git: pygit2.Repository | None, file_id: bytes) -> Iterator[pygit2.Commit]:
    """Yield a notebook's versions, newest first."""
    commit = None if git is None else tip_of(git, file_id)
    while git is not None and commit is not None:
        yield commit
        commit = as_commit(git, commit.parent_ids[0]) if commit.parent_ids else None


def branches(git: pygit2.Repository) -> Iterator[tuple[str, pygit2.Oid | str]]:
    """Yield the file id, in hexadecimal, and the newest commit of every notebook."""
    for reference in git.references.iterator():
        if reference.name.startswith(NOTEBOOKS):
            yield reference.name.removeprefix(NOTEBOOKS), reference.target


def as_commit(git: pygit2.Repository | None, target: pygit2.Oid | str) -> pygit2.Commit:
    """Return the commit of that id; raises ``CorruptFile`` if there is none."""
    found: object = None if git is None else git.get(target)
    if not isinstance(found, pygit2.Commit):
        raise damaged()
    return found


def content_of(
    commit: pygit2.Commit, key: NotebookKey, file_id: bytes, at_hand: dict[pygit2.Oid, bytes]
) -> bytes:
    """Return the content of one version; raises ``CorruptFile`` unless it is what was kept."""
    version = parse(commit.message, key)
    parts = []
    for folder in commit.tree:
        for chunk in _entries(folder):
            if not isinstance(chunk, pygit2.Blob):
                raise damaged()
            if chunk.id not in at_hand:
                at_hand[chunk.id] = key.open(chunk.data)
            parts.append(at_hand[chunk.id])
    content = b"".join(parts)
    if version.file_id != file_id or not key.is_digest(content, version.digest):
        raise damaged()
    return content


def _entries(tree: pygit2.Object) -> Iterator[pygit2.Object]:
    if not isinstance(tree, pygit2.Tree):
        raise damaged()
    yield from tree
