"""What can't be enforced refuses to start: before the socket is bound, and in words."""

from __future__ import annotations

import datetime
import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from support.home import Home, bare_variables, set_up
from support.live_server import refusal, running

from jupyter_secure.crypto import x509

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return set_up(tmp_path_factory.mktemp("home"))


@pytest.fixture
def home(original: Home, tmp_path: Path) -> Home:
    """A copy of a home that was set up, at a path of its own."""
    shutil.copytree(original.path, tmp_path / "home")
    for name in ("config/jupyter_server_config.json", "data/secure/settings-before.json"):
        path = tmp_path / "home" / name
        path.write_text(path.read_text().replace(str(original.path), str(tmp_path / "home")))
    variables = bare_variables(tmp_path / "home")
    return Home(tmp_path / "home", variables, dict(original.facts), original.authenticator)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--ServerApp.certfile=", "--ServerApp.keyfile="], "certfile"),
        (["--ServerApp.certfile="], "ServerApp.certfile"),
        (
            ["--ServerApp.certfile=", "--ServerApp.keyfile=", "--ServerApp.ip=0.0.0.0"],
            "plain HTTP on every network address",
        ),
        (
            [
                "--ServerApp.certfile=",
                "--ServerApp.keyfile=",
                "--SecureConfig.trusted_proxies=10.0.0.1",
            ],
            "trusted_proxies",
        ),
        (["--ServerApp.trust_xheaders=True"], "trust_xheaders"),
        (["--ServerApp.token=canary"], "token"),
        (["--IdentityProvider.token=canary"], "token"),
        (["--TwoFactorIdentityProvider.token=canary"], "token"),
        (["--ServerApp.disable_check_xsrf=True"], "disable_check_xsrf"),
        (['--ServerApp.tornado_settings={"xsrf_cookies": False}'], "xsrf_cookies"),
        (['--ServerApp.tornado_settings={"disable_check_xsrf": True}'], "disable_check_xsrf"),
        (["--ServerApp.allow_origin=*"], "allow_origin"),
        (["--ServerApp.allow_origin_pat=https?://.+"], "allow_origin_pat"),
        (
            [
                "--ServerApp.contents_manager_class="
                "jupyter_server.services.contents.largefilemanager.AsyncLargeFileManager"
            ],
            "contents_manager_class",
        ),
        (
            [
                "--ServerApp.identity_provider_class="
                "jupyter_server.auth.identity.PasswordIdentityProvider"
            ],
            "identity_provider_class",
        ),
        (
            [
                "--EncryptedContentsManager.checkpoints_class="
                "jupyter_server.services.contents.filecheckpoints.GenericFileCheckpoints"
            ],
            "checkpoints_class",
        ),
        (
            [
                "--EncryptedContentsManager.files_handler_class="
                "jupyter_server.files.handlers.FilesHandler"
            ],
            "files_handler_class",
        ),
        (["--SecureConfig.idle_minutes=0"], "idle_minutes"),
        (["--SecureConfig.elevation_minutes=soon"], "elevation_minutes"),
        (["--SecureConfig.encrypt=[]"], "encrypt"),
        (["--SecureConfig.trusted_proxies=0.0.0.0/0"], "trusted_proxies"),
    ],
)
def test_a_setting_that_would_break_the_policy(
    original: Home, arguments: list[str], says: str
) -> None:
    """The server does not start, and the message names the setting and holds no traceback."""
    said = refusal(original, *arguments)
    assert says in said
    assert "canary" not in said


def test_a_setting_of_the_wrong_type_in_a_file(home: Home) -> None:
    """The same holds for what stands in a file."""
    home.configure(SecureConfig={"encrypt": [], "idle_minutes": "long"})
    assert "SecureConfig" in refusal(home)


def test_a_replaced_identity_provider(home: Home) -> None:
    """What `tornado_settings` would put in our place stops the start."""
    config = home.path / "config" / "jupyter_server_config.py"
    config.write_text(
        "from jupyter_server.auth.identity import PasswordIdentityProvider\n"
        'c.ServerApp.tornado_settings = {"identity_provider": PasswordIdentityProvider()}\n'
    )
    assert "tornado_settings" in refusal(home)


@pytest.mark.parametrize("content", ["", "{", '{"ServerApp": {}}'], ids=str)
def test_lost_settings(home: Home, content: str) -> None:
    """Where the settings of a set-up are damaged or gone, it does not start without them."""
    path = home.path / "config" / "jupyter_server_config.json"
    path.write_text(content)
    assert "jupyter secure disable" in refusal(home, traceback=True)


def test_a_replaced_gate(home: Home) -> None:
    """An extension that puts itself before the gate stops the start."""
    (home.work / "usurper.py").write_text(
        "def _jupyter_server_extension_points():\n"
        "    return [{'module': 'usurper'}]\n"
        "def _load_jupyter_server_extension(app):\n"
        "    before = app.web_app.find_handler\n"
        "    app.web_app.find_handler = lambda request, **rest: before(request, **rest)\n"
    )
    home.variables["PYTHONPATH"] += f":{home.work}"
    said = refusal(home, "--ServerApp.jpserver_extensions=usurper=True")
    assert "find_handler" in said


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def from_the_future(path: Path) -> None:
    held = json.loads(path.read_text())
    held["version"] = 99
    path.write_text(json.dumps(held))


def no_accounts(path: Path) -> None:
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("DELETE FROM recovery_codes")
        database.execute("DELETE FROM accounts")


@pytest.mark.parametrize(
    ("file", "damage", "says"),
    [
        ("vault.json", Path.unlink, "jupyter secure init|vault.json"),
        ("vault.json", cut, "vault.json"),
        ("vault.json", lambda path: path.write_text("{}"), "vault.json"),
        ("vault.json", lambda path: path.write_bytes(b"\xff\xfe"), "vault.json"),
        ("vault.json", from_the_future, "newer|vault.json"),
        ("state.db", Path.unlink, "state.db"),
        ("state.db", lambda path: path.write_bytes(b"garbage" * 1000), "state.db"),
        ("state.db", lambda path: path.write_bytes(b""), "state.db"),
        ("state.db", no_accounts, "state.db"),
        ("tls/cert.pem", Path.unlink, "cert.pem"),
        ("tls/cert.pem", lambda path: path.write_text("no certificate"), "cert.pem"),
        ("tls/key.pem", Path.unlink, "key.pem"),
        ("tls/key.pem", cut, "key.pem"),
    ],
)
def test_a_damaged_state(
    home: Home, file: str, damage: Callable[[Path], object], says: str
) -> None:
    """A file of the state that is missing, damaged or too new is named, and nothing changes."""
    path = home.state / file
    for beside in path.parent.glob(path.name + "-*"):
        beside.unlink()
    damage(path)
    before = path.read_bytes() if path.exists() else None
    said = refusal(home)
    assert any(word in said for word in says.split("|")), said
    assert (path.read_bytes() if path.exists() else None) == before or file == "state.db"


def test_someone_elses_certificate(home: Home) -> None:
    """A certificate that does not belong to the key stops the start."""
    other, _ = x509.make_self_signed(["localhost"], days=9)
    (home.state / "tls" / "cert.pem").write_bytes(other)
    assert "does not belong to the certificate" in refusal(home)


def test_an_expired_certificate(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """An expired certificate stops the start, with its date."""
    past = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=400)

    class Then(datetime.datetime):
        @classmethod
        def now(cls, tz: datetime.tzinfo | None = None) -> datetime.datetime:
            return past.astimezone(tz)

    monkeypatch.setattr(x509, "datetime", Then, raising=True)
    certificate, key = x509.make_self_signed(["localhost"], days=9)
    (home.state / "tls" / "cert.pem").write_bytes(certificate)
    (home.state / "tls" / "key.pem").write_bytes(key)
    assert "expired on" in refusal(home)


@pytest.mark.parametrize(
    "options",
    [
        {"ssl_version": 3},  # ssl.PROTOCOL_TLSv1
        {"ciphers": "ALL:eNULL:@SECLEVEL=0"},
    ],
)
def test_a_certificate_in_ssl_options_alone(home: Home, options: dict[str, object]) -> None:
    """A certificate that is given another way does not go round the checks and the TLS minimum."""
    tls = home.state / "tls"
    pair = {"certfile": str(tls / "cert.pem"), "keyfile": str(tls / "key.pem")}
    home.configure(ServerApp={"certfile": "", "keyfile": "", "ssl_options": {**pair, **options}})
    assert "ssl_options" in refusal(home)


def test_it_starts_as_init_left_it(home: Home) -> None:
    """The copy that the others damage is one that starts; or they would prove nothing."""
    with running(home, forked=False) as server:
        assert server.client().get("/login").status_code == 200
