"""What is thrown at each reader of untrusted bytes, and what must hold whatever it is.

Every target takes any bytes. An exception that is not one of those a reader documents, or an input
that is believed and is not one that the vault made, ends the run with the input that did it.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from itertools import pairwise

from vectors import loading

from jupyter_secure.crypto import aead
from jupyter_secure.crypto.random_access import RandomOpener
from jupyter_secure.errors import (
    CorruptFile,
    InvalidInput,
    PassphraseRequired,
    StateUnusable,
    UnsupportedFormat,
    WrongKey,
)
from jupyter_secure.vault.catalogue_rows import CatalogueKeys, Entry, Head, Row, Sealing
from jupyter_secure.vault.envelope import FileClass, Header
from jupyter_secure.vault.keyring import Keyring
from jupyter_secure.vault.keys import RootKey
from jupyter_secure.vault.recovery_key import decode_recovery_key, encode_recovery_key
from jupyter_secure.vault.vault import Vault

_SEALED = loading.load("sealed-file.json")
_VAULT_FILE = loading.load("vault-file.json")
_RECOVERY = loading.load("recovery-key.json")
_MESSAGES = loading.load("cobblestone.json")

_FILES = [base64.b64decode(entry["file"]) for entry in _SEALED["accepted"]]
_KEY, _CONTEXT = bytes.fromhex(_MESSAGES["key"]), bytes.fromhex(_MESSAGES["context"])
_CIPHERTEXTS = [base64.b64decode(entry["ciphertext"]) for entry in _MESSAGES["accepted"]]


def _root() -> RootKey:
    return RootKey(bytearray.fromhex(_SEALED["root_key"]))


def _vault() -> Vault:
    root = _root()
    vault = Vault(Keyring.from_root(root, bytes.fromhex(_SEALED["vault_id"]), 1))
    vault.unseal(root)
    return vault


_OPEN_VAULT = _vault()


def envelope(data: bytes) -> None:
    """Read a header and open the file: it is refused, or it is a file that the vault sealed."""
    try:
        header = Header.parse(data)
    except (CorruptFile, UnsupportedFormat):
        return
    assert bytes(header) == data[: header.size], "there are two ways to write one header"
    for expect in FileClass:
        try:
            _OPEN_VAULT.open_bytes(data, expect=expect)
        except (CorruptFile, WrongKey, PassphraseRequired):
            continue
        assert data in _FILES, "a file was opened that nobody sealed"
        assert header.file_class == expect, "a file passed for one of another class"


def payload(data: bytes) -> None:
    """Open a message in order and at random: both refuse it, or both give what was sealed."""
    try:
        whole = aead.open_sealed(_KEY, _CONTEXT, data)
        assert data in _CIPHERTEXTS, "a message was opened that nobody sealed"
    except aead.InvalidSeal:
        whole = None
    try:
        opener = RandomOpener(_KEY, _CONTEXT, lambda at, size: data[at : at + size], len(data))
        parts = b"".join(opener.parts())
    except aead.InvalidSeal:
        parts = None
    assert whole == parts, "the two readers do not agree"


def vault_file(data: bytes) -> None:
    """Read a vault.json with its slots: it is refused, or it says the same when written again."""
    try:
        keyring = Keyring.from_json(data)
    except (StateUnusable, UnsupportedFormat):
        return
    assert Keyring.from_json(keyring.to_json()) == keyring, "it says something else when written"


def recovery_key(data: bytes) -> None:
    """Read the text of a recovery key: it is refused, or it is the text of that key."""
    try:
        # What is no UTF-8 becomes halves of characters: a text can hold those too.
        root = decode_recovery_key(data.decode("utf-8", "surrogateescape"))
    except InvalidInput:
        return
    with_one_spelling = encode_recovery_key(root)
    assert encode_recovery_key(decode_recovery_key(with_one_spelling)) == with_one_spelling


_KEYS = CatalogueKeys(_OPEN_VAULT.derive)
_ENTRY = Entry(b"/home/alice/a.ipynb", Sealing(bytes(16), 3, bytes(24)), 3)
_HEAD = Head(7, 1, bytes(range(32)))


def catalogue(data: bytes) -> None:
    """Read a head, or a row in this form: tag, id, salt, version, highest, path."""
    head = _KEYS.open_head(data)
    assert head in (None, _HEAD), "a head was believed that nobody sealed"
    if len(data) < 88:
        return
    fields = [data[start:end] for start, end in pairwise((0, 32, 48, 72, 80, 88))]
    tag, file_id, salt = fields[:3]
    version, highest = (int.from_bytes(field, "big") for field in fields[3:])
    row = Row(Entry(data[88:], Sealing(file_id, version, salt), highest), tag)
    if _KEYS.authentic(row):
        assert row == _KEYS.row(_ENTRY), "a row was believed that nobody made"


def _row_bytes(row: Row) -> bytes:
    sealing = row.entry.sealing
    numbers = sealing.file_version.to_bytes(8, "big") + row.entry.highest.to_bytes(8, "big")
    return row.tag + sealing.file_id + sealing.salt + numbers + row.entry.path


#: Each target by its name, with the inputs it begins from.
TARGETS: dict[str, tuple[Callable[[bytes], None], list[bytes]]] = {
    "envelope": (
        envelope,
        # The long ones teach nothing about headers, and slow every run down.
        [file for file in _FILES if len(file) < 1000]
        + [
            data
            for entry in _SEALED["refused"]
            if "file" in entry and len(data := base64.b64decode(entry["file"])) < 1000
        ],
    ),
    "payload": (payload, [data for data in _CIPHERTEXTS if len(data) < 40_000]),
    "vault-file": (
        vault_file,
        [_VAULT_FILE["text"].encode()]
        + [
            _VAULT_FILE["text"].replace(entry["replace"], entry["with"], 1).encode()
            for entry in [*_VAULT_FILE["refused"], *_VAULT_FILE["unopened"]]
        ],
    ),
    "recovery-key": (
        recovery_key,
        [
            text.encode("utf-8", "surrogatepass")
            for text in [*_RECOVERY["accepted"], *(entry["text"] for entry in _RECOVERY["refused"])]
        ],
    ),
    "catalogue": (catalogue, [_KEYS.seal_head(_HEAD), _row_bytes(_KEYS.row(_ENTRY))]),
}

#: Words that the formats know, so that they need not be found letter by letter.
WORDS = sorted(
    {
        word
        for word in json.dumps(_VAULT_FILE["text"]).replace("\\", "").split('"')
        if 2 < len(word) < 30 and word.replace("_", "").replace(" ", "").replace("-", "").isalnum()
    }
)
