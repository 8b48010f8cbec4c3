"""Capabilities: one run of one kernel, one folder, and no longer than it runs."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from jupyter_secure.app.kernels.access import Capabilities, Capability
from jupyter_secure.locks import Lock as FileLock
from jupyter_secure.locks import LockMode, check_read


class Kernel:
    """A kernel that runs until it is told to stop."""

    running = True

    def runs(self) -> bool:
        return self.running


def test_a_token_is_256_bits_and_never_twice_the_same() -> None:
    """Nobody guesses a capability."""
    capabilities = Capabilities()
    tokens = {capabilities.issue(f"k{n}", "", None, lambda: True) for n in range(100)}
    assert len(tokens) == 100
    assert {len(bytes.fromhex(token)) for token in tokens} == {32}


def test_the_token_itself_is_not_kept() -> None:
    """What is in memory does not open anything."""
    capabilities = Capabilities()
    token = capabilities.issue("k", "", "alice", lambda: True)
    assert token not in repr(vars(capabilities))


def test_a_token_leads_to_its_kernel() -> None:
    """A capability knows the kernel, its folder and who started it."""
    capabilities = Capabilities()
    token = capabilities.issue("k", "a/b", "alice", lambda: True)
    found = capabilities.find(token)
    assert found is not None
    assert (found.kernel_id, found.folder, found.account) == ("k", "a/b", "alice")


@pytest.mark.parametrize("token", ["", "x", "\udc80", "0" * 64, "a" * 1_000_000])
def test_an_unknown_token_leads_nowhere(token: str) -> None:
    """Whatever is not a token is refused, and nothing breaks."""
    capabilities = Capabilities()
    capabilities.issue("k", "", None, lambda: True)
    assert capabilities.find(token) is None


def _end(capabilities: Capabilities, _: Kernel) -> None:
    capabilities.end("k")


def _end_all(capabilities: Capabilities, _: Kernel) -> None:
    capabilities.end_all()


def _restart(capabilities: Capabilities, _: Kernel) -> None:
    capabilities.issue("k", "", "alice", lambda: True)


def _stop(_: Capabilities, kernel: Kernel) -> None:
    kernel.running = False


@pytest.mark.parametrize("end", [_end, _end_all, _restart, _stop])
def test_a_token_ends_with_the_run(end: Callable[[Capabilities, Kernel], None]) -> None:
    """Ended, restarted, or only seen to have stopped: the old token is worthless at once."""
    capabilities, kernel = Capabilities(), Kernel()
    token = capabilities.issue("k", "", "alice", kernel.runs)
    assert capabilities.find(token) is not None
    end(capabilities, kernel)
    assert capabilities.find(token) is None


def test_ending_one_kernel_leaves_the_others() -> None:
    """Each kernel has its own."""
    capabilities = Capabilities()
    capabilities.issue("one", "", None, lambda: True)
    token = capabilities.issue("two", "", None, lambda: True)
    capabilities.end("one")
    assert capabilities.find(token) is not None


def test_the_end_of_a_run_that_was_replaced_does_not_end_the_next() -> None:
    """Whoever is late with the end of an old run takes nothing from the new one."""
    capabilities = Capabilities()
    old = capabilities.find(capabilities.issue("k", "", None, lambda: True))
    token = capabilities.issue("k", "", None, lambda: True)
    assert old is not None
    assert not capabilities.end_run(old), "the kernel has another one"
    new = capabilities.find(token)
    assert new is not None
    assert capabilities.end_run(new)
    assert capabilities.list() == ()


@pytest.mark.parametrize(
    ("folder", "key", "reached"),
    [
        ("", "x.csv", True),
        ("", "", True),
        ("", "/elsewhere/x.csv", False),
        ("a", "a/x.csv", True),
        ("a", "a", True),
        ("a", "a/b/c/x.csv", True),
        ("a", "ab/x.csv", False),
        ("a", "x.csv", False),
        ("a/b", "a/x.csv", False),
        ("a", "/a/x.csv", False),
    ],
)
def test_a_capability_reaches_its_folder_and_what_is_below(
    folder: str, key: str, reached: bool
) -> None:
    """A folder with the same beginning is another one, and so is everything outside the root."""
    assert Capability("k", folder, None, lambda: True).reaches(key) is reached


def test_a_kernel_is_never_elevated() -> None:
    """A kernel does not open what its own starter locked."""
    from jupyter_secure.errors import ElevationRequired
    from jupyter_secure.identity.clock import utc_now

    actor = Capability("k", "", "alice", lambda: True).actor
    lock = FileLock("x", None, LockMode.PRIVATE, "alice", utc_now())
    with pytest.raises(ElevationRequired):
        check_read(lock, actor)


def test_only_running_kernels_that_were_given_data_need_the_vault() -> None:
    """A kernel that never asked for data does not keep the keys in memory, nor one that ended."""
    capabilities, kernel = Capabilities(), Kernel()
    capability = capabilities.find(capabilities.issue("k", "", None, kernel.runs))
    assert capability is not None
    assert not capabilities.any_given()
    capabilities.note_given(capability)
    assert capabilities.any_given()
    kernel.running = False
    assert not capabilities.any_given()
    kernel.running = True
    capabilities.end("k")
    assert not capabilities.any_given()


def test_what_an_earlier_run_was_given_is_not_held_any_more() -> None:
    """A request that a run began is asked again at its end: a later run's capability is another."""
    capabilities, kernel = Capabilities(), Kernel()
    first = capabilities.find(capabilities.issue("k", "", None, kernel.runs))
    assert first is not None
    assert capabilities.holds(first)
    second = capabilities.find(capabilities.issue("k", "", None, kernel.runs))
    assert second is not None
    assert (capabilities.holds(first), capabilities.holds(second)) == (False, True)
    kernel.running = False
    assert not capabilities.holds(second)
