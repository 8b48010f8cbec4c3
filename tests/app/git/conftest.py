from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.gits import Person, person, vault_for_two

from jupyter_secure.app.git.open_vault import OpenVault


@pytest.fixture(scope="session")
def made() -> tuple[object, object]:
    """One vault for all: each password takes its time."""
    return vault_for_two()


@pytest.fixture
def alice(tmp_path: Path, made: tuple) -> Person:  # type: ignore[type-arg]
    """Alice, with a state of her own."""
    return person("alice", tmp_path / "alice", *made)


@pytest.fixture
def opened(alice: Person) -> Iterator[OpenVault]:
    """Her vault, open for Git."""
    vault = OpenVault(alice.state, alice.root)
    yield vault
    vault.close()
