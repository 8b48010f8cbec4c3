from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from support.home import Home

from .conftest import Run

INFO = {
    "base_url": "/",
    "hostname": "localhost",
    "pid": os.getpid(),
    "port": 8890,
    "secure": True,
    "sock": "",
}


def runs(home: Path, **more: Any) -> None:
    """Leave the file that a running server leaves."""
    info = INFO | more
    (home / "runtime" / f"jpserver-{info['port']}.json").write_text(json.dumps(info))


@pytest.mark.parametrize(
    ("info", "forward", "url"),
    [
        ({}, "localhost:8890:localhost:8890", "https://localhost:8890/"),
        ({"hostname": "0.0.0.0"}, "localhost:8890:localhost:8890", "https://localhost:8890/"),
        ({"hostname": "10.1.2.3"}, "localhost:8890:10.1.2.3:8890", "https://localhost:8890/"),
        ({"hostname": "::1"}, "'localhost:8890:[::1]:8890'", "https://localhost:8890/"),
        ({"base_url": "/a b/"}, "localhost:8890:localhost:8890", "https://localhost:8890/a%20b/"),
        ({"sock": "/run/j.sock"}, "localhost:8888:/run/j.sock", "https://localhost:8888/"),
        ({"sock": "/a b/$j"}, "'localhost:8888:/a b/$j'", "https://localhost:8888/"),
        ({"secure": False, "sock": "/j"}, "localhost:8888:/j", "http://localhost:8888/"),
    ],
)
def test_running(run: Run, tmp_path: Path, info: dict[str, Any], forward: str, url: str) -> None:
    """The line leads to where the running server listens, safe to paste into a shell."""
    runs(tmp_path, **info)
    done = run("ssh-command", "--user", "alice", "--host", "lab.example.org", "--json")
    (told,) = json.loads(done.stdout)
    assert told["running"]
    assert told["url"] == url
    assert told["command"] == (
        f"ssh -N -o ExitOnForwardFailure=yes -L {forward} alice@lab.example.org"
    )


def test_words(run: Run, tmp_path: Path) -> None:
    """What to do is said in words, for each server."""
    runs(tmp_path)
    runs(tmp_path, port=9999)
    done = run("ssh-command", "--port", "2222", "--host", "lab")
    assert done.returncode == 0
    assert done.stdout.count("ssh -N") == 2
    assert "-p 2222" in done.stdout
    assert "https://localhost:9999/" in done.stdout


def test_none_runs(run: Run, home: Home) -> None:
    """Without a running server it is the settings' one; what makes no sense is passed over."""
    runtime = home.path / "runtime"
    (runtime / "jpserver-1.json").write_text("no JSON")
    (runtime / "jpserver-2.json").write_text("[]")
    runs(home.path, pid=2**22 - 3)
    home.configure(ServerApp={"port": 9443, "base_url": "lab"})
    done = run("ssh-command")
    assert "No server is running" in done.stdout
    assert "localhost:9443:localhost:9443" in done.stdout
    assert "https://localhost:9443/lab/" in done.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ("--user", "-oProxyCommand=x"),
        ("--host", "-oProxyCommand=x"),
        ("--host", "a;b"),
        ("--user", "a b"),
        ("--port", "0"),
        ("--local-port", "65536"),
        ("--port", "٢٢"),
    ],
)
def test_usage(run: Run, arguments: tuple[str, str]) -> None:
    """What ssh or a shell would take for something else is wrong usage."""
    name, value = arguments
    done = run("ssh-command", f"{name}={value}")
    assert done.returncode == 2
    assert "ssh-command" in done.stderr
