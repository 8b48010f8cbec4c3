"""What is opened and sealed for Git, and what is refused."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest
from support.gits import Person, vault_for_two

from jupyter_secure.app.git.open_vault import KeyGone, OpenVault
from jupyter_secure.crypto.kdf import OWASP_MINIMUM
from jupyter_secure.errors import CorruptFile, Locked, SecureError, StateUnusable, WrongKey
from jupyter_secure.locks import Lock, LockMode
from jupyter_secure.store.database import Database
from jupyter_secure.store.in_use import alone
from jupyter_secure.store.locks import DatabaseLocks
from jupyter_secure.store.vault_file import load_keyring, save_keyring
from jupyter_secure.vault.envelope import FileClass, Header
from jupyter_secure.vault.keys import RootKey
from jupyter_secure.vault.passphrase import PassphraseKey


def sealed(one: Person, content: bytes = b"content", **members: object) -> bytes:
    """Return a sealed file of this person's vault."""
    return one.vault.seal_bytes(content, **{"file_class": FileClass.CONTENT, **members})  # type: ignore[arg-type]


def lock(one: Person, blob: bytes, mode: LockMode) -> None:
    """Lock what is in ``blob``, at some path."""
    database = Database.open(one.state / "state.db")
    file_id = Header.parse(blob).file_id
    DatabaseLocks(database).put(Lock("a.ipynb", file_id, mode, "alice", datetime.now(timezone.utc)))
    database.close()


def test_opens(alice: Person, opened: OpenVault) -> None:
    """A sealed document of this vault opens."""
    assert opened.open(sealed(alice)) == b"content"


def test_seals_the_next_version(alice: Person, opened: OpenVault) -> None:
    """What is sealed is the first header's file, in the version after all of them."""
    ours, theirs = sealed(alice, file_version=4), sealed(alice, file_version=7)
    headers = [blob[: Header.parse(blob).size] for blob in (ours, theirs)]
    made = Header.parse(blob := opened.seal(b"merged", headers))
    assert (made.file_id, made.file_version) == (Header.parse(ours).file_id, 8)
    assert opened.open(blob) == b"merged"


def test_no_version_is_made_up(alice: Person, opened: OpenVault) -> None:
    """A header whose number was altered is refused: nothing could come after what it would make."""
    blob = sealed(alice)
    header = bytearray(blob[: Header.parse(blob).size])
    header[44:52] = (1 << 63).to_bytes(8, "big")
    with pytest.raises(CorruptFile, match="altered"):
        opened.seal(b"mine", [bytes(header)])


@pytest.mark.parametrize("mode", list(LockMode))
def test_locks_hold(alice: Person, opened: OpenVault, mode: LockMode) -> None:
    """What a lock withholds is refused in words, also when it was locked since; so is changing."""
    blob = sealed(alice)
    assert opened.open(blob) == b"content"
    lock(alice, blob, mode)
    if mode is LockMode.READ_ONLY:
        assert opened.open(blob) == b"content"
    else:
        with pytest.raises(Locked, match="alice locked it, and Git cannot ask for a code"):
            opened.open(blob)
    with pytest.raises(Locked):
        opened.seal(b"x", [blob[: Header.parse(blob).size]])


def test_what_needs_a_passphrase(alice: Person, opened: OpenVault) -> None:
    """A file under a passphrase is refused, though no lock of it is known here."""
    blob = sealed(alice, passphrase=PassphraseKey.new("a passphrase", profile=OWASP_MINIMUM))
    with pytest.raises(Locked, match="locked with a passphrase"):
        opened.open(blob)


@pytest.mark.parametrize(
    "kind", [one for one in FileClass if one is not FileClass.CONTENT], ids=lambda one: one.name
)
def test_other_kinds_of_files(alice: Person, opened: OpenVault, kind: FileClass) -> None:
    """Checkpoints, the keys of histories and the like are nothing that Git is to be shown."""
    with pytest.raises(CorruptFile, match="not a live document"):
        opened.open(sealed(alice, file_class=kind))


@pytest.mark.parametrize("at", [0, 9, 20, 50, 130, -1])
def test_damaged(alice: Person, opened: OpenVault, at: int) -> None:
    """A byte that was changed anywhere is found."""
    blob = bytearray(sealed(alice))
    blob[at] ^= 1
    with pytest.raises(SecureError):
        opened.open(bytes(blob))


def test_another_vault(alice: Person, opened: OpenVault) -> None:
    """Neither another vault's file nor another vault's key is taken."""
    keyring, root = vault_for_two()
    stranger = sealed(alice)[:12] + keyring.vault_id + sealed(alice)[28:]
    with pytest.raises(WrongKey, match="another vault"):
        opened.open(stranger)
    with pytest.raises(WrongKey):
        OpenVault(alice.state, root)


def test_a_new_root_key(alice: Person, opened: OpenVault) -> None:
    """Once vault.json is under another root key, the old one opens nothing here."""
    blob = sealed(alice)
    keyring = load_keyring(alice.state)
    new = RootKey.generate()
    save_keyring(alice.state, keyring.with_new_root(alice.root, new, keyring.epoch + 1))
    with pytest.raises(KeyGone):
        opened.open(blob)


def test_no_vault_any_more(alice: Person, opened: OpenVault) -> None:
    """Without vault.json nothing is opened."""
    blob = sealed(alice)
    (alice.state / "vault.json").unlink()
    with pytest.raises(KeyGone):
        opened.check_key()
    with pytest.raises(KeyGone):
        opened.open(blob)


def test_a_new_epoch(alice: Person, opened: OpenVault) -> None:
    """A new key epoch is taken up: files of both open, and new ones are of the new."""
    old = sealed(alice)
    keyring = load_keyring(alice.state)
    save_keyring(alice.state, keyring.with_epoch(alice.root, keyring.epoch + 1))
    assert opened.open(sealed(alice)) == opened.open(old) == b"content"
    made = opened.seal(b"x", [old[: Header.parse(old).size]])
    assert Header.parse(made).stanza.epoch == keyring.epoch + 1


def test_not_while_the_root_key_is_changed(alice: Person, opened: OpenVault) -> None:
    """Nothing is sealed under a key that is being replaced at this moment."""
    blob = sealed(alice)
    with alone(alice.state), pytest.raises(StateUnusable, match="being changed"):
        opened.seal(b"x", [blob[: Header.parse(blob).size]])


def test_closed(alice: Person, opened: OpenVault) -> None:
    """Once closed it opens nothing."""
    blob = sealed(alice)
    opened.close()
    opened.close()
    with pytest.raises(KeyGone):
        opened.open(blob)


def test_a_damaged_database(alice: Person) -> None:
    """Where locks cannot be read, nothing is opened."""
    (alice.state / "state.db").write_bytes(b"nonsense" * 1000)
    with pytest.raises(StateUnusable):
        OpenVault(alice.state, alice.root)
