"""What importing a part of the package brings with it, seen in a fresh interpreter."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

WEB_SERVER = {"jupyter_core", "jupyter_server", "nbformat", "tornado", "traitlets"}
DATABASE = {"sqlalchemy"}


def loaded_by(module: str) -> set[str]:
    """Return the top-level modules that are there after ``import module`` and were not before."""
    script = (
        "import json, sys; before = set(sys.modules); "
        f"import {module}; "
        "print(json.dumps(sorted({n.partition('.')[0] for n in set(sys.modules) - before})))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    return set(json.loads(done.stdout))


@pytest.mark.parametrize(
    ("module", "absent"),
    [
        ("jupyter_secure", WEB_SERVER | DATABASE | {"cryptography"}),
        ("jupyter_secure.errors", WEB_SERVER | DATABASE | {"cryptography"}),
        ("jupyter_secure.locks", WEB_SERVER | DATABASE | {"cryptography"}),
        ("jupyter_secure.crypto.aead", WEB_SERVER | DATABASE),
        ("jupyter_secure.vault.vault", WEB_SERVER | DATABASE),
        ("jupyter_secure.identity.totp", WEB_SERVER | DATABASE),
        ("jupyter_secure.transport.policy", WEB_SERVER | DATABASE),
        ("jupyter_secure.store.database", WEB_SERVER),
        ("jupyter_secure.app.login.log_in", WEB_SERVER),
        ("jupyter_secure.kernels.filesystem", WEB_SERVER | DATABASE | {"cryptography", "jinja2"}),
        ("jupyter_secure.cli.main", WEB_SERVER | DATABASE | {"cryptography"}),
    ],
)
def test_importing_a_part_brings_no_more_than_it_needs(module: str, absent: set[str]) -> None:
    """No part below the server loads the web server, and what needs no database loads none."""
    loaded = loaded_by(module)
    assert "jupyter_secure" in loaded
    assert loaded & absent == set()


@pytest.mark.parametrize(
    "name", ["EncryptedContentsManager", "SecureConfig", "TwoFactorIdentityProvider"]
)
def test_the_front_door_loads_the_class_that_a_configuration_names(name: str) -> None:
    """Each class an administrator may name is importable from the package itself."""
    import jupyter_secure

    assert getattr(jupyter_secure, name).__name__ == name
    assert name in jupyter_secure.__all__


def test_the_front_door_has_no_other_names() -> None:
    """A misspelt class name is an AttributeError, as in any module."""
    import jupyter_secure

    with pytest.raises(AttributeError, match="TwoFactor"):
        jupyter_secure.TwoFactor  # noqa: B018 - the access is what is tested
