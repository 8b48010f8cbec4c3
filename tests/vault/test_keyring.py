from __future__ import annotations

import json
import unicodedata
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from vectors import independent_keys, independent_reader, loading

from jupyter_secure.crypto import kdf, memory
from jupyter_secure.crypto.kdf import OWASP_MINIMUM, RFC_9106_LOW_MEMORY, Argon2idProfile
from jupyter_secure.errors import (
    Conflict,
    InvalidInput,
    NotFound,
    SecureError,
    StateUnusable,
    UnsupportedFormat,
    WrongKey,
)
from jupyter_secure.vault.keyring import Keyring
from jupyter_secure.vault.keys import RootKey
from jupyter_secure.vault.vault import Vault

VECTORS = loading.load("vault-file.json")
ROOT = bytes.fromhex(VECTORS["root_key"])
TEXT: str = VECTORS["text"]


def altered(vector: dict[str, str]) -> bytes:
    """Make the alteration that a vector describes."""
    assert vector["replace"] in TEXT
    return TEXT.replace(vector["replace"], vector["with"], 1).encode()


@pytest.fixture(scope="module")
def made() -> tuple[Keyring, RootKey]:
    """One vault with one account, at the least cost."""
    return Keyring.create("alice", "correct horse", profile=OWASP_MINIMUM)


@pytest.mark.parametrize("account", VECTORS["accepted"], ids=lambda account: account["password"])
def test_frozen_slots_open(account: dict[str, str]) -> None:
    """The frozen vault opens with each password, here and in the independent reader."""
    keyring = Keyring.from_json(TEXT.encode())
    assert keyring.open_with_password(account["name"], account["password"]).expose() == ROOT
    found = independent_keys.open_vault(TEXT.encode(), account["name"], account["password"])
    assert found == ROOT


def test_frozen_text_is_written_as_it_was() -> None:
    """Reading the frozen vault and writing it again changes no byte."""
    assert Keyring.from_json(TEXT.encode()).to_json().decode() == TEXT


def test_layout_is_free() -> None:
    """White space and the order of members do not matter."""
    vault = json.loads(TEXT)
    reordered = json.dumps(dict(reversed(vault.items()))).encode()
    assert Keyring.from_json(reordered) == Keyring.from_json(TEXT.encode())


@pytest.mark.parametrize("vector", VECTORS["refused"], ids=lambda vector: vector["name"])
def test_frozen_alterations_are_refused(vector: dict[str, str]) -> None:
    """Every frozen malformed vault is refused, for the reason given, naming the file."""
    expected = UnsupportedFormat if vector["reason"] == "unsupported-format" else StateUnusable
    with pytest.raises(expected) as caught:
        Keyring.from_json(altered(vector), name="/s/vault.json")
    assert caught.value.reason == vector["reason"]
    assert str(caught.value).startswith("/s/vault.json ")
    assert caught.value.remedy


@pytest.mark.parametrize("vector", VECTORS["unopened"], ids=lambda vector: vector["name"])
def test_frozen_alterations_give_no_key(vector: dict[str, str]) -> None:
    """A well-formed alteration gives out no root key, here or in the independent reader."""
    name = vector.get("open_as", "alice")
    keyring = Keyring.from_json(altered(vector))
    with pytest.raises((WrongKey, StateUnusable)) as caught:
        keyring.open_with_password(name, "correct horse")
    assert caught.value.reason == vector["reason"]
    with pytest.raises(independent_reader.Refused):
        independent_keys.open_vault(altered(vector), name, "correct horse")


@pytest.mark.parametrize("of_whom", ["another vault's", "someone's without the key"])
def test_a_key_of_an_altered_vault_is_wiped(
    made: tuple[Keyring, RootKey], monkeypatch: pytest.MonkeyPatch, of_whom: str
) -> None:
    """The key that a slot gave does not stay in memory where the rest does not belong to it."""
    keyring, _ = made
    altered = replace(keyring, mac=bytes(len(keyring.mac)))
    if of_whom == "another vault's":
        altered = replace(keyring, root_check=bytes(len(keyring.root_check)))
    overwritten: list[bytes] = []
    monkeypatch.setattr(memory, "wipe", lambda buffer: overwritten.append(bytes(buffer)))
    with pytest.raises(StateUnusable, match="altered"):
        altered.open_with_password("alice", "correct horse")
    assert overwritten == [made[1].expose()]


def test_hostile_costs_are_refused_before_any_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """A vault that asks for 64 GiB is refused without deriving anything."""

    def derive(*_: object) -> bytes:
        raise AssertionError("derived")

    monkeypatch.setattr(kdf, "argon2id", derive)
    hostile = TEXT.replace("19456", str(64 * 1024 * 1024)).encode()
    with pytest.raises(StateUnusable, match="cost"):
        Keyring.from_json(hostile)


def _mutations() -> st.SearchStrategy[bytes]:
    text = TEXT.encode()
    cut = st.integers(0, len(text) - 2).map(lambda at: text[:at])
    flip = st.tuples(st.integers(0, len(text) - 1), st.integers(1, 255)).map(
        lambda f: text[: f[0]] + bytes([text[f[0]] ^ f[1]]) + text[f[0] + 1 :]
    )
    return st.one_of(cut, flip, st.binary())


@given(_mutations())
@settings(max_examples=300)
def test_damage_never_crashes_the_parser(text: bytes) -> None:
    """Damaged text is refused with our own errors, or reads as something that is written alike."""
    try:
        keyring = Keyring.from_json(text)
    except (StateUnusable, UnsupportedFormat):
        return
    assert Keyring.from_json(keyring.to_json()) == keyring


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"null",
        b"[]",
        b"\xff",
        b"\xef\xbb\xbf{}",
        b"[" * 100_000,
        b" " * (1024 * 1024 + 1),
        b'{"version": ' + b"9" * 5000 + b"}",
    ],
    ids=["empty", "null", "list", "not UTF-8", "mark", "deep", "large", "long number"],
)
def test_what_is_no_vault_is_refused(text: bytes) -> None:
    """Other JSON, and what is no JSON, is refused as damaged."""
    with pytest.raises(StateUnusable):
        Keyring.from_json(text)


@pytest.mark.parametrize("slots", [[1], [{}], [{"kind": 1}]])
def test_malformed_slots_are_refused(slots: list[Any]) -> None:
    """A slot that is no slot is refused."""
    vault = json.loads(TEXT) | {"slots": slots}
    with pytest.raises(StateUnusable):
        Keyring.from_json(json.dumps(vault).encode())


@pytest.mark.parametrize("change", [{"kdf": 1}, {"kdf": {}}, {"kind": 1}, {"extra": 1}])
def test_malformed_members_of_a_slot_are_refused(change: dict[str, Any]) -> None:
    """A slot with a member of the wrong kind is refused."""
    vault = json.loads(TEXT)
    vault["slots"][0] |= change
    with pytest.raises(StateUnusable):
        Keyring.from_json(json.dumps(vault).encode())


def test_created_vaults_open(made: tuple[Keyring, RootKey]) -> None:
    """A new vault opens with its password, and the specification alone suffices to open it."""
    keyring, root = made
    assert keyring.open_with_password("alice", "correct horse").expose() == root.expose()
    text = keyring.to_json()
    assert Keyring.from_json(text) == keyring
    assert independent_keys.open_vault(text, "alice", "correct horse") == root.expose()


def test_the_default_cost_is_the_standard_one() -> None:
    """Without being told otherwise, a slot costs what RFC 9106 recommends."""
    keyring, _ = Keyring.create("alice", "correct horse")
    assert keyring.slots[0].profile == RFC_9106_LOW_MEMORY


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("alice", "wrong"),
        ("alice", ""),
        ("alice", "correct horse "),
        ("alice", "\ud800"),
        ("Alice", "correct horse"),
        ("bob", "correct horse"),
        ("", "correct horse"),
        ("\ud800", "correct horse"),
        ("b" * 70_000, "correct horse"),
    ],
)
def test_wrong_names_and_passwords_look_alike(
    made: tuple[Keyring, RootKey], monkeypatch: pytest.MonkeyPatch, name: str, password: str
) -> None:
    """An unknown name gives the same error as a wrong password, after the same derivation."""
    done: list[Argon2idProfile] = []
    derive = kdf.argon2id

    def counted(secret: bytes, salt: bytes, profile: Argon2idProfile) -> bytes:
        done.append(profile)
        return derive(secret, salt, profile)

    monkeypatch.setattr(kdf, "argon2id", counted)
    with pytest.raises(WrongKey) as caught:
        made[0].open_with_password(name, password)
    assert str(caught.value) == "That password does not open the vault."
    assert done == [OWASP_MINIMUM]


def test_an_empty_keyring_opens_for_nobody() -> None:
    """A keyring without slots refuses every password."""
    keyring = Keyring.from_root(RootKey(ROOT), bytes(16), 1)
    with pytest.raises(WrongKey):
        keyring.open_with_password("alice", "correct horse")


def test_composed_and_decomposed_passwords_are_one() -> None:
    """A password opens the vault however the keyboard composes its letters."""
    keyring, _ = Keyring.create("zoë", "pâssé", profile=OWASP_MINIMUM)
    for form in ("NFC", "NFD"):
        keyring.open_with_password("zoë", unicodedata.normalize(form, "pâssé"))


def test_slots_are_added_and_removed(made: tuple[Keyring, RootKey]) -> None:
    """Each slot opens the same vault by itself; a removed one opens it no more."""
    keyring, root = made
    both = keyring.add_password_slot(root, "bob", "battery staple", profile=OWASP_MINIMUM)
    assert both.open_with_password("bob", "battery staple").expose() == root.expose()
    left = both.remove_slot(root, "alice")
    assert [slot.name for slot in left.slots] == ["bob"]
    assert left.open_with_password("bob", "battery staple").expose() == root.expose()
    with pytest.raises(WrongKey):
        left.open_with_password("alice", "correct horse")
    assert [slot.name for slot in keyring.slots] == ["alice"]


def test_two_slots_of_one_password_share_nothing(made: tuple[Keyring, RootKey]) -> None:
    """Two accounts with the same password cannot be told by their slots."""
    keyring, root = made
    both = keyring.add_password_slot(root, "bob", "correct horse", profile=OWASP_MINIMUM)
    alice, bob = both.slots
    assert {alice.salt, alice.wrapped, alice.slot_id}.isdisjoint(
        {bob.salt, bob.wrapped, bob.slot_id}
    )


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (lambda k, r: k.add_password_slot(r, "alice", "battery staple"), Conflict),
        (lambda k, _: k.add_password_slot(RootKey.generate(), "bob", "battery"), WrongKey),
        (lambda k, r: k.add_password_slot(r, "bob", ""), InvalidInput),
        (lambda k, r: k.add_password_slot(r, "bob", "\udfff"), InvalidInput),
        (lambda k, r: k.add_password_slot(r, "", "battery staple"), InvalidInput),
        (lambda k, r: k.add_password_slot(r, "b\ud800b", "battery staple"), InvalidInput),
        (lambda k, r: k.add_password_slot(r, "é" * 513, "battery staple"), InvalidInput),
        (lambda k, r: k.remove_slot(r, "bob"), NotFound),
        (lambda k, _: k.remove_slot(RootKey.generate(), "alice"), WrongKey),
    ],
)
def test_impossible_changes_are_refused(
    made: tuple[Keyring, RootKey], change: Any, error: type[SecureError]
) -> None:
    """A change that cannot be made is refused with its reason and changes nothing."""
    before = made[0].to_json()
    with pytest.raises(error):
        change(*made)
    assert made[0].to_json() == before


def test_root_keys_are_told_apart(made: tuple[Keyring, RootKey]) -> None:
    """A vault knows its own root key, and no other."""
    keyring, root = made
    assert keyring.verify_root(root)
    assert not keyring.verify_root(RootKey.generate())


def test_nothing_secret_is_written(made: tuple[Keyring, RootKey]) -> None:
    """Neither the root key nor the password stands in the text or in its printed form."""
    keyring, root = made
    for text in (keyring.to_json().decode(), repr(keyring)):
        assert root.expose().hex() not in text
        assert repr(root.expose())[2:-1] not in text
        assert "correct horse" not in text


def test_replaced_password(made: tuple[Keyring, RootKey]) -> None:
    """Another password opens the slot, which keeps its place; the old one does not."""
    keyring, root = made
    keyring = keyring.add_password_slot(root, "bob", "staple", profile=OWASP_MINIMUM)
    changed = keyring.replace_password(root, "alice", "new horse", profile=OWASP_MINIMUM)
    assert [slot.name for slot in changed.slots] == ["alice", "bob"]
    assert changed.slots[1] == keyring.slots[1]
    assert changed.open_with_password("alice", "new horse").expose() == root.expose()
    with pytest.raises(WrongKey):
        changed.open_with_password("alice", "correct horse")
    with pytest.raises(NotFound):
        keyring.replace_password(root, "carol", "new horse", profile=OWASP_MINIMUM)


def test_later_epoch(made: tuple[Keyring, RootKey]) -> None:
    """In a later epoch the slots open as before, and the text is a vault.json; none goes back."""
    keyring, root = made
    later = Keyring.from_json(keyring.with_epoch(root, 9).to_json())
    assert (later.epoch, later.slots) == (9, keyring.slots)
    assert later.open_with_password("alice", "correct horse").expose() == root.expose()
    with pytest.raises(ValueError, match="does not come back"):
        later.with_epoch(root, 8)
    with pytest.raises(WrongKey):
        keyring.with_epoch(RootKey.generate(), 2)


def test_nothing_is_moved_unseen(made: tuple[Keyring, RootKey]) -> None:
    """Slots in another order, one put back, or one taken out: no key comes of it, by any way in."""
    keyring, root = made
    both = keyring.add_password_slot(root, "bob", "battery staple", profile=OWASP_MINIMUM)
    altered = [
        replace(both, slots=both.slots[::-1]),
        replace(both, slots=both.slots[:1]),
        replace(both.remove_slot(root, "bob"), slots=both.slots),
        replace(both.with_epoch(root, 2), mac=both.mac),
        replace(both, previous=both.with_new_root(root, RootKey.generate(), 2).previous),
    ]
    for one in altered:
        read = Keyring.from_json(replace(one, epoch=max(one.epoch, 2)).to_json())
        with pytest.raises((StateUnusable, WrongKey)):
            read.open_with_password("alice", "correct horse")
        with pytest.raises(StateUnusable, match="altered"):
            one.open_with_password("alice", "correct horse")
        with pytest.raises(StateUnusable, match="altered"):
            Vault(one).unseal(root)
    sound = Vault(both)
    sound.unseal(root)
    assert sound.is_open


def test_an_open_vault_takes_no_altered_keyring(made: tuple[Keyring, RootKey]) -> None:
    """A later epoch whose slots were altered is not taken, and the present keys stay."""
    keyring, root = made
    present = [keyring]
    vault = Vault(keyring, newest=lambda: present[0])
    vault.unseal(root)
    present[0] = replace(keyring.with_epoch(root, 2), slots=())
    with pytest.raises(StateUnusable):
        vault.refresh()
    assert vault.is_open
    present[0] = keyring.with_epoch(root, 2)
    vault.refresh()
