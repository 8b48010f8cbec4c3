from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from jupyter_secure.app.setup.effective_settings import EffectiveSettings
from jupyter_secure.app.setup.required_settings import not_in_effect, required_settings

CERT, KEY = Path("/s/cert.pem"), Path("/s/key.pem")
PROVIDER = "jupyter_secure.TwoFactorIdentityProvider"


def wrong(**server: Any) -> dict[str, str]:
    """Return what is wrong when these settings come on top of the required ones."""
    settings = required_settings(CERT, KEY)
    settings["ServerApp"].update(server)
    return not_in_effect(EffectiveSettings(settings, ()))


@pytest.mark.usefixtures("account_home")
def test_what_is_written_is_in_effect() -> None:
    """What a set-up writes is what is asked for afterwards."""
    settings = required_settings(CERT, KEY)
    assert settings["ServerApp"]["certfile"] == "/s/cert.pem"
    assert settings["ServerApp"]["keyfile"] == "/s/key.pem"
    assert "SecureConfig" not in settings
    assert not_in_effect(EffectiveSettings(settings, ())) == {}


@pytest.mark.usefixtures("account_home")
@pytest.mark.parametrize(
    ("value", "fine"),
    [
        (PROVIDER, True),
        ("jupyter_secure.server.identity_provider.TwoFactorIdentityProvider", True),
        (
            "<class 'jupyter_secure.server.identity_provider.TwoFactorIdentityProvider'>",
            True,
        ),
        ("", False),
        ("my.TwoFactorIdentityProvider", False),
        ("my_jupyter_secure.TwoFactorIdentityProvider", False),
        ("my.jupyter_secure.TwoFactorIdentityProvider", False),
        ("jupyter_secure.TwoFactorIdentityProviderWithout", False),
        ("jupyter_secure.EncryptedContentsManager", False),
    ],
)
def test_class(value: str, fine: bool) -> None:
    """Our class counts by whichever name it has, and another's that looks alike does not."""
    expected = {} if fine else {"ServerApp.identity_provider_class": value}
    assert wrong(identity_provider_class=value) == expected


@pytest.mark.usefixtures("account_home")
def test_nothing_set() -> None:
    """Without any settings both classes are missing."""
    assert not_in_effect(EffectiveSettings({}, ())) == {
        "ServerApp.identity_provider_class": "",
        "ServerApp.contents_manager_class": "",
    }


def test_state_dir(account_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server must find the state directory that this shell means, and no other."""
    ordinary = required_settings(CERT, KEY)
    monkeypatch.setenv("JUPYTER_SECURE_DIR", str(account_home / "elsewhere"))
    named = required_settings(CERT, KEY)
    assert named["SecureConfig"] == {"state_dir": str(account_home / "elsewhere")}
    assert not_in_effect(EffectiveSettings(named, ())) == {}
    assert not_in_effect(EffectiveSettings(ordinary, ())) == {"SecureConfig.state_dir": ""}
    monkeypatch.delenv("JUPYTER_SECURE_DIR")
    assert not_in_effect(EffectiveSettings(named, ())) == {
        "SecureConfig.state_dir": str(account_home / "elsewhere")
    }
    named["SecureConfig"]["state_dir"] = "~/data/secure"
    assert not_in_effect(EffectiveSettings(named, ())) == {}
