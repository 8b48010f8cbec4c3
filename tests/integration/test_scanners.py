"""What sslscan and testssl.sh, which others scan servers with, find in ours: nothing."""

from __future__ import annotations

import json
import subprocess
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.home import Home, set_up
from support.live_server import LiveServer, running

pytestmark = pytest.mark.integration

# A certificate that nobody vouches for is what `init` makes, and what it says of itself. The rest
# is what only a public authority gives: revocation, transparency, its name in DNS.
_OF_A_SELF_MADE_CERTIFICATE = {
    "cert_chain_of_trust",
    "cert_crlDistributionPoints",
    "cert_ocspURL",
    "cert_revocation",
    "cert_trust",
    "OCSP_stapling",
    "DNS_CAArecord",
    "certificate_transparency",
}
# Of the scanner itself: its openssl has no GOST ciphers to try; its client, which leaves at once,
# may leave before the ticket comes that it is to come back with.
_OF_THE_SCANNER = {"engine_problem", "sessionresumption_ticket"}
_FINE = {"OK", "INFO"}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return set_up(tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module", params=["1.2", "1.3"])
def oldest(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def server(oldest: str, home: Home) -> Iterator[LiveServer]:
    with running(home, f"--SecureConfig.min_tls={oldest}") as server:
        yield server


def test_sslscan(
    server: LiveServer, oldest: str, program: Callable[[str], str], tmp_path: Path
) -> None:
    """Only TLS 1.2 and 1.3 with strong ciphers, no compression, no renegotiation, no Heartbleed."""
    report = tmp_path / "sslscan.xml"
    subprocess.run(
        [program("sslscan"), f"--xml={report}", "--ipv4", f"localhost:{server.port}"],
        capture_output=True,
        check=True,
        timeout=60,
    )
    test = ET.parse(report).getroot().find("ssltest")
    assert test is not None
    protocols = {
        f"{one.get('type')} {one.get('version')}"
        for one in test.findall("protocol")
        if one.get("enabled") == "1"
    }
    assert protocols == ({"tls 1.3"} if oldest == "1.3" else {"tls 1.2", "tls 1.3"})
    ciphers = test.findall("cipher")
    assert ciphers
    for cipher in ciphers:
        assert cipher.get("strength") in ("strong", "acceptable"), cipher.attrib
        assert int(cipher.get("bits", "0")) >= 128, cipher.attrib
        name = str(cipher.get("cipher"))
        assert name.startswith(("TLS_AES", "TLS_CHACHA20", "ECDHE-ECDSA-")), name
        assert "GCM" in name or "CHACHA20" in name, name
    compression = test.find("compression")
    assert compression is None or compression.get("supported") == "0"
    renegotiation = test.find("renegotiation")
    assert renegotiation is not None
    assert renegotiation.get("supported") == "0"
    assert all(one.get("vulnerable") == "0" for one in test.findall("heartbleed"))


def test_testssl(
    server: LiveServer, oldest: str, program: Callable[[str], str], tmp_path: Path
) -> None:
    """Protocols, cipher lists, renegotiation, compression and the certificate have no finding."""
    report = tmp_path / "testssl.json"
    command = [program("testssl"), "--quiet", "--color", "0", "--warnings", "off"]
    # Without what asks the whole internet, and without what takes minutes.
    command += ["--ip", "127.0.0.1", "--nodns", "none", "--sneaky"]
    # TLS 1.3 knows no weak ciphers, no renegotiation and no compression to look for.
    command += ["-p", "-S"] if oldest == "1.3" else ["-p", "-s", "-S", "-R", "-C"]
    done = subprocess.run(
        [*command, "--jsonfile", str(report), f"localhost:{server.port}"],
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
        cwd=tmp_path,
    )
    findings = json.loads(report.read_text())
    assert len(findings) > 30, done.stdout
    found = {one["id"]: one for one in findings}
    for name in ("SSLv2", "SSLv3", "TLS1", "TLS1_1"):
        assert found[name]["finding"].startswith("not offered"), found[name]
    assert found["TLS1_3"]["finding"].startswith("offered")
    if oldest == "1.2":
        assert {"secure_client_renego", "CRIME_TLS"} <= set(found)
        assert any(name.startswith("cipherlist_") for name in found)
    bad = [
        one
        for one in findings
        if one["severity"] not in _FINE
        and one["id"].partition(" ")[0] not in _OF_A_SELF_MADE_CERTIFICATE | _OF_THE_SCANNER
    ]
    assert not bad, bad
