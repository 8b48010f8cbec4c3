"""Who has seen what."""

from __future__ import annotations

from jupyter_secure.app.content.seen import Seen


def test_it_belongs_to_one_session_and_one_file() -> None:
    """What one session has seen, another has not, nor does it count for another file."""
    seen = Seen()
    seen.add("one", "a")
    assert ("one", "a") in seen
    assert ("two", "a") not in seen
    assert ("one", "b") not in seen


def test_it_follows_a_move() -> None:
    """After a file or its folder was moved, the new name counts and the old does not."""
    seen = Seen()
    for key in ("dir/a", "dir", "directory/b"):
        seen.add("one", key)
    seen.move("dir", "new")
    assert ("one", "new/a") in seen
    assert ("one", "new") in seen
    assert ("one", "dir/a") not in seen
    assert ("one", "directory/b") in seen


def test_it_is_forgotten_for_everyone() -> None:
    """Locking a file anew forgets all who have seen it, and of nothing else."""
    seen = Seen()
    for session, key in (("one", "a"), ("two", "a"), ("one", "b")):
        seen.add(session, key)
    seen.forget("a")
    assert ("one", "a") not in seen
    assert ("two", "a") not in seen
    assert ("one", "b") in seen
