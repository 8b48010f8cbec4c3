from __future__ import annotations

import re
import signal
import socket
import ssl
import subprocess
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import nbformat
import pyotp
import pytest
from support.terminal import Terminal

Run = Callable[..., "subprocess.CompletedProcess[str]"]
EXAMPLES = [
    example
    for example in files("jupyter_secure").joinpath("examples").iterdir()
    if example.name.endswith(".ipynb")
]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_examples(example: Path) -> None:
    """Each example is valid nbformat 4.5 with ids, without outputs, and its code compiles."""
    notebook = nbformat.reads(example.read_text(), as_version=nbformat.NO_CONVERT)
    nbformat.validate(notebook)
    assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
    assert len({cell.id for cell in notebook.cells}) == len(notebook.cells)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            assert cell.outputs == []
            compile(cell.source, example.name, "exec")


def test_there_are_three() -> None:
    """There is something to open."""
    assert len(EXAMPLES) == 3


@pytest.mark.integration
@pytest.mark.parametrize("ending", ["Ctrl-C", "SIGTERM"])
def test_demo(variables: dict[str, str], tmp_path: Path, ending: str) -> None:
    """It prints all it takes to log in, serves HTTPS with sealed notebooks, and leaves nothing."""
    with Terminal("demo", variables=variables, cwd=tmp_path) as terminal:
        port = int(terminal.wait_for(r"https://localhost:(\d+)/lab", 60).group(1))
        terminal.wait_for("Enter shows")
        assert re.search(r"User name\s+\S*demo", terminal.shown)
        found = re.search(r"Notebooks\s+(\S+)", terminal.shown)
        assert found
        notebooks = Path(found.group(1))
        home = notebooks.parent
        cert = home / ".local/share/jupyter/secure/tls/cert.pem"
        context = ssl.create_default_context(cafile=str(cert))
        with (
            socket.create_connection(("127.0.0.1", port)) as plain,
            context.wrap_socket(plain, server_hostname="localhost") as connection,
        ):
            assert connection.version() == "TLSv1.3"
        assert sorted(path.name for path in notebooks.iterdir()) == sorted(
            example.name for example in EXAMPLES
        )
        assert all(b"cells" not in path.read_bytes() for path in notebooks.iterdir())
        terminal.type("")
        terminal.wait_for(r"Code .*\d{6}")
        if ending == "Ctrl-C":
            terminal.press_ctrl_c()
        else:
            terminal.signal(signal.SIGTERM)
        assert terminal.exit_code(40) == 0
    assert not home.exists()
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0
    # The real home of this test has seen nothing of it.
    assert not list((tmp_path / "data").iterdir())
    assert not list((tmp_path / "config").iterdir())


def test_port_that_is_taken(run: Run) -> None:
    """A port that someone else listens on is named."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = run("demo", "--port", str(port))
    assert done.returncode == 1
    assert f"Port {port} is taken." in done.stderr


def test_codes() -> None:
    """The demo's codes are those of an authenticator, now and for the two steps after."""
    from datetime import datetime, timezone

    from jupyter_secure.app.setup.demo_home import Demo

    secret = pyotp.random_base32()
    demo = Demo(Path("/nowhere"), "demo", "", "", secret)
    now = datetime(2026, 5, 4, 12, 0, 7, tzinfo=timezone.utc)
    expected = tuple(pyotp.TOTP(secret).at(now, counter_offset=step) for step in range(3))
    assert demo.codes(now) == expected
    assert demo.seconds_left(now) == 23
