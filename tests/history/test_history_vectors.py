from __future__ import annotations

import base64
import hashlib

import pytest
from vectors import independent_history, independent_reader, loading

from jupyter_secure.errors import CorruptFile
from jupyter_secure.history import notebook_key
from jupyter_secure.history.notebook_key import KEY_BYTES, NotebookKey
from jupyter_secure.history.version import parse

VECTOR = loading.load("history.json")
FILE = bytes.fromhex(VECTOR["file_id"])
WORDS = base64.b64decode(VECTOR["dictionary"])
OBJECTS = {
    name: (one["type"], base64.b64decode(one["data"])) for name, one in VECTOR["objects"].items()
}


def keys() -> bytes:
    blob, root = base64.b64decode(VECTOR["key_file"]), bytes.fromhex(VECTOR["root_key"])
    opened = independent_reader.open_file(blob, root, bytes.fromhex(VECTOR["vault_id"]), 5)
    assert opened.file_id == FILE
    return opened.content


def read(objects: independent_history.Objects) -> list[independent_history.Version]:
    return independent_history.read(objects, VECTOR["newest"], FILE, keys(), WORDS)


def test_independent_reader() -> None:
    """A reader that was written from the specification alone finds every version."""
    found = read(OBJECTS)[::-1]
    for version, expected in zip(found, VECTOR["versions"], strict=True):
        assert version.said["number"] == expected["number"]
        assert version.said["size"] == expected["size"] == len(version.content)
        assert hashlib.sha256(version.content).hexdigest() == expected["sha256"]


def test_dictionary() -> None:
    """The words that compression begins with never change."""
    digest = hashlib.sha256(notebook_key._DICTIONARY).hexdigest()
    assert digest == VECTOR["dictionary_sha256"] == hashlib.sha256(WORDS).hexdigest()


def test_ours() -> None:
    """What was written once is read here for ever."""
    content = keys()
    key = NotebookKey(*(content[at : at + KEY_BYTES] for at in range(0, len(content), KEY_BYTES)))
    for kind, data in OBJECTS.values():
        if kind == "blob":
            assert key.open(data)
        elif kind == "commit":
            version = parse(data.decode().partition("\n\n")[2], key)
            assert (version.file_id, version.path) == (FILE, "folder/ü\n.ipynb")


@pytest.mark.parametrize("name", sorted(OBJECTS))
def test_altered(name: str) -> None:
    """Where any object is another, no reader takes it for what was kept."""
    kind, data = OBJECTS[name]
    for at in (len(data) // 2, len(data) - 3):
        altered = bytearray(data)
        altered[at] ^= 1
        try:
            found = read(OBJECTS | {name: (kind, bytes(altered))})
        except (independent_reader.Refused, ValueError, KeyError, StopIteration):
            continue
        assert [one.content for one in found] == [one.content for one in read(OBJECTS)]
    if kind == "blob":
        with pytest.raises(CorruptFile):
            NotebookKey(keys()[:KEY_BYTES]).open(data[:-1] + bytes([data[-1] ^ 1]))
