"""Everything that is read from untrusted files, against inputs that look for new paths through it.

Coverage-guided, by atheris (libFuzzer): a fixed number of runs from a fixed seed, so that it costs
the same every time. What it finds stays found: add the input to ``tests/vectors``.
"""

from __future__ import annotations

import importlib.util
import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest
from fuzz.targets import TARGETS

HARNESS = Path(__file__).parent / "harness.py"
RUNS = {"envelope": 20_000, "payload": 10_000, "vault-file": 40_000}
MANY = 60_000
# As in pyproject.toml: for these it is built.
SUPPORTED = (
    sys.platform == "linux"
    and platform.machine() == "x86_64"
    and (3, 11) <= sys.version_info[:2] <= (3, 14)
)


def needs_atheris() -> None:
    if importlib.util.find_spec("atheris") is not None:
        return
    if SUPPORTED and os.environ.get("CI") == "true":
        pytest.fail("atheris is not installed, and the extra “test” was to install it")
    pytest.skip("atheris is not built for this Python or system, or was not installed")


@pytest.mark.parametrize("name", TARGETS)
def test_seeds(name: str) -> None:
    """Every input that the fuzzer begins from is dealt with as it should be."""
    target, seeds = TARGETS[name]
    assert seeds
    for seed in seeds:
        target(seed)


@pytest.mark.parametrize("name", TARGETS)
def test_fuzz(name: str, tmp_path: Path) -> None:
    """No input makes a reader fail in a way that it does not document, or believe a forgery."""
    needs_atheris()
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    options = (f"-runs={RUNS.get(name, MANY)}", "-seed=1", "-max_len=40000", "-timeout=20")
    done = subprocess.run(
        [sys.executable, HARNESS, name, corpus, *options, f"-artifact_prefix={tmp_path}/"],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
        capture_output=True,
        text=True,
        check=False,
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0, said[-4000:]
    # It did run, and looked into our code.
    assert f"Done {RUNS.get(name, MANY)} runs" in said, said[-4000:]
    assert len(list(corpus.iterdir())) > 1


def test_a_mistake_is_found(tmp_path: Path) -> None:
    """The harness reports a target that fails: it is no formality."""
    needs_atheris()
    broken = tmp_path / "broken.py"
    broken.write_text(
        HARNESS.read_text()
        .replace("Path(__file__).parent.parent", f"Path({str(HARNESS.parent.parent)!r})")
        .replace(
            'if __name__ == "__main__":',
            "def fails(data):\n"
            "    assert b'vault_id' not in data\n\n"
            "TARGETS['vault-file'] = (fails, [b'a'])\n"
            'if __name__ == "__main__":',
        )
    )
    (tmp_path / "corpus").mkdir()
    done = subprocess.run(
        [
            *(sys.executable, broken, "vault-file", tmp_path / "corpus"),
            *("-runs=200000", "-seed=1", f"-artifact_prefix={tmp_path}/"),
        ],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert "AssertionError" in done.stdout + done.stderr
    assert list(tmp_path.glob("crash-*"))
