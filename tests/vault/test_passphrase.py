from __future__ import annotations

import base64
import pickle
import threading
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.passphrases import twin
from vectors import independent_reader, loading

from jupyter_secure.crypto import kdf, memory
from jupyter_secure.crypto.kdf import OWASP_MINIMUM, Argon2idProfile
from jupyter_secure.errors import (
    CorruptFile,
    PassphraseRequired,
    SecureError,
    UnsupportedFormat,
    VaultSealed,
    WrongKey,
    WrongPassphrase,
)
from jupyter_secure.vault.envelope import (
    BASE_HEADER_BYTES,
    PASSPHRASE_HEADER_BYTES,
    FileClass,
    Flags,
    Header,
    read_prefix,
    sealed_size,
)
from jupyter_secure.vault.keyring import Keyring
from jupyter_secure.vault.keys import RootKey
from jupyter_secure.vault.passphrase import PassphraseKey
from jupyter_secure.vault.stanza import Derivation
from jupyter_secure.vault.vault import Vault
from jupyter_secure.vault.wrapping import root_key_fits

VECTORS = loading.load("passphrase.json")
ROOT, VAULT_ID = bytes.fromhex(VECTORS["root_key"]), bytes.fromhex(VECTORS["vault_id"])
ACCEPTED = {v["name"]: base64.b64decode(v["file"]) for v in VECTORS["accepted"]}
ENTRIES = {v["name"]: v for v in VECTORS["accepted"]}
WORDS = "violet harbour ninety ducks"


def open_vault(epoch: int = 1) -> Vault:
    root = RootKey(ROOT)
    vault = Vault(Keyring.from_root(root, VAULT_ID, epoch))
    vault.unseal(root)
    return vault


VAULT = open_vault()
KEY = PassphraseKey(WORDS, Derivation(bytes(16), OWASP_MINIMUM))
OTHER = PassphraseKey("another set of words", Derivation(bytes(16), OWASP_MINIMUM))
SMALL = VAULT.seal_bytes(b"content", file_class=FileClass.CONTENT, passphrase=KEY)
HEAD = SMALL[:PASSPHRASE_HEADER_BYTES]


@cache
def derived(passphrase: str, derivation: Derivation) -> PassphraseKey:
    """Return the key, derived once for all tests: that is what takes the time."""
    return PassphraseKey(passphrase, derivation)


def opened(blob: bytes, passphrase: str, expect: int) -> bytes:
    """Open a file as a program does that has nothing but the file and the passphrase."""
    derivation = Header.parse(blob, name="“n.ipynb”").stanza.derivation
    key = None if derivation is None else derived(passphrase, derivation)
    return VAULT.open_bytes(blob, expect=FileClass(expect), name="“n.ipynb”", passphrase=key).data


# ── vectors ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("vector", VECTORS["accepted"], ids=lambda vector: vector["name"])
def test_frozen_files_open(vector: dict[str, Any]) -> None:
    """Every frozen file opens with its passphrase, here and in the independent reader."""
    blob, words = ACCEPTED[vector["name"]], vector["passphrase"]
    assert opened(blob, words, vector["class"]) == loading.content(vector["size"])
    read = independent_reader.open_file(blob, ROOT, VAULT_ID, vector["class"], words)
    assert read.content == loading.content(vector["size"])
    for said in (Header.parse(blob), read):
        assert said.flags == vector["flags"]
        assert said.file_id.hex() == vector["file_id"]
        assert said.file_version == vector["file_version"]


@pytest.mark.parametrize("vector", VECTORS["refused"], ids=lambda vector: vector["name"])
def test_frozen_alterations_are_refused(vector: dict[str, Any]) -> None:
    """Every frozen alteration is refused for its reason, here and in the independent reader."""
    blob, source = loading.altered(vector, ACCEPTED), ENTRIES.get(vector.get("of", ""), {})
    expect = vector.get("expect", source.get("class", 1))
    words = vector.get("passphrase", source.get("passphrase", ""))
    with pytest.raises(SecureError) as caught:
        opened(blob, words, expect)
    assert caught.value.reason == vector["reason"]
    assert "“n.ipynb”" in str(caught.value)
    assert caught.value.remedy
    with pytest.raises(independent_reader.Refused):
        independent_reader.open_file(blob, ROOT, VAULT_ID, expect, words)


# ── the format, on fresh files ─────────────────────────────────────────────────────────────────


@settings(max_examples=40)
@given(
    st.binary(max_size=40_000),
    st.sampled_from(FileClass),
    st.binary(min_size=16, max_size=16),
    st.integers(1, 2**64 - 1),
    st.sampled_from([Flags.NONE, Flags.VALID | Flags.TRUSTED]),
)
def test_round_trip(
    data: bytes, kind: FileClass, file_id: bytes, number: int, flags: Flags
) -> None:
    """What is sealed comes back with its header, and its size is foretold."""
    blob = VAULT.seal_bytes(
        data, file_class=kind, file_id=file_id, file_version=number, flags=flags, passphrase=KEY
    )
    assert len(blob) == sealed_size(len(data), PASSPHRASE_HEADER_BYTES)
    found = VAULT.open_bytes(blob, expect=kind, passphrase=KEY)
    header = found.header
    assert (found.data, header.size) == (data, PASSPHRASE_HEADER_BYTES)
    assert (header.file_class, header.flags) == (kind, flags)
    assert (header.file_id, header.file_version) == (file_id, number)


@pytest.mark.parametrize("bit", range(8))
def test_every_bit_counts(bit: int) -> None:
    """Flipping any one bit of a file is noticed; by the vault's layer, passphrase or not."""
    for at in range(len(SMALL)):
        blob = bytearray(SMALL)
        blob[at] ^= 1 << bit
        for key in (KEY, OTHER):
            refused = (CorruptFile, UnsupportedFormat, WrongKey, WrongPassphrase)
            with pytest.raises(refused) as caught:
                VAULT.open_bytes(blob, expect=FileClass.CONTENT, passphrase=key)
            wrong = isinstance(caught.value, WrongPassphrase)
            assert wrong == (key is OTHER and at >= PASSPHRASE_HEADER_BYTES)


def test_every_truncation_counts() -> None:
    """A file cut at any byte is called damaged."""
    for size in range(len(SMALL)):
        with pytest.raises(CorruptFile):
            VAULT.open_bytes(SMALL[:size], expect=FileClass.CONTENT, passphrase=KEY)


@given(st.dictionaries(st.integers(0, len(HEAD) - 1), st.integers(0, 255), max_size=4))
def test_there_is_one_way_to_write_a_header(changes: dict[int, int]) -> None:
    """Whatever parses is written back byte for byte, and asks for no more than is allowed."""
    head = bytearray(HEAD)
    for at, value in changes.items():
        head[at] = value
    try:
        header = Header.parse(head)
    except (CorruptFile, UnsupportedFormat):
        return
    assert bytes(header) == head[: header.size]
    if header.stanza.derivation is not None:
        assert header.stanza.derivation.profile.is_acceptable()


@pytest.mark.parametrize(
    ("head", "after"),
    [(HEAD, 0), (HEAD, 72), (SMALL, 0), (b"plain", 0), (b"x" * 500, 0), (b"", 0)],
)
def test_the_prefix_ends_where_the_payload_begins(head: bytes, after: int) -> None:
    """Reading a header takes all of it from a pipe or a file, and nothing after it."""
    data, position = head + bytes(after), 0

    def read(size: int) -> bytes:
        nonlocal position
        part = data[position : position + size]
        position += len(part)
        return part

    prefix = read_prefix(read)
    expected = PASSPHRASE_HEADER_BYTES if head[:1] == b"\x89" else BASE_HEADER_BYTES
    assert prefix == data[:expected]
    assert position == len(prefix)


def test_both_keys_are_needed() -> None:
    """The vault alone is refused, and so is the passphrase alone."""
    for key in (None, KEY_WITH_OTHER_SALT):
        with pytest.raises(PassphraseRequired):
            VAULT.open_bytes(SMALL, expect=FileClass.CONTENT, passphrase=key)
    with pytest.raises(WrongPassphrase):
        VAULT.open_bytes(SMALL, expect=FileClass.CONTENT, passphrase=OTHER)
    sealed = open_vault()
    sealed.seal()
    with pytest.raises(VaultSealed):
        sealed.open_bytes(SMALL, expect=FileClass.CONTENT, passphrase=KEY)


KEY_WITH_OTHER_SALT = PassphraseKey(WORDS, Derivation(bytes([1] * 16), OWASP_MINIMUM))


def test_what_a_passphrase_does_not_open_says_so_and_no_more() -> None:
    """The message names the file, and holds neither passphrase nor key."""
    with pytest.raises(WrongPassphrase, match=r"does not open “a\.ipynb”") as caught:
        VAULT.open_bytes(SMALL, expect=FileClass.CONTENT, name="“a.ipynb”", passphrase=OTHER)
    assert "another set" not in str(caught.value)
    assert (repr(KEY), str(KEY)) == ("PassphraseKey(…)",) * 2


def test_each_save_has_its_own_data_key() -> None:
    """The same passphrase key, twice, and no byte of the two files is the same after the head."""
    one, two = (
        VAULT.seal_bytes(b"x" * 100, file_class=FileClass.CONTENT, passphrase=KEY) for _ in "12"
    )
    assert one[76:104] == two[76:104]  # salt and cost
    assert one[104:168] != two[104:168]
    assert one[280:] != two[280:]


def test_rotation_needs_no_passphrase() -> None:
    """A new epoch renews the outer wrap; the file then opens with the same passphrase."""
    header, later = Header.parse(SMALL), open_vault(2)
    new = later.rewrap(header)
    assert (new.stanza.epoch, new.stanza.derivation) == (2, header.stanza.derivation)
    assert new.size == header.size
    blob = bytes(new) + SMALL[header.size :]
    assert later.open_bytes(blob, expect=FileClass.CONTENT, passphrase=KEY).data == b"content"
    with pytest.raises(PassphraseRequired):
        later.open_bytes(blob, expect=FileClass.CONTENT)


def test_recovery_tells_whose_it_is() -> None:
    """The root key tells that the file is its vault's, though it does not open it."""
    assert root_key_fits(RootKey(ROOT), Header.parse(SMALL))


@pytest.mark.parametrize(
    ("iterations", "lanes", "memory_kib"),
    [(1, 1, 19456), (17, 1, 19456), (2, 0, 19456), (2, 17, 19456), (2, 1, 19455), (2, 1, 1 << 21)],
)
def test_a_cost_outside_the_limits_is_refused_before_it_is_paid(
    monkeypatch: pytest.MonkeyPatch, iterations: int, lanes: int, memory_kib: int
) -> None:
    """A header can ask neither for a terabyte nor for a derivation that is cheap to guess."""

    def never(*_: object) -> bytes:
        raise AssertionError("it was derived")

    monkeypatch.setattr(kdf, "argon2id", never)
    cost = Derivation(bytes(16), Argon2idProfile(iterations, lanes, memory_kib))
    with pytest.raises(CorruptFile):
        Header.parse(HEAD[:76] + bytes(cost) + HEAD[104:])


def test_a_wiped_key_opens_and_wraps_nothing() -> None:
    """After wiping, twice if need be, the key is asked for again."""
    key = PassphraseKey(WORDS, KEY.derivation)
    assert VAULT.open_bytes(SMALL, expect=FileClass.CONTENT, passphrase=key).data == b"content"
    key.wipe()
    key.wipe()
    with pytest.raises(PassphraseRequired):
        VAULT.open_bytes(SMALL, expect=FileClass.CONTENT, passphrase=key)
    with pytest.raises(PassphraseRequired):
        VAULT.seal_bytes(b"x", file_class=FileClass.CONTENT, passphrase=key)


def test_wiping_overwrites_the_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was the key is zeros before its memory is given back."""
    overwritten: list[bytearray] = []
    wipe = memory.wipe

    def watched(buffer: bytearray) -> None:
        wipe(buffer)
        overwritten.append(buffer[:])

    monkeypatch.setattr(memory, "wipe", watched)
    PassphraseKey(WORDS, KEY.derivation).wipe()
    assert overwritten == [bytes(32)]


def test_wiping_never_leaves_a_half_wiped_key_in_use() -> None:
    """Whatever is wrapped while the key is being wiped opens with the key, or is not wrapped."""
    for _ in range(20):
        key = twin(KEY)
        made: list[bytes] = []

        def seal(key: PassphraseKey = key, made: list[bytes] = made) -> None:
            try:
                while True:
                    made.append(
                        VAULT.seal_bytes(b"x", file_class=FileClass.CONTENT, passphrase=key)
                    )
            except PassphraseRequired:
                pass

        thread = threading.Thread(target=seal)
        thread.start()
        while not made:
            pass
        key.wipe()
        thread.join()
        for blob in made:
            assert VAULT.open_bytes(blob, expect=FileClass.CONTENT, passphrase=KEY).data == b"x"


def test_a_key_does_not_leave_the_process() -> None:
    """It cannot be pickled."""
    with pytest.raises(TypeError):
        pickle.dumps(KEY)


def test_a_new_key_has_a_salt_of_its_own() -> None:
    """Two files under one passphrase do not tell that they are."""
    one, two = (PassphraseKey.new(WORDS, profile=OWASP_MINIMUM) for _ in "12")
    assert one.derivation.salt != two.derivation.salt
