"""Programs that others wrote, with an access token: what the how-to on scripts and editors says."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from support import remote_kernel
from support.home import Home, set_up
from support.live_server import LiveServer, notebook, run_cell, running
from support.tokens import Program, make_token

pytestmark = pytest.mark.integration

MODULES = Path(__file__).parents[2] / "labextension" / "node_modules"
TESTS = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    home = set_up(tmp_path_factory.mktemp("home"))
    with running(home) as server:
        yield server


@pytest.fixture(scope="module")
def token(server: LiveServer) -> str:
    return str(make_token(server.home, "read", "write", "execute")["token"])


def variables(home: Home, url: str, token: str) -> dict[str, str]:
    """Return what the how-to says to set."""
    return home.variables | {
        "JUPYTER_GATEWAY_URL": url,
        "JUPYTER_GATEWAY_AUTH_SCHEME": "Bearer",
        "JUPYTER_GATEWAY_AUTH_TOKEN": token,
        "JUPYTER_GATEWAY_CA_CERTS": str(home.certificate),
        "SSL_CERT_FILE": str(home.certificate),
        "REQUESTS_CA_BUNDLE": str(home.certificate),
        "NODE_EXTRA_CA_CERTS": str(home.certificate),
    }


def run(server: LiveServer, token: str, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        env=variables(server.home, server.url, token),
        cwd=server.home.path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_jupyters_gateway_runs_its_kernels_here(server: LiveServer, token: str) -> None:
    """nbclient, and papermill on top of it, run notebooks on this server's kernels."""
    code = nbformat.v4.new_code_cell("x = 1", metadata={"tags": ["parameters"]})
    here = nbformat.v4.new_code_cell("import os\nprint(os.getcwd(), x * 7)")
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nb = nbformat.v4.new_notebook(cells=[code, here], metadata={"kernelspec": kernel})
    before, after = server.home.path / "before.ipynb", server.home.path / "after.ipynb"
    nbformat.write(nb, before)
    script = (
        "import papermill, sys\n"
        "papermill.execute_notebook(*sys.argv[1:3], parameters={'x': 6}, progress_bar=False,\n"
        f"    kernel_manager_class='{remote_kernel.__name__}.RemoteKernelManager')"
    )
    ran = run(server, token, sys.executable, "-W", "ignore", "-c", script, str(before), str(after))
    assert ran.returncode == 0, ran.stderr
    printed = nbformat.read(after, 4).cells[-1].outputs[0].text
    assert printed == f"{server.home.work} 42\n"


def test_code_that_a_client_sends_is_in_no_log(server: LiveServer, token: str) -> None:
    """A message without a channel, which Jupyter would write to its log, is named there only."""
    program = Program(server, token)
    kernel = program.post("/api/kernels", json={"name": "python3"}).json()["id"]
    channel = server.client().socket(
        f"/api/kernels/{kernel}/channels", Authorization=f"Bearer {token}"
    )
    header = {"msg_id": "9", "msg_type": "kernel_info_request", "session": "s", "username": ""}
    message = {"header": header | {"version": "5.3", "date": ""}, "parent_header": {}}
    channel.send(json.dumps({**message, "metadata": {}, "content": {"code": "canary-4711"}}))
    assert run_cell(channel, "print(5 * 5)") == "25\n"
    channel.close()
    assert program.delete(f"/api/kernels/{kernel}").status_code == 204
    assert "No channel specified" in server.log
    assert "canary-4711" not in server.log
    assert token not in server.log


def test_jupyter_server_client(server: LiveServer, token: str) -> None:
    """The Python client of the REST API lists, starts and reads with a token."""
    script = (
        "import sys\n"
        "from jupyter_server_client import JupyterServerClient\n"
        "with JupyterServerClient(base_url=sys.argv[1], token=sys.argv[2]) as client:\n"
        "    print(client.get_version().version)\n"
        "    print([one.name for one in client.contents.list_directory('')])\n"
        "    session = client.sessions.create_session('mine.ipynb', {'name': 'python3'})\n"
        "    print(client.kernels.list_kernels()[0].id == session.kernel.id)\n"
        "    client.sessions.delete_session(session.id)\n"
    )
    server.logged_in()  # opens the vault
    program = Program(server, token)
    body = {"type": "notebook", "format": "json", "content": notebook("1")}
    assert program.put("/api/contents/mine.ipynb", json=body).status_code == 201
    ran = run(server, token, sys.executable, "-W", "ignore", "-c", script, server.url, token)
    assert ran.returncode == 0, ran.stderr
    assert "mine.ipynb" in ran.stdout
    assert ran.stdout.strip().endswith("True")


def node() -> str:
    """Return the program; one that is missing is a skip for a user and a failure in CI."""
    found = shutil.which("node")
    if found is None or not (MODULES / "@jupyterlab" / "services").is_dir():
        if os.environ.get("CI") == "true":
            pytest.fail("node, or labextension/node_modules, is missing")
        pytest.skip("needs node and labextension/node_modules")
    return found


@pytest.mark.parametrize(
    ("switched_on", "how", "answer"),
    [(False, "header", "42"), (True, "address", "42"), (False, "address", "no answer")],
)
def test_the_way_of_vs_code(tmp_path: Path, switched_on: bool, how: str, answer: str) -> None:
    """Its library runs code by the header; by the address only where that was switched on."""
    home = set_up(tmp_path)
    option = f"--SecureConfig.token_in_websocket_address={switched_on}"
    script = str(TESTS / "support" / "kernel_of_services.cjs")
    with running(home, option) as server:
        token = str(make_token(home, "read", "execute")["token"])
        ran = run(server, token, node(), script, str(MODULES), server.url, token, how)
        assert ran.stdout.strip().splitlines()[-1:] == [answer], ran.stdout + ran.stderr
        assert token not in server.log
