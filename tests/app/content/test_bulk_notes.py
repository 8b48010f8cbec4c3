from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from jupyter_secure.app.content import bulk_notes
from jupyter_secure.app.content.bulk_notes import BulkNotes
from jupyter_secure.app.content.in_place import Hooks, open_in_place, seal_in_place
from jupyter_secure.app.content.opening import sealing_of
from jupyter_secure.app.content.provenance import Provenance
from jupyter_secure.errors import RolledBack, Unsealed
from jupyter_secure.store.catalogue import DatabaseCatalogue
from jupyter_secure.store.database import Database
from jupyter_secure.vault.catalogue import Catalogue
from jupyter_secure.vault.catalogue_rows import Sealing
from jupyter_secure.vault.envelope import FileClass, Header
from jupyter_secure.vault.keyring import Keyring
from jupyter_secure.vault.keys import RootKey
from jupyter_secure.vault.vault import Vault


@dataclass
class Place:
    """A folder, a vault and a catalogue that is told in bulk."""

    folder: Path
    vault: Vault
    provenance: Provenance

    def __post_init__(self) -> None:
        own = Hooks(check=self.provenance.check, left=self.provenance.accepted)
        self.hooks = BulkNotes(self.provenance, own).hooks

    def put(self, name: str) -> Path:
        """Write a plain file and seal it."""
        path = self.folder / name
        path.write_text(name)
        seal_in_place(self.vault, path, hooks=self.hooks)
        return path


def sealing(path: Path) -> Sealing:
    blob = path.read_bytes()
    return sealing_of(Header.parse(blob), blob)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    root = RootKey(bytes(range(32)))
    vault = Vault(Keyring.from_root(root, bytes(16), 1))
    vault.unseal(root)
    database = Database.create(tmp_path / "state.db")
    (tmp_path / "work").mkdir()
    catalogue = Catalogue(DatabaseCatalogue(database), vault.derive)
    yield Place(tmp_path / "work", vault, Provenance(catalogue))
    database.close()


def test_noted_at_the_end(place: Place) -> None:
    """At the end all is noted that was sealed; a plain file in its place is found then."""
    paths = [place.put(f"{number}.ipynb") for number in range(5)]
    assert all(place.provenance.left_at(path) is None for path in paths)
    place.hooks.ended()
    for path in paths:
        entry = place.provenance.left_at(path)
        assert entry is not None
        assert entry.sealing == sealing(path)
    with pytest.raises(Unsealed):
        place.provenance.check(paths[0], None)


def test_noted_on_the_way(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """After some files what was kept is noted, so that not much waits."""
    monkeypatch.setattr(bulk_notes, "_AT_ONCE", 3)
    paths = [place.put(f"{number}.ipynb") for number in range(4)]
    assert [place.provenance.left_at(path) is None for path in paths] == [False] * 3 + [True]


def test_a_later_save_counts(place: Place) -> None:
    """What was saved between the sealing and the note is not taken back by the note."""
    path = place.put("a.ipynb")
    file_id = sealing(path).file_id
    path.write_bytes(
        place.vault.seal_bytes(
            b"newer", file_class=FileClass.CONTENT, file_id=file_id, file_version=2
        )
    )
    place.provenance.saved(path, sealing(path))
    place.hooks.ended()
    entry = place.provenance.left_at(path)
    assert entry is not None
    assert entry.sealing == sealing(path)
    with pytest.raises(RolledBack):
        old = Sealing(file_id, 1, b"s" * 24)
        place.provenance.check(path, old)


def test_opened_ones_are_forgotten_at_once(place: Place) -> None:
    """That a file is plain on purpose is known before it is: a kill leaves nothing false."""
    path = place.put("a.ipynb")
    place.hooks.ended()
    assert open_in_place(lambda _: place.vault, path, hooks=place.hooks)
    assert place.provenance.left_at(path) is None
    place.provenance.check(path, None)


def test_the_vault_is_sealed_before_the_end(place: Place) -> None:
    """Without the keys nothing can be noted, and nothing is lost by that."""
    path = place.put("a.ipynb")
    place.vault.seal()
    place.hooks.ended()
    place.vault.unseal(RootKey(bytes(range(32))))
    assert place.provenance.left_at(path) is None
    place.provenance.check(path, sealing(path))
