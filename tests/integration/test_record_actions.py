"""Every action of the catalogue is left by something that somebody can do, and by nothing else."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support import team
from support.authenticator import SoftAuthenticator
from support.home import PASSWORD, Home, set_up
from support.kernel import Kernel
from support.live_server import Client, LiveServer, notebook, running
from support.recording import event
from support.tokens import Program, make_token, revoke

from jupyter_secure.app.audit.read import oldest_first
from jupyter_secure.app.audit.retention import remove_old
from jupyter_secure.app.audit.setup_key import setup_key
from jupyter_secure.app.audit.verify import verify
from jupyter_secure.audit.actions import ACTIONS
from jupyter_secure.audit.events import Outcome, Recorded, encode
from jupyter_secure.audit.filters import Wanted
from jupyter_secure.cli.main import COMMANDS
from jupyter_secure.cli.recorded import CHANGES
from jupyter_secure.store.audit_recorder import GroupRecorder
from jupyter_secure.store.audit_segments import RecordFiles

pytestmark = pytest.mark.integration

API = "/jupyter-secure/api"
PASSKEYS = f"{API}/account/passkeys"
SECRET = "a-word-that-only-the-code-has"
# What a record needs a fault, or years, to say; in `test_what_goes_wrong`.
OF_FAULTS = {"record:close", "record:repair", "record:gap", "record:remove"}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = set_up(tmp_path_factory.mktemp("home"))
    home.configure(SecureConfig={"audit_execution": True, "trusted_device_days": 1})
    return home


@pytest.fixture(scope="module")
def story(home: Home) -> list[Recorded]:
    """Do everything once, with a server and with commands, and return what is on record of it."""
    with running(home) as server:
        client = server.logged_in()
        assert client.elevate().status_code == 200
        for part in (files, protection, history, changed_outside, account, people, tokens):
            home.forget_tries()
            part(server, client)
        processes(client)
        logins(server)
        commands(home)
        client.elevate()
        client.delete(f"{API}/sessions?scope=all")
        time.sleep(1)
    home.configure(SecureConfig={"idle_minutes": 0.03})
    with running(home) as server:
        server.logged_in()
        time.sleep(4)
    return list(oldest_first(Path(home.state) / "audit", Wanted()))


def ok(answer: Any, *statuses: int) -> Any:
    assert answer.status_code in (statuses or (200, 201, 202, 204, 302, 303)), (
        answer.request.method,
        answer.url,
        answer.status_code,
        answer.text[:500],
    )
    return answer


def until(done: Callable[[], bool], seconds: float = 15) -> None:
    end = time.monotonic() + seconds
    while not done() and time.monotonic() < end:
        time.sleep(0.1)
    assert done()


def files(server: LiveServer, client: Client) -> None:
    del server
    ok(client.save("a.ipynb", notebook("1")))
    for path in ("/api/contents/a.ipynb", "/files/a.ipynb", "/nbconvert/html/a.ipynb"):
        ok(client.get(path))
    ok(client.post("/api/contents", json={"copy_from": "a.ipynb"}))
    ok(client.post("/api/contents", json={"type": "notebook"}))
    ok(client.post("/api/contents/a.ipynb/trust"))
    ok(client.post("/api/contents/a.ipynb/checkpoints"))
    ok(client.post("/api/contents/a.ipynb/checkpoints/checkpoint"))
    ok(client.delete("/api/contents/a.ipynb/checkpoints/checkpoint"))
    ok(client.patch("/api/contents/a.ipynb", json={"path": "b.ipynb"}))
    ok(client.patch("/api/config/notebook", json={"a": 1}))
    client.get("/nowhere")
    client.post("/nowhere")
    ok(client.get(f"{API}/audit?limit=3"))
    ok(client.get(f"{API}/audit/export?who=nobody"))
    client.request("GET", "/api/status", headers={"Sec-Fetch-Site": "cross-site"})


def protection(server: LiveServer, client: Client) -> None:
    del server
    lock = f"{API}/locks/b.ipynb"
    ok(client.put(lock, json={"mode": "sealed", "passphrase": "a heron in the reeds"}))
    ok(client.post(lock, json={"passphrase": "a heron in the reeds"}))
    ok(client.delete(lock))
    ok(client.put(f"{API}/sealed-folders/"))
    ok(client.elevate())
    ok(client.delete(f"{API}/sealed-folders/"))
    ok(client.post(f"{API}/migration", json={"action": "seal", "path": ""}))
    ok(client.delete(f"{API}/migration"))


def history(server: LiveServer, client: Client) -> None:
    del server
    ok(client.save("b.ipynb", notebook("2")))
    time.sleep(0.5)
    ok(client.save("b.ipynb", notebook("3")))
    time.sleep(1)
    listing = ok(client.get(f"{API}/history/b.ipynb")).json()
    number = listing["versions"][-1]["number"]
    ok(client.get(f"{API}/history/b.ipynb?version={number}"))
    ok(client.get(f"{API}/history/b.ipynb?from={number}"))
    body = {"action": "restore", "version": number, "file_version": listing["file_version"]}
    ok(client.post(f"{API}/history/b.ipynb", json=body))
    ok(client.delete("/api/contents/b.ipynb"))
    gone = ok(client.get(f"{API}/deleted")).json()["deleted"]
    which = gone[0]["file_id"]
    ok(client.post(f"{API}/deleted/{which}", json={"action": "undelete"}))


def changed_outside(server: LiveServer, client: Client) -> None:
    path = server.home.work / "c.ipynb"
    ok(client.save("c.ipynb", notebook("old")))
    ok(client.post("/api/contents/c.ipynb/checkpoints"))
    old = path.read_bytes()
    for action in ("accept", "restore"):
        ok(client.save("c.ipynb", notebook("new")))
        path.write_bytes(old)
        # A lock has the files looked over anew.
        ok(client.put(f"{API}/locks/b.ipynb", json={"mode": "read-only"}))
        ok(client.delete(f"{API}/locks/b.ipynb"))
        ok(client.get(f"{API}/status"))
        ok(client.post(f"{API}/catalogue/c.ipynb", json={"action": action}))
        old = path.read_bytes()


def account(server: LiveServer, client: Client) -> None:
    device = SoftAuthenticator(f"https://localhost:{server.port}", has_prf=True)
    made = device.create(ok(client.post(f"{PASSKEYS}/options")).json())
    answer = ok(client.post(PASSKEYS, json={"name": "phone", "credential": made})).json()
    one = f"{PASSKEYS}/{answer['id']}"
    ok(client.patch(one, json={"name": "other"}))
    person = server.client()
    person.get("/login")
    asked = ok(person.post("/login/passkey")).json()
    form = {"passkey": json.dumps(device.get(asked)), "_xsrf": person.xsrf}
    ok(person.post("/login", data=form))
    ok(client.delete(f"{one}/vault"))
    options = ok(client.post(f"{one}/vault")).json()
    ok(client.put(f"{one}/vault", json={"passkey": device.get(options)}))
    ok(client.delete(f"{API}/account/totp"))
    secret = ok(client.post(f"{API}/account/totp")).json()["uri"]
    server.home.authenticator = type(server.home.authenticator)(secret)
    ok(client.put(f"{API}/account/totp", json={"code": server.home.authenticator.code()}))
    ok(client.delete(one))
    codes = ok(client.post(f"{API}/account/recovery-codes")).json()["recovery_codes"]
    server.home.facts["recovery_codes"][:] = codes
    ok(client.post(f"{API}/account/password", json={"current": PASSWORD, "new": team.NEW}))
    ok(client.post(f"{API}/account/password", json={"current": team.NEW, "new": PASSWORD}))
    ok(client.delete(f"{API}/account/devices"))


def people(server: LiveServer, client: Client) -> None:
    bob = team.join(server, team.invite(client, "bob"))
    team.invite(client, "carol")
    ok(client.delete(f"{team.USERS}/carol/links"))
    ok(client.patch(f"{team.USERS}/bob", json={"role": "viewer"}))
    team.reset(client, "bob", "password")
    team.reset(client, "bob", "two-factor")
    ok(client.post(f"{team.USERS}/bob/unlock"))
    # A role that may not: refused.
    assert bob.log_in(server).post("/api/kernels").status_code == 403
    ok(client.delete(f"{team.USERS}/bob", json={"locks": "remove"}))


def tokens(server: LiveServer, client: Client) -> None:
    body = {"name": "job", "rights": ["read"], "folder": "", "days": 1}
    made = ok(client.post(f"{API}/tokens", json=body)).json()
    for _ in range(2):
        ok(Program(server, made["token"]).get("/api/contents/b.ipynb"))
    ok(client.delete(f"{API}/tokens/{made['id']}"))


def processes(client: Client) -> None:
    kernel = Kernel.of_notebook(client, "b.ipynb")
    kernel.run(f"# {SECRET}\nfs.pipe('one.csv', b'1'); fs.cat('one.csv')")
    kernel.run("fs.mv('one.csv', 'two.csv'); fs.rm('two.csv')")
    ok(client.post(f"/api/kernels/{kernel.id}/interrupt"))
    ok(client.post(f"/api/kernels/{kernel.id}/restart"))
    kernel.channel.close()
    other = Kernel.bare(client)
    os.kill(int(other.run("import os; print(os.getpid())")), signal.SIGKILL)
    until(lambda: (other.id, "died") in restarts(client.server.home))
    for one in (kernel, other):
        ok(client.delete(f"/api/kernels/{one.id}"))
    name = ok(client.post("/api/terminals")).json()["name"]
    client.socket(f"/terminals/websocket/{name}").close()
    ok(client.delete(f"/api/terminals/{name}"))


def restarts(home: Home) -> list[tuple[str, str]]:
    record = oldest_first(Path(home.state) / "audit", Wanted(what="kernel:restart"))
    return [(one.event.target, one.event.reason) for one in record]


def logins(server: LiveServer) -> None:
    home = server.home
    person = server.client()
    ok(person.log_in())
    form = {"code": home.authenticator.code(), "trust": "1", "_xsrf": person.xsrf}
    ok(person.post("/login?step=code", data=form))
    ok(person.post("/logout", data={"_xsrf": person.xsrf}))
    ok(person.log_in())  # a trusted device
    wrong = server.client()
    for _ in range(12):
        if wrong.log_in(password="wrong password").status_code == 429:
            break
    home.forget_tries()


def command(home: Home, *words: str, given: str = PASSWORD) -> subprocess.CompletedProcess[str]:
    call = [sys.executable, "-c", "from jupyter_secure.cli.main import main; exit(main())"]
    return subprocess.run(
        [*call, *words], env=home.variables, cwd=home.work, input=given, text=True,
        capture_output=True, check=False, timeout=120,
    )  # fmt: skip


def commands(home: Home) -> None:
    (home.work / "plain.csv").write_text("1,2\n")
    for words in (
        ("vault", "seal", "plain.csv"),
        ("vault", "open", "--in-place", "plain.csv"),
        ("lock", "--mode", "private", "b.ipynb"),
        ("unlock", "b.ipynb"),
        ("vault", "rotate", "."),
        ("vault", "backup", "-o", str(home.path / "backup.tar")),
        ("vault", "slots", "add", "--key-file", str(home.path / "key")),
        ("vault", "slots", "remove", "key file"),
        ("vault", "recover", "."),
    ):
        stdin = () if words[:2] in (("vault", "backup"), ("vault", "recover")) else (
            "--password-stdin",
        )  # fmt: skip
        done = command(home, *words, *stdin)
        assert words[1] == "recover" or done.returncode == 0, (words, done.stderr)
    revoke(home, make_token(home, "read"))
    assert command(home, "audit", "setup-key", "--json").returncode == 0


def test_every_action_is_left_by_something(story: list[Recorded]) -> None:
    """What the catalogue names happens, and is on record with an outcome."""
    seen = {one.event.action for one in story if one.event.outcome is not Outcome.STARTED}
    assert sorted(ACTIONS.keys() - seen - OF_FAULTS) == []


def test_each_start_has_an_outcome(story: list[Recorded]) -> None:
    """Nothing that began is without an end, where nothing was cut off."""
    begun = {one.event.correlation for one in story if one.event.outcome is Outcome.STARTED}
    ended = {one.event.correlation for one in story if one.event.outcome is not Outcome.STARTED}
    assert begun - ended == set()


def test_who_it_was(home: Home, story: list[Recorded]) -> None:
    """Logins say by what factor, cells who ran them where, and commands the system's account."""
    by_action: dict[str, list[Recorded]] = {}
    for one in story:
        if one.event.outcome is not Outcome.STARTED:
            by_action.setdefault(one.event.action, []).append(one)
    factors = {str(one.event.details.get("factor")) for one in by_action["session:begin"]}
    assert {"code", "recovery-code", "passkey", "trusted-device"} <= factors
    begun = [one for one in by_action["session:begin"] if one.event.outcome is Outcome.SUCCESS]
    assert all(one.event.who.username and one.event.who.session for one in begun)
    cell = by_action["kernel:execute"][0].event
    assert (cell.who.username, cell.path) == (home.username, "b.ipynb")
    assert cell.target
    assert {one.event.who.username for one in by_action["vault:rotate"]} == {"cli:" + _account()}
    assert {one.event.path for one in by_action["file:lock"] if one.event.details} == {"b.ipynb"}
    assert [one.event.reason for one in by_action["session:expire"]] == ["idle"]
    assert "died" in {one.event.reason for one in by_action["kernel:restart"]}
    limit = by_action["login:limit"][0].event
    assert (limit.outcome, limit.reason) == (Outcome.REFUSED, "too-many-tries")
    used = by_action["token:use"]
    assert len(used) == len({one.event.who.token for one in used})
    for socket in ("kernel:connect", "terminal:connect"):
        assert by_action[socket][0].event.outcome is Outcome.SUCCESS


def _account() -> str:
    import pwd

    return pwd.getpwuid(os.geteuid()).pw_name


def test_no_secret_is_on_record(home: Home, story: list[Recorded]) -> None:
    """Neither a password, a passphrase, a code's text nor a cell's code."""
    assert story
    record = b"".join(path.read_bytes() for path in (Path(home.state) / "audit").glob("record-*"))
    secrets = [PASSWORD, team.NEW, "a heron in the reeds", SECRET, home.facts["recovery_key"]]
    for secret in (*secrets, home.facts["totp_uri"], "jst_"):
        assert secret.encode() not in record


def test_what_goes_wrong(tmp_path: Path) -> None:
    """What is said of a damaged or an aged record."""
    folder = tmp_path / "audit"
    folder.mkdir()
    files = RecordFiles(folder, segment_bytes=600)
    for number in range(6):
        files.append([encode(event(number))])
    last = max(folder.glob("record-*"))
    with last.open("ab") as file:
        file.write(b'{"seq":')
    files.append([encode(event(7))])
    last = max(folder.glob("record-*"))
    last.write_bytes(b"")
    files.append([encode(event(8))])
    files.close()
    seen = {one.event.action for one in oldest_first(folder, Wanted())}
    recorder = GroupRecorder(folder)
    remove_old(folder, recorder, 1, now_ms=int(time.time() * 1000) + 3 * 24 * 3600 * 1000)
    recorder.close()
    seen |= {one.event.action for one in oldest_first(folder, Wanted())}
    assert seen >= OF_FAULTS


# Commands that only look, print, or write nothing that is protected.
LOOK_ONLY = {"status", "settings", "ssh-command", "audit", "demo", "git"}


def test_every_command_is_thought_of() -> None:
    """A command stands in the table of what is recorded, or among those that change nothing."""
    recorded = {name.split()[0] for name in CHANGES}
    assert set(COMMANDS) == recorded | LOOK_ONLY
    assert set(CHANGES.values()) <= ACTIONS.keys()


@contextlib.contextmanager
def unwritable(home: Home) -> Iterator[None]:
    place = Path(home.state) / "audit"
    away = place.with_name("audit-away")
    place.rename(away)
    place.write_text("in its place")
    try:
        yield
    finally:
        place.unlink()
        away.rename(place)


def test_a_command_that_cannot_be_recorded_is_not_run(home: Home, story: list[Recorded]) -> None:
    """It says so, and nothing is changed."""
    assert story
    with unwritable(home):
        done = command(home, "lock", "--mode", "private", "b.ipynb", "--password-stdin")
        assert done.returncode == 1
        assert "record" in done.stderr
    assert command(home, "unlock", "b.ipynb", "--password-stdin").returncode == 1  # no lock there


def test_counters_and_the_panels_row(home: Home, story: list[Recorded]) -> None:
    """/metrics counts what was recorded, and the panel says when the record was looked at."""
    assert story
    home.configure(SecureConfig={"idle_minutes": 60})
    with running(home) as server:
        client = server.logged_in()
        client.get("/api/contents/nowhere.ipynb")
        until(lambda: _row(client)["summary"].startswith("verified "))
        assert _row(client)["level"] == "ok"
        text = client.get("/metrics").text
        for line in (
            'jupyter_secure_events_total{action="file:open",outcome="failure"} 1.0',
            'jupyter_secure_logins_total{outcome="success"} 1.0',
        ):
            assert line in text
        assert server.client().get("/metrics").status_code == 401


def _row(client: Client) -> dict[str, Any]:
    rows = client.get(f"{API}/status").json()["protections"]
    return next(row for row in rows if row["name"] == "record")


def test_two_servers_on_one_record(home: Home, story: list[Recorded]) -> None:
    """They write in turn, beside commands, and what comes of it verifies."""
    assert story
    folder = Path(home.state) / "audit"
    key = setup_key(folder)
    home.configure(SecureConfig={"idle_minutes": 60})
    with running(home) as one, running(home) as other:
        clients = [one.logged_in()]
        clients.append(other.logged_in())

        def work(number: int) -> None:
            for at in range(25):
                ok(clients[number].save(f"of-{number}.ipynb", notebook(str(at))))

        threads = [threading.Thread(target=work, args=(number,)) for number in (0, 1)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        found = verify(folder, [key])
        assert found.first_broken is None
        assert all(finding.kind != "clock" for finding in found.findings)
    done = [one.event for one in oldest_first(folder, Wanted(what="file:save"))]
    saved = [one for one in done if one.path.startswith("of-") and one.outcome is Outcome.SUCCESS]
    assert len(saved) == 50


def test_reads_without_a_record(home: Home, story: list[Recorded]) -> None:
    """Where the administrator allows it, files open while the record cannot be written."""
    assert story
    home.configure(SecureConfig={"audit_reads_required": False, "idle_minutes": 60})
    with running(home) as server:
        client = server.logged_in()
        with unwritable(home):
            assert client.get("/api/contents/b.ipynb").status_code == 200
            assert client.save("b.ipynb", notebook("4")).status_code == 503
