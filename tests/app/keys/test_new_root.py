from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

import pytest

from jupyter_secure.app.content import files
from jupyter_secure.app.content.opening import sealing_of
from jupyter_secure.app.content.provenance import Provenance
from jupyter_secure.app.keys import new_root
from jupyter_secure.app.keys.new_root import Kept
from jupyter_secure.app.keys.rekey import rotate
from jupyter_secure.app.keys.slots import add_key_file
from jupyter_secure.app.setup import set_up
from jupyter_secure.app.state import State
from jupyter_secure.crypto.kdf import OWASP_MINIMUM
from jupyter_secure.errors import Conflict, NotFound, StateUnusable, WrongKey
from jupyter_secure.identity import passkeys, totp
from jupyter_secure.identity.passkeys import Credential, Passkey
from jupyter_secure.identity.sessions import SessionPolicy
from jupyter_secure.store.accounts import DatabaseAccounts
from jupyter_secure.store.catalogue import DatabaseCatalogue
from jupyter_secure.store.database import Database
from jupyter_secure.store.in_use import InUse
from jupyter_secure.store.passkeys import DatabasePasskeys
from jupyter_secure.store.vault_file import change_keyring, load_keyring
from jupyter_secure.vault.catalogue import Catalogue
from jupyter_secure.vault.catalogue_rows import Sealing
from jupyter_secure.vault.envelope import FileClass, Flags, Header
from jupyter_secure.vault.keyring_passkeys import with_passkey
from jupyter_secure.vault.keys import RootKey
from jupyter_secure.vault.passphrase import PassphraseKey
from jupyter_secure.vault.recovery_key import decode_recovery_key
from jupyter_secure.vault.vault import Vault
from jupyter_secure.vault.wrapping import root_key_fits

PASSWORD = "a red kite over Talgarth at noon"
PASSKEY = "0123456789abcdef"
ALICE = Kept("alice", PASSWORD)
START = datetime(2030, 1, 1, 12, tzinfo=timezone.utc)


@dataclass
class Here:
    """A place that was set up, with sealed files in a folder."""

    state: Path
    folder: Path
    prepared: set_up.Prepared
    old: RootKey
    told: list[tuple[str, bool]]

    def show(self, key: str, new: bool) -> None:
        self.told.append((key, new))

    def vault(self) -> Vault:
        keyring = load_keyring(self.state)
        vault = Vault(keyring)
        vault.unseal(keyring.open_with_password("alice", PASSWORD))
        return vault

    def put(self, name: str, content: bytes = b"x", kind: FileClass = FileClass.CONTENT) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(
            self.vault().seal_bytes(
                content, file_class=kind, file_version=7, flags=Flags.VALID | Flags.TRUSTED
            )
        )
        return path

    def begin(self, kept: Kept = ALICE, **options: bool) -> new_root.Renewed:
        return new_root.begin(kept, [self.folder], self.show, profile=OWASP_MINIMUM, **options)

    def resume(self, **options: bool) -> new_root.Renewed:
        root = files.root_from_password("alice", PASSWORD)
        return new_root.resume(root, [self.folder], self.show, **options)

    def provenance(self, root: RootKey) -> Provenance:
        database = Database.open(self.state / "state.db")
        return Provenance(Catalogue(DatabaseCatalogue(database), root.derive))


@pytest.fixture
def here(account_home: Path, cheap_passwords: None, tmp_path: Path) -> Here:  # noqa: ARG001  # fixtures for what they do
    prepared = set_up.prepare(set_up.Wishes("alice", PASSWORD), START)
    set_up.commit(prepared)
    (tmp_path / "work").mkdir()
    old = decode_recovery_key(prepared.recovery_key)
    return Here(tmp_path / "data" / "secure", tmp_path / "work", prepared, old, [])


def second_factor_opens(here: Here, root: RootKey) -> bool:
    database = Database.open(here.state / "state.db")
    try:
        account = DatabaseAccounts(database).get("alice")
        assert account is not None
        key = root.derive(totp.SECRET_PURPOSE)
        secret = totp.open_secret(key, "alice", account.totp_secret_sealed)
        return secret == here.prepared.totp_secret
    finally:
        database.close()


def test_everything_is_new(here: Here) -> None:
    """Another root, data keys and recovery key; the files are the same files, as they were."""
    note, old_one = here.put("a.ipynb", b"y" * 40_000), here.put("sub/e.ipynb", b"")
    checkpoint = here.put("sub/c.ipynb", kind=FileClass.HISTORY)
    (here.folder / "plain.txt").write_text("{}")
    note.chmod(0o640)
    os.utime(note, ns=(1_600_000_000_000_000_001, 1_500_000_000_000_000_003))
    before, copy = Header.parse(note.read_bytes()), note.read_bytes()
    done = here.begin()
    assert (done.finished, done.renewed, done.plain, done.failures) == (True, 3, 1, [])
    [(key, new)] = here.told
    root = decode_recovery_key(key)
    assert new
    assert root.expose() != here.old.expose()
    after = Header.parse(note.read_bytes())
    assert after.core == before.core
    assert after.stanza.epoch == 2
    opened = here.vault().open_bytes(note.read_bytes(), expect=FileClass.CONTENT)
    assert (opened.data, opened.header.flags) == (b"y" * 40_000, Flags.VALID | Flags.TRUSTED)
    assert here.vault().open_bytes(old_one.read_bytes(), expect=FileClass.CONTENT).data == b""
    assert here.vault().open_bytes(checkpoint.read_bytes(), expect=FileClass.HISTORY).data == b"x"
    assert note.read_bytes()[after.size :] != copy[before.size :]
    facts = note.stat()
    assert (stat.S_IMODE(facts.st_mode), facts.st_mtime_ns) == (0o640, 1_500_000_000_000_000_003)
    assert files.root_from_password("alice", PASSWORD).expose() == root.expose()
    assert second_factor_opens(here, root)
    assert load_keyring(here.state).previous is None


def test_old_keys_are_useless(here: Here) -> None:
    """Neither the old recovery key nor an old vault.json opens a file, or anything of the state."""
    notes = [here.put(f"{number}.ipynb") for number in range(3)]
    backup = load_keyring(here.state)
    here.begin()
    root = backup.open_with_password("alice", PASSWORD)
    assert root.expose() == here.old.expose()
    for note in notes:
        assert not root_key_fits(root, Header.parse(note.read_bytes()))
        with pytest.raises(WrongKey):
            files.vault_of(root, Header.parse(note.read_bytes()))
    assert not load_keyring(here.state).verify_root(root)
    with pytest.raises(WrongKey):
        load_keyring(here.state).previous_root(root)


def test_catalogue_follows(here: Here) -> None:
    """What was left where is known as before, and what was not is not brought along unseen."""
    good, bad = here.put("good.ipynb"), here.put("bad.ipynb")
    provenance = here.provenance(here.old)
    for path in (good, bad):
        provenance.check(path, _sealing(path))
    bad.write_bytes(here.put("other.ipynb").read_bytes())
    done = here.begin()
    assert not done.finished
    assert "not the file that was saved" in str(done.failures[0])
    root = decode_recovery_key(here.told[0][0])
    provenance = here.provenance(root)
    assert provenance.is_whole(again=True)
    provenance.check(good, _sealing(good))
    # The person looks at it, removes it, and goes on.
    bad.unlink()
    assert here.resume().finished


def _sealing(path: Path) -> Sealing:
    blob = path.read_bytes()
    return sealing_of(Header.parse(blob), blob)


def test_altered_catalogue(here: Here) -> None:
    """A catalogue that was changed from outside is not made whole by this: nothing begins."""
    note = here.put("a.ipynb")
    here.provenance(here.old).check(note, _sealing(note))
    database = Database.open(here.state / "state.db")
    with database.writing() as connection:
        connection.exec_driver_sql("DELETE FROM catalogue")
    database.close()
    with pytest.raises(Conflict, match="catalogue"):
        here.begin()
    assert here.told == []
    assert load_keyring(here.state).previous is None


def test_altered_second_factor(here: Here) -> None:
    """A state.db that is of another vault is found before anything changes."""
    database = Database.open(here.state / "state.db")
    with database.writing() as connection:
        connection.exec_driver_sql("UPDATE accounts SET totp_secret_sealed = x'00'")
    database.close()
    with pytest.raises(StateUnusable, match="second factor of “alice”"):
        here.begin()
    assert here.told == []
    assert load_keyring(here.state).previous is None


def test_shown_before_anything_changes(here: Here) -> None:
    """Who is not there to read the new recovery key loses nothing."""
    note = here.put("a.ipynb")
    before = (note.read_bytes(), (here.state / "vault.json").read_bytes())

    def gone(_: str, __: bool) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        new_root.begin(ALICE, [here.folder], gone, profile=OWASP_MINIMUM)
    assert (note.read_bytes(), (here.state / "vault.json").read_bytes()) == before
    assert second_factor_opens(here, here.old)


@pytest.mark.parametrize("wrong", ["password", "folder", "server", "slots"])
def test_refused(here: Here, wrong: str) -> None:
    """Nothing changes for a wrong password or folder, beside a server, or where slots would go."""
    note = here.put("a.ipynb")
    if wrong == "slots":
        change_keyring(
            here.state,
            lambda one: one.add_password_slot(here.old, "bob", "other", profile=OWASP_MINIMUM),
        )
    before = (note.read_bytes(), (here.state / "vault.json").read_bytes())
    server = InUse.take(here.state) if wrong == "server" else None
    kept = Kept("alice", "wrong") if wrong == "password" else ALICE
    folders = [here.folder / "missing"] if wrong == "folder" else [here.folder]
    error = {"password": WrongKey, "folder": NotFound}.get(wrong, Conflict)
    with pytest.raises(error) as caught:
        new_root.begin(kept, folders, here.show, profile=OWASP_MINIMUM)
    if wrong == "slots":
        assert "“bob”" in str(caught.value)
        assert "--drop-other-slots" in str(caught.value)
    assert (note.read_bytes(), (here.state / "vault.json").read_bytes()) == before
    assert here.told == []
    if server is not None:
        server.close()


def test_other_slots(here: Here, tmp_path: Path) -> None:
    """A key file that is named stays; what is not named goes, if it was said so."""
    key_file = tmp_path / "vault.key"
    add_key_file(here.old, key_file)
    add_key_file(here.old, tmp_path / "other.key", "other")
    here.put("a.ipynb")
    with pytest.raises(Conflict, match="“other”"):
        here.begin(Kept("alice", PASSWORD, (key_file,)))
    here.begin(Kept("alice", PASSWORD, (key_file,), drop_others=True))
    assert load_keyring(here.state).names == ("alice", "key file")
    root = files.root_from_key_file(key_file)
    assert root.expose() == decode_recovery_key(here.told[-1][0]).expose()
    with pytest.raises(WrongKey):
        files.root_from_key_file(tmp_path / "other.key")


def test_what_remains(here: Here) -> None:
    """With a file that cannot be done it is not finished; everything opens, no server starts."""
    here.put("good.ipynb")
    linked = here.put("linked.ipynb", b"content")
    (here.folder / "other name").hardlink_to(linked)
    done = here.begin()
    assert (done.finished, done.renewed, len(done.failures)) == (False, 1, 2)
    root = files.root_from_password("alice", PASSWORD)
    header = Header.parse(linked.read_bytes())
    opened = files.vault_of(root, header).open_bytes(linked.read_bytes(), expect=FileClass.CONTENT)
    assert opened.data == b"content"
    with pytest.raises(StateUnusable, match="cut short"):
        State.open(here.state, SessionPolicy())
    with pytest.raises(Conflict, match="--full"):
        rotate(root, [here.folder])
    (here.folder / "other name").unlink()
    done = here.resume()
    assert (done.finished, done.renewed, done.current) == (True, 1, 1)
    assert [new for _, new in here.told] == [True, False]
    assert here.told[0][0] == here.told[1][0]
    State.open(here.state, SessionPolicy()).close()
    with pytest.raises(Conflict, match="finished already"):
        new_root.resume(files.root_from_password("alice", PASSWORD), [here.folder], here.show)


def test_left_behind(here: Here) -> None:
    """Told to, it finishes without a file; that one opens with the old recovery key only."""
    linked = here.put("linked.ipynb")
    (here.folder / "other name").hardlink_to(linked)
    assert here.begin(leave_behind=True).finished
    header = Header.parse(linked.read_bytes())
    with pytest.raises(WrongKey):
        files.vault_of(files.root_from_password("alice", PASSWORD), header)
    assert files.vault_of(here.old, header).is_open


def test_under_a_passphrase(here: Here) -> None:
    """Its content stays under its data key, which needs the passphrase; its header is under R2."""
    passphrase = PassphraseKey.new("a long passphrase", profile=OWASP_MINIMUM)
    path = here.folder / "locked.ipynb"
    path.write_bytes(
        here.vault().seal_bytes(b"secret", file_class=FileClass.CONTENT, passphrase=passphrase)
    )
    done = here.begin()
    assert (done.finished, done.renewed, done.passphrase_files) == (True, 0, [path])
    assert not root_key_fits(here.old, Header.parse(path.read_bytes()))
    opened = here.vault().open_bytes(
        path.read_bytes(), expect=FileClass.CONTENT, passphrase=passphrase
    )
    assert opened.data == b"secret"


def test_server_waits(here: Here) -> None:
    """While it runs no server starts; one that is killed in the middle does not count."""
    refused = []

    def start(_: str, __: bool) -> None:
        with pytest.raises(StateUnusable, match="being changed just now") as caught:
            State.open(here.state, SessionPolicy())
        refused.append(caught.value)

    new_root.begin(ALICE, [here.folder], start, profile=OWASP_MINIMUM)
    assert refused
    State.open(here.state, SessionPolicy()).close()


_PROGRAM = """
import sys
from pathlib import Path
from jupyter_secure.app.at_work import is_between_keys
from jupyter_secure.app.content import files
from jupyter_secure.app.keys import new_root
from jupyter_secure.crypto.kdf import OWASP_MINIMUM
password, folder = sys.argv[1], [Path(sys.argv[2])]
def show(key, new): print(key, flush=True)
def tell(now): print(".", flush=True)
if is_between_keys():
    new_root.resume(files.root_from_password("alice", password), folder, show, progress=tell)
else:
    kept = new_root.Kept("alice", password)
    new_root.begin(kept, folder, show, progress=tell, profile=OWASP_MINIMUM)
"""


def test_killed(here: Here, tmp_path: Path) -> None:
    """Killed anywhere, password and the shown keys open all, and the next run finishes."""
    paths = [here.put(f"{number:03}.ipynb", bytes([number]) * 3000) for number in range(60)]
    provenance = here.provenance(here.old)
    for path in paths:
        provenance.check(path, _sealing(path))
    variables = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    for kill_after in (0, 1, 2, 10, 30):
        with subprocess.Popen(
            [sys.executable, "-c", _PROGRAM, PASSWORD, here.folder],
            env=variables,
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stdout is not None
            lines = [process.stdout.readline() for _ in range(kill_after)]
            process.send_signal(signal.SIGKILL)
        shown = decode_recovery_key(lines[0]) if lines else None
        password = files.root_from_password("alice", PASSWORD)
        if load_keyring(here.state).previous is not None:
            assert shown is None or password.expose() == shown.expose()
        for number, path in enumerate(paths):
            blob = path.read_bytes()
            vault = files.vault_of(password, Header.parse(blob))
            opened = vault.open_bytes(blob, expect=FileClass.CONTENT)
            assert opened.data == bytes([number]) * 3000
    done = here.resume()
    assert done.finished
    root = decode_recovery_key(here.told[-1][0])
    assert all(root_key_fits(root, Header.parse(path.read_bytes())) for path in paths)
    assert sorted(os.listdir(here.folder)) == sorted(path.name for path in paths)
    assert second_factor_opens(here, root)
    provenance = here.provenance(root)
    for path in paths:
        provenance.check(path, _sealing(path))


def test_killed_before_the_catalogue_was_told(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that was in place when the run died, and not yet written down, is written down."""
    note = here.put("a.ipynb")
    here.provenance(here.old).check(note, _sealing(note))

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Provenance, "saved", die)
        here.begin()
    assert here.resume().finished
    here.provenance(decode_recovery_key(here.told[-1][0])).check(note, _sealing(note))


def test_killed_before_the_state_followed(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    """A catalogue still under the old key is brought along first, not taken for an altered one."""
    note = here.put("a.ipynb")
    here.provenance(here.old).check(note, _sealing(note))

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(new_root, "rekey_state", die)
        here.begin()
    root = decode_recovery_key(here.told[0][0])
    assert not here.provenance(root).is_whole()
    for _ in range(2):
        new_root.settle(root)
        assert here.provenance(root).is_whole(again=True)
    assert second_factor_opens(here, root)
    assert here.resume().finished
    new_root.settle(root)
    here.provenance(root).check(note, _sealing(note))


def test_passkeys_go_on_and_open_the_vault_no_more(here: Here) -> None:
    """A passkey's record is brought to the new root key; its slot goes, and locks nobody out."""
    credential = Credential("lab.example.org", bytes(32), b"key")
    key = here.old.derive(passkeys.PURPOSE)
    sealed = passkeys.seal(key, "alice", b"credential", credential)
    record = Passkey(b"credential", PASSKEY, "alice", "phone", sealed, 0, START)
    database = Database.open(here.state / "state.db")
    DatabasePasskeys(database).add(record, 5, None)
    change_keyring(here.state, lambda now: with_passkey(now, here.old, PASSKEY, bytes(32)))
    assert new_root.passkeys_that_open() == 1
    here.begin()
    assert new_root.passkeys_that_open() == 0
    new = files.root_from_password("alice", PASSWORD)
    (kept,) = DatabasePasskeys(database).of_account("alice")
    assert passkeys.unseal(new.derive(passkeys.PURPOSE), kept) == credential
    with pytest.raises(StateUnusable):
        passkeys.unseal(key, kept)
    database.close()


def test_a_passkey_that_cannot_be_read_stops_it(here: Here) -> None:
    """Before anything changes, a passkey's record that was altered is told of."""
    database = Database.open(here.state / "state.db")
    planted = Passkey(b"credential", PASSKEY, "alice", "phone", b"planted", 0, START)
    DatabasePasskeys(database).add(planted, 5, None)
    before = load_keyring(here.state)
    with pytest.raises(StateUnusable, match="phone"):
        here.begin()
    assert load_keyring(here.state) == before
    database.close()
