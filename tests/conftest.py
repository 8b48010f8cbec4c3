"""What every test may count on."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from support.home import make_passwords_cheap

import jupyter_secure

ROOT = Path(__file__).parent.parent

# How long an example takes says how busy the machine is; what is claimed of time is in benchmarks/.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

FOUND_IN = Path(jupyter_secure.__file__).resolve().parent


def pytest_configure() -> None:
    """Refuse to test anything but what was meant: the sources, or the wheel and only the wheel."""
    wheel_meant = bool(os.environ.get("JUPYTER_SECURE_TEST_WHEEL"))
    wheel_found = not FOUND_IN.is_relative_to(ROOT / "jupyter_secure")
    if wheel_meant != wheel_found:
        raise pytest.UsageError(
            f"jupyter_secure was found in {FOUND_IN}, which is not what was to be tested. "
            "For the sources, run `.venv/bin/python -m pytest` in the project's folder; "
            "for the wheel, `make test-wheel`."
        )


# By how long they take. A file is for one worker: begun last, it would keep the others waiting.
_LONGEST = (
    "integration/test_git.py",
    "integration/test_kernel_data.py",
    "integration/test_gate.py",
    "integration/test_start_up.py",
    "integration/test_behind_hub.py",
    "integration/test_migration_killed.py",
    "integration/test_record_actions.py",
    "integration/test_access_tokens.py",
    "integration/test_login_attacks.py",
    "integration/test_jupyterhub.py",
    "integration/test_disk_trouble.py",
    "integration/test_sealed_locks.py",
    "integration/test_remote_clients.py",
    "integration/test_certificate.py",
    "integration/test_crash.py",
    "cli/test_git.py",
    "cli/test_history.py",
    "cli/test_lock.py",
    "app/git/test_agent.py",
    "cli/test_vault_rotate.py",
)
_TURN = {ROOT / "tests" / name: turn for turn, name in enumerate(_LONGEST)}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest.

    Refuse a test that does not say, in one sentence, what behaviour it shows.
    """
    items.sort(key=lambda item: _TURN.get(item.path, len(_TURN)))
    silent = [
        item.nodeid
        for item in items
        if isinstance(item, pytest.Function) and not (item.function.__doc__ or "").strip()
    ]
    if silent:
        raise pytest.UsageError("Tests without a docstring:\n  " + "\n  ".join(silent))


def pytest_report_header() -> str:
    """Say what is being tested."""
    return f"jupyter_secure: {FOUND_IN}"


@pytest.fixture
def cheap_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let new vaults in this process take the least that is accepted of a password's cost.

    For tests that set up a home and are about something else; what a real set-up takes is shown
    in ``tests/app/setup/test_set_up.py``.
    """
    make_passwords_cheap(monkeypatch)


@pytest.fixture(scope="session")
def program() -> Callable[[str], str]:
    """Find a program the test needs: without it skip, or fail where CI=true promises it."""

    def find(name: str) -> str:
        # Where servers lie is not on everybody's path.
        path = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
        if path is not None:
            return path
        message = f"{name} is not installed"
        if os.environ.get("CI") == "true":
            pytest.fail(f"{message}, and .ci/run was to install it")
        pytest.skip(message)

    return find
