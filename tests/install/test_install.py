"""The package as people get it: wheel, source distribution, clone; installed, used and removed."""

from __future__ import annotations

import json
import re
import tarfile
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from support.environments import Environment, Packages, stock_server

pytestmark = pytest.mark.install

# For one worker, since what is installed is: the others install something else meanwhile.
ONE_ENVIRONMENT = pytest.mark.xdist_group("installed")

LABEXTENSION = Path("share/jupyter/labextensions/jupyter-secure")


def get(address: str) -> tuple[int, bytes]:
    """Fetch a page; return its status and its content."""
    try:
        with urllib.request.urlopen(address, timeout=30) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


def test_clone_installs_without_node(
    fresh: Environment, tmp_path: Path, clone: Callable[[Path], Path]
) -> None:
    """`pip install .` in a fresh clone builds the panel with a Node that pip brings."""
    source = clone(tmp_path / "clone")
    fresh.pip_install("--no-deps", source)
    assert (fresh.path / LABEXTENSION / "install.json").is_file()
    built = source / "jupyter_secure" / "labextension" / "sources.sha256"
    assert (fresh.path / LABEXTENSION / "sources.sha256").read_bytes() == built.read_bytes()


def test_wheel_holds_the_bundle_once_and_no_sources(packages: Packages) -> None:
    """The wheel carries the built JupyterLab part under share/ and neither tests nor TypeScript."""
    names = zipfile.ZipFile(packages.wheel).namelist()
    data = re.sub(r"-py3.*", ".data/data/", packages.wheel.name)
    assert f"{data}{LABEXTENSION}/package.json" in names
    assert f"{data}{LABEXTENSION}/install.json" in names
    assert f"{data}etc/jupyter/jupyter_server_config.d/jupyter_secure.json" in names
    assert "jupyter_secure/py.typed" in names
    roots = {name.split("/")[0] for name in names}
    assert {root for root in roots if not root.startswith("jupyter_secure")} == set()
    assert not [name for name in names if name.startswith("jupyter_secure/labextension")]
    assert not [name for name in names if name.endswith((".ts", ".tsx"))]


def test_sdist_holds_the_bundle_and_its_sources(packages: Packages) -> None:
    """The source distribution carries the built JupyterLab part and all it was built from."""
    with tarfile.open(packages.sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {
        "jupyter_secure/labextension/package.json",
        "jupyter_secure/labextension/sources.sha256",
        "labextension/package-lock.json",
        "labextension/src/index.ts",
        "hatch_build.py",
        "LICENSE",
    } <= names
    assert not [name for name in names if "node_modules" in name]


@ONE_ENVIRONMENT
def test_wheel_installs_and_answers(installed: Environment) -> None:
    """After `pip install` of the wheel both spellings of the command answer."""
    for command in (("jupyter", "secure"), ("jupyter-secure",)):
        assert "init" in installed.run(*command, "--help")


@ONE_ENVIRONMENT
def test_jupyterlab_sees_the_extension(installed: Environment) -> None:
    """JupyterLab lists the panel as enabled and as a package that pip removes."""
    listing = installed.run("jupyter", "labextension", "list")
    assert re.search(r"jupyter-secure v\S+ .*enabled.*OK.*\(python, jupyter-secure\)", listing)


@ONE_ENVIRONMENT
def test_server_extension_is_enabled(installed: Environment) -> None:
    """The server extension is enabled by a file of ours and loads without a complaint."""
    listing = installed.run("jupyter", "server", "extension", "list")
    assert re.search(r"jupyter_secure.*enabled", listing)
    assert re.search(r"jupyter_secure \S+.*OK", listing)


@ONE_ENVIRONMENT
def test_installing_alone_changes_nothing(installed: Environment) -> None:
    """A server that was not set up asks for its token over HTTP as a stock one does."""
    with stock_server(installed) as (address, log):
        base, _, token = address.partition("lab?")
        assert get(f"{base}api/contents")[0] == 403
        status, body = get(f"{base}api/contents?{token}")
        assert (status, json.loads(body)["type"]) == (200, "directory")
        status, body = get(f"{base}jupyter-secure/api/status?{token}")
        assert status == 200
        assert json.loads(body)["configured"] is False
    assert "Traceback" not in log
    home = Path(installed.variables["HOME"])
    assert not list(home.rglob("vault.json"))
    assert not list(home.rglob("jupyter_server_config.*"))


def test_sdist_installs_without_node(fresh: Environment, packages: Packages) -> None:
    """The source distribution installs with no Node and with an npm registry out of reach."""
    fresh.variables["npm_config_registry"] = "http://127.0.0.1:9/"
    fresh.pip_install(packages.sdist)
    assert "init" in fresh.run("jupyter", "secure", "--help")
    assert (fresh.path / LABEXTENSION / "package.json").is_file()


def test_uninstalling_leaves_a_jupyterlab_that_starts(
    fresh: Environment, packages: Packages
) -> None:
    """After `pip uninstall` nothing of ours is left and JupyterLab starts as stock."""
    fresh.pip_install(packages.wheel)
    fresh.run("python", "-m", "pip", "uninstall", "--quiet", "--yes", "jupyter-secure")
    assert not list(fresh.path.rglob("*jupyter?secure*"))
    fresh.run("jupyter", "lab", "--version")
    with stock_server(fresh) as (address, log):
        base, _, token = address.partition("lab?")
        assert get(address)[0] == 200
        assert get(f"{base}jupyter-secure/api/status?{token}")[0] == 404
    assert "jupyter_secure" not in log
