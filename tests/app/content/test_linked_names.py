"""The names that links stand for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from jupyter_secure.app.content.linked_names import linked_names


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Return a folder with one file, and links of many kinds."""
    (tmp_path / "real" / "sub").mkdir(parents=True)
    (tmp_path / "real" / "sub" / "file").touch()
    for name, target in {
        "folder": "real",
        "absolute": str(tmp_path / "folder"),
        "file": "absolute/sub/file",
        "up": "real/sub/../sub/file",
        "circle": "circle/further",
        "nowhere": "real/none",
    }.items():
        (tmp_path / name).symlink_to(target)
    return tmp_path


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("real/sub/file", []),
        ("real/../real/sub/file", []),
        ("none", []),
        ("folder/sub/file", ["folder/sub/file"]),
        ("absolute/sub/file", ["absolute/sub/file", "folder/sub/file"]),
        ("file", ["file", "absolute/sub/file", "folder/sub/file"]),
        ("up", ["up"]),
        ("nowhere", ["nowhere"]),
        ("circle", ["circle" + number * "/further" for number in range(40)]),
    ],
)
def test_names(tree: Path, path: str, names: list[str]) -> None:
    """Each link on the way gives the name that it stands for; a real path gives none."""
    found = [name for name in linked_names(tree / path) if name.startswith(os.fsencode(tree))]
    assert found == [os.fsencode(tree / name) for name in names]
