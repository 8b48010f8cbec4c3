"""Made the frozen vectors beside it, once. Run again only for a new version of the format.

Keys, ids and contents are fixed here. The salts and data keys are not: the library takes no salt
from outside, rightly, so each run seals anew, and the files that are committed are the vectors.

Usage: python make_vectors.py FOLDER    (refuses to overwrite)
"""

from __future__ import annotations

import base64
import json
import sys
from pathlib import Path
from typing import Any

from jupyter_secure.crypto import aead
from jupyter_secure.crypto.kdf import OWASP_MINIMUM, RFC_9106_LOW_MEMORY
from jupyter_secure.vault.envelope import FileClass, Flags
from jupyter_secure.vault.key_file import FileKey
from jupyter_secure.vault.keyring import Keyring
from jupyter_secure.vault.keyring_passkeys import with_passkey
from jupyter_secure.vault.keys import RootKey
from jupyter_secure.vault.passkey_slot import secret_input
from jupyter_secure.vault.passphrase import PassphraseKey
from jupyter_secure.vault.recovery_key import encode_recovery_key
from jupyter_secure.vault.stanza import Derivation
from jupyter_secure.vault.vault import Vault

ROOT = bytes(range(32))
OTHER_ROOT = bytes(range(32, 64))
VAULT_ID = bytes.fromhex("a0a1a2a3a4a5a6a7a8a9aaabacadaeaf")
OTHER_VAULT_ID = bytes.fromhex("b0b1b2b3b4b5b6b7b8b9babbbcbdbebf")
PASSKEY = "0123456789abcdef"
FILE_ID = bytes.fromhex("c0c1c2c3c4c5c6c7c8c9cacbcccdcecf")


def content(size: int) -> bytes:
    """Contents are given by size: byte i is i modulo 251."""
    return bytes(i % 251 for i in range(size))


def base64_of(data: bytes) -> str:
    """How ciphertexts stand in the vectors."""
    return base64.b64encode(data).decode()


def flip(at: int, xor: int = 1) -> dict[str, Any]:
    """Flip these bits of one byte."""
    return {"op": "flip", "at": at, "xor": xor}


def sealed(size: int) -> bytes:
    """Seal one content outside any file."""
    return aead.seal(ROOT, b"ctx", content(size))


def cobblestone() -> dict[str, Any]:
    """One ciphertext for each shape of the last chunk."""
    messages = [
        {
            "name": f"{n} bytes",
            "size": n,
            "ciphertext": base64_of(aead.seal(ROOT, b"ctx", content(n))),
        }
        for n in (0, 1, 16383, 16384, 16385)
    ]
    refused: list[dict[str, Any]] = [
        {"name": "salt flipped", "of": "1 bytes", "edits": [flip(0)]},
        {"name": "commitment flipped", "of": "1 bytes", "edits": [flip(24)]},
        {"name": "content flipped", "of": "1 bytes", "edits": [flip(56)]},
        {"name": "tag flipped", "of": "1 bytes", "edits": [flip(72, 128)]},
        {"name": "empty", "of": "0 bytes", "edits": [{"op": "truncate", "to": 0}]},
        {"name": "prefix only", "of": "0 bytes", "edits": [{"op": "truncate", "to": 56}]},
        {"name": "tag cut", "of": "0 bytes", "edits": [{"op": "truncate", "to": 71}]},
        {"name": "one more byte", "of": "0 bytes", "edits": [{"op": "append", "hex": "00"}]},
        {
            "name": "cut at a chunk",
            "of": "16384 bytes",
            "edits": [{"op": "truncate", "to": 56 + 16400}],
        },
    ]
    return {"key": ROOT.hex(), "context": b"ctx".hex(), "accepted": messages, "refused": refused}


def sealed_file() -> dict[str, Any]:
    """Sealed files of one vault, and what must be refused of them."""
    vault, other, impostor = (
        _open(ROOT, VAULT_ID, 1),
        _open(OTHER_ROOT, OTHER_VAULT_ID, 1),
        _open(OTHER_ROOT, VAULT_ID, 1),
    )
    later = _open(ROOT, VAULT_ID, 0x0102030405060708)
    makers: list[tuple[str, Vault, FileClass, int, Flags, int]] = [
        ("empty", vault, FileClass.CONTENT, 0, Flags.NONE, 1),
        ("small", vault, FileClass.CONTENT, 100, Flags.VALID | Flags.TRUSTED, 7),
        ("small again", vault, FileClass.CONTENT, 100, Flags.VALID | Flags.TRUSTED, 8),
        ("full chunk", vault, FileClass.CONTENT, 16384, Flags.VALID, 2),
        ("three chunks", vault, FileClass.CONTENT, 40000, Flags.NONE, 2**64 - 1),
        ("checkpoint", vault, FileClass.HISTORY, 50, Flags.VALID, 3),
        ("catalogue", vault, FileClass.CATALOGUE, 50, Flags.NONE, 1),
        ("upload", vault, FileClass.STAGING, 50, Flags.NONE, 1),
        ("another epoch", later, FileClass.CONTENT, 50, Flags.NONE, 1),
    ]
    strangers = [
        ("of another vault", other, "wrong-key"),
        ("of another root key with this vault's id", impostor, "corrupt"),
    ]
    return {
        "root_key": ROOT.hex(),
        "vault_id": VAULT_ID.hex(),
        "accepted": [
            {
                "name": name,
                "class": int(kind),
                "flags": int(flags),
                "file_id": FILE_ID.hex(),
                "file_version": number,
                "size": size,
                "file": base64_of(
                    maker.seal_bytes(
                        content(size),
                        file_class=kind,
                        file_id=FILE_ID,
                        file_version=number,
                        flags=flags,
                    )
                ),
            }
            for name, maker, kind, size, flags, number in makers
        ],
        "refused": [
            {
                "name": name,
                "file": base64_of(maker.seal_bytes(b"", file_class=FileClass.CONTENT)),
                "reason": reason,
            }
            for name, maker, reason in strangers
        ]
        + _refused_edits(),
    }


def _refused_edits() -> list[dict[str, Any]]:
    def refused(
        name: str, reason: str, *edits: dict[str, Any], of: str = "small"
    ) -> dict[str, Any]:
        return {"name": name, "of": of, "edits": list(edits), "reason": reason}

    chunk0, chunk1 = 236, 236 + 16400
    return [
        refused("magic", "corrupt", flip(0)),
        refused("version 0", "corrupt", flip(8, 1)),
        refused("version 2", "unsupported-format", flip(8, 3)),
        refused("suite 2", "unsupported-format", flip(9, 3)),
        refused("class 0", "unsupported-format", flip(10, 1)),
        refused("class 9", "unsupported-format", flip(10, 8)),
        refused("flag TRUSTED added", "corrupt", flip(11, 2), of="full chunk"),
        refused("unknown flag", "unsupported-format", flip(11, 4)),
        refused("vault id", "wrong-key", flip(12)),
        refused("file id", "corrupt", flip(43)),
        refused("file version", "corrupt", flip(51)),
        refused("file version 0", "corrupt", flip(51, 7)),
        refused("no stanza", "corrupt", flip(53)),
        refused("two stanzas", "corrupt", flip(53, 3)),
        refused("header length", "corrupt", flip(55)),
        refused("stanza type 0", "unsupported-format", flip(57)),
        refused("stanza length", "corrupt", flip(59)),
        refused("epoch 0", "corrupt", flip(67)),
        refused("epoch 3", "corrupt", flip(67, 2)),
        refused("fingerprint", "corrupt", flip(75)),
        refused("wrapped key", "corrupt", flip(140)),
        refused("payload salt", "corrupt", flip(180)),
        refused("payload commitment", "corrupt", flip(204)),
        refused("payload", "corrupt", flip(240)),
        refused("no bytes", "corrupt", {"op": "truncate", "to": 0}),
        refused("header cut", "corrupt", {"op": "truncate", "to": 179}),
        refused("payload missing", "corrupt", {"op": "truncate", "to": 180}),
        refused("last byte missing", "corrupt", {"op": "truncate", "to": 351}),
        refused("one byte more", "corrupt", {"op": "append", "hex": "00"}),
        refused("cut at a chunk", "corrupt", {"op": "truncate", "to": chunk1}, of="three chunks"),
        refused(
            "chunks swapped",
            "corrupt",
            {"op": "swap", "a": chunk0, "b": chunk1, "length": 16400},
            of="three chunks",
        ),
        refused(
            "first chunk twice",
            "corrupt",
            {"op": "copy", "from": chunk0, "to": chunk1, "length": 16400},
            of="three chunks",
        ),
        refused(
            "payload of another save",
            "corrupt",
            {"op": "transplant", "of": "small again", "at": 180},
        ),
        refused(
            "wrapped key and payload of another save",
            "corrupt",
            {"op": "transplant", "of": "small again", "at": 76},
        ),
        {
            "name": "checkpoint as content",
            "of": "checkpoint",
            "edits": [],
            "expect": 1,
            "reason": "corrupt",
        },
        {
            "name": "content as checkpoint",
            "of": "small",
            "edits": [],
            "expect": 2,
            "reason": "corrupt",
        },
        refused("checkpoint relabelled", "corrupt", flip(10, 3), of="checkpoint") | {"expect": 1},
    ]


def passphrase() -> dict[str, Any]:
    """Sealed files that need a passphrase, and what must be refused of them."""
    vault = _open(ROOT, VAULT_ID, 1)
    words, composed = "violet harbour ninety ducks", "pâté ﬁne"
    cheap = PassphraseKey(words, Derivation(bytes(range(16)), OWASP_MINIMUM))
    usual = PassphraseKey(composed, Derivation(bytes(range(16, 32)), RFC_9106_LOW_MEMORY))
    makers: list[tuple[str, PassphraseKey, str, FileClass, int, Flags, int]] = [
        ("empty", cheap, words, FileClass.CONTENT, 0, Flags.NONE, 1),
        ("small", cheap, words, FileClass.CONTENT, 100, Flags.VALID | Flags.TRUSTED, 7),
        ("small again", cheap, words, FileClass.CONTENT, 100, Flags.VALID | Flags.TRUSTED, 7),
        ("three chunks", usual, composed, FileClass.CONTENT, 40000, Flags.NONE, 2),
        # The same passphrase as another keyboard composes it.
        ("composed", usual, "pa\u0302te\u0301 fine", FileClass.CONTENT, 50, Flags.NONE, 1),
        ("checkpoint", cheap, words, FileClass.HISTORY, 50, Flags.VALID, 3),
    ]
    other = PassphraseKey("another set of words", cheap.derivation)

    def refused(
        name: str, reason: str, *edits: dict[str, Any], of: str = "small", **more: Any
    ) -> dict[str, Any]:
        return {"name": name, "of": of, "edits": list(edits), "reason": reason} | more

    def sealed_by(key: PassphraseKey, size: int, kind: FileClass, flags: Flags, number: int) -> str:
        return base64_of(
            vault.seal_bytes(
                content(size),
                file_class=kind,
                file_id=FILE_ID,
                file_version=number,
                flags=flags,
                passphrase=key,
            )
        )

    return {
        "root_key": ROOT.hex(),
        "vault_id": VAULT_ID.hex(),
        "accepted": [
            {
                "name": name,
                "passphrase": text,
                "class": int(kind),
                "flags": int(flags),
                "file_id": FILE_ID.hex(),
                "file_version": number,
                "size": size,
                "file": sealed_by(key, size, kind, flags, number),
            }
            for name, key, text, kind, size, flags, number in makers
        ],
        "refused": [
            {
                "name": "of another passphrase with this salt",
                "file": sealed_by(other, 100, FileClass.CONTENT, Flags.NONE, 1),
                "passphrase": words,
                "reason": "wrong-passphrase",
            },
            refused("wrong passphrase", "wrong-passphrase", passphrase=words + "!"),
            refused("no passphrase", "wrong-passphrase", passphrase=""),
            refused("capitals", "wrong-passphrase", passphrase=words.upper()),
            refused("type 1 by the number", "corrupt", flip(57, 3)),
            refused("type 3", "unsupported-format", flip(57)),
            refused(
                "type 1 with its lengths",
                "corrupt",
                flip(57, 3),
                flip(54, 1),
                flip(55, 0x18 ^ 0xB4),
                flip(59, 220 ^ 120),
            ),
            refused("header length", "corrupt", flip(55)),
            refused("stanza length", "corrupt", flip(59)),
            refused("two stanzas", "corrupt", flip(53, 3)),
            refused("epoch 0", "corrupt", flip(67)),
            refused("fingerprint", "corrupt", flip(75)),
            refused("file id", "corrupt", flip(43)),
            refused("salt", "corrupt", flip(76)),
            refused("iterations 3", "corrupt", flip(95)),
            refused("iterations 0", "corrupt", flip(95, 2)),
            refused("iterations 18", "corrupt", flip(95, 16)),
            refused("lanes 0", "corrupt", flip(99, 1)),
            refused("lanes 17", "corrupt", flip(99, 16)),
            refused("memory of 3 MiB", "corrupt", flip(102, 0x40)),
            refused("memory of 1 GiB and more", "corrupt", flip(101, 0x10)),
            refused("memory of 1 TiB", "corrupt", flip(100, 0x40)),
            refused("wrapped key", "corrupt", flip(104)),
            refused("wrapped key, last byte", "corrupt", flip(279)),
            refused("payload", "corrupt", flip(340)),
            refused("header cut", "corrupt", {"op": "truncate", "to": 279}),
            refused("payload missing", "corrupt", {"op": "truncate", "to": 280}),
            refused("last byte missing", "corrupt", {"op": "truncate", "to": 451}),
            refused(
                "payload of another save",
                "corrupt",
                {"op": "transplant", "of": "small again", "at": 280},
            ),
            refused("checkpoint as content", "corrupt", of="checkpoint", expect=1),
            refused("checkpoint relabelled", "corrupt", flip(10, 3), of="checkpoint", expect=1),
        ],
    }


def vault_file() -> dict[str, Any]:
    """One vault.json with two slots, and alterations of its text that must be refused."""
    root = RootKey(ROOT)
    keyring = Keyring.from_root(root, VAULT_ID, 1)
    keyring = keyring.add_password_slot(root, "alice", "correct horse", profile=OWASP_MINIMUM)
    keyring = keyring.add_password_slot(root, "rené", "pâté ﬁne", profile=RFC_9106_LOW_MEMORY)
    text = keyring.to_json().decode()
    first, second = (slot.slot_id.hex() for slot in keyring.slots)
    other_mac = Keyring.from_root(root, OTHER_VAULT_ID, 1).mac.hex()

    def refused(name: str, old: str, new: str, reason: str = "state") -> dict[str, str]:
        if old not in text:
            raise ValueError(f"{name}: {old!r} is not in the text")
        return {"name": name, "replace": old, "with": new, "reason": reason}

    return {
        "root_key": ROOT.hex(),
        "text": text,
        "accepted": [
            {"name": "alice", "password": "correct horse"},
            {"name": "rené", "password": "pâté ﬁne"},
            # The same password as another keyboard composes it.
            {"name": "rené", "password": "pa\u0302te\u0301 fine"},
        ],
        "refused": [
            refused("not JSON", "{", "", "state"),
            refused("something after", "\n}\n", "\n}\n{}"),
            refused("another format", "jupyter-secure vault", "jupyter-secure volt"),
            refused("version 0", '"version": 1', '"version": 0'),
            refused("version 2", '"version": 1', '"version": 2', "unsupported-format"),
            refused("version true", '"version": 1', '"version": true'),
            refused("version text", '"version": 1', '"version": "1"'),
            refused("epoch 0", '"epoch": 1', '"epoch": 0'),
            refused("epoch 2^64", '"epoch": 1', f'"epoch": {2**64}'),
            refused("epoch 1.0", '"epoch": 1', '"epoch": 1.0'),
            refused("epoch NaN", '"epoch": 1', '"epoch": NaN'),
            refused("epoch missing", '"epoch": 1,', ""),
            refused("epoch twice", '"epoch": 1', '"epoch": 1, "epoch": 1'),
            refused("unknown member", '"epoch": 1', '"epoch": 1, "comment": ""'),
            refused("vault id short", VAULT_ID.hex(), VAULT_ID.hex()[:-2]),
            refused("vault id capitals", VAULT_ID.hex(), VAULT_ID.hex().upper()),
            refused("vault id not hexadecimal", VAULT_ID.hex(), "zz" * 16),
            refused("slots no list", '"slots": [', '"slots": {}, "x": ['),
            refused("kind unknown", '"password"', '"hsm"', "unsupported-format"),
            refused("algorithm unknown", '"argon2id"', '"argon3"', "unsupported-format"),
            refused("two slots of one name", '"rené"', '"alice"'),
            refused("two slots of one id", second, first),
            refused("name empty", '"alice"', '""'),
            refused("name no text", '"alice"', "1"),
            refused("name half a surrogate pair", '"alice"', '"\\ud800"'),
            refused("name too long", '"alice"', json.dumps("a" * 1025)),
            refused("iterations 1", '"iterations": 2', '"iterations": 1'),
            refused("iterations 17", '"iterations": 2', '"iterations": 17'),
            refused("lanes 0", '"lanes": 1', '"lanes": 0'),
            refused("lanes 17", '"lanes": 1', '"lanes": 17'),
            refused("memory below 19 MiB", '"memory_kib": 19456', '"memory_kib": 19455'),
            refused("memory of 64 GiB", '"memory_kib": 19456', '"memory_kib": 67108864'),
            refused("mac missing", f',\n  "mac": "{keyring.mac.hex()}"', ""),
            refused("mac short", keyring.mac.hex(), keyring.mac.hex()[:-2]),
            refused("salt short", keyring.slots[0].salt.hex(), "00"),
            refused("wrapped short", keyring.slots[0].wrapped.hex(), "00"),
        ],
        # These are well-formed, and alice's password must not open them.
        "unopened": [
            refused("slot under another name", '"alice"', '"mallory"', "wrong-key")
            | {"open_as": "mallory"},
            refused("cost changed", '"iterations": 2', '"iterations": 3', "wrong-key"),
            refused("slot id changed", first, "00" * 16, "wrong-key"),
            refused("another vault id", VAULT_ID.hex(), OTHER_VAULT_ID.hex(), "wrong-key"),
            refused("epoch changed", '"epoch": 1', '"epoch": 2', "state"),
            refused("root check changed", keyring.root_check.hex(), "00" * 32, "state"),
            # What is not authentic though alice's own slot opens.
            refused("mac changed", keyring.mac.hex(), "00" * 32, "state"),
            refused("mac of another vault", keyring.mac.hex(), other_mac, "state"),
            refused("another's slot taken out", _second_slot(text), "", "state"),
            refused("another's slot renamed", '"rené"', '"renée"', "state"),
            refused("another's cost changed", '"iterations": 3', '"iterations": 2', "state"),
            refused(
                "another's key exchanged",
                keyring.slots[1].wrapped.hex(),
                keyring.slots[0].wrapped.hex(),
                "state",
            ),
        ],
    }


def key_file() -> dict[str, Any]:
    """One vault.json between two root keys, which a key file opens, and alterations of both."""
    old, root, key = RootKey(OTHER_ROOT), RootKey(ROOT), FileKey(bytes(range(64, 96)))
    keyring = Keyring.from_root(old, VAULT_ID, 4).with_new_root(old, root, 7)
    keyring = keyring.add_password_slot(root, "alice", "correct horse", profile=OWASP_MINIMUM)
    keyring = keyring.add_key_file(root, "night job", key)
    keyring = keyring.add_key_file(root, "other", FileKey(bytes(range(96, 128))))
    text, line = keyring.to_json().decode(), key.to_text().decode()
    (one, other), previous = keyring.key_files, keyring.previous
    if previous is None:
        raise ValueError("the vault is not between two root keys")
    slot = f'"id": "{one.slot_id.hex()}",\n      "kind": "key-file"'

    def refused(name: str, old: str, new: str, reason: str = "state") -> dict[str, str]:
        if old not in text:
            raise ValueError(f"{name}: {old!r} is not in the text")
        return {"name": name, "replace": old, "with": new, "reason": reason}

    return {
        "root_key": ROOT.hex(),
        "previous_root_key": OTHER_ROOT.hex(),
        "text": text,
        "slot": "night job",
        "key_files": [line, line.rstrip(), line.rstrip() + "\r\n"],
        "refused": [
            refused("kind unknown", '"key-file"', '"hsm"', "unsupported-format"),
            refused("password slot without kdf", slot, slot.replace("key-file", "password")),
            refused("key file with kdf", slot, slot + ', "kdf": {}'),
            refused("password slot as a key file", '"password"', '"key-file"'),
            refused("two slots of one name", '"night job"', '"alice"'),
            refused("two key files of one name", '"other"', '"night job"'),
            refused("two slots of one id", other.slot_id.hex(), one.slot_id.hex()),
            refused("wrapped short", one.wrapped.hex(), "00"),
            refused("name empty", '"night job"', '""'),
            refused("previous no object", '"previous": {', '"previous": 1, "x": {'),
            refused("previous twice", '"previous": {', '"previous": {}, "previous": {'),
            refused("previous gone", '"previous": {', '"x": {'),
            refused("previous epoch 0", '"epoch": 6', '"epoch": 0'),
            refused("previous epoch not before", '"epoch": 6', '"epoch": 7'),
            refused("previous epoch 6.0", '"epoch": 6', '"epoch": 6.0'),
            refused("previous wrapped short", previous.wrapped.hex(), "00"),
            refused("previous with more", '"epoch": 6', '"epoch": 6, "root_check": ""'),
        ],
        # These are well-formed, and the key file must not open them.
        "unopened": [
            refused("slot under another name", '"night job"', '"day job"', "wrong-key"),
            refused("slot id changed", one.slot_id.hex(), "00" * 16, "wrong-key"),
            refused("another vault id", VAULT_ID.hex(), OTHER_VAULT_ID.hex(), "wrong-key"),
            refused("wrapped by another key", one.wrapped.hex(), "00" * 104, "wrong-key"),
            refused("epoch changed", '"epoch": 7', '"epoch": 8'),
            refused("root check changed", keyring.root_check.hex(), "00" * 32),
            refused("mac changed", keyring.mac.hex(), "00" * 32),
            refused("previous epoch changed", '"epoch": 6', '"epoch": 5'),
            refused("previous wrapped changed", previous.wrapped.hex(), "00" * 104),
            refused("another's slot renamed", '"other"', '"others"'),
            refused("alice's slot renamed", '"alice"', '"alicia"'),
        ],
        "refused_files": [
            {"name": "empty", "text": ""},
            {"name": "cut short", "text": line[:-2]},
            {"name": "two lines", "text": line + "\n"},
            {"name": "capitals", "text": line.upper()},
            {"name": "a capital digit", "text": line.replace("4a", "4A")},
            {"name": "no beginning", "text": line.partition(":")[2]},
            {"name": "another version", "text": line.replace("-1:", "-2:")},
            {"name": "a space", "text": " " + line},
        ],
    }


def passkey() -> dict[str, Any]:
    """One vault.json that two passkeys open, and alterations of it."""
    root, secret = RootKey(ROOT), bytes(range(128, 160))
    keyring = Keyring.from_root(root, VAULT_ID, 7)
    keyring = keyring.add_password_slot(root, "alice", "correct horse", profile=OWASP_MINIMUM)
    keyring = keyring.add_key_file(root, "night job", FileKey(bytes(range(64, 96))))
    keyring = with_passkey(keyring, root, PASSKEY, secret)
    keyring = with_passkey(keyring, root, "fedcba9876543210", bytes(range(160, 192)))
    text = keyring.to_json().decode()
    one, other = keyring.passkeys
    slot = f'"id": "{one.slot_id.hex()}",\n      "kind": "passkey"'

    def refused(name: str, old: str, new: str, reason: str = "state") -> dict[str, str]:
        if old not in text:
            raise ValueError(f"{name}: {old!r} is not in the text")
        return {"name": name, "replace": old, "with": new, "reason": reason}

    return {
        "root_key": ROOT.hex(),
        "vault_id": VAULT_ID.hex(),
        "secret_input": secret_input(VAULT_ID).hex(),
        "text": text,
        "slot": PASSKEY,
        "secret": secret.hex(),
        "refused": [
            refused("kind unknown", '"passkey"', '"pass-key"', "unsupported-format"),
            refused("password slot without kdf", slot, slot.replace("passkey", "password")),
            refused("passkey with kdf", slot, slot + ', "kdf": {}'),
            refused("password slot as a passkey", '"password"', '"passkey"'),
            refused("two slots of one name", PASSKEY, "night job"),
            refused("two slots of one id", other.slot_id.hex(), one.slot_id.hex()),
            refused("wrapped short", one.wrapped.hex(), "00"),
            refused("name empty", f'"{PASSKEY}"', '""'),
        ],
        # These are well-formed, and the passkey must not open them.
        "unopened": [
            refused("slot under another name", PASSKEY, "0" * 16, "wrong-key"),
            refused("slot id changed", one.slot_id.hex(), "00" * 16, "wrong-key"),
            refused("slot as a key file", slot, slot.replace("passkey", "key-file"), "wrong-key"),
            refused("another vault id", VAULT_ID.hex(), OTHER_VAULT_ID.hex(), "wrong-key"),
            refused("wrapped by another key", one.wrapped.hex(), "00" * 104, "wrong-key"),
            refused("another's wrapped", one.wrapped.hex(), other.wrapped.hex(), "wrong-key"),
            refused("epoch changed", '"epoch": 7', '"epoch": 8'),
            refused("mac changed", keyring.mac.hex(), "00" * 32),
            refused("another's slot renamed", "fedcba9876543210", "fedcba9876543211"),
            refused("a key file renamed", '"night job"', '"day job"'),
        ],
        "refused_secrets": ["", "00" * 32, secret[:31].hex(), (secret + b"\0").hex()],
    }


def _second_slot(text: str) -> str:
    begin = text.index("\n    },\n") + len("\n    }")
    return text[begin : text.index("\n  ]")]


def recovery_key() -> dict[str, Any]:
    """Texts of one key, and texts that are none."""
    text = encode_recovery_key(RootKey(ROOT))
    return {
        "root_key": ROOT.hex(),
        "text": text,
        "accepted": [
            text,
            text.lower(),
            text.replace("-", ""),
            text.replace("-", " – ") + "\n",
            text.replace("0", "O").replace("1", "l"),
            text.replace("0", "o").replace("1", "I"),
        ],
        "refused": [
            {"name": "empty", "text": ""},
            {"name": "one character missing", "text": text[:-1]},
            {"name": "one character more", "text": text + "0"},
            {"name": "one character mistyped", "text": "1" + text[1:]},
            {"name": "two groups swapped", "text": "-".join((text[5:9], text[:4], text[10:]))},
            {"name": "a letter outside the alphabet", "text": "U" + text[1:]},
            {"name": "a letter that only looks right", "text": text.replace("A", "А")},
            {"name": "a letter whose capital is two", "text": "ß" + text[2:]},
        ],
    }


def _open(root: bytes, vault_id: bytes, epoch: int) -> Vault:
    key = RootKey(root)
    vault = Vault(Keyring.from_root(key, vault_id, epoch))
    vault.unseal(key)
    return vault


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    for make in (cobblestone, sealed_file, passphrase, vault_file, key_file, passkey, recovery_key):
        name = make.__name__.replace("_", "-") + ".json"
        with (folder / name).open("x", encoding="utf-8") as out:
            json.dump(make(), out, indent=1, ensure_ascii=False)
            out.write("\n")
