from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone

from support.home import Home

from jupyter_secure.crypto import x509

from .conftest import Run


def test_show(run: Run, home: Home) -> None:
    """It is told in words, with the fingerprint that a browser shows and what to do."""
    done = run("certificate", "show")
    assert done.returncode == 0, done.stderr
    facts = x509.inspect(home.certificate.read_bytes())
    assert facts.fingerprint_sha256 in done.stdout.replace(":", "").lower()
    assert "localhost, 127.0.0.1, ::1" in done.stdout
    assert "run `jupyter secure certificate renew`" in done.stdout
    told = json.loads(run("certificate", "show", "--json").stdout)
    assert told["certificate"] == str(home.certificate)
    assert told["made_by_init"]


def test_due(run: Run, home: Home) -> None:
    """When it is time to renew it, the exit code says so, and renewing it puts that right."""
    now = datetime.now(timezone.utc) - timedelta(days=380)
    cert, key = x509.make_self_signed(["localhost", "old.example.org"], 397, now=now)
    home.certificate.write_bytes(cert)
    home.certificate.with_name("key.pem").write_bytes(key)
    done = run("certificate", "show")
    assert done.returncode == 1
    assert "time to renew" in done.stdout
    done = run("certificate", "renew", "--hostname", "new.example.org", "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert {"localhost", "old.example.org", "new.example.org"} <= set(told["names"])
    assert told["days_left"] >= 396
    assert home.certificate.with_name("key.pem").read_bytes() != key
    assert run("status").returncode == 0


def test_keep_key(run: Run, home: Home) -> None:
    """With --keep-key the key is the same, and the certificate another."""
    cert, key = (home.certificate.with_name(name).read_bytes() for name in ("cert.pem", "key.pem"))
    assert run("certificate", "renew", "--keep-key").returncode == 0
    assert home.certificate.with_name("key.pem").read_bytes() == key
    assert home.certificate.read_bytes() != cert


def test_a_bad_name(run: Run, home: Home) -> None:
    """What is no host name is refused, and nothing has changed."""
    before = home.certificate.read_bytes()
    done = run("certificate", "renew", "--hostname", "https://lab.example.org/")
    assert done.returncode == 1
    assert "not a host name" in done.stderr
    assert home.certificate.read_bytes() == before


def test_usage(run: Run) -> None:
    """Without an action it is wrong usage; without a set-up it says what to do."""
    assert run("certificate").returncode == 2
    done = run("certificate", "renew")
    assert done.returncode == 1
    assert "jupyter secure init" in done.stderr
