"""On what the measurement was made: figures belong to a machine and to versions."""

from __future__ import annotations

import os
import platform
import ssl
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path

_PACKAGES = (
    "jupyter-secure",
    "jupyter_server",
    "jupyterlab",
    "nbformat",
    "tornado",
    "cryptography",
)


def facts() -> dict[str, str]:
    """Return them in the order in which they are to be read."""
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    return {
        "date": f"{datetime.now(timezone.utc):%Y-%m-%d %H:%M} UTC",
        "processor": f"{os.cpu_count()} × {_processor()}",
        "memory": f"{_memory_gib():.0f} GiB",
        "system": f"{platform.system()} {platform.release()}",
        "load before": load,
        "Python": f"{platform.python_version()}, {ssl.OPENSSL_VERSION}",
        "packages": ", ".join(f"{name} {version(name)}" for name in _PACKAGES),
    }


def _processor() -> str:
    information = Path("/proc/cpuinfo")
    if information.exists():
        for line in information.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _memory_gib() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
