from __future__ import annotations

from pathlib import Path

import pytest

from jupyter_secure.app.content.root import Root
from jupyter_secure.errors import Refused


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that is served, with a file in it and one beside it."""
    folder = tmp_path / "served"
    (folder / "sub").mkdir(parents=True)
    (folder / "sub" / "a.ipynb").touch()
    (tmp_path / "outside.ipynb").touch()
    return folder


def test_one_name_for_one_file(folder: Path) -> None:
    """Whichever way leads to a file, it has one name."""
    (folder / "file-link").symlink_to("sub/a.ipynb")
    (folder / "folder-link").symlink_to("sub")
    root = Root(folder)
    ways = ("sub/a.ipynb", "file-link", "folder-link/a.ipynb", "sub/../sub/./a.ipynb")
    assert {root.key(folder / way) for way in ways} == {"sub/a.ipynb"}


def test_name_of_the_entry(folder: Path) -> None:
    """Moving or deleting a link changes the link: it is named itself, by its real folder."""
    (folder / "sub" / "link").symlink_to("a.ipynb")
    (folder / "folder-link").symlink_to("sub")
    assert Root(folder).entry_key(folder / "folder-link" / "link") == "sub/link"


def test_root_that_is_a_link(folder: Path, tmp_path: Path) -> None:
    """A folder that is served through a link is no other place."""
    (tmp_path / "link").symlink_to("served")
    root = Root(tmp_path / "link")
    assert root.key(tmp_path / "link" / "sub" / "a.ipynb") == "sub/a.ipynb"
    assert root.key(folder / "sub" / "a.ipynb") == "sub/a.ipynb"


@pytest.mark.parametrize("target", ["../outside.ipynb", "../nowhere", "/etc/passwd"])
def test_link_that_leads_out(folder: Path, target: str) -> None:
    """A link out of the folder is refused by its own name, and its target is not told."""
    (folder / "link").symlink_to(target)
    with pytest.raises(Refused, match="“link” leads out") as caught:
        Root(folder).key(folder / "link")
    assert target not in str(caught.value)
    assert Root(folder).entry_key(folder / "link") == "link"


def test_folder_with_a_longer_name(folder: Path) -> None:
    """A folder beside it whose name begins alike is outside."""
    beside = folder.with_name("served-too")
    beside.mkdir()
    with pytest.raises(Refused):
        Root(folder).key(beside / "a.ipynb")


def test_following_on_purpose(folder: Path, tmp_path: Path) -> None:
    """Where the administrator allows it, a file outside has its real path for a name."""
    (folder / "link").symlink_to("../outside.ipynb")
    root = Root(folder, follow_outside_links=True)
    assert root.key(folder / "link") == str(tmp_path / "outside.ipynb")
    assert root.key(folder / "sub" / "a.ipynb") == "sub/a.ipynb"


@pytest.mark.parametrize("way", ["sub/keys", "sub/keys/vault.json", "link", "link/vault.json"])
def test_closed_folder(folder: Path, way: str) -> None:
    """What lies in a closed folder has no name here, whichever way leads to it."""
    (folder / "sub" / "keys").mkdir()
    (folder / "link").symlink_to("sub/keys")
    root = Root(folder, closed=[folder / "sub" / "keys"])
    with pytest.raises(Refused):
        root.key(folder / way)


@pytest.mark.parametrize("way", ["", "sub", "sub/keys", "sub/keys/vault.json"])
def test_folder_that_holds_a_closed_one(folder: Path, way: str) -> None:
    """Nobody moves, copies or deletes what a closed folder lies in."""
    (folder / "sub" / "keys").mkdir()
    root = Root(folder, closed=[folder / "sub" / "keys"])
    with pytest.raises(Refused):
        root.entry_key(folder / way)
    assert root.key(folder / "sub" / "a.ipynb") == "sub/a.ipynb"
