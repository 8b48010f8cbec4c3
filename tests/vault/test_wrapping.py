from __future__ import annotations

from dataclasses import replace

import pytest

from jupyter_secure.crypto.aead import InvalidSeal
from jupyter_secure.vault import wrapping
from jupyter_secure.vault.envelope import Core, FileClass, Flags, Header
from jupyter_secure.vault.keys import RootKey

SECRET, VAULT_ID, DATA_KEY = bytes(range(32)), bytes(16), bytes(reversed(range(32)))


def root() -> RootKey:
    # Made where it is used: none stays in memory, which other tests look through.
    return RootKey(SECRET)


KEY = wrapping.derive_wrap_key(root(), VAULT_ID, 1)
PRINT = wrapping.fingerprint(KEY)
CORE = Core(FileClass.CONTENT, Flags.NONE, VAULT_ID, bytes([1]) * 16, 1)
HEADER = Header(CORE, wrapping.wrap(KEY, 1, PRINT, CORE, DATA_KEY))


def test_wrapped_and_unwrapped() -> None:
    """A file's data key comes back from its header, which does not show it."""
    assert wrapping.unwrap(KEY, PRINT, HEADER) == DATA_KEY
    assert DATA_KEY not in bytes(HEADER)
    assert wrapping.root_key_fits(root(), HEADER)


@pytest.mark.parametrize(
    "change",
    [
        {"file_class": FileClass.HISTORY},
        {"flags": Flags.TRUSTED},
        {"vault_id": bytes([2]) * 16},
        {"file_id": bytes([2]) * 16},
        {"file_version": 2},
    ],
    ids=lambda change: next(iter(change)),
)
def test_bound_to_the_header(change: dict[str, object]) -> None:
    """Nothing that the header says can be exchanged without losing the key."""
    with pytest.raises(InvalidSeal):
        wrapping.unwrap(KEY, PRINT, Header(replace(CORE, **change), HEADER.stanza))


def test_bound_to_the_epoch() -> None:
    """Nor can the epoch that the key's name tells."""
    other = replace(HEADER.stanza, epoch=2)
    with pytest.raises(InvalidSeal):
        wrapping.unwrap(KEY, PRINT, Header(CORE, other))


def test_keys_are_told_apart() -> None:
    """Another root key, vault or epoch has another wrap key, with another name."""
    others = [
        wrapping.derive_wrap_key(RootKey(bytes(32)), VAULT_ID, 1),
        wrapping.derive_wrap_key(root(), bytes([1]) * 16, 1),
        wrapping.derive_wrap_key(root(), VAULT_ID, 2),
    ]
    assert len({KEY, *others}) == 4
    assert len({wrapping.fingerprint(key) for key in (KEY, *others)}) == 4
    assert not wrapping.root_key_fits(RootKey(bytes(32)), HEADER)
    for other in others:
        with pytest.raises(InvalidSeal):
            wrapping.unwrap(other, PRINT, HEADER)
