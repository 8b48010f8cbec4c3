from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from vectors import independent_reader

from jupyter_secure.app.keys.rekey import rotate
from jupyter_secure.errors import NotFound, StorageFailed, WrongKey
from jupyter_secure.store import temporary, vault_file
from jupyter_secure.store.atomic import AtomicFile
from jupyter_secure.store.vault_file import load_keyring, save_keyring
from jupyter_secure.vault.envelope import BASE_HEADER_BYTES, FileClass, Header
from jupyter_secure.vault.keyring import Keyring
from jupyter_secure.vault.keys import RootKey
from jupyter_secure.vault.vault import Vault

KEY, VAULT_ID = bytes(range(32)), b"v" * 16


def open_vault(keyring: Keyring, key: bytes = KEY) -> Vault:
    vault = Vault(keyring)
    vault.unseal(RootKey(key))
    return vault


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state directory with a vault of epoch 1."""
    folder = tmp_path / "state"
    folder.mkdir()
    monkeypatch.setenv("JUPYTER_SECURE_DIR", str(folder))
    save_keyring(folder, Keyring.from_root(RootKey(KEY), VAULT_ID, 1))
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of notebooks."""
    (tmp_path / "work").mkdir()
    return tmp_path / "work"


@pytest.fixture
def put(state: Path, folder: Path) -> Callable[..., Path]:
    """Seal a file in the folder, in the newest epoch."""

    def write(name: str, content: bytes = b"x", kind: FileClass = FileClass.CONTENT) -> Path:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        vault = open_vault(load_keyring(state))
        path.write_bytes(vault.seal_bytes(content, file_class=kind, file_version=5))
        return path

    return write


def epoch(path: Path) -> int:
    return Header.parse(path.read_bytes()).stanza.epoch


def test_headers_only(state: Path, folder: Path, put: Callable[..., Path]) -> None:
    """Core and payload keep every byte, the wrapped key is another, times and mode stay."""
    path = put("a.ipynb", b"y" * 40_000)
    old = put("sub/.ipynb_checkpoints/a-checkpoint.ipynb", kind=FileClass.HISTORY)
    (folder / "plain.ipynb").write_text("{}")
    path.chmod(0o640)
    os.utime(path, ns=(1_600_000_000_000_000_001, 1_500_000_000_000_000_003))
    before, content = path.stat(), path.read_bytes()
    done = rotate(RootKey(KEY), [folder])
    assert (done.epoch, done.began, done.rewrapped, done.failures) == (2, True, 2, [])
    assert load_keyring(state).epoch == 2
    assert [epoch(path), epoch(old)] == [2, 2]
    after, now = path.stat(), path.read_bytes()
    assert now[:56] == content[:56]
    assert now[BASE_HEADER_BYTES:] == content[BASE_HEADER_BYTES:]
    assert now[60:BASE_HEADER_BYTES] != content[60:BASE_HEADER_BYTES]
    assert after.st_mtime_ns == before.st_mtime_ns
    assert stat.S_IMODE(after.st_mode) == 0o640
    opened = open_vault(load_keyring(state)).open_bytes(now, expect=FileClass.CONTENT)
    assert (opened.data, opened.header.file_version) == (b"y" * 40_000, 5)
    assert independent_reader.open_file(now, KEY, VAULT_ID, 1).content == b"y" * 40_000
    assert (folder / "plain.ipynb").read_text() == "{}"


def test_what_is_open_stays_usable(state: Path, folder: Path, put: Callable[..., Path]) -> None:
    """A server that unsealed before opens what was rotated, and seals anew after the next login."""
    server = Vault(load_keyring(state), newest=lambda: load_keyring(state))
    server.unseal(RootKey(KEY))
    path = put("a.ipynb")
    rotate(RootKey(KEY), [folder])
    assert server.open_bytes(path.read_bytes(), expect=FileClass.CONTENT).data == b"x"
    sealed = server.seal_bytes(b"z", file_class=FileClass.CONTENT)
    assert open_vault(load_keyring(state)).open_bytes(sealed, expect=FileClass.CONTENT).data == b"z"
    server.seal()
    server.unseal(RootKey(KEY))
    sealed = server.seal_bytes(b"z", file_class=FileClass.CONTENT)
    assert Header.parse(sealed).stanza.epoch == 2


def test_again(folder: Path, put: Callable[..., Path]) -> None:
    """Run again it begins another epoch only when nothing is left to do, or when told to."""
    put("a.ipynb")
    rotate(RootKey(KEY), [folder])
    late = put("late.ipynb")
    late.write_bytes(
        open_vault(Keyring.from_root(RootKey(KEY), VAULT_ID, 1)).seal_bytes(
            b"late", file_class=FileClass.CONTENT
        )
    )
    done = rotate(RootKey(KEY), [folder])
    assert (done.epoch, done.began, done.rewrapped, done.current) == (2, False, 1, 1)
    done = rotate(RootKey(KEY), [folder])
    assert (done.epoch, done.began, done.rewrapped) == (3, True, 2)
    done = rotate(RootKey(KEY), [folder], new=True)
    assert (done.epoch, done.rewrapped) == (4, 2)


def test_vault_json_of_a_backup(state: Path, folder: Path, put: Callable[..., Path]) -> None:
    """An older vault.json beside newer files is brought up to them, not they back to it."""
    backup = load_keyring(state)
    path = put("a.ipynb")
    rotate(RootKey(KEY), [folder])
    save_keyring(state, backup)
    done = rotate(RootKey(KEY), [folder])
    assert (done.epoch, epoch(path), load_keyring(state).epoch) == (3, 3, 3)


def test_killed(state: Path, folder: Path, put: Callable[..., Path], tmp_path: Path) -> None:
    """Killed at any moment every file opens, and the next run finishes, leaving nothing behind."""
    paths = [put(f"{number:03}.ipynb", bytes([number]) * 3000) for number in range(120)]
    program = (
        "import sys; from pathlib import Path; from jupyter_secure.app.keys.rekey import rotate\n"
        "from jupyter_secure.vault.keys import RootKey\n"
        "rotate(RootKey(bytes(range(32))), [Path(sys.argv[1])],"
        " progress=lambda _: print('.', flush=True))"
    )
    variables = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    for kill_after in (0, 1, 5, 20, 60):
        with subprocess.Popen(
            [sys.executable, "-c", program, folder],
            env=variables,
            cwd=tmp_path,
            stdout=subprocess.PIPE,
        ) as process:
            assert process.stdout is not None
            for _ in range(kill_after):
                process.stdout.readline()
            process.send_signal(signal.SIGKILL)
        vault = open_vault(load_keyring(state))
        for number, path in enumerate(paths):
            opened = vault.open_bytes(path.read_bytes(), expect=FileClass.CONTENT)
            assert opened.data == bytes([number]) * 3000
    newest = rotate(RootKey(KEY), [folder]).epoch
    assert {epoch(path) for path in paths} == {newest}
    assert sorted(os.listdir(folder)) == sorted(path.name for path in paths)


def test_debris(folder: Path, put: Callable[..., Path]) -> None:
    """What a killed run was just writing is cleared away; what is being written is not."""
    put("sub/a.ipynb")
    left, *descriptors = temporary.create(folder / "sub" / "a.ipynb", 0o600)
    for descriptor in descriptors:
        os.close(descriptor)
    with AtomicFile(folder / "sub" / "b.ipynb") as writing:
        writing.write(b"{}")
        rotate(RootKey(KEY), [folder])
        assert not left.exists()
    assert sorted(os.listdir(folder / "sub")) == ["a.ipynb", "b.ipynb"]


def test_saved_meanwhile(
    folder: Path, put: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What someone saves while their file is being copied is kept, and the file is named."""
    path = put("a.ipynb", b"old")
    newer = put("b.ipynb", b"newer work").read_bytes()
    (folder / "b.ipynb").unlink()
    real = Vault.rewrap

    def meanwhile(self: Vault, header: Header, **options: str) -> Header:
        save = path.with_name("save")
        save.write_bytes(newer)
        save.replace(path)
        return real(self, header, **options)

    monkeypatch.setattr(Vault, "rewrap", meanwhile)
    done = rotate(RootKey(KEY), [folder])
    assert path.read_bytes() == newer
    assert "changed by another program" in str(done.failures[0])
    monkeypatch.setattr(Vault, "rewrap", real)
    assert rotate(RootKey(KEY), [folder]).failures == []
    assert os.listdir(folder) == ["a.ipynb"]


def test_what_remains(state: Path, folder: Path, put: Callable[..., Path]) -> None:
    """A file that is damaged, linked twice or another vault's is left as it is, and told of."""
    put("good.ipynb")
    damaged, linked = put("damaged.ipynb"), put("linked.ipynb")
    blob = bytearray(damaged.read_bytes())
    blob[100] ^= 1
    damaged.write_bytes(blob)
    (folder / "other name").hardlink_to(linked)
    theirs = put("theirs.ipynb")
    other = open_vault(Keyring.from_root(RootKey(KEY), b"w" * 16, 1))
    theirs.write_bytes(other.seal_bytes(b"x", file_class=FileClass.CONTENT))
    before = {path: path.read_bytes() for path in (damaged, linked, theirs)}
    done = rotate(RootKey(KEY), [folder])
    assert (done.rewrapped, done.others) == (1, 1)
    told = "\n".join(str(failure) for failure in done.failures)
    assert len(done.failures) == 3
    assert "damaged.ipynb is damaged" in told
    assert "hard links" in told
    assert {path: path.read_bytes() for path in before} == before
    vault = open_vault(load_keyring(state))
    assert vault.open_bytes(linked.read_bytes(), expect=FileClass.CONTENT).data == b"x"


@pytest.mark.parametrize("wrong", ["key", "folder", "vault.json"])
def test_refused(
    state: Path,
    folder: Path,
    put: Callable[..., Path],
    wrong: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Another vault's key, a missing folder or a full disk for vault.json changes nothing."""
    path = put("a.ipynb")
    before = (path.read_bytes(), (state / "vault.json").read_bytes())

    def full(*_: object) -> None:
        raise StorageFailed("The disk is full.")

    if wrong == "vault.json":
        monkeypatch.setattr(vault_file, "save_keyring", full)
    error = {"key": WrongKey, "folder": NotFound, "vault.json": StorageFailed}[wrong]
    with pytest.raises(error):
        rotate(
            RootKey.generate() if wrong == "key" else RootKey(KEY),
            [folder, folder / "missing"] if wrong == "folder" else [folder],
        )
    assert (path.read_bytes(), (state / "vault.json").read_bytes()) == before


def test_progress(folder: Path, put: Callable[..., Path]) -> None:
    """After each file it is told how many are done, of how many."""
    for number in range(5):
        put(f"{number}.ipynb")
    seen = []
    rotate(RootKey(KEY), [folder], progress=lambda now: seen.append((now.rewrapped, now.behind)))
    assert seen == [(number, 5) for number in range(1, 6)]
