from __future__ import annotations

import json
import subprocess
from collections.abc import Callable

import pytest
from support.home import PASSWORD, Home

from jupyter_secure.store.vault_file import change_keyring, load_keyring
from jupyter_secure.vault.keyring_passkeys import with_passkey

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.mark.usefixtures("home")
def test_slots(run: Run) -> None:
    """Each account that opens the vault is listed, and the recovery key is not forgotten."""
    done = run("vault", "slots")
    assert done.returncode == 0
    assert done.stdout.startswith("alice  password  Argon2id, 19 MiB")
    assert "recovery key" in done.stdout


def test_slots_for_scripts(run: Run, home: Home) -> None:
    """--json says the same, and nothing that a guess could be tried on."""
    done = run("vault", "slots", "--json")
    facts = json.loads(done.stdout)
    stored = json.loads((home.state / "vault.json").read_text())
    assert facts["vault_id"] == stored["vault_id"]
    assert [(one["kind"], one["name"]) for one in facts["slots"]] == [("password", "alice")]
    assert stored["slots"][0]["wrapped"] not in done.stdout
    assert stored["slots"][0]["kdf"]["salt"] not in done.stdout


def test_not_set_up(run: Run) -> None:
    """Without a vault it says what to run."""
    done = run("vault", "slots")
    assert done.returncode == 1
    assert "jupyter secure init" in done.stderr


def test_key_file(run: Run, home: Home) -> None:
    """A key file is made, listed, opens the vault in place of a person, and can be removed."""
    path = home.path / "vault.key"
    adding = ("add", "--key-file", str(path), "--password-stdin")
    added = run("vault", "slots", *adding, given=PASSWORD)
    assert (added.returncode, added.stderr) == (0, "")
    assert added.stdout.startswith(f"{path}: made, and opens the vault, as “key file”.")
    assert path.stat().st_mode & 0o777 == 0o600
    assert "key file  key file  256 random bits" in run("vault", "slots").stdout
    facts = json.loads(run("vault", "slots", "--json").stdout)
    assert [(one["kind"], one["name"]) for one in facts["slots"]] == [
        ("password", "alice"),
        ("key-file", "key file"),
    ]
    assert "or the key file “key file”" in run("vault", "status").stdout
    note = home.work / "k.ipynb"
    note.write_text("{}")
    with_key = ("--key-file", str(path))
    assert run("vault", "seal", note.name, *with_key).returncode == 0
    assert run("vault", "open", note.name, *with_key).stdout == "{}"
    assert "All of them open" in run("vault", "verify", *with_key).stdout
    assert run("vault", "rotate", ".", *with_key).returncode == 0
    removed = run("vault", "slots", "remove", "key file", "--password-stdin", given=PASSWORD)
    assert removed.returncode == 0
    assert "slots add --key-file" in run("vault", "open", note.name, *with_key).stderr
    assert path.exists()


def test_recovery_key_adds(run: Run, home: Home) -> None:
    """The recovery key adds and removes as the password does."""
    key = home.facts["recovery_key"]
    arguments = ("add", "--key-file", str(home.path / "r.key"), "--name", "Job")
    assert run("vault", "slots", *arguments, "--recovery-key-stdin", given=key).returncode == 0
    done = run("vault", "slots", "remove", "job", "--recovery-key-stdin", given=key)
    assert done.returncode == 0


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["add"], 2, "--key-file"),
        (["add", "--key-file", "/dev/null", "--password-stdin"], 1, "regular file"),
        (["add", "--key-file", "/nowhere/at/all", "--password-stdin"], 1, "/nowhere/at/all"),
        (["remove"], 2, "NAME"),
        (["remove", "alice", "--password-stdin"], 1, "vault password"),
        (["remove", "nobody", "--password-stdin"], 1, "no slot “nobody”"),
        (["replace"], 2, "replace"),
    ],
)
@pytest.mark.usefixtures("home")
def test_what_cannot_be(run: Run, arguments: list[str], code: int, says: str) -> None:
    """What cannot be added or removed is refused in words, and the vault stays as it is."""
    done = run("vault", "slots", *arguments, given=PASSWORD)
    assert done.returncode == code
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_one_source_of_the_key(run: Run, home: Home) -> None:
    """A key file and a password together are wrong usage, and so is a wrong password for adding."""
    both = run("vault", "verify", "--key-file", "k", "--password-stdin", given=PASSWORD)
    assert both.returncode == 2
    path = home.path / "w.key"
    done = run("vault", "slots", "add", "--key-file", str(path), "--password-stdin", given="wrong")
    assert done.returncode == 1
    assert not path.exists()


def test_passkey(run: Run, home: Home) -> None:
    """A passkey that opens the vault is listed by its id, and can be taken away here."""
    keyring = load_keyring(home.state)
    root = keyring.open_with_password("alice", PASSWORD)
    change_keyring(home.state, lambda now: with_passkey(now, root, "0123456789abcdef", bytes(32)))
    listed = run("vault", "slots")
    assert "0123456789abcdef  passkey  256 bits" in listed.stdout
    facts = json.loads(run("vault", "slots", "--json").stdout)
    assert [one["kind"] for one in facts["slots"]] == ["password", "passkey"]
    assert "or the passkey 0123456789abcdef" in run("vault", "status").stdout
    removing = ("remove", "0123456789abcdef", "--password-stdin")
    removed = run("vault", "slots", *removing, given=PASSWORD)
    assert (removed.returncode, removed.stderr) == (0, "")
    assert load_keyring(home.state).passkeys == ()
