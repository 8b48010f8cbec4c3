from __future__ import annotations

import json
import subprocess
from collections.abc import Callable

import pytest
from support.home import Home

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.mark.usefixtures("home")
def test_slots(run: Run) -> None:
    """Each account that opens the vault is listed, and the recovery key is not forgotten."""
    done = run("vault", "slots")
    assert done.returncode == 0
    assert done.stdout.startswith("alice  password  Argon2id, 19 MiB")
    assert "recovery key" in done.stdout


def test_slots_for_scripts(run: Run, home: Home) -> None:
    """--json says the same, and nothing that a guess could be tried on."""
    done = run("vault", "slots", "--json")
    facts = json.loads(done.stdout)
    stored = json.loads((home.state / "vault.json").read_text())
    assert facts["vault_id"] == stored["vault_id"]
    assert [(one["kind"], one["name"]) for one in facts["slots"]] == [("password", "alice")]
    assert stored["slots"][0]["wrapped"] not in done.stdout
    assert stored["slots"][0]["kdf"]["salt"] not in done.stdout


def test_not_set_up(run: Run) -> None:
    """Without a vault it says what to run."""
    done = run("vault", "slots")
    assert done.returncode == 1
    assert "jupyter secure init" in done.stderr
