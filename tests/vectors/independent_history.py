"""A second reader of histories, written from docs/reference/file-format.md alone.

It imports nothing of jupyter_secure; see ``independent_reader``. Git objects come as a mapping of
their ids to type and data, as ``git cat-file`` gives them.
"""

from __future__ import annotations

import hmac
import json
import zlib
from collections.abc import Mapping
from typing import Any, NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from vectors.independent_reader import Refused, hkdf

Objects = Mapping[str, tuple[str, bytes]]


class Version(NamedTuple):
    said: dict[str, Any]
    content: bytes


def read(objects: Objects, newest: str, file_id: bytes, keys: bytes, words: bytes) -> list[Version]:
    """Return the versions of a file, newest first; ``keys`` is the content of its key file."""
    history_keys = [keys[at : at + 32] for at in range(0, len(keys), 32)]
    found, commit = [], newest
    while commit:
        head, _, message = data(objects, commit, "commit").decode().partition("\n\n")
        fields = [line.split(" ", 1) for line in head.split("\n")]
        said = json.loads(message.partition("\n\n")[2])
        mac = bytes.fromhex(said.pop("mac"))
        canonical = json.dumps(said, sort_keys=True, separators=(",", ":")).encode()
        check(history_keys, b"version\0" + canonical, mac)
        if said["v"] != 1 or said["file"] != file_id.hex():
            raise Refused("version or file")
        tree = next(value for name, value in fields if name == "tree")
        chunks = [
            open_chunk(data(objects, blob, "blob"), history_keys, words)
            for folder in entries(data(objects, tree, "tree"))
            for blob in entries(data(objects, folder, "tree"))
        ]
        content = b"".join(chunks)
        check(history_keys, b"content\0" + content, bytes.fromhex(said["digest"]))
        found.append(Version(said, content))
        commit = next((value for name, value in fields if name == "parent"), "")
    return found


def data(objects: Objects, name: str, kind: str) -> bytes:
    found = objects.get(name)
    if found is None or found[0] != kind:
        raise Refused(f"no {kind} {name}")
    return found[1]


def entries(tree: bytes) -> list[str]:
    """The ids in a Git tree, in its order: mode, space, name, NUL, 20 bytes."""
    found, at = [], 0
    while at < len(tree):
        end = tree.index(b"\0", at) + 1
        found.append(tree[end : end + 20].hex())
        at = end + 20
    return found


def check(history_keys: list[bytes], text: bytes, mac: bytes) -> None:
    for key in history_keys:
        made = hmac.digest(hkdf(key, b"jsec/history/mac/v1"), text, "sha256")
        if hmac.compare_digest(made, mac):
            return
    raise Refused("mac")


def open_chunk(blob: bytes, history_keys: list[bytes], words: bytes) -> bytes:
    for key in history_keys:
        siv = AESSIV(hkdf(key, b"jsec/history/seal/v1", 64))
        try:
            packed = siv.decrypt(blob, [b"jsec/history/chunk/v1"])
        except InvalidTag:
            continue
        chunk = zlib.decompressobj(wbits=-15, zdict=words).decompress(packed)
        if len(chunk) > 65536:
            raise Refused("chunk")
        return chunk
    raise Refused("chunk")
