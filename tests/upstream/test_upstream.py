"""jupyter_server's own tests of contents, unchanged, against ``EncryptedContentsManager``."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
from importlib.metadata import version
from pathlib import Path

import pytest

import jupyter_secure

pytestmark = pytest.mark.install

# What is left out, and why. Everything else passes as upstream wrote it.
LEFT_OUT = {
    "big_dir": "fills the disk with a hundred megabytes, and upstream's own run leaves it out",
    "test_check_and_sign": "asks Jupyter's database of signatures, which is not used: whether a "
    "notebook is trusted stands in the sealed file",
    "signature_store": "damages that database",
    "test_nb_validation": "counts the calls of a check, which a sealed file that was valid when it "
    "was written does not need again; invalid notebooks are shown by our own tests",
}


@pytest.fixture(scope="module")
def upstream(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The source distribution of the jupyter_server that is installed; the wheel has no tests."""
    folder = tmp_path_factory.mktemp("upstream")
    name = f"jupyter_server=={version('jupyter_server')}"
    options = ["--quiet", "--no-deps", "--no-binary", "jupyter_server", "--dest", str(folder)]
    done = subprocess.run(
        [sys.executable, "-m", "pip", "download", *options, name],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        message = f"{name} cannot be downloaded:\n{done.stderr}"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    (archive,) = folder.glob("*.tar.gz")
    with tarfile.open(archive) as tar:
        tar.extractall(folder, filter="data")
    return next(path for path in folder.iterdir() if path.is_dir())


def test_upstream_agrees(upstream: Path) -> None:
    """Upstream's tests pass with every file sealed, and nothing is ever opened in plain text."""
    package = Path(jupyter_secure.__file__).parent.parent
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-p", "encrypted", "-p", "no:cacheprovider"),
            *("-o", "addopts=", "-W", "ignore", "-q", "--tb=short", "--timeout=60"),
            *("-k", " and ".join(f"not {name}" for name in LEFT_OUT)),
            *("tests/services/contents", "tests/test_files.py"),
        ],
        cwd=upstream,
        env=os.environ
        | {"PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), str(package)])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr
    passed = int(done.stdout.rsplit(" passed", 1)[0].split()[-1])
    assert passed > 450, "upstream's tests were not run: fewer passed than there are"
