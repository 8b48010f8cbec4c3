"""Sealed data in a real kernel of a real server: reading, writing, and who may not."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest
import yaml
from support.home import Home, set_up
from support.kernel import Kernel, ask, begun, data, peak_memory
from support.live_server import Client, LiveServer, running

pytestmark = pytest.mark.integration

CANARY = "canary-kernel-data-5"
CSV = "patient,value\n" + "".join(f"{CANARY}-{n},{n}\n" for n in range(1000))
API = "/jupyter-secure/api"
MIB = 1024 * 1024


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = set_up(tmp_path_factory.mktemp("home"))
    home.configure(SecureConfig={"encrypt": ["*.ipynb", "*.csv"]})
    for name in ("study/data", "other"):
        (home.work / name).mkdir(parents=True)
    return home


@pytest.fixture(scope="module")
def server(home: Home) -> Iterator[LiveServer]:
    with running(home) as server:
        yield server


@pytest.fixture(scope="module")
def client(server: LiveServer) -> Client:
    return server.logged_in()


@pytest.fixture(scope="module")
def patients(client: Client) -> str:
    """Upload a table as a person does in the file browser; it is sealed by that."""
    for path in ("study/data/patients.csv", "other/patients.csv"):
        body = {"type": "file", "format": "text", "content": CSV}
        assert client.put(f"/api/contents/{path}", json=body).status_code == 201
    return "data/patients.csv"


@pytest.fixture(scope="module")
def shared(client: Client, patients: str) -> Kernel:
    assert patients
    return Kernel.of_notebook(client, "study/a.ipynb")


@pytest.fixture
def kernel(shared: Kernel) -> Kernel:
    """The kernel of a notebook in the folder "study"."""
    return shared


@pytest.fixture(scope="module")
def neighbour(client: Client, patients: str) -> Kernel:
    """The kernel of a notebook in the folder "other"."""
    assert patients
    return Kernel.of_notebook(client, "other/b.ipynb")


# ── what it is for ──────────────────────────────────────────────────────────────────────────────


def test_pandas_reads_a_sealed_table(home: Home, kernel: Kernel) -> None:
    """A table that is ciphertext on the disk is a DataFrame in the notebook."""
    assert (home.work / "study/data/patients.csv").read_bytes().startswith(b"\x89JSEC")
    kernel.run("import pandas; table = pandas.read_csv('secure://data/patients.csv')")
    assert kernel.value("[int(table.value.sum()), table.patient[999]]") == [499500, f"{CANARY}-999"]


def test_pandas_writes_a_table_that_is_sealed(home: Home, kernel: Kernel) -> None:
    """What a notebook writes is ciphertext on the disk, whatever its name, and reads as it was."""
    kernel.run("table.to_csv('secure://out.txt', index=False)")
    assert kernel.value("pandas.read_csv('secure://out.txt').equals(table)") is True
    assert (home.work / "study/out.txt").read_bytes().startswith(b"\x89JSEC")


def test_what_code_writes_has_versions(client: Client, kernel: Kernel) -> None:
    """What is written through secure:// is kept as versions, with whose notebook wrote it."""
    for text in ("one", "two"):
        kernel.run(f"with fsspec.open('secure://kept.txt', 'w') as file: file.write({text!r})")
    listed = client.get("/jupyter-secure/api/history/study/kept.txt").json()["versions"]
    assert [(one["number"], one["account"]) for one in listed] == [(2, "alice"), (1, "alice")]
    first = client.get("/jupyter-secure/api/history/study/kept.txt?version=1").json()
    assert first["content"] == "one"
    kernel.run("file = fsspec.open('secure://big.bin', 'wb'); big = file.open()")
    kernel.run("big.write(os.urandom(9 << 20)); big.close()")
    listed = client.get("/jupyter-secure/api/history/study/big.bin").json()["versions"]
    assert listed == []


@pytest.mark.parametrize(
    "path", ["data/patients.csv", "/data/patients.csv", "./data//patients.csv"]
)
def test_paths_begin_at_the_notebooks_folder(kernel: Kernel, path: str) -> None:
    """With or without a slash, wherever the kernel has gone meanwhile."""
    kernel.run("os.chdir('/')")
    assert kernel.value(f"fsspec.open('secure://{path}', 'rt').open().readline()") == (
        "patient,value\n"
    )


def test_reading_and_seeking_agree_with_a_plain_file(kernel: Kernel) -> None:
    """Jumps to and fro, short and long, small and large reads, lines: byte for byte the same."""
    printed = kernel.run(
        """
import io, random
plain = random.Random(5).randbytes(5_000_000)
with fs.open("random", "wb") as file:
    file.write(plain)
other, file, chance = io.BytesIO(plain), fs.open("random"), random.Random(6)
for _ in range(400):
    kind = chance.randrange(5)
    if kind == 0:
        place = (chance.randrange(5_000_100), 0)
    elif kind == 1:
        place = (max(-other.tell(), chance.randrange(-300_000, 300_000)), 1)
    elif kind == 2:
        place = (-chance.randrange(5_000_000), 2)
    if kind < 3:
        assert other.seek(*place) == file.seek(*place)
    if kind == 3:
        assert other.readline() == file.readline()
    size = chance.choice((0, 1, 100, 16384, 300_000, 2_000_000))
    assert other.read(size) == file.read(size), (kind, size)
    assert other.tell() == file.tell()
other.seek(1234567), file.seek(1234567)
assert other.read() == file.read() and file.read() == b""
assert fs.cat_file("random", 10, 20) == plain[10:20]
print("same")
"""
    )
    assert printed.strip() == "same"


def test_listing_copying_moving_and_deleting(kernel: Kernel) -> None:
    """What fsspec's users expect of a file system."""
    kernel.run("fs.mkdirs('made/below'); fs.cp(['data/patients.csv'], ['made/below/copy.csv'])")
    assert kernel.value("fs.find('made')") == ["made/below/copy.csv"]
    assert kernel.value("fs.glob('made/*/*.csv')") == ["made/below/copy.csv"]
    kernel.run("fs.mv('made/below/copy.csv', 'made/moved.csv')")
    assert kernel.value("sorted(fs.ls('made', detail=False))") == ["made/below", "made/moved.csv"]
    assert kernel.value("fs.info('made/moved.csv')['size']") == len(CSV)
    assert kernel.value("fs.info('made/moved.csv')['sealed']") is True
    assert kernel.value("[fs.isdir('made'), fs.isfile('made'), fs.exists('made/no')]") == [
        True,
        False,
        False,
    ]
    kernel.run("fs.touch('made/empty'); fs.rm('made', recursive=True)")
    assert kernel.value("fs.exists('made')") is False


def test_a_text_file_and_a_file_that_must_be_new(kernel: Kernel) -> None:
    """Text in and out; "x" refuses what is there; a transaction is all or nothing."""
    kernel.run("with fs.open('t.txt', 'w', encoding='utf-8') as file: file.write('grüße\\n')")
    assert kernel.value("fs.open('t.txt', 'r', encoding='utf-8').read()") == "grüße\n"
    assert kernel.error("fs.open('t.txt', 'xb')")[0] == "FileExistsError"
    kernel.error("with fs.transaction:\n    fs.open('t.txt', 'wb').close()\n    1 / 0")
    assert kernel.value("fs.cat_file('t.txt').decode()") == "grüße\n"
    kernel.run("with fs.transaction:\n    file = fs.open('t.txt', 'wb'); file.write(b'new')\n")
    assert kernel.value("fs.cat_file('t.txt').decode()") == "new"
    name, words = kernel.error("fs.open('t.txt', 'ab')")
    assert (name, "replaced as a whole" in words) == ("NotImplementedError", True)


def test_many_threads_and_a_forked_process_read_at_once(kernel: Kernel) -> None:
    """Each has its own connection; a fork uses none of its parent's."""
    printed = kernel.run(
        """
from concurrent.futures import ThreadPoolExecutor
half = fs.open("random"); half.read(1_000_000)
with ThreadPoolExecutor(8) as pool:
    assert all(one == plain for one in pool.map(lambda _: fs.open("random").read(), range(24)))
child = os.fork()
if not child:
    code = 1
    try:
        code = 0 if fsspec.filesystem("secure").open("random").read() == plain else 2
    finally:
        os._exit(code)
assert os.waitpid(child, 0)[1] == 0
assert half.read() == plain[1_000_000:]
print("same")
"""
    )
    assert printed.strip() == "same"


def test_100_megabytes_pass_through_in_constant_memory(server: LiveServer, kernel: Kernel) -> None:
    """The server holds a few parts of what it sends or takes, never all of it."""
    before = peak_memory(server.process.pid)
    printed = kernel.run(
        """
import hashlib
digest, block = hashlib.sha256(), os.urandom(1_000_000)
with fs.open("large", "wb") as file:
    for _ in range(100):
        file.write(block)
        digest.update(block)
seen = hashlib.sha256()
with fs.open("large") as file:
    while part := file.read(1 << 20):
        seen.update(part)
print(seen.digest() == digest.digest() and file.size == 100_000_000)
fs.rm("large")
"""
    )
    assert printed.strip() == "True"
    assert peak_memory(server.process.pid) - before < 48 * MIB


# ── what goes wrong ─────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("change", ["fs.open('v', 'wb').write(bytes(3_000_000))", "fs.rm('v')"])
def test_a_file_that_changes_while_it_is_read_in_parts_is_noticed(
    kernel: Kernel, change: str
) -> None:
    """Two versions are never mixed: the next part is refused, with words."""
    kernel.run("with fs.open('v', 'wb') as file: file.write(b'x' * 3_000_000)")
    kernel.run(
        f"file = fs.open('v'); file.seek(2_000_000); file.read(10); {change}; fs.invalidate_cache()"
    )
    kernel.run("import gc; gc.collect()")
    name, words = kernel.error("file.seek(0); file.read(10)")
    assert name == "FileChanged"
    assert "v" in words


def test_what_is_being_read_as_a_stream_is_one_version(kernel: Kernel) -> None:
    """Whoever saves meanwhile does not disturb a reader who began at the beginning."""
    kernel.run("with fs.open('v', 'wb') as file: file.write(b'x' * 3_000_000)")
    kernel.run("file = fs.open('v'); file.read(10)")
    kernel.run("with fs.open('v', 'wb') as new: new.write(b'y' * 3_000_000)")
    assert kernel.value("file.read() == b'x' * 2_999_990") is True


def test_a_damaged_file_is_told_in_words(home: Home, kernel: Kernel) -> None:
    """Also where the damage lies far behind the beginning; nothing false is returned."""
    kernel.run("with fs.open('damaged', 'wb') as file: file.write(b'x' * 20_000_000)")
    path = home.work / "study/damaged"
    blob = bytearray(path.read_bytes())
    blob[15_000_000] ^= 1
    path.write_bytes(blob)
    for code in ("fs.open('damaged').read()", "fs.open('damaged').readlines()"):
        name, words = kernel.error(code)
        assert (name, "is damaged" in words) == ("OSError", True)
    assert kernel.value("fs.open('damaged').read(1000) == b'x' * 1000") is True


def test_a_file_that_was_put_back_from_outside_is_refused(home: Home, kernel: Kernel) -> None:
    """An older version in place of the newer one: the kernel is told, and cannot accept it."""
    path = home.work / "study/versions"
    kernel.run("with fs.open('versions', 'wb') as file: file.write(b'old')")
    old = path.read_bytes()
    kernel.run("with fs.open('versions', 'wb') as file: file.write(b'new')")
    path.write_bytes(old)
    assert kernel.error("fs.open('versions')")[0] == "OSError"


def test_an_error_in_a_with_block_leaves_the_old_file(home: Home, kernel: Kernel) -> None:
    """Half a file is never put in place, and nothing of it remains."""
    kernel.run("with fs.open('kept', 'wb') as file: file.write(b'old')")
    kernel.error(
        "with fs.open('kept', 'wb') as file:\n    file.write(b'new' * 1_000_000)\n    1 / 0"
    )
    assert kernel.value("fs.cat_file('kept').decode()") == "old"
    _until(lambda: not [one for one in os.listdir(home.work / "study") if one.startswith(".")])


def test_a_kernel_that_dies_while_it_writes_leaves_the_old_file(
    home: Home, client: Client, kernel: Kernel
) -> None:
    """Killed in the middle: the old file, and no debris."""
    dying = Kernel.of_notebook(client, "study/dying.ipynb")
    dying.run("file = fs.open('kept', 'wb'); file.write(bytes(5_000_000))")
    os.kill(dying.value("os.getpid()"), signal.SIGKILL)
    _until(lambda: not [one for one in os.listdir(home.work / "study") if one.startswith(".")])
    assert kernel.value("fs.cat_file('kept').decode()") == "old"
    dying.shut_down()


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("fs.open('nothing.csv')", "FileNotFoundError"),
        ("fs.open('data')", "IsADirectoryError"),
        ("fs.open('no/where', 'wb')", "FileNotFoundError"),
        ("fs.mkdir('data')", "FileExistsError"),
        ("fs.open('../other/patients.csv')", "PermissionError"),
        ("fs.open('../other/new', 'wb')", "PermissionError"),
        ("fs.open('link/patients.csv')", "PermissionError"),
        ("fs.ls('link')", "PermissionError"),
        ("fs.rm_file('link/patients.csv')", "PermissionError"),
        ("fs.mv('data/patients.csv', '../other/new')", "PermissionError"),
        ("fs.exists('link/patients.csv')", "PermissionError"),
    ],
)
def test_errors_are_pythons_own(home: Home, kernel: Kernel, code: str, error: str) -> None:
    """What lies in another folder is refused, by dots and by links alike."""
    link = home.work / "study/link"
    if not link.is_symlink():
        link.symlink_to("../other")
    assert kernel.error(code)[0] == error


# ── locks and the vault ─────────────────────────────────────────────────────────────────────────


def test_locks_hold_for_kernels(client: Client, kernel: Kernel) -> None:
    """Private: nothing, not even for its owner, elevated. Read-only: reading."""
    kernel.run("for name in ('p', 'r'):\n    with fs.open(name, 'wb') as file: file.write(b'x')")
    for name, mode in (("p", "private"), ("r", "read-only")):
        assert client.put(f"{API}/locks/study/{name}", json={"mode": mode}).status_code == 200
    assert client.elevate().status_code == 200
    assert client.get("/files/study/p").content == b"x"
    for code in ("fs.open('p')", "fs.open('p', 'wb')", "fs.rm_file('p')", "fs.mv('p', 'q')"):
        name, words = kernel.error(code)
        assert (name, "not given to kernels" in words) == ("PermissionError", True)
    assert kernel.value("fs.cat_file('r').decode()") == "x"
    for code in ("fs.open('r', 'wb')", "fs.rm_file('r')", "fs.mv('r', 'q')"):
        name, words = kernel.error(code)
        assert (name, "read-only" in words) == ("PermissionError", True)


@pytest.mark.usefixtures("patients")
def test_with_nobody_logged_in_a_kernel_gets_nothing(home: Home) -> None:
    """The keys are gone with the last session; the next login brings them back for the kernel."""
    with running(home) as second:  # one of its own, so that nobody else is logged in
        leaving = second.logged_in()
        mine = Kernel.of_notebook(leaving, "study/c.ipynb")
        assert mine.value("fs.cat_file('data/patients.csv').decode()[:7]") == "patient"
        # What to do later, and where to leave what came of it: nobody can ask it meanwhile.
        mine.run(
            """
import threading, time
def later():
    while not os.path.exists('/proc/%d/cwd/go' % os.getpid()): time.sleep(0.05)
    try: fs.open('data/patients.csv'); said = 'read'
    except Exception as error: said = type(error).__name__ + ': ' + str(error)
    open('said', 'w').write(said)
threading.Thread(target=later).start()
"""
        )
        assert leaving.post("/logout").status_code == 302
        (home.work / "study/go").touch()
        said = home.work / "study/said"
        _until(lambda: said.exists() and said.read_text())
        assert said.read_text().startswith("PermissionError: The vault is sealed.")
        back = second.logged_in()
        again = Kernel(back, mine.id, back.socket(f"/api/kernels/{mine.id}/channels?session_id=s"))
        assert again.value("fs.cat_file('data/patients.csv').decode()[:7]") == "patient"


def _until(done: object, seconds: float = 15) -> None:
    assert callable(done)
    until = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < until, "it did not come about"
        time.sleep(0.05)


def test_nothing_is_left_in_plain_text(home: Home, kernel: Kernel) -> None:
    """After all of this: no byte of the table on the disk, in temporary files or in the log."""
    del kernel
    kept = [path for path in home.files_holding(CANARY.encode()) if "ipython" not in path.parts]
    assert kept == []


# ── the capability ──────────────────────────────────────────────────────────────────────────────


def test_the_capability_is_a_file_that_only_this_account_reads(kernel: Kernel) -> None:
    """The environment names it and does not hold it."""
    path = Path(kernel.value("os.environ['JUPYTER_SECURE_KERNEL']"))
    access = kernel.access()
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert Path(access["socket"]).stat().st_mode & 0o777 == 0o600
    assert access["token"] not in json.dumps(kernel.value("dict(os.environ)"))
    for code in (
        "get_ipython().run_line_magic('env', '')",
        "get_ipython().getoutput('env; ps -ef; cat /proc/$PPID/cmdline; cat /proc/$PPID/environ')",
    ):
        printed = kernel.run(f"print({code})")
        assert str(path) in printed, "it does show the environment"
        assert access["token"] not in printed


def test_the_token_is_told_nowhere(server: LiveServer, client: Client, kernel: Kernel) -> None:
    """Neither in the log, nor by any of Jupyter's routes, nor in the server's state."""
    token = kernel.access()["token"]
    kernel.error("fs.open('nothing')")
    assert token not in server.log
    for path in ("/api/kernels", f"/api/kernels/{kernel.id}", "/api/sessions", "/api/kernelspecs"):
        assert token not in client.get(path).text
    assert token not in client.get(f"{API}/status").text
    found = server.home.files_holding(token.encode())
    assert [path.suffix for path in found] == [".json"]
    assert token not in kernel.run("fs._transport, fs.open('out.txt').raw, vars(fs)")
    assert token not in kernel.run("print(fs._transport._access)")


def test_a_file_that_was_opened_stands_in_the_log(server: LiveServer, kernel: Kernel) -> None:
    """Who, what and how it went: a line for each opening and each refusal, without content."""
    kernel.run("with fs.open('logged', 'wb') as file: file.write(b'canary-log')")
    kernel.run("file = fs.open('logged'); file.read(); file.seek(0); file.read()")
    kernel.error("fs.open('../other/x')")
    said = f"Kernel {kernel.id} of alice: "
    assert server.log.count(f"{said}write “study/logged”: done.") == 1
    assert server.log.count(f"{said}read “study/logged”: done.") >= 1
    assert f"{said}read “study/../other/x”: not-allowed." in server.log
    assert "canary-log" not in server.log


def test_another_kernel_reaches_its_own_folder_only(kernel: Kernel, neighbour: Kernel) -> None:
    """Each capability is bound to the folder of its notebook, whoever holds it."""
    assert neighbour.value("fs.ls('', detail=False)") == ["patients.csv"]
    access = neighbour.access()
    for path in ("../study/data/patients.csv", "data/patients.csv", "%2e%2e/study/out.txt"):
        answer, body = ask(access, "GET", data(access, path))
        assert answer.status in (403, 404)
        assert CANARY.encode() not in body
    answer, _ = ask(access, "GET", data(access, "../study/data/patients.csv"))
    assert answer.status == 403
    assert access["token"] != kernel.access()["token"]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"Authorization": "Bearer "}, 401),
        ({"Authorization": "Bearer " + "0" * 64}, 401),
        ({"Authorization": "token {token}"}, 401),
        ({"Authorization": "{token}"}, 401),
        ({"Cookie": "token={token}"}, 403),
        ({"Authorization": "Bearer {token}", "Cookie": "a=b"}, 403),
        ({"Authorization": "Bearer {token}", "Origin": "https://localhost"}, 403),
        ({"Authorization": "Bearer {token}", "Sec-Fetch-Site": "same-origin"}, 403),
        ({"Authorization": "Bearer {token}"}, 200),
    ],
)
def test_only_the_header_lets_in(kernel: Kernel, headers: dict[str, str], status: int) -> None:
    """No cookie, no other scheme, nothing a browser sends."""
    access = kernel.access()
    filled = {name: value.format(**access) for name, value in headers.items()}
    for method in ("GET", "HEAD"):
        assert ask(access, method, data(access, "out.txt"), filled)[0].status == status


def test_the_token_in_an_address_lets_nobody_in(kernel: Kernel) -> None:
    """A query would end up in logs."""
    access = kernel.access()
    for name in ("token", "access_token", "Authorization"):
        address = data(access, f"out.txt?{name}={access['token']}")
        assert ask(access, "GET", address, {})[0].status == 401


@pytest.mark.parametrize(
    "path",
    ["", "login", "api/contents", "api/status", "files/study/out.txt", "jupyter-secure/api/status"],
)
def test_the_capability_opens_nothing_but_data(kernel: Kernel, path: str) -> None:
    """On the kernels' socket there is one route, and it is no session."""
    access = kernel.access()
    for method in ("GET", "POST", "PUT", "DELETE"):
        assert ask(access, method, access["base_url"] + path)[0].status == 403


def test_the_capability_is_worth_nothing_on_the_network(
    server: LiveServer, client: Client, kernel: Kernel
) -> None:
    """Only the socket of this account knows it; and a session, in turn, opens no kernel's data."""
    access = kernel.access()
    bearer = {"Authorization": f"Bearer {access['token']}"}
    address = data(access, "out.txt")
    stranger = server.client()
    for method in ("GET", "HEAD", "PUT", "POST", "DELETE"):
        assert stranger.request(method, address, headers=bearer).status_code == 401
    assert stranger.get("/api/contents", headers=bearer).status_code == 401
    assert client.get(address).status_code == 403
    assert client.put(address, data=b"x").status_code == 403


def test_a_restart_gives_a_new_capability_and_ends_the_old(client: Client, patients: str) -> None:
    """What an old run has leaked is worthless; the new run reads on."""
    kernel = Kernel.of_notebook(client, "study/restarted.ipynb")
    old = kernel.access()
    assert ask(old, "GET", data(old, patients))[0].status == 200
    kernel = kernel.restart()
    new = kernel.access()
    assert new["token"] != old["token"]
    assert ask(old, "GET", data(old, patients))[0].status == 401
    assert kernel.value("len(fs.cat_file('data/patients.csv'))") == len(CSV)
    kernel.shut_down()


def test_the_end_of_a_kernel_ends_its_capability_at_once(client: Client, patients: str) -> None:
    """The answer to the shutdown comes when the token is worthless; then its file goes too."""
    kernel = Kernel.of_notebook(client, "study/ended.ipynb")
    access, path = kernel.access(), Path(kernel.value("os.environ['JUPYTER_SECURE_KERNEL']"))
    assert ask(access, "GET", data(access, patients))[0].status == 200
    kernel.shut_down()
    assert ask(access, "GET", data(access, patients))[0].status == 401
    _until(lambda: not path.exists())


@pytest.mark.usefixtures("patients")
def test_what_an_ended_kernel_began_comes_to_nothing(home: Home, client: Client) -> None:
    """Whoever sends or reads slowly, to outlast the kernel, neither changes nor gets anything."""
    kernel = Kernel.of_notebook(client, "study/slow.ipynb")
    kernel.run("file = fs.open('big', 'wb'); file.write(os.urandom(30_000_000)); file.close()")
    access = kernel.access()
    writer, reader = begun(access, "PUT", "late.csv"), begun(access, "GET", "big")
    writer.sendall(b"3\r\n1,2\r\n")
    assert reader.recv(1000).startswith(b"HTTP/1.1 200")
    other = begun(access, "PUT", "later.csv")
    kernel = kernel.restart()
    writer.sendall(b"0\r\n\r\n")
    assert b"HTTP/1.1 401" in writer.recv(4096)
    received = 0
    while part := reader.recv(1 << 20):
        received += len(part)
    assert received < 29_000_000
    kernel.shut_down()
    other.sendall(b"0\r\n\r\n")
    assert b"HTTP/1.1 401" in other.recv(4096)
    for connection in (writer, reader, other):
        connection.close()
    assert not list((home.work / "study").glob("late*"))
    _until(lambda: not list((home.work / "study").glob(".~jsec-*")))


def test_a_kernel_that_was_killed_has_no_capability(client: Client, patients: str) -> None:
    """Jupyter starts it again by itself, with a new one; the old one never works again."""
    kernel = Kernel.of_notebook(client, "study/killed.ipynb")
    access = kernel.access()
    os.kill(kernel.value("os.getpid()"), signal.SIGKILL)
    time.sleep(0.2)
    assert ask(access, "GET", data(access, patients))[0].status == 401
    path = Path(access["socket"]).parent / f"{kernel.id}.json"
    _until(lambda: path.exists() and json.loads(path.read_text())["token"] != access["token"])
    assert ask(access, "GET", data(access, patients))[0].status == 401
    new = json.loads(path.read_text())
    _until(lambda: ask(new, "GET", data(new, patients))[0].status == 200)
    # Not at once: Jupyter may still be starting it, and cannot end it meanwhile.
    _until(lambda: client.delete(f"/api/kernels/{kernel.id}").status_code in (204, 404))


@pytest.mark.usefixtures("patients")
def test_kernels_without_a_notebook_are_bound_to_where_they_start(client: Client) -> None:
    """Through the kernels API: the folder that is named, or where the server runs."""
    named, unnamed = Kernel.bare(client, path="study"), Kernel.bare(client)
    assert "data" in named.value("fs.ls('', detail=False)")
    assert "study" in unnamed.value("fs.ls('', detail=False)")
    for kernel in (named, unnamed):
        kernel.shut_down()


def test_the_data_route_is_as_described(kernel: Kernel) -> None:
    """Every method is in the specification and no other; lists and errors have its form."""
    path = Path(__file__).parents[2] / "docs" / "reference" / "kernel-data.yaml"
    described = yaml.safe_load(path.read_text())
    from jupyter_secure.server.data import DataHandler

    methods = ("get", "head", "put", "post", "delete", "patch", "options")
    known = described["paths"]["/data/{path}"]
    assert {name for name in methods if name in vars(DataHandler)} == set(known) - {"parameters"}
    schemas, access = described["components"]["schemas"], kernel.access()
    answer, body = ask(access, "GET", data(access, ""))
    assert answer.status == 200
    jsonschema.validate(json.loads(body), schemas["Folder"])
    for asked, method, status in (
        ("nothing", "GET", 404),
        ("data", "DELETE", 409),
        ("../x", "GET", 403),
        ("data", "POST", 400),
        ("out.txt", "PATCH", 405),
        ("out.txt", "OPTIONS", 405),
    ):
        answer, body = ask(access, method, data(access, asked))
        assert answer.status == status
        jsonschema.validate(json.loads(body), schemas["Error"])


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Range": "bytes=0-6"}, 206),
        ({"Range": "bytes=99999999-"}, 416),
        ({"Range": "bytes=0-1,3-4"}, 416),
        ({"Range": "bytes=0-6", "If-Match": '"old"'}, 412),
        ({"Range": "bytes=0-6", "If-Range": '"old"'}, 200),
    ],
)
def test_ranges_are_of_one_version(kernel: Kernel, headers: dict[str, str], status: int) -> None:
    """A part is of the version that was asked for, or there is none."""
    access = kernel.access()
    headers = {"Authorization": f"Bearer {access['token']}", **headers}
    answer, body = ask(access, "GET", data(access, "data/patients.csv"), headers)
    assert answer.status == status
    if status == 206:
        assert body == CSV.encode()[:7]
        assert answer.headers["Content-Range"] == f"bytes 0-6/{len(CSV)}"
    if status == 200:
        assert body == CSV.encode()


# ── other servers ───────────────────────────────────────────────────────────────────────────────


@pytest.mark.usefixtures("patients")
def test_another_base_url_and_another_kernel_manager(home: Home) -> None:
    """Whichever class makes the kernels, and wherever the server's addresses begin."""
    manager = "jupyter_server.services.kernels.kernelmanager.MappingKernelManager"
    option = f"--ServerApp.kernel_manager_class={manager}"
    with running(home, option, base_url="/some/base/") as server:
        kernel = Kernel.of_notebook(server.logged_in(), "study/a.ipynb")
        assert kernel.access()["base_url"] == "/some/base/"
        assert kernel.value("len(fs.cat_file('data/patients.csv'))") == len(CSV)
        kernel.shut_down()


def test_the_administrator_can_refuse_it(home: Home) -> None:
    """Then a kernel is told that it has no access, and how one gets it."""
    with running(home, "--SecureConfig.kernel_data=False") as server:
        kernel = Kernel.of_notebook(server.logged_in(), "study/a.ipynb")
        assert kernel.value("'JUPYTER_SECURE_KERNEL' in os.environ") is False
        name, words = kernel.error("fs.open('data/patients.csv')")
        assert (name, "open the notebook in JupyterLab" in words) == ("NoAccess", True)


def test_a_job_can_go_on_when_its_owner_goes_home(home: Home, patients: str) -> None:
    """With kernels_keep_vault_open the keys stay while a kernel that was given data runs."""
    with running(home, "--SecureConfig.kernels_keep_vault_open=True") as server:
        leaving = server.logged_in()
        job, idle = (Kernel.of_notebook(leaving, f"study/{name}.ipynb") for name in ("j", "i"))
        access, other = job.access(), idle.access()
        assert ask(access, "GET", data(access, patients))[0].status == 200
        process = job.value("os.getpid()")
        assert leaving.post("/logout").status_code == 302
        time.sleep(6)  # the server has looked for what has ended since
        answer, body = ask(access, "GET", data(access, patients))
        assert (answer.status, body.decode()) == (200, CSV)
        os.kill(process, signal.SIGSTOP)  # what is stopped still runs
        assert ask(access, "GET", data(access, patients))[0].status == 200
        os.kill(process, signal.SIGKILL)
        time.sleep(9)  # and again; nobody asks meanwhile, since that would be a job too
        assert ask(other, "GET", data(other, patients))[0].status == 423


def test_what_a_killed_server_left_is_removed_by_the_next(home: Home) -> None:
    """Tokens that open nothing any more do not pile up; those of a running server stay."""
    with running(home) as server:
        kernel = Kernel.of_notebook(server.logged_in(), "study/a.ipynb")
        folder = Path(kernel.access()["socket"]).parent
        pid = kernel.value("os.getpid()")
        server.process.kill()
        server.process.wait()
    assert folder.exists()
    os.kill(pid, signal.SIGKILL)
    with running(home) as server:
        assert not folder.exists()
        others = list(folder.parent.glob("jupyter-secure-*"))
        assert len(others) >= 1
    assert len(list(folder.parent.glob("jupyter-secure-*"))) == len(others) - 1
