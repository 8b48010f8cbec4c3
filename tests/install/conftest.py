"""A fresh clone, the packages built from it, and environments to put them in."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from support.environments import Environment, Packages, make_environment

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="session")
def path_without_node(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A PATH with a shell on it and nothing else, so no Node."""
    folder = tmp_path_factory.mktemp("path")
    (folder / "sh").symlink_to("/bin/sh")
    return str(folder)


@pytest.fixture
def fresh(tmp_path: Path, path_without_node: str) -> Environment:
    """An environment in which nothing is installed and from which no Node can be reached."""
    return make_environment(tmp_path, path=path_without_node)


@pytest.fixture(scope="session")
def clone(program: Callable[[str], str]) -> Callable[[Path], Path]:
    """Make a copy of the files that Git knows or would add: what a fresh clone holds."""
    git = program("git")

    def copy(target: Path) -> Path:
        listing = subprocess.run(
            [git, "-C", ROOT, "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
            capture_output=True,
            text=True,
            check=True,
        )
        for name in listing.stdout.split("\0"):
            if name and (ROOT / name).is_file():
                (target / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, target / name)
        return target

    return copy


@pytest.fixture(scope="session")
def packages(tmp_path_factory: pytest.TempPathFactory, clone: Callable[[Path], Path]) -> Packages:
    """The source distribution, and the wheel that is built from it, of a fresh clone.

    Built by the first worker that wants them, for all.
    """
    import fcntl  # not on Windows

    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    target = shared / "dist"
    with (shared / "dist.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not target.exists():
            source, made = clone(tmp_path_factory.mktemp("clone")), tmp_path_factory.mktemp("dist")
            done = subprocess.run(
                [sys.executable, "-m", "build", "--outdir", made, source],
                cwd=made,
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, done.stdout + done.stderr
            made.rename(target)
    (sdist,) = target.glob("*.tar.gz")
    (wheel,) = target.glob("*.whl")
    return Packages(sdist, wheel)


@pytest.fixture(scope="session")
def installed(
    tmp_path_factory: pytest.TempPathFactory, packages: Packages, path_without_node: str
) -> Environment:
    """An environment with the wheel in it, for the tests that change nothing there."""
    environment = make_environment(tmp_path_factory.mktemp("installed"), path=path_without_node)
    environment.pip_install(packages.wheel)
    return environment
