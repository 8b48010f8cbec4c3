"""What every test may count on."""

from __future__ import annotations

import os
import shutil
import signal
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
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # As a shell has it for what runs in the background. The commands that are tested would
        # ignore Ctrl-C too; at a terminal they do not.
        signal.signal(signal.SIGINT, signal.default_int_handler)
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
    "integration/test_kernel_data.py",
    "integration/test_git.py",
    "integration/test_gate.py",
    "integration/test_history_killed.py",
    "integration/test_migration_killed.py",
    "integration/test_crash.py",
    "integration/test_scanners.py",
    "integration/test_record_actions.py",
    "integration/test_remote_clients.py",
    "integration/test_record_live.py",
    "integration/test_record_damaged.py",
    "integration/test_conversion.py",
    "integration/test_tokens_attacked.py",
    "integration/test_behind_hub.py",
    "integration/test_jupyterhub.py",
    "integration/test_disk_trouble.py",
    "integration/test_server_killed.py",
    "integration/test_access_tokens.py",
    "app/test_sizes.py",
    "browser/test_session.py",
    "browser/test_pages.py",
    "browser/test_activity.py",
    "browser/test_story.py",
    "browser/test_migration.py",
    "browser/test_notebook7.py",
    "cli/test_history.py",
    "cli/test_git.py",
    "cli/test_vault_rotate.py",
    "app/git/test_agent.py",
    "app/accounts/test_killed.py",
    "app/login/test_passkeys.py",
)
_TURN = {ROOT / "tests" / name: turn for turn, name in enumerate(_LONGEST)}


# Where tests of a kind are looked for, and where the quick ones are not: see the Makefile.
_FOLDERS = {
    "browser": ("browser",),
    "install": ("install", "upstream"),
    "integration": ("integration",),
}


def _misplaced(item: pytest.Item) -> bool:
    """Whether the Makefile would not have this test run."""
    folder = item.path.relative_to(ROOT / "tests").parts[0]
    marks = {name for name in _FOLDERS if item.get_closest_marker(name)}
    wanted = {name for name, folders in _FOLDERS.items() if folder in folders}
    # Tests of integration may stand anywhere else too: all folders are looked through for them.
    return bool(wanted - marks or marks - wanted - {"integration"})


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest.

    Refuse a test that does not say, in one sentence, what behaviour it shows, and one that no
    `make test` would find.
    """
    items.sort(key=lambda item: _TURN.get(item.path, len(_TURN)))
    lost = [item.nodeid for item in items if _misplaced(item)]
    if lost:
        raise pytest.UsageError("Tests in the wrong folder, or unmarked:\n  " + "\n  ".join(lost))
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
