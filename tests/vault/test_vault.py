from __future__ import annotations

import base64
import itertools
import subprocess
import sys
import threading
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from vectors import independent_reader, loading

from jupyter_secure.crypto import aead, memory
from jupyter_secure.errors import (
    CorruptFile,
    SecureError,
    UnsupportedFormat,
    VaultSealed,
    WrongKey,
)
from jupyter_secure.vault.envelope import BASE_HEADER_BYTES, FileClass, Flags, Header, sealed_size
from jupyter_secure.vault.keyring import Keyring
from jupyter_secure.vault.keys import RootKey
from jupyter_secure.vault.vault import Vault
from jupyter_secure.vault.wrapping import root_key_fits, wrap

VECTORS = loading.load("sealed-file.json")
ROOT, VAULT_ID = bytes.fromhex(VECTORS["root_key"]), bytes.fromhex(VECTORS["vault_id"])
ACCEPTED = {v["name"]: base64.b64decode(v["file"]) for v in VECTORS["accepted"]}
CLASSES = {v["name"]: v["class"] for v in VECTORS["accepted"]}


def open_vault(root: bytes = ROOT, vault_id: bytes = VAULT_ID, epoch: int = 1) -> Vault:
    """Return an open vault, without the cost of a password."""
    key = RootKey(root)
    vault = Vault(Keyring.from_root(key, vault_id, epoch))
    vault.unseal(key)
    key.wipe()
    return vault


VAULT = open_vault()
SMALL = VAULT.seal_bytes(b"content", file_class=FileClass.CONTENT)


# ── vectors ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("vector", VECTORS["accepted"], ids=lambda vector: vector["name"])
def test_frozen_files_open(vector: dict[str, Any]) -> None:
    """Every frozen file opens to its content and header, here and in the independent reader."""
    sealed = ACCEPTED[vector["name"]]
    opened = VAULT.open_bytes(sealed, expect=FileClass(vector["class"]))
    assert opened.data == loading.content(vector["size"])
    read = independent_reader.open_file(sealed, ROOT, VAULT_ID, vector["class"])
    assert read.content == opened.data
    for said in (opened.header, read):
        assert said.file_class == vector["class"]
        assert said.flags == vector["flags"]
        assert said.file_id.hex() == vector["file_id"]
        assert said.file_version == vector["file_version"]


@pytest.mark.parametrize("vector", VECTORS["refused"], ids=lambda vector: vector["name"])
def test_frozen_alterations_are_refused(vector: dict[str, Any]) -> None:
    """Every frozen alteration is refused for its reason, here and in the independent reader."""
    blob = loading.altered(vector, ACCEPTED)
    expect = vector.get("expect", CLASSES.get(vector.get("of", ""), 1))
    with pytest.raises(SecureError) as caught:
        VAULT.open_bytes(blob, expect=FileClass(expect), name="“n.ipynb”")
    assert caught.value.reason == vector["reason"]
    assert str(caught.value).startswith("“n.ipynb” ")
    assert caught.value.remedy
    with pytest.raises(independent_reader.Refused):
        independent_reader.open_file(blob, ROOT, VAULT_ID, expect)


# ── the format, on fresh files ─────────────────────────────────────────────────────────────────


@given(
    st.binary(max_size=40_000),
    st.sampled_from(FileClass),
    st.binary(min_size=16, max_size=16),
    st.integers(1, 2**64 - 1),
    st.sampled_from([Flags.NONE, Flags.VALID, Flags.TRUSTED, Flags.VALID | Flags.TRUSTED]),
)
def test_round_trip(
    data: bytes, kind: FileClass, file_id: bytes, number: int, flags: Flags
) -> None:
    """What is sealed comes back with its header, and the specification alone opens it."""
    blob = VAULT.seal_bytes(
        data, file_class=kind, file_id=file_id, file_version=number, flags=flags
    )
    assert len(blob) == sealed_size(len(data))
    opened = VAULT.open_bytes(blob, expect=kind)
    expected = (kind, flags, VAULT_ID, file_id, number, 1, data)
    assert independent_reader.open_file(blob, ROOT, VAULT_ID, kind) == expected
    header = opened.header
    assert (header.file_class, header.flags, header.file_id) == (kind, flags, file_id)
    assert (header.file_version, opened.data) == (number, data)


@pytest.mark.parametrize("bit", range(8))
def test_every_bit_of_a_small_file_counts(bit: int) -> None:
    """Flipping any one bit of a file, header or payload, is noticed by both readers."""
    for at in range(len(SMALL)):
        blob = bytearray(SMALL)
        blob[at] ^= 1 << bit
        with pytest.raises((CorruptFile, UnsupportedFormat, WrongKey)):
            VAULT.open_bytes(blob, expect=FileClass.CONTENT)
        with pytest.raises(independent_reader.Refused):
            independent_reader.open_file(bytes(blob), ROOT, VAULT_ID, 1)


def test_every_truncation_of_a_small_file_counts() -> None:
    """A file cut at any byte is called damaged."""
    for size in range(len(SMALL)):
        with pytest.raises(CorruptFile):
            VAULT.open_bytes(SMALL[:size], expect=FileClass.CONTENT)


@given(st.data())
def test_changes_to_a_large_file_are_noticed(data: st.DataObject) -> None:
    """Flipped, cut or lengthened anywhere, a file of several chunks does not open."""
    blob = bytearray(ACCEPTED["three chunks"])
    at = data.draw(st.integers(0, len(blob) - 1))
    change = data.draw(st.sampled_from(["flip", "cut", "insert", "drop"]))
    if change == "flip":
        blob[at] ^= data.draw(st.integers(1, 255))
    elif change == "cut":
        del blob[at:]
    elif change == "insert":
        blob[at:at] = data.draw(st.binary(min_size=1, max_size=40))
    else:
        del blob[at : at + data.draw(st.integers(1, 40))]
    if blob == ACCEPTED["three chunks"]:
        return
    with pytest.raises((CorruptFile, UnsupportedFormat, WrongKey)):
        VAULT.open_bytes(blob, expect=FileClass.CONTENT)


@given(st.permutations(range(3)), st.integers(0, 2))
def test_chunks_have_one_order(order: list[int], twice: int) -> None:
    """Chunks that are reordered, repeated or left out do not open."""
    blob = ACCEPTED["three chunks"]
    start = BASE_HEADER_BYTES + 56
    chunks = [blob[at : at + 16400] for at in range(start, len(blob), 16400)]
    shuffled = [chunks[number] for number in order]
    repeated = [*chunks[:twice], chunks[twice], *chunks[twice:]]
    missing = [chunk for number, chunk in enumerate(chunks) if number != twice]
    for pieces in (shuffled, repeated, missing):
        if pieces != chunks:
            with pytest.raises(CorruptFile):
                VAULT.open_bytes(blob[:start] + b"".join(pieces), expect=FileClass.CONTENT)


@pytest.mark.parametrize(("is_", "expected"), list(itertools.permutations(FileClass, 2)))
def test_no_class_passes_for_another(is_: FileClass, expected: FileClass) -> None:
    """A file of one class is refused where another is expected, in words."""
    blob = VAULT.seal_bytes(b"", file_class=is_)
    with pytest.raises(CorruptFile) as caught:
        VAULT.open_bytes(blob, expect=expected, name="x")
    assert str(caught.value).startswith(f"x is {is_.description}, not {expected.description}.")


def test_every_save_has_a_key_of_its_own() -> None:
    """Sealing the same content twice gives two ciphertexts and two file ids."""
    one, two = (VAULT.seal_bytes(b"same", file_class=FileClass.CONTENT) for _ in range(2))
    assert Header.parse(one).file_id != Header.parse(two).file_id
    assert one[BASE_HEADER_BYTES:] != two[BASE_HEADER_BYTES:]


def test_payloads_cannot_be_exchanged() -> None:
    """Neither the payload nor the wrapped key of another save of the same file fits."""
    one, two = ACCEPTED["small"], ACCEPTED["small again"]
    for at in (56, 76, BASE_HEADER_BYTES):
        with pytest.raises(CorruptFile):
            VAULT.open_bytes(one[:at] + two[at:], expect=FileClass.CONTENT)


@pytest.mark.parametrize("epoch", [1, 2])
def test_a_false_fingerprint_is_refused(epoch: int) -> None:
    """A file that names another key than the one that opens it is refused by both readers."""
    vault = open_vault(epoch=epoch)
    header = Header.parse(vault.seal_bytes(b"", file_class=FileClass.CONTENT))
    stanza = wrap(vault._wrap_key, epoch, bytes(8), header.core, bytes(32))
    blob = bytes(Header(header.core, stanza)) + aead.seal(
        bytes(32), b"jsec/data/v1" + bytes(header.core), b""
    )
    with pytest.raises(CorruptFile):
        VAULT.open_bytes(blob, expect=FileClass.CONTENT)
    with pytest.raises(independent_reader.Refused, match="fingerprint"):
        independent_reader.open_file(blob, ROOT, VAULT_ID, 1)


def test_content_does_not_show() -> None:
    """No piece of the content stands in the sealed file."""
    blob = VAULT.seal_bytes(b"CANARY" * 1000, file_class=FileClass.CONTENT)
    assert b"CANARY" not in blob


@pytest.mark.parametrize(
    "wrong",
    [
        {"file_id": b"short"},
        {"file_version": 0},
        {"file_version": 2**64},
        {"flags": Flags(4)},
        {"file_class": 9},
    ],
)
def test_what_no_reader_would_take_is_not_written(wrong: dict[str, Any]) -> None:
    """Sealing refuses a header that opening would refuse."""
    arguments: dict[str, Any] = {"file_class": FileClass.CONTENT} | wrong
    with pytest.raises(ValueError):  # noqa: PT011 — two of ours and one of enum's
        VAULT.seal_bytes(b"", **arguments)


# ── other vaults, other keys ───────────────────────────────────────────────────────────────────


def test_another_vaults_file_is_named_as_such() -> None:
    """A file of another vault is not called damaged: both vaults are named."""
    other = open_vault(vault_id=bytes(16))
    blob = other.seal_bytes(b"", file_class=FileClass.CONTENT)
    with pytest.raises(WrongKey, match="00000000") as caught:
        VAULT.open_bytes(blob, expect=FileClass.CONTENT)
    assert VAULT_ID.hex()[:8] in str(caught.value)
    assert "recovery key of that vault" in str(caught.value)


def test_files_of_other_epochs_open() -> None:
    """After the epoch has moved on, and after it was set back, all files still open."""
    later = open_vault(epoch=2)
    old = VAULT.seal_bytes(b"old", file_class=FileClass.CONTENT)
    new = later.seal_bytes(b"new", file_class=FileClass.CONTENT)
    assert later.open_bytes(old, expect=FileClass.CONTENT).data == b"old"
    assert VAULT.open_bytes(new, expect=FileClass.CONTENT).data == b"new"


def test_root_key_and_file_suffice() -> None:
    """A vault rebuilt from the root key and a file's header opens the file: recovery."""
    header = Header.parse(SMALL)
    root = RootKey(ROOT)
    assert root_key_fits(root, header)
    assert not root_key_fits(RootKey(bytes(32)), header)
    rebuilt = Vault(Keyring.from_root(root, header.vault_id, header.stanza.epoch))
    rebuilt.unseal(root)
    assert rebuilt.open_bytes(SMALL, expect=FileClass.CONTENT).data == b"content"


def test_another_vaults_root_key_does_not_unseal() -> None:
    """A root key of another vault is refused, and the vault stays sealed."""
    vault = Vault(Keyring.from_root(RootKey(ROOT), VAULT_ID, 1))
    with pytest.raises(WrongKey, match="another vault"):
        vault.unseal(RootKey.generate())
    assert not vault.is_open


# ── sealed and unsealed ────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "use",
    [
        lambda vault: vault.root(),
        lambda vault: vault.derive(b"purpose"),
        lambda vault: vault.seal_bytes(b"", file_class=FileClass.CONTENT),
        lambda vault: vault.sealer(file_class=FileClass.CONTENT),
        lambda vault: vault.open_bytes(SMALL, expect=FileClass.CONTENT),
        lambda vault: vault.opener(Header.parse(SMALL), expect=FileClass.CONTENT),
    ],
)
def test_a_sealed_vault_does_nothing(use: Any) -> None:
    """Before the first unsealing and after sealing, every use says that the vault is sealed."""
    vault = Vault(Keyring.from_root(RootKey(ROOT), VAULT_ID, 1))
    assert not vault.is_open
    with pytest.raises(VaultSealed):
        use(vault)
    vault.unseal(RootKey(ROOT))
    assert vault.is_open
    assert use(vault)
    vault.seal()
    vault.seal()
    assert not vault.is_open
    with pytest.raises(VaultSealed):
        use(vault)


def test_sealing_wipes_the_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sealing overwrites the root key and the wrap key, and a root key lent out is of no use."""
    overwritten: list[bytes] = []
    wipe = memory.wipe

    def watched(buffer: bytearray) -> None:
        overwritten.append(bytes(buffer))
        wipe(buffer)

    vault = open_vault()
    root, wrap_key = vault.root(), bytes(vault._wrap_key)
    monkeypatch.setattr(memory, "wipe", watched)
    vault.seal()
    assert set(overwritten) == {ROOT, wrap_key}
    assert not vault._wrap_key
    with pytest.raises(VaultSealed):
        root.expose()


def test_unsealing_keeps_a_copy() -> None:
    """The caller may wipe the key it unsealed with; unsealing again changes nothing."""
    vault = open_vault()
    held = vault.root()
    vault.unseal(RootKey(ROOT))
    assert vault.root() is held
    assert vault.open_bytes(SMALL, expect=FileClass.CONTENT).data == b"content"


def test_purposes_do_not_meet_the_file_keys() -> None:
    """A key derived for another purpose is the root key's, and is not the wrap key."""
    key = VAULT.derive(b"jsec/test/v1")
    assert key == RootKey(ROOT).derive(b"jsec/test/v1")
    assert key != bytes(VAULT._wrap_key)


def test_sealing_while_others_work_is_all_or_nothing() -> None:
    """With threads sealing files while the vault opens and closes, every file made is good."""
    vault, made = open_vault(), []
    stop = threading.Event()

    def work() -> None:
        while not stop.is_set():
            try:
                made.append(vault.seal_bytes(b"x", file_class=FileClass.CONTENT))
            except VaultSealed:
                continue

    workers = [threading.Thread(target=work) for _ in range(3)]
    for worker in workers:
        worker.start()
    for _ in range(300):
        vault.seal()
        vault.unseal(RootKey(ROOT))
    stop.set()
    for worker in workers:
        worker.join()
    assert made
    for blob in made:
        assert VAULT.open_bytes(blob, expect=FileClass.CONTENT).data == b"x"


# ── streaming ──────────────────────────────────────────────────────────────────────────────────


@given(st.lists(st.binary(max_size=20_000), max_size=4), st.integers(1, 20_000))
def test_streams_are_the_same_files(pieces: list[bytes], step: int) -> None:
    """A file sealed in pieces opens whole, and a whole one opens in pieces."""
    sealer = VAULT.sealer(file_class=FileClass.STAGING)
    blob = b"".join([sealer.header, *map(sealer.update, pieces), sealer.finalize()])
    assert VAULT.open_bytes(blob, expect=FileClass.STAGING).data == b"".join(pieces)
    opener = VAULT.opener(Header.parse(blob), expect=FileClass.STAGING)
    places = range(BASE_HEADER_BYTES, len(blob), step)
    parts = [opener.update(blob[at : at + step]) for at in places]
    assert b"".join([*parts, opener.finalize()]) == b"".join(pieces)


def test_a_stream_cut_at_a_chunk_is_noticed_at_the_end() -> None:
    """All of a cut stream that came out is authentic, and finishing it says what is missing."""
    blob = ACCEPTED["three chunks"]
    opener = VAULT.opener(Header.parse(blob), expect=FileClass.CONTENT, name="x")
    part = opener.update(blob[BASE_HEADER_BYTES : BASE_HEADER_BYTES + 56 + 16400])
    assert loading.content(40_000).startswith(part)
    with pytest.raises(CorruptFile, match=r"^x is damaged.*cut short"):
        opener.finalize()


def test_a_stream_stops_at_damage() -> None:
    """Nothing of a damaged chunk, or of what follows it, comes out of a stream."""
    blob = bytearray(ACCEPTED["three chunks"])
    blob[BASE_HEADER_BYTES + 56 + 16400] ^= 1
    opener = VAULT.opener(Header.parse(blob), expect=FileClass.CONTENT)
    opener.update(blob[BASE_HEADER_BYTES : BASE_HEADER_BYTES + 56 + 16400])
    for _ in range(2):
        with pytest.raises(CorruptFile):
            opener.update(blob[BASE_HEADER_BYTES + 56 + 16400 :])


def test_a_stream_goes_on_when_the_vault_is_sealed() -> None:
    """A download that has begun may finish; the key it holds opens that one file only."""
    vault = open_vault()
    opener = vault.opener(Header.parse(SMALL), expect=FileClass.CONTENT)
    vault.seal()
    assert opener.update(SMALL[BASE_HEADER_BYTES:]) + opener.finalize() == b"content"


# ── layers ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("module", ["tornado", "jupyter_server", "traitlets", "sqlalchemy"])
def test_the_vault_brings_no_server(module: str) -> None:
    """Importing the vault imports neither a web server nor a database."""
    code = f"import sys, jupyter_secure.vault.vault; print({module!r} in sys.modules)"
    command = [sys.executable, "-c", code]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "False\n"


# ── epochs ─────────────────────────────────────────────────────────────────────────────────────


def test_rewrap_changes_the_stanza_only() -> None:
    """A rewrapped header has the old core, a new stanza, and fits the payload as it is."""
    vault = open_vault(epoch=7)
    old = Header.parse(SMALL)
    new = vault.rewrap(old)
    assert (new.core, new.stanza.epoch) == (old.core, 7)
    assert new.stanza.wrapped != old.stanza.wrapped
    rewrapped = bytes(new) + SMALL[BASE_HEADER_BYTES:]
    assert open_vault().open_bytes(rewrapped, expect=FileClass.CONTENT).data == b"content"


@pytest.mark.parametrize("at", [10, 30, 44, 70, 100, BASE_HEADER_BYTES - 1])
def test_an_altered_header_is_not_rewrapped(at: int) -> None:
    """What does not belong to the file is never given a fresh seal."""
    blob = bytearray(SMALL)
    blob[at] ^= 1
    with pytest.raises(SecureError):
        open_vault(epoch=2).rewrap(Header.parse(blob))


def test_a_newer_epoch_counts_from_the_next_unsealing() -> None:
    """The keyring is read anew at each unsealing; while the vault is open nothing changes."""
    root = RootKey(ROOT)
    present = Keyring.from_root(root, VAULT_ID, 1)
    vault = Vault(present, newest=lambda: present)
    vault.unseal(root)
    present = Keyring.from_root(root, VAULT_ID, 2)
    vault.unseal(root)
    sealed = vault.seal_bytes(b"x", file_class=FileClass.CONTENT)
    assert Header.parse(sealed).stanza.epoch == 1
    vault.seal()
    vault.unseal(root)
    assert vault.open_bytes(sealed, expect=FileClass.CONTENT).data == b"x"
    sealed = vault.seal_bytes(b"x", file_class=FileClass.CONTENT)
    assert Header.parse(sealed).stanza.epoch == 2


@pytest.mark.parametrize(("vault_id", "epoch"), [(VAULT_ID, 1), (bytes(16), 9)])
def test_an_older_or_another_keyring_is_not_taken(vault_id: bytes, epoch: int) -> None:
    """An older vault.json, or another vault's, that was put in place changes no epoch."""
    root = RootKey(ROOT)
    vault = Vault(
        Keyring.from_root(root, VAULT_ID, 5),
        newest=lambda: Keyring.from_root(root, vault_id, epoch),
    )
    vault.unseal(root)
    header = Header.parse(vault.seal_bytes(b"x", file_class=FileClass.CONTENT))
    assert (header.vault_id, header.stanza.epoch) == (VAULT_ID, 5)


def test_a_newer_keyring_that_does_not_fit_the_key() -> None:
    """A later epoch without the root key's own check is not believed, and nothing is unsealed."""
    root = RootKey(ROOT)
    forged = Keyring.from_root(RootKey.generate(), VAULT_ID, 2)
    vault = Vault(Keyring.from_root(root, VAULT_ID, 1), newest=lambda: forged)
    with pytest.raises(WrongKey):
        vault.unseal(root)
    assert not vault.is_open


def test_a_newer_epoch_counts_from_the_next_refresh() -> None:
    """An open vault that looks again seals in the newest epoch; a sealed one does not look."""
    root = RootKey(ROOT)
    present = [Keyring.from_root(root, VAULT_ID, 1)]
    looked: list[Keyring] = []

    def newest() -> Keyring:
        looked.append(present[0])
        return present[0]

    vault = Vault(present[0], newest=newest)
    vault.refresh()
    assert looked == []
    vault.unseal(root)
    present[0] = Keyring.from_root(root, VAULT_ID, 3)
    sealed = vault.seal_bytes(b"x", file_class=FileClass.CONTENT)
    vault.refresh()
    later = vault.seal_bytes(b"x", file_class=FileClass.CONTENT)
    assert [Header.parse(one).stanza.epoch for one in (sealed, later)] == [1, 3]
    for one in (sealed, later):
        assert vault.open_bytes(one, expect=FileClass.CONTENT).data == b"x"
    present[0] = Keyring.from_root(root, VAULT_ID, 2)
    vault.refresh()
    again = vault.seal_bytes(b"x", file_class=FileClass.CONTENT)
    assert Header.parse(again).stanza.epoch == 3
    present[0] = Keyring.from_root(RootKey.generate(), VAULT_ID, 9)
    with pytest.raises(WrongKey):
        vault.refresh()
    assert vault.open_bytes(again, expect=FileClass.CONTENT).data == b"x"
