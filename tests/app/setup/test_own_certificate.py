from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from support.home import bare_variables

from jupyter_secure.app.setup import set_up
from jupyter_secure.app.setup.own_certificate import how_to_renew, in_use, renew
from jupyter_secure.crypto import x509
from jupyter_secure.errors import CertificateUnusable, Conflict, NotSetUp
from jupyter_secure.transport import certificates

NOW = datetime(2026, 3, 1, tzinfo=timezone.utc)


@pytest.fixture
def home(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    cheap_passwords: None,  # noqa: ARG001  # a fixture for what it does
) -> Path:
    for name, value in bare_variables(tmp_path).items():
        monkeypatch.setenv(name, value)
    return tmp_path


@pytest.fixture
def certfile(home: Path) -> Path:  # noqa: ARG001  # a fixture for what it does
    wishes = set_up.Wishes("alice", "a red kite over Talgarth at noon", ("lab.example.org",))
    return set_up.commit(set_up.prepare(wishes, NOW)).certfile


@pytest.mark.usefixtures("certfile")
def test_shown() -> None:
    """What is in use is told: whose it is, its names, and when it is due."""
    shown = in_use(NOW)
    assert shown.own
    assert shown.days_left == 397
    assert not shown.due
    assert "lab.example.org" in shown.to_json()["names"]
    assert in_use(NOW + timedelta(days=368)).due


def test_renewed(certfile: Path) -> None:
    """A renewed certificate keeps its names, adds more, and comes with a key of its own."""
    before = certificates.load(certfile, certfile.with_name("key.pem"), now=NOW)
    key = certfile.with_name("key.pem").read_bytes()
    later = NOW + timedelta(days=300)
    renew(("new.example.org",), later)
    after = certificates.load(certfile, certfile.with_name("key.pem"), now=later)
    assert after.facts.names == (*before.facts.names, "new.example.org")
    assert after.days_left(later) == 397
    assert certfile.with_name("key.pem").read_bytes() != key
    assert b"PRIVATE" not in certfile.read_bytes()


def test_the_key_is_kept_if_asked(certfile: Path) -> None:
    """With the key kept, pins of the public key stay good; also after a renewal with a new one."""
    renew((), NOW)
    key = certfile.with_name("key.pem").read_bytes()
    shown = in_use(NOW).pair.facts.fingerprint_sha256
    renew((), NOW, key="keep")
    assert certfile.with_name("key.pem").read_bytes() == key
    assert in_use(NOW).pair.facts.fingerprint_sha256 != shown


def test_a_damaged_certificate_is_replaced(certfile: Path) -> None:
    """A certificate that cannot be read any more is no obstacle to a new one."""
    certfile.write_bytes(b"damaged")
    renew((), NOW)
    assert in_use(NOW).pair.facts.names[0] == "localhost"


def test_a_key_of_another_kind(certfile: Path) -> None:
    """A key that a set-up would not make is not taken for one."""
    certfile.with_name("key.pem").write_bytes(b"no key")
    with pytest.raises(CertificateUnusable, match="not a private key"):
        renew((), NOW, key="keep")


@pytest.mark.usefixtures("home")
def test_nothing_to_renew() -> None:
    """Before a set-up there is none, and that is said."""
    with pytest.raises(NotSetUp):
        renew((), NOW)
    with pytest.raises(NotSetUp, match="no certificate"):
        in_use(NOW)


def test_somebody_elses(home: Path) -> None:
    """A certificate from elsewhere is shown, and not renewed here."""
    cert, key = x509.make_self_signed(["lab.example.org"], 90, now=NOW)
    for name, pem in (("full.pem", cert), ("priv.pem", key)):
        (home / name).write_bytes(pem)
    password = "a red kite over Talgarth at noon"
    wishes = set_up.Wishes("alice", password, (), home / "full.pem", home / "priv.pem")
    set_up.commit(set_up.prepare(wishes, NOW))
    assert not in_use(NOW).own
    with pytest.raises(Conflict, match=r"full\.pem where it came from"):
        renew((), NOW)


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("/etc/letsencrypt/live/lab.example.org/fullchain.pem", "--cert-name lab.example.org "),
        ("/etc/ssl/lab.pem", "takes the new one by itself"),
        ("{home}/data/secure/tls/cert.pem", "jupyter secure certificate renew"),
    ],
)
def test_advice(home: Path, path: str, says: str) -> None:
    """The advice fits where the certificate comes from."""
    assert says in how_to_renew(Path(path.format(home=home)))
