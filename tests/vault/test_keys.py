from __future__ import annotations

import pickle
from copy import copy, deepcopy

import pytest

from jupyter_secure.crypto import memory
from jupyter_secure.errors import VaultSealed
from jupyter_secure.vault.keys import RootKey

KEY = bytes(range(32))


def test_purposes_give_unrelated_keys() -> None:
    """Each purpose has its own key, the same each time, and none is the root key."""
    root = RootKey(KEY)
    one, two = root.derive(b"one"), root.derive(b"two")
    assert one == RootKey.from_bytes(KEY).derive(b"one")
    assert len({one, two, KEY}) == 3


def test_generated_keys_differ() -> None:
    """No two generated root keys are the same."""
    assert RootKey.generate().expose() != RootKey.generate().expose()


@pytest.mark.parametrize("size", [0, 16, 31, 33])
def test_other_lengths_are_refused(size: int) -> None:
    """A root key has 32 bytes and nothing else."""
    with pytest.raises(ValueError, match="32 bytes"):
        RootKey(bytes(size))


def test_a_wiped_key_derives_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wiping overwrites the bytes, and after it every use says that the vault is sealed."""
    overwritten: list[bytes] = []
    wipe = memory.wipe

    def watched(buffer: bytearray) -> None:
        overwritten.append(bytes(buffer))
        wipe(buffer)

    monkeypatch.setattr(memory, "wipe", watched)
    root = RootKey(KEY)
    root.wipe()
    root.wipe()
    assert overwritten == [KEY, b""]
    for use in (lambda: root.derive(b"one"), root.expose, root.copy):
        with pytest.raises(VaultSealed):
            use()


def test_a_copy_outlives_the_original() -> None:
    """Each holder wipes its own copy only."""
    root = RootKey(KEY)
    held = root.copy()
    root.wipe()
    assert held.expose() == KEY


def test_the_given_buffer_is_copied() -> None:
    """Wiping the buffer that a key was made from does not change the key."""
    buffer = bytearray(KEY)
    root = RootKey(buffer)
    buffer[:] = bytes(32)
    assert root.expose() == KEY


def test_a_key_does_not_show_itself() -> None:
    """Neither printing nor formatting a key shows any of it."""
    root = RootKey(b"S" * 32)
    assert {repr(root), str(root), f"{root}"} == {"RootKey(…)"}


def test_a_key_does_not_leave_the_process() -> None:
    """A key is neither pickled nor copied behind its owner's back."""
    for carry in (pickle.dumps, copy, deepcopy):
        with pytest.raises(TypeError, match="not pickled"):
            carry(RootKey(KEY))
